import { Source } from '../netlink/bytes.js'
import { ClosedError } from '../netlink/errors.js'
import type { Sink, Transport, Watch } from '../netlink/transport.js'
import { parseDatagram, type SentMessage } from './datagrams.js'

/** Answers a datagram: what it queues on the transport is what the next `receive` gets. */
export type Script = (messages: SentMessage[], transport: ScriptedTransport) => void

/**
 * A transport without a kernel: a script answers what is sent, and queues what comes by itself.
 * Datagrams wait in a queue as they do in a socket's.
 */
export class ScriptedTransport implements Transport {
  readonly receiveBuffer = 212_992
  /** Every datagram that was sent, copied. */
  readonly sent: Uint8Array[] = []
  /** Multicast groups that have been joined. */
  readonly groups = new Set<number>()
  /** Nothing can be sent or received any more. */
  closed = false
  readonly #queue: (Uint8Array | Error)[] = []
  readonly #listeners = new Set<() => void>()
  #notifying = false

  constructor(
    /** Answers what is sent. */
    readonly script: Script = () => {},
    readonly portId = 1,
    /** Longer datagrams are cut, as a socket cuts them. */
    readonly receiveSize = 65_536,
  ) {}

  /** Queues one datagram, of one message or of several. */
  queue(...messages: Uint8Array[]): this {
    return this.#push(Buffer.concat(messages))
  }

  /** Queues an error: the next `receive` throws it. An `OverrunError` is how a lost message shows. */
  queueError(error: Error): this {
    return this.#push(error)
  }

  send(bytes: Uint8Array, length: number): void {
    this.#alive()
    const datagram = new Uint8Array(bytes.subarray(0, length))
    this.sent.push(datagram)
    this.script(parseDatagram(datagram), this)
  }

  async sendAside(bytes: Uint8Array, length: number): Promise<void> {
    this.send(bytes, length)
  }

  receive(sink: Sink, most = 1): number {
    this.#alive()
    let count = 0
    while (count < most) {
      const next = this.#queue[0]
      if (next === undefined || (next instanceof Error && count > 0)) break
      this.#queue.shift()
      if (next instanceof Error) throw next
      count++
      sink(new Source(next), 0, Math.min(next.length, this.receiveSize), next.length)
      // As a socket's memory is overwritten by what it receives next: who keeps it without copying sees that here too.
      next.fill(0xa5)
    }
    return count
  }

  watch(onReadable: () => void): Watch {
    this.#alive()
    const listener = () => onReadable()
    this.#listeners.add(listener)
    this.#notify()
    return { ref() {}, unref() {}, close: () => void this.#listeners.delete(listener) }
  }

  join(group: number): void {
    this.#alive()
    this.groups.add(group)
  }

  leave(group: number): void {
    this.#alive()
    this.groups.delete(group)
  }

  close(): void {
    this.closed = true
    this.#listeners.clear()
  }

  #alive(): void {
    if (this.closed) throw new ClosedError('the scripted transport')
  }

  #push(next: Uint8Array | Error): this {
    this.#queue.push(next)
    this.#notify()
    return this
  }

  /** Level-triggered, as a socket's readiness is: again for as long as something waits. */
  #notify(): void {
    if (this.#notifying || this.#queue.length === 0 || this.#listeners.size === 0) return
    this.#notifying = true
    setImmediate(() => {
      this.#notifying = false
      if (this.#queue.length > 0) for (const listener of this.#listeners) listener()
      this.#notify()
    })
  }
}
