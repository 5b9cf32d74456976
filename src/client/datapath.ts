import { BulkInterruptedError, type BulkResult } from '../genetlink/bulk.js'
import { ABORT_OPTIONS, type AbortOptions } from '../netlink/abort.js'
import { InvalidValueError } from '../netlink/errors.js'
import { checkMembers } from '../netlink/members.js'
import type { DatapathMessage } from '../ovs/datapath.js'
import { FlowAttributes, type FlowRequest, UfidFlags } from '../ovs/flow.js'
import { maskedKey } from '../ovs/masked-key.js'
import { type VportRequest, VportType } from '../ovs/vport.js'
import { mayBeAsGiven, twice } from './as-given.js'
import { explain, explained, whatIsWrong } from './explain.js'
import type { Context } from './context.js'
import { ALL_FEATURES, checkCacheSize, DATAPATH_SETTINGS, type DatapathFeature, type DatapathSettings, featureBits, featureNames } from './datapath-settings.js'
import type { AddPortOptions, Flow, FlowInput, FlowName, FlowsOptions, PacketInput } from './inputs.js'
import { Meters } from './meters.js'
import { Port } from './port.js'
import { tunnelDevice, type TunnelPortOptions } from './tunnel.js'
import { type ListenOptions, Upcalls } from './upcalls.js'

/** A datapath: a switch in the kernel. It exists whether or not this handle does. */
export class Datapath {
  readonly #ovs: Context
  /** Its name, which is its own port's too. */
  readonly name: string
  /** Interface index of its own port, by which the kernel knows it. */
  readonly dpIfindex: number
  /** Its meters: rate limits for flows. */
  readonly meters: Meters

  /** @internal Made by `createDatapath` and `openDatapath`. */
  constructor(ovs: Context, message: DatapathMessage) {
    this.#ovs = ovs
    this.name = message.name ?? ''
    this.dpIfindex = message.dpIfindex
    this.meters = new Meters(ovs.meter, this)
  }

  /** Its statistics and settings, read now. @throws KernelError (`ENODEV`) */
  info(): Promise<DatapathMessage> {
    return this.#explained(this.#ovs.datapath.get({ dpIfindex: this.dpIfindex }))
  }

  /** Names of the features that are on. @throws KernelError (`ENODEV`) */
  async features(): Promise<DatapathFeature[]> {
    return featureNames((await this.info()).userFeatures ?? 0)
  }

  /**
   * Changes settings; what is left out stays as it is. (The kernel alone would clear the features
   * whenever they are left out.)
   *
   * @throws KernelError (`EOPNOTSUPP`: a feature that this kernel does not know), InvalidValueError
   */
  async set(settings: DatapathSettings = {}): Promise<DatapathMessage> {
    checkMembers(settings, 'what is to be set', DATAPATH_SETTINGS)
    const { features, masksCacheSize } = settings
    checkCacheSize(masksCacheSize)
    const before = (await this.info()).userFeatures ?? 0
    return this.#explained(
      this.#ovs.datapath.set({
        dpIfindex: this.dpIfindex,
        // Bits that have no name here are somebody else's.
        userFeatures: features === undefined ? before : featureBits(features) | (before & ~ALL_FEATURES),
        ...(masksCacheSize === undefined ? {} : { masksCacheSize }),
      }),
    )
  }

  /** Deletes it, with its ports and flows. @throws KernelError (`ENODEV`) */
  async delete(): Promise<void> {
    await this.#explained(this.#ovs.datapath.del({ dpIfindex: this.dpIfindex }))
  }

  /**
   * Adds a port.
   *
   * @param name The device's name, at most 15 bytes; of type `internal`, the one to make.
   * @throws KernelError (`ENODEV`, `EBUSY`, `EEXIST`, …), InvalidValueError
   */
  async addPort(name: string, options: AddPortOptions = {}): Promise<Port> {
    checkMembers(options, 'a port to add', { type: true, portNo: true, dstPort: true, gbp: true, upcallPid: true })
    const { type = 'netdev', portNo, dstPort, gbp, upcallPid = 0 } = options
    const number = Object.hasOwn(VportType, type) ? VportType[type] : undefined
    if (number === undefined) throw new InvalidValueError('there is no such type of port', type, `There are ${Object.keys(VportType).join(', ')}.`)
    if (typeof name !== 'string' || name === '') throw new InvalidValueError('a port needs a name', name, 'Give one of 1 to 15 bytes.', ['OVS_VPORT_ATTR_NAME'])
    if (portNo !== undefined && !(Number.isInteger(portNo) && portNo > 0 && portNo < 0xffff)) {
      throw new InvalidValueError('a port number is a whole number from 1 to 65534', portNo, 'Leave it out: the kernel then takes the lowest that is free.', ['OVS_VPORT_ATTR_PORT_NO'])
    }
    if (dstPort === undefined && (type === 'vxlan' || type === 'geneve')) {
      throw new InvalidValueError(`a ${type} port needs a dstPort`, dstPort, `Its usual one is ${type === 'vxlan' ? 4789 : 6081}.`, ['OVS_TUNNEL_ATTR_DST_PORT'])
    }
    const request: VportRequest = {
      dpIfindex: this.dpIfindex,
      name,
      type: number,
      upcallPid,
      ...(portNo === undefined ? {} : { portNo }),
      ...(dstPort === undefined && gbp === undefined
        ? {}
        : { options: { ...(dstPort === undefined ? {} : { dstPort }), ...(gbp === undefined ? {} : { extension: { gbp } }) } }),
    }
    return new Port(await explained(this.#ovs.vport.new(request), { datapath: this.name, port: name, type }))
  }

  /**
   * Makes a tunnel's device in collect-metadata mode, as Open vSwitch does today, and adds it as a port of type
   * `netdev`. One such port serves all ends: a flow says where to send (`{ set: { tunnel: { id: 7n, ipv4Dst: '10.0.0.2', ttl: 64 } } }`),
   * and matches where a packet came from by the key's `tunnel`. `removePort` leaves the device, which `ovs.links.del` deletes.
   *
   * @param name The device's, at most 15 bytes.
   * @throws KernelError (`EEXIST`, `EBUSY`: there is such a tunnel already; `EOPNOTSUPP`: the kernel lacks its module), InvalidValueError
   */
  async addTunnelPort(name: string, options: TunnelPortOptions): Promise<Port> {
    const device = tunnelDevice(name, options)
    const { portNo, upcallPid } = options
    const { links } = this.#ovs
    await links.new(device)
    try {
      return await this.addPort(name, { portNo, upcallPid })
    } catch (error) {
      await links.del(name)
      throw error
    }
  }

  /** The port with this name or number, read now. @throws KernelError (`ENODEV`) */
  async port(which: string | number): Promise<Port> {
    return new Port(await explained(this.#ovs.vport.get(this.#vport(which)), { datapath: this.name, port: which }))
  }

  /** All ports; the kernel's order is none. @throws KernelError (`ENODEV`), AbortError */
  async *ports(options: AbortOptions = {}): AsyncGenerator<Port, void, void> {
    checkMembers(options, 'how ports are read', ABORT_OPTIONS)
    try {
      for await (const message of this.#ovs.vport.dump({ dpIfindex: this.dpIfindex }, options)) yield new Port(message)
    } catch (error) {
      throw explain(error, { datapath: this.name })
    }
  }

  /** Removes the port with this name or number; the device of a `netdev` stays. @throws KernelError (`ENODEV`) */
  async removePort(which: string | number): Promise<void> {
    await explained(this.#ovs.vport.del(this.#vport(which)), { datapath: this.name, port: which })
  }

  /**
   * Makes a flow, or changes the actions of the one that there is.
   *
   * Flows have no priorities and must not overlap: which of two that match the same packet is taken
   * depends on the order of their masks, and the kernel refuses only some of them (`ENOENT`). Let the
   * mask cover whatever the decision looked at.
   *
   * @throws KernelError (`EINVAL`, `ENOENT`), InvalidValueError
   */
  async putFlow(flow: FlowInput): Promise<void> {
    await this.#explainedFlow(this.#ovs.flow.new(this.#put(flow)), flow)
  }

  /** Makes a flow. @throws KernelError (`EEXIST`, `EINVAL`), InvalidValueError */
  async addFlow(flow: FlowInput): Promise<void> {
    await this.#explainedFlow(this.#ovs.flow.new(this.#put(flow), { exclusive: true }), flow)
  }

  /**
   * Makes or changes many flows, as many to a send as fit. The input is read as it is needed. It does
   * not throw for flows that fail: look at the result's `failures`, which name each by its place in the
   * input; the others go on.
   *
   * @throws BulkInterruptedError when the input throws, the socket fails, or it is aborted; it says what was done.
   */
  async putFlows(flows: Iterable<FlowInput> | AsyncIterable<FlowInput>, options: AbortOptions = {}): Promise<BulkResult> {
    checkMembers(options, 'how flows are put', ABORT_OPTIONS)
    return await this.#explainedAll(this.#ovs.flow.newAll(flows, (flow) => this.#put(flow), options))
  }

  /** One flow, read now. @throws KernelError (`ENOENT`) */
  async getFlow(name: FlowName): Promise<Flow> {
    return await this.#named(name, (request) => this.#ovs.flow.get(request))
  }

  /** Deletes one flow; resolves to what it was, with its final statistics. @throws KernelError (`ENOENT`) */
  async deleteFlow(name: FlowName): Promise<Flow> {
    return await this.#named(name, (request) => this.#ovs.flow.del(request))
  }

  /** Deletes many flows; see {@link putFlows}. @throws BulkInterruptedError */
  async deleteFlows(names: Iterable<FlowName> | AsyncIterable<FlowName>, options: AbortOptions = {}): Promise<BulkResult> {
    checkMembers(options, 'how flows are deleted', ABORT_OPTIONS)
    const naming = { reduced: (name: FlowName) => this.#flow(name), asGiven: (name: FlowName) => ({ ...name, dpIfindex: this.dpIfindex }) }
    return await this.#explainedAll(twice(names, (some, request) => this.#ovs.flow.delAll(some, request, options), naming))
  }

  /** Deletes all flows; the kernel announces none of them. @throws KernelError (`ENODEV`) */
  flushFlows(): Promise<void> {
    return this.#explained(this.#ovs.flow.flush(this.dpIfindex))
  }

  /**
   * All flows. While flows change, some may be missing or come twice, and the kernel does not say so.
   *
   * @throws KernelError (`ENODEV`), AbortError
   */
  async *flows(options: FlowsOptions = {}): AsyncGenerator<Flow, void, void> {
    checkMembers(options, 'what to read of flows', { terse: true, signal: true })
    const { terse = false, signal } = options
    const { omitKey, omitMask, omitActions } = UfidFlags
    try {
      yield* this.#ovs.flow.dump({ dpIfindex: this.dpIfindex, ...(terse ? { ufidFlags: omitKey | omitMask | omitActions } : {}) }, { signal })
    } catch (error) {
      throw explain(error, { datapath: this.name })
    }
  }

  /** Runs a frame through actions. @throws KernelError (`EINVAL`), InvalidValueError */
  async execute({ packet, actions, inPort, key, ...rest }: PacketInput): Promise<void> {
    try {
      await this.#ovs.packet.execute({ dpIfindex: this.dpIfindex, packet, actions, key: inPort === undefined ? { ...key } : { ...key, inPort }, ...rest })
    } catch (error) {
      throw explain(error, { datapath: this.name, ...whatIsWrong(error, { actions }) })
    }
  }

  /**
   * Listens to its upcalls, of all ports that it has and will have, until the result is closed.
   *
   * @throws KernelError
   */
  listen(options: ListenOptions = {}): Promise<Upcalls> {
    return this.#explained(Upcalls.open(this.#ovs, this.dpIfindex, options))
  }

  #vport(which: string | number): VportRequest {
    if (typeof which !== 'number' && (typeof which !== 'string' || which === '')) throw new InvalidValueError('a port is named by its name or its number', which)
    return typeof which === 'number' ? { dpIfindex: this.dpIfindex, portNo: which } : { dpIfindex: this.dpIfindex, name: which }
  }

  #put(flow: FlowInput): FlowRequest {
    if (typeof flow !== 'object' || flow === null || flow.key === undefined) throw new InvalidValueError('a flow must be an object with a key and actions', flow)
    if (!Array.isArray(flow.actions)) throw new InvalidValueError('a flow needs a list of actions', flow.actions, 'Write [{ output: 1 }]; [] drops.', ['OVS_FLOW_ATTR_ACTIONS'])
    return this.#flow(flow)
  }

  /** Without a UFID, the key is the name, and must not depend on what the mask takes away. */
  #flow(flow: FlowInput | FlowName): FlowRequest {
    if (typeof flow !== 'object' || flow === null) throw new InvalidValueError('a flow must be an object with a key', flow)
    const { ufid, key, mask } = flow as Partial<FlowInput>
    if (ufid === undefined && key === undefined) throw new InvalidValueError('a flow is named by a ufid or a key', flow)
    if (ufid !== undefined || key === undefined || mask === undefined) return { ...flow, dpIfindex: this.dpIfindex }
    const { key: _, ...rest } = flow as FlowInput
    return { ...rest, dpIfindex: this.dpIfindex, unknown: [{ number: KEY, bytes: maskedKey(key, mask), place: 0 }, ...((flow as FlowInput).unknown ?? [])] }
  }

  /** By the reduced key, or else by the key as given. */
  async #named(name: FlowName, ask: (request: FlowRequest) => Promise<Flow>): Promise<Flow> {
    try {
      return await ask(this.#flow(name))
    } catch (error) {
      if (!mayBeAsGiven(name, error)) throw explain(error, { datapath: this.name })
      return await this.#explained(ask({ ...name, dpIfindex: this.dpIfindex }))
    }
  }

  async #explainedFlow(request: Promise<void>, flow: FlowInput): Promise<void> {
    try {
      await request
    } catch (error) {
      throw explain(error, { datapath: this.name, ...whatIsWrong(error, flow) })
    }
  }

  async #explainedAll(bulk: Promise<BulkResult>): Promise<BulkResult> {
    const why = (result: BulkResult) => {
      for (const failure of result.failures) failure.error = explain(failure.error, { datapath: this.name }) as typeof failure.error
      return result
    }
    try {
      return why(await bulk)
    } catch (error) {
      if (error instanceof BulkInterruptedError) why(error.result)
      throw error
    }
  }

  #explained<T>(request: Promise<T>): Promise<T> {
    return explained(request, { datapath: this.name })
  }
}

const KEY = FlowAttributes.table.key.number
