import { Connection } from './connection.js'
import { ClosedError } from './errors.js'
import type { Dial, DialOptions, Transport } from './transport.js'

/** Where the connections for exchanges come from. */
export interface Connections {
  /** One for an exchange; give it back with `release`. */
  acquire(): Connection
  /** A connection whose exchange did not end is closed: what is still to come would be taken for an answer. */
  release(connection: Connection): void
}

/** Idle sockets that are kept; more are opened while more is under way at once. */
const IDLE_MOST = 4

/**
 * The sockets of one netlink protocol: a few idle ones, one more for each exchange that lasts.
 *
 * A socket serves one exchange at a time, and the kernel answers most at once; only while a dump
 * lasts, or a request is carried out off the event loop, a further socket is opened.
 */
export class ConnectionPool implements Connections {
  readonly #dial: Dial
  readonly #name: string
  readonly #timeout: number | undefined
  readonly #idle: Connection[] = []
  readonly #busy = new Set<Connection>()
  #closed = false

  /** `name` is what an error says is closed; `timeout` is the connections'. */
  constructor(dial: Dial, name: string, timeout: number | undefined) {
    this.#dial = dial
    this.#name = name
    this.#timeout = timeout
  }

  /** A transport of one's own, to listen on; whoever asks for it closes it. */
  dial(options?: DialOptions): Transport {
    if (this.#closed) throw new ClosedError(this.#name)
    return this.#dial(options)
  }

  /** A connection for one exchange; give it back with {@link release}. */
  acquire(): Connection {
    if (this.#closed) throw new ClosedError(this.#name)
    const connection = this.#idle.pop() ?? new Connection(this.dial(), this.#timeout)
    this.#busy.add(connection)
    return connection
  }

  /** A connection whose exchange did not end is closed: what is still to come would be taken for an answer. */
  release(connection: Connection): void {
    this.#busy.delete(connection)
    if (connection.busy || this.#closed || this.#idle.length >= IDLE_MOST) connection.dispose()
    else this.#idle.push(connection)
  }

  /** Closes its sockets; dumps under way end with an error. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const connection of [...this.#idle.splice(0), ...this.#busy]) connection.dispose()
    this.#dial.close?.()
  }

  /** {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}
