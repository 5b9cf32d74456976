import fc from 'fast-check'
import { expect, test } from 'vitest'
import { actionProblems, type ActionInput, exact, type FlowKeyInput, type FlowMask, KernelError, vlanTci } from '../../src/index.js'
import { KEYS } from './support/action-cases.js'
import { isSince } from './support/action-tests.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()
const { tcp, udp6, bare, mpls, nsh, other } = KEYS
const ethernet = { src: '02:00:00:00:00:03', dst: '02:00:00:00:00:04' }
const lse = { label: 5, tc: 0, bos: 1, ttl: 64 }
const zeros = new Uint8Array(16)
const base = { ttl: 63, mdtype: 1, np: 3, pathHdr: { spi: 5, si: 255 } }
const md1 = { context: [0, 0, 0, 0] }
const tunnel = { id: 5n, ipv4Dst: '10.0.0.9', ttl: 64 }
const out: ActionInput = { output: 2 }
const tagged: FlowKeyInput = { ethernet, ethertype: 0x8100, vlan: vlanTci(5), encap: { ethertype: 0x0800, ipv4: { proto: 89 } } }
const nest = (depth: number): ActionInput[] => (depth === 0 ? [out] : [{ clone: nest(depth - 1) }])
const set = (what: FlowKeyInput): ActionInput[] => [{ set: what }]

/** What is refused, on which packets, and why. */
const REFUSED: readonly [key: FlowKeyInput, actions: ActionInput[], why: string, code?: string, mask?: FlowMask][] = [
  [other, [{ output: 65535 }], 'output: a port number is below 65535, 65535 is not'],
  [other, [{ userspace: {} }], 'userspace: it needs a pid that is not 0'],
  [other, [{ userspace: { pid: 0 } }], 'userspace: it needs a pid that is not 0'],
  [other, [{ trunc: { maxLen: 13 } }], 'trunc: maxLen must be at least 14'],
  [other, [{ hash: { alg: 2, basis: 0 } }], 'hash: there is no algorithm 2'],
  [bare, [{ popVlan: true }], 'popVlan: the packet has no Ethernet header'],
  [bare, [{ pushVlan: { tpid: 0x8100, tci: 0x1005 } }], 'pushVlan: the packet has no Ethernet header'],
  [tcp, [{ pushVlan: { tpid: 0x9100, tci: 0x1005 } }], 'pushVlan: tpid must be 0x8100 or 0x88a8'],
  [tcp, [{ pushVlan: { tpid: 0x8100, tci: 5 } }], 'pushVlan: tci lacks the bit 0x1000, which says that the tag is there'],
  [tcp, [{ pushMpls: { lse, ethertype: 0x0800 } }], 'pushMpls: its ethertype must be 0x8847 or 0x8848'],
  [other, [{ pushMpls: { lse, ethertype: 0x8847 } }], 'pushMpls: a label goes only before IPv4, IPv6, ARP, RARP or MPLS, and not behind a VLAN tag'],
  [tagged, [{ pushMpls: { lse, ethertype: 0x8847 } }], 'and not behind a VLAN tag'],
  [tcp, [{ pushVlan: { tpid: 0x8100, tci: 0x1005 } }, { pushMpls: { lse, ethertype: 0x8847 } }], '[1] pushMpls: a label goes only before'],
  [tcp, [{ addMpls: { lse, ethertype: 0x0800 } }], 'addMpls: its ethertype must be 0x8847 or 0x8848'],
  [other, [{ addMpls: { lse, ethertype: 0x8847, tunFlags: 1 } }], 'addMpls: a label goes only before IPv4'],
  [tcp, [{ popMpls: 0x0800 }], 'popMpls: the packet must be MPLS, without a VLAN tag'],
  [mpls, [{ popMpls: 0x8847 }, { popMpls: 0x8847 }, { popMpls: 0x8847 }], '[2] popMpls: the packet must be MPLS'],
  [mpls, [{ popMpls: 0x6558 }], 'popMpls: what is behind the labels is an Ethernet frame only if none is before them'],
  [tcp, [{ pushEth: ethernet }], 'pushEth: the packet has an Ethernet header already'],
  [bare, [{ popEth: true }], 'popEth: the packet has no Ethernet header'],
  [tagged, [{ popEth: true }], 'popEth: a VLAN tag is on the packet'],
  [other, [{ popEth: true }, { pushNsh: { nsh: { base, md1 } } }], '[1] pushNsh: an NSH header goes before Ethernet, IPv4, IPv6, NSH or MPLS'],
  [tcp, [{ pushNsh: { nsh: { md1 } } }], 'pushNsh: nsh needs its base'],
  [tcp, [{ pushNsh: { nsh: { base } } }], 'pushNsh: nsh needs md1 or md2'],
  [tcp, [{ pushNsh: { nsh: { base, md1, md2: new Uint8Array(4) } } }], 'pushNsh: nsh has md1 or md2, not both'],
  [tcp, [{ pushNsh: { nsh: { base: { ...base, mdtype: 2 }, md1 } } }], 'nsh.base.mdtype must say which metadata there are: 1 for md1, 2 for md2'],
  [tcp, [{ pushNsh: { nsh: { base: { ...base, mdtype: 2 }, md2: new Uint8Array() } } }], 'nsh.md2 must not be empty'],
  [tcp, [{ popNsh: true }], 'popNsh: the flow must match ethertype 0x894f (NSH)'],
  [nsh, [{ popNsh: true }], 'popNsh: the flow must match nsh.base.np, which says what is behind the header', 'EINVAL', { ethertype: exact }],
  [other, [{ sample: { actions: [out] } }], 'sample: it needs a probability'],
  [other, [{ sample: { probability: 5 } }], 'sample: it needs actions'],
  [other, [{ sample: { probability: 5, actions: [{ output: 65535 }] } }], 'sample: within sample, output: a port number'],
  [other, nest(17), 'actions are within each other at most 16 deep', 'EOVERFLOW'],
  [other, [{ checkPktLen: { actionsIfGreater: [], actionsIfLessEqual: [] } }], 'checkPktLen: it needs a pktLen that is not 0'],
  [other, [{ checkPktLen: { pktLen: 0, actionsIfGreater: [], actionsIfLessEqual: [] } }], 'checkPktLen: it needs a pktLen that is not 0'],
  [other, [{ checkPktLen: { pktLen: 9, actionsIfGreater: [] } }], 'checkPktLen: it needs both actionsIfGreater and actionsIfLessEqual'],
  [other, [{ checkPktLen: { pktLen: 9, actionsIfGreater: [], actionsIfLessEqual: [{ output: 65535 }] } }], 'within actionsIfLessEqual, output: a port number'],
  [tcp, [{ decTtl: {} }], 'decTtl: it needs an action for expired packets; [] drops them'],
  [tcp, [{ decTtl: { action: [{ trunc: { maxLen: 1 } }] } }], 'decTtl: within decTtl, trunc: maxLen'],
  [other, [{ drop: 0 }, out], '[0] drop: it must be the last'],
  [other, [{ psample: {} }], 'psample: it needs a group'],

  [other, [{ ct: {} }], 'ct: the flow must match an ethertype of IPv4 or IPv6 exactly'],
  [tcp, [{ ct: { commit: true, mark: { value: 1, mask: 0 } } }], 'ct: the mask of mark must not be 0'],
  [tcp, [{ ct: { mark: { value: 1 } } }], 'ct: mark needs commit'],
  [tcp, [{ ct: { commit: true, labels: { value: zeros, mask: zeros } } }], 'ct: the mask of labels must not be all zeros'],
  [tcp, [{ ct: { labels: { value: zeros } } }], 'ct: labels need commit'],
  [tcp, [{ ct: { commit: true, nat: { src: true, dst: true } } }], 'ct: nat is of src or of dst, not of both', 'ERANGE'],
  [tcp, [{ ct: { commit: true, nat: { ipMin: '10.0.0.1' } } }], 'ct: a range of nat, or how it is used, needs src or dst'],
  [tcp, [{ ct: { nat: { src: true } } }], 'ct: nat of src or dst needs commit'],
  [tcp, [{ ct: { commit: true, nat: { src: true, ipMin: 'fe80::1' } } }], 'ct: nat.ipMin must be an address of the version that the flow matches'],
  [udp6, [{ ct: { commit: true, nat: { src: true, ipMin: 'fe80::1', ipMax: '10.0.0.1' } } }], 'ct: nat.ipMax must be an address of the version'],

  [bare, set({ ethernet }), 'set: the packet has no Ethernet header'],
  [other, [{ setMasked: { key: { tunnel: { ttl: 1 } }, mask: { tunnel: { ttl: exact } } } }], 'setMasked: a tunnel is set as a whole, with set'],
  [other, set({ tunnel: { ...tunnel, ipv6Dst: 'fe80::1' } }), 'set: tunnel has addresses of IPv4 and of IPv6'],
  [other, set({ tunnel: { ttl: 64 } }), 'set: tunnel needs ipv4Dst or ipv6Dst, and not zero'],
  [other, set({ tunnel: { ttl: 64, ipv4Dst: '0.0.0.0' } }), 'set: tunnel needs ipv4Dst or ipv6Dst, and not zero'],
  [other, set({ tunnel: { ttl: 64, ipv6Dst: '::' } }), 'set: tunnel needs ipv4Dst or ipv6Dst, and not zero'],
  [other, set({ tunnel: { ipv4Dst: '10.0.0.9' } }), 'set: tunnel needs ttl, if only 0'],
  [other, set({ tunnel: { ...tunnel, ipv4InfoBridge: true } }), 'set: tunnel has ipv4InfoBridge, beside which only id may stand, not ipv4Dst, ttl'],
  [other, set({ tunnel: { ...tunnel, vxlanOpts: { gbp: 1 }, geneveOpts: [] } }), 'set: tunnel can have one kind of options, not geneveOpts and vxlanOpts'],
  [other, set({ ipv4: { src: '1.0.0.0', dst: '1.0.0.0', proto: 0, tos: 0, ttl: 1, frag: 0 } }), 'set: the flow must match ethertype 0x0800 exactly'],
  [tcp, set({ ipv4: { src: '1.0.0.0', dst: '1.0.0.0', proto: 17, tos: 0, ttl: 1, frag: 0 } }), 'set: ipv4.proto must be that of the key'],
  [tcp, set({ ipv4: { src: '1.0.0.0', dst: '1.0.0.0', proto: 6, tos: 0, ttl: 1, frag: 1 } }), 'set: ipv4.frag must be that of the key'],
  [tcp, set({ ipv4: { src: '1.0.0.0', dst: '1.0.0.0', proto: 6, tos: 0, ttl: 1, frag: 0 } }), 'set: ipv4.proto must be that of the key, as far as the mask covers it', 'EINVAL', { ethertype: exact }],
  [tcp, [{ setMasked: { key: { ipv4: { proto: 6 } }, mask: { ipv4: { proto: exact } } } }], 'setMasked: ipv4.proto cannot be written'],
  [tcp, [{ setMasked: { key: { ipv4: {} }, mask: { ipv4: { frag: exact } } } }], 'setMasked: ipv4.frag cannot be written'],
  [tcp, set({ ipv6: { src: '::', dst: '::', label: 0, proto: 6, tclass: 0, hlimit: 1, frag: 0 } }), 'set: the flow must match ethertype 0x86dd exactly'],
  [udp6, set({ ipv6: { src: '::', dst: '::', label: 0, proto: 6, tclass: 0, hlimit: 1, frag: 0 } }), 'set: ipv6.proto must be that of the key'],
  [udp6, [{ setMasked: { key: { ipv6: {} }, mask: { ipv6: { label: 0xfffff + 1 } } } }], 'setMasked: a flow label has 20 bits'],
  [tcp, set({ udp: { src: 1, dst: 2 } }), 'set: the flow must match IPv4 or IPv6 and its proto 17 exactly'],
  [tcp, set({ tcp: { src: 1, dst: 2 } }), 'set: the flow must match IPv4 or IPv6 and its proto 6 exactly', 'EINVAL', { ethertype: exact }],
  [udp6, [{ setMasked: { key: { sctp: {} }, mask: { sctp: { src: exact } } } }], 'setMasked: the flow must match IPv4 or IPv6 and its proto 132 exactly'],
  [tcp, set({ mpls: [lse] }), 'set: the flow must match an ethertype of MPLS exactly'],
  [mpls, set({ mpls: [lse, lse] }), 'set: exactly one label is set, the outermost'],
  [mpls, set({ mpls: [] }), 'set: exactly one label is set, the outermost'],
]

/** What has no action to set it, whatever the packet. */
const UNSETTABLE: readonly FlowKeyInput[] = [
  { recircId: 1 }, { dpHash: 1 }, { inPort: 1 }, { ctState: 1 }, { ctZone: 1 }, { ethertype: 1 }, { vlan: 0x1001 }, { encap: { ethertype: 1 } }, { ipv6Exthdrs: 1 }, { tcpFlags: 1 },
  { nsh: { base, md1 } }, { arp: { sip: '10.0.0.1', tip: '10.0.0.2', op: 1, sha: ethernet.src, tha: ethernet.dst } },
  { icmp: { type: 1, code: 1 } }, { icmpv6: { type: 1, code: 1 } }, { nd: { target: '::', sll: ethernet.src, tll: ethernet.dst } },
  { ctOrigTupleIpv4: { src: '10.0.0.1', dst: '10.0.0.2', srcPort: 1, dstPort: 1, proto: 1 } } as FlowKeyInput,
  { ctOrigTupleIpv6: { src: '::1', dst: '::2', srcPort: 1, dstPort: 1, proto: 1 } } as FlowKeyInput,
]

test('what the rules say is refused, the kernel refuses, and the error says why', async () => {
  const dp = await lab.datapath('dp0')
  for (const [key, actions, why, code = 'EINVAL', mask] of REFUSED) {
    const error = await dp.putFlow({ key, mask, actions, probe: true }).then(() => new Error('taken'), (thrown: Error) => thrown)
    expect([actions, error.message]).toEqual([actions, expect.stringContaining(why)])
    expect([actions, (error as KernelError).code]).toEqual([actions, code])
  }
})

test('every other key cannot be set', async () => {
  const dp = await lab.datapath('dp0')
  for (const key of UNSETTABLE) {
    const [name] = Object.keys(key)
    for (const with_ of [tcp, udp6, nsh]) {
      await expect(dp.putFlow({ key: with_, actions: [{ set: key }], probe: true })).rejects.toThrow(`set: ${name} cannot be set, only`)
      await expect(dp.putFlow({ key: with_, actions: [{ setMasked: { key, mask: key as FlowMask } }], probe: true })).rejects.toThrow(`setMasked: ${name} cannot be set, only`)
    }
  }
})

test('a bridge\'s tunnel is set with a time to live of 0, as without', async () => {
  const dp = await lab.datapath('dp0')
  for (const ttl of [{}, { ttl: 0 }]) {
    const actions = set({ tunnel: { id: 5n, ipv4InfoBridge: true, ...ttl } })
    await dp.putFlow({ key: other, actions, probe: true })
    expect(actionProblems(actions, other)).toEqual([])
  }
})

test('numbers of actions that are no kernel\'s are refused', async () => {
  const dp = await lab.datapath('dp0')
  for (const number of [0, 26, 27, 28]) await expect(dp.putFlow({ key: other, actions: [{ unknown: { number, bytes: new Uint8Array(4) } }], probe: true })).rejects.toMatchObject({ code: 'EINVAL' })
})

test('actions nest 16 deep, of every kind', async () => {
  const dp = await lab.datapath('dp0')
  const kinds: ((actions: ActionInput[]) => ActionInput)[] = [
    (clone) => ({ clone }),
    (actions) => ({ sample: { probability: 1, actions } }),
    (actions) => ({ checkPktLen: { pktLen: 100, actionsIfGreater: actions, actionsIfLessEqual: [out] } }),
    (action) => ({ decTtl: { action } }),
  ]
  const deep = (depth: number): ActionInput[] => (depth === 0 ? [out] : [kinds[depth % kinds.length]!(deep(depth - 1))])
  await dp.addFlow({ key: tcp, actions: deep(16) })
  expect(JSON.stringify((await dp.getFlow({ key: tcp })).actions).match(/clone|sample|checkPktLen|decTtl/g)).toHaveLength(16)
  await expect(dp.putFlow({ key: tcp, actions: deep(17) })).rejects.toMatchObject({ code: 'EOVERFLOW' })
})

/** Packets, as more and less exact flows know them. */
const MATCHES: readonly [key: FlowKeyInput, mask?: FlowMask][] = [
  ...Object.values(KEYS).map((key): [FlowKeyInput] => [key]),
  [tcp, {}],
  [tcp, { ethertype: exact }],
  [tcp, { ethertype: exact, ipv4: { proto: exact } }],
  [tcp, { ethertype: 0xff00 }],
  [tcp, { ethertype: 0x00ff }],
  [udp6, { ethertype: exact, ipv6: { proto: exact, frag: exact } }],
  [mpls, { ethertype: exact }],
  [mpls, { ethertype: exact, mpls: [exact] }],
  [mpls, { ethertype: exact, mpls: [{ ttl: 1 }, {}] }],
  [nsh, { ethertype: exact, nsh: { base: { np: exact, mdtype: exact } } }],
  [nsh, { ethertype: exact }],
  [bare, { ethertype: exact }],
  [tagged],
  [tagged, { ethertype: exact }],
  [tagged, { ethertype: exact, vlan: exact, encap: { ethertype: exact } }],
  [{ ethernet }, {}],
]

const few = <T>(...values: T[]) => fc.constantFrom(...values)
const lses = few({ label: 5, tc: 0, bos: 1, ttl: 64 })
const types = few(0x0800, 0x8847, 0x8848, 0x6558, 0)
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 })
const clean = (value: Record<string, unknown>) => Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))
const ipv4s = fc.record({ src: few('10.0.0.1'), dst: few('10.0.0.2'), proto: few(0, 6, 17, 89), tos: few(0, 4), ttl: few(1), frag: few(0, 0, 0, 1) })
const ipv6s = fc.record({ src: few('::1'), dst: few('::2'), label: few(0, 1), proto: few(0, 17), tclass: few(0), hlimit: few(1), frag: few(0, 0, 0, 2) })
const sets: fc.Arbitrary<FlowKeyInput> = fc.oneof(
  few<FlowKeyInput>({ skbMark: 1 }, { priority: 1 }, { ctMark: 1 }, { ctLabels: zeros }, { ethernet }, { tcp: { src: 1, dst: 2 } }, { udp: { src: 1, dst: 2 } }, { sctp: { src: 1, dst: 2 } }, { mpls: [lse] }, ...UNSETTABLE),
  ipv4s.map((ipv4) => ({ ipv4 })),
  ipv6s.map((ipv6) => ({ ipv6 })),
  fc
    .record({ id: some(few(5n)), ipv4Src: some(few('10.0.0.1')), ipv4Dst: few('10.0.0.2', '0.0.0.0', undefined), ipv6Dst: few(undefined, undefined, 'fe80::1', '::'), ttl: few(64, 64, undefined), ipv4InfoBridge: few<true | undefined>(undefined, undefined, true) })
    .map((value) => ({ tunnel: clean(value) })),
)
const setMaskeds: fc.Arbitrary<ActionInput> = fc.oneof(
  few<[FlowKeyInput, FlowMask]>(
    [{ skbMark: 1 }, { skbMark: 1 }], [{ tcp: {} }, { tcp: exact }], [{ udp: {} }, { udp: { src: exact } }], [{ ethernet: {} }, { ethernet: exact }], [{ mpls: [{}] }, { mpls: [exact] }],
    [{ ipv4: {} }, { ipv4: { src: exact } }], [{ ipv4: {} }, { ipv4: { proto: 1 } }], [{ ipv4: {} }, { ipv4: { frag: 1 } }],
    [{ ipv6: {} }, { ipv6: { label: exact } }], [{ ipv6: {} }, { ipv6: { label: 0xffffffff } }], [{ ipv6: {} }, { ipv6: { proto: 1 } }], [{ icmp: {} }, { icmp: exact }],
  ).map(([key, mask]) => ({ setMasked: { key, mask } })),
)
const nats = fc
  .record({ src: some(few(true)), dst: few(undefined, undefined, undefined, true), ipMin: few(undefined, '10.0.0.1', '10.0.0.1', 'fe80::1'), ipMax: few(undefined, undefined, '10.0.0.2'), protoMin: few(undefined, 80), protoMax: few(undefined, 90), persistent: few(undefined, undefined, true), protoHash: few(undefined, true) })
  .map(clean)
const cts = fc
  .record({ commit: few(true, true, undefined), forceCommit: few(undefined, undefined, true), mark: few(undefined, undefined, { value: 1 }, { value: 1, mask: 0 }), labels: few(undefined, undefined, { value: zeros }, { mask: zeros }), eventmask: some(few(1)), nat: some(nats) })
  .map(clean)
const nshs = fc
  .record({ base: few(base, base, { ...base, mdtype: 2 }, undefined), md1: few(md1, md1, undefined), md2: few(undefined, undefined, new Uint8Array(8), new Uint8Array()) })
  .map(clean)
const { list } = fc.letrec<{ list: ActionInput[]; action: ActionInput }>((tie) => {
  const inner = tie('list') as fc.Arbitrary<ActionInput[]>
  return {
    list: fc.oneof({ maxDepth: 3 }, { weight: 1, arbitrary: fc.constant<ActionInput[]>([]) }, { weight: 8, arbitrary: fc.array(tie('action') as fc.Arbitrary<ActionInput>, { minLength: 1, maxLength: 4 }) }),
    action: fc.oneof(
      few(1, 2, 2, 65535).map((output) => ({ output })),
      few(7, 7, 7, 0).map((pid) => ({ userspace: { pid } })),
      few(14, 100, 13).map((maxLen) => ({ trunc: { maxLen } })),
      few(...(isSince([6, 5]) ? [0, 1, 2] : [0, 2])).map((alg) => ({ hash: { alg, basis: 1 } })),
      few<ActionInput>({ popVlan: true }, { popEth: true }, { popNsh: true }, { ctClear: true }, { recirc: 1 }, { meter: 1 }, { pushEth: ethernet }, ...(isSince([6, 6]) ? [{ drop: 1 }] : [])),
      fc.tuple(few(0x8100, 0x88a8, 0x8100, 0x9100), few(0x1005, 0x1006, 5)).map(([tpid, tci]) => ({ pushVlan: { tpid, tci } })),
      fc.tuple(lses, types).map(([each, ethertype]) => ({ pushMpls: { lse: each, ethertype } })),
      fc.tuple(lses, types, few(0, 1)).map(([each, ethertype, tunFlags]) => ({ addMpls: { lse: each, ethertype, tunFlags } })),
      types.map((popMpls) => ({ popMpls })),
      nshs.map((each) => ({ pushNsh: { nsh: each } })),
      sets.map((each) => ({ set: each })),
      setMaskeds,
      cts.map((ct) => ({ ct })),
      inner.map((clone) => ({ clone })),
      fc.tuple(few(0, 1, undefined), some(inner)).map(([probability, actions]) => ({ sample: clean({ probability, actions }) })),
      fc.tuple(few(9, 9, 0), some(inner), some(inner)).map(([pktLen, actionsIfGreater, actionsIfLessEqual]) => ({ checkPktLen: clean({ pktLen, actionsIfGreater, actionsIfLessEqual }) })),
      some(inner).map((action) => ({ decTtl: clean({ action }) })),
    ) as fc.Arbitrary<ActionInput>,
  }
})

test('of lists of actions at random, the rules say of each what the kernel says', async () => {
  const dp = await lab.datapath('dp0')
  const counts = { taken: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(few(...MATCHES), list, async ([key, mask], actions) => {
      const problems = actionProblems(actions, key, mask)
      const refusal = await dp.putFlow({ key, mask, actions, probe: true }).then(() => undefined, (error: KernelError) => error.code)
      if (refusal === undefined) await dp.flushFlows()
      counts[refusal === undefined ? 'taken' : 'refused']++
      expect({ problems, refused: refusal !== undefined, refusal }).toEqual({ problems: refusal === undefined ? [] : expect.arrayContaining([expect.any(String)]), refused: problems.length > 0, refusal })
    }),
    { numRuns: 250 },
  )
  expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(40)
})
