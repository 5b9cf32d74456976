import type { InferItemName } from '../netlink/attribute-list.js'
import type { InferName } from '../netlink/attributes.js'
import { exact } from '../netlink/codec.js'
import { HashAlg } from '../ovs/action-arguments.js'
import type { ActionAttributes, ActionInput, ActionsInput } from '../ovs/action.js'
import type { CtAttributes } from '../ovs/ct-action.js'
import { type FlowKeyAttributes, type FlowKeyInput, type FlowMask, vlanTci } from '../ovs/key.js'
import type { TunnelKeyAttributes, TunnelKeyInput } from '../ovs/tunnel-key.js'

/** Name of a key attribute. */
export type KeyName = InferName<typeof FlowKeyAttributes>
/** Name of an action. */
export type ActionName = InferItemName<typeof ActionAttributes>
/** Name of an attribute of a tunnel's key. */
export type TunnelKeyName = InferName<typeof TunnelKeyAttributes>
/** Name of an algorithm of the action `hash`. */
export type HashAlgName = keyof typeof HashAlg
/** Name of an attribute of the action `ct`. */
export type CtName = InferName<typeof CtAttributes>

/** A flow that the kernel takes if, and only if, it knows what is asked about. */
export interface Probe {
  readonly key: FlowKeyInput
  readonly mask: FlowMask
  readonly actions?: ActionsInput
  /** The packet has no Ethernet header. */
  readonly bare?: true
}

const of = (ethertype: number, key: FlowKeyInput = {}, mask: FlowMask = {}): Probe => ({ key: { ethertype, ...key }, mask: { ethertype: exact, ...mask } })
const IPV4 = { src: '10.0.0.1', dst: '10.0.0.2', ttl: 64 }
const IPV6 = { src: 'fe80::1', dst: 'fe80::2', hlimit: 64 }
const ofIpv4 = (proto: number, key: FlowKeyInput, mask: FlowMask): Probe => of(0x0800, { ipv4: { ...IPV4, proto }, ...key }, { ipv4: { proto: exact }, ...mask })
const ofIpv6 = (proto: number, key: FlowKeyInput, mask: FlowMask): Probe => of(0x86dd, { ipv6: { ...IPV6, proto }, ...key }, { ipv6: { proto: exact }, ...mask })
const PORTS = { src: 1, dst: 2 }
const METADATA = (key: FlowKeyInput, mask: FlowMask): Probe => ({ key, mask })
const TRACKED = 0x20
const TAGGED = of(0x8100, { vlan: vlanTci(1), encap: { ethertype: 0x88cc } }, { vlan: exact, encap: { ethertype: exact } })

/** For each key attribute a match that needs it. */
export const KEY_PROBES: Readonly<Record<KeyName, Probe>> = {
  recircId: METADATA({ recircId: 1 }, { recircId: exact }),
  dpHash: METADATA({ dpHash: 1 }, { dpHash: exact }),
  priority: METADATA({ priority: 1 }, { priority: exact }),
  inPort: METADATA({}, {}),
  tunnel: METADATA({ tunnel: { id: 1n, ipv4Src: '10.0.0.1', ipv4Dst: '10.0.0.2', ttl: 64 } }, { tunnel: { id: exact, ipv4Src: exact, ipv4Dst: exact } }),
  skbMark: METADATA({ skbMark: 1 }, { skbMark: exact }),
  ctState: METADATA({ ctState: TRACKED }, { ctState: TRACKED }),
  ctZone: METADATA({ ctState: TRACKED, ctZone: 1 }, { ctState: TRACKED, ctZone: exact }),
  ctMark: METADATA({ ctState: TRACKED, ctMark: 1 }, { ctState: TRACKED, ctMark: exact }),
  ctLabels: METADATA({ ctState: TRACKED, ctLabels: new Uint8Array(16).fill(1) }, { ctState: TRACKED, ctLabels: exact }),
  ctOrigTupleIpv4: of(0x0800, { ctState: TRACKED, ctOrigTupleIpv4: { src: '10.0.0.1' }, ipv4: IPV4 }, { ctState: TRACKED, ctOrigTupleIpv4: { src: exact } }),
  ctOrigTupleIpv6: of(0x86dd, { ctState: TRACKED, ctOrigTupleIpv6: { src: 'fe80::1' }, ipv6: IPV6 }, { ctState: TRACKED, ctOrigTupleIpv6: { src: exact } }),
  ethernet: METADATA({}, { ethernet: exact }),
  ethertype: of(0x88cc),
  vlan: TAGGED,
  encap: TAGGED,
  ipv4: of(0x0800, { ipv4: IPV4 }, { ipv4: exact }),
  ipv6: of(0x86dd, { ipv6: IPV6 }, { ipv6: exact }),
  ipv6Exthdrs: of(0x86dd, { ipv6: IPV6, ipv6Exthdrs: 1 }, { ipv6Exthdrs: exact }),
  nsh: of(0x894f, { nsh: { base: { mdtype: 1, np: 1, ttl: 63, pathHdr: { spi: 1, si: 255 } }, md1: { context: [1, 2, 3, 4] } } }, { nsh: { base: exact, md1: exact } }),
  mpls: of(0x8847, { mpls: [{ label: 16, bos: 1, ttl: 64 }] }, { mpls: [exact] }),
  arp: of(0x0806, { arp: { op: 1 } }, { arp: { op: exact } }),
  tcp: ofIpv4(6, { tcp: PORTS, tcpFlags: 0 }, { tcp: exact }),
  tcpFlags: ofIpv4(6, { tcp: PORTS, tcpFlags: 2 }, { tcpFlags: exact }),
  udp: ofIpv4(17, { udp: PORTS }, { udp: exact }),
  sctp: ofIpv4(132, { sctp: PORTS }, { sctp: exact }),
  icmp: ofIpv4(1, { icmp: { type: 8 } }, { icmp: exact }),
  icmpv6: ofIpv6(58, { icmpv6: { type: 128 } }, { icmpv6: exact }),
  nd: ofIpv6(58, { icmpv6: { type: 135 }, nd: { target: 'fe80::1' } }, { icmpv6: { type: exact }, nd: exact }),
}

const ETHERNET = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' }
const WITH_IPV4: Probe = of(0x0800, { ipv4: { ...IPV4, proto: 17 }, udp: PORTS }, { ipv4: { proto: exact, ttl: exact }, udp: exact })
const WITH_NSH = KEY_PROBES.nsh
const NSH = { base: { mdtype: 1, np: 3, ttl: 63, pathHdr: { spi: 1, si: 255 } }, md1: { context: [0, 0, 0, 0] } }
const LABEL = { label: 16, bos: 1, ttl: 64 }
const ANY: Probe = METADATA({}, {})
const doing = (probe: Probe, ...actions: readonly ActionInput[]): Probe => ({ ...probe, actions })

/** For each action a flow that has it. */
export const ACTION_PROBES: Readonly<Record<ActionName, Probe>> = {
  output: doing(ANY, { output: 1 }),
  userspace: doing(ANY, { userspace: { pid: 1 } }),
  set: doing(ANY, { set: { skbMark: 1 } }),
  pushVlan: doing(ANY, { pushVlan: { tpid: 0x8100, tci: vlanTci(1) } }),
  popVlan: doing(TAGGED, { popVlan: true }),
  sample: doing(ANY, { sample: { probability: 1, actions: [{ output: 1 }] } }),
  recirc: doing(ANY, { recirc: 1 }),
  hash: doing(ANY, { hash: { alg: 0 } }),
  pushMpls: doing(WITH_IPV4, { pushMpls: { lse: LABEL, ethertype: 0x8847 } }),
  popMpls: doing(KEY_PROBES.mpls, { popMpls: 0x0800 }),
  setMasked: doing(ANY, { setMasked: { key: { skbMark: 1 }, mask: { skbMark: 1 } } }),
  ct: doing(WITH_IPV4, { ct: {} }),
  trunc: doing(ANY, { trunc: { maxLen: 64 } }, { output: 1 }),
  pushEth: doing({ ...KEY_PROBES.ipv4, bare: true }, { pushEth: ETHERNET }),
  popEth: doing(ANY, { popEth: true }),
  ctClear: doing(ANY, { ctClear: true }),
  pushNsh: doing(WITH_IPV4, { pushNsh: { nsh: NSH } }),
  popNsh: doing(WITH_NSH, { popNsh: true }),
  meter: doing(ANY, { meter: 1 }),
  clone: doing(ANY, { clone: [{ output: 1 }] }),
  checkPktLen: doing(ANY, { checkPktLen: { pktLen: 100, actionsIfGreater: [], actionsIfLessEqual: [] } }),
  addMpls: doing(WITH_IPV4, { addMpls: { lse: LABEL, ethertype: 0x8847, tunFlags: 1 } }),
  decTtl: doing(WITH_IPV4, { decTtl: { action: [] } }),
  drop: doing(ANY, { drop: 0 }),
  psample: doing(ANY, { psample: { group: 1 } }),
}

const set = (probe: Probe, value: FlowKeyInput): Probe => doing(probe, { set: value })

/** For each key attribute a flow that sets it; of those that no kernel sets, one that tries. */
export const SET_PROBES: Readonly<Record<KeyName, Probe>> = {
  recircId: set(ANY, { recircId: 1 }),
  dpHash: set(ANY, { dpHash: 1 }),
  priority: set(ANY, { priority: 1 }),
  inPort: set(ANY, { inPort: 1 }),
  tunnel: set(ANY, { tunnel: { ipv4Dst: '10.0.0.2', ttl: 64 } }),
  skbMark: set(ANY, { skbMark: 1 }),
  ctState: set(ANY, { ctState: TRACKED }),
  ctZone: set(ANY, { ctZone: 1 }),
  ctMark: set(ANY, { ctMark: 1 }),
  ctLabels: set(ANY, { ctLabels: new Uint8Array(16) }),
  ctOrigTupleIpv4: set(ANY, { ctOrigTupleIpv4: { src: '10.0.0.1', dst: '10.0.0.2', srcPort: 1, dstPort: 2, proto: 6 } }),
  ctOrigTupleIpv6: set(ANY, { ctOrigTupleIpv6: { src: '::1', dst: '::2', srcPort: 1, dstPort: 2, proto: 6 } }),
  ethernet: set(ANY, { ethernet: ETHERNET }),
  ethertype: set(KEY_PROBES.ethertype, { ethertype: 0x88cd }),
  vlan: set(TAGGED, { vlan: vlanTci(2) }),
  encap: set(TAGGED, { encap: { ethertype: 0x88cd } }),
  ipv4: set(WITH_IPV4, { ipv4: { ...IPV4, proto: 17, tos: 0, ttl: 1, frag: 0 } }),
  ipv6: set(KEY_PROBES.icmpv6, { ipv6: { ...IPV6, proto: 58, label: 0, tclass: 0, frag: 0 } }),
  ipv6Exthdrs: set(KEY_PROBES.ipv6Exthdrs, { ipv6Exthdrs: 1 }),
  nsh: set(WITH_NSH, { nsh: { ...NSH, base: { ...NSH.base, np: 1, flags: 0 } } }),
  mpls: set(KEY_PROBES.mpls, { mpls: [LABEL] }),
  arp: set(KEY_PROBES.arp, { arp: { sip: '10.0.0.1', tip: '10.0.0.2', op: 1, sha: ETHERNET.src, tha: ETHERNET.dst } }),
  tcp: set(KEY_PROBES.tcp, { tcp: PORTS }),
  tcpFlags: set(KEY_PROBES.tcpFlags, { tcpFlags: 1 }),
  udp: set(WITH_IPV4, { udp: PORTS }),
  sctp: set(KEY_PROBES.sctp, { sctp: PORTS }),
  icmp: set(KEY_PROBES.icmp, { icmp: { type: 0, code: 0 } }),
  icmpv6: set(KEY_PROBES.icmpv6, { icmpv6: { type: 129, code: 0 } }),
  nd: set(KEY_PROBES.nd, { nd: { target: 'fe80::1', sll: ETHERNET.src, tll: ETHERNET.dst } }),
}

const ct = (value: Extract<ActionInput, { ct: unknown }>['ct']): Probe => doing(WITH_IPV4, { ct: value })

/** For each attribute of the action `ct` a flow that has it. The kernel says no to a helper that it does not have, so nothing can be learnt of helpers. */
export const CT_PROBES: Readonly<Record<Exclude<CtName, 'helper'>, Probe>> = {
  commit: ct({ commit: true }),
  forceCommit: ct({ forceCommit: true }),
  zone: ct({ zone: 1 }),
  mark: ct({ commit: true, mark: { value: 1, mask: 1 } }),
  labels: ct({ commit: true, labels: { value: new Uint8Array(16), mask: new Uint8Array(16).fill(0xff) } }),
  nat: ct({ commit: true, nat: { src: true } }),
  eventmask: ct({ commit: true, eventmask: 1 }),
  timeout: ct({ commit: true, timeout: 'ovsprobe' }),
}

const IPV4_TUNNEL: TunnelKeyInput = { ipv4Dst: '10.0.0.2', ttl: 64 }
const IPV6_TUNNEL: TunnelKeyInput = { ipv6Dst: 'fe80::2', ttl: 64 }
const through = (tunnel: TunnelKeyInput): Probe => set(ANY, { tunnel })

/** For each attribute of a tunnel's key a flow that sends through one that has it. */
export const TUNNEL_PROBES: Readonly<Record<TunnelKeyName, Probe>> = {
  id: through({ ...IPV4_TUNNEL, id: 1n }),
  ipv4InfoBridge: through({ ipv4InfoBridge: true, id: 1n }),
  ipv4Src: through({ ...IPV4_TUNNEL, ipv4Src: '10.0.0.1' }),
  ipv4Dst: through(IPV4_TUNNEL),
  ipv6Src: through({ ...IPV6_TUNNEL, ipv6Src: 'fe80::1' }),
  ipv6Dst: through(IPV6_TUNNEL),
  tos: through({ ...IPV4_TUNNEL, tos: 4 }),
  ttl: through(IPV4_TUNNEL),
  dontFragment: through({ ...IPV4_TUNNEL, dontFragment: true }),
  csum: through({ ...IPV4_TUNNEL, csum: true }),
  tpSrc: through({ ...IPV4_TUNNEL, tpSrc: 1 }),
  tpDst: through({ ...IPV4_TUNNEL, tpDst: 1 }),
  oam: through({ ...IPV4_TUNNEL, oam: true }),
  geneveOpts: through({ ...IPV4_TUNNEL, geneveOpts: [{ class: 1, type: 1, data: new Uint8Array(4) }] }),
  vxlanOpts: through({ ...IPV4_TUNNEL, vxlanOpts: { gbp: 1 } }),
  erspanOpts: through({ ...IPV4_TUNNEL, erspanOpts: { version: 1, index: 1 } }),
}

/** For each algorithm a flow that hashes with it. */
export const HASH_PROBES: Readonly<Record<HashAlgName, Probe>> = {
  l4: doing(ANY, { hash: { alg: HashAlg.l4 } }),
  symL4: doing(ANY, { hash: { alg: HashAlg.symL4 } }),
}

/** Matches on one thing more and more often, until the kernel says no: the last that it takes is its limit. */
export const LIMIT_PROBES = {
  /** Labels of an MPLS stack. */
  mplsLabels: Array.from({ length: 5 }, (_, i): Probe => of(0x8847, { mpls: Array.from({ length: i + 1 }, (_label, at) => ({ ...LABEL, bos: at === i ? 1 : 0 })) }, { mpls: Array.from({ length: i + 1 }, () => exact) })),
  /** VLAN tags, one within the other. */
  vlanTags: Array.from({ length: 3 }, (_, i): Probe => tagged(i + 1)),
  /** Lists of actions within each other, the outermost included. No more: kernels before 6.8 that were not mended follow them as deep as their stack goes, and deeper. */
  actionDepth: Array.from({ length: 17 }, (_, i): Probe => doing(ANY, ...nested(i + 1))),
} as const

function tagged(levels: number): Probe {
  if (levels === 0) return of(0x88cc)
  const { key, mask } = tagged(levels - 1)
  return of(0x8100, { vlan: vlanTci(levels), encap: key }, { vlan: exact, encap: mask })
}

function nested(depth: number): ActionsInput {
  return depth === 1 ? [{ output: 1 }] : [{ clone: nested(depth - 1) }, { output: 1 }]
}
