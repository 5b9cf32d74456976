import { findAttribute } from '../netlink/attribute-list.js'
import { eachAttribute } from '../netlink/attributes.js'
import { Source } from '../netlink/bytes.js'
import { NLA_TYPE_MASK } from '../netlink/constants.js'
import { InvalidValueError } from '../netlink/errors.js'
import { Writer } from '../netlink/writer.js'
import { FlowKeyAttributes, type FlowKeyInput, type FlowMask } from './key.js'
import { FragType, IcmpKey } from './key-structs.js'
import { headersBehind, isNdType } from './match-rules.js'
import { cover, isZero, type Range, REDUCERS, whole } from './reducers.js'

const { ethernet, inPort, ethertype, vlan, encap, ipv4, ipv6, ipv6Exthdrs, icmpv6, nd } = FlowKeyAttributes.table
/** What an ethertype stands before; the bits of extension headers the kernel matches before any. */
const HEADERS = new Set(Object.values(FlowKeyAttributes.table).flatMap(({ layer, number }) => (layer === 'header' && number !== ipv6Exthdrs.number ? [number] : [])))
const MODELLED = new Set(FlowKeyAttributes.entries.map((entry) => entry.number))
const IP = [['ipv4', ipv4], ['ipv6', ipv6]] as const
const IPV6 = 0x86dd
/** The least that the kernel takes for one; it wants no header behind it. */
const ANY_TYPE = 0x0600
/** What the type of a tag is. */
const [VLAN, QINQ] = [0x8100, 0x88a8]
const MOST_TAGS = 2
/** The bit that says a VLAN tag is there, in its first byte: without it the kernel takes the tag for a mistake. */
const VLAN_PRESENT = 0x10

/**
 * A key's attributes with every bit cleared that the mask does not cover.
 *
 * The kernel names a flow that has no UFID by its key with all of its bits, also those that the mask
 * takes away (`ovs_flow_tbl_lookup_exact()` in `net/openvswitch/flow_table.c`), and refuses, with
 * ENOENT, a second flow that matches the same packets under another name. With keys reduced like
 * this, two flows that match the same packets always have the same name.
 */
export function maskedKey(key: FlowKeyInput, mask: FlowMask): Uint8Array {
  scratch.reset()
  within('OVS_FLOW_ATTR_KEY', () => FlowKeyAttributes.write(scratch, key))
  const middle = scratch.length
  within('OVS_FLOW_ATTR_MASK', () => FlowKeyAttributes.writeMask(scratch, mask))
  if (source.bytes.length !== scratch.bytes.length) source = new Source(scratch.bytes)
  reduced.reset()
  const framed = findAttribute(source, 0, middle, ethernet.number) !== undefined
  reduce(source, [0, middle], coveredBy(source, [middle, scratch.length]), framed, reduced)
  return reduced.copy()
}

/** Flows are put often, and nothing here waits: the memory is used again. */
const scratch = new Writer()
const reduced = new Writer()
let source = new Source(scratch.bytes)

/** What is encoded ahead of its message stands within the same attribute all the same. */
function within(attribute: string, encode: () => void): void {
  try {
    encode()
  } catch (error) {
    throw error instanceof InvalidValueError ? error.within(attribute) : error
  }
}

/** What a mask covers, as the kernel reads it: what is within tags stands beside them. */
interface Covered {
  /** Of each attribute that has some, its bits; of `ethertype`, those of the type behind the tags. */
  readonly bits: Map<number, Range>
  /** Of each tag that the mask has an `encap` for, the bits of its `vlan`. Of any other the kernel matches `vlan` whole, and the type not at all. */
  readonly tags: (Range | undefined)[]
}

function coveredBy(from: Source, mask: Range, covered: Covered = { bits: new Map(), tags: [] }): Covered {
  const { bits, tags } = covered
  let inner: Range | undefined
  eachAttribute(from, ...mask, (type, start, end) => {
    if (isZero(from.bytes, start, end)) return
    const number = type & NLA_TYPE_MASK
    if (number === encap.number) inner = [start, end]
    else bits.set(number, [start, end])
  })
  if (inner === undefined) return covered
  tags.push(bits.get(vlan.number))
  bits.delete(vlan.number)
  bits.delete(ethertype.number)
  return coveredBy(from, inner, covered)
}

/** Writes what of `key` is covered. `key` is the whole, or, at `depth` 1 and 2, what is within a tag. */
function reduce(from: Source, key: Range, covered: Covered, framed: boolean, out: Writer, depth = 0): void {
  const { bits, tags } = covered
  const ownType = findAttribute(from, ...key, ethertype.number)
  const isTag = framed && depth < MOST_TAGS && ownType !== undefined && isTagType(from.bytes.readUInt16BE(ownType[0]))
  // A tag that is cut off is to the kernel as none.
  const isCutOff = isTag && isTagCutOff(from, key)
  const begin = out.length
  let hasIp = false
  eachAttribute(from, ...key, (type, start, end) => {
    const number = type & NLA_TYPE_MASK
    const isOfTag = number === vlan.number || number === encap.number || (isTag && number === ethertype.number)
    if (isOfTag ? isCutOff : !isNeeded(from, key, number, bits)) return
    hasIp ||= number === ipv4.number || number === ipv6.number
    const at = out.openAttribute(type)
    if (number === encap.number) reduce(from, [start, end], covered, framed, out, depth + 1)
    else if (number === vlan.number) reduceTag(from, [start, end], depth < tags.length ? tags[depth] : bits.get(number), out)
    else if (isOfTag && depth >= tags.length) out.be16(VLAN)
    else (REDUCERS.get(number) ?? (isWhole(number) ? whole : cover))(from, [start, end], bits.get(number), out)
    out.closeAttribute(at)
  })
  if (hasIp) addHeaders(out, begin, bits)
  if ((!isTag || isCutOff) && (framed || ownType !== undefined) && !bits.has(ethertype.number)) addType(from, key, bits, framed, out)
}

const isTagType = (type: number): boolean => type === VLAN || type === QINQ

function isTagCutOff(from: Source, key: Range): boolean {
  const [tci, rest] = [findAttribute(from, ...key, vlan.number), findAttribute(from, ...key, encap.number)]
  return tci !== undefined && rest !== undefined && isZero(from.bytes, ...tci) && rest[0] === rest[1]
}

function reduceTag(from: Source, tag: Range, bits: Range | undefined, out: Writer): void {
  if (bits === undefined) return whole(from, tag, bits, out)
  const at = out.length
  cover(from, tag, bits, out)
  out.bytes[at] = (out.bytes[at] as number) | ((from.bytes[tag[0]] as number) & VLAN_PRESENT)
}

/**
 * One type for all, where the mask does not cover it: a key without Ethernet must have one, and the kernel reports
 * extension headers only of IPv6.
 */
function addType(from: Source, key: Range, bits: Covered['bits'], framed: boolean, out: Writer): void {
  const hasExtensions = bits.has(ipv6Exthdrs.number) && findAttribute(from, ...key, ipv6Exthdrs.number) !== undefined
  if (framed && !hasExtensions) return
  const at = out.openAttribute(ethertype.number)
  out.be16(hasExtensions ? IPV6 : ANY_TYPE)
  out.closeAttribute(at)
  if (hasExtensions) addZeros(ipv6, out)
}

function addZeros({ number, codec }: { readonly number: number; readonly codec: { readonly least: number } }, out: Writer): void {
  const at = out.openAttribute(number)
  out.fill(0, codec.least)
  out.closeAttribute(at)
}

/**
 * A later fragment's key has no ports. Where the mask covers the protocol but not that it is one, the
 * reduced key says a protocol behind which the kernel wants a header: it gets one of zeros, which is
 * also what is left of the header of any other packet that the flow matches. One that the mask covers is the key's to have.
 */
function addHeaders(out: Writer, begin: number, bits: Covered['bits']): void {
  const written = new Source(out.bytes)
  const end = out.length
  for (const [version, { number, codec }] of IP) {
    const ip = findAttribute(written, begin, end, number)
    if (ip === undefined || written.bytes[ip[0] + codec.fields.frag.offset] === FragType.later) continue
    for (const member of headersBehind(version, written.bytes[ip[0] + codec.fields.proto.offset] as number)) {
      const header = FlowKeyAttributes.table[member]
      if (!bits.has(header.number) && findAttribute(written, begin, end, header.number) === undefined) addZeros(header, out)
    }
  }
}

function isNeeded(from: Source, key: Range, number: number, bits: Covered['bits']): boolean {
  // A key without Ethernet is one of packets that have none.
  if (number === ethernet.number) return true
  if (!HEADERS.has(number)) return bits.has(number)
  return bits.has(ethertype.number) && (number !== nd.number || isNeighbourDiscovery(from, key, bits))
}

/** What is left of the key says so: where it does not, `nd` would take the place of `ctOrigTupleIpv6`, which is the same memory of the kernel's. */
function isNeighbourDiscovery(from: Source, key: Range, bits: Covered['bits']): boolean {
  const [header, mask] = [findAttribute(from, ...key, icmpv6.number), bits.get(icmpv6.number)]
  const { offset } = IcmpKey.fields.type
  return header !== undefined && mask !== undefined && from.bytes[mask[0] + offset] === 0xff && isNdType(from.bytes[header[0] + offset] as number)
}

/** What the kernel matches whole. */
function isWhole(number: number): boolean {
  return number === ethertype.number || number === inPort.number || !MODELLED.has(number)
}
