import { LITTLE_ENDIAN, type Source } from './bytes.js'
import { type AnyCodec, type Codec, exact, type Exact, flag, type InOf, type MaskOf, type OutOf } from './codec.js'
import { align, NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_HEADER, NLA_TYPE_MASK } from './constants.js'
import { decodable } from './decodable.js'
import { InvalidValueError, MalformedMessageError, OvsError } from './errors.js'
import { hint } from './members.js'
import { givePlaces, readUnknown, type UnknownAttribute, writeUnknown } from './unknown-attribute.js'
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

/** Attributes by the names that they have in values, in the order in which the kernel writes them. */
export type Table = Readonly<Record<string, Attribute<AnyCodec>>>

/** Attributes from a newer kernel, or malformed ones, by number. */
export interface Unknowns {
  /** What no table knows, in the order in which it came; written back in its place. */
  unknown?: UnknownAttribute[]
}
/** Attributes that no table knows, as they may be given. */
export interface UnknownsInput {
  /** Written as they are, in this order, each in its place or behind everything else. */
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

/** The names that a set's attributes have in values. */
export type InferName<S> = S extends AttributeSet<infer T> ? keyof T & string : never

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
  /** The longest payload that is decoded: what is longer than its codec can say is kept undecoded. */
  readonly longest: number
  /** What the length is a multiple of; payloads of another length are kept undecoded. */
  readonly unit: number
}

/** `portNo` → `PORT_NO`. */
export function kernelSuffix(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/** The table's entries, in its order. */
export function entriesOf(prefix: string, table: Table): Entry[] {
  return Object.entries(table).map(([name, { number, codec, flags }]) => ({
    name,
    longest: codec.extensible === true ? 0xffff : codec.most,
    unit: codec.unit ?? 1,
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

/** A flag is left out by `false`, everything else only by `undefined`. */
function isThere(entry: Entry, member: unknown): boolean {
  return member !== undefined && !(member === false && entry.codec === flag)
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
  if (at < end) throw leftOver(end - at)
}

function leftOver(count: number): MalformedMessageError {
  return new MalformedMessageError(`${count} bytes are left behind the last attribute`)
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
  /** The table's lines, in its order. */
  readonly entries: readonly Entry[]
  readonly #byNumber: readonly (Entry | undefined)[]
  readonly #byName: ReadonlyMap<string, Entry>
  /** Number of the attribute that only aligns what follows it, where there is one. */
  readonly padding: number | undefined

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
    this.padding = padding
  }

  /** The entry with this number, if the table has it. */
  entry(number: number): Entry | undefined {
    return this.#byNumber[number]
  }

  /**
   * What the table does not know, what is shorter or longer than it can be, what is malformed inside, and all but the last
   * of what is given more than once, is kept in `unknown`.
   *
   * @throws MalformedMessageError when a length of these attributes themselves does not fit.
   */
  read(source: Source, start: number, end: number): TableOut<T> {
    const result: Record<string, unknown> = {}
    this.#read(result, source, start, end, undefined)
    return result as TableOut<T>
  }

  /** Decodes masks over `key`, which was decoded with this set before. @throws MalformedMessageError */
  readMask(source: Source, start: number, end: number, key: TableOut<T> | undefined): TableOut<T> {
    const result: Record<string, unknown> = {}
    this.#read(result, source, start, end, (key ?? {}) as Record<string, unknown>)
    return result as TableOut<T>
  }

  /** Decodes into an object that exists already. */
  readInto(result: Record<string, unknown>, source: Source, start: number, end: number): void {
    this.#read(result, source, start, end, undefined)
  }

  /** @param last Where each attribute is given the last time, by its number: known only where one is given twice. */
  #read(result: Record<string, unknown>, source: Source, start: number, end: number, key: Record<string, unknown> | undefined, last?: ReadonlyMap<number, number>): void {
    const { view } = source
    let place = 0
    let unplaced = 0
    let seen = 0
    let at = start
    while (at + NLA_HEADER <= end) {
      const length = view.getUint16(at, LITTLE_ENDIAN)
      if (length < NLA_HEADER || at + length > end) throw badLength(source, at, end, length)
      const type = view.getUint16(at + 2, LITTLE_ENDIAN)
      const entry = this.#byNumber[type & NLA_TYPE_MASK]
      let known = false
      if (entry !== undefined && decodable(entry, length - NLA_HEADER) && (last === undefined || last.get(entry.number) === at)) {
        // Several numbers share a bit: whether it is the same one is looked at only then.
        const bit = 1 << entry.number
        if (seen & bit && last === undefined && entry.name in result) return this.#readRepeated(result, source, start, end, key)
        seen |= bit
        const { codec } = entry
        try {
          result[entry.name] =
            key === undefined || codec.readMask === undefined
              ? codec.read(source, at + NLA_HEADER, at + length, result)
              : codec.readMask(source, at + NLA_HEADER, at + length, key[entry.name])
          known = true
        } catch (error) {
          if (!(error instanceof MalformedMessageError)) throw error
        }
      }
      if (known) {
        if (unplaced > 0) givePlaces(result.unknown as UnknownAttribute[], unplaced, place)
        unplaced = 0
        place++
      } else if ((type & NLA_TYPE_MASK) !== this.padding || source.keepPadding) {
        ;((result.unknown ??= []) as UnknownAttribute[]).push(readUnknown(source, type, at + NLA_HEADER, at + length))
        unplaced++
        place++
      }
      at += align(length)
    }
    if (at < end) throw leftOver(end - at)
  }

  /** As the kernel does, the last one counts; those before it are kept as they came. */
  #readRepeated(result: Record<string, unknown>, source: Source, start: number, end: number, key: Record<string, unknown> | undefined): void {
    const last = new Map<number, number>()
    eachAttribute(source, start, end, (type, from, to) => {
      const entry = this.#byNumber[type & NLA_TYPE_MASK]
      if (entry !== undefined && decodable(entry, to - from)) last.set(entry.number, from - NLA_HEADER)
    })
    for (const { name } of this.entries) delete result[name]
    delete result.unknown
    this.#read(result, source, start, end, key, last)
  }

  /** Members are written in the order that the object has: decoded ones in that of the message. */
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
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidValueError('must be an object', value, `Its members are ${[...this.#byName.keys()].join(', ')}.`)
    const given = value as Record<string, unknown>
    const { unknown } = value
    let next = 0
    let written = 0
    for (const name in given) {
      const entry = this.#byName.get(name)
      if (entry === undefined) {
        if (name !== 'unknown' && besides?.has(name) !== true) throw this.#noSuch(name, given[name])
        continue
      }
      if (!isThere(entry, given[name])) continue
      if (unknown !== undefined) {
        for (; next < unknown.length && ((unknown[next] as UnknownAttribute).place ?? Infinity) <= written; written++) writeUnknown(writer, unknown[next++] as UnknownAttribute)
      }
      writeEntry(writer, entry, given[name], method)
      written++
    }
    if (unknown !== undefined) while (next < unknown.length) writeUnknown(writer, unknown[next++] as UnknownAttribute)
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

  /** What to write where a member stands one level too high. */
  #below(name: string): string | undefined {
    const holders = this.entries.filter(({ codec }) => Object.hasOwn(namesIn(codec), name))
    return holders.length === 0 ? undefined : `Write ${holders.map((holder) => `{ ${holder.name}: { ${name}: … } }`).join(' or ')}.`
  }

  #noSuch(name: string, value: unknown): OvsError {
    const known = [...this.#byName.keys()]
    const near = known.find((each) => each.toLowerCase() === name.toLowerCase().replaceAll('_', ''))
    return new InvalidValueError(
      `there is no attribute ${JSON.stringify(name)} in ${this.prefix}_*`,
      value,
      near === undefined ? this.#below(name) ?? `There are ${known.join(', ')}.${hint(name, known)}` : `Write ${near}.`,
    )
  }
}

/** The names that a value of this codec has. */
function namesIn(codec: AnyCodec): object {
  const { of, table, fields } = codec as Partial<Nested<unknown, unknown, unknown> & AttributeSet<Table>> & { fields?: object }
  return of === undefined ? (table ?? fields ?? {}) : namesIn(of())
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
    read: (source, start, end, beside) => of().read(source, start, end, beside),
    readMask: (source, start, end, key) => {
      const codec = of()
      return codec.readMask === undefined ? codec.read(source, start, end) : codec.readMask(source, start, end, key)
    },
    write: (writer, value) => of().write(writer, value),
    writeMask: (writer, mask) => of().writeMask(writer, mask),
  }
}
