import { LITTLE_ENDIAN, type Source } from './bytes.js'
import { type Codec, exact, type InOf, type OutOf } from './codec.js'
import { align, NLA_HEADER, NLA_TYPE_MASK } from './constants.js'
import { byNumber, eachAttribute, entriesOf, type Entry, type Table, writeEntry } from './attributes.js'
import { decodable, readWhole, undecoded } from './decodable.js'
import { InvalidValueError } from './errors.js'
import { hint } from './members.js'
import { readUnknown, type UnknownAttribute, writeUnknown } from './unknown-attribute.js'
import type { Writer } from './writer.js'

type ItemOut<T extends Table> = { [K in keyof T]: { [P in K]: OutOf<T[K]['codec']> } }[keyof T] | { unknown: UnknownAttribute }
type ItemIn<T extends Table> = { readonly [K in keyof T]: { readonly [P in K]: InOf<T[K]['codec']> } }[keyof T] | { readonly unknown: UnknownAttribute }

/** One item of a list, as it is decoded: an object with the one member that says what it is. */
export type InferItem<L> = L extends AttributeList<infer T> ? ItemOut<T> : never
/** One item of a list, as it may be given. */
export type InferItemInput<L> = L extends AttributeList<infer T> ? ItemIn<T> : never

/** The names that the items of a list have. */
export type InferItemName<L> = L extends AttributeList<infer T> ? keyof T & string : never

/**
 * Attributes in an order that means something, each as often as one likes: openvswitch's actions.
 * A value is an array of objects with one member each: `[{ pushVlan: … }, { output: 2 }]`.
 */
export class AttributeList<T extends Table> implements Codec<ItemOut<T>[], readonly ItemIn<T>[], never> {
  /** @internal */
  declare readonly '~types'?: { readonly out: ItemOut<T>[]; readonly in: readonly ItemIn<T>[]; readonly mask: never }
  readonly describe: string
  readonly least = 0
  readonly most = 65531
  /** The table's lines. */
  readonly entries: readonly Entry[]
  readonly #byNumber: readonly (Entry | undefined)[]
  readonly #byName: ReadonlyMap<string, Entry>

  constructor(
    /** The kernel's prefix, `OVS_ACTION_ATTR`. */
    readonly prefix: string,
    /** The table as it was declared. */
    readonly table: T,
  ) {
    this.describe = `list of ${prefix}_*`
    this.entries = entriesOf(prefix, table)
    this.#byNumber = byNumber(this.entries)
    this.#byName = new Map(this.entries.map((entry) => [entry.name, entry]))
  }

  /**
   * What the table does not know, what is shorter or longer than it can be, or what is malformed inside, is an item `unknown`.
   *
   * @throws MalformedMessageError when a length of the items themselves does not fit.
   */
  read(source: Source, start: number, end: number): ItemOut<T>[] {
    const items: Record<string, unknown>[] = []
    eachAttribute(source, start, end, (type, from, to) => {
      const entry = this.#byNumber[type & NLA_TYPE_MASK]
      const value = entry !== undefined && decodable(entry, to - from) ? readWhole(entry, source, from, to) : undecoded
      items.push(value === undecoded ? { unknown: readUnknown(source, type, from, to) } : { [(entry as Entry).name]: value })
    })
    return items as ItemOut<T>[]
  }

  write(writer: Writer, value: readonly ItemIn<T>[]): void {
    if (!Array.isArray(value)) throw new InvalidValueError('must be an array', value, 'Write [{ … }]; [] for none.')
    value.forEach((item: Record<string, unknown>, i) => {
      try {
        this.#writeItem(writer, item)
      } catch (error) {
        throw error instanceof InvalidValueError && value.length > 1 ? error.within(`[${i}]`) : error
      }
    })
  }

  writeMask(): never {
    throw new InvalidValueError('a list has no mask', exact)
  }

  #writeItem(writer: Writer, item: Record<string, unknown>): void {
    let found = 0
    if (typeof item === 'object' && item !== null) {
      for (const name in item) {
        found++
        const entry = this.#byName.get(name)
        if (name === 'unknown') writeUnknown(writer, item[name] as UnknownAttribute)
        else if (entry === undefined) {
          const known = [...this.#byName.keys()]
          throw new InvalidValueError(`there is no ${JSON.stringify(name)} in ${this.prefix}_*`, item, `There are ${known.join(', ')}.${hint(name, known)}`)
        } else writeEntry(writer, entry, item[name], 'write')
      }
    }
    if (found !== 1) throw new InvalidValueError('must be an object with exactly one member', item, 'Write one object for each: [{ pushVlan: … }, { output: 2 }].')
  }
}

/** A table of attributes as the codec of an ordered list. */
export function attributeList<const T extends Table>(prefix: string, table: T): AttributeList<T> {
  return new AttributeList(prefix, table)
}

/** The first attribute with this number, as `[start, end]` of its payload. */
export function findAttribute(source: Source, start: number, end: number, number: number): [start: number, end: number] | undefined {
  let at = start
  while (at + NLA_HEADER <= end) {
    const length = source.view.getUint16(at, LITTLE_ENDIAN)
    if (length < NLA_HEADER || at + length > end) return undefined
    if ((source.view.getUint16(at + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK) === number) return [at + NLA_HEADER, at + length]
    at += align(length)
  }
  return undefined
}
