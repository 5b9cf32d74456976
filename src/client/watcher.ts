import { listenTo } from '../genetlink/subscription.js'
import { ClosedError, MalformedMessageError, type OvsError, TruncatedError } from '../netlink/errors.js'
import type { Listener, ListenerCounts } from '../netlink/listener.js'
import type { Context } from './context.js'
import { Follower, type Found, type News, type Outlet } from './follower.js'
import type { NotificationFamily, WatchEvent, WatchResync } from './notification.js'
import { type Subject, subjects } from './subject.js'

/** What a watcher does next, in this order. */
type Task =
  | { readonly kind: 'news'; readonly news: News }
  | { readonly kind: 'lost'; readonly error: OvsError }
  | { readonly kind: 'do'; readonly what: () => Promise<unknown>; readonly cancel?: (error: Error) => void }

/** Whom a watcher tells. */
export interface WatcherHearer {
  /** Somebody hears events of this type. */
  wants(type: WatchEvent['type']): boolean
  /** Takes an event; where it has no room for the next one, a promise of when it has. */
  event(event: WatchEvent): Promise<void> | undefined
  /** Something could not be read; it is tried again. */
  error(error: Error): void
  /** The socket failed: nothing more comes. */
  failed(error: Error): void
}

/** What is watched, and how. */
export interface WatcherOptions {
  readonly families: ReadonlySet<NotificationFamily>
  readonly mirrored: ReadonlySet<NotificationFamily>
  readonly datapath: string | undefined
  readonly limit: number
  /** In milliseconds; 0 for never. */
  readonly recount: number
  readonly receiveBuffer: number | undefined
}

/** A flow's actions alone may be 64 KiB long. */
const RECEIVE_SIZE = 128 << 10
/** Disputed objects that are asked for at last, though there is no end of news. */
const MANY = 1024
/** More datagrams than a queue holds. */
const DRAIN = 1 << 20
/** In milliseconds: until what may be incomplete is looked at again, doubled each time that it still may be. */
const AGAIN_FIRST = 50
const AGAIN_LAST = 5000

/** Receives notifications, and has a {@link Follower} take them in one by one, together with what has to be read again. */
export class Watcher {
  readonly follower: Follower
  readonly #hearer: WatcherHearer
  readonly #options: WatcherOptions
  readonly #listener: Listener
  readonly #subjects: Readonly<Record<NotificationFamily, Subject>>
  readonly #tasks: Task[] = []
  /** What has arrived and has not been taken in. */
  readonly #waiting: Record<NotificationFamily, number> = { datapath: 0, vport: 0, flow: 0 }
  readonly #again = new Map<string, { delay: number; timer: NodeJS.Timeout | undefined }>()
  #recounting: NodeJS.Timeout | undefined
  #referenced = true
  #running: Promise<void> | undefined
  /** What is not known of yet: the rest of the queue comes first. */
  #lost: OvsError | undefined
  /** Losses that have not been made good. */
  #losses = 0
  #overruns = 0
  #closed = false

  /** @throws SocketError */
  constructor(ovs: Context, options: WatcherOptions, hearer: WatcherHearer) {
    this.#options = options
    this.#hearer = hearer
    const all = subjects(ovs.netlink, ovs)
    this.#subjects = all
    const heard = [all.datapath, all.vport, all.flow].filter(({ name }) => name === 'datapath' || options.families.has(name))
    const outlet: Outlet = {
      wants: (type) => !this.#closed && (options.families as ReadonlySet<string>).has(type.slice(0, type.indexOf(':'))) && hearer.wants(type),
      emit: (event) => (this.#closed ? undefined : hearer.event(event)),
      isOwn: (portId) => ovs.netlink.owns(portId),
      quiet: (family) => this.#quiet(family),
      unsettled: (subject, dpIfindex) => this.#later(subject, dpIfindex),
    }
    this.follower = new Follower(all, options.mirrored, options.datapath, outlet)
    const byType = new Map(heard.map((subject) => [subject.type, subject]))
    const { receiveBuffer } = options
    const transport = ovs.netlink.dial({ receiveSize: RECEIVE_SIZE, ...(receiveBuffer === undefined ? {} : { receiveBuffer }) })
    this.#listener = listenTo(transport, heard.map(({ family }) => family), undefined, {
      message: (type, source, start, end, portId, sequence) => {
        const subject = byType.get(type)
        if (subject === undefined) return
        const command = subject.family.codec.commandName(subject.family.codec.commandIn(source, start, end))
        this.#waiting[subject.name]++
        this.#do({ kind: 'news', news: { subject, command, message: source.copy(start, end), origin: { portId, sequence } } })
      },
      overrun: (error) => this.#losing(error),
      error: (error) => {
        if (error instanceof MalformedMessageError || error instanceof TruncatedError) this.#losing(error)
        else hearer.failed(error)
      },
      // Only now does the kernel queue again, and what it had queued is older than what was lost.
      emptied: () => {
        const lost = this.#lost
        this.#lost = undefined
        if (lost !== undefined) this.#doLost(lost)
      },
    })
  }

  /** What has arrived so far. */
  get counts(): Readonly<ListenerCounts> {
    return this.#listener.counts
  }

  /** Reads what is mirrored for the first time. @throws KernelError, ClosedError */
  async start(): Promise<void> {
    await this.#ask(() => this.follower.resync())
    this.#poll()
  }

  /** Reads a datapath's flows again, because they have been flushed. */
  flushed(dpIfindex: number): void {
    const { flow } = this.#subjects
    // What is queued was announced before that.
    this.#listener.drain(DRAIN)
    this.#do({ kind: 'do', what: () => this.#found((found) => this.follower.reread(flow, dpIfindex, 'flushed', found), false) })
  }

  /** Reads all that is mirrored again; resolves when what was found has been told. @throws KernelError, ClosedError */
  resync(): Promise<WatchResync> {
    this.#listener.drain(DRAIN)
    return this.#ask(() => this.#resync())
  }

  /** Lets the process live for as long as this is open; so it is from the start. */
  ref(): void {
    this.#referenced = true
    this.#listener.ref()
    this.#recounting?.ref()
  }

  /** Lets the process end though this is open. */
  unref(): void {
    this.#referenced = false
    this.#listener.unref()
    this.#recounting?.unref()
  }

  /** Idempotent; resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#listener.close()
    clearInterval(this.#recounting)
    for (const { timer } of this.#again.values()) clearTimeout(timer)
    await this.#running
    for (const task of this.#tasks.splice(0)) cancel(task)
  }

  /** Does it when its turn comes; whoever asks hears how it went. */
  #ask<T>(what: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) reject(closed())
      else this.#do({ kind: 'do', what: () => what().then(resolve, reject), cancel: reject })
    })
  }

  #do(task: Task): void {
    this.#tasks.push(task)
    if (this.#tasks.length >= this.#options.limit) this.#listener.pause()
    if (this.#running === undefined) this.#running = Promise.resolve().then(() => this.#run())
  }

  async #run(): Promise<void> {
    while (this.#tasks.length > 0) {
      for (const task of this.#tasks.splice(0)) {
        try {
          const wait = this.#closed ? cancel(task) : this.#carryOut(task)
          if (wait !== undefined) await wait
        } catch (error) {
          this.#broken(error)
        }
      }
      if (this.#closed) continue
      this.#listener.resume()
      this.#confirm()
    }
    this.#running = undefined
  }

  /** Disputed objects are asked for when there is no more news of them, or when they are too many to wait for that. */
  #confirm(): void {
    const { disputed } = this.follower
    if (disputed > 0) this.#listener.drain(DRAIN)
    const pressing = disputed > MANY
    if (pressing || (disputed > 0 && this.#tasks.length === 0)) this.#do({ kind: 'do', what: () => this.#found((found) => this.follower.confirm(found, pressing), false) })
  }

  #carryOut(task: Task): Promise<unknown> | undefined {
    if (task.kind === 'do') return task.what()
    if (task.kind === 'lost') return this.#lostSome(task.error)
    this.#waiting[task.news.subject.name]--
    return this.follower.apply(task.news)
  }

  #broken(error: unknown): void {
    if (this.#closed) return
    if (error instanceof MalformedMessageError) {
      this.#overruns++
      this.#doLost(error)
      return
    }
    this.#hearer.error(error as Error)
    this.#after('all', () => this.#resync())
  }

  #losing(error: OvsError): void {
    this.#overruns++
    this.#lost ??= error
  }

  #doLost(error: OvsError): void {
    this.#losses++
    this.#do({ kind: 'lost', error })
  }

  async #lostSome(error: OvsError): Promise<void> {
    const { families, mirrored } = this.#options
    this.#losses--
    const unknown = [...families].filter((family) => family !== 'datapath' && !mirrored.has(family))
    if (!this.#closed && this.#hearer.wants('overrun')) await this.#hearer.event({ type: 'overrun', overruns: this.#overruns, error, unknown })
    await this.#resync()
  }

  #resync(): Promise<WatchResync> {
    return this.#found(async (found) => void Object.assign(found, await this.follower.resync()))
  }

  /** Tells of what was found; of nothing only where `always`. */
  async #found(read: (found: Found) => Promise<void>, always = true): Promise<WatchResync> {
    const found: Found = { added: 0, changed: 0, removed: 0 }
    await read(found)
    const event: WatchResync = { type: 'resync', ...found }
    if (!this.#closed && (always || found.added + found.changed + found.removed > 0) && this.#hearer.wants('resync')) await this.#hearer.event(event)
    return event
  }

  #quiet(family: NotificationFamily): boolean {
    this.#listener.drain(DRAIN)
    return !this.#listener.paused && this.#lost === undefined && this.#losses === 0 && this.#waiting[family] === 0
  }

  #poll(): void {
    const { recount } = this.#options
    if (recount === 0 || this.#closed) return
    let waiting = false
    const look = () => {
      waiting = false
      return this.#found((found) => this.follower.recount(found), false)
    }
    this.#recounting = setInterval(() => {
      // Where there is no time for one, they must not pile up.
      if (!waiting) this.#do({ kind: 'do', what: look })
      waiting = true
    }, recount)
    if (!this.#referenced) this.#recounting.unref()
  }

  /** Looks again when it may have become quiet; flows by their count, which costs little. */
  #later(subject: Subject, dpIfindex: number): void {
    if (subject.name === 'datapath') return this.#after('all', () => this.#resync())
    const { follower } = this
    const look = (found: Found) => (subject.name === 'flow' ? follower.recount(found, dpIfindex) : follower.reread(subject, dpIfindex, 'resync', found))
    this.#after(`${subject.name} ${dpIfindex}`, () => this.#found(look, false))
  }

  /** Does it after a time that is longer each time it turns out to be needed again. */
  #after(key: string, what: () => Promise<unknown>): void {
    const before = this.#again.get(key)
    if (before?.timer !== undefined || this.#closed) return
    const entry: { delay: number; timer: NodeJS.Timeout | undefined } = { delay: Math.min((before?.delay ?? AGAIN_FIRST / 2) * 2, AGAIN_LAST), timer: undefined }
    this.#again.set(key, entry)
    entry.timer = setTimeout(() => {
      this.#do({
        kind: 'do',
        what: async () => {
          entry.timer = undefined
          await what()
          // It did not ask for another time.
          if (entry.timer === undefined && this.#again.get(key) === entry) this.#again.delete(key)
        },
      })
    }, entry.delay)
    if (!this.#referenced) entry.timer.unref()
  }
}

function cancel(task: Task): undefined {
  if (task.kind === 'do') task.cancel?.(closed())
}

function closed(): ClosedError {
  return new ClosedError('the watch')
}
