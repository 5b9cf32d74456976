import type { Source } from './bytes.js'
import { MalformedMessageError, OverrunError, TruncatedError } from './errors.js'
import { eachMessage } from './message.js'
import type { Transport, Watch } from './transport.js'

/** Whose request a message goes back to, as the kernel writes it into `struct nlmsghdr`; both are 0 where nobody asked. */
export interface Origin {
  /** `nlmsg_pid`: port id of the socket that the request came from. */
  readonly portId: number
  /** `nlmsg_seq`: the number that the request was given by whoever made it. */
  readonly sequence: number
}

/** Who hears what arrives by itself. */
export interface Hearer {
  /**
   * One message; `start` and `end` bound its payload, `portId` and `sequence` are its {@link Origin}. What it throws counts
   * as malformed.
   */
  message(type: number, source: Source, start: number, end: number, portId: number, sequence: number): void
  /** Messages were lost. What was queued before them is still to come: see {@link emptied}. */
  overrun(error: OverrunError): void
  /** A message could not be understood, or the socket failed; in the latter case nothing more comes. */
  error(error: Error): void
  /**
   * Nothing is queued any more. Behind an overrun this is the moment from which on the kernel queues
   * again: what is read from here on, and heard from here on, is all that there is to know.
   */
  emptied?(): void
}

/** What has arrived so far. */
export interface ListenerCounts {
  /** Messages that were given on. */
  received: number
  /** How often the kernel reported that it had dropped messages; how many each time, it does not say. */
  overruns: number
  /** Messages that were longer than the receive buffer. */
  truncated: number
  /** Messages that could not be understood. */
  malformed: number
}

/** Datagrams in one receive, and in one turn of the event loop. */
const BATCH = 32
const BUDGET = 256

/**
 * Receives what a socket is sent without asking: upcalls, notifications. It never waits, and leaves
 * the event loop its turn after a budget; readiness is level-triggered, so the rest comes next.
 */
export class Listener {
  /** Goes on counting; not a copy. */
  readonly counts: ListenerCounts = { received: 0, overruns: 0, truncated: 0, malformed: 0 }
  #watch: Watch | undefined
  #referenced = true
  #closed = false

  constructor(
    /** Its socket, which it closes. */
    readonly transport: Transport,
    /** Whom it tells. */
    readonly hearer: Hearer,
  ) {
    this.resume()
  }

  /** Nothing comes any more. */
  get closed(): boolean {
    return this.#closed
  }

  /** Nothing is received for now: see {@link pause}. */
  get paused(): boolean {
    return this.#watch === undefined
  }

  /**
   * Leaves in the socket's queue what arrives from now on, until {@link resume}; what the same
   * receive has brought already (up to 32 datagrams) is still given on. When that queue overflows, an
   * overrun says so afterwards. While it is paused it does not keep the process alive.
   */
  pause(): void {
    this.#watch?.close()
    this.#watch = undefined
  }

  /** Receives again. */
  resume(): void {
    if (this.#closed || this.#watch !== undefined) return
    this.#watch = this.transport.watch(() => this.drain(BUDGET))
    if (!this.#referenced) this.#watch.unref()
  }

  /** Receives up to `budget` datagrams, and gives them on; none while it is paused. */
  drain(budget: number): void {
    for (let left = budget; left > 0 && !this.#closed && !this.paused; ) {
      let count: number
      try {
        count = this.transport.receive(this.#take, Math.min(BATCH, left))
      } catch (error) {
        if (error instanceof OverrunError) {
          this.counts.overruns++
          this.hearer.overrun(error)
          // The queue still holds what arrived before it overflowed.
          left--
          continue
        }
        this.close()
        this.hearer.error(error as Error)
        return
      }
      if (count === 0) {
        this.hearer.emptied?.()
        return
      }
      left -= count
    }
  }

  /** Lets the process live for as long as this is open; so it is from the start. */
  ref(): void {
    this.#referenced = true
    this.#watch?.ref()
  }

  /** Lets the process end though this is open. */
  unref(): void {
    this.#referenced = false
    this.#watch?.unref()
  }

  /** Closes the transport. Idempotent. */
  close(): void {
    this.#closed = true
    this.pause()
    this.transport.close()
  }

  readonly #take = (source: Source, start: number, end: number, length: number): void => {
    if (this.#closed) return
    if (length > end - start) {
      this.counts.truncated++
      this.hearer.error(new TruncatedError(end - start, length))
      return
    }
    try {
      eachMessage(source, start, end, (type, _flags, sequence, from, to, portId) => this.#message(type, source, from, to, portId, sequence))
    } catch (error) {
      this.#malformed(error)
    }
  }

  #message(type: number, source: Source, start: number, end: number, portId: number, sequence: number): void {
    if (this.#closed) return
    try {
      this.hearer.message(type, source, start, end, portId, sequence)
      this.counts.received++
    } catch (error) {
      this.#malformed(error)
    }
  }

  #malformed(error: unknown): void {
    this.counts.malformed++
    this.hearer.error(error instanceof MalformedMessageError ? error : new MalformedMessageError('a message could not be understood', error))
  }
}
