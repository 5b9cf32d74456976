import { Source } from './bytes.js'
import { NLMSG_DONE, NLMSG_ERROR } from './constants.js'
import { errnoName } from './errno.js'
import { eachMessage, readAcknowledgement } from './message.js'
import type { Sink, Transport } from './transport.js'

/** The environment variable that turns tracing on: every message, decoded, on standard error. */
export const TRACE_VARIABLE = 'OVS_DATAPATH_TRACE'

/** What a message says: its name, and its value. `start` and `end` bound its payload. */
export type Reading = (source: Source, start: number, end: number) => readonly [name: string, value: unknown]

/** Says what goes over the wire, a line for each message. */
export class Trace {
  readonly #readings = new Map<number, Reading>()

  constructor(
    /** Takes one line, without a line feed, with nothing in it that a terminal would obey. */
    readonly write: (line: string) => void,
  ) {}

  /** How messages of this type are read; the first to say so is heeded. */
  learn(type: number, reading: Reading): void {
    if (!this.#readings.has(type)) this.#readings.set(type, reading)
  }

  /** One datagram; `arrow` says which way it went. */
  datagram(arrow: '>' | '<', portId: number, source: Source, start: number, end: number): void {
    try {
      eachMessage(source, start, end, (type, flags, sequence, from, to) => {
        this.write(`${arrow} ${portId} #${sequence} ${this.#message(type, flags, source, from, to)}`)
      })
    } catch (error) {
      this.write(`${arrow} ${portId} malformed: ${(error as Error).message} ${source.bytes.toString('hex', start, end)}`)
    }
  }

  #message(type: number, flags: number, source: Source, start: number, end: number): string {
    if (type === NLMSG_ERROR || type === NLMSG_DONE) {
      const { errno, message } = readAcknowledgement(source, flags, start, end, type === NLMSG_ERROR)
      const name = type === NLMSG_DONE ? 'done' : 'ack'
      return errno > 0 ? `${name} ${errnoName(errno)}${message === undefined ? '' : ` ${plain(message)}`}` : name
    }
    const flagText = ` flags 0x${flags.toString(16)}`
    const reading = this.#readings.get(type)
    if (reading === undefined) return `type ${type}${flagText} ${source.bytes.toString('hex', start, end)}`
    const [name, value] = reading(source, start, end)
    return `${name}${flagText} ${plain(value)}`
  }
}

/** A trace to standard error where the environment asks for one. */
export function traceFromEnvironment(env: NodeJS.ProcessEnv = process.env): Trace | undefined {
  const asked = env[TRACE_VARIABLE]
  return asked === undefined || asked === '' || asked === '0' ? undefined : new Trace((line) => process.stderr.write(`netlink ${line}\n`))
}

/** The transport, with everything that goes through it shown. */
export function traced(transport: Transport, trace: Trace): Transport {
  const sent = (bytes: Uint8Array, length: number) => trace.datagram('>', transport.portId, new Source(bytes), 0, length)
  return {
    get portId() {
      return transport.portId
    },
    get receiveBuffer() {
      return transport.receiveBuffer
    },
    send(bytes, length) {
      sent(bytes, length)
      transport.send(bytes, length)
    },
    sendAside(bytes, length) {
      sent(bytes, length)
      return transport.sendAside(bytes, length)
    },
    receive(sink: Sink, most?: number) {
      return transport.receive((source, start, end, length) => {
        trace.datagram('<', transport.portId, source, start, end)
        sink(source, start, end, length)
      }, most)
    },
    watch: (onReadable) => transport.watch(onReadable),
    join: (group) => transport.join(group),
    leave: (group) => transport.leave(group),
    close: () => transport.close(),
  }
}

/** A value on one line: bytes as hex, bigints as numbers, controls escaped. */
function plain(value: unknown): string {
  const json = JSON.stringify(value, (_, each: unknown) => {
    // Beyond 2 ** 53 a number would be another one.
    if (typeof each === 'bigint') return each <= Number.MAX_SAFE_INTEGER ? Number(each) : String(each)
    if (each instanceof Uint8Array) return `0x${Buffer.from(each).toString('hex')}`
    return each
  })
  return json.replace(/[\u007f-\u009f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
