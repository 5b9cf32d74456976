import { BoundFamily } from '../genetlink/bound-family.js'
import { type AnyFamily, FamilyCodec, GENL_HEADER } from '../genetlink/family.js'
import type { GenericNetlink } from '../genetlink/generic-netlink.js'
import { eachAttribute } from '../netlink/attributes.js'
import { Source } from '../netlink/bytes.js'
import { align, NLA_HEADER, NLA_TYPE_MASK } from '../netlink/constants.js'
import { Errno } from '../netlink/errno.js'
import { KernelError, MalformedMessageError } from '../netlink/errors.js'
import { DatapathAttributes } from '../ovs/datapath.js'
import type { OvsFamilies } from '../ovs/families.js'
import { FlowAttributes } from '../ovs/flow.js'
import { OvsHeader } from '../ovs/header.js'
import { VportAttributes } from '../ovs/vport.js'
import type { NotificationFamily } from './notification.js'

/** What a message is about, and what it says of it. */
export interface Reading {
  /** Interface index of the datapath's own port. */
  readonly dpIfindex: number
  /** Names the object within its datapath. */
  readonly id: string
  /** The message without what changes by itself; equal bytes are an object that is as it was. */
  readonly settled: Uint8Array
  /** It says all that there is; the requester may have had parts left out. */
  readonly complete: boolean
}

/** `struct genlmsghdr` and `struct ovs_header`. */
const HEADERS = GENL_HEADER + OvsHeader.size

/** Gives messages as the bytes that they are. */
class BytesCodec extends FamilyCodec<AnyFamily> {
  override read(source: Source, start: number, end: number): never {
    return source.copy(start, end) as never
  }
}

/** A family whose objects are followed, as bytes: 100 000 flows, decoded, would be hundreds of megabytes. */
export class Subject {
  readonly type: number
  readonly #bytes: BoundFamily<AnyFamily>

  constructor(
    readonly name: NotificationFamily,
    netlink: GenericNetlink,
    readonly family: BoundFamily<AnyFamily>,
    /** Numbers of the attributes that name an object, the better ones first; none, where there is one in a datapath. */
    private readonly identity: readonly number[],
    /** Numbers of those that change by themselves. */
    private readonly volatile: ReadonlySet<number>,
    /** Numbers of those that a requester can have left out. */
    private readonly optional: readonly number[],
  ) {
    this.type = family.info.id
    this.#bytes = new BoundFamily(netlink, family.definition, family.info, new BytesCodec(family.definition))
  }

  /** The datapath that a message is about. @throws MalformedMessageError */
  dpIfindex(source: Source, start: number, end: number): number {
    if (start + HEADERS > end) throw new MalformedMessageError(`a message of ${this.family.definition.name} is shorter than its headers`)
    return (OvsHeader.read(source, start + GENL_HEADER, start + HEADERS) as { dpIfindex: number }).dpIfindex
  }

  /** What a message says. @throws MalformedMessageError */
  read(message: Uint8Array): Reading {
    const source = new Source(message)
    const dpIfindex = this.dpIfindex(source, 0, message.length)
    const found = new Map<number, [start: number, end: number]>()
    const kept: [start: number, end: number][] = []
    let length = HEADERS
    eachAttribute(source, HEADERS, message.length, (type, start, end) => {
      const number = type & NLA_TYPE_MASK
      if (this.volatile.has(number)) return
      found.set(number, [start, end])
      kept.push([start - NLA_HEADER, end])
      length += align(end - start + NLA_HEADER)
    })
    const settled = new Uint8Array(length)
    // The command differs between an announcement and a dump, and says nothing of the object.
    settled.set(message.subarray(1, HEADERS), 1)
    let at = HEADERS
    for (const [start, end] of kept) {
      settled.set(message.subarray(start, end), at)
      at += align(end - start)
    }
    return { dpIfindex, id: this.#id(source, found), settled, complete: this.optional.every((number) => found.has(number)) }
  }

  /** The message as a value. */
  decode(message: Uint8Array): Record<string, unknown> & { dpIfindex: number } {
    return this.family.codec.read(new Source(message), 0, message.length) as Record<string, unknown> & { dpIfindex: number }
  }

  /** All objects of a datapath, or, of the datapaths themselves, all. */
  dump(dpIfindex: number): AsyncIterable<Uint8Array> {
    return this.#bytes.dump('get', { dpIfindex }) as unknown as AsyncIterable<Uint8Array>
  }

  /** One object; undefined where there is none such. */
  async get(dpIfindex: number, id: string): Promise<Uint8Array | undefined> {
    const unknown = id === '' ? [] : [{ number: id.charCodeAt(0), bytes: new Uint8Array(Buffer.from(id.slice(1), 'latin1')) }]
    try {
      return (await this.#bytes.ask('get', { dpIfindex, unknown } as never)) as unknown as Uint8Array
    } catch (error) {
      if (isGone(error)) return undefined
      throw error
    }
  }

  /** The naming attribute's number, and its bytes. */
  #id(source: Source, found: ReadonlyMap<number, readonly [number, number]>): string {
    if (this.identity.length === 0) return ''
    for (const number of this.identity) {
      const bounds = found.get(number)
      if (bounds !== undefined) return String.fromCharCode(number) + source.bytes.toString('latin1', ...bounds)
    }
    throw new MalformedMessageError(`a message of ${this.family.definition.name} does not say what it is about`)
  }
}

/** The object, or its datapath, is not there any more. */
export function isGone(error: unknown): boolean {
  return error instanceof KernelError && (error.errno === Errno.ENODEV || error.errno === Errno.ENOENT)
}

const numbers = (...entries: readonly { readonly number: number }[]) => entries.map(({ number }) => number)
/** The padding is there for the sake of statistics. */
const volatile = ({ padding }: { readonly padding: number | undefined }, ...entries: readonly { readonly number: number }[]) =>
  new Set([...(padding === undefined ? [] : [padding]), ...numbers(...entries)])

/** The families that send notifications. */
export function subjects(netlink: GenericNetlink, { datapath, vport, flow }: OvsFamilies): Readonly<Record<NotificationFamily, Subject>> {
  const dp = DatapathAttributes.table
  const port = VportAttributes.table
  const { ufid, key, mask, actions, stats, tcpFlags, used } = FlowAttributes.table
  return {
    datapath: new Subject('datapath', netlink, datapath.family as never, [], volatile(DatapathAttributes, dp.stats, dp.megaflowStats), []),
    vport: new Subject('vport', netlink, vport.family as never, numbers(port.portNo), volatile(VportAttributes, port.stats, port.upcallStats), []),
    flow: new Subject('flow', netlink, flow.family as never, numbers(ufid, key), volatile(FlowAttributes, stats, tcpFlags, used), numbers(key, mask, actions)),
  }
}
