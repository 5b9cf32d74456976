import type { AttributeSet, Table, TableIn, TableOut } from '../netlink/attributes.js'
import type { Source } from '../netlink/bytes.js'
import { MalformedMessageError } from '../netlink/errors.js'
import type { Struct } from '../netlink/struct.js'
import type { Reading } from '../netlink/trace.js'
import type { Writer } from '../netlink/writer.js'

/** Length of `struct genlmsghdr`, in bytes. */
export const GENL_HEADER = 4

// oxlint-disable-next-line no-explicit-any
type AnyStruct = Struct<any>

/** What there is to know of a generic netlink family before one has asked the kernel. */
export interface FamilyDefinition<H extends AnyStruct | undefined = AnyStruct | undefined, T extends Table = Table, C extends Record<string, number> = Record<string, number>> {
  /** The kernel's name, at most 15 bytes (`GENL_NAMSIZ`). */
  readonly name: string
  /** What requests carry; the kernel may have a newer one. */
  readonly version: number
  /** The family's own header, whose members stand beside the attributes in each message. */
  readonly header?: H
  /** The attributes behind the headers, in both directions. */
  readonly attributes: AttributeSet<T>
  /** Numbers of the commands, in both directions. */
  readonly commands: C
  /** Names of the multicast groups. */
  readonly groups?: readonly string[]
  /** The package whose module brings the family, and how it is loaded. */
  readonly remedy?: string
}

/** Any family's definition. */
// oxlint-disable-next-line no-explicit-any
export type AnyFamily = FamilyDefinition<any, any, any>

type HeaderOut<H> = H extends Struct<infer F> ? { [K in keyof F]: F[K] extends { codec: { read(...args: never[]): infer Out } } ? Out : never } : unknown
type HeaderIn<H> = H extends Struct<infer F> ? { readonly [K in keyof F]?: F[K] extends { codec: { read(...args: never[]): infer Out } } ? Out : never } : unknown

/** A message of a family as it is decoded: its header's members and its attributes in one object. */
export type MessageOut<D> = D extends FamilyDefinition<infer H, infer T, infer _C> ? HeaderOut<H> & TableOut<T> : never
/** A message of a family as it may be given. */
export type MessageIn<D> = D extends FamilyDefinition<infer H, infer T, infer _C> ? HeaderIn<H> & TableIn<T> : never
/** The names of a family's commands. */
export type CommandOf<D> = D extends FamilyDefinition<infer _H, infer _T, infer C> ? keyof C & string : never

/** Declares a family; what is given is checked and its types are kept. */
export function family<H extends AnyStruct | undefined, T extends Table, const C extends Record<string, number>>(
  definition: FamilyDefinition<H, T, C>,
): FamilyDefinition<H, T, C> {
  return definition
}

/** What turns a family's messages into values and back. Needs no kernel. */
export class FamilyCodec<D extends AnyFamily> {
  readonly #headerNames: ReadonlySet<string>
  readonly #commandNames: ReadonlyMap<number, string>

  constructor(
    /** What was declared of the family. */
    readonly definition: D,
  ) {
    this.#headerNames = new Set(Object.keys(definition.header?.fields ?? {}))
    this.#commandNames = new Map(Object.entries(definition.commands as Record<string, number>).map(([name, number]) => [number, name]))
  }

  /** Bytes between `struct nlmsghdr` and the first attribute. */
  get headers(): number {
    return GENL_HEADER + ((this.definition.header?.size as number | undefined) ?? 0)
  }

  /** Writes what follows `struct nlmsghdr`. @throws InvalidValueError */
  write(writer: Writer, command: number, value: MessageIn<D>): void {
    const { version, header, attributes } = this.definition
    writer.u8(command)
    writer.u8(version)
    writer.u16(0)
    header?.writeBesides(writer, value)
    attributes.writeBesides(writer, value, this.#headerNames)
  }

  /** Decodes what follows `struct nlmsghdr`. @throws MalformedMessageError */
  read(source: Source, start: number, end: number): MessageOut<D> {
    const { header, attributes, name } = this.definition
    const from = start + this.headers
    if (from > end) throw new MalformedMessageError(`a message of ${name} is ${end - start} bytes long, its headers alone are ${this.headers}`)
    const result: Record<string, unknown> = header === undefined ? {} : header.read(source, start + GENL_HEADER, from)
    attributes.readInto(result, source, from, end)
    return result as MessageOut<D>
  }

  /** The command's number. */
  commandIn(source: Source, start: number, end: number): number {
    if (start + GENL_HEADER > end) throw new MalformedMessageError(`a message of ${this.definition.name} has no generic netlink header`)
    return source.bytes[start] as number
  }

  /** The command's name, or its number where the table has none. */
  commandName(command: number): string {
    return this.#commandNames.get(command) ?? `command ${command}`
  }

  /** What a message says, for a {@link Trace}. */
  readonly reading: Reading = (source, start, end) => [`${this.definition.name} ${this.commandName(this.commandIn(source, start, end))}`, this.read(source, start, end)]
}
