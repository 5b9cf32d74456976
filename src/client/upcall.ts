import { findAttribute } from '../netlink/attribute-list.js'
import { Source } from '../netlink/bytes.js'
import { MalformedMessageError } from '../netlink/errors.js'
import type { ActionInput } from '../ovs/action.js'
import { type FlowKey, FlowKeyAttributes } from '../ovs/key.js'
import { PacketAttributes, type PacketMessage, type PacketRequest } from '../ovs/packet.js'
import { explain, whatIsWrong } from './explain.js'

const KEY = PacketAttributes.table.key.number
const PACKET = PacketAttributes.table.packet.number

/** Sends a packet on. */
export type Execute = (request: PacketRequest) => Promise<void>

/**
 * A packet that the kernel sent up, because no flow matched it (`miss`) or a flow's action says so
 * (`action`). What it holds is decoded when it is read.
 */
export class Upcall {
  /** Why it came: no flow matched, or a flow's action `userspace` sent it. */
  readonly reason: 'miss' | 'action'
  /** Interface index of the datapath's own port. */
  readonly dpIfindex: number
  readonly #source: Source
  readonly #execute: Execute
  #key: FlowKey | undefined
  #message: PacketMessage | undefined

  /** @internal `attributes` are the message's, copied: nobody else writes to them. */
  constructor(reason: 'miss' | 'action', dpIfindex: number, attributes: Uint8Array, execute: Execute) {
    this.reason = reason
    this.dpIfindex = dpIfindex
    this.#source = new Source(attributes)
    this.#execute = execute
  }

  /** The packet's key, as the kernel extracted it: it can be a flow's. */
  get key(): FlowKey {
    if (this.#key === undefined) {
      const [start, end] = this.#find(KEY, 'key')
      this.#key = FlowKeyAttributes.read(this.#source, start, end)
    }
    return this.#key
  }

  /** The frame, from its Ethernet header on. */
  get packet(): Uint8Array {
    const [start, end] = this.#find(PACKET, 'packet')
    return this.#source.bytes.subarray(start, end)
  }

  /** Number of the port that it came from. */
  get inPort(): number {
    return this.key.inPort ?? 0
  }

  /** What the action `userspace` was given. */
  get userdata(): Uint8Array | undefined {
    return this.message.userdata
  }

  /** Everything else that the kernel said. */
  get message(): PacketMessage {
    this.#message ??= { dpIfindex: this.dpIfindex, ...PacketAttributes.read(this.#source, 0, this.#source.bytes.length) }
    return this.#message
  }

  /**
   * Sends the packet on.
   *
   * @throws KernelError, InvalidValueError
   */
  async execute(actions: readonly ActionInput[]): Promise<void> {
    const { mru, hash } = this.message
    const [start, end] = this.#find(KEY, 'key')
    try {
      await this.#execute({
        dpIfindex: this.dpIfindex,
        packet: this.packet,
        actions,
        ...(mru === undefined ? {} : { mru }),
        ...(hash === undefined ? {} : { hash }),
        // The key goes back as it came: decoding and encoding it would change nothing.
        unknown: [{ number: KEY, bytes: this.#source.bytes.subarray(start, end) }],
      })
    } catch (error) {
      throw explain(error, whatIsWrong(error, { key: this.key, actions }))
    }
  }

  #find(number: number, name: string): [number, number] {
    const found = findAttribute(this.#source, 0, this.#source.bytes.length, number)
    if (found === undefined) throw new MalformedMessageError(`an upcall has no ${name}`)
    return found
  }
}
