import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { GenericNetlink } from '../../src/genetlink/generic-netlink.js'
import { subscribe, type SubscriptionOptions } from '../../src/genetlink/subscription.js'
import { OverrunError, SocketError } from '../../src/netlink/errors.js'
import { FakeKernel, message } from '../../src/testing/index.js'
import { Box } from './families.js'

const NOBODY = { portId: 0, sequence: 0 }

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
    kernel.multicast(Box, 'boxes', 'new', { shelf: 1, label: 'a' }, { portId: 9, sequence: 4 })
    kernel.multicast(Box, 'lids', 'del', { shelf: 2 })
    listener.drain(10)
    expect(heard).toEqual([['box', 'new', { shelf: 1, label: 'a' }, { portId: 9, sequence: 4 }], ['box', 'del', { shelf: 2 }, NOBODY]])
  })

  it('gives a command that the table does not have by its number', async () => {
    const { heard, listener, transport, box } = await subscribed()
    transport.queue(message(box.info.id, new Uint8Array([77, 3, 0, 0, 1, 0, 0, 0])))
    listener.drain(10)
    expect(heard).toEqual([['box', 'command 77', { shelf: 1 }, NOBODY]])
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

async function reading(options: SubscriptionOptions = {}) {
  const kernel = new FakeKernel().serve(Box, {})
  const netlink = new GenericNetlink(kernel.dial)
  const box = await netlink.family(Box)
  const subscription = netlink.subscribe([box], options)
  const transport = kernel.transports.at(-1)!
  const announce = (shelf: number, group = 'boxes') => kernel.multicast(Box, group, 'new', { shelf })
  const { next } = subscription[Symbol.asyncIterator]()
  return { kernel, netlink, box, subscription, transport, announce, next: next.bind(subscription[Symbol.asyncIterator]()) }
}

describe('a subscription that is read', () => {
  it('brings what is announced, with whose request it was', async () => {
    const { kernel, next } = await reading()
    kernel.multicast(Box, 'lids', 'set', { shelf: 2 }, { portId: kernel.transports[0]!.portId, sequence: 5 })
    kernel.multicast(Box, 'boxes', 'new', { shelf: 1 }, { portId: 77, sequence: 6 })
    const common = { type: 'message', family: 'box' }
    expect([await next(), await next()]).toEqual([
      { done: false, value: { ...common, command: 'set', value: { shelf: 2 }, origin: { portId: 1000, sequence: 5 }, own: true } },
      { done: false, value: { ...common, command: 'new', value: { shelf: 1 }, origin: { portId: 77, sequence: 6 }, own: false } },
    ])
  })

  it('is of the groups that it is asked for', async () => {
    const { announce, next, netlink, box } = await reading({ groups: ['lids'] })
    announce(1)
    announce(2, 'lids')
    expect((await next()).value).toMatchObject({ value: { shelf: 2 } })
    expect(() => netlink.subscribe([box], { groups: ['hinges'] })).toThrow('no multicast group of that name, got "hinges"')
  })

  it('says of a loss where it is: behind all that was queued before it', async () => {
    const { announce, next, transport } = await reading()
    const error = new OverrunError()
    transport.queueError(error)
    announce(1)
    expect([(await next()).value, (await next()).value]).toMatchObject([{ value: { shelf: 1 } }, { type: 'overrun', error }])
  })

  it('says what could not be understood, and goes on', async () => {
    const { announce, next, transport, box } = await reading()
    transport.queue(message(box.info.id, new Uint8Array(2)))
    announce(1)
    expect([(await next()).value, (await next()).value]).toMatchObject([{ type: 'malformed', error: { code: 'OVS_MALFORMED' } }, { value: { shelf: 1 } }])
  })

  it('leaves in the socket what its reader has no room for, and takes it when there is', async () => {
    const { announce, next, subscription } = await reading({ limit: 10 })
    for (let shelf = 0; shelf < 100; shelf++) announce(shelf)
    await setImmediate()
    await setImmediate()
    expect(subscription.counts.received).toBe(32)
    for (let shelf = 0; shelf < 100; shelf++) expect((await next()).value).toMatchObject({ value: { shelf } })
  })

  it('ends with close(), behind what has arrived', async () => {
    const { announce, subscription, transport } = await reading()
    announce(1)
    await expect.poll(() => subscription.counts.received).toBe(1)
    subscription.close()
    const brought: unknown[] = []
    for await (const each of subscription) brought.push(each)
    expect([brought.length, transport.closed]).toEqual([1, true])
  })

  it('closes when its reader leaves', async () => {
    const { announce, subscription, transport } = await reading()
    announce(1)
    for await (const _ of subscription) break
    expect(transport.closed).toBe(true)
  })

  it('throws why it was aborted, also while somebody waits', async () => {
    const abort = new AbortController()
    const { next, transport, netlink, box } = await reading({ signal: abort.signal })
    const waiting = next()
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason })
    expect([await next(), transport.closed]).toEqual([{ done: true, value: undefined }, true])
    expect(() => netlink.subscribe([box], { signal: abort.signal })).toThrow('subscribe was aborted')
  })

  it('throws what its socket failed with', async () => {
    const { next, transport } = await reading()
    const error = new SocketError('recvmmsg', 9)
    transport.queueError(error)
    await expect(next()).rejects.toBe(error)
    expect(transport.closed).toBe(true)
  })
})
