import { expect, test, vi } from 'vitest'
import { exact, type Datapath, type MeterRequest } from '../../src/index.js'
import { up } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()
const none = { packets: 0n, bytes: 0n }
const ethernet = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' } as const

/** A datapath whose port 1 counts what a flow behind the meters lets pass. */
async function behindMeters(name: string, ...meters: number[]): Promise<{ dp: Datapath; send(size: number): Promise<void>; passed(): Promise<bigint> }> {
  const dp = await lab.datapath(name)
  await dp.addPort(`${name}1`, { type: 'internal' })
  await up(`${name}1`)
  await dp.putFlow({ key: { recircId: 1, inPort: 0, ethernet }, mask: { recircId: exact, inPort: exact }, actions: [...meters.map((meter) => ({ meter })), { output: 1 }] })
  return {
    dp,
    send: (size) => dp.execute({ packet: new Uint8Array(size), inPort: 0, actions: [{ recirc: 1 }] }),
    passed: async () => (await dp.port(1)).stats.rxPackets,
  }
}

test('a flow with a meter lets as many packets pass as the burst holds and the rate brings, and the meter counts all', async () => {
  const { dp, send, passed } = await behindMeters('mta', 1)
  expect(await dp.meters.set(1, { unit: 'pktps', rate: 1, burst: 10 })).toBeUndefined()
  const began = process.hrtime.bigint()
  for (let i = 0; i < 50; i++) await send(60)
  const seconds = (process.hrtime.bigint() - began) / 1_000_000_000n
  const { stats, dropped, used } = await dp.meters.get(1)
  expect(stats).toEqual({ packets: 50n, bytes: 3000n })
  expect(stats.packets - dropped.packets).toBe(await passed())
  expect(await passed()).toBeGreaterThanOrEqual(10n)
  expect(await passed()).toBeLessThanOrEqual(11n + seconds)
  expect(dropped.bytes).toBe(dropped.packets * 60n)
  expect(used).toBeGreaterThanOrEqual(began / 1_000_000n)
  expect(used).toBeLessThanOrEqual(process.hrtime.bigint() / 1_000_000n)
})

test('a kilobit is 1000 bits, counted from the Ethernet header on: what is larger than the burst never passes', async () => {
  const { dp, send, passed } = await behindMeters('mtb', 7)
  await dp.meters.set(7, { unit: 'kbps', rate: 1 })
  await send(126)
  expect([await passed(), (await dp.meters.get(7)).dropped]).toEqual([0n, { packets: 1n, bytes: 126n }])
  await send(125)
  expect([await passed(), (await dp.meters.get(7)).stats]).toEqual([1n, { packets: 2n, bytes: 251n }])
})

test('a meter that does not exist, or no longer, lets everything pass', async () => {
  const { dp, send, passed } = await behindMeters('mtc', 3, 4)
  await send(200)
  expect(await passed()).toBe(1n)
  await dp.meters.set(4, { unit: 'kbps', rate: 1 })
  await send(200)
  expect(await passed()).toBe(1n)
  expect(await dp.meters.delete(4)).toMatchObject({ id: 4, stats: { packets: 1n, bytes: 200n }, dropped: { packets: 1n, bytes: 200n } })
  await send(200)
  expect(await passed()).toBe(2n)
  await expect(dp.meters.get(4)).rejects.toThrow(/has no meter 4 .*ENOENT/)
  expect(await dp.meters.delete(4)).toBeUndefined()
})

test('a meter that replaces another begins anew, or counts on; what it replaced is told', async () => {
  const { dp, send } = await behindMeters('mtd', 0)
  await dp.meters.set(0, { unit: 'kbps', rate: 1 })
  await send(200)
  const was = await dp.meters.set(0, { unit: 'pktps', rate: 5 })
  expect(was).toMatchObject({ id: 0, stats: { packets: 1n, bytes: 200n }, dropped: { packets: 1n, bytes: 200n } })
  expect(await dp.meters.get(0)).toMatchObject({ stats: none, dropped: none })
  await dp.meters.set(0, { unit: 'pktps', rate: 5, stats: { packets: 40n, bytes: 4000n } })
  await send(60)
  expect(await dp.meters.get(0)).toMatchObject({ stats: { packets: 41n, bytes: 4060n }, dropped: none })
})

test('what there can be is told, and ids with the same place in the table exclude each other', async () => {
  const dp = await lab.datapath('mte')
  expect(await lab.ovs.meter.isPresent()).toBe(true)
  const { maxMeters, maxBands, bandTypes } = await dp.meters.features()
  expect([maxBands, bandTypes]).toEqual([1, [1]])
  expect(maxMeters).toBeGreaterThan(1024)
  await dp.meters.set(5, { unit: 'pktps', rate: 1 })
  await expect(dp.meters.set(5 + 1024, { unit: 'pktps', rate: 1 })).rejects.toThrow(/another meter has the place of meter 1029 .*EBUSY/)
  await dp.meters.set(6 + 1024, { unit: 'pktps', rate: 1 })
  await dp.meters.set(0xffff_ffff, { unit: 'pktps', rate: 0xffff_ffff, burst: 0xffff_ffff })
  expect(await dp.meters.get(0xffff_ffff)).toMatchObject({ id: 0xffff_ffff, stats: none })
})

test('in the kernel\'s verbs: what replies hold, and what the kernel refuses', async () => {
  const { dpIfindex, ...dp } = await lab.datapath('mtf')
  const { meter } = lab.ovs
  const band = { type: 1, rate: 1, burst: 1 }
  // Neither rate nor burst nor their unit are returned.
  expect(await meter.set({ dpIfindex, id: 1, kbps: true, bands: [band] })).toEqual({ dpIfindex, id: 1 })
  expect(await meter.get({ dpIfindex, id: 1 })).toEqual({ dpIfindex, id: 1, stats: none, used: expect.any(BigInt) as bigint, bands: [{ stats: none }] })
  expect(await meter.features({ dpIfindex })).toEqual({ dpIfindex, maxMeters: expect.any(Number) as number, maxBands: 1, bands: [{ type: 1 }] })
  expect(await meter.del({ dpIfindex, id: 9 })).toEqual({ dpIfindex })
  // One made with CLEAR does not count on, nor is it told when it is replaced; deleted, it is.
  await meter.set({ dpIfindex, id: 2, clear: true, stats: { packets: 3n }, bands: [band] })
  expect(await meter.get({ dpIfindex, id: 2 })).toMatchObject({ stats: none })
  expect(await meter.set({ dpIfindex, id: 2, clear: true, bands: [band] })).toEqual({ dpIfindex, id: 2 })
  expect(await meter.del({ dpIfindex, id: 2 })).toMatchObject({ id: 2, stats: none, bands: [{ stats: none }] })
  // Without bands it only counts. Types of bands are not looked at.
  await meter.set({ dpIfindex, id: 3, bands: [] })
  expect(await meter.get({ dpIfindex, id: 3 })).toMatchObject({ stats: none, bands: [] })
  await meter.set({ dpIfindex, id: 3, bands: [{ ...band, type: 99 }] })
  const refusals: [() => Promise<unknown>, string][] = [
    [() => meter.set({ dpIfindex, bands: [band] }), 'EINVAL'],
    [() => meter.get({ dpIfindex }), 'EINVAL'],
    [() => meter.del({ dpIfindex }), 'EINVAL'],
    [() => meter.set({ dpIfindex, id: 4 }), 'EINVAL'],
    [() => meter.set({ dpIfindex, id: 4, bands: [band, band] }), 'EINVAL'],
    [() => meter.set({ dpIfindex, id: 4, bands: [{ ...band, rate: 0 }] }), 'EINVAL'],
    ...(['type', 'rate', 'burst'] as const).map((left): [() => Promise<unknown>, string] => [() => meter.set({ dpIfindex, id: 4, bands: [{ ...band, [left]: undefined }] } as MeterRequest), 'EINVAL']),
    [() => meter.get({ dpIfindex, id: 4 }), 'ENOENT'],
    [() => meter.features({ dpIfindex: 0 }), 'ENODEV'],
    [() => meter.set({ dpIfindex: 0, id: 4, bands: [band] }), 'ENODEV'],
  ]
  for (const [refused, code] of refusals) await expect(refused()).rejects.toMatchObject({ name: 'KernelError', code })
  expect(dp.name).toBe('mtf')
})

test('the example lets its burst pass', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  try {
    await import('../../examples/03-rate-limit.js')
    const said = /^30 packets came, (\d+) of them were dropped$/.exec(String(log.mock.calls[0]?.[0]))
    expect(Number(said?.[1])).toBeGreaterThan(0)
    expect(Number(said?.[1])).toBeLessThanOrEqual(20)
  } finally {
    log.mockRestore()
  }
})
