import type { Source } from './bytes.js'
import { MessageFlags, NLMSG_DONE, NLMSG_ERROR, NLMSG_MIN_TYPE, NLMSG_OVERRUN } from './constants.js'
import { onAbort, throwIfAborted, unlessAborted } from './abort.js'
import { AbortError, ClosedError, DumpInterruptedError, type KernelError, OverrunError, TimeoutError, TruncatedError } from './errors.js'
import { type Acknowledgement, eachMessage, readAcknowledgement } from './message.js'
import type { Transport } from './transport.js'
import { Writer } from './writer.js'

/** Takes one reply; `start` and `end` bound its payload, `index` is the request's place in its batch. */
export type ReplySink = (source: Source, start: number, end: number, index: number, flags: number) => void

/** Makes an error of a refusal; `index` is the request's place in its batch. */
export type Refusal = (acknowledgement: Acknowledgement, index: number) => KernelError

/** How long an answer may take, in milliseconds, when the kernel did not give it at once. */
export const DEFAULT_TIMEOUT = 10_000

/**
 * Requests over one transport, one exchange at a time: an exchange is one datagram out, with one
 * request or many in it, and all of its answers in.
 *
 * The kernel answers generic netlink before `send` returns, so an exchange receives at once, and
 * waits for the event loop only where a transport has nothing yet.
 */
export class Connection {
  /** The datagram that is being written: {@link open} and {@link close} frame its messages. */
  readonly writer = new Writer()
  /** Answers to requests that are over (they came after a time-out, say), thrown away. */
  stale = 0
  #sequence = (Math.random() * 0x7fff_ffff) >>> 0
  #first = 0
  #count = 0
  #open = -1
  #before = -1
  #finished = true
  #interrupted = false
  #dumping = false
  #acknowledged = false
  #error: Error | undefined
  #onReply: ReplySink | undefined
  #onRefusal: Refusal | undefined
  #refusals: Map<number, KernelError> | undefined
  #source: Source | undefined
  #closed = false
  #stopWaiting: (() => void) | undefined

  constructor(
    /** Its socket; nobody else may receive from it. */
    readonly transport: Transport,
    /** How long an answer may take that is not there at once, in milliseconds. */
    readonly timeout: number = DEFAULT_TIMEOUT,
  ) {}

  /** An exchange is under way, or was abandoned before its end: take another connection. */
  get busy(): boolean {
    return !this.#finished
  }

  /** Begins a datagram. */
  begin(): void {
    if (this.#closed) throw new ClosedError('the connection')
    this.writer.reset()
    this.#first = (this.#sequence + 1) >>> 0
    this.#count = 0
  }

  /** Begins a request in the datagram. */
  open(type: number, flags: number): void {
    this.#sequence = (this.#sequence + 1) >>> 0
    this.#acknowledged = (flags & MessageFlags.ack) !== 0
    this.#before = this.#open
    this.#dumping = (flags & MessageFlags.dump) === MessageFlags.dump
    this.#open = this.writer.openMessage(type, flags | MessageFlags.request, this.#sequence)
    this.#count++
  }

  /** Ends the request that was begun last. */
  close(): void {
    this.writer.closeMessage(this.#open)
  }

  /** Takes the request that was begun last, and what it holds, out again. */
  discard(): void {
    this.writer.length = this.#open
    this.#open = this.#before
    this.#sequence = (this.#sequence - 1) >>> 0
    this.#count--
  }

  /** Asks for an acknowledgement of the last request, and so of the whole datagram. */
  acknowledgeLast(): void {
    this.writer.flag16(this.#open + 6, MessageFlags.ack)
    this.#acknowledged = true
  }

  /** How many requests the datagram holds. */
  get count(): number {
    return this.#count
  }

  /**
   * Sends the datagram and receives the answers; done when it returns `undefined`, otherwise when
   * the promise is.
   *
   * The last request decides when it is over: with its acknowledgement if it asks for one,
   * otherwise with its reply or its refusal. An earlier request's refusal is `refusals`'.
   *
   * @throws KernelError of a lone request, SocketError, OverrunError, TimeoutError
   * @throws AbortError while it waits; the kernel goes on with what it has been sent.
   */
  exchange(what: string, onRefusal: Refusal, onReply?: ReplySink, signal?: AbortSignal): Promise<void> | undefined {
    this.#start(onRefusal, onReply)
    this.#guard(() => this.transport.send(this.writer.bytes, this.writer.length))
    return this.#receiveAll(what, signal)
  }

  /** Like {@link exchange}, with the kernel's work done off the event loop. */
  async exchangeAside(what: string, onRefusal: Refusal, onReply?: ReplySink, signal?: AbortSignal): Promise<void> {
    this.#start(onRefusal, onReply)
    try {
      await unlessAborted(this.transport.sendAside(this.writer.bytes, this.writer.length), signal, what)
    } catch (error) {
      // An aborted one is still being sent, from the writer's memory.
      this.#finished = !(error instanceof AbortError)
      throw error
    }
    await this.#receiveAll(what, signal)
  }

  /** Sends a dump's request; its replies come with {@link more}. */
  startDump(onRefusal: Refusal, onReply: ReplySink): void {
    this.#start(onRefusal, onReply)
    this.#guard(() => this.transport.send(this.writer.bytes, this.writer.length))
  }

  /**
   * Receives the next datagram of a dump; done when it returns `true`.
   *
   * @throws DumpInterruptedError at the dump's end, with everything delivered.
   * @throws AbortError
   */
  more(what: string, signal?: AbortSignal): boolean | Promise<boolean> {
    throwIfAborted(signal, what)
    if (this.#receiveOne()) return this.#finished ? this.#ended(what) : false
    return this.#readable(what, signal).then(() => this.more(what, signal))
  }

  /** The refusals of a batch, by the request's place in it. */
  get refusals(): ReadonlyMap<number, KernelError> {
    return this.#refusals ?? NONE
  }

  /** Closes the transport. Idempotent. */
  dispose(): void {
    this.#closed = true
    this.transport.close()
    this.#stopWaiting?.()
  }

  #start(onRefusal: Refusal, onReply: ReplySink | undefined): void {
    if (this.#closed) throw new ClosedError('the connection')
    this.#finished = false
    this.#interrupted = false
    this.#error = undefined
    this.#refusals = undefined
    this.#onRefusal = onRefusal
    this.#onReply = onReply
  }

  #guard(send: () => void): void {
    try {
      send()
    } catch (error) {
      this.#finished = true
      throw error
    }
  }

  #receiveAll(what: string, signal: AbortSignal | undefined): Promise<void> | undefined {
    while (!this.#finished) {
      if (!this.#receiveOne()) return this.#readable(what, signal).then(() => this.#receiveAll(what, signal))
    }
    this.#ended(what)
    return undefined
  }

  #receiveOne(): boolean {
    // Where this throws, the exchange has no known end any more: what was lost, or could not be
    // understood, may have been the answer that ends it. So it stays unfinished.
    return this.transport.receive(this.#take) > 0
  }

  #ended(what: string): true {
    this.#onReply = undefined
    this.#onRefusal = undefined
    const error = this.#error
    if (error !== undefined) throw error
    if (this.#interrupted) throw new DumpInterruptedError(what)
    return true
  }

  readonly #take = (source: Source, start: number, end: number, length: number): void => {
    if (length > end - start) {
      this.#fail(new TruncatedError(end - start, length))
      return
    }
    this.#source = source
    eachMessage(source, start, end, this.#takeMessage)
  }

  readonly #takeMessage = (type: number, flags: number, sequence: number, start: number, end: number): void => {
    const index = (sequence - this.#first) >>> 0
    if (index >= this.#count || this.#finished) {
      this.stale++
      return
    }
    const source = this.#source as Source
    const last = index === this.#count - 1
    if (flags & MessageFlags.dumpInterrupted && type !== NLMSG_ERROR) this.#interrupted = true
    if (type === NLMSG_ERROR || type === NLMSG_DONE) {
      const acknowledgement = readAcknowledgement(source, flags, start, end, type === NLMSG_ERROR)
      if (acknowledgement.errno > 0) this.#refuse(acknowledgement, index)
      if (last) this.#finished = true
    } else if (type >= NLMSG_MIN_TYPE) {
      try {
        this.#onReply?.(source, start, end, index, flags)
      } catch (error) {
        this.#error ??= error as Error
      }
      if (last && !this.#acknowledged && !this.#dumping) this.#finished = true
    } else if (type === NLMSG_OVERRUN) {
      this.#fail(new OverrunError())
    }
  }

  #refuse(acknowledgement: Acknowledgement, index: number): void {
    const error = (this.#onRefusal as Refusal)(acknowledgement, index)
    if (this.#count === 1) this.#error ??= error
    else (this.#refusals ??= new Map()).set(index, error)
  }

  #fail(error: Error): void {
    this.#error ??= error
    if (!this.#dumping) this.#finished = true
  }

  #readable(what: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal, what)
      const stop = (then: () => void) => {
        clearTimeout(timer)
        forget?.()
        watch.close()
        this.#stopWaiting = undefined
        then()
      }
      const giveUp = (error: Error) => {
        // A late answer is told by its sequence number, but a dump goes on, and a socket has one at a time.
        this.#finished = !this.#dumping
        stop(() => reject(error))
      }
      const watch = this.transport.watch(() => stop(resolve))
      const timer = setTimeout(() => giveUp(new TimeoutError(what, this.timeout)), this.timeout)
      this.#stopWaiting = () => stop(() => reject(new ClosedError('the connection')))
      const forget = signal === undefined ? undefined : onAbort(signal, () => giveUp(new AbortError(what, signal)))
    })
  }
}

const NONE: ReadonlyMap<number, KernelError> = new Map()
