import { Controller, CONTROLLER_ID } from '../genetlink/controller.js'
import { type AnyFamily, type CommandOf, FamilyCodec, type MessageIn, type MessageOut } from '../genetlink/family.js'
import { Source } from '../netlink/bytes.js'
import { MessageFlags, NETLINK_GENERIC } from '../netlink/constants.js'
import { Errno } from '../netlink/errno.js'
import type { Origin } from '../netlink/listener.js'
import type { Dial } from '../netlink/transport.js'
import { Writer } from '../netlink/writer.js'
import { acknowledgement, done, message, type RefusalDetails, type SentMessage } from './datagrams.js'
import { ScriptedTransport } from './scripted-transport.js'

/** Thrown by a handler: the fake kernel refuses the request. */
export class Refusal extends Error {
  constructor(
    /** The positive errno. */
    readonly errno: number,
    /** What the extended acknowledgement adds. */
    readonly details: RefusalDetails = {},
  ) {
    super(details.message ?? `errno ${errno}`)
  }
}

/** What a handler knows of its request besides its value. */
export interface FakeRequest {
  /** By its name in the family's definition. */
  readonly command: string
  /** `nlmsg_flags` (`NLM_F_*`). */
  readonly flags: number
  /** It asks for all objects. */
  readonly dump: boolean
  /** Port id of the socket that it came from. */
  readonly portId: number
}

/**
 * Answers a request: with the objects of a dump, with one reply, or, by `undefined`, with an
 * acknowledgement alone.
 */
export type FakeHandler<D extends AnyFamily> = (value: MessageOut<D>, request: FakeRequest) => MessageIn<D> | readonly MessageIn<D>[] | undefined

interface Served {
  readonly codec: FamilyCodec<AnyFamily>
  readonly handlers: Partial<Record<string, FakeHandler<AnyFamily>>>
  readonly id: number
  readonly groups: ReadonlyMap<string, number>
}

/**
 * A kernel for tests: it serves families to whoever dials it, in this process, without privileges.
 *
 * ```ts
 * const kernel = new FakeKernel()
 * kernel.serve(OvsDatapath, { get: () => ({ dpIfindex: 7, name: 'dp0' }) })
 * const ovs = await openOvs({ dial: kernel.dial })
 * ```
 */
export class FakeKernel {
  /** Every socket that was dialled, in order. */
  readonly transports: ScriptedTransport[] = []
  /** Makes the next dump end as one that was interrupted. */
  interruptNextDump = false
  readonly #families = new Map<number, Served>()
  #nextId = 32

  /** Give it to `openOvs`, `openGenericNetlink` or `new GenericNetlink`. */
  readonly dial: Dial = ({ protocol = NETLINK_GENERIC } = {}) => {
    if (protocol !== NETLINK_GENERIC) throw new Error(`a FakeKernel serves generic netlink, not protocol ${protocol}`)
    const transport = new ScriptedTransport((messages, from) => this.#answer(messages, from), 1000 + this.transports.length)
    this.transports.push(transport)
    return transport
  }

  constructor() {
    this.#families.set(CONTROLLER_ID, { codec: new FamilyCodec(Controller), handlers: {}, id: CONTROLLER_ID, groups: new Map() })
  }

  /** Serves a family; a command without a handler is refused with EOPNOTSUPP. */
  serve<D extends AnyFamily>(definition: D, handlers: { [C in CommandOf<D>]?: FakeHandler<D> }): this {
    const id = this.#nextId++
    const groups = new Map(((definition.groups ?? []) as readonly string[]).map((name) => [name, this.#nextId++]))
    this.#families.set(id, { codec: new FamilyCodec(definition), handlers: handlers as Served['handlers'], id, groups })
    return this
  }

  /** Sends a message to everybody who joined the group; nobody's request caused it, unless `origin` says whose. */
  multicast<D extends AnyFamily>(definition: D, group: string, command: CommandOf<D>, value: MessageIn<D>, origin?: Origin): void {
    const served = this.#served(definition)
    const datagram = this.#message(served, command, value, 0, origin?.sequence ?? 0, origin?.portId)
    for (const transport of this.transports) if (!transport.closed && transport.groups.has(served.groups.get(group) ?? -1)) transport.queue(datagram)
  }

  /** Sends a message to one socket, such as an upcall. */
  unicast<D extends AnyFamily>(definition: D, portId: number, command: CommandOf<D>, value: MessageIn<D>): void {
    const transport = this.transports.find((each) => each.portId === portId && !each.closed)
    if (transport === undefined) throw new Error(`no open socket has the port id ${portId}`)
    transport.queue(this.#message(this.#served(definition), command, value, 0, 0))
  }

  #served(definition: AnyFamily): Served {
    const served = [...this.#families.values()].find((each) => each.codec.definition === definition)
    if (served === undefined) throw new Error(`the family ${definition.name} is not served`)
    return served
  }

  #answer(messages: SentMessage[], to: ScriptedTransport): void {
    for (const request of messages) {
      try {
        for (const datagram of this.#handle(request, to.portId)) to.queue(datagram)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        to.queue(acknowledgement(request, error.errno, error.details))
      }
    }
  }

  #handle(request: SentMessage, portId: number): Uint8Array[] {
    const served = this.#families.get(request.type)
    if (served === undefined) throw new Refusal(Errno.ENOENT)
    const source = new Source(request.payload)
    const command = served.codec.commandName(served.codec.commandIn(source, 0, request.payload.length))
    const value = served.codec.read(source, 0, request.payload.length)
    const dump = (request.flags & MessageFlags.dump) === MessageFlags.dump
    const handler = served.id === CONTROLLER_ID ? this.#lookUp : served.handlers[command]
    if (handler === undefined) throw new Refusal(Errno.EOPNOTSUPP)
    const answer = answerOf(() => handler(value, { command, flags: request.flags, dump, portId }))
    if (answer instanceof Refusal) return [dump ? done(request, answer.errno) : acknowledgement(request, answer.errno, answer.details)]
    const replies = answer === undefined || isSilent(command, request.flags) ? [] : Array.isArray(answer) ? (answer as MessageIn<AnyFamily>[]) : [answer as MessageIn<AnyFamily>]
    const flags = dump ? MessageFlags.multi : 0
    const datagrams = replies.map((reply) => this.#message(served, replyCommand(served, command), reply, flags, request.sequence))
    if (dump) {
      datagrams.push(done(request, 0, { interrupted: this.interruptNextDump }))
      this.interruptNextDump = false
    } else if (request.flags & MessageFlags.ack || replies.length === 0) datagrams.push(acknowledgement(request))
    return datagrams
  }

  #message(served: Served, command: string, value: MessageIn<AnyFamily>, flags: number, sequence: number, portId = 0): Uint8Array {
    const writer = new Writer(256)
    served.codec.write(writer, served.codec.definition.commands[command] as number, value)
    return message(served.id, writer.copy(), { flags, sequence, portId })
  }

  readonly #lookUp: FakeHandler<AnyFamily> = (value, { dump }) => {
    const wanted = (value as { familyName?: string }).familyName
    const found = [...this.#families.values()].filter((each) => dump || each.codec.definition.name === wanted)
    if (found.length === 0) throw new Refusal(Errno.ENOENT)
    const infos = found.map(({ codec: { definition }, id, groups }) => ({
      familyId: id,
      familyName: definition.name as string,
      version: definition.version as number,
      hdrsize: (definition.header?.size as number | undefined) ?? 0,
      mcastGroups: [...groups].map(([name, group]) => ({ name, id: group })),
    }))
    return (dump ? infos : infos[0]) as MessageIn<AnyFamily>
  }
}

/** The controller answers with a command of its own; every other family with the one that was asked. */
function replyCommand(served: Served, command: string): string {
  return served.id === CONTROLLER_ID ? 'newfamily' : command
}

/** What changes something only replies where the request asks for it. */
function isSilent(command: string, flags: number): boolean {
  return ['new', 'set', 'del'].includes(command) && !(flags & MessageFlags.echo)
}

function answerOf<T>(handle: () => T): T | Refusal {
  try {
    return handle()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}
