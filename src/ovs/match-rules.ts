import { Source } from '../netlink/bytes.js'
import { Writer } from '../netlink/writer.js'
import { FlowKeyAttributes, type FlowKey, type FlowKeyInput, type FlowMask } from './key.js'
import { FragType } from './key-structs.js'

/** A member of a key. */
type Member = keyof typeof FlowKeyAttributes.table

/** When a key must have further members, and what of the mask must be exact before theirs may be there. */
interface Rule {
  /** What the key says, for the sentence. */
  readonly because: string
  readonly applies: (key: FlowKey) => boolean
  readonly members: readonly Member[]
  readonly exact: string
  readonly isExact: (mask: FlowKey) => boolean
}

const ethertypeExact = (mask: FlowKey) => mask.ethertype === 0xffff
const protoExact = (mask: FlowKey) => (mask.ipv4 ?? mask.ipv6)?.proto === 0xff

function ofType(because: string, types: readonly number[], member: Member): Rule {
  return { because, applies: (key) => types.includes(key.ethertype ?? 0), members: [member], exact: 'ethertype', isExact: ethertypeExact }
}

function ofProtocol(because: string, version: 'ipv4' | 'ipv6', proto: number, ...members: readonly Member[]): Rule {
  return {
    because: `${version}.proto is ${because}`,
    applies: (key) => key.ethertype === (version === 'ipv4' ? 0x0800 : 0x86dd) && key[version]?.proto === proto && key[version].frag !== FragType.later,
    members,
    exact: `${version}.proto`,
    isExact: protoExact,
  }
}

/** Which members a protocol number asks for. */
const PROTOCOLS: readonly { version: 'ipv4' | 'ipv6'; proto: number; name: string; members: readonly Member[] }[] = [
  ...(['ipv4', 'ipv6'] as const).flatMap((version) => [
    { version, proto: 6, name: 'TCP', members: ['tcp', 'tcpFlags'] as const },
    { version, proto: 17, name: 'UDP', members: ['udp'] as const },
    { version, proto: 132, name: 'SCTP', members: ['sctp'] as const },
  ]),
  { version: 'ipv4', proto: 1, name: 'ICMP', members: ['icmp'] },
  { version: 'ipv6', proto: 58, name: 'ICMPv6', members: ['icmpv6'] },
]

/** The members that a key needs behind an IP header with this protocol, unless it is a later fragment's. */
export function headersBehind(version: 'ipv4' | 'ipv6', proto: number): readonly Member[] {
  return PROTOCOLS.find((each) => each.version === version && each.proto === proto)?.members ?? []
}

/** The rules of `match_validate()` in `net/openvswitch/flow_netlink.c`, for the keys that have a codec. */
const RULES: readonly Rule[] = [
  ofType('ethertype is 0x0800 (IPv4)', [0x0800], 'ipv4'),
  ofType('ethertype is 0x86dd (IPv6)', [0x86dd], 'ipv6'),
  ofType('ethertype is that of ARP or RARP', [0x0806, 0x8035], 'arp'),
  ...PROTOCOLS.map(({ version, proto, name, members }) => ofProtocol(`${proto} (${name})`, version, proto, ...members)),
  {
    because: 'icmpv6.type is that of neighbour discovery (135, 136)',
    applies: (key) => key.ipv6?.proto === 58 && (key.icmpv6?.type === 135 || key.icmpv6?.type === 136),
    members: ['nd'],
    exact: 'icmpv6.type',
    isExact: (mask) => mask.icmpv6?.type === 0xff,
  },
]

/** Members whose mask is allowed whatever the key has. */
const ALWAYS_ALLOWED: ReadonlySet<string> = new Set(['inPort', 'ethertype', 'unknown'])

/** Members whose mask is only allowed by a rule. */
const CONDITIONAL = new Set(RULES.flatMap((rule) => rule.members))

/**
 * Why the kernel refuses to match by this key and mask, as far as its rules about which headers go
 * together say it: a sentence for each rule that is broken.
 */
export function matchProblems(key: FlowKeyInput, mask?: FlowMask): string[] {
  const decoded = plain(key, 'write')
  return problemsOf(decoded, mask === undefined ? undefined : plain(mask, 'writeMask'))
}

function problemsOf(key: FlowKey, given: FlowKey | undefined, outermost = true): string[] {
  // The kernel passes over what is zero all through.
  const mask = given === undefined ? undefined : (Object.fromEntries(Object.entries(given).filter(([, bits]) => !isZero(bits))) as FlowKey)
  const applying = RULES.filter((rule) => rule.applies(key))
  const problems: string[] = []
  if (outermost && key.ethernet === undefined && key.ethertype === undefined) {
    problems.push('the key needs ethernet (give {} for any frame; without it, only packets that have no Ethernet header are meant)')
  }
  for (const { because, members } of applying) {
    for (const member of members) if (key[member] === undefined) problems.push(`the key needs ${member}, because its ${because}`)
  }
  for (const member of CONDITIONAL) {
    if (mask?.[member] === undefined) continue
    const rule = applying.find((each) => each.members.includes(member))
    if (rule === undefined) problems.push(`the mask has ${member}, which is no header that the rest of the key says there is`)
    else if (!rule.isExact(mask)) problems.push(`the mask has ${member}, but does not match ${rule.exact} exactly`)
  }
  if (mask?.vlan !== undefined) {
    if (mask.encap === undefined) problems.push('the mask has vlan, but nothing of encap: encap must match something, such as its ethertype')
    if (mask.ethertype !== 0xffff) problems.push('the mask has vlan, but does not match ethertype (the type of the tag) exactly')
    if (!(mask.vlan & 0x1000)) problems.push('the mask of vlan lacks the bit 0x1000, which says that the tag is there')
  }
  for (const member of Object.keys(mask ?? {}) as (keyof FlowKey)[]) {
    if (key[member] === undefined && !CONDITIONAL.has(member as Member) && !ALWAYS_ALLOWED.has(member)) problems.push(`the mask has ${member}, the key has not`)
  }
  if (key.encap !== undefined) problems.push(...problemsOf(key.encap, mask === undefined ? undefined : (mask.encap ?? {}), false).map((problem) => `within encap, ${problem}`))
  return problems
}

function isZero(bits: unknown): boolean {
  if (bits instanceof Uint8Array) return bits.every((byte) => byte === 0)
  if (typeof bits === 'object' && bits !== null) return Object.values(bits).every(isZero)
  return bits === 0 || (typeof bits === 'string' && /^[0:.]*$/.test(bits))
}

/** As the kernel sees it: every member of a structure there, `exact` as ones. */
function plain(value: FlowKeyInput | FlowMask, method: 'write' | 'writeMask'): FlowKey {
  const writer = new Writer(512)
  FlowKeyAttributes[method](writer, value as never)
  return FlowKeyAttributes.read(new Source(writer.bytes), 0, writer.length)
}
