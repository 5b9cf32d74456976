import { LITTLE_ENDIAN, type Source } from './bytes.js'
import { InvalidValueError } from './errors.js'
import { decodeText, encodeEscaped } from './text.js'
import type { Writer } from './writer.js'

/** In a mask: every bit of this attribute, or field, must match. */
export const exact = Symbol('exact') as unknown as Exact

declare const brand: unique symbol
/** The type of {@link exact}. A symbol's own type would be lost in `const mask = { inPort: exact }`. */
export interface Exact {
  /** Only for the type checker: nothing but `exact` has it. */
  readonly [brand]: 'exact'
}

/**
 * How a payload becomes a value and the other way round.
 *
 * `Out` is what is decoded, `In` what may be given to encode, `Mask` what may be given where the
 * payload is a mask over values of this kind.
 */
export interface Codec<Out, In = Out, Mask = In | Exact> {
  /** In words, for documentation: `u32`, `u16, big-endian`. */
  readonly describe: string
  /** The fewest bytes that can be decoded; fewer are kept undecoded. */
  readonly least: number
  /** The most bytes that the kernel takes. */
  readonly most: number
  /** More bytes than `most` can be decoded all the same: a structure that has grown, a longer text. */
  readonly extensible?: true
  /** What the length is a multiple of; payloads of another length are kept undecoded. */
  readonly unit?: number
  /**
   * Decodes the payload between `start` and `end`, which is at least `least` bytes long. `beside` is
   * what was decoded before it in the same set.
   *
   * @throws MalformedMessageError when a length inside of it does not fit.
   */
  read(source: Source, start: number, end: number, beside?: Readonly<Record<string, unknown>>): Out
  /**
   * Decodes a payload that is a mask over `key`, where that is not the same as to read it: where a mask's own bits
   * do not say how it is laid out. `key` is undefined where there is none.
   *
   * @throws MalformedMessageError
   */
  readMask?(source: Source, start: number, end: number, key: Out | undefined): Out
  /** Writes a payload. @throws InvalidValueError */
  write(writer: Writer, value: In): void
  /** Writes a payload that is a mask: ones where a bit must match. @throws InvalidValueError */
  writeMask(writer: Writer, mask: Mask): void
  /**
   * Only for the type checker: looked up by name, the three types of recursive sets can be found
   * without comparing their structure.
   *
   * @internal
   */
  readonly '~types'?: { readonly out: Out; readonly in: In; readonly mask: Mask }
}

/** Any codec; what a table may hold. */
// oxlint-disable-next-line no-explicit-any
export type AnyCodec = Codec<any, any, any>

/** What this codec decodes. */
export type OutOf<C extends AnyCodec> = NonNullable<C['~types']>['out']
/** What this codec encodes. */
export type InOf<C extends AnyCodec> = NonNullable<C['~types']>['in']
/** What this codec encodes as a mask. */
export type MaskOf<C extends AnyCodec> = NonNullable<C['~types']>['mask']

/** A codec of a fixed size, whose mask is written like its value, and whose `exact` is all ones. */
export function fixed<Out, In = Out>(
  describe: string,
  size: number,
  read: (source: Source, start: number) => Out,
  write: (writer: Writer, value: In) => void,
): Codec<Out, In> {
  return {
    describe,
    least: size,
    most: size,
    read,
    write,
    writeMask(writer, mask) {
      if (mask === exact) writer.fill(0xff, size)
      else write(writer, mask as In)
    },
  }
}

function whole(most: number, write: (writer: Writer, value: number) => void, least = 0): (writer: Writer, value: number) => void {
  return (writer, value) => {
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidValueError(`must be a whole number from ${least} to ${most}`, value)
    }
    write(writer, value)
  }
}

function whole64(write: (writer: Writer, value: bigint) => void): (writer: Writer, value: bigint) => void {
  return (writer, value) => {
    if (typeof value !== 'bigint' || value < 0n || value > 0xffff_ffff_ffff_ffffn) {
      throw new InvalidValueError('must be a bigint from 0n to 2n ** 64n - 1n', value, typeof value === 'number' ? `Write ${value}n.` : undefined)
    }
    write(writer, value)
  }
}

/** One byte. */
export const u8: Codec<number> = fixed('u8', 1, (s, at) => s.bytes[at] as number, whole(0xff, (w, v) => w.u8(v)))
/** Two bytes in the machine's order. */
export const u16: Codec<number> = fixed('u16', 2, (s, at) => s.view.getUint16(at, LITTLE_ENDIAN), whole(0xffff, (w, v) => w.u16(v)))
/** Four bytes in the machine's order. */
export const u32: Codec<number> = fixed('u32', 4, (s, at) => s.view.getUint32(at, LITTLE_ENDIAN), whole(0xffff_ffff, (w, v) => w.u32(v)))
/** Four bytes in the machine's order, with a sign. */
export const s32: Codec<number> = fixed(
  's32',
  4,
  (s, at) => s.view.getInt32(at, LITTLE_ENDIAN),
  whole(0x7fff_ffff, (w, v) => w.u32(v >>> 0), -0x8000_0000),
)
/** Eight bytes in the machine's order, as a `bigint`. */
export const u64: Codec<bigint> = fixed('u64', 8, (s, at) => s.view.getBigUint64(at, LITTLE_ENDIAN), whole64((w, v) => w.u64(v)))
/** Eight bytes in the machine's order, with a sign, as a `bigint`. */
export const s64: Codec<bigint> = fixed(
  's64',
  8,
  (s, at) => s.view.getBigInt64(at, LITTLE_ENDIAN),
  (w, v) => {
    if (typeof v !== 'bigint' || BigInt.asIntN(64, v) !== v) throw new InvalidValueError('must be a bigint from -(2n ** 63n) to 2n ** 63n - 1n', v)
    w.u64(BigInt.asUintN(64, v))
  },
)
/** Two bytes in network order. */
export const be16: Codec<number> = fixed('u16, big-endian', 2, (s, at) => s.view.getUint16(at, false), whole(0xffff, (w, v) => w.be16(v)))
/** Four bytes in network order. */
export const be32: Codec<number> = fixed('u32, big-endian', 4, (s, at) => s.view.getUint32(at, false), whole(0xffff_ffff, (w, v) => w.be32(v)))
/** Eight bytes in network order, as a `bigint`. */
export const be64: Codec<bigint> = fixed('u64, big-endian', 8, (s, at) => s.view.getBigUint64(at, false), whole64((w, v) => w.be64(v)))

/** An attribute that says something by being there: `true`, or left out (`false` is left out as well). */
export const flag: Codec<true, boolean> = {
  describe: 'flag',
  least: 0,
  most: 0,
  read: () => true,
  write(_writer, value) {
    // A flag's absence is decided by whoever holds the attribute; here it can only be present.
    if (value === false) throw new InvalidValueError('must be true where it stands in a list', value, 'Leave it out.')
    if (value !== true) throw new InvalidValueError('must be true or false', value)
  },
  writeMask() {},
}

/**
 * Text in UTF-8 with a NUL at its end; `most` counts the bytes without the NUL. The kernel takes any
 * bytes for a name: those that are not UTF-8 become the code units U+DC80 to U+DCFF, and these such bytes again.
 */
export function text(most: number): Codec<string> {
  return {
    describe: `text of at most ${most} bytes, NUL-terminated`,
    least: 0,
    most: most + 1,
    extensible: true,
    read(source, start, end) {
      const nul = source.bytes.indexOf(0, start)
      return decodeText(source, start, nul === -1 || nul > end ? end : nul)
    },
    write(writer, value) {
      if (typeof value !== 'string') throw new InvalidValueError('must be text', value)
      const bytes = encodeEscaped(value)
      const size = bytes?.length ?? Buffer.byteLength(value)
      if (size > most) throw new InvalidValueError(`must be at most ${most} bytes long, not ${size}`, value, `Shorten it by ${size - most}.`)
      if (value.includes('\0')) throw new InvalidValueError('must not contain a NUL', value)
      if (bytes === undefined) writer.text(value)
      else {
        writer.raw(bytes)
        writer.u8(0)
      }
    },
    writeMask() {
      throw new InvalidValueError('text has no mask', exact)
    },
  }
}

/** Bytes as they are. Decoding copies them. */
export function binary(least = 0, most = 65531): Codec<Uint8Array> {
  return {
    describe: least === most ? `${most} bytes` : `${least} to ${most} bytes`,
    least,
    most,
    read: (source, start, end) => source.copy(start, end),
    write(writer, value) {
      if (!(value instanceof Uint8Array)) throw new InvalidValueError('must be a Uint8Array', value)
      if (value.length < least || value.length > most) {
        throw new InvalidValueError(least === most ? `must be ${most} bytes long` : `must be ${least} to ${most} bytes long`, value)
      }
      writer.raw(value)
    },
    writeMask(writer, mask) {
      if (mask !== exact) this.write(writer, mask as Uint8Array)
      else if (least === most) writer.fill(0xff, most)
      else throw new InvalidValueError('cannot be exact, its length is not known', mask, 'Give a mask of as many bytes of 0xff as the key has.')
    },
  }
}

/** Values of one fixed size, one after the other. */
export function array<Out, In, Mask>(item: Codec<Out, In, Mask>, describe = `array of ${item.describe}`): Codec<Out[], readonly In[], readonly Mask[] | Exact> {
  const size = item.least
  return {
    describe,
    least: 0,
    most: 65531 - (65531 % size),
    unit: size,
    read(source, start, end) {
      const values: Out[] = []
      for (let at = start; at + size <= end; at += size) values.push(item.read(source, at, at + size))
      return values
    },
    write(writer, value) {
      if (!Array.isArray(value)) throw new InvalidValueError('must be an array', value)
      for (const each of value) item.write(writer, each)
    },
    writeMask(writer, mask) {
      if (!Array.isArray(mask)) throw new InvalidValueError('must be an array: how many there are is not known', mask, 'Write [exact, …], as many as the key has.')
      for (const each of mask) item.writeMask(writer, each as Mask)
    },
  }
}
