import { Source } from '../netlink/bytes.js'
import { Writer } from '../netlink/writer.js'
import { FlowKeyAttributes, type FlowKey, type FlowKeyInput, type FlowMask } from './key.js'
import type { Behind, KeyFacts } from './key-line.js'
import { FragType } from './key-structs.js'
import { valueProblems } from './value-rules.js'

const { table } = FlowKeyAttributes
/** A member of a key. */
type Member = keyof typeof table

/** When a key has a member by rights, and what of the mask must be exact before the mask may have it. */
interface Rule {
  readonly member: Member
  /** The key cannot be without it. */
  readonly isNeeded: boolean
  /** What the key says, for the sentence; undefined where it does not. */
  readonly because: (key: FlowKey) => string | undefined
  /** What the key would have to say. */
  readonly wanted: string
  readonly exact: (key: FlowKey) => string
  readonly isExact: (mask: FlowKey) => boolean
}

const IP = { ipv4: 0x0800, ipv6: 0x86dd } as const
type Version = keyof typeof IP
const hex = (ethertype: number) => `0x${ethertype.toString(16).padStart(4, '0')}`
const ipVersion = (key: FlowKey): Version | undefined => (Object.keys(IP) as Version[]).find((version) => IP[version] === key.ethertype)

function rule(member: Member, behind: Behind, layer: KeyFacts['layer']): Rule {
  const common = { member, isNeeded: layer === 'header' }
  if ('ethertype' in behind) {
    const because = ({ ethertype = 0 }: FlowKey) => (behind.ethertype.includes(ethertype) ? `ethertype is ${hex(ethertype)}` : undefined)
    return { ...common, because, wanted: `ethertype ${behind.ethertype.map(hex).join(' or ')}`, exact: () => 'ethertype', isExact: ({ ethertype: bits = 0 }) => bits !== 0 }
  }
  if ('proto' in behind) {
    const because = (key: FlowKey) => {
      const version = ipVersion(key)
      if (version === undefined || (behind.over ?? version) !== version) return undefined
      const header = key[version]
      return header?.proto === behind.proto && header.frag !== FragType.later ? `${version}.proto is ${behind.proto}` : undefined
    }
    return { ...common, because, wanted: `${behind.over ?? 'ipv4 or ipv6'} with proto ${behind.proto}`, exact: (key) => `${ipVersion(key)}.proto`, isExact: (mask) => (mask.ipv4 ?? mask.ipv6)?.proto === 0xff }
  }
  const { icmpv6Type } = behind
  const because = (key: FlowKey) => (RULE_OF.get('icmpv6')?.because(key) !== undefined && icmpv6Type.includes(key.icmpv6?.type ?? -1) ? `icmpv6.type is ${key.icmpv6?.type}` : undefined)
  return { ...common, because, wanted: `icmpv6 with type ${icmpv6Type.join(' or ')}`, exact: () => 'icmpv6.type', isExact: (mask) => mask.icmpv6?.type === 0xff }
}

const LINES = Object.entries(table) as [Member, KeyFacts][]
/** The rules of `match_validate()` in `net/openvswitch/flow_netlink.c`, as the table has them. */
const RULES: readonly Rule[] = LINES.flatMap(([member, { behind, layer }]) => (behind === undefined ? [] : [rule(member, behind, layer)]))
const RULE_OF: ReadonlyMap<string, Rule> = new Map(RULES.map((each) => [each.member, each]))

const NO_HEADERS: readonly Member[] = []
const BEHIND_IP: Readonly<Record<Version, ReadonlyMap<number, readonly Member[]>>> = { ipv4: behindIp('ipv4'), ipv6: behindIp('ipv6') }

function behindIp(version: Version): Map<number, Member[]> {
  const found = new Map<number, Member[]>()
  for (const [member, { behind }] of LINES) {
    if (behind === undefined || !('proto' in behind) || (behind.over ?? version) !== version) continue
    found.set(behind.proto, [...(found.get(behind.proto) ?? []), member])
  }
  return found
}

/** The members that a key needs behind an IP header with this protocol, unless it is a later fragment's. */
export function headersBehind(version: Version, proto: number): readonly Member[] {
  return BEHIND_IP[version].get(proto) ?? NO_HEADERS
}

const ND_TYPES = table.nd.behind !== undefined && 'icmpv6Type' in table.nd.behind ? table.nd.behind.icmpv6Type : []

/** Whether ICMPv6 of this type is neighbour discovery. */
export function isNdType(type: number): boolean {
  return ND_TYPES.includes(type)
}

/** Members whose mask is allowed whatever the key has. */
const ALWAYS_ALLOWED: ReadonlySet<string> = new Set<keyof FlowKey>(['tunnel', 'inPort', 'ethertype', 'unknown'])

/**
 * Why the kernel refuses to match by this key and mask, as far as its rules say it whose breach is
 * certain: a sentence for each rule that is broken.
 */
export function matchProblems(key: FlowKeyInput, mask?: FlowMask): string[] {
  const [given, covered] = [plain(key, 'write'), mask === undefined ? undefined : plain(mask, 'writeMask')]
  const behind = behindTags(given, covered)
  return [...levelProblems(given, withoutZeros(covered), 0), ...headerProblems(behind.key, withoutZeros(behind.mask)).map((problem) => 'within encap, '.repeat(behind.depth) + problem)]
}

/** As the kernel reads them: what stands beside a tag and what is within it is all the same to it, but for the tag itself. */
function behindTags(key: FlowKey, mask: FlowKey | undefined, depth = 0): { key: FlowKey; mask: FlowKey | undefined; depth: number } {
  const { ethertype: _, vlan, encap, ...beside } = key
  if (encap === undefined || vlan === undefined || depth === MOST_TAGS) return { key, mask, depth }
  return behindTags({ ...beside, ...encap }, mask === undefined ? undefined : withinTag(mask), depth + 1)
}

/** A mask that has nothing of what is within a tag says of that what it says beside it. */
function withinTag(mask: FlowKey): FlowKey {
  const { ethertype: _, vlan: __, encap = {}, ...beside } = mask
  return Object.keys(encap).length === 0 ? mask : { ...beside, ...encap }
}

/** The kernel passes over what is zero all through. */
function withoutZeros(mask: FlowKey | undefined): FlowKey | undefined {
  return mask === undefined ? undefined : (Object.fromEntries(Object.entries(mask).filter(([member, bits]) => !isZero(bits, member))) as FlowKey)
}

function levelProblems(key: FlowKey, mask: FlowKey | undefined, depth: number): string[] {
  const problems = [...valueProblems(key, mask), ...linkProblems(key, mask, depth)]
  if (key.encap === undefined) return problems
  const within = levelProblems(key.encap, mask === undefined ? undefined : withoutZeros(mask.encap ?? {}), depth + 1)
  return [...problems, ...within.map((problem) => `within encap, ${problem}`)]
}

function headerProblems(key: FlowKey, mask: FlowKey | undefined): string[] {
  const problems: string[] = []
  for (const { member, isNeeded, because } of RULES) {
    const reason = because(key)
    if (isNeeded && reason !== undefined && key[member] === undefined) problems.push(`the key needs ${member}, because its ${reason}${ofZeros(member)}`)
  }
  return mask === undefined ? problems : [...problems, ...maskProblems(key, mask)]
}

/** How to give a member whose value does not matter. */
function ofZeros(member: Member): string {
  const { codec } = table[member]
  const zeros = 'fields' in codec ? '{}' : codec.most <= 4 ? '0' : undefined
  return zeros === undefined ? '' : ` (${member}: ${zeros} if the mask leaves it out)`
}

function maskProblems(key: FlowKey, mask: FlowKey): string[] {
  const problems: string[] = []
  for (const member of Object.keys(mask)) {
    const found = RULE_OF.get(member)
    if (found === undefined) {
      if (key[member as Member] === undefined && !ALWAYS_ALLOWED.has(member)) problems.push(`the mask has ${member}, the key has not`)
    } else if (found.because(key) === undefined) problems.push(`the mask has ${member}, which is nothing that the rest of the key says there is: it takes ${found.wanted}`)
    else if (!found.isExact(mask)) problems.push(`the mask has ${member}, but does not match ${found.exact(key)} exactly`)
  }
  if (mask.ctOrigTupleIpv6 !== undefined && RULE_OF.get('nd')?.because(key) !== undefined) problems.push('the mask has ctOrigTupleIpv6, which the kernel does not know of neighbour discovery')
  return problems
}

const VLAN_TYPES = new Set([0x8100, 0x88a8])
const VLAN_PRESENT = 0x1000
const MOST_TAGS = 2

function linkProblems(key: FlowKey, mask: FlowKey | undefined, depth: number): string[] {
  const problems: string[] = []
  const { ethertype, vlan } = key
  if (depth === 0 && key.ethernet === undefined && ethertype === undefined) {
    problems.push('the key needs ethernet (give {} for any frame; without it, only packets that have no Ethernet header are meant)')
  }
  if (ethertype !== undefined && ethertype < 0x600) problems.push(`ethertype must be at least 0x0600, not ${hex(ethertype)}: leave it out for 802.2 frames`)
  const isTagged = ethertype !== undefined && VLAN_TYPES.has(ethertype) && (depth > 0 || key.ethernet !== undefined)
  if (isTagged && depth < MOST_TAGS && (vlan === undefined || key.encap === undefined)) problems.push(`the key needs vlan and encap, because its ethertype is ${hex(ethertype)}`)
  if (vlan !== undefined) {
    if (depth >= MOST_TAGS) problems.push(`the key has more than ${MOST_TAGS} VLAN tags`)
    else if (!isTagged) problems.push('the key has vlan, but its ethertype is not that of a tag (0x8100, 0x88a8)')
    else if (!(vlan & VLAN_PRESENT)) {
      if (vlan !== 0) problems.push('vlan lacks the bit 0x1000, which says that the tag is there: see vlanTci()')
      else if (Object.keys(key.encap ?? {}).length > 0) problems.push('vlan is 0, which stands for a tag that is cut off, and encap is not empty')
    }
  }
  if (mask?.encap !== undefined && key.encap !== undefined && !(isTagged && depth < MOST_TAGS && (vlan ?? 0) & VLAN_PRESENT)) problems.push('the mask has encap, but the key has no whole tag there')
  if (mask?.vlan !== undefined) {
    if (mask.encap === undefined) problems.push('the mask has vlan, but nothing of encap: encap must match something, such as its ethertype')
    if (mask.ethertype !== 0xffff) problems.push('the mask has vlan, but does not match ethertype (the type of the tag) exactly')
    if (!(mask.vlan & VLAN_PRESENT)) problems.push('the mask of vlan lacks the bit 0x1000, which says that the tag is there')
  } else if (mask?.encap !== undefined) problems.push('the mask has encap, but not vlan with the bit 0x1000, which says that the tag is there')
  return problems
}

/** A nest is nothing only where it is empty. */
function isZero(bits: unknown, member?: string): boolean {
  if (typeof bits === 'object' && bits !== null) {
    const values = Object.values(bits)
    return member !== undefined && NESTS.has(member) ? values.length === 0 : values.every((each) => isZero(each))
  }
  return bits === 0 || (typeof bits === 'string' && /^[0:.]*$/.test(bits))
}

const NESTS: ReadonlySet<string> = new Set<Member>(['tunnel', 'nsh', 'encap'])

/** As the kernel sees it: every member of a structure there, `exact` as ones. */
function plain(value: FlowKeyInput | FlowMask, method: 'write' | 'writeMask'): FlowKey {
  const writer = new Writer(512)
  FlowKeyAttributes[method](writer, value as never)
  return FlowKeyAttributes.read(new Source(writer.bytes), 0, writer.length)
}
