import { findAttribute } from '../netlink/attribute-list.js'
import { eachAttribute } from '../netlink/attributes.js'
import { LITTLE_ENDIAN, Source } from '../netlink/bytes.js'
import { NLA_TYPE_MASK } from '../netlink/constants.js'
import type { Writer } from '../netlink/writer.js'
import { CT_STATE_BITS } from './conntrack-state.js'
import { FlowKeyAttributes } from './key.js'
import { CtTupleIpv4Key, CtTupleIpv6Key, IcmpKey } from './key-structs.js'
import { isNdType } from './match-rules.js'
import { NshBase, NshKeyAttributes } from './nsh.js'
import { TunnelKeyAttributes } from './tunnel-key.js'

/** Where a payload lies. */
export type Range = readonly [start: number, end: number]

/** Writes a key's payload without the bits that the mask does not cover; `mask` is undefined where it covers nothing. */
type Reducer = (from: Source, key: Range, mask: Range | undefined, out: Writer) => void

/** Whether all of these bytes are zeros. */
export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false
  return true
}

/** Bit by bit. */
export const cover: Reducer = (from, [start, end], mask, out) => {
  const at = out.take(end - start)
  for (let i = 0; i < end - start; i++) {
    const bits = mask === undefined || mask[0] + i >= mask[1] ? 0 : (from.bytes[mask[0] + i] as number)
    out.bytes[at + i] = (from.bytes[start + i] as number) & bits
  }
}

/** Attribute by attribute: those that the mask does not have are left out. */
function nest(reducerOf: (number: number, mask: Range) => Reducer | undefined): Reducer {
  return (from, key, mask, out) => {
    if (mask === undefined) return
    eachAttribute(from, ...key, (type, start, end) => {
      const number = type & NLA_TYPE_MASK
      const reducer = reducerOf(number, mask)
      if (reducer === undefined) return
      const at = out.openAttribute(type)
      reducer(from, [start, end], findAttribute(from, ...mask, number), out)
      out.closeAttribute(at)
    })
  }
}

/** Bits that there are not stay where the mask means all that there are: they are the kernel's to refuse, not ours to drop. */
const state: Reducer = (from, key, mask, out) => {
  const isAll = mask !== undefined && (from.view.getUint32(mask[0], LITTLE_ENDIAN) & CT_STATE_BITS) === CT_STATE_BITS
  ;(isAll ? whole : cover)(from, key, mask, out)
}

/** As it is, whatever the mask. */
export const whole: Reducer = (from, [start, end], _mask, out) => out.raw(from.bytes.subarray(start, end))

const { ipv4Dst, ipv6Dst, ttl, geneveOpts, vxlanOpts, erspanOpts } = TunnelKeyAttributes.table

/** The kernel wants an address that is not zero: where what is covered is, it gets the bits that are not covered. */
const destination: Reducer = (from, key, mask, out) => {
  const start = out.length
  cover(from, key, mask, out)
  if (!isZero(out.bytes, start, out.length)) return
  for (let i = start; i < out.length; i++) out.bytes[i] = ~(mask === undefined ? 0 : (from.bytes[mask[0] + i - start] as number))
}

const NEEDED = new Map<number, Reducer>([
  [ipv4Dst.number, destination],
  [ipv6Dst.number, destination],
  [ttl.number, cover],
])
const OPTIONS = [geneveOpts.number, vxlanOpts.number, erspanOpts.number]
const vxlan = nest(() => cover)

/**
 * The kernel matches a tunnel's IP version once the mask has anything of the tunnel, and takes no tunnel key
 * without destination and `ttl`. It matches the length of the options once the mask has options of any kind.
 */
const tunnel: Reducer = (from, key, mask, out) =>
  nest((number, masks) => {
    const needed = NEEDED.get(number)
    if (needed !== undefined) return needed
    if (findAttribute(from, ...masks, number) !== undefined) return number === vxlanOpts.number ? vxlan : cover
    return OPTIONS.includes(number) && OPTIONS.some((each) => findAttribute(from, ...masks, each) !== undefined) ? whole : undefined
  })(from, key, mask, out)

const { base, md1 } = NshKeyAttributes.table
const MDTYPE = NshBase.fields.mdtype.offset

/** The kernel takes `md1` only beside an `mdtype` of 1. */
const nsh: Reducer = (from, key, mask, out) => {
  const begin = out.length
  const contexts = findAttribute(from, ...key, md1.number)
  const masks = mask && findAttribute(from, ...mask, md1.number)
  const hasMd1 = contexts !== undefined && masks !== undefined && from.bytes.subarray(...contexts).some((byte, i) => byte & (from.bytes[masks[0] + i] as number))
  nest((number) => (number === md1.number && !hasMd1 ? undefined : cover))(from, key, mask, out)
  const header = hasMd1 ? findAttribute(new Source(out.bytes), begin, out.length, base.number) : undefined
  if (header !== undefined) out.bytes[header[0] + MDTYPE] = 1
}

const LSE = 4

/**
 * The kernel matches how many labels there are up to as many as the mask has, and takes no key without any.
 */
const mpls: Reducer = (from, [start, end], mask, out) => {
  const size = Math.max(LSE, Math.min(end - start, mask === undefined ? 0 : mask[1] - mask[0]))
  const at = out.length
  cover(from, [start, Math.min(end, start + size)], mask, out)
  out.fill(0, size - (out.length - at))
}

/** The kernel does not report a tuple whose protocol is 0: where what is covered of it is, it gets the bits that are not covered. */
const tuple =
  (proto: number): Reducer =>
  (from, key, mask, out) => {
    const start = out.length
    cover(from, key, mask, out)
    if (out.bytes[start + proto] === 0 && !isZero(out.bytes, start, out.length)) out.bytes[start + proto] = ~(mask === undefined ? 0 : (from.bytes[mask[0] + proto] as number))
  }

/**
 * The kernel wants `nd` behind two types: where what is covered of another type is one of them, it gets the bits that
 * are not covered.
 */
const icmpv6: Reducer = (from, key, mask, out) => {
  const at = out.length + IcmpKey.fields.type.offset
  cover(from, key, mask, out)
  const type = out.bytes[at] as number
  if (isNdType(type)) out.bytes[at] = type | ~(mask === undefined ? 0 : (from.bytes[mask[0] + IcmpKey.fields.type.offset] as number))
}

/** How keys are reduced whose bits do not stand for themselves alone. */
export const REDUCERS: ReadonlyMap<number, Reducer> = new Map([
  [FlowKeyAttributes.table.tunnel.number, tunnel],
  [FlowKeyAttributes.table.nsh.number, nsh],
  [FlowKeyAttributes.table.mpls.number, mpls],
  [FlowKeyAttributes.table.icmpv6.number, icmpv6],
  [FlowKeyAttributes.table.ctState.number, state],
  [FlowKeyAttributes.table.ctOrigTupleIpv4.number, tuple(CtTupleIpv4Key.fields.proto.offset)],
  [FlowKeyAttributes.table.ctOrigTupleIpv6.number, tuple(CtTupleIpv6Key.fields.proto.offset)],
])
