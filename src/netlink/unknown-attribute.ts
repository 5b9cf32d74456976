import type { Source } from './bytes.js'
import { NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_TYPE_MASK } from './constants.js'
import { InvalidValueError } from './errors.js'
import type { Writer } from './writer.js'

/** An attribute that no table knows, as it came; written back unchanged. */
export interface UnknownAttribute {
  /** 0 to 16383: the type field without its two flag bits. */
  number: number
  /** The payload, without padding. */
  bytes: Uint8Array
  /** It carried `NLA_F_NESTED`. */
  nestedFlag?: true
  /** It carried `NLA_F_NET_BYTEORDER`. */
  networkOrderFlag?: true
  /** How many attributes stood before it, and are written before it; where it is left out, all of them. */
  place?: number
}

/** @throws InvalidValueError */
export function writeUnknown(writer: Writer, { number, bytes, nestedFlag, networkOrderFlag }: UnknownAttribute): void {
  if (!Number.isInteger(number) || number < 0 || number > NLA_TYPE_MASK || !(bytes instanceof Uint8Array)) {
    throw new InvalidValueError('an unknown attribute must have a number from 0 to 16383 and bytes', { number, bytes }, 'Write { number, bytes: Uint8Array }.')
  }
  const at = writer.openAttribute(number | (nestedFlag ? NLA_F_NESTED : 0) | (networkOrderFlag ? NLA_F_NET_BYTEORDER : 0))
  writer.raw(bytes)
  writer.closeAttribute(at)
}

export function readUnknown(source: Source, type: number, start: number, end: number): UnknownAttribute {
  const unknown: UnknownAttribute = { number: type & NLA_TYPE_MASK, bytes: source.copy(start, end) }
  if (type & NLA_F_NESTED) unknown.nestedFlag = true
  if (type & NLA_F_NET_BYTEORDER) unknown.networkOrderFlag = true
  return unknown
}

/** What was decoded behind the last `count` of these stands at `end`. */
export function givePlaces(unknown: UnknownAttribute[], count: number, end: number): void {
  for (let i = 1; i <= count; i++) (unknown[unknown.length - i] as UnknownAttribute).place = end - i
}
