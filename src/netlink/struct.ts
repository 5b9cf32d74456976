import type { Source } from './bytes.js'
import { type AnyCodec, type Codec, exact, type Exact, type InOf, type MaskOf, type OutOf } from './codec.js'
import { InvalidValueError } from './errors.js'
import type { Writer } from './writer.js'

/** One member of a C structure. */
export interface Field<C extends AnyCodec> {
  /** In bytes, from the structure's beginning. */
  readonly offset: number
  /** How it is read and written. */
  readonly codec: C
}

/** A member at that many bytes from the structure's beginning. */
export function at<C extends AnyCodec>(offset: number, codec: C): Field<C> {
  return { offset, codec }
}

type Fields = Readonly<Record<string, Field<AnyCodec>>>
/** What a newer kernel's structure has at its end. */
export interface Tail {
  /** The bytes behind the last member that is known here; written back as they are. */
  tail?: Uint8Array
}
type StructOut<F extends Fields> = { [K in keyof F]: OutOf<F[K]['codec']> } & Tail
type StructIn<F extends Fields> = { [K in keyof F]?: InOf<F[K]['codec']> } & Tail
type StructMask<F extends Fields> = ({ [K in keyof F]?: MaskOf<F[K]['codec']> } & Tail) | Exact

/** The codec of a C structure. */
export interface Struct<F extends Fields> extends Codec<StructOut<F>, StructIn<F>, StructMask<F>> {
  /** Its members, by name. */
  readonly fields: F
  /** `sizeof`, with the padding at its end. */
  readonly size: number
  /** Writes the structure from an object that has other members as well. */
  writeBesides(writer: Writer, value: StructIn<F>): void
}

/**
 * A C structure of `size` bytes. Members that are left out are written as zeros; what a newer kernel
 * has behind them is kept in `tail`.
 */
export function struct<const F extends Fields>(name: string, size: number, fields: F): Struct<F> {
  const entries = Object.entries(fields)

  function writeMembers(writer: Writer, value: unknown, method: 'write' | 'writeMask'): void {
    const start = writer.length
    writer.fill(0, size)
    for (const [member, field] of entries) {
      const given = (value as Record<string, unknown>)[member]
      if (given === undefined) continue
      writer.length = start + field.offset
      try {
        field.codec[method](writer, given)
      } catch (error) {
        throw error instanceof InvalidValueError ? error.within(member) : error
      }
    }
    writer.length = start + size
    const { tail } = value as Tail
    if (tail !== undefined) writer.raw(tail)
  }

  function write(writer: Writer, value: unknown, method: 'write' | 'writeMask'): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidValueError(`must be an object with ${Object.keys(fields).join(', ')}`, value)
    writeMembers(writer, value, method)
    for (const member in value) {
      if (!Object.hasOwn(fields, member) && member !== 'tail') {
        throw new InvalidValueError(`has no member ${JSON.stringify(member)}`, value, `Its members are ${Object.keys(fields).join(', ')}.`)
      }
    }
  }

  return {
    describe: `struct ${name} (${size} bytes)`,
    least: size,
    most: size,
    extensible: true,
    size,
    fields,
    read(source: Source, start: number, end: number) {
      const value: Record<string, unknown> = {}
      for (const [member, field] of entries) {
        const from = start + field.offset
        value[member] = field.codec.read(source, from, from + field.codec.least)
      }
      if (end - start > size) value.tail = source.copy(start + size, end)
      return value as StructOut<F>
    },
    write: (writer, value) => write(writer, value, 'write'),
    writeBesides: (writer, value) => writeMembers(writer, value, 'write'),
    writeMask(writer, mask) {
      if (mask === exact) writer.fill(0xff, size)
      else write(writer, mask, 'writeMask')
    },
  }
}
