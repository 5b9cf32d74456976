import { onAbort, throwIfAborted } from '../netlink/abort.js'
import { AbortError, ClosedError, InvalidValueError } from '../netlink/errors.js'
import { Inbox } from '../netlink/inbox.js'
import type { ListenerCounts } from '../netlink/listener.js'
import { checkMembers, type MemberNames } from '../netlink/members.js'
import type { DatapathMessage } from '../ovs/datapath.js'
import type { FlowMessage } from '../ovs/flow.js'
import type { VportMessage } from '../ovs/vport.js'
import type { Context } from './context.js'
import { StrictEmitter } from './emitter.js'
import { explain } from './explain.js'
import type { DatapathNotification, FlowNotification, NotificationFamily, VportNotification, WatchEvent, WatchOverrun, WatchResync } from './notification.js'
import { subjects } from './subject.js'
import { Watcher } from './watcher.js'

/** What to watch, and how. */
export interface WatchOptions {
  /**
   * Of which families; `datapath` and `vport` unless said. The kernel only makes notifications of flows while somebody
   * listens: with `flow`, every flow that anybody puts or deletes costs it a message.
   */
  families?: readonly NotificationFamily[]
  /**
   * Of which of these families to keep a mirror; `vport` unless said, and of `datapath` always. Only where there is a mirror
   * is it known what the kernel does not tell, and what changed while notifications were lost. That of flows takes some
   * 700 bytes a flow.
   */
  mirror?: readonly ('vport' | 'flow')[]
  /** Name of the only datapath to watch, which need not exist yet; all unless said. */
  datapath?: string
  /**
   * From how many events that an iterator has not taken on no more are received, 4096 unless said. They then stay in the
   * socket's queue, and when that overflows, an `overrun` says so.
   */
  limit?: number
  /**
   * How often to look for what nobody is told of, in milliseconds: the mirrored flows are compared with the kernel's count
   * of them, as another program may have flushed a datapath; datapaths and mirrored ports are read again, as their devices
   * may have been renamed. 5000 unless said; 0 for never.
   */
  recount?: number
  /** Receive queue to ask for, in bytes; what `openOvs` was told, or 4 MiB, unless said. */
  receiveBuffer?: number
  /** Closes it: iterators throw an {@link AbortError}. */
  signal?: AbortSignal | undefined
}

/** What has arrived so far. */
export interface WatchCounts extends ListenerCounts {}

/** The events of {@link Notifications}. */
export interface WatchEvents {
  /** A datapath was made. */
  'datapath:new': (notification: DatapathNotification) => void
  /** A datapath's settings were changed. */
  'datapath:set': (notification: DatapathNotification) => void
  /** A datapath was deleted; its ports and flows, where there is a mirror of them, are told before it. */
  'datapath:del': (notification: DatapathNotification) => void
  /** A port was added. */
  'vport:new': (notification: VportNotification) => void
  /** A port was changed. */
  'vport:set': (notification: VportNotification) => void
  /** A port was removed. */
  'vport:del': (notification: VportNotification) => void
  /** A flow was made; without a mirror of flows also: its actions were replaced. */
  'flow:new': (notification: FlowNotification) => void
  /** A flow's actions were replaced, or its statistics cleared. */
  'flow:set': (notification: FlowNotification) => void
  /** A flow was deleted. */
  'flow:del': (notification: FlowNotification) => void
  /** Notifications were lost. */
  overrun: (overrun: WatchOverrun) => void
  /** What is mirrored was read again, because notifications were lost, or something was found to differ. */
  resync: (resync: WatchResync) => void
  /** A handler failed, or something could not be read again (it is tried again later), or the socket failed. Uncaught where nobody listens or iterates. */
  error: (error: Error) => void
  /** It is over. */
  close: () => void
}

const OPTIONS: MemberNames<WatchOptions> = { families: true, mirror: true, datapath: true, limit: true, recount: true, receiveBuffer: true, signal: true }
const EVENTS: MemberNames<WatchEvents> = {
  'datapath:new': true,
  'datapath:set': true,
  'datapath:del': true,
  'vport:new': true,
  'vport:set': true,
  'vport:del': true,
  'flow:new': true,
  'flow:set': true,
  'flow:del': true,
  overrun: true,
  resync: true,
  error: true,
  close: true,
}
const FAMILIES: readonly NotificationFamily[] = ['datapath', 'vport', 'flow']

/**
 * What happens to datapaths, ports and flows, whoever does it: as events, and as an async iterator,
 * `for await (const event of notifications)`. Nothing is told of before `watch()` has resolved; add
 * handlers before the next `await`. Where there is a mirror, it is what all events so far have led to;
 * an iterator that has not taken them all is behind it.
 */
export class Notifications extends StrictEmitter<WatchEvents> implements AsyncIterable<WatchEvent> {
  readonly #ovs: Context
  readonly #watcher: Watcher
  readonly #limit: number
  readonly #mirrored: ReadonlySet<NotificationFamily>
  /** Takes the listener back from the signal. */
  #forget: (() => void) | undefined
  readonly #inboxes = new Set<Inbox<WatchEvent>>()
  readonly #roomless = new Set<() => void>()
  #closing: Promise<void> | undefined

  private constructor(ovs: Context, { families = ['datapath', 'vport'], mirror, datapath, limit = 4096, recount = 5000, receiveBuffer }: WatchOptions) {
    super(EVENTS)
    const watched = checkFamilies(families)
    const wanted = mirror ?? (watched.has('vport') ? ['vport'] : [])
    for (const name of wanted) {
      if (!checkFamilies(wanted).has(name) || !watched.has(name)) throw new InvalidValueError('only what is watched can be mirrored', name, `Add it to the families; they are ${[...watched].join(', ')}.`)
    }
    if (!Number.isInteger(limit) || limit < 1) throw new InvalidValueError('a limit is a whole number from 1 on', limit)
    if (!(recount >= 0 && recount <= 0x7fff_ffff)) throw new InvalidValueError('a time between counts is 0 to 2147483647 milliseconds', recount)
    this.#ovs = ovs
    this.#limit = limit
    this.#mirrored = new Set<NotificationFamily>(['datapath', ...wanted])
    this.#watcher = new Watcher(
      ovs,
      { families: watched, mirrored: this.#mirrored, datapath, limit, recount, receiveBuffer },
      {
        wants: (type) => this.#inboxes.size > 0 || this.listenerCount(type) > 0,
        event: (event) => this.#event(event),
        error: (error) => this.#error(explain(error, {}) as Error),
        failed: (error) => this.#failed(error),
      },
    )
  }

  /** @internal Made by `watch` of an `Ovs`. */
  static async open(ovs: Context, options: WatchOptions): Promise<Notifications> {
    checkMembers(options, 'what to watch', OPTIONS)
    const { signal } = options
    throwIfAborted(signal, 'watch')
    const notifications = new Notifications(ovs, options)
    ovs.open.add(notifications)
    ovs.flushed.add(notifications.#flushed)
    if (signal !== undefined) notifications.#forget = onAbort(signal, () => notifications.#end({ error: new AbortError('watch', signal) }))
    try {
      await notifications.#watcher.start()
      if (notifications.#closing !== undefined) throw new ClosedError('the watch')
      return notifications
    } catch (error) {
      await notifications.close()
      throwIfAborted(signal, 'watch')
      throw error
    }
  }

  /** What has arrived so far. */
  get counts(): WatchCounts {
    return { ...this.#watcher.counts }
  }

  /** The datapaths that there are, as far as is known, without statistics. */
  *datapaths(): Generator<DatapathMessage, void, void> {
    yield* this.#known('datapath') as Generator<DatapathMessage, void, void>
  }

  /** The ports of a datapath (by name or interface index), or of all, as far as is known, without statistics. @throws InvalidValueError (not mirrored) */
  *vports(datapath?: string | number): Generator<VportMessage, void, void> {
    yield* this.#known('vport', datapath) as Generator<VportMessage, void, void>
  }

  /** The flows of a datapath (by name or interface index), or of all, as far as is known, without statistics. @throws InvalidValueError (not mirrored) */
  *flows(datapath?: string | number): Generator<FlowMessage, void, void> {
    yield* this.#known('flow', datapath) as Generator<FlowMessage, void, void>
  }

  /** Reads what is mirrored again; resolves when what was found to have changed has been told. @throws KernelError, ClosedError */
  resync(): Promise<WatchResync> {
    return this.#watcher.resync()
  }

  /** Lets the process live for as long as this is open; so it is from the start. */
  ref(): this {
    this.#watcher.ref()
    return this
  }

  /** Lets the process end though this is open. */
  unref(): this {
    this.#watcher.unref()
    return this
  }

  /** Stops watching; iterators end behind what they have not taken yet. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * All events from now on, in order; each iterator has them all. Receiving goes at the pace of the slowest one. Leaving the
   * loop does not close the notifications.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<WatchEvent, void, void> {
    const room = () => {
      if ([...this.#inboxes].some(({ full }) => full)) return
      for (const go of this.#roomless) go()
      this.#roomless.clear()
    }
    const inbox: Inbox<WatchEvent> = new Inbox(this.#limit, {
      room,
      left: () => {
        this.#inboxes.delete(inbox)
        room()
      },
    })
    if (this.#closing === undefined) this.#inboxes.add(inbox)
    else inbox.end()
    return inbox
  }

  #event(event: WatchEvent): Promise<void> | undefined {
    this.emit(event.type, event as never)
    let full = false
    for (const inbox of this.#inboxes) {
      inbox.put(event)
      full ||= inbox.full
    }
    return full ? new Promise((resolve) => this.#roomless.add(resolve)) : undefined
  }

  *#known(family: NotificationFamily, datapath?: string | number): Generator<unknown, void, void> {
    if (!this.#mirrored.has(family)) throw new InvalidValueError('there is no mirror of that family', family, 'Name it in the option mirror.')
    const { follower } = this.#watcher
    const subject = subjects(this.#ovs.netlink, this.#ovs)[family]
    for (const dpIfindex of follower.mirrors[family].datapaths()) {
      if (datapath !== undefined && datapath !== dpIfindex && datapath !== follower.name(dpIfindex)) continue
      for (const [, bytes] of follower.mirrors[family].of(dpIfindex)) yield subject.decode(bytes)
    }
  }

  readonly #flushed = (dpIfindex: number): void => this.#watcher.flushed(dpIfindex)

  /** Those who iterate hear it there. */
  #error(error: Error): void {
    if (this.#inboxes.size > 0 && this.listenerCount('error') === 0) this.#end({ error })
    else this.emit('error', error)
  }

  #failed(error: Error): void {
    if (this.#inboxes.size === 0 || this.listenerCount('error') > 0) this.emit('error', error)
    this.#end({ error })
  }

  #end(failure: { error: unknown }): void {
    this.#endInboxes(failure)
    void this.close()
  }

  #endInboxes(failure?: { error: unknown }): void {
    for (const inbox of this.#inboxes) inbox.end(failure)
    this.#inboxes.clear()
    for (const go of this.#roomless) go()
    this.#roomless.clear()
  }

  async #close(): Promise<void> {
    this.#forget?.()
    this.#ovs.flushed.delete(this.#flushed)
    const closing = this.#watcher.close()
    this.#endInboxes()
    await closing
    this.#ovs.open.delete(this)
    this.emit('close')
  }
}

function checkFamilies(names: readonly NotificationFamily[]): ReadonlySet<NotificationFamily> {
  for (const name of names) if (!FAMILIES.includes(name)) throw new InvalidValueError('there are no notifications of such a family', name, `There are ${FAMILIES.join(', ')}.`)
  return new Set(names)
}
