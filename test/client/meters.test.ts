import { describe, expect, it } from 'vitest'
import { FamilyNotFoundError, type Meters, type MeterMessage, OvsMeter } from '../../src/index.js'
import { Refusal } from '../../src/testing/index.js'
import { DP, FakeOvs } from './fake-ovs.js'

const none = { packets: 0n, bytes: 0n }

/** A kernel that has meters, and answers as `net/openvswitch/meter.c` does. */
async function open({ refuse }: { refuse?: number } = {}) {
  const fake = new FakeOvs()
  const asked: MeterMessage[] = []
  const meters = new Map<number, MeterMessage>()
  const reply = (id: number) => meters.get(id) ?? { dpIfindex: DP }
  const known = (value: MeterMessage): number => {
    asked.push(value)
    if (refuse !== undefined) throw new Refusal(refuse)
    return value.id ?? -1
  }
  fake.kernel.serve(OvsMeter, {
    features: () => ({ dpIfindex: DP, maxMeters: 200_000, maxBands: 1, bands: [{ type: 1 }] }),
    set: (value) => {
      const was = reply(known(value))
      meters.set(value.id ?? -1, { dpIfindex: DP, id: value.id ?? -1, stats: value.stats ?? none, used: 5n, bands: [{ stats: none }] })
      return was
    },
    get: (value) => {
      if (!meters.has(known(value))) throw new Refusal(2)
      return reply(value.id ?? -1)
    },
    del: (value) => {
      const was = reply(known(value))
      meters.delete(value.id ?? -1)
      return was
    },
  })
  const ovs = await fake.open()
  return { fake, asked, ovs, meters: (await ovs.openDatapath('dp0')).meters }
}

describe('a meter', () => {
  it('has one band that drops, and bursts as much as its rate unless said', async () => {
    const { asked, meters } = await open()
    await meters.set(1, { unit: 'kbps', rate: 1000 })
    await meters.set(2, { unit: 'pktps', rate: 10, burst: 3 })
    expect(asked).toEqual([
      { dpIfindex: DP, id: 1, kbps: true, bands: [{ type: 1, rate: 1000, burst: 1000 }] },
      { dpIfindex: DP, id: 2, bands: [{ type: 1, rate: 10, burst: 3 }] },
    ])
  })

  it('counts on from what it is given, and tells what it replaced', async () => {
    const { meters } = await open()
    expect(await meters.set(0, { unit: 'pktps', rate: 1, stats: { packets: 7n } })).toBeUndefined()
    expect(await meters.set(0, { unit: 'pktps', rate: 2 })).toEqual({ id: 0, stats: { packets: 7n, bytes: 0n }, dropped: none, used: 5n })
  })

  it('that is deleted tells its last statistics, and one that there is not nothing', async () => {
    const { meters } = await open()
    await meters.set(3, { unit: 'pktps', rate: 1 })
    expect(await meters.delete(3)).toMatchObject({ id: 3, stats: none })
    expect(await meters.delete(3)).toBeUndefined()
    await expect(meters.get(3)).rejects.toThrow(/^the datapath "dp0" has no meter 3 /)
  })

  it('that would not work is refused before anything is sent', async () => {
    const { asked, meters } = await open()
    const meter = { unit: 'kbps', rate: 1 } as const
    const refusals: [(meters: Meters) => Promise<unknown>, RegExp][] = [
      [(each) => each.set(1, { ...meter, rate: 0 }), /OVS_METER_ATTR_BANDS > OVS_BAND_ATTR_RATE: a rate is a whole number from 1 to 4294967295, got 0\nTo let nothing pass/],
      [(each) => each.set(1, { ...meter, rate: 0.5 }), /a rate is a whole number/],
      [(each) => each.set(1, { ...meter, rate: 2 ** 32 }), /a rate is a whole number/],
      [(each) => each.set(1, { ...meter, burst: 0 }), /OVS_BAND_ATTR_BURST: a burst is a whole number from 1/],
      [(each) => each.set(1, { rate: 1 } as never), /OVS_METER_ATTR_KBPS: a meter counts "kbps" or "pktps", got undefined/],
      [(each) => each.set(1, { ...meter, unit: 'mbps' as never }), /a meter counts "kbps" or "pktps", got "mbps"/],
      [(each) => each.set(1, { ...meter, bands: [meter, meter] } as never), /a meter has no member "bands".*\nIts members are unit, rate, burst, stats\./],
      [(each) => each.set(1, undefined as never), /a meter must be an object/],
      [(each) => each.set(-1, meter), /OVS_METER_ATTR_ID: a meter is named by a whole number/],
      [(each) => each.get('1' as never), /a meter is named by a whole number/],
      [(each) => each.delete(2 ** 32), /a meter is named by a whole number/],
    ]
    for (const [refused, words] of refusals) {
      const error = await refused(meters).then(() => undefined, (each: Error) => each)
      expect(error).toMatchObject({ code: 'OVS_INVALID_VALUE' })
      expect(error?.message).toMatch(words)
    }
    expect(asked).toEqual([])
  })

  it.each([
    [16, /^another meter has the place of meter 1 in the kernel's table.*EBUSY.*\nNumber meters densely/],
    [27, /^the datapath "dp0" has as many meters as it can have .*EFBIG/],
    [19, /^the datapath "dp0" is gone /],
    [1, /needs the capability CAP_NET_ADMIN/],
  ])('that is refused with errno %i is explained', async (refuse, words) => {
    const { meters } = await open({ refuse })
    await expect(meters.set(1, { unit: 'kbps', rate: 1 })).rejects.toThrow(words)
  })
})

describe('what there can be', () => {
  it('is told', async () => {
    expect(await (await open()).meters.features()).toEqual({ maxMeters: 200_000, maxBands: 1, bandTypes: [1] })
  })
})

describe('a kernel without meters', () => {
  it('is opened all the same, says that it has none, and each request which kernels have', async () => {
    const fake = new FakeOvs()
    const ovs = await fake.open()
    const { meters } = await ovs.openDatapath('dp0')
    expect(await ovs.meter.isPresent()).toBe(false)
    for (const refused of [() => meters.features(), () => meters.set(1, { unit: 'kbps', rate: 1 }), () => meters.get(1), () => meters.delete(1), () => ovs.meter.family()]) {
      const error = await refused().then(() => undefined, (each: unknown) => each)
      expect(error).toBeInstanceOf(FamilyNotFoundError)
      expect(error).toMatchObject({ code: 'OVS_NO_FAMILY', family: 'ovs_meter', remedy: 'openvswitch has meters since Linux 4.15: run a newer kernel.' })
    }
    // It is looked for anew: a module may have been loaded meanwhile.
    fake.kernel.serve(OvsMeter, { get: ({ id = 0 }) => ({ dpIfindex: DP, id, stats: none, used: 1n, bands: [] }) })
    expect(await ovs.meter.isPresent()).toBe(true)
    expect(await meters.get(1)).toEqual({ id: 1, stats: none, dropped: none, used: 1n })
  })

  it('is not taken for one that does not answer', async () => {
    const { ovs } = await open()
    await ovs.close()
    await expect(ovs.ctLimit.isPresent()).rejects.toMatchObject({ code: 'OVS_CLOSED' })
  })
})
