import { describe, expect, it } from 'vitest'
import { GenericNetlink } from '../../src/genetlink/generic-netlink.js'
import { subscribe } from '../../src/genetlink/subscription.js'
import { OverrunError } from '../../src/netlink/errors.js'
import { FakeKernel, message } from '../../src/testing/index.js'
import { Box } from './families.js'

async function subscribed() {
  const kernel = new FakeKernel().serve(Box, {})
  const netlink = new GenericNetlink(kernel.dial)
  const box = await netlink.family(Box)
  const heard: unknown[] = []
  const listener = subscribe(netlink, [box as never], {
    message: (...args) => heard.push(args),
    overrun: (error) => heard.push(error),
    error: (error) => heard.push(error),
  })
  return { kernel, netlink, box, heard, listener, transport: kernel.transports.at(-1)! }
}

describe('a subscription', () => {
  it('hears every group of the family', async () => {
    const { kernel, heard, listener } = await subscribed()
    kernel.multicast(Box, 'boxes', 'new', { shelf: 1, label: 'a' })
    kernel.multicast(Box, 'lids', 'del', { shelf: 2 })
    listener.drain(10)
    expect(heard).toEqual([['box', 'new', { shelf: 1, label: 'a' }], ['box', 'del', { shelf: 2 }]])
  })

  it('gives a command that the table does not have by its number', async () => {
    const { heard, listener, transport, box } = await subscribed()
    transport.queue(message(box.info.id, new Uint8Array([77, 3, 0, 0, 1, 0, 0, 0])))
    listener.drain(10)
    expect(heard).toEqual([['box', 'command 77', { shelf: 1 }]])
  })

  it('passes on overruns and what is malformed', async () => {
    const { heard, listener, transport, box } = await subscribed()
    const overrun = new OverrunError()
    transport.queueError(overrun).queue(message(box.info.id, new Uint8Array(2)))
    listener.drain(10)
    expect(heard).toEqual([overrun, expect.objectContaining({ code: 'OVS_MALFORMED' })])
  })

  it('has a socket of its own, which it closes', async () => {
    const { kernel, listener, transport } = await subscribed()
    expect(kernel.transports).toHaveLength(2)
    listener.close()
    expect(transport.closed).toBe(true)
  })

  it('to a group that the kernel does not have is refused, and leaves no socket', async () => {
    const { kernel, netlink, box } = await subscribed()
    const other = { ...box, definition: { ...Box, groups: ['boxes', 'hinges'] }, info: box.info }
    expect(() => subscribe(netlink, [other as never], { message() {}, overrun() {}, error() {} })).toThrow('the kernel\'s family box has no multicast group of that name, got "hinges"')
    expect(kernel.transports.at(-1)?.closed).toBe(true)
  })
})
