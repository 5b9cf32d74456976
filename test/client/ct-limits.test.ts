import { describe, expect, it } from 'vitest'
import { type CtLimits, FamilyNotFoundError, OvsCtLimit } from '../../src/index.js'
import { Refusal } from '../../src/testing/index.js'
import { FakeOvs } from './fake-ovs.js'

/** As much as fits the one message that the kernel answers with. */
const FITTING = 310

/** A kernel that limits connections, and answers as `net/openvswitch/conntrack.c` does. */
async function open({ refuse }: { refuse?: number } = {}) {
  const fake = new FakeOvs()
  const limits = new Map<number, number>()
  const asked: string[] = []
  const limitOf = (zone: number) => limits.get(zone) ?? limits.get(-1) ?? 0
  const zonesOf = (command: string, zoneLimit: { zoneId: number }[] | undefined): number[] => {
    asked.push(`${command} ${zoneLimit?.length ?? 'all'}`)
    if (refuse !== undefined) throw new Refusal(refuse)
    return zoneLimit?.map(({ zoneId }) => zoneId) ?? [-1, ...[...limits.keys()].filter((zone) => zone !== -1)]
  }
  fake.kernel.serve(OvsCtLimit, {
    set: ({ dpIfindex, zoneLimit }) => {
      zonesOf('set', zoneLimit)
      for (const { zoneId, limit } of zoneLimit ?? []) limits.set(zoneId, limit)
      return { dpIfindex }
    },
    del: ({ dpIfindex, zoneLimit }) => {
      for (const zone of zonesOf('del', zoneLimit)) limits.delete(zone)
      return { dpIfindex }
    },
    get: ({ dpIfindex, zoneLimit }) => {
      const zones = zonesOf('get', zoneLimit)
      if (zones.length > FITTING) throw new Refusal(90)
      return { dpIfindex, zoneLimit: zones.map((zoneId) => ({ zoneId, limit: limitOf(zoneId), count: zoneId === -1 ? 0 : zoneId * 2 })) }
    },
  })
  const ovs = await fake.open()
  return { asked, limits, ovs, ctLimits: ovs.ctLimits }
}

describe('limits', () => {
  it('are set, the default beside those of zones, and read in the order of the zones', async () => {
    const { asked, ctLimits } = await open()
    expect(await ctLimits.get()).toEqual({ default: 0, zones: [] })
    await ctLimits.set({ default: 100, zones: [{ zone: 7, limit: 10 }, { zone: 3, limit: 0 }] })
    expect(await ctLimits.get()).toEqual({ default: 100, zones: [{ zone: 3, limit: 0, count: 6 }, { zone: 7, limit: 10, count: 14 }] })
    expect(asked).toEqual(['get all', 'set 3', 'get all'])
  })

  it('of zones that are named are read in that order, the default where they have none', async () => {
    const { ctLimits } = await open()
    await ctLimits.set({ default: 5, zones: [{ zone: 7, limit: 10 }] })
    expect(await ctLimits.get([65535, 7])).toEqual({ default: 5, zones: [{ zone: 65535, limit: 5, count: 131_070 }, { zone: 7, limit: 10, count: 14 }] })
    expect(await ctLimits.get([])).toEqual({ default: 5, zones: [] })
  })

  it('of a zone are taken away; what is left out stays', async () => {
    const { limits, ctLimits } = await open()
    await ctLimits.set({ default: 5, zones: [{ zone: 0, limit: 1 }, { zone: 1, limit: 1 }] })
    await ctLimits.delete([0])
    await ctLimits.set({ zones: [{ zone: 2, limit: 9 }] })
    expect(Object.fromEntries(limits)).toEqual({ '-1': 5, 1: 1, 2: 9 })
    await ctLimits.set({ default: 0 })
    expect(limits.get(-1)).toBe(0)
  })

  it('of all zones are set, read and taken away, in as many requests as it needs', async () => {
    const { asked, limits, ctLimits } = await open()
    await ctLimits.set({ default: 1, zones: Array.from({ length: 0x1_0000 }, (_, zone) => ({ zone, limit: 1 + (zone % 2) })) })
    expect(limits.size).toBe(0x1_0001)
    const { default: limit, zones } = await ctLimits.get()
    // A limit of its own that is the default's cannot be told from it.
    expect([limit, zones.length, zones[0], zones.at(-1)]).toEqual([1, 0x8000, { zone: 1, limit: 2, count: 2 }, { zone: 65535, limit: 2, count: 131_070 }])
    await ctLimits.delete(zones.map(({ zone }) => zone))
    expect(limits.size).toBe(0x8001)
    expect(asked.filter((each) => each.startsWith('get'))).toHaveLength(1 + 257)
    expect(asked.filter((each) => each.startsWith('del'))).toEqual(Array.from({ length: 8 }, () => 'del 4096'))
  })

  it('that the kernel would pass over in silence are refused before anything is sent', async () => {
    const { asked, ctLimits } = await open()
    const refusals: [(limits: CtLimits) => Promise<unknown>, RegExp][] = [
      [(each) => each.set({ zones: [{ zone: 1, limit: 1 }, { zone: 65_536, limit: 1 }] }), /OVS_CT_LIMIT_ATTR_ZONE_LIMIT > zone_id: a zone is a whole number from 0 to 65535, got 65536/],
      [(each) => each.set({ zones: [{ zone: -1, limit: 1 }] }), /a zone is a whole number from 0 to 65535, got -1/],
      [(each) => each.delete([-2]), /a zone is a whole number/],
      [(each) => each.get([1.5]), /a zone is a whole number/],
      [(each) => each.get(5 as never), /must be an array of zones/],
      [(each) => each.set({ zones: [{ zone: 1, limit: -1 }] }), /a limit is a whole number from 0 to 4294967295, got -1/],
      [(each) => each.set({ default: 2 ** 32 }), /a limit is a whole number/],
      [(each) => each.set({ defualt: 5 } as never), /what is to be set has no member "defualt".*\nIts members are default, zones\./],
    ]
    for (const [refused, words] of refusals) {
      const error = await refused(ctLimits).then(() => undefined, (each: Error) => each)
      expect(error).toMatchObject({ code: 'OVS_INVALID_VALUE' })
      expect(error?.message).toMatch(words)
    }
    await ctLimits.set({ zones: [] })
    await ctLimits.delete([])
    expect(asked).toEqual([])
  })

  it('need privileges to be changed', async () => {
    const { ctLimits } = await open({ refuse: 1 })
    await expect(ctLimits.set({ default: 1 })).rejects.toThrow(/needs the capability CAP_NET_ADMIN/)
    await expect(ctLimits.get()).rejects.toMatchObject({ code: 'EPERM' })
  })
})

describe('a kernel that does not limit connections', () => {
  it('is opened all the same, says that it does not, and each request which kernels do', async () => {
    const ovs = await new FakeOvs().open()
    expect(await ovs.ctLimit.isPresent()).toBe(false)
    for (const refused of [() => ovs.ctLimits.get(), () => ovs.ctLimits.get([1]), () => ovs.ctLimits.set({ default: 1 }), () => ovs.ctLimits.delete([1])]) {
      const error = await refused().then(() => undefined, (each: unknown) => each)
      expect(error).toBeInstanceOf(FamilyNotFoundError)
      expect(error).toMatchObject({ family: 'ovs_ct_limit', remedy: expect.stringMatching(/since Linux 4\.18, .*CONFIG_NETFILTER_CONNCOUNT/) as string })
    }
  })
})
