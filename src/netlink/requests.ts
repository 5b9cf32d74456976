import { setImmediate } from 'node:timers/promises'
import { throwIfAborted } from './abort.js'
import { attributePath } from './attribute-path.js'
import type { AttributeSet, Table } from './attributes.js'
import { Source } from './bytes.js'
import type { Connection, Refusal, ReplySink } from './connection.js'
import type { Connections } from './connection-pool.js'
import { NLMSG_HEADER } from './constants.js'
import { KernelError } from './errors.js'
import type { Acknowledgement } from './message.js'

/** How the requests of a protocol look, for what is said of one that is refused. */
export interface Shape {
  /** Behind the headers. */
  readonly attributes: AttributeSet<Table>
  /** Bytes between `struct nlmsghdr` and the first attribute. */
  readonly headers: number
}

/** Adds one request, or many, to the datagram that a connection has begun. @throws InvalidValueError */
export type Add = (connection: Connection) => void

/** Datagrams of a dump between two turns of the event loop. */
const DUMP_BUDGET = 8

/** One request and its answer. @throws KernelError, InvalidValueError, AbortError */
export async function exchange(
  connections: Connections,
  shape: Shape,
  what: string,
  add: Add,
  { aside = false, signal }: { aside?: boolean; signal?: AbortSignal | undefined },
  onReply?: ReplySink,
): Promise<void> {
  throwIfAborted(signal, what)
  const connection = connections.acquire()
  try {
    connection.begin()
    add(connection)
    const refusal = refusals(connection, shape, () => what)
    const wait = aside ? connection.exchangeAside(what, refusal, onReply, signal) : connection.exchange(what, refusal, onReply, signal)
    if (wait !== undefined) await wait
  } finally {
    connections.release(connection)
  }
}

/**
 * All objects of a kind. The socket is the dump's own for as long as it lasts; leaving the loop
 * early, or aborting it, closes it.
 *
 * @throws KernelError, InvalidValueError, AbortError
 * @throws DumpInterruptedError behind the last object, when the kernel says that they changed meanwhile.
 */
export async function* dump<M>(
  connections: Connections,
  shape: Shape,
  what: string,
  add: Add,
  read: (source: Source, start: number, end: number) => M,
  signal?: AbortSignal,
): AsyncGenerator<M, void, void> {
  throwIfAborted(signal, what)
  const connection = connections.acquire()
  const replies: M[] = []
  try {
    connection.begin()
    add(connection)
    connection.startDump(refusals(connection, shape, () => what), (source, start, end) => replies.push(read(source, start, end)))
    for (let turn = 1; ; turn++) {
      let ended = false
      let failure: unknown
      try {
        const more = connection.more(what, signal)
        ended = typeof more === 'boolean' ? more : await more
      } catch (error) {
        failure = error
      }
      for (const reply of replies) {
        yield reply
        throwIfAborted(signal, what)
      }
      replies.length = 0
      if (failure !== undefined) throw failure
      if (ended) return
      if (turn % DUMP_BUDGET === 0) await setImmediate()
    }
  } finally {
    connections.release(connection)
  }
}

/** What makes errors of the refusals of what a connection has sent; `what` names the request at a place in its datagram. */
export function refusals(connection: Connection, { attributes, headers }: Shape, what: (index: number) => string): Refusal {
  return ({ errno, message, offset, missing, missingIn }: Acknowledgement, index: number) => {
    const { bytes, length } = connection.writer
    // The offset counts from the refused request's own beginning; a batch's others stand before it.
    const pathAt = (at: number | undefined) =>
      at === undefined || connection.count !== 1 ? [] : attributePath(attributes, new Source(bytes), NLMSG_HEADER + headers, length, at)
    const nameOf = (number: number) => attributes.entry(number)?.kernelName ?? `attribute ${number}`
    return new KernelError(errno, what(index), {
      ...(message === undefined ? {} : { message }),
      ...(missing === undefined ? {} : { missing: missingIn === undefined ? nameOf(missing) : [...pathAt(missingIn), `attribute ${missing}`].join(' > ') }),
      attribute: pathAt(offset),
    })
  }
}
