import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Datapath, type DispatchMode, exact, type Upcall, type UpcallEvents, type Upcalls } from '../../src/index.js'
import { NetlinkSocket } from '../../src/libnl/index.js'
import { all, dpctl, ip, until, veth } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()
const MODES: readonly DispatchMode[] = ['perCpu', 'perVport']

/** What came up, kept. */
function collect(upcalls: Upcalls): { misses: Upcall[]; actions: Upcall[] } {
  const found = { misses: [] as Upcall[], actions: [] as Upcall[] }
  upcalls.on('miss', (packet) => found.misses.push(packet))
  upcalls.on('action', (packet) => found.actions.push(packet))
  return found
}

/** The next event of a kind, with what it brings. */
function event<E extends keyof UpcallEvents>(upcalls: Upcalls, name: E): Promise<Parameters<UpcallEvents[E]>[0]> {
  return new Promise((resolve) => upcalls.once(name, ((value: Parameters<UpcallEvents[E]>[0]) => resolve(value)) as never))
}

/** A frame of ours: an ethertype that nothing else sends, and a number to tell it by. */
function frame(number: number, size = 60): Uint8Array {
  const bytes = new Uint8Array(size)
  bytes.set([0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01, 0x88, 0xb5, number >> 8, number & 0xff])
  return bytes
}
const numberOf = (packet: Upcall) => ((packet.packet[14] ?? 0) << 8) | (packet.packet[15] ?? 0)
const ours = (packets: readonly Upcall[]) => packets.filter((packet) => packet.key.ethertype === 0x88b5)

/** Sends a frame into a port as if it had arrived there: recirculated, it is looked up in the (empty) flow table. */
function arrive(dp: Datapath, inPort: number, number: number, size?: number): Promise<void> {
  return dp.execute({ packet: frame(number, size), inPort, actions: [{ recirc: 1 }] })
}

beforeAll(async () => {
  await veth('upv1', 'upv1p')
  await veth('upv2', 'upv2p')
})
afterAll(async () => {
  await ip('link', 'delete', 'upv1')
  await ip('link', 'delete', 'upv2')
})

describe.each(MODES)('dispatched %s', (dispatch) => {
  test('a miss arrives with its key, frame and port', async () => {
    const dp = await lab.datapath('upa')
    await dp.addPort('upv1')
    await using upcalls = await dp.listen({ dispatch })
    expect(upcalls.dispatch).toBe(dispatch)
    const found = collect(upcalls)
    await arrive(dp, 1, 7, 61)
    await until(() => ours(found.misses).length === 1)
    const [miss] = ours(found.misses)
    expect(miss).toMatchObject({ reason: 'miss', inPort: 1, dpIfindex: dp.dpIfindex, userdata: undefined })
    expect(miss?.key).toMatchObject({ inPort: 1, recircId: 1, ethertype: 0x88b5, ethernet: { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' } })
    expect(miss?.key.unknown).toBeUndefined()
    expect(new Uint8Array(miss?.packet ?? [])).toEqual(frame(7, 61))
    expect(miss?.message.hash).toBeTypeOf('bigint')
    expect(upcalls.counts).toMatchObject({ foreign: 0, malformed: 0, overruns: 0, truncated: 0 })
  })

  test('an action sends up its userdata, and the flow\'s actions if they are asked for', async () => {
    const dp = await lab.datapath('upb')
    await dp.addPort('upv1')
    await using upcalls = await dp.listen({ dispatch })
    const found = collect(upcalls)
    const userdata = new Uint8Array([1, 2, 3, 4, 5])
    const actions = [{ userspace: { pid: upcalls.portId, userdata, actions: true } }] as const
    await dp.putFlow({ key: { recircId: 1, inPort: 1, ethernet: {} }, mask: { recircId: exact, inPort: exact }, actions })
    await arrive(dp, 1, 9)
    await until(() => ours(found.actions).length === 1)
    const [packet] = ours(found.actions)
    expect(packet).toMatchObject({ reason: 'action', userdata })
    expect(packet?.message.actions).toEqual([{ userspace: { pid: upcalls.portId, userdata, actions: true } }])
    expect(ours(found.misses)).toEqual([])
  })

  test('a packet is sent on by execute, whole, and comes out of its port', async () => {
    const dp = await lab.datapath('upc')
    await dp.addPort('upv1')
    await dp.addPort('upv2')
    await using upcalls = await dp.listen({ dispatch })
    upcalls.on('miss', (packet) => packet.execute([{ output: 2 }]))
    const before = (await dp.port(2)).stats.txPackets
    await arrive(dp, 1, 3, 1514)
    await until(async () => (await dp.port(2)).stats.txPackets > before)
    expect((await dp.port(2)).stats.txBytes).toBeGreaterThanOrEqual(1514n)
  })

  test('a port that is added while one listens is heard, also one that another program added', async () => {
    const dp = await lab.datapath('upd')
    await using upcalls = await dp.listen({ dispatch })
    const found = collect(upcalls)
    await dp.addPort('upv1')
    await dpctl('add-if', 'upd', 'upv2')
    if (dispatch === 'perVport') await until(async () => (await all(dp.ports())).every((port) => port.upcallPid[0] === upcalls.portId))
    await arrive(dp, 1, 1)
    await arrive(dp, 2, 2)
    await until(() => ours(found.misses).length === 2)
    expect(ours(found.misses).map((packet) => packet.inPort)).toEqual([1, 2])
  })

  test('after ovs-dpctl has looked at the datapath, and so changed it, upcalls still arrive', async () => {
    const dp = await lab.datapath('upe')
    await dp.addPort('upv1')
    await using upcalls = await dp.listen({ dispatch })
    const found = collect(upcalls)
    await dpctl('show', 'upe')
    await until(async () => (await dp.features()).includes('dispatchUpcallPerCpu') === (dispatch === 'perCpu'))
    await arrive(dp, 1, 1)
    await until(() => ours(found.misses).length === 1)
  })

  test('close puts back what was there, and upcalls are lost again', async () => {
    const dp = await lab.datapath('upf')
    using other = new NetlinkSocket()
    await dp.addPort('upv1', { upcallPid: other.portId })
    const before = [await dp.features(), (await all(dp.ports())).map((port) => port.upcallPid)]
    const upcalls = await dp.listen({ dispatch })
    const closed = event(upcalls, 'close')
    await upcalls.close()
    await closed
    await upcalls.close()
    expect([await dp.features(), (await all(dp.ports())).map((port) => port.upcallPid)]).toEqual(before)
    const lost = (await dp.info()).stats?.lost ?? 0n
    other.close()
    await arrive(dp, 1, 1).catch(() => {})
    expect((await dp.info()).stats?.lost).toBe(lost + 1n)
  })

  test('close puts back no port id behind which nobody listens any more', async () => {
    const dp = await lab.datapath('upp')
    const other = new NetlinkSocket()
    await dp.addPort('upv1', { upcallPid: other.portId })
    const upcalls = await dp.listen({ dispatch: 'perVport' })
    other.close()
    await upcalls.close()
    expect((await dp.port('upv1')).upcallPid).toEqual([0])
  })

  test('the listener closes by itself when its datapath is deleted', async () => {
    const dp = await lab.datapath('upg')
    const upcalls = await dp.listen({ dispatch })
    const closed = event(upcalls, 'close')
    await dp.delete()
    await closed
  })

  test('a device that vanishes while one listens is no error, and the others are still heard', async () => {
    const dp = await lab.datapath('upq')
    await veth('upv3', 'upv3p')
    await dp.addPort('upv3')
    await dp.addPort('upv1')
    await using upcalls = await dp.listen({ dispatch })
    const found = collect(upcalls)
    await ip('link', 'delete', 'upv3')
    await until(async () => (await all(dp.ports())).length === 2)
    await arrive(dp, 2, 5)
    await until(() => ours(found.misses).length === 1)
  })

  test('a frame as long as the kernel sends any is heard whole', async () => {
    const dp = await lab.datapath('upr')
    await dp.addPort('upv1')
    await using upcalls = await dp.listen({ dispatch })
    const found = collect(upcalls)
    await arrive(dp, 1, 6, 65_400)
    await until(() => ours(found.misses).length === 1)
    expect(ours(found.misses)[0]?.packet).toHaveLength(65_400)
    expect(upcalls.counts.truncated).toBe(0)
  })

  test('two datapaths are heard apart', async () => {
    const [one, other] = [await lab.datapath('uph'), await lab.datapath('upi')]
    await one.addPort('upv1')
    await other.addPort('upv2')
    await using first = await one.listen({ dispatch })
    await using second = await other.listen({ dispatch })
    const [a, b] = [collect(first), collect(second)]
    await arrive(one, 1, 1)
    await arrive(other, 1, 2)
    await until(() => ours(a.misses).length === 1 && ours(b.misses).length === 1)
    expect([numberOf(ours(a.misses)[0] as Upcall), numberOf(ours(b.misses)[0] as Upcall)]).toEqual([1, 2])
  })
})

test('an upcall of another datapath that is sent to our port id is counted and dropped', async () => {
  const [one, other] = [await lab.datapath('upj'), await lab.datapath('upk')]
  await using upcalls = await one.listen()
  const found = collect(upcalls)
  await other.addPort('upv1', { upcallPid: upcalls.portId })
  await arrive(other, 1, 1)
  await until(() => upcalls.counts.foreign > 0)
  expect(ours(found.misses)).toEqual([])
})

test('what does not fit the queue is reported, with the datapath\'s own count of what it lost, and the rest arrives', async () => {
  const dp = await lab.datapath('upl')
  await dp.addPort('upv1')
  await using upcalls = await dp.listen({ receiveBuffer: 20_000 })
  const found = collect(upcalls)
  const overrun = event(upcalls, 'overrun')
  // Executes are synchronous here: nothing is received between them.
  const sent = Array.from({ length: 200 }, (_, i) => arrive(dp, 1, i, 1000).catch(() => {}))
  await Promise.all(sent)
  const { lost, overruns } = await overrun
  expect(overruns).toBeGreaterThan(0)
  expect(lost).toBeGreaterThan(0n)
  await arrive(dp, 1, 999)
  await until(() => found.misses.some((packet) => numberOf(packet) === 999))
  const { stats } = await dp.info()
  // Every miss was delivered or lost.
  await until(() => BigInt(upcalls.counts.misses) + (stats?.lost ?? 0n) >= (stats?.missed ?? 0n))
  expect(BigInt(upcalls.counts.misses) + (stats?.lost ?? 0n)).toBe(stats?.missed)
})

test('a way to dispatch that there is not is refused, and says which there are', async () => {
  const dp = await lab.datapath('upm')
  await expect(dp.listen({ dispatch: 'perPacket' as DispatchMode })).rejects.toThrow(/perCpu, perVport/)
})

describe('two listeners on one datapath', () => {
  test.each(MODES)('dispatched %s: the later one gets the upcalls, the earlier is told, and after both nothing of theirs is left', async (dispatch) => {
    const dp = await lab.datapath('upn')
    await dp.addPort('upv1')
    const before = [await dp.features(), (await all(dp.ports())).map((port) => port.upcallPid)]
    const first = await dp.listen({ dispatch })
    const errors: Error[] = []
    first.on('error', (error) => errors.push(error))
    const second = await dp.listen({ dispatch })
    const found = collect(second)
    await until(() => errors.length === (dispatch === 'perCpu' ? 1 : 2))
    for (const error of errors) expect(error).toMatchObject({ code: 'OVS_TAKEN_OVER', portIds: [second.portId] })
    await arrive(dp, 1, 1)
    await until(() => ours(found.misses).length === 1)
    await first.close()
    await arrive(dp, 1, 2)
    await until(() => ours(found.misses).length === 2)
    await second.close()
    expect([await dp.features(), (await all(dp.ports())).map((port) => port.upcallPid)]).toEqual(before)
  })

  test('of two that dispatch differently, one gives way instead of fighting', async () => {
    const dp = await lab.datapath('upo')
    const errors: Error[] = []
    const first = await dp.listen({ dispatch: 'perCpu' })
    first.on('error', (error) => errors.push(error))
    const second = await dp.listen({ dispatch: 'perVport' })
    second.on('error', (error) => errors.push(error))
    await until(() => errors.some((error) => (error as { code?: string }).code === 'OVS_TAKEN_OVER'))
    await first.close()
    await second.close()
    expect(await dp.features()).toEqual(['unaligned', 'vportPids'])
  })
})
