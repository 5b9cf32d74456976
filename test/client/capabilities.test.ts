import { describe, expect, it } from 'vitest'
import { openOvs } from '../../src/index.js'
import { KernelError } from '../../src/netlink/errors.js'
import { FakeOvs } from './fake-ovs.js'

const EPERM = 1
const ENOMEM = 12

describe('capabilities', () => {
  it('are false of a family that there is not', async () => {
    const ovs = await openOvs({ dial: new FakeOvs().kernel.dial })
    const { attributes, limits } = await ovs.capabilities()
    expect(new Set(Object.values(attributes.meter))).toEqual(new Set([false]))
    expect(new Set(Object.values(attributes.ctLimit))).toEqual(new Set([false]))
    expect(limits).toMatchObject({ meters: 0, meterBands: 0 })
    await ovs.close()
  })

  it('of features are what a datapath of its own was allowed', async () => {
    const fake = new FakeOvs()
    fake.known = 0b1011
    const ovs = await openOvs({ dial: fake.kernel.dial })
    const { features, dispatch } = await ovs.capabilities()
    expect(features).toEqual({ unaligned: true, vportPids: true, tcRecircSharing: false, dispatchUpcallPerCpu: true })
    expect(dispatch).toEqual({ perVport: true, perCpu: true })
    await ovs.close()
  })

  it('are unknown, as far as they have to be tried, to whoever may make no datapath', async () => {
    const fake = new FakeOvs()
    fake.refuse = EPERM
    const ovs = await openOvs({ dial: fake.kernel.dial })
    const { features, keys, limits } = await ovs.capabilities()
    expect(new Set([...Object.values(features), ...Object.values(keys)])).toEqual(new Set(['unknown']))
    expect(limits.vlanTags).toBe('unknown')
    await ovs.close()
  })

  it('are not made up where the kernel fails for another reason', async () => {
    const fake = new FakeOvs()
    fake.refuse = ENOMEM
    const ovs = await openOvs({ dial: fake.kernel.dial })
    await expect(ovs.capabilities()).rejects.toThrow(KernelError)
    await ovs.close()
  })
})

describe('asking for capabilities', () => {
  it('is ended before its sockets are closed', async () => {
    const fake = new FakeOvs()
    const ovs = await openOvs({ dial: fake.kernel.dial })
    const asked = ovs.capabilities()
    await ovs.close()
    expect((await asked).features.unaligned).toBe(true)
    expect(fake.gone).toBe(true)
  })

  it('learns nothing from a kernel that takes any features', async () => {
    const fake = new FakeOvs()
    fake.known = 0xffff_ffff
    const ovs = await openOvs({ dial: fake.kernel.dial })
    const { features } = await ovs.capabilities()
    expect(new Set(Object.values(features))).toEqual(new Set(['unknown']))
    await ovs.close()
  })
})
