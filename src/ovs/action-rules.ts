import { exact, type OutOf } from '../netlink/codec.js'
import { Source } from '../netlink/bytes.js'
import { Writer } from '../netlink/writer.js'
import { type Action, ActionAttributes, type Actions, type ActionsInput } from './action.js'
import { HashAlg, MplsTunnelFlags } from './action-arguments.js'
import { ctProblems } from './ct-rules.js'
import { FlowKeyAttributes, type FlowKey, type FlowKeyInput, type FlowMask } from './key.js'
import { maskedKey } from './masked-key.js'
import type { NshKey } from './nsh.js'
import { isMpls, type KnownPacket, setProblems } from './set-rules.js'

type Table = typeof ActionAttributes.table

/** What the kernel knows of the packet when it comes to an action; `undefined` where nothing is known here. */
interface Packet extends KnownPacket {
  /** A VLAN tag stands before the type. */
  tagged: boolean
  /** How many MPLS labels are known to be there. */
  labels: number
}

/** Where an action stands. */
interface Place {
  readonly last: boolean
  readonly depth: number
}

/** Says what is wrong with an action, and does to the packet what the kernel takes it to do. */
type Check<V> = (value: V, packet: Packet | undefined, place: Place) => readonly string[]

/** As deep as the kernel copies actions within actions (`OVS_COPY_ACTIONS_MAX_DEPTH`). */
const DEEPEST = 16
const PORTS = 0xffff
const LEAST_FRAME = 14
const VLAN_PRESENT = 0x1000
const [IPV4, IPV6, ARP, RARP, VLAN, QINQ, TEB, NSH] = [0x0800, 0x86dd, 0x0806, 0x8035, 0x8100, 0x88a8, 0x6558, 0x894f]
/** What an NSH header can stand before (`tun_p_from_eth_p()` in `net/tun_proto.h`). */
const NEXT_PROTOCOLS: Readonly<Record<number, number>> = { 1: IPV4, 2: IPV6, 3: TEB, 4: NSH, 5: 0x8847 }
const NO_ETHERNET = 'the packet has no Ethernet header'
const NEEDS_MPLS_TYPE = 'its ethertype must be 0x8847 or 0x8848'
const TOO_DEEP = `actions are within each other at most ${DEEPEST} deep`

const hex = (type: number) => `0x${type.toString(16).padStart(4, '0')}`
/** The sentences of those that are broken. */
const broken = (...rules: readonly (readonly [isBroken: boolean | undefined, sentence: string])[]) => rules.filter(([isBroken]) => isBroken).map(([, sentence]) => sentence)

/** A label goes directly before the network header, of the types for which the order of tags is known. */
function takesNoLabel(packet: Packet | undefined): boolean | undefined {
  return packet && (packet.tagged || !([IPV4, IPV6, ARP, RARP].includes(packet.type) || isMpls(packet.type)))
}
const TAKES_NO_LABEL = 'a label goes only before IPv4, IPv6, ARP, RARP or MPLS, and not behind a VLAN tag'

/** `__ovs_nla_copy_actions()` in `net/openvswitch/flow_netlink.c`, action by action. */
const CHECKS: { readonly [Name in keyof Table]?: Check<OutOf<Table[Name]['codec']>> } = {
  output: (port) => broken([port >= PORTS, `a port number is below 65535, ${port} is not`]),
  userspace: ({ pid }) => broken([!pid, 'it needs a pid that is not 0']),
  trunc: ({ maxLen }) => broken([maxLen < LEAST_FRAME, `maxLen must be at least ${LEAST_FRAME}, not ${maxLen}`]),
  hash: ({ alg }) => broken([!(Object.values(HashAlg) as number[]).includes(alg), `there is no algorithm ${alg}`]),
  set: (key, packet) => setProblems(key, undefined, packet),
  setMasked: ({ key, mask }, packet) => setProblems(key, mask, packet),
  popVlan(_, packet) {
    const problems = broken([packet?.ethernet === false, NO_ETHERNET])
    if (packet) packet.tagged = false
    return problems
  },
  pushVlan({ tpid, tci }, packet) {
    const problems = broken(
      [packet?.ethernet === false, NO_ETHERNET],
      [tpid !== VLAN && tpid !== QINQ, `tpid must be 0x8100 or 0x88a8, not ${hex(tpid)}`],
      [!(tci & VLAN_PRESENT), `tci lacks the bit 0x1000, which says that the tag is there: vlanTci(${tci & 0xfff}) has it`],
    )
    if (packet) packet.tagged = true
    return problems
  },
  pushMpls({ ethertype }, packet) {
    const problems = broken([!isMpls(ethertype), `${NEEDS_MPLS_TYPE}, not ${hex(ethertype)}`], [takesNoLabel(packet), TAKES_NO_LABEL])
    if (packet) Object.assign(packet, { type: ethertype, labels: packet.labels + 1 })
    return problems
  },
  addMpls({ ethertype, tunFlags }, packet) {
    const beforeNetwork = (tunFlags & MplsTunnelFlags.l3Tunnel) !== 0
    const problems = broken([!isMpls(ethertype), `${NEEDS_MPLS_TYPE}, not ${hex(ethertype)}`], [beforeNetwork && takesNoLabel(packet), TAKES_NO_LABEL])
    if (packet) {
      const first = !beforeNetwork && packet.ethernet
      Object.assign(packet, { type: ethertype, labels: first ? 1 : packet.labels + 1, ...(first ? { ethernet: false } : {}) })
    }
    return problems
  },
  popMpls(type, packet) {
    const problems = broken(
      [packet && (packet.tagged || !isMpls(packet.type)), 'the packet must be MPLS, without a VLAN tag'],
      [packet?.ethernet === true && type === TEB, 'what is behind the labels is an Ethernet frame only if none is before them'],
    )
    // The kernel's count is unsigned: one too many is many.
    if (packet) {
      packet.labels = (packet.labels - 1) >>> 0
      packet.type = isMpls(type) && packet.labels > 0 ? type : 0
    }
    return problems
  },
  ct: (arguments_, packet) => ctProblems(arguments_, packet),
  pushEth(_, packet) {
    const problems = broken([packet?.ethernet, 'the packet has an Ethernet header already'])
    if (packet) packet.ethernet = true
    return problems
  },
  popEth(_, packet) {
    const problems = broken([packet?.ethernet === false, NO_ETHERNET], [packet?.tagged, 'a VLAN tag is on the packet'])
    if (packet) packet.ethernet = false
    return problems
  },
  pushNsh({ nsh }, packet) {
    const problems = broken([packet && !packet.ethernet && !Object.values(NEXT_PROTOCOLS).includes(packet.type), 'an NSH header goes before Ethernet, IPv4, IPv6, NSH or MPLS'])
    if (packet) packet.ethernet = false
    return [...problems, ...nshProblems(nsh)]
  },
  popNsh(_, packet) {
    const np = packet?.key.nsh?.base?.np ?? 0
    const problems = broken(
      [packet && packet.type !== NSH, `the flow must match ethertype ${hex(NSH)} (NSH)`],
      [packet && NEXT_PROTOCOLS[np] === undefined, 'the flow must match nsh.base.np, which says what is behind the header'],
    )
    if (packet) packet.ethernet = NEXT_PROTOCOLS[np] === TEB
    return problems
  },
  sample: ({ probability, actions }, packet, { depth }) => [
    ...broken([probability === undefined, 'it needs a probability'], [actions === undefined, 'it needs actions']),
    ...within('sample', actions, packet, depth),
  ],
  clone: (actions, packet, { depth }) => within('clone', actions, packet, depth),
  checkPktLen: ({ pktLen, actionsIfGreater, actionsIfLessEqual }, packet, { depth }) => [
    ...broken(
      [!pktLen, 'it needs a pktLen that is not 0'],
      [actionsIfGreater === undefined || actionsIfLessEqual === undefined, 'it needs both actionsIfGreater and actionsIfLessEqual; [] does nothing'],
    ),
    ...within('actionsIfGreater', actionsIfGreater, packet, depth),
    ...within('actionsIfLessEqual', actionsIfLessEqual, packet, depth),
  ],
  decTtl: ({ action }, packet, { depth }) => [...broken([action === undefined, 'it needs an action for expired packets; [] drops them']), ...within('decTtl', action, packet, depth)],
  drop: (_, __, { last }) => broken([!last, 'it must be the last']),
  psample: ({ group }) => broken([group === undefined, 'it needs a group']),
}

/** `nsh_key_put_from_nlattr()`, of a header to push. */
function nshProblems({ base, md1, md2 }: NshKey = {}): string[] {
  return broken(
    [base === undefined, 'nsh needs its base'],
    [md1 === undefined && md2 === undefined, 'nsh needs md1 or md2'],
    [md1 !== undefined && md2 !== undefined, 'nsh has md1 or md2, not both'],
    [(md1 !== undefined && base?.mdtype !== 1) || (md2 !== undefined && base?.mdtype !== 2), 'nsh.base.mdtype must say which metadata there are: 1 for md1, 2 for md2'],
    [md2?.length === 0, 'nsh.md2 must not be empty'],
  )
}

/**
 * Why the kernel refuses these actions, on packets that this key and mask match, as far as its rules
 * say it: a sentence for each rule that is broken. Without a key, only what is wrong on any packet.
 * What this kernel does not know, or was not built with, is not known here.
 */
export function actionProblems(actions: ActionsInput, key?: FlowKeyInput, mask?: FlowMask): string[] {
  const writer = new Writer(512)
  ActionAttributes.write(writer, actions)
  const decoded = ActionAttributes.read(new Source(writer.bytes), 0, writer.length)
  return listProblems(decoded, key === undefined ? undefined : packetOf(key, mask), 0)
}

function listProblems(actions: Actions, packet: Packet | undefined, depth: number): string[] {
  if (depth > DEEPEST) return [TOO_DEEP]
  // Within a list the Ethernet header is where the key says it is, whatever the list around it does.
  const state = packet && { ...packet, ethernet: packet.framed }
  return actions.flatMap((action, i) => {
    const place = { last: i === actions.length - 1, depth }
    const problems = problemsOf(action, state, place)
    return actions.length === 1 ? problems : problems.map((problem) => (problem === TOO_DEEP ? problem : `[${i}] ${problem}`))
  })
}

function problemsOf(action: Action, packet: Packet | undefined, place: Place): string[] {
  const [name, value] = Object.entries(action)[0] as [keyof Table, never]
  return (CHECKS[name] as Check<never> | undefined)?.(value, packet, place).map((problem) => (problem === TOO_DEEP ? problem : `${name}: ${problem}`)) ?? []
}

function within(name: string, actions: Actions | undefined, packet: Packet | undefined, depth: number): string[] {
  return actions === undefined ? [] : listProblems(actions, packet, depth + 1).map((problem) => (problem === TOO_DEEP ? problem : `within ${name}, ${problem}`))
}

/** The packet as the kernel knows it before the first action: by what the mask covers of the key. */
function packetOf(given: FlowKeyInput, mask: FlowMask | undefined): Packet {
  const key = decodedKey(given, mask)
  const inner = behindTags(key)
  const framed = given.ethernet !== undefined || given.ethertype === undefined
  const type = mask === undefined || isTypeMatched(key, mask) ? (inner.ethertype ?? 0) : 0
  const labels = mask === undefined ? inner.mpls?.length : Math.min(inner.mpls?.length ?? 0, labelsMatched(mask))
  return { key: inner, framed, known: type, ethernet: framed, type, tagged: ((key.vlan ?? 0) & VLAN_PRESENT) !== 0, labels: labels ?? 0 }
}

/** The mask covers the ethertype behind the tags: all of it, where it has one bit. One that says nothing of what is behind a tag means that type with the tag's own. */
function isTypeMatched({ encap, vlan = 0 }: FlowKey, mask: FlowMask): boolean {
  if (encap !== undefined && vlan & VLAN_PRESENT && mask.encap !== undefined) return isTypeMatched(encap, mask.encap as FlowMask)
  return mask.ethertype !== undefined && mask.ethertype !== 0
}

function decodedKey(key: FlowKeyInput, mask: FlowMask | undefined): FlowKey {
  if (mask !== undefined) {
    const bytes = maskedKey(key, mask)
    return FlowKeyAttributes.read(new Source(bytes), 0, bytes.length)
  }
  const writer = new Writer(512)
  FlowKeyAttributes.write(writer, key)
  return FlowKeyAttributes.read(new Source(writer.bytes), 0, writer.length)
}

function behindTags(key: FlowKey): FlowKey {
  return key.encap !== undefined && (key.vlan ?? 0) & VLAN_PRESENT ? behindTags(key.encap) : key
}

/** How many labels a mask covers; one of zeros alone counts as none. */
function labelsMatched({ encap, mpls }: FlowMask): number {
  if (encap !== undefined) return labelsMatched(encap as FlowMask)
  if (!Array.isArray(mpls)) return 0
  const isCovered = mpls.some((label: object) => label === (exact as unknown) || Object.values(label).some((bits) => bits !== 0))
  return isCovered ? mpls.length : 0
}
