import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ListenOptions, Overrun, Upcall, Upcalls } from '../../src/index.js'
import { OverrunError, SocketError } from '../../src/netlink/errors.js'
import { DatapathFeatures, OvsPacket, type PacketMessage } from '../../src/ovs/index.js'
import { message } from '../../src/testing/index.js'
import { DP, FakeOvs } from './fake-ovs.js'

const { dispatchUpcallPerCpu: PER_CPU } = DatapathFeatures
const FRAME = new Uint8Array(20).map((_, i) => i)

async function listen(options: ListenOptions = {}, fake = new FakeOvs()) {
  const ovs = await fake.open()
  const dp = await ovs.openDatapath('dp0')
  const upcalls = await dp.listen(options)
  const heard: [string, unknown][] = []
  upcalls.on('miss', (packet) => heard.push(['miss', packet]))
  upcalls.on('action', (packet) => heard.push(['action', packet]))
  upcalls.on('overrun', (overrun) => heard.push(['overrun', overrun]))
  upcalls.on('error', (error) => heard.push(['error', error]))
  upcalls.on('close', () => heard.push(['close', undefined]))
  const transport = fake.kernel.transports.find(({ portId }) => portId === upcalls.portId)!
  return { fake, ovs, dp, upcalls, heard, transport }
}

const upcall = (fake: FakeOvs, upcalls: Upcalls, command: 'miss' | 'action', value: Partial<PacketMessage> = {}) =>
  fake.kernel.unicast(OvsPacket, upcalls.portId, command, { dpIfindex: DP, key: { inPort: 2 }, packet: FRAME, ...value })

/** The first `count` events. */
async function events<T = unknown>(heard: readonly [string, T][], count: number): Promise<[string, T][]> {
  await expect.poll(() => heard.length).toBe(count)
  return [...heard]
}

describe('an upcall', () => {
  it('of a miss has the key, the port and the frame', async () => {
    const { fake, upcalls, heard } = await listen()
    upcall(fake, upcalls, 'miss')
    const [[name, packet]] = (await events(heard, 1)) as [[string, Upcall]]
    expect([name, packet.reason, packet.dpIfindex, packet.inPort, packet.key]).toEqual(['miss', 'miss', DP, 2, { inPort: 2 }])
    expect(Buffer.from(packet.packet)).toEqual(Buffer.from(FRAME))
    expect(upcalls.counts).toMatchObject({ misses: 1, actions: 0, received: 1 })
  })

  it('of an action has what the action was given', async () => {
    const { fake, upcalls, heard } = await listen()
    upcall(fake, upcalls, 'action', { userdata: new Uint8Array([1, 2]) })
    const [[name, packet]] = (await events(heard, 1)) as [[string, Upcall]]
    expect([name, packet.userdata]).toEqual(['action', new Uint8Array([1, 2])])
    expect(upcalls.counts).toMatchObject({ misses: 0, actions: 1 })
  })

  it('stays what it was when the next one has come', async () => {
    const { fake, upcalls, heard } = await listen()
    upcall(fake, upcalls, 'miss', { key: { inPort: 1 } })
    upcall(fake, upcalls, 'miss', { key: { inPort: 2 } })
    const packets = (await events(heard, 2)) as [string, Upcall][]
    expect(packets.map(([, packet]) => packet.inPort)).toEqual([1, 2])
  })

  it('is sent on with its own key, as it came', async () => {
    const { fake, upcalls, heard } = await listen()
    const key = { inPort: 2, skbMark: 9, unknown: [{ number: 40, bytes: new Uint8Array([1, 2, 3]) }] }
    upcall(fake, upcalls, 'miss', { key, mru: 1500, hash: 5n })
    const [[, packet]] = (await events(heard, 1)) as [[string, Upcall]]
    await packet.execute([{ output: 1 }])
    expect(fake.executed).toEqual([{ dpIfindex: DP, key, packet: FRAME, actions: [{ output: 1 }], mru: 1500, hash: 5n }])
  })

  it('of another datapath is counted, and not given on', async () => {
    const { fake, upcalls, heard } = await listen()
    upcall(fake, upcalls, 'miss', { dpIfindex: 99 })
    await expect.poll(() => upcalls.counts.foreign).toBe(1)
    expect(heard).toEqual([])
    expect(upcalls.counts.misses).toBe(0)
  })

  it('of a command that is none is counted, and disturbs nobody', async () => {
    const { fake, ovs, upcalls, heard, transport } = await listen()
    transport.queue(message(ovs.packet.family.info.id, new Uint8Array([9, 1, 0, 0, DP, 0, 0, 0])))
    upcall(fake, upcalls, 'miss')
    expect((await events(heard, 1)).map(([name]) => name)).toEqual(['miss'])
    expect(upcalls.counts).toMatchObject({ unknown: 1, misses: 1, foreign: 0, malformed: 0 })
  })

  it.each([
    ['shorter than its headers', (type: number) => message(type, new Uint8Array([1, 1, 0, 0, 7]))],
    ['of another family', () => message(0x7fff, new Uint8Array(8))],
    ['no message', () => new Uint8Array([1, 2, 3])],
  ])('that is %s is counted and said', async (_what, of) => {
    const { ovs, upcalls, heard, transport } = await listen()
    transport.queue(of(ovs.packet.family.info.id))
    expect(await events(heard, 1)).toEqual([['error', expect.objectContaining({ code: 'OVS_MALFORMED' })]])
    expect(upcalls.counts.malformed).toBe(1)
  })
})

describe('an overrun', () => {
  it('is said with the datapath\'s own count of what was lost', async () => {
    const { fake, heard, transport, upcalls } = await listen()
    fake.lost = 12n
    transport.queueError(new OverrunError())
    const [[name, overrun]] = (await events(heard, 1)) as [[string, Overrun]]
    expect([name, overrun.overruns, overrun.lost]).toEqual(['overrun', 1, 12n])
    expect(overrun.error).toBeInstanceOf(OverrunError)
    expect(upcalls.counts.overruns).toBe(1)
  })

  it('does not keep what follows from being heard', async () => {
    const { fake, heard, transport, upcalls } = await listen()
    transport.queueError(new OverrunError())
    upcall(fake, upcalls, 'miss')
    const names = (await events(heard, 2)).map(([name]) => name)
    expect(names.toSorted()).toEqual(['miss', 'overrun'])
  })
})

describe('the end', () => {
  it('is the last that is said, though an overrun was just before', async () => {
    const { heard, transport, upcalls } = await listen()
    transport.queueError(new OverrunError())
    await expect.poll(() => upcalls.counts.overruns).toBe(1)
    await upcalls.close()
    await setImmediate()
    await setImmediate()
    expect(heard.at(-1)).toEqual(['close', undefined])
  })

  it('is said once, by close()', async () => {
    const { upcalls, heard, transport } = await listen()
    await Promise.all([upcalls.close(), upcalls.close()])
    await upcalls.close()
    expect(heard.map(([name]) => name)).toEqual(['close'])
    expect(transport.closed).toBe(true)
  })

  it('comes with the datapath\'s', async () => {
    const { fake, heard, transport } = await listen()
    fake.delete()
    expect(await events(heard, 1)).toEqual([['close', undefined]])
    expect(transport.closed).toBe(true)
  })

  it('comes with its socket\'s, said with the error', async () => {
    const { heard, transport } = await listen()
    const error = new SocketError('recvmmsg', 9)
    transport.queueError(error)
    expect(await events(heard, 2)).toEqual([['error', error], ['close', undefined]])
  })

  it('comes with the datapath\'s, also when the news of it was lost', async () => {
    const { fake, heard } = await listen()
    fake.gone = true
    fake.kernel.transports.find(({ groups, closed }) => groups.size > 0 && !closed)?.queueError(new OverrunError())
    expect(await events(heard, 1)).toEqual([['close', undefined]])
  })

  it('comes with the connection\'s, even where listening has only just begun, and leaves nothing', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const fake = new FakeOvs()
      const ovs = await fake.open()
      const listening = (await ovs.openDatapath('dp0')).listen().then(() => 'open', (error: { code?: string }) => error.code)
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      await ovs.close()
      expect(['open', 'OVS_CLOSED']).toContain(await listening)
      expect(fake.kernel.transports.filter(({ closed }) => !closed)).toEqual([])
      expect(fake.features & PER_CPU).toBe(0)
    }
  })

  it('is the end: nothing is said any more once close() has been called', async () => {
    const { fake, heard, upcalls } = await listen()
    upcalls.once('miss', () => void upcalls.close())
    for (let i = 0; i < 3; i++) upcall(fake, upcalls, 'miss')
    await expect.poll(() => heard.at(-1)?.[0]).toBe('close')
    expect(heard.map(([name]) => name)).toEqual(['miss', 'close'])
  })

  it('comes with the connection\'s, and puts back what was found', async () => {
    const { fake, ovs, heard } = await listen({ dispatch: 'perVport' })
    await ovs.close()
    expect(heard.map(([name]) => name)).toEqual(['close'])
    expect(fake.pids).toEqual([[0], [0], [0]])
    expect(fake.kernel.transports.every(({ closed }) => closed)).toBe(true)
  })
})

describe('dispatch per CPU', () => {
  it('is taken where the kernel can', async () => {
    const { fake, upcalls } = await listen()
    expect(upcalls.dispatch).toBe('perCpu')
    expect(fake.features & PER_CPU).toBe(PER_CPU)
    expect(new Set(fake.perCpuPids)).toEqual(new Set([upcalls.portId]))
    expect(fake.pids).toEqual([[0], [0], [0]])
  })

  it('leaves the other features as they are', async () => {
    const { fake } = await listen()
    expect(fake.features & ~PER_CPU).toBe(3)
  })

  it('is put back on close', async () => {
    const { fake, upcalls } = await listen()
    await upcalls.close()
    expect(fake.features).toBe(3)
    expect(fake.perCpuPids).toEqual([0])
  })

  it('that was there before stays on close, with its port ids', async () => {
    const fake = new FakeOvs()
    fake.features |= PER_CPU
    fake.perCpuPids = [11, 12]
    const { upcalls } = await listen({}, fake)
    await upcalls.close()
    expect([fake.features & PER_CPU, fake.perCpuPids]).toEqual([PER_CPU, [11, 12]])
  })

  it('is turned on again when somebody turns it off', async () => {
    const { fake, upcalls } = await listen()
    fake.perCpuPids = [0]
    fake.setFeatures(3)
    await expect.poll(() => fake.features & PER_CPU).toBe(PER_CPU)
    await expect.poll(() => fake.perCpuPids[0]).toBe(upcalls.portId)
  })

  it('is not turned on again once it is closed', async () => {
    const { fake, upcalls } = await listen()
    await upcalls.close()
    fake.setFeatures(3)
    await setImmediate()
    await setImmediate()
    expect(fake.features).toBe(3)
  })

  it('is refused where it is asked for and the kernel cannot, and leaves no socket', async () => {
    const fake = new FakeOvs()
    fake.known = 7
    await expect(listen({ dispatch: 'perCpu' }, fake)).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
    expect(fake.kernel.transports.filter(({ closed }) => !closed)).toHaveLength(1)
  })
})

describe('dispatch per vport', () => {
  it('is taken where the kernel cannot do it per CPU', async () => {
    const fake = new FakeOvs()
    fake.known = 7
    const { upcalls } = await listen({}, fake)
    expect(upcalls.dispatch).toBe('perVport')
    expect(fake.pids).toEqual([[upcalls.portId], [upcalls.portId], [upcalls.portId]])
  })

  it('turns the other one off', async () => {
    const fake = new FakeOvs()
    fake.features |= PER_CPU
    await listen({ dispatch: 'perVport' }, fake)
    expect(fake.features & PER_CPU).toBe(0)
  })

  it('takes ports that are added later', async () => {
    const { fake, upcalls } = await listen({ dispatch: 'perVport' })
    fake.addPort('eth3')
    await expect.poll(() => fake.pids[3]).toEqual([upcalls.portId])
  })

  it('puts back on close what each port had', async () => {
    const fake = new FakeOvs()
    fake.features |= PER_CPU
    fake.setPids(1, [55])
    const { upcalls } = await listen({ dispatch: 'perVport' }, fake)
    await upcalls.close()
    expect(fake.pids).toEqual([[0], [55], [0]])
    expect(fake.features & PER_CPU).toBe(PER_CPU)
  })

  it('leaves a port alone on close that somebody else has taken', async () => {
    const { fake, upcalls } = await listen({ dispatch: 'perVport' })
    fake.setPids(1, [77])
    await upcalls.close()
    expect(fake.pids).toEqual([[0], [77], [0]])
  })

  it('turns the other one off again when somebody turns it on', async () => {
    const { fake } = await listen({ dispatch: 'perVport' })
    fake.setFeatures(3 | PER_CPU)
    await expect.poll(() => fake.features & PER_CPU).toBe(0)
  })

  it('says an error of a port that cannot be taken, and goes on', async () => {
    const { fake, heard, upcalls } = await listen({ dispatch: 'perVport' })
    fake.refuse = 1
    fake.addPort('eth3')
    expect(await events(heard, 1)).toEqual([['error', expect.objectContaining({ code: 'EPERM' })]])
    fake.refuse = undefined
    fake.addPort('eth4')
    await expect.poll(() => fake.pids[4]).toEqual([upcalls.portId])
  })
})

it('another way to dispatch is refused before anything is sent', async () => {
  const fake = new FakeOvs()
  const dp = await (await fake.open()).openDatapath('dp0')
  const { sent } = fake
  await expect(dp.listen({ dispatch: 'perPort' as never })).rejects.toMatchObject({ code: 'OVS_INVALID_VALUE', remedy: 'There are perCpu, perVport.' })
  expect(fake.sent).toBe(sent)
})
