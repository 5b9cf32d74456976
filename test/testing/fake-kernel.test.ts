import { describe, expect, it } from 'vitest'
import { GenericNetlink } from '../../src/genetlink/generic-netlink.js'
import { MessageFlags } from '../../src/netlink/constants.js'
import { openOvs } from '../../src/index.js'
import { OvsDatapath, OvsFlow, OvsPacket, OvsVport } from '../../src/ovs/index.js'
import { FakeKernel, type FakeRequest, parseDatagram, Refusal } from '../../src/testing/index.js'
import { Box } from '../genetlink/families.js'

async function serve(handlers: Parameters<FakeKernel['serve']>[1] = {}) {
  const kernel = new FakeKernel().serve(Box, handlers as never)
  const netlink = new GenericNetlink(kernel.dial)
  return { kernel, netlink, box: await netlink.family(Box) }
}

describe('FakeKernel', () => {
  it('answers as its documentation shows', async () => {
    const kernel = new FakeKernel()
    kernel.serve(OvsDatapath, { get: () => ({ dpIfindex: 7, name: 'dp0' }) })
    kernel.serve(OvsVport, {}).serve(OvsFlow, {}).serve(OvsPacket, {})
    const ovs = await openOvs({ dial: kernel.dial })
    expect(await ovs.openDatapath('dp0')).toMatchObject({ name: 'dp0', dpIfindex: 7 })
    await ovs.close()
  })

  it('tells its handler what was asked', async () => {
    const asked: [unknown, FakeRequest][] = []
    const { box, kernel } = await serve({ set: (value: unknown, request: FakeRequest) => void asked.push([value, request]) })
    await box.call('set', { shelf: 3, label: 'a' })
    const flags = MessageFlags.request | MessageFlags.ack
    expect(asked).toEqual([[{ shelf: 3, label: 'a' }, { command: 'set', flags, dump: false, portId: kernel.transports[0]!.portId }]])
  })

  it('refuses with EOPNOTSUPP what has no handler', async () => {
    const { box } = await serve()
    await expect(box.call('del', {})).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
  })

  it('refuses as its handler says', async () => {
    const { box } = await serve({
      del: () => {
        throw new Refusal(16, { message: 'in use' })
      },
    })
    await expect(box.call('del', {})).rejects.toMatchObject({ code: 'EBUSY', kernelMessage: 'in use' })
  })

  it('lets through what its handler throws by mistake', async () => {
    const { box } = await serve({
      del: () => {
        throw new TypeError('a mistake')
      },
    })
    await expect(box.call('del', {})).rejects.toThrow(new TypeError('a mistake'))
  })

  it('sends a message to those who joined its group, and to no others', async () => {
    const { kernel, netlink, box } = await serve()
    const [member, other] = [netlink.dial(), netlink.dial()]
    member.join(box.info.groups.get('lids')!)
    other.join(box.info.groups.get('boxes')!)
    kernel.multicast(Box, 'lids', 'new', { shelf: 1 })
    expect([member.receive(() => {}), other.receive(() => {})]).toEqual([1, 0])
  })

  it('sends a message to one socket', async () => {
    const { kernel, netlink, box } = await serve()
    const transport = netlink.dial()
    kernel.unicast(Box, transport.portId, 'new', { shelf: 1 })
    const messages: unknown[] = []
    transport.receive((source, start, end) => messages.push(...parseDatagram(source.copy(start, end))))
    expect(messages).toMatchObject([{ type: box.info.id, sequence: 0 }])
  })

  it('says that there is no such socket', async () => {
    const { kernel, netlink } = await serve()
    const transport = netlink.dial()
    transport.close()
    expect(() => kernel.unicast(Box, transport.portId, 'new', {})).toThrow(`no open socket has the port id ${transport.portId}`)
  })

  it('says that a family is not served', () => {
    expect(() => new FakeKernel().multicast(Box, 'lids', 'new', {})).toThrow('the family box is not served')
  })

  it('interrupts one dump, and not the next', async () => {
    const { kernel, box } = await serve({ get: () => [{ shelf: 1 }] })
    kernel.interruptNextDump = true
    const all = async () => {
      const found: number[] = []
      for await (const { shelf } of box.dump('get', {})) found.push(shelf)
      return found
    }
    await expect(all()).rejects.toMatchObject({ code: 'OVS_DUMP_INTERRUPTED' })
    expect(await all()).toEqual([1])
  })
})
