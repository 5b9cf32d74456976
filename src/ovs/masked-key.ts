import { eachAttribute } from '../netlink/attributes.js'
import { Source } from '../netlink/bytes.js'
import { NLA_TYPE_MASK } from '../netlink/constants.js'
import { Writer } from '../netlink/writer.js'
import { FlowKeyAttributes, type FlowKeyInput, type FlowMask } from './key.js'

const { ethernet, ethertype, vlan, encap, ipv4, ipv6, ipv6Exthdrs, arp, tcp, tcpFlags, udp, sctp, icmp, icmpv6, nd } = FlowKeyAttributes.table
/** `OVS_KEY_ATTR_MPLS`, `OVS_KEY_ATTR_NSH`: beyond the link as well, though they have no codec. */
const MPLS = 21
const NSH = 28
const BEYOND_LINK = new Set([ethertype, vlan, encap, ipv4, ipv6, ipv6Exthdrs, arp, tcp, tcpFlags, udp, sctp, icmp, icmpv6, nd].map((each) => each.number).concat(MPLS, NSH))
const MODELLED = new Set(FlowKeyAttributes.entries.map((entry) => entry.number))
/** The bit that says a VLAN tag is there: without it the kernel takes the tag for a mistake. */
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
  FlowKeyAttributes.write(scratch, key)
  const middle = scratch.length
  FlowKeyAttributes.writeMask(scratch, mask)
  if (source.bytes.length !== scratch.bytes.length) source = new Source(scratch.bytes)
  reduced.reset()
  reduce(source, [0, middle], [middle, scratch.length], reduced)
  return reduced.copy()
}

/** Flows are put often, and nothing here waits: the memory is used again. */
const scratch = new Writer()
const reduced = new Writer()
let source = new Source(scratch.bytes)

type Range = readonly [start: number, end: number]

function reduce(source: Source, key: Range, mask: Range, out: Writer): void {
  const masks = new Map<number, Range>()
  let beyondLink = false
  eachAttribute(source, ...mask, (type, start, end) => {
    if (source.bytes.subarray(start, end).every((byte) => byte === 0)) return
    const number = type & NLA_TYPE_MASK
    masks.set(number, [start, end])
    beyondLink ||= BEYOND_LINK.has(number)
  })
  eachAttribute(source, ...key, (type, start, end) => {
    const number = type & NLA_TYPE_MASK
    const bits = masks.get(number)
    const needed = BEYOND_LINK.has(number) ? beyondLink : number === ethernet.number || bits !== undefined
    if (!needed) return
    const at = out.openAttribute(type)
    if (number === encap.number) reduce(source, [start, end], bits ?? [0, 0], out)
    else if (number === ethertype.number || !MODELLED.has(number)) out.raw(source.bytes.subarray(start, end))
    else cover(source, start, end, bits, out, number === vlan.number)
    out.closeAttribute(at)
  })
}

function cover(source: Source, start: number, end: number, bits: Range | undefined, out: Writer, tag: boolean): void {
  const at = out.take(end - start)
  for (let i = 0; i < end - start; i++) {
    const bit = bits === undefined || bits[0] + i >= bits[1] ? 0 : (source.bytes[bits[0] + i] as number)
    out.bytes[at + i] = (source.bytes[start + i] as number) & bit
  }
  if (tag) out.bytes[at] = (out.bytes[at] as number) | ((source.bytes[start] as number) & VLAN_PRESENT)
}
