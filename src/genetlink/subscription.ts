import type { Source } from '../netlink/bytes.js'
import { onAbort, throwIfAborted } from '../netlink/abort.js'
import { AbortError, InvalidValueError, MalformedMessageError, type OverrunError, TruncatedError } from '../netlink/errors.js'
import { Inbox } from '../netlink/inbox.js'
import { checkMembers } from '../netlink/members.js'
import { type Hearer, Listener, type ListenerCounts, type Origin } from '../netlink/listener.js'
import type { DialOptions, Transport } from '../netlink/transport.js'
import type { BoundFamily } from './bound-family.js'
import type { AnyFamily, MessageOut } from './family.js'
import type { GenericNetlink } from './generic-netlink.js'

/** Hears a family's multicast messages. */
export interface Subscriber {
  /** `command` is the command's name, or `command N` where the table has none; `origin` is whose request caused it. */
  message(family: string, command: string, value: MessageOut<AnyFamily>, origin: Origin): void
  /** Messages were lost: read again what they may have said. */
  overrun(error: OverrunError): void
  /** A message could not be understood, or the socket failed and nothing more comes. */
  error(error: Error): void
}

/** To what, and how, one subscribes. */
export interface SubscribeOptions extends DialOptions {
  /** Names of the multicast groups; all that the families' definitions name unless said. */
  groups?: readonly string[]
}

/**
 * Joins multicast groups of these families, on a socket of its own. The result does not wait for
 * whoever hears; {@link GenericNetlink.subscribe} does.
 *
 * @throws SocketError, InvalidValueError (a group that the kernel's family does not have)
 */
export function subscribe(
  netlink: GenericNetlink,
  families: readonly BoundFamily<AnyFamily>[],
  subscriber: Subscriber,
  { groups, ...options }: SubscribeOptions = {},
): Listener {
  const byType = new Map(families.map((family) => [family.info.id, family]))
  return listenTo(netlink.dial(options), families, groups, {
    message(type: number, source: Source, start: number, end: number, portId: number, sequence: number) {
      const family = byType.get(type)
      if (family === undefined) return
      const command = family.codec.commandName(family.codec.commandIn(source, start, end))
      subscriber.message(family.definition.name as string, command, family.codec.read(source, start, end), { portId, sequence })
    },
    overrun: (error) => subscriber.overrun(error),
    error: (error) => subscriber.error(error),
  })
}

/** Has a socket join groups, and listens on it; closes it where that fails. */
export function listenTo(transport: Transport, families: readonly BoundFamily<AnyFamily>[], groups: readonly string[] | undefined, hearer: Hearer): Listener {
  try {
    for (const group of groupIds(families, groups)) transport.join(group)
    return new Listener(transport, hearer)
  } catch (error) {
    transport.close()
    throw error
  }
}

function groupIds(families: readonly BoundFamily<AnyFamily>[], wanted: readonly string[] | undefined): Set<number> {
  const ids = new Set<number>()
  const find = (among: readonly BoundFamily<AnyFamily>[], name: string) => {
    const found = among.flatMap(({ info }) => info.groups.get(name) ?? [])
    if (found.length === 0) throw new InvalidValueError(`the kernel's family ${among.map(({ definition }) => definition.name).join(', ')} has no multicast group of that name`, name)
    for (const id of found) ids.add(id)
  }
  if (wanted !== undefined) for (const name of wanted) find(families, name)
  else for (const family of families) for (const name of (family.definition.groups ?? []) as readonly string[]) find([family], name)
  return ids
}

/** A message that a {@link Subscription} brings. */
export interface AnnouncedMessage<D extends AnyFamily = AnyFamily> {
  /** What tells it from a {@link Loss}. */
  readonly type: 'message'
  /** Name of its family. */
  readonly family: string
  /** The command's name, or `command N` where the table has none. */
  readonly command: string
  /** Members of the family's header, and attributes. */
  readonly value: MessageOut<D>
  /** Whose request caused it. */
  readonly origin: Origin
  /** That request was made through the same {@link GenericNetlink}. */
  readonly own: boolean
}

/** Something that a {@link Subscription} cannot bring: read again what it may have said. */
export interface Loss {
  /**
   * `overrun`: messages were lost, behind all that came before this. `malformed`: one message could not be
   * understood, or was longer than the receive memory.
   */
  readonly type: 'overrun' | 'malformed'
  /** What happened, with what helps against it. */
  readonly error: OverrunError | MalformedMessageError | TruncatedError
}

/** What a {@link Subscription} brings. */
export type Announcement<D extends AnyFamily = AnyFamily> = AnnouncedMessage<D> | Loss

/** How a {@link Subscription} is made. */
export interface SubscriptionOptions extends SubscribeOptions {
  /**
   * How many messages may wait for the reader, 4096 unless said; as many as one receive brings (32) may come on top.
   * The rest stays in the socket's queue (`receiveBuffer`), and when that overflows an `overrun` says so.
   */
  limit?: number
  /** Ends it: whoever reads is thrown an `AbortError`. */
  signal?: AbortSignal | undefined
}

/**
 * Multicast messages of families, for one reader: `for await (const each of subscription)`. Leaving
 * the loop closes it.
 */
export class Subscription<D extends AnyFamily> implements AsyncIterable<Announcement<D>> {
  readonly #inbox: Inbox<Announcement<D>>
  readonly #listener: Listener
  /** Takes the listener back from the signal. */
  readonly #forget: (() => void) | undefined
  #lost: OverrunError | undefined

  /** @internal Made by `subscribe` of a `GenericNetlink`. */
  constructor(netlink: GenericNetlink, families: readonly BoundFamily<D>[], options: SubscriptionOptions) {
    checkMembers(options, 'a subscription', { groups: true, limit: true, receiveBuffer: true, receiveSize: true, protocol: true, signal: true })
    const { limit = 4096, signal, groups, ...socket } = options
    throwIfAborted(signal, 'subscribe')
    this.#inbox = new Inbox(limit, { room: () => this.#listener.resume(), left: () => this.close() })
    const byType = new Map(families.map((family) => [family.info.id, family]))
    this.#listener = listenTo(netlink.dial(socket), families, groups, {
      message: (type, source, start, end, portId, sequence) => {
        const family = byType.get(type)
        if (family === undefined) return
        const { codec, definition } = family
        const command = codec.commandName(codec.commandIn(source, start, end))
        this.#put({ type: 'message', family: definition.name as string, command, value: codec.read(source, start, end), origin: { portId, sequence }, own: netlink.owns(portId) })
      },
      overrun: (error) => void (this.#lost = error),
      error: (error) => {
        if (error instanceof MalformedMessageError || error instanceof TruncatedError) this.#put({ type: 'malformed', error })
        else this.#end({ error })
      },
      // What is still queued when the kernel reports a loss is older than what was lost.
      emptied: () => {
        if (this.#lost !== undefined) this.#put({ type: 'overrun', error: this.#lost })
        this.#lost = undefined
      },
    })
    if (signal !== undefined) this.#forget = onAbort(signal, () => this.#end({ error: new AbortError('subscribe', signal) }))
  }

  /** What has arrived so far. */
  get counts(): Readonly<ListenerCounts> {
    return this.#listener.counts
  }

  /** Lets the process live for as long as this is open; so it is from the start. */
  ref(): this {
    this.#listener.ref()
    return this
  }

  /** Lets the process end though this is open. */
  unref(): this {
    this.#listener.unref()
    return this
  }

  /** Leaves the groups. What has arrived can still be read; behind it, the iteration ends. Idempotent. */
  close(): void {
    this.#end()
  }

  /** {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** The one iterator: who asks twice reads from the same. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Announcement<D>, void, void> {
    return this.#inbox
  }

  #put(announcement: Announcement<D>): void {
    this.#inbox.put(announcement)
    if (this.#inbox.full) this.#listener.pause()
  }

  #end(failure?: { error: unknown }): void {
    this.#forget?.()
    this.#listener.close()
    this.#inbox.end(failure)
  }
}
