import { findAttribute } from '../netlink/attribute-list.js'
import { eachAttribute } from '../netlink/attributes.js'
import { Source } from '../netlink/bytes.js'
import { NLA_TYPE_MASK } from '../netlink/constants.js'
import { InvalidValueError } from '../netlink/errors.js'
import { Writer } from '../netlink/writer.js'
import { FlowKeyAttributes, type FlowKeyInput, type FlowMask } from './key.js'
import { FragType } from './key-structs.js'
import { headersBehind } from './match-rules.js'
import { cover, isZero, type Range, REDUCERS } from './reducers.js'

const { ethernet, inPort, ethertype, vlan, encap, ipv4, ipv6 } = FlowKeyAttributes.table
/** What an ethertype stands before. */
const HEADERS = new Set(Object.values(FlowKeyAttributes.table).flatMap(({ layer, number }) => (layer === 'header' ? [number] : [])))
const MODELLED = new Set(FlowKeyAttributes.entries.map((entry) => entry.number))
/** The bit that says a VLAN tag is there, in its first byte: without it the kernel takes the tag for a mistake. */
const VLAN_PRESENT = 0x10
const IP = [['ipv4', ipv4], ['ipv6', ipv6]] as const

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
  reduce(source, [0, middle], [middle, scratch.length], reduced)
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

/**
 * Writes what of `key` the mask covers. `typeMatters`: the mask around this one covers the
 * ethertype and says nothing of what is within the tag, which the kernel takes for the inner type.
 */
function reduce(from: Source, key: Range, mask: Range, out: Writer, typeMatters = false): void {
  const masks = new Map<number, Range>()
  let headersMatter = typeMatters
  eachAttribute(from, ...mask, (type, start, end) => {
    if (isZero(from.bytes, start, end)) return
    const number = type & NLA_TYPE_MASK
    masks.set(number, [start, end])
    headersMatter ||= number === ethertype.number || HEADERS.has(number)
  })
  const tagged = findAttribute(from, ...key, vlan.number) !== undefined
  const begin = out.length
  let hasIp = false
  eachAttribute(from, ...key, (type, start, end) => {
    const number = type & NLA_TYPE_MASK
    const bits = masks.get(number)
    if (!isNeeded(number, bits, headersMatter, tagged)) return
    hasIp ||= number === ipv4.number || number === ipv6.number
    const at = out.openAttribute(type)
    const special = REDUCERS.get(number)
    if (special !== undefined) special(from, [start, end], bits, out)
    else if (number === encap.number) reduce(from, [start, end], bits ?? [0, 0], out, bits === undefined && masks.has(ethertype.number))
    else if (isWhole(number, bits)) out.raw(from.bytes.subarray(start, end))
    else {
      const tag = out.length
      cover(from, [start, end], bits, out)
      if (number === vlan.number) out.bytes[tag] = (out.bytes[tag] as number) | ((from.bytes[start] as number) & VLAN_PRESENT)
    }
    out.closeAttribute(at)
  })
  if (hasIp) addHeaders(out, begin)
}

/**
 * A later fragment's key has no ports. Where the mask covers the protocol but not that it is one, the
 * reduced key says a protocol behind which the kernel wants a header: it gets one of zeros, which is
 * also what is left of the header of any other packet that the flow matches.
 */
function addHeaders(out: Writer, begin: number): void {
  const written = new Source(out.bytes)
  const end = out.length
  for (const [version, { number, codec }] of IP) {
    const ip = findAttribute(written, begin, end, number)
    if (ip === undefined || written.bytes[ip[0] + codec.fields.frag.offset] === FragType.later) continue
    for (const member of headersBehind(version, written.bytes[ip[0] + codec.fields.proto.offset] as number)) {
      const header = FlowKeyAttributes.table[member]
      if (findAttribute(written, begin, end, header.number) !== undefined) continue
      const at = out.openAttribute(header.number)
      out.fill(0, header.codec.least)
      out.closeAttribute(at)
    }
  }
}

function isNeeded(number: number, bits: Range | undefined, headersMatter: boolean, tagged: boolean): boolean {
  // A key without Ethernet is one of packets that have none; and the kernel always matches the tag.
  if (number === ethernet.number || number === vlan.number || number === encap.number) return true
  if (number === ethertype.number) return tagged || headersMatter
  return HEADERS.has(number) ? headersMatter : bits !== undefined
}

/** What the kernel matches whole, or reads before it looks at any mask. */
function isWhole(number: number, bits: Range | undefined): boolean {
  return number === ethertype.number || number === inPort.number || (number === vlan.number && bits === undefined) || !MODELLED.has(number)
}
