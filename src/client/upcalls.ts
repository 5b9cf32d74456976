import { GENL_HEADER } from '../genetlink/family.js'
import type { Source } from '../netlink/bytes.js'
import { onAbort, throwIfAborted } from '../netlink/abort.js'
import { Errno } from '../netlink/errno.js'
import { ClosedError, InvalidValueError, KernelError, MalformedMessageError, OverrunError } from '../netlink/errors.js'
import { Listener, type ListenerCounts } from '../netlink/listener.js'
import { checkMembers, type MemberNames } from '../netlink/members.js'
import type { Transport } from '../netlink/transport.js'
import type { DatapathMessage } from '../ovs/datapath.js'
import { OvsPacket, type PacketRequest } from '../ovs/packet.js'
import type { Context } from './context.js'
import { type Dispatch, type DispatchMode, PerCpuDispatch, PerVportDispatch } from './dispatch.js'
import { StrictEmitter } from './emitter.js'
import type { TakenOverError } from './taken-over.js'
import { Upcall } from './upcall.js'

/** How to listen. */
export interface ListenOptions {
  /** How the kernel chooses the socket; `perCpu` where it can (5.15 and newer), otherwise `perVport`. */
  dispatch?: DispatchMode
  /** Receive queue to ask for, in bytes; what `openOvs` was told, or 4 MiB, unless said. */
  receiveBuffer?: number
  /** Closes it, as {@link Upcalls.close} does; while it is being opened, `listen` then throws an `AbortError`. */
  signal?: AbortSignal | undefined
}

/** The kernel sends frames of up to 65 531 bytes; key, userdata and actions come on top. */
const RECEIVE_SIZE = 128 << 10

const MODES: readonly DispatchMode[] = ['perCpu', 'perVport']

/** What has arrived so far. */
export interface UpcallCounts extends ListenerCounts {
  /** Upcalls of packets that no flow matched. */
  misses: number
  /** Upcalls that a flow's action asked for. */
  actions: number
  /** Upcalls of another datapath, dropped: a flow or port there sends to our port id. */
  foreign: number
  /** Messages with a command that is neither, dropped: what a newer kernel sends besides. */
  unknown: number
}

/** Upcalls were lost. */
export interface Overrun {
  /** How often in all that the kernel reported it; how many were lost each time, it does not say. */
  readonly overruns: number
  /** The datapath's own count of upcalls that were not delivered: `lost` of its statistics, read afterwards. */
  readonly lost: bigint
  /** The error, with what helps against it. */
  readonly error: OverrunError
}

/** The events of {@link Upcalls}. */
export interface UpcallEvents {
  /** A packet that no flow matched. */
  miss: (packet: Upcall) => void
  /** A packet that a flow's action `userspace` sent up. */
  action: (packet: Upcall) => void
  /** The socket's queue overflowed and upcalls were lost: handle them faster, or put flows sooner. */
  overrun: (overrun: Overrun) => void
  /** Something failed: a handler, a message that could not be understood, or the socket; or somebody else took the datapath or a port over ({@link TakenOverError}). Uncaught where nobody listens. */
  error: (error: Error) => void
  /** It is over: {@link Upcalls.close} was called, or the datapath is gone. */
  close: () => void
}

const EVENTS: MemberNames<UpcallEvents> = { miss: true, action: true, overrun: true, error: true, close: true }

/** A datapath's upcalls, as events, until it is closed. */
export class Upcalls extends StrictEmitter<UpcallEvents> {
  /** How the kernel chooses the socket. */
  readonly dispatch: DispatchMode
  /** The socket's port id, for the action `userspace`. */
  readonly portId: number
  readonly #ovs: Context
  readonly #dpIfindex: number
  readonly #listener: Listener
  readonly #attachment: Dispatch
  readonly #attached: Promise<void>
  readonly #type: number
  #misses = 0
  #actions = 0
  #foreign = 0
  #unknown = 0
  #closing: Promise<void> | undefined
  /** Takes the listener back from the signal. */
  #forget: (() => void) | undefined

  private constructor(ovs: Context, dpIfindex: number, transport: Transport, mode: DispatchMode) {
    super(EVENTS)
    this.#ovs = ovs
    this.#dpIfindex = dpIfindex
    this.#type = ovs.packet.family.info.id
    this.dispatch = mode
    this.portId = transport.portId
    const hearer = { gone: () => this.#end(), takenOver: (error: TakenOverError) => this.#takenOver(error), error: (error: Error) => this.#failed(error) }
    this.#attachment = new (mode === 'perCpu' ? PerCpuDispatch : PerVportDispatch)(ovs, dpIfindex, transport.portId, hearer)
    this.#attached = this.#attachment.attach()
    this.#listener = new Listener(transport, {
      message: (type, source, start, end) => this.#message(type, source, start, end),
      overrun: (error) => void this.#overrun(error),
      error: (error) => this.#failed(error),
    })
  }

  /** @internal Made by `listen` of a datapath. */
  static async open(ovs: Context, dpIfindex: number, options: ListenOptions): Promise<Upcalls> {
    checkMembers(options, 'how to listen', { dispatch: true, receiveBuffer: true, signal: true })
    const { dispatch, receiveBuffer, signal } = options
    throwIfAborted(signal, 'listen')
    if (dispatch !== undefined && !MODES.includes(dispatch)) throw new InvalidValueError('there is no such way to dispatch upcalls', dispatch, `There are ${MODES.join(', ')}.`)
    const modes = dispatch === undefined ? MODES : [dispatch]
    for (const mode of modes) {
      const upcalls = new Upcalls(ovs, dpIfindex, ovs.netlink.dial({ receiveSize: RECEIVE_SIZE, ...(receiveBuffer === undefined ? {} : { receiveBuffer }) }), mode)
      // Whoever closes everything meanwhile has to find it.
      ovs.open.add(upcalls)
      try {
        await upcalls.#attached
        throwIfAborted(signal, 'listen')
        if (upcalls.#closing !== undefined) throw new ClosedError('the listener')
        if (signal !== undefined) upcalls.#forget = onAbort(signal, () => upcalls.#end())
        return upcalls
      } catch (error) {
        await upcalls.close()
        const unable = error instanceof KernelError && error.errno === Errno.EOPNOTSUPP
        if (!unable || mode === modes.at(-1)) throw error
      }
    }
    throw new Error('unreachable')
  }

  /** What has arrived so far. */
  get counts(): UpcallCounts {
    return { ...this.#listener.counts, misses: this.#misses, actions: this.#actions, foreign: this.#foreign, unknown: this.#unknown }
  }

  /** Lets the process live for as long as this is open; so it is from the start. */
  ref(): this {
    this.#listener.ref()
    this.#attachment.ref()
    return this
  }

  /** Lets the process end though this is open. */
  unref(): this {
    this.#listener.unref()
    this.#attachment.unref()
    return this
  }

  /** Stops listening, and puts back what was found: port ids of the ports, features of the datapath. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#forget?.()
    try {
      // What is not attached has put back by itself what it had changed.
      const attached = await this.#attached.then(() => true, () => false)
      if (attached) await this.#attachment.detach()
    } finally {
      this.#listener.close()
      this.#ovs.open.delete(this)
      this.emit('close')
    }
  }

  #message(type: number, source: Source, start: number, end: number): void {
    if (this.#closing !== undefined) return
    const codec = this.#ovs.packet.family.codec
    if (type !== this.#type) throw new MalformedMessageError(`a message of type ${type} came where upcalls do`)
    if (start + codec.headers > end) throw new MalformedMessageError('an upcall is shorter than its headers')
    const command = codec.commandIn(source, start, end)
    const { dpIfindex } = OvsPacket.header!.read(source, start + GENL_HEADER, start + GENL_HEADER + OvsPacket.header!.size)
    if (dpIfindex !== this.#dpIfindex) {
      this.#foreign++
      return
    }
    const reason = codec.commandName(command)
    if (reason !== 'miss' && reason !== 'action') {
      this.#unknown++
      return
    }
    if (reason === 'miss') this.#misses++
    else this.#actions++
    this.emit(reason, new Upcall(reason, dpIfindex, source.copy(start + codec.headers, end), this.#execute))
  }

  readonly #execute = (request: PacketRequest): Promise<void> => this.#ovs.packet.execute(request)

  async #overrun(error: OverrunError): Promise<void> {
    const { overruns } = this.#listener.counts
    let info: DatapathMessage | undefined
    try {
      info = await this.#ovs.datapath.get({ dpIfindex: this.#dpIfindex })
    } catch {
      // Gone meanwhile: the count that it had is gone with it.
    }
    if (!this.#listener.closed) this.emit('overrun', { overruns, lost: info?.stats?.lost ?? 0n, error })
  }

  #failed(error: Error): void {
    this.emit('error', error)
    // The listener closes itself when its socket fails; nothing can come any more.
    if (this.#listener.closed) this.#end()
  }

  #takenOver(error: TakenOverError): void {
    this.emit('error', error)
    this.#end()
  }

  #end(): void {
    this.close().catch((error: unknown) => this.emit('error', error as Error))
  }
}
