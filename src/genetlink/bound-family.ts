import { setImmediate } from 'node:timers/promises'
import { abortable, type AbortOptions, throwIfAborted } from '../netlink/abort.js'
import type { Connection, ReplySink } from '../netlink/connection.js'
import type { Connections } from '../netlink/connection-pool.js'
import { MessageFlags } from '../netlink/constants.js'
import { InvalidValueError, KernelError, MalformedMessageError } from '../netlink/errors.js'
import { dump, exchange, refusals, type Shape } from '../netlink/requests.js'
import { BulkInterruptedError, type BulkResult } from './bulk.js'
import type { FamilyInfo } from './controller.js'
import { type AnyFamily, type CommandOf, FamilyCodec, type MessageIn, type MessageOut } from './family.js'

/**
 * How a request is made. Aborting gives up a dump, whose socket is closed, or the wait for an answer: what
 * the kernel has been sent it carries out all the same.
 */
export interface RequestOptions extends AbortOptions {
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

/** A family of the running kernel, ready for requests. */
export class BoundFamily<D extends AnyFamily> {
  /** Its messages as values. */
  readonly codec: FamilyCodec<D>
  readonly #connections: Connections
  readonly #shape: Shape

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
    this.#shape = { attributes: definition.attributes, headers: codec.headers }
  }

  /**
   * A request whose answer is an acknowledgement.
   *
   * @throws KernelError, InvalidValueError, AbortError
   */
  async call(command: CommandOf<D>, value: MessageIn<D>, { flags = 0, ...options }: RequestOptions = {}): Promise<void> {
    await this.#exchange(command, value, flags | MessageFlags.ack, options)
  }

  /**
   * A request whose answer is a message of the family. Requests that change something only answer
   * so with `MessageFlags.echo`.
   *
   * @throws KernelError, InvalidValueError, AbortError
   */
  async ask(command: CommandOf<D>, value: MessageIn<D>, { flags = 0, ...options }: RequestOptions = {}): Promise<MessageOut<D>> {
    let reply: MessageOut<D> | undefined
    await this.#exchange(command, value, flags, options, (source, start, end) => {
      reply = this.codec.read(source, start, end)
    })
    if (reply === undefined) throw new MalformedMessageError(`${this.#what(command)}: the kernel acknowledged but did not reply`)
    return reply
  }

  /**
   * All objects of a kind. The socket is the dump's own for as long as it lasts; leaving the loop
   * early, or aborting it, closes it.
   *
   * @throws KernelError, InvalidValueError, AbortError
   * @throws DumpInterruptedError behind the last object, when the kernel says that they changed meanwhile.
   */
  dump(command: CommandOf<D>, value: MessageIn<D>, { flags = 0, signal }: RequestOptions = {}): AsyncGenerator<MessageOut<D>, void, void> {
    return dump(
      this.#connections,
      this.#shape,
      this.#what('dump'),
      (connection) => this.#add(connection, command, value, flags | MessageFlags.dump),
      (source, start, end) => this.codec.read(source, start, end),
      signal,
    )
  }

  /**
   * Many requests, as many to a send as fit, each with its own outcome. The input is read as it is
   * needed; a value of which no request can be made, or encoded, is a failure like one that the
   * kernel refused, and the others go on. Aborted, it ends behind what has been sent.
   *
   * @throws BulkInterruptedError when the input throws, the socket fails, or the signal is aborted; it says what was done.
   */
  async bulk<V>(values: Iterable<V> | AsyncIterable<V>, request: (value: V) => BulkRequest<D>, { signal }: AbortOptions = {}): Promise<BulkResult> {
    const what = this.#what('bulk')
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
        const failed = await this.#refusals(connection, what, commands, signal)
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
      for await (const each of signal === undefined ? values : abortable(values, signal, what)) {
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
      throwIfAborted(signal, what)
      await flush()
    } catch (error) {
      throw new BulkInterruptedError(what, sorted(result), sent, error)
    } finally {
      this.#connections.release(connection)
    }
    return sorted(result)
  }

  /** Sends what was added; the refusals by place. */
  async #refusals(connection: Connection, what: string, commands: readonly string[], signal: AbortSignal | undefined): Promise<ReadonlyMap<number, KernelError>> {
    try {
      const wait = connection.exchange(what, refusals(connection, this.#shape, (index) => this.#what(commands[index] as string)), undefined, signal)
      if (wait !== undefined) await wait
      return connection.refusals
    } catch (error) {
      // Of a lone request, the refusal is thrown.
      if (error instanceof KernelError && connection.count === 1) return new Map([[0, error]])
      throw error
    }
  }

  #exchange(command: CommandOf<D>, value: MessageIn<D>, flags: number, options: RequestOptions, onReply?: ReplySink): Promise<void> {
    return exchange(this.#connections, this.#shape, this.#what(command), (connection) => this.#add(connection, command, value, flags), options, onReply)
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

  #what(command: string): string {
    return `${this.definition.name} ${command}`
  }
}

function sorted(result: BulkResult): BulkResult {
  result.failures.sort((a, b) => a.index - b.index)
  return result
}
