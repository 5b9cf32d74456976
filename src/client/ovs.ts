import type { GenericNetlink } from '../genetlink/generic-netlink.js'
import { ABORT_OPTIONS, type AbortOptions } from '../netlink/abort.js'
import { InvalidValueError } from '../netlink/errors.js'
import { checkMembers } from '../netlink/members.js'
import { type DatapathFamily, type FlowFamily, openFamilies, type OvsFamilies, type PacketFamily, type VportFamily } from '../ovs/families.js'
import type { CtLimitFamily, MeterFamily } from '../ovs/optional-families.js'
import type { Links } from '../rtnetlink/links.js'
import type { Rtnetlink } from '../rtnetlink/rtnetlink.js'
import { type Capabilities, capabilities } from './capabilities.js'
import type { Context } from './context.js'
import { CtLimits } from './ct-limits.js'
import { Datapath } from './datapath.js'
import { checkCacheSize, DATAPATH_SETTINGS, type DatapathFeature, featureBits } from './datapath-settings.js'
import { explain, explained } from './explain.js'
import { FlushingFlows } from './flushing.js'
import { Notifications, type WatchOptions } from './notifications.js'

/** How a datapath is made. */
export interface DatapathOptions {
  /** `unaligned` and `vportPids` unless said, as Open vSwitch has it. */
  features?: readonly DatapathFeature[]
  /** Entries of the mask cache: 0 or a power of two; the kernel's own choice (256) unless said. */
  masksCacheSize?: number
}

/** Open vSwitch in the kernel of this machine, in one network namespace. */
export class Ovs implements OvsFamilies {
  /** The generic netlink underneath. */
  readonly netlink: GenericNetlink
  /** `ovs_datapath`, in the kernel's verbs. */
  readonly datapath: DatapathFamily
  /** `ovs_vport`, in the kernel's verbs. */
  readonly vport: VportFamily
  /** `ovs_flow`, in the kernel's verbs. */
  readonly flow: FlowFamily
  /** `ovs_packet`, in the kernel's verbs. */
  readonly packet: PacketFamily
  /** `ovs_meter`, in the kernel's verbs; the kernel may lack it. */
  readonly meter: MeterFamily
  /** `ovs_ct_limit`, in the kernel's verbs; the kernel may lack it. */
  readonly ctLimit: CtLimitFamily
  /** How many tracked connections the zones may have. */
  readonly ctLimits: CtLimits
  /** Network devices in the same network namespace: those that can be ports, and those that ports are. */
  readonly links: Links
  readonly #rtnetlink: Rtnetlink
  readonly #context: Context

  private constructor(netlink: GenericNetlink, rtnetlink: Rtnetlink, families: OvsFamilies, isAlive: Context['isAlive']) {
    this.netlink = netlink
    this.links = rtnetlink.links
    this.#rtnetlink = rtnetlink
    this.datapath = families.datapath
    this.vport = families.vport
    const flushed = new Set<(dpIfindex: number) => void>()
    this.flow = new FlushingFlows(families.flow.family, flushed)
    this.packet = families.packet
    this.meter = families.meter
    this.ctLimit = families.ctLimit
    this.ctLimits = new CtLimits(families.ctLimit)
    this.#context = { netlink, links: this.links, open: new Set(), flushed, isAlive, ...families, flow: this.flow }
  }

  /** Finds the families; changes nothing. @throws FamilyNotFoundError */
  static async open(netlink: GenericNetlink, rtnetlink: Rtnetlink, isAlive: (portId: number) => boolean): Promise<Ovs> {
    try {
      return new Ovs(netlink, rtnetlink, await openFamilies(netlink), isAlive)
    } catch (error) {
      rtnetlink.close()
      netlink.close()
      throw error
    }
  }

  /**
   * Makes a datapath. It stays when this program ends.
   *
   * @param name At most 15 bytes; its own port gets it too.
   * @throws KernelError (`EEXIST`, `EPERM`), InvalidValueError
   */
  async createDatapath(name: string, options: DatapathOptions = {}): Promise<Datapath> {
    checkName(name)
    checkMembers(options, 'a datapath to make', DATAPATH_SETTINGS)
    const { features = ['unaligned', 'vportPids'], masksCacheSize } = options
    checkCacheSize(masksCacheSize)
    const request = { name, upcallPid: 0, userFeatures: featureBits(features), ...(masksCacheSize === undefined ? {} : { masksCacheSize }) }
    return new Datapath(this.#context, await explained(this.datapath.new(request), { datapath: name }))
  }

  /** Opens the datapath with this name; changes nothing. @throws KernelError (`ENODEV`), InvalidValueError */
  async openDatapath(name: string): Promise<Datapath> {
    checkName(name)
    return new Datapath(this.#context, await explained(this.datapath.get({ name }), { datapath: name }))
  }

  /** All datapaths in this network namespace. @throws KernelError, AbortError */
  async *datapaths(options: AbortOptions = {}): AsyncGenerator<Datapath, void, void> {
    checkMembers(options, 'how datapaths are read', ABORT_OPTIONS)
    try {
      for await (const message of this.datapath.dump({}, options)) yield new Datapath(this.#context, message)
    } catch (error) {
      throw explain(error, {})
    }
  }

  /**
   * Watches what happens to datapaths, ports and flows, whoever does it, until the result is closed.
   * Needs no privileges.
   *
   * @throws KernelError, InvalidValueError, SocketError, AbortError
   */
  async watch(options: WatchOptions = {}): Promise<Notifications> {
    return await Notifications.open(this.#context, options)
  }

  /**
   * What the kernel's openvswitch can do. What it does not publish is tried, in a few milliseconds, on a datapath that is
   * made for that and deleted again; without CAP_NET_ADMIN, it is `unknown`. Nothing is remembered: modules that are
   * loaded later change the answers.
   *
   * @throws KernelError
   */
  capabilities(): Promise<Capabilities> {
    return capabilities(this.#context)
  }

  /** Closes its listeners, then all sockets; datapaths stay. Idempotent. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    // While one is closed, another may be opened.
    while (this.#context.open.size > 0) {
      for (const each of await Promise.allSettled([...this.#context.open].map((listener) => listener.close()))) {
        if (each.status === 'rejected') failures.push(each.reason)
      }
    }
    this.#rtnetlink.close()
    this.netlink.close()
    if (failures.length > 0) throw failures[0]
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function checkName(name: string): void {
  if (typeof name !== 'string' || name === '') throw new InvalidValueError('a datapath needs a name', name, 'Give one of 1 to 15 bytes.', ['OVS_DP_ATTR_NAME'])
}
