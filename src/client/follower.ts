import type { Origin } from '../netlink/listener.js'
import { Mirror } from './mirror.js'
import type { Notification, NotificationFamily, NotificationReason, NotificationVerb, Requester, WatchEvent } from './notification.js'
import { Recent } from './recent.js'
import { isGone, type Reading, type Subject } from './subject.js'

/** A message that the kernel has announced. */
export interface News {
  readonly subject: Subject
  readonly command: string
  /** From `struct genlmsghdr` on. */
  readonly message: Uint8Array
  readonly origin: Origin
}

/** What a follower needs of whoever reads the socket and gives events on. */
export interface Outlet {
  /** Somebody hears events of this type. */
  wants(type: WatchEvent['type']): boolean
  /** Gives an event on; where that has to wait for room, the promise. */
  emit(event: WatchEvent): Promise<void> | undefined
  /** The port id is one of our own. */
  isOwn(portId: number): boolean
  /** Nothing of this family has arrived that has not been applied. */
  quiet(family: NotificationFamily): boolean
  /** What was read of this may be incomplete, because it changed meanwhile: have it looked at again. */
  unsettled(subject: Subject, dpIfindex: number): void
}

/** How much was found when something was read again. */
export interface Found {
  added: number
  changed: number
  removed: number
}

/** An event that is not made unless somebody hears it. */
interface Told {
  readonly dpIfindex: number
  readonly value: () => unknown
  readonly before?: Uint8Array | undefined
  readonly reason: NotificationReason
  readonly requester?: Requester | undefined
}

/** Objects that are asked for one by one between two turns of the event loop. */
const TURN = 64

/**
 * Makes events of what the kernel announces and of what is read again, and keeps the mirrors that
 * tell the two apart from what was known already. One thing at a time: who calls waits for the result.
 */
export class Follower {
  readonly mirrors: Readonly<Record<NotificationFamily, Mirror>> = { datapath: new Mirror(), vport: new Mirror(), flow: new Mirror() }
  readonly #subjects: Readonly<Record<NotificationFamily, Subject>>
  readonly #mirrored: readonly Subject[]
  readonly #datapath: string | undefined
  readonly #outlet: Outlet
  readonly #names = new Map<number, string>()
  readonly #recent: Readonly<Record<NotificationFamily, Recent>> = { datapath: new Recent(), vport: new Recent(), flow: new Recent() }
  readonly #disputed = new Map<string, [subject: Subject, dpIfindex: number, id: string]>()
  /** Datapaths that are not known, of which something was heard. */
  readonly #skipped = new Set<number>()

  /**
   * @param mirrored Families besides the datapaths, of which there is always a mirror.
   * @param datapath The only datapath that matters, by name; all unless said.
   */
  constructor(subjects: Readonly<Record<NotificationFamily, Subject>>, mirrored: ReadonlySet<NotificationFamily>, datapath: string | undefined, outlet: Outlet) {
    this.#subjects = subjects
    this.#mirrored = [subjects.vport, subjects.flow].filter(({ name }) => mirrored.has(name))
    this.#datapath = datapath
    this.#outlet = outlet
  }

  /** Name of a datapath, where it is known. */
  name(dpIfindex: number): string | undefined {
    return this.#names.get(dpIfindex)
  }

  /** Takes in what was announced. @throws MalformedMessageError, KernelError */
  apply(news: News): Promise<void> | undefined {
    const { subject, command, message, origin } = news
    if (command !== 'new' && command !== 'set' && command !== 'del') return undefined
    const reading = subject.read(message)
    const { dpIfindex, id, complete } = reading
    if (subject.name !== 'datapath') {
      if (!this.#mirrored.includes(subject)) return this.#matters(dpIfindex) ? this.#tell(subject, command, this.#asAnnounced(news, dpIfindex)) : undefined
      if (!this.#names.has(dpIfindex)) this.#skipped.add(dpIfindex)
      if (!this.#names.has(dpIfindex) || !this.#matters(dpIfindex)) return undefined
    }
    const name = `${dpIfindex} ${subject.name} ${id}`
    if (this.#recent[subject.name].touch(name, origin.portId)) this.#disputed.set(name, [subject, dpIfindex, id])
    return complete || command === 'del' ? this.#settle(news, reading, command) : this.#complete(news, reading, command)
  }

  /** How many objects there are of which what was announced last may not be the last word. */
  get disputed(): number {
    return this.#disputed.size
  }

  /** Asks the kernel for these; unless it is `pressing`, for those of which there is more news only behind that. @throws KernelError */
  async confirm(found: Found, pressing: boolean): Promise<void> {
    let turn = 0
    for (const [name, [subject, dpIfindex, id]] of this.#disputed) {
      if (++turn % TURN === 0) await turnOfLoop()
      const now = await subject.get(dpIfindex, id)
      if (!pressing && !this.#outlet.quiet(subject.name)) continue
      this.#disputed.delete(name)
      await this.#found(subject, dpIfindex, id, now, 'resync', found)
    }
  }

  /** Reads all that is mirrored again, and tells what has changed. @throws KernelError */
  async resync(): Promise<Found> {
    const found: Found = { added: 0, changed: 0, removed: 0 }
    const { datapath } = this.#subjects
    for (const recent of Object.values(this.#recent)) recent.doubt()
    const seen = new Map<number, Uint8Array>()
    // Short as it is, this dump may have been disturbed as well.
    for (let turn = 0; turn < 3; turn++) {
      for await (const message of datapath.dump(0)) seen.set(datapath.read(message).dpIfindex, message)
      if (this.#outlet.quiet('datapath')) break
    }
    for (const dpIfindex of this.mirrors.datapath.datapaths()) {
      if (!seen.has(dpIfindex)) await this.#found(datapath, dpIfindex, '', await datapath.get(dpIfindex, ''), 'resync', found)
    }
    for (const [dpIfindex, message] of seen) await this.#found(datapath, dpIfindex, '', message, 'resync', found)
    for (const dpIfindex of this.mirrors.datapath.datapaths()) await this.#rereadAll(dpIfindex, 'resync', found)
    return found
  }

  /** Reads the objects of one family in one datapath again. @throws KernelError */
  async reread(subject: Subject, dpIfindex: number, reason: NotificationReason, found: Found): Promise<void> {
    if (!this.#matters(dpIfindex) || !this.#mirrored.includes(subject)) return
    this.#recent[subject.name].doubt()
    const mirror = this.mirrors[subject.name]
    const seen = new Set<string>()
    const changed: [id: string, message: Uint8Array][] = []
    const heard = this.#outlet.wants(`${subject.name}:new`) || this.#outlet.wants(`${subject.name}:set`)
    try {
      for await (const message of subject.dump(dpIfindex)) {
        const { id, settled, complete } = subject.read(message)
        seen.add(id)
        if (complete && equal(mirror.get(dpIfindex, id), settled)) continue
        // Events wait for their readers; the dump must not.
        if (heard || !complete) changed.push([id, message])
        else this.#count(mirror, dpIfindex, id, settled, found)
      }
    } catch (error) {
      // That it is gone is announced.
      if (!isGone(error)) throw error
      return
    }
    // What is deleted while a dump lasts makes it skip others.
    const quiet = this.#outlet.quiet(subject.name)
    if (!quiet) this.#outlet.unsettled(subject, dpIfindex)
    let turn = 0
    for (const [id] of mirror.of(dpIfindex)) {
      if (seen.has(id)) continue
      if (!quiet && ++turn % TURN === 0) await turnOfLoop()
      await this.#found(subject, dpIfindex, id, quiet ? undefined : await subject.get(dpIfindex, id), reason, found)
    }
    for (const [id, message] of changed) await this.#found(subject, dpIfindex, id, await this.#completed(subject, dpIfindex, id, message), reason, found)
  }

  /**
   * Looks for what nobody is told of: new names of datapaths and ports, which are few and are read again; and flushes, for
   * which the mirrored flows are compared with the kernel's own count, and read again where it differs.
   *
   * @param only A datapath of which only the flows are counted.
   * @throws KernelError
   */
  async recount(found: Found, only?: number): Promise<void> {
    const { datapath, vport, flow } = this.#subjects
    for (const dpIfindex of this.mirrors.datapath.datapaths()) {
      if (only !== undefined && only !== dpIfindex) continue
      const message = await datapath.get(dpIfindex, '')
      if (message === undefined) continue
      await this.#found(datapath, dpIfindex, '', message, 'resync', found)
      if (only === undefined) await this.reread(vport, dpIfindex, 'resync', found)
      if (!this.#mirrored.includes(flow) || !this.#matters(dpIfindex)) continue
      const { stats } = datapath.decode(message) as { stats?: { flows: bigint } }
      if (!this.#outlet.quiet('flow')) this.#outlet.unsettled(flow, dpIfindex)
      else if (stats !== undefined && Number(stats.flows) !== this.mirrors.flow.count(dpIfindex)) await this.reread(flow, dpIfindex, 'resync', found)
    }
  }

  async #rereadAll(dpIfindex: number, reason: NotificationReason, found: Found): Promise<void> {
    for (const subject of this.#mirrored) await this.reread(subject, dpIfindex, reason, found)
  }

  #matters(dpIfindex: number): boolean {
    return this.#datapath === undefined || this.#names.get(dpIfindex) === this.#datapath
  }

  /** The requester had parts left out of what everybody is told. */
  async #complete(news: News, reading: Reading, verb: NotificationVerb): Promise<void> {
    const { subject } = news
    const { dpIfindex, id } = reading
    const now = await subject.get(dpIfindex, id)
    if (now !== undefined) await this.#settle({ ...news, message: now }, subject.read(now), verb)
    else if (this.mirrors[subject.name].get(dpIfindex, id) === undefined) await this.#settle(news, reading, verb)
  }

  /** What was announced is so. What the mirror says already is not told again. */
  #settle(news: News, { dpIfindex, id, settled }: Reading, verb: NotificationVerb): Promise<void> | undefined {
    const { subject, message } = news
    const mirror = this.mirrors[subject.name]
    const before = mirror.get(dpIfindex, id)
    const told = this.#asAnnounced(news, dpIfindex)
    if (verb === 'del') {
      if (subject.name === 'datapath') return this.#datapathGone(dpIfindex, before, told)
      if (before === undefined) return undefined
      mirror.delete(dpIfindex, id)
      return this.#tell(subject, 'del', { ...told, value: () => ({ ...subject.decode(before), ...subject.decode(message) }) })
    }
    this.#put(subject, dpIfindex, id, settled)
    if (before !== undefined) {
      // Flows are announced as new when they are changed, too.
      return verb === 'new' && subject.name !== 'flow' && equal(before, settled) ? undefined : this.#tell(subject, 'set', { ...told, before })
    }
    return subject.name === 'datapath' ? this.#datapathMade(dpIfindex, told) : this.#tell(subject, 'new', told)
  }

  /** What was read is so. */
  async #found(subject: Subject, dpIfindex: number, id: string, now: Uint8Array | undefined, reason: NotificationReason, found: Found): Promise<void> {
    const mirror = this.mirrors[subject.name]
    const before = mirror.get(dpIfindex, id)
    if (now === undefined) {
      if (before === undefined) return
      found.removed++
      const told: Told = { dpIfindex, reason, value: () => subject.decode(before) }
      if (subject.name === 'datapath') return await this.#datapathGone(dpIfindex, before, told, found)
      mirror.delete(dpIfindex, id)
      return await this.#tell(subject, 'del', told)
    }
    const { settled } = subject.read(now)
    if (equal(before, settled)) return
    if (before === undefined) found.added++
    else found.changed++
    this.#put(subject, dpIfindex, id, settled)
    await this.#tell(subject, before === undefined ? 'new' : 'set', { dpIfindex, reason, before, value: () => subject.decode(now) })
  }

  #count(mirror: Mirror, dpIfindex: number, id: string, settled: Uint8Array, found: Found): void {
    if (mirror.get(dpIfindex, id) === undefined) found.added++
    else found.changed++
    mirror.put(dpIfindex, id, settled)
  }

  #put(subject: Subject, dpIfindex: number, id: string, settled: Uint8Array): void {
    this.mirrors[subject.name].put(dpIfindex, id, settled)
    if (subject.name === 'datapath') this.#names.set(dpIfindex, (subject.decode(settled) as { name?: string }).name ?? '')
  }

  /** The kernel does not announce a new datapath's own port. */
  async #datapathMade(dpIfindex: number, told: Told): Promise<void> {
    const { datapath, vport } = this.#subjects
    await this.#tell(datapath, 'new', told)
    const found = { added: 0, changed: 0, removed: 0 }
    if (this.#skipped.delete(dpIfindex)) return await this.#rereadAll(dpIfindex, 'datapath created', found)
    if (!this.#mirrored.includes(vport) || !this.#matters(dpIfindex)) return
    await this.#found(vport, dpIfindex, LOCAL, await vport.get(dpIfindex, LOCAL), 'datapath created', found)
  }

  /** Nor does it announce what goes with one. */
  async #datapathGone(dpIfindex: number, before: Uint8Array | undefined, told: Told, found?: Found): Promise<void> {
    for (const subject of this.#mirrored) {
      const mirror = this.mirrors[subject.name]
      for (const [id, bytes] of mirror.of(dpIfindex)) {
        mirror.delete(dpIfindex, id)
        if (found !== undefined) found.removed++
        await this.#tell(subject, 'del', { ...told, reason: 'datapath deleted', value: () => subject.decode(bytes) })
      }
    }
    this.#skipped.delete(dpIfindex)
    if (before === undefined) return
    await this.#tell(this.#subjects.datapath, 'del', told)
    this.mirrors.datapath.delete(dpIfindex, '')
    this.#names.delete(dpIfindex)
  }

  /** A dump leaves out actions that are too long for it. */
  async #completed(subject: Subject, dpIfindex: number, id: string, message: Uint8Array): Promise<Uint8Array | undefined> {
    return subject.read(message).complete ? message : await subject.get(dpIfindex, id)
  }

  #asAnnounced({ subject, message, origin: { portId, sequence } }: News, dpIfindex: number): Told {
    const requester = portId === 0 && sequence === 0 ? undefined : { portId, sequence, own: this.#outlet.isOwn(portId) }
    return { dpIfindex, value: () => subject.decode(message), reason: requester === undefined ? 'device gone' : 'announced', requester }
  }

  #tell(subject: Subject, verb: NotificationVerb, { dpIfindex, value, before, reason, requester }: Told): Promise<void> | undefined {
    const { name: family } = subject
    const type = `${family}:${verb}` as const
    if (!this.#matters(dpIfindex) || !this.#outlet.wants(type)) return undefined
    const told = { type, family, verb, dpIfindex, datapath: this.#names.get(dpIfindex), value: value(), before: before && subject.decode(before), reason, requester }
    return this.#outlet.emit(told as Notification)
  }
}

/** Names a datapath's own port: its number is 0, and it is attribute 1. */
const LOCAL = '\u0001\0\0\0\0'

function equal(before: Uint8Array | undefined, now: Uint8Array): boolean {
  return before !== undefined && Buffer.compare(before, now) === 0
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
