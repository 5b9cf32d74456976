import { LITTLE_ENDIAN, type Source } from './bytes.js'
import { type AnyCodec, type Codec, exact, type Exact, flag, type InOf, type MaskOf, type OutOf } from './codec.js'
import { align, NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_HEADER, NLA_TYPE_MASK } from './constants.js'
import { InvalidValueError, MalformedMessageError, OvsError } from './errors.js'
import type { Writer } from './writer.js'

/** What a table says about one attribute. */
export interface Attribute<C extends AnyCodec> {
  /** The kernel's number, 0 to 16383. */
  readonly number: number
  /** How its payload is read and written. */
  readonly codec: C
  /** The bits that go with the number on the wire: `NLA_F_NESTED`, `NLA_F_NET_BYTEORDER`. */
  readonly flags: number
}

/** Bits of the type field that some families ask for and openvswitch does not. */
export interface AttributeOptions {
  /** Set `NLA_F_NESTED`. */
  nestedFlag?: boolean
  /** Set `NLA_F_NET_BYTEORDER`. */
  networkOrderFlag?: boolean
}

/** One line of a table: the attribute's number and its codec. */
export function attribute<C extends AnyCodec>(number: number, codec: C, options: AttributeOptions = {}): Attribute<C> {
  return { number, codec, flags: (options.nestedFlag ? NLA_F_NESTED : 0) | (options.networkOrderFlag ? NLA_F_NET_BYTEORDER : 0) }
}

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
}

/** Attributes by the names that they have in values, in the order in which they are written. */
export type Table = Readonly<Record<string, Attribute<AnyCodec>>>

/** Attributes from a newer kernel, or malformed ones, by number. */
export interface Unknowns {
  /** What no table knows, in the order in which it came; written back behind everything else. */
  unknown?: UnknownAttribute[]
}
/** Attributes that no table knows, as they may be given. */
export interface UnknownsInput {
  /** Written behind everything else, in this order, as they are. */
  readonly unknown?: readonly UnknownAttribute[]
}
/** What is decoded with a table: what was not in the message is absent. */
export type TableOut<T extends Table> = { [K in keyof T]?: OutOf<T[K]['codec']> } & Unknowns
/** What may be encoded with a table. */
export type TableIn<T extends Table> = { readonly [K in keyof T]?: InOf<T[K]['codec']> } & UnknownsInput
/** What may be encoded as a mask with a table. */
export type TableMask<T extends Table> = { readonly [K in keyof T]?: MaskOf<T[K]['codec']> } & UnknownsInput

/** What is decoded with this set, as a type to extend: `interface Vport extends Infer<typeof VportAttributes> {}`. */
export type Infer<S> = S extends AttributeSet<infer T> ? TableOut<T> : never
/** What may be encoded with this set. */
export type InferInput<S> = S extends AttributeSet<infer T> ? TableIn<T> : never
/** What may be encoded as a mask with this set. */
export type InferMask<S> = S extends AttributeSet<infer T> ? TableMask<T> : never

/** One entry of a table with what follows from it. */
export interface Entry {
  /** The name in values, `portNo`. */
  readonly name: string
  /** The kernel's name, `OVS_VPORT_ATTR_PORT_NO`. */
  readonly kernelName: string
  /** The number alone. */
  readonly number: number
  /** The type field as it is written: the number with its flag bits. */
  readonly type: number
  /** How its payload is read and written. */
  readonly codec: AnyCodec
  /** Its place in the table, and so among what is written. */
  readonly place: number
}

/** `portNo` → `PORT_NO`. */
export function kernelSuffix(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/** The table's entries, in its order: the order in which they are written. */
export function entriesOf(prefix: string, table: Table): Entry[] {
  return Object.entries(table).map(([name, { number, codec, flags }], place) => ({
    name,
    place,
    kernelName: `${prefix}_${kernelSuffix(name)}`,
    number,
    type: number | flags,
    codec,
  }))
}

/** The same entries by their numbers, as an array with holes. */
export function byNumber(entries: readonly Entry[]): readonly (Entry | undefined)[] {
  const found: (Entry | undefined)[] = []
  for (const entry of entries) {
    if (found[entry.number] !== undefined) throw new Error(`${entry.kernelName} repeats the number ${entry.number}`)
    found[entry.number] = entry
  }
  return found
}

/** Writes one member, if it is there: a flag is left out by `false`, everything else only by `undefined`. */
function writeMember(writer: Writer, entry: Entry, member: unknown, method: 'write' | 'writeMask'): void {
  if (member === undefined || (member === false && entry.codec === flag)) return
  writeEntry(writer, entry, member, method)
}

/** Writes one attribute; an error that comes out of it says where it stood. */
export function writeEntry(writer: Writer, entry: Entry, value: unknown, method: 'write' | 'writeMask'): void {
  const at = writer.openAttribute(entry.type)
  try {
    entry.codec[method](writer, value)
    writer.closeAttribute(at)
  } catch (error) {
    throw error instanceof InvalidValueError ? error.within(entry.kernelName) : error
  }
}

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

/**
 * The attributes between `start` and `end`, one after the other. Every length is checked before
 * it is used.
 *
 * @throws MalformedMessageError when a length does not fit.
 */
export function eachAttribute(source: Source, start: number, end: number, visit: (type: number, start: number, end: number) => void): void {
  let at = start
  while (at + NLA_HEADER <= end) {
    const length = source.view.getUint16(at, LITTLE_ENDIAN)
    if (length < NLA_HEADER || at + length > end) throw badLength(source, at, end, length)
    visit(source.view.getUint16(at + 2, LITTLE_ENDIAN), at + NLA_HEADER, at + length)
    at += align(length)
  }
}

function badLength(source: Source, at: number, end: number, length: number): MalformedMessageError {
  const number = source.view.getUint16(at + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK
  return new MalformedMessageError(`attribute ${number} says it is ${length} bytes long where ${end - at} are left`)
}

/**
 * A set of attributes, each at most once: the TypeScript mirror of a kernel's `nla_policy`. It is
 * itself a codec, so it can stand as the payload of a nested attribute.
 */
export class AttributeSet<T extends Table> implements Codec<TableOut<T>, TableIn<T>, TableMask<T> | Exact> {
  /** @internal */
  declare readonly '~types'?: { readonly out: TableOut<T>; readonly in: TableIn<T>; readonly mask: TableMask<T> | Exact }
  readonly describe: string
  readonly least = 0
  readonly most = 65531
  /** The table's lines, in the order in which they are written. */
  readonly entries: readonly Entry[]
  readonly #byNumber: readonly (Entry | undefined)[]
  readonly #byName: ReadonlyMap<string, Entry>
  readonly #padding: number | undefined

  constructor(
    /** The kernel's prefix, `OVS_VPORT_ATTR`. */
    readonly prefix: string,
    /** The table as it was declared. */
    readonly table: T,
    { padding }: { padding?: number } = {},
  ) {
    this.describe = `nest of ${prefix}_*`
    this.entries = entriesOf(prefix, table)
    this.#byNumber = byNumber(this.entries)
    this.#byName = new Map(this.entries.map((entry) => [entry.name, entry]))
    this.#padding = padding
  }

  /** The entry with this number, if the table has it. */
  entry(number: number): Entry | undefined {
    return this.#byNumber[number]
  }

  /** What the table does not know, or what is shorter than it can be, is kept in `unknown`. @throws MalformedMessageError */
  read(source: Source, start: number, end: number): TableOut<T> {
    const result: Record<string, unknown> = {}
    this.readInto(result, source, start, end)
    return result as TableOut<T>
  }

  /** Decodes into an object that exists already. */
  readInto(result: Record<string, unknown>, source: Source, start: number, end: number): void {
    const { view } = source
    let at = start
    while (at + NLA_HEADER <= end) {
      const length = view.getUint16(at, LITTLE_ENDIAN)
      if (length < NLA_HEADER || at + length > end) throw badLength(source, at, end, length)
      const type = view.getUint16(at + 2, LITTLE_ENDIAN)
      const entry = this.#byNumber[type & NLA_TYPE_MASK]
      if (entry !== undefined && length - NLA_HEADER >= entry.codec.least) {
        result[entry.name] = entry.codec.read(source, at + NLA_HEADER, at + length)
      } else if ((type & NLA_TYPE_MASK) !== this.#padding) {
        ;((result.unknown ??= []) as UnknownAttribute[]).push(readUnknown(source, type, at + NLA_HEADER, at + length))
      }
      at += align(length)
    }
  }

  write(writer: Writer, value: TableIn<T>): void {
    this.#write(writer, value, 'write')
  }

  writeMask(writer: Writer, mask: TableMask<T> | Exact): void {
    if (mask === exact) {
      throw new InvalidValueError('a nest of attributes cannot be exact as a whole', mask, 'Say for each attribute in it what must match, or leave the mask out to match everything.')
    }
    this.#write(writer, mask as TableMask<T>, 'writeMask')
  }

  /** Members that stand beside the attributes in the same object, such as those of a family's header, are `besides`. */
  #write(writer: Writer, value: TableIn<T> | TableMask<T>, method: 'write' | 'writeMask', besides?: ReadonlySet<string>): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidValueError('must be an object', value)
    const given = value as Record<string, unknown>
    const begin = writer.length
    let last = -1
    let inOrder = true
    // What was decoded, and most of what is given, has the table's order already: then one pass over the few members is enough.
    for (const name in given) {
      const entry = this.#byName.get(name)
      if (entry === undefined) {
        if (name !== 'unknown' && besides?.has(name) !== true) throw this.#noSuch(name, given[name])
        continue
      }
      if (inOrder && entry.place < last) inOrder = false
      last = entry.place
      if (inOrder) writeMember(writer, entry, given[name], method)
    }
    if (!inOrder) {
      writer.length = begin
      for (const entry of this.entries) writeMember(writer, entry, given[entry.name], method)
    }
    if (value.unknown !== undefined) for (const unknown of value.unknown) writeUnknown(writer, unknown)
  }

  /** Writes the attributes of an object that also holds `besides`. */
  writeBesides(writer: Writer, value: TableIn<T>, besides: ReadonlySet<string>): void {
    this.#write(writer, value, 'write', besides)
  }

  /** One value, encoded by itself. */
  encode(value: TableIn<T>, writer: Writer): Uint8Array {
    writer.reset()
    this.write(writer, value)
    return writer.copy()
  }

  #noSuch(name: string, value: unknown): OvsError {
    const known = [...this.#byName.keys()]
    const near = known.find((each) => each.toLowerCase() === name.toLowerCase().replaceAll('_', ''))
    return new InvalidValueError(
      `there is no attribute ${JSON.stringify(name)} in ${this.prefix}_*`,
      value,
      near === undefined ? `There are ${known.join(', ')}.` : `Write ${near}.`,
    )
  }
}

/** A table of attributes as a codec; `prefix` is the kernel's (`OVS_VPORT_ATTR`), `padding` the number of its `…_PAD`. */
export function attributes<const T extends Table>(prefix: string, table: T, options?: { padding?: number }): AttributeSet<T> {
  return new AttributeSet(prefix, table, options)
}

/** A codec that stands for another one. */
export interface Nested<Out, In, Mask> extends Codec<Out, In, Mask> {
  /** The codec that it stands for. */
  readonly of: () => Codec<Out, In, Mask>
}

/** A codec that is looked up when it is first used, so that sets can hold each other. */
export function nested<Out, In, Mask>(of: () => Codec<Out, In, Mask>): Nested<Out, In, Mask> {
  return {
    of,
    get describe() {
      return of().describe
    },
    least: 0,
    most: 65531,
    read: (source, start, end) => of().read(source, start, end),
    write: (writer, value) => of().write(writer, value),
    writeMask: (writer, mask) => of().writeMask(writer, mask),
  }
}
