import fc from 'fast-check'
import { type Datapath, exact, FlowAttributes, type FlowInput, type FlowKeyInput, type FlowMask, maskedKey, type Ovs } from '../../../src/index.js'
import { all } from './commands.js'
import { ethernet } from './key-cases.js'

/** Two keys that a mask may or may not tell apart. */
interface Pair {
  readonly keys: readonly [FlowKeyInput, FlowKeyInput]
  readonly mask: FlowMask
}

const some = <T>(...values: T[]) => fc.constantFrom(...values)
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 })
const rarely = <T>(value: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, value)
const byte = some<number | typeof exact>(exact, exact, 0x87, 0x88, 0x0f, 0)

const ND_TYPES = new Set([135, 136])
const ports = fc.record({ src: some(1, 3), dst: some(2) })
const ipv4 = fc.record({ src: some('10.0.0.1', '10.0.0.9'), proto: some(6, 7, 17, 89), frag: some(0, 0, 2) })
const ipv6 = fc.record({ src: some('fe80::1', 'fe80::9'), proto: some(58, 58, 59, 6), frag: some(0, 0, 2) })
const tuple = fc.record({ src: some('fd00::1', 'fd00::9'), proto: some(6, 17) })
const icmpv6 = fc.record({ type: some(128, 135, 136, 255), code: some(0, 1) })

/** A header with what the kernel wants behind it. */
const overIpv4 = fc.tuple(ipv4, ports, some(1, 2)).map(([header, each, tcpFlags]): FlowKeyInput => {
  const base = { ethertype: 0x0800, ipv4: header }
  if (header.frag === 2) return base
  return header.proto === 6 ? Object.assign(base, { tcp: each, tcpFlags }) : header.proto === 17 ? Object.assign(base, { udp: each }) : base
})
const overIpv6 = fc.tuple(ipv6, icmpv6, ports, some('fe80::2', 'fe80::3'), maybe(tuple), maybe(some(1, 3))).map(([header, icmp, each, target, ctOrigTupleIpv6, ipv6Exthdrs]): FlowKeyInput => {
  const base = { ethertype: 0x86dd, ipv6: header, ctOrigTupleIpv6, ipv6Exthdrs }
  if (header.frag === 2) return base
  if (header.proto === 58) return Object.assign(base, { icmpv6: icmp }, ND_TYPES.has(icmp.type) ? { nd: { target } } : {})
  return header.proto === 6 ? Object.assign(base, { tcp: each, tcpFlags: 2 }) : base
})
const others = fc.record({ ethertype: some(0x88cc, 0x88b5), ipv6Exthdrs: maybe(some(1, 3)) })
const anyContent = fc.oneof(overIpv4, overIpv6, others)

const exactly = some<number | typeof exact>(exact, exact, exact, 1)
const address = (partial: string) => maybe(some<string | typeof exact>(partial, exact))
const coversIpv4 = fc.record({
  ethertype: exactly,
  ipv4: fc.record({ src: address('255.255.255.0'), proto: byte }),
  tcp: rarely(some<FlowMask['tcp']>({ src: exact }, { src: 2 })),
})
const coversIpv6 = fc.record({
  ethertype: exactly,
  ipv6: maybe(fc.record({ src: address('ffff::'), proto: byte })),
  icmpv6: maybe(fc.record({ type: byte })),
  nd: rarely(fc.constant({ target: exact })),
  ipv6Exthdrs: rarely(some(1, 2)),
  ctOrigTupleIpv6: rarely(some<FlowMask['ctOrigTupleIpv6']>({ src: exact, proto: exact }, { proto: exact })),
})
const coversAnything = fc.record({ ethertype: maybe(exactly), skbMark: maybe(some(4)), ipv6Exthdrs: maybe(some(1, 2)) })
/** Two contents with the same or another ethertype, and what of them is covered. */
const contents = fc.oneof(
  fc.tuple(overIpv4, overIpv4, coversIpv4),
  fc.tuple(overIpv6, overIpv6, coversIpv6),
  fc.tuple(anyContent, anyContent, coversAnything),
  fc.tuple(anyContent, anyContent, fc.oneof(coversIpv4, coversIpv6)),
)

const tci = some(0x1001, 0x1001, 0x1002)
const tpid = some(0x8100, 0x88a8)
/** What stands before the content: nothing, not even Ethernet; Ethernet; one tag; two; or one that is cut off, with nothing behind it. */
const frame = fc.record({ kind: some<'none' | 'ethernet' | 'tag' | 'two tags' | 'cut off'>('none', 'none', 'ethernet', 'tag', 'two tags', 'cut off'), types: fc.tuple(tpid, tpid), tags: fc.tuple(tci, tci) })
type Frame = typeof frame extends fc.Arbitrary<infer F> ? F : never

function framed({ kind, types, tags }: Frame, behind: FlowKeyInput): FlowKeyInput {
  if (kind === 'none') return behind
  if (kind === 'ethernet') return { ethernet, ...behind }
  if (kind === 'cut off') return { ethernet, ethertype: types[0], vlan: 0, encap: {} }
  const inner = kind === 'tag' ? behind : { ethertype: types[1], vlan: tags[1], encap: behind }
  return { ethernet, ethertype: types[0], vlan: tags[0], encap: inner }
}

const tagMask = fc.record({ ethertype: fc.constant(exact), vlan: some<number | typeof exact>(exact, 0x1000, 0x1fff) })
const spoken = fc.record({ tags: fc.tuple(tagMask, tagMask), depth: some(0, 1, 2), beside: some(false, false, true) })

const TAGS: Readonly<Record<Frame['kind'], number>> = { none: 0, ethernet: 0, 'cut off': 0, tag: 1, 'two tags': 2 }

/** Of tags that are there, the mask speaks of all, of some or of none; or it has beside the tag what the kernel takes for what is within. */
function maskOf({ kind }: Frame, { tags, depth, beside }: typeof spoken extends fc.Arbitrary<infer S> ? S : never, content: FlowMask): FlowMask {
  const spokenOf = Math.min(depth, TAGS[kind])
  if (spokenOf === 0) return content
  const { ethertype = exact, ...headers } = content
  if (beside) return { ...headers, ...tags[0], encap: { ethertype } }
  return { ...tags[0], encap: spokenOf === 1 ? content : { ...tags[1], encap: content } }
}

const pair = fc.tuple(contents, frame, fc.option(frame, { nil: undefined, freq: 2 }), fc.tuple(tpid, tpid), spoken).map(([[one, two, content], first, second, types, mask]): Pair => ({
  keys: [framed(first, one), framed(second ?? { ...first, types }, two)],
  mask: maskOf(first, mask, content),
}))

const KEY = FlowAttributes.table.key.number
const ufidOf = (index: number) => new Uint8Array(new Uint32Array([index + 1, 7, 7, 7]).buffer)

/** The innermost. */
const inner = (key: FlowKeyInput): FlowKeyInput => (key.encap === undefined ? key : inner(key.encap))
const says = (part: FlowMask, member: keyof FlowMask): boolean => part[member] !== undefined || (part.encap !== undefined && says(part.encap as FlowMask, member))

/**
 * The one refusal of the kernel's that a reduced key does not meet: of neighbour discovery it takes no mask of how a
 * connection began, even where the mask does not cover that it is one.
 */
const isNd = (key: FlowKeyInput) => ND_TYPES.has(inner(key).icmpv6?.type ?? 0)
const isExempt = ({ key, mask: bits = {} }: FlowInput) => isNd(key) && says(bits, 'ctOrigTupleIpv6')

/** What the kernel reports is not all that it knows: it leaves out a tag that is cut off, extension headers that are not IPv6's, and a tuple beside neighbour discovery, which is in its place. */
export function isReportedWhole({ key }: FlowInput): boolean {
  const { ethertype, ipv6Exthdrs, ctOrigTupleIpv6 } = inner(key)
  return key.vlan !== 0 && (ipv6Exthdrs === undefined || ethertype === 0x86dd) && !(ctOrigTupleIpv6 !== undefined && isNd(key))
}

/** Two and two with one mask and a port of their own; the same in each run. */
export function anyFlows(count: number): readonly FlowInput[] {
  return fc.sample(pair, { numRuns: count, seed: 11 }).flatMap(({ keys, mask: bits }, i) => {
    const flows = keys.map((key) => ({ key: { inPort: i + 1, ...key }, mask: { inPort: exact, ...bits }, actions: [], probe: true }))
    return flows.some(isExempt) ? [] : flows
  })
}

/** What became of each flow: it was made, it is the one that there was before, or it was refused. */
type Outcome = 'made' | 'same' | 'refused'

/** Flows under UFIDs, and what the kernel then reports of each that was made. */
async function putUnderUfids(ovs: Ovs, dp: Datapath, flows: readonly FlowInput[], keyOf: (flow: FlowInput) => object) {
  const { failures } = await ovs.flow.newAll(flows.entries(), ([index, flow]) => ({ dpIfindex: dp.dpIfindex, ufid: ufidOf(index), mask: flow.mask, actions: [], probe: true, ...keyOf(flow) }))
  const refused = new Set(failures.flatMap(({ index, error }) => (error.code === 'EINVAL' ? [index] : [])))
  const reported = new Map((await all(dp.flows())).map(({ ufid, key, mask: bits }) => [hex(ufid), { key, mask: bits }]))
  return flows.map((flow, index) => {
    const found = reported.get(hex(ufidOf(index)))
    const outcome: Outcome = found !== undefined ? 'made' : refused.has(index) ? 'refused' : 'same'
    return { flow, outcome, ...found }
  })
}

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')

/** Flows as they are given, in the first datapath, and with their keys reduced, in the other. */
export async function asGivenAndReduced(ovs: Ovs, [one, other]: readonly [Datapath, Datapath], flows: readonly FlowInput[]) {
  const given = await putUnderUfids(ovs, one, flows, ({ key }) => ({ key }))
  const reduced = await putUnderUfids(ovs, other, flows, ({ key, mask: bits }) => ({ unknown: [{ number: KEY, bytes: maskedKey(key, bits as FlowMask), place: 0 }] }))
  return { given, reduced }
}
