import { ABORT_OPTIONS, type AbortOptions } from '../netlink/abort.js'
import { ConnectionPool } from '../netlink/connection-pool.js'
import { Errno } from '../netlink/errno.js'
import { InvalidValueError, KernelError, OvsError } from '../netlink/errors.js'
import { checkMembers } from '../netlink/members.js'
import { type Trace, traced } from '../netlink/trace.js'
import type { Dial, DialOptions, Transport } from '../netlink/transport.js'
import { Controller, CONTROLLER_ID, type FamilyInfo, familyInfo } from './controller.js'
import { BoundFamily } from './bound-family.js'
import type { AnyFamily } from './family.js'
import { Subscription, type SubscriptionOptions } from './subscription.js'
import { type CommandPolicy, readPolicies } from './policy.js'

/** The kernel has no such generic netlink family. Code `OVS_NO_FAMILY`. */
export class FamilyNotFoundError extends OvsError {
  /** The name that was asked for. */
  readonly family: string

  constructor(family: string, remedy: string | undefined, cause: unknown) {
    super('OVS_NO_FAMILY', `this kernel has no generic netlink family ${JSON.stringify(family)}`, {
      remedy: remedy ?? 'Load the module that brings it, or ask for the families that there are: families().',
      cause,
    })
    this.family = family
  }
}

/** How generic netlink is opened. */
export interface GenericNetlinkOptions {
  /** How long an answer may take, in milliseconds, when it is not there at once; 10 000 unless said. */
  timeout?: number | undefined
  /** Shows every message, decoded. */
  trace?: Trace | undefined
}

/** How many port ids are kept before it is looked which sockets are no more. */
const SWEEP_LEAST = 64

/** Generic netlink: families by name, requests to them, and sockets to listen on. */
export class GenericNetlink extends ConnectionPool {
  readonly #trace: Trace | undefined
  readonly #infos = new Map<string, Promise<FamilyInfo>>()
  readonly #controller: BoundFamily<typeof Controller>
  /** A notification may come after the socket that caused it was closed, so its port id is kept for as long as the socket's memory. */
  readonly #portIds = new Map<number, WeakRef<Transport>>()
  #sweepAt = SWEEP_LEAST

  /** @throws InvalidValueError */
  constructor(dial: Dial, options: GenericNetlinkOptions = {}) {
    checkMembers(options, 'how generic netlink is opened', { timeout: true, trace: true })
    const { timeout, trace } = options
    super(dial, 'generic netlink', timeout)
    this.#trace = trace
    this.#controller = new BoundFamily(this, Controller, familyInfo({ familyId: CONTROLLER_ID, familyName: Controller.name, version: Controller.version }))
    trace?.learn(CONTROLLER_ID, this.#controller.codec.reading)
  }

  /**
   * What the kernel says of the family with this name; asked once.
   *
   * @throws FamilyNotFoundError
   */
  async resolve(name: string, remedy?: string): Promise<FamilyInfo> {
    let info = this.#infos.get(name)
    if (info === undefined) {
      info = this.#controller.ask('getfamily', { familyName: name }).then(familyInfo)
      this.#infos.set(name, info)
    }
    try {
      return await info
    } catch (error) {
      // Whoever asked meanwhile may have begun anew.
      if (this.#infos.get(name) === info) this.#infos.delete(name)
      throw error instanceof KernelError && error.errno === Errno.ENOENT ? new FamilyNotFoundError(name, remedy, error) : error
    }
  }

  /** All families of the running kernel, in the order of their ids. @throws AbortError */
  async families(options: AbortOptions = {}): Promise<FamilyInfo[]> {
    checkMembers(options, 'how families are read', ABORT_OPTIONS)
    const found: FamilyInfo[] = []
    for await (const reply of this.#controller.dump('getfamily', {}, options)) found.push(familyInfo(reply))
    return found.toSorted((a, b) => a.id - b.id)
  }

  /**
   * What the kernel wants of the attributes of a family's commands, by the command's number: its own
   * policy, which it holds requests against before they reach the family. Anybody may ask.
   *
   * @throws FamilyNotFoundError
   * @throws KernelError `EOPNOTSUPP` from kernels before 5.7; those before 5.10 do not say which command has which policy.
   */
  async policy(name: string): Promise<ReadonlyMap<number, CommandPolicy>> {
    const { id } = await this.resolve(name)
    try {
      return await readPolicies(this.#controller.dump('getpolicy', { familyId: id }))
    } catch (error) {
      // The family has none.
      if (error instanceof KernelError && error.errno === Errno.ENODATA) return new Map()
      throw error
    }
  }

  /**
   * The family, ready for requests.
   *
   * @throws FamilyNotFoundError
   */
  async family<D extends AnyFamily>(definition: D): Promise<BoundFamily<D>> {
    const info = await this.resolve(definition.name as string, definition.remedy as string | undefined)
    const header = (definition.header?.size as number | undefined) ?? 0
    if (info.headerSize !== header) {
      throw new InvalidValueError(`the kernel's family ${definition.name} has a header of ${info.headerSize} bytes`, header, 'Declare that header.')
    }
    const bound = new BoundFamily(this, definition, info)
    this.#trace?.learn(info.id, bound.codec.reading)
    return bound
  }

  /**
   * Joins multicast groups of these families, on a socket of its own, for one reader:
   * `for await (const each of netlink.subscribe([family]))`. A reader that is slow loses nothing silently.
   *
   * @throws SocketError, InvalidValueError (a group that the kernel's family does not have)
   */
  subscribe<D extends AnyFamily>(families: readonly BoundFamily<D>[], options: SubscriptionOptions = {}): Subscription<D> {
    return new Subscription(this, families, options)
  }

  /** Whether a socket of this object has, or had until lately, this port id: whether a message goes back to one of its own requests. */
  owns(portId: number): boolean {
    return this.#portIds.has(portId)
  }

  /** A transport of one's own, to listen on; whoever asks for it closes it. */
  override dial(options?: DialOptions): Transport {
    const transport = super.dial(options)
    this.#portIds.set(transport.portId, new WeakRef(transport))
    if (this.#portIds.size >= this.#sweepAt) this.#sweep()
    return this.#trace === undefined ? transport : traced(transport, this.#trace)
  }

  /** Every dump that lasts has a socket of its own, so there may have been any number. */
  #sweep(): void {
    for (const [portId, transport] of this.#portIds) if (transport.deref() === undefined) this.#portIds.delete(portId)
    this.#sweepAt = 2 * this.#portIds.size + SWEEP_LEAST
  }
}
