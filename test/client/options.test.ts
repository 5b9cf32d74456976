import { describe, expect, it } from 'vitest'
import { type Datapath, openOvs, type Ovs } from '../../src/index.js'
import { NetlinkSocket } from '../../src/libnl/index.js'
import { GenericNetlink, openGenericNetlink } from '../../src/netlink.js'
import { openRtnetlink, Rtnetlink } from '../../src/rtnetlink.js'
import { FakeOvs } from './fake-ovs.js'

type Call = (options: never, ovs: Ovs, dp: Datapath) => unknown
const all = async (values: AsyncIterable<unknown>) => {
  for await (const _ of values);
}
const { dial } = new FakeOvs().kernel

const CALLS: [string, Call][] = [
  ['openOvs', (options) => openOvs(options)],
  ['openGenericNetlink', (options) => openGenericNetlink(options)],
  ['openRtnetlink', (options) => openRtnetlink(options)],
  ['new GenericNetlink', (options) => new GenericNetlink(dial, options)],
  ['new Rtnetlink', (options) => new Rtnetlink(dial, options)],
  ['new NetlinkSocket', (options) => new NetlinkSocket(options)],
  ['createDatapath', (options, ovs) => ovs.createDatapath('x', options)],
  ['datapaths', (options, ovs) => all(ovs.datapaths(options))],
  ['watch', (options, ovs) => ovs.watch(options)],
  ['families', (options, ovs) => ovs.netlink.families(options)],
  ['subscribe', async (options, ovs) => ovs.netlink.subscribe([ovs.flow.family], options)],
  ['set', (options, _ovs, dp) => dp.set(options)],
  ['addPort', (options, _ovs, dp) => dp.addPort('x', options)],
  ['addTunnelPort', (options, _ovs, dp) => dp.addTunnelPort('x', options)],
  ['ports', (options, _ovs, dp) => all(dp.ports(options))],
  ['putFlows', (options, _ovs, dp) => dp.putFlows([], options)],
  ['deleteFlows', (options, _ovs, dp) => dp.deleteFlows([], options)],
  ['flows', (options, _ovs, dp) => all(dp.flows(options))],
  ['listen', (options, _ovs, dp) => dp.listen(options)],
  ['meters.set', (options, _ovs, dp) => dp.meters.set(1, options)],
  ['ctLimits.set', (options, ovs) => ovs.ctLimits.set(options)],
  ['ctLimits.set of a zone', (zone, ovs) => ovs.ctLimits.set({ zones: [zone] })],
]

async function refusal(call: Call, options: unknown): Promise<unknown> {
  const fake = new FakeOvs()
  const ovs = await fake.open()
  const dp = await ovs.openDatapath('dp0')
  const { sent } = fake
  const error = await (async () => call(options as never, ovs, dp))().then(() => 'taken', (reason: unknown) => reason)
  expect(fake.sent).toBe(sent)
  return error
}

describe('options', () => {
  it.each(CALLS)('of %s have no members that there are not', async (_name, call) => {
    expect(await refusal(call, { nonesuch: 1 })).toMatchObject({ code: 'OVS_INVALID_VALUE', reason: expect.stringMatching(/ has no member "nonesuch"$/), remedy: expect.stringMatching(/^Its members are /) })
  })

  it.each(CALLS)('of %s are an object', async (_name, call) => {
    for (const value of [null, 5, 'text', []]) expect(await refusal(call, value)).toMatchObject({ code: 'OVS_INVALID_VALUE', reason: expect.stringContaining(' must be an object with ') })
  })

  it.each<[string, string, Call]>([
    ['netNs', 'netns', () => openOvs({ netNs: 'blue' } as never)],
    ['dstport', 'dstPort', (_, __, dp) => dp.addTunnelPort('x', { kind: 'vxlan', dstport: 4790 } as never)],
    ['portno', 'portNo', (_, __, dp) => dp.addPort('x', { portno: 9 } as never)],
    ['feature', 'features', (_, ovs) => ovs.createDatapath('x', { feature: [] } as never)],
    ['family', 'families', (_, ovs) => ovs.watch({ family: 'flow' } as never)],
  ])('that say %s are told of %s', async (_wrong, right, call) => {
    expect(await refusal(call, {})).toMatchObject({ remedy: expect.stringMatching(new RegExp(` The nearest is ${right}\\.$`)) })
  })

  it('of a tunnel port are needed', async () => {
    expect(await refusal((_, __, dp) => dp.addTunnelPort('x', undefined as never), {})).toMatchObject({ reason: 'a tunnel port must be an object with kind, dstPort, gbp, mtu, portNo, upcallPid' })
  })

  it.each<[string, Call]>([
    ['watch', (options, ovs) => ovs.watch(options)],
    ['listen', (options, _, dp) => dp.listen(options)],
    ['flows', (options, _, dp) => all(dp.flows(options))],
    ['subscribe', (options, ovs) => ovs.netlink.subscribe([ovs.flow.family], options)],
  ])('of %s have a signal that is one', async (_name, call) => {
    for (const signal of [5, 'x', null, {}]) expect(await refusal(call, { signal })).toMatchObject({ code: 'OVS_INVALID_VALUE', value: signal, remedy: 'Give the signal of an AbortController.' })
  })
})

it.each<[string, (ovs: Ovs, dp: Datapath) => Promise<unknown>]>([
  ['listen', async (_ovs, dp) => (await dp.listen()).on('misses' as 'miss', () => {})],
  ['watch', async (ovs) => (await ovs.watch()).on('port:new' as 'vport:new', () => {})],
])('what %s resolves to refuses the name of an event that there is not', async (_name, call) => {
  const ovs = await new FakeOvs().open()
  await expect(call(ovs, await ovs.openDatapath('dp0'))).rejects.toThrow(/there is no such event, got "\S+"\nThere are .* The nearest is v?(miss|port:new)\./)
  await ovs.close()
})
