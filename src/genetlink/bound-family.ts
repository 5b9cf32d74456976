import { setImmediate } from 'node:timers/promises'
import { Source } from '../netlink/bytes.js'
import type { Connection, Refusal } from '../netlink/connection.js'
import { MessageFlags, NLMSG_HEADER } from '../netlink/constants.js'
import { InvalidValueError, KernelError, MalformedMessageError } from '../netlink/errors.js'
import type { Acknowledgement } from '../netlink/message.js'
import { BulkInterruptedError, type BulkResult } from './bulk.js'
import type { FamilyInfo } from './controller.js'
import { type AnyFamily, type CommandOf, FamilyCodec, type MessageIn, type MessageOut } from './family.js'

/** What a family needs of generic netlink. */
interface Connections {
  acquire(): Connection
  release(connection: Connection): void
}

/** How a request is made. */
export interface RequestOptions {
  /** Further {@link MessageFlags}. */
  flags?: number
  /** Have the kernel's work done off the event loop: for requests that wait for locks or grace periods. */
  aside?: boolean
}

/** One request of a bulk. */
export interface BulkRequest<D> {
  /** By its name in the family's definition. */
  command: CommandOf<D>
  /** Members of the family's header, and attributes. */
  value: MessageIn<D>
  /** Further {@link MessageFlags}. */
  flags?: number
}

/** How much travels in one send: the refusals of that many fit the kernel's default receive queue. */
const BULK_REQUESTS = 128
const BULK_BYTES = 60_000
/** Datagrams of a dump between two turns of the event loop. */
const DUMP_BUDGET = 8

/** A family of the running kernel, ready for requests. */
export class BoundFamily<D extends AnyFamily> {
  /** Its messages as values. */
  readonly codec: FamilyCodec<D>
  readonly #connections: Connections

  /** @internal Made by `family` of a `GenericNetlink`. */
  constructor(
    connections: Connections,
    /** What was declared of it. */
    readonly definition: D,
    /** What the kernel says of it. */
    readonly info: FamilyInfo,
    codec = new FamilyCodec(definition),
  ) {
    this.#connections = connections
    this.codec = codec
  }

  /**
   * A request whose answer is an acknowledgement.
   *
   * @throws KernelError, InvalidValueError
   */
  async call(command: CommandOf<D>, value: MessageIn<D>, { flags = 0, aside = false }: RequestOptions = {}): Promise<void> {
    await this.#exchange(command, value, flags | MessageFlags.ack, aside)
  }

  /**
   * A request whose answer is a message of the family. Requests that change something only answer
   * so with `MessageFlags.echo`.
   *
   * @throws KernelError, InvalidValueError
   */
  async ask(command: CommandOf<D>, value: MessageIn<D>, { flags = 0, aside = false }: RequestOptions = {}): Promise<MessageOut<D>> {
    let reply: MessageOut<D> | undefined
    await this.#exchange(command, value, flags, aside, (source, start, end) => {
      reply = this.codec.read(source, start, end)
    })
    if (reply === undefined) throw new MalformedMessageError(`${this.#what(command)}: the kernel acknowledged but did not reply`)
    return reply
  }

  /**
   * All objects of a kind. The socket is the dump's own for as long as it lasts; leaving the loop
   * early closes it.
   *
   * @throws KernelError, InvalidValueError
   * @throws DumpInterruptedError behind the last object, when the kernel says that they changed meanwhile.
   */
  async *dump(command: CommandOf<D>, value: MessageIn<D>, { flags = 0 }: RequestOptions = {}): AsyncGenerator<MessageOut<D>, void, void> {
    const what = `${this.definition.name} dump`
    const connection = this.#connections.acquire()
    const replies: MessageOut<D>[] = []
    try {
      connection.begin()
      this.#add(connection, command, value, flags | MessageFlags.dump)
      connection.startDump(this.#refusal(connection, () => what), (source, start, end) => replies.push(this.codec.read(source, start, end)))
      for (let turn = 1; ; turn++) {
        let ended = false
        let failure: unknown
        try {
          const more = connection.more(what)
          ended = typeof more === 'boolean' ? more : await more
        } catch (error) {
          failure = error
        }
        for (const reply of replies) yield reply
        replies.length = 0
        if (failure !== undefined) throw failure
        if (ended) return
        if (turn % DUMP_BUDGET === 0) await setImmediate()
      }
    } finally {
      this.#connections.release(connection)
    }
  }

  /**
   * Many requests, as many to a send as fit, each with its own outcome. The input is read as it is
   * needed; a value of which no request can be made, or encoded, is a failure like one that the
   * kernel refused, and the others go on.
   */
  async bulk<V>(values: Iterable<V> | AsyncIterable<V>, request: (value: V) => BulkRequest<D>): Promise<BulkResult> {
    const result: BulkResult = { done: 0, failures: [] }
    const connection = this.#connections.acquire()
    const indices: number[] = []
    const commands: string[] = []
    let index = 0
    let sent = 0
    const flush = async () => {
      if (indices.length > 0) {
        connection.acknowledgeLast()
        sent = indices.length
        const failed = await this.#refusals(connection, commands)
        for (const [at, error] of failed) result.failures.push({ index: indices[at] as number, error })
        result.done += indices.length - failed.size
        sent = 0
      }
      connection.begin()
      indices.length = 0
      commands.length = 0
    }
    try {
      connection.begin()
      for await (const each of values) {
        try {
          const { command, value, flags = 0 } = request(each)
          this.#add(connection, command, value, flags)
          indices.push(index)
          commands.push(command)
        } catch (error) {
          if (!(error instanceof InvalidValueError)) throw error
          result.failures.push({ index, error })
        }
        index++
        if (indices.length === BULK_REQUESTS || connection.writer.length >= BULK_BYTES) {
          await flush()
          await setImmediate()
        }
      }
      await flush()
    } catch (error) {
      throw new BulkInterruptedError(`${this.definition.name} bulk`, sorted(result), sent, error)
    } finally {
      this.#connections.release(connection)
    }
    return sorted(result)
  }

  /** Sends what was added; the refusals by place. */
  async #refusals(connection: Connection, commands: readonly string[]): Promise<ReadonlyMap<number, KernelError>> {
    try {
      const wait = connection.exchange(`${this.definition.name} bulk`, this.#refusal(connection, (index) => this.#what(commands[index] as string)))
      if (wait !== undefined) await wait
      return connection.refusals
    } catch (error) {
      // Of a lone request, the refusal is thrown.
      if (error instanceof KernelError && connection.count === 1) return new Map([[0, error]])
      throw error
    }
  }

  async #exchange(
    command: CommandOf<D>,
    value: MessageIn<D>,
    flags: number,
    aside: boolean,
    onReply?: (source: Source, start: number, end: number) => void,
  ): Promise<void> {
    const connection = this.#connections.acquire()
    try {
      connection.begin()
      this.#add(connection, command, value, flags)
      const what = this.#what(command)
      const refusal = this.#refusal(connection, () => what)
      const wait = aside ? connection.exchangeAside(what, refusal, onReply) : connection.exchange(what, refusal, onReply)
      if (wait !== undefined) await wait
    } finally {
      this.#connections.release(connection)
    }
  }

  #add(connection: Connection, command: CommandOf<D>, value: MessageIn<D>, flags: number): void {
    connection.open(this.info.id, flags)
    try {
      this.codec.write(connection.writer, this.definition.commands[command] as number, value)
    } catch (error) {
      connection.discard()
      throw error
    }
    connection.close()
  }

  #kernelName(number: number): string {
    return this.definition.attributes.entry(number)?.kernelName ?? `attribute ${number}`
  }

  #what(command: string): string {
    return `${this.definition.name} ${command}`
  }

  #refusal(connection: Connection, what: (index: number) => string): Refusal {
    return (acknowledgement: Acknowledgement, index: number) => {
      const { errno, message, offset, missing, missingIn } = acknowledgement
      const { bytes, length } = connection.writer
      // The offset counts from the refused request's own beginning; a batch's others stand before it.
      const pathAt = (at: number | undefined) => (at === undefined || connection.count !== 1 ? [] : this.codec.pathAt(new Source(bytes), NLMSG_HEADER, length, at))
      return new KernelError(errno, what(index), {
        ...(message === undefined ? {} : { message }),
        ...(missing === undefined ? {} : { missing: missingIn === undefined ? this.#kernelName(missing) : [...pathAt(missingIn), `attribute ${missing}`].join(' > ') }),
        attribute: pathAt(offset),
      })
    }
  }
}

function sorted(result: BulkResult): BulkResult {
  result.failures.sort((a, b) => a.index - b.index)
  return result
}
