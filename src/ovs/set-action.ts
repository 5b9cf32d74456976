import { LITTLE_ENDIAN, type Source } from '../netlink/bytes.js'
import { type AnyCodec, type Codec, exact } from '../netlink/codec.js'
import { align, NLA_HEADER, NLA_TYPE_MASK } from '../netlink/constants.js'
import { decodable, readWhole, undecoded } from '../netlink/decodable.js'
import { InvalidValueError, MalformedMessageError } from '../netlink/errors.js'
import { readUnknown } from '../netlink/unknown-attribute.js'
import type { Writer } from '../netlink/writer.js'
import { type FlowKey, FlowKeyAttributes, type FlowKeyInput, type FlowMask } from './key.js'

/** What a masked set writes: the bits of `key` where `mask` has ones. */
export interface MaskedSet {
  /** One key attribute. */
  key: FlowKey
  /** The same one: ones where it is written. */
  mask: FlowKey
}
/** A masked set as it may be given; both have the same one member. */
export interface MaskedSetInput {
  /** One key attribute; members of a structure that are left out are zeros. */
  readonly key: FlowKeyInput
  /** The same one: `exact`, or ones where it is written. */
  readonly mask: FlowMask
}

/** `OVS_ACTION_ATTR_SET`'s payload: exactly one key attribute, whole. */
export const SetKey: Codec<FlowKey, FlowKeyInput, never> = {
  describe: 'one OVS_KEY_ATTR_*',
  least: NLA_HEADER,
  most: 65531,
  read(source, start, end) {
    const key = FlowKeyAttributes.read(source, start, end)
    if (Object.keys(key).length !== 1) throw new MalformedMessageError('a set does not hold exactly one attribute')
    return key
  },
  write(writer, value) {
    const name = onlyMember(value)
    const fields = (FlowKeyAttributes.entries.find((each) => each.name === name)?.codec as { fields?: object } | undefined)?.fields
    const missing = Object.keys(fields ?? {}).filter((field) => (value[name as keyof FlowKeyInput] as Record<string, unknown>)[field] === undefined)
    if (missing.length > 0) {
      throw new InvalidValueError(`must be whole, ${name} lacks ${missing.join(', ')}`, value, 'Give every member, or write only some with setMasked.')
    }
    FlowKeyAttributes.write(writer, value)
  },
  writeMask: noMask,
}

/** `OVS_ACTION_ATTR_SET_MASKED`'s payload: one key attribute that holds a value, then a mask of the same size. */
export const SetMaskedKey: Codec<MaskedSet, MaskedSetInput, never> = {
  describe: 'one OVS_KEY_ATTR_*: value, then mask',
  least: NLA_HEADER,
  most: 65531,
  read(source: Source, start, end) {
    const size = source.view.getUint16(start, LITTLE_ENDIAN)
    if (size < NLA_HEADER || start + size > end || start + align(size) < end || size % 2 !== 0) {
      throw new MalformedMessageError('a masked set does not hold exactly one attribute of two halves')
    }
    const type = source.view.getUint16(start + 2, LITTLE_ENDIAN)
    const from = start + NLA_HEADER
    const middle = from + ((size - NLA_HEADER) >> 1)
    const entry = FlowKeyAttributes.entry(type & NLA_TYPE_MASK)
    if (entry !== undefined && decodable(entry, middle - from)) {
      const [key, mask] = [readWhole(entry, source, from, middle), readWhole(entry, source, middle, start + size)]
      if (key !== undecoded && mask !== undecoded) return { key: { [entry.name]: key }, mask: { [entry.name]: mask } }
    }
    return { key: { unknown: [readUnknown(source, type, from, middle)] }, mask: { unknown: [readUnknown(source, type, middle, start + size)] } }
  },
  write(writer, value) {
    if (typeof value !== 'object' || value === null || value.key === undefined || value.mask === undefined) {
      throw new InvalidValueError('must have a key and a mask', value, 'Write { key: { ethernet: { src: … } }, mask: { ethernet: { src: exact } } }.')
    }
    const name = onlyMember(value.key)
    if (onlyMember(value.mask) !== name) throw new InvalidValueError('key and mask must have the same member', value)
    writePair(writer, name, value)
  },
  writeMask: noMask,
}

function writePair(writer: Writer, name: string, { key, mask }: MaskedSetInput): void {
  if (name === 'unknown') {
    const [value, bits] = [key.unknown?.[0], mask.unknown?.[0]]
    if (value === undefined || bits === undefined || value.bytes.length !== bits.bytes.length) throw new InvalidValueError('key and mask must have the same size', key)
    const at = writer.openAttribute(value.number)
    writer.raw(value.bytes)
    writer.raw(bits.bytes)
    writer.closeAttribute(at)
    return
  }
  const entry = FlowKeyAttributes.entries.find((each) => each.name === name)
  if (entry === undefined) {
    FlowKeyAttributes.write(writer, key)
    return
  }
  const at = writer.openAttribute(entry.type)
  try {
    const from = writer.length
    entry.codec.write(writer, key[name as keyof FlowKeyInput])
    const middle = writer.length
    entry.codec.writeMask(writer, mask[name as keyof FlowMask])
    checkCovered(writer, from, middle, entry.codec, key)
    writer.closeAttribute(at)
  } catch (error) {
    throw error instanceof InvalidValueError ? error.within(entry.kernelName) : error
  }
}

/** The kernel refuses a value with bits outside of its mask, in a sentence that does not say so. */
function checkCovered(writer: Writer, from: number, middle: number, codec: AnyCodec, key: FlowKeyInput): void {
  const size = middle - from
  if (writer.length - middle !== size) throw new InvalidValueError(`key and mask must both be ${codec.describe}`, key)
  for (let i = 0; i < size; i++) {
    if ((writer.bytes[from + i] as number) & ~(writer.bytes[middle + i] as number)) {
      throw new InvalidValueError('has bits outside of its mask', key, 'Clear those bits, or extend the mask.')
    }
  }
}

function onlyMember(value: object): string {
  const names = typeof value === 'object' && value !== null ? Object.keys(value) : []
  if (names.length !== 1) throw new InvalidValueError('must have exactly one member', value, 'Use one action for each key attribute.')
  return names[0] as string
}

function noMask(): never {
  throw new InvalidValueError('an action has no mask', exact)
}
