import type { BoundFamily, RequestOptions } from '../genetlink/bound-family.js'
import type { BulkResult } from '../genetlink/bulk.js'
import type { AnyFamily, MessageIn, MessageOut } from '../genetlink/family.js'
import type { GenericNetlink } from '../genetlink/generic-netlink.js'
import type { AbortOptions } from '../netlink/abort.js'
import { MessageFlags } from '../netlink/constants.js'
import { type DatapathMessage, type DatapathRequest, OvsDatapath } from './datapath.js'
import { type FlowMessage, type FlowRequest, OvsFlow } from './flow.js'
import { OvsCtLimit } from './ct-limit.js'
import { OvsMeter } from './meter.js'
import { CtLimitFamily, MeterFamily } from './optional-families.js'
import { OvsPacket, type PacketRequest } from './packet.js'
import { OvsVport, type VportMessage, type VportRequest } from './vport.js'

const { create, echo } = MessageFlags

/** The kernel's verbs of a family whose objects are made, changed and dumped. */
class Verbs<D extends AnyFamily, Request, Message> {
  constructor(
    /** The family underneath, for requests with other flags. */
    readonly family: BoundFamily<D>,
    /** Making and deleting wait for locks and grace periods in the kernel. */
    protected readonly aside: boolean,
  ) {}

  /** Makes one; resolves to it as the kernel made it. @throws KernelError, InvalidValueError */
  new(request: Request): Promise<Message> {
    return this.ask('new', request, { flags: echo, aside: this.aside })
  }

  /** Deletes one; resolves to what it was. @throws KernelError, InvalidValueError */
  del(request: Request): Promise<Message> {
    return this.ask('del', request, { flags: echo, aside: this.aside })
  }

  /** Reads one. @throws KernelError, InvalidValueError */
  get(request: Request): Promise<Message> {
    return this.ask('get', request)
  }

  /** Changes one; resolves to what it is now. @throws KernelError, InvalidValueError */
  set(request: Request): Promise<Message> {
    return this.ask('set', request, { flags: echo })
  }

  /** Reads all. @throws KernelError, InvalidValueError, DumpInterruptedError, AbortError */
  dump(request: Request, options?: AbortOptions): AsyncGenerator<Message, void, void> {
    return this.family.dump('get' as never, request as MessageIn<D>, options) as AsyncGenerator<Message, void, void>
  }

  /** A request that answers with a message of the family. */
  protected ask(command: string, request: Request, options?: RequestOptions): Promise<Message> {
    return this.family.ask(command as never, request as MessageIn<D>, options) as Promise<MessageOut<D>> as Promise<Message>
  }
}

/** `ovs_datapath`: a datapath is named by `dpIfindex` or by `name`. */
export class DatapathFamily extends Verbs<typeof OvsDatapath, DatapathRequest, DatapathMessage> {
  constructor(family: BoundFamily<typeof OvsDatapath>) {
    super(family, true)
  }
}

/** `ovs_vport`: a vport is named by `name`, or by `dpIfindex` and `portNo`. */
export class VportFamily extends Verbs<typeof OvsVport, VportRequest, VportMessage> {
  constructor(family: BoundFamily<typeof OvsVport>) {
    super(family, true)
  }
}

/**
 * `ovs_flow`: a flow is named by `ufid`, or by its whole `key`. What makes and changes flows is
 * acknowledged only; for the flow itself, ask the family underneath with `MessageFlags.echo`.
 */
export class FlowFamily {
  constructor(
    /** The family underneath, for requests with other flags. */
    readonly family: BoundFamily<typeof OvsFlow>,
  ) {}

  /**
   * Makes a flow, or, unless `exclusive`, changes the actions of the one that there is.
   *
   * @throws KernelError (`EEXIST` when exclusive), InvalidValueError
   */
  new(request: FlowRequest, { exclusive = false }: { exclusive?: boolean } = {}): Promise<void> {
    return this.family.call('new', request, { flags: exclusive ? create : 0 })
  }

  /** Makes or changes many; see {@link BoundFamily.bulk}. */
  newAll<V>(values: Iterable<V> | AsyncIterable<V>, request: (value: V) => FlowRequest, options?: AbortOptions): Promise<BulkResult> {
    return this.family.bulk(values, (value) => ({ command: 'new', value: request(value) }), options)
  }

  /** Deletes many; see {@link BoundFamily.bulk}. */
  delAll<V>(values: Iterable<V> | AsyncIterable<V>, request: (value: V) => FlowRequest, options?: AbortOptions): Promise<BulkResult> {
    return this.family.bulk(values, (value) => ({ command: 'del', value: request(value) }), options)
  }

  /** Changes the actions of a flow, or clears its statistics. @throws KernelError (`ENOENT`), InvalidValueError */
  set(request: FlowRequest): Promise<void> {
    return this.family.call('set', request)
  }

  /** Deletes one flow; resolves to what it was, with its final statistics. @throws KernelError (`ENOENT`), InvalidValueError */
  del(request: FlowRequest): Promise<FlowMessage> {
    return this.family.ask('del', request, { flags: echo })
  }

  /** Deletes all flows of a datapath; the kernel announces none of them. @throws KernelError */
  flush(dpIfindex: number): Promise<void> {
    return this.family.call('del', { dpIfindex })
  }

  /** Reads one. @throws KernelError (`ENOENT`), InvalidValueError */
  get(request: FlowRequest): Promise<FlowMessage> {
    return this.family.ask('get', request)
  }

  /** Reads all. @throws KernelError, InvalidValueError, AbortError */
  dump(request: FlowRequest, options?: AbortOptions): AsyncGenerator<FlowMessage, void, void> {
    return this.family.dump('get', request, options)
  }
}

/** `ovs_packet` */
export class PacketFamily {
  constructor(
    /** The family underneath, for requests with other flags. */
    readonly family: BoundFamily<typeof OvsPacket>,
  ) {}

  /** Runs a frame through actions. @throws KernelError, InvalidValueError */
  execute(request: PacketRequest): Promise<void> {
    return this.family.call('execute', request)
  }
}

/** The families of openvswitch on the running kernel. */
export interface OvsFamilies {
  /** `ovs_datapath` */
  readonly datapath: DatapathFamily
  /** `ovs_vport` */
  readonly vport: VportFamily
  /** `ovs_flow` */
  readonly flow: FlowFamily
  /** `ovs_packet` */
  readonly packet: PacketFamily
  /** `ovs_meter`, which the kernel may lack. */
  readonly meter: MeterFamily
  /** `ovs_ct_limit`, which the kernel may lack. */
  readonly ctLimit: CtLimitFamily
}

/** Finds the families, but for those that a kernel may lack. @throws FamilyNotFoundError */
export async function openFamilies(netlink: GenericNetlink): Promise<OvsFamilies> {
  return {
    datapath: new DatapathFamily(await netlink.family(OvsDatapath)),
    vport: new VportFamily(await netlink.family(OvsVport)),
    flow: new FlowFamily(await netlink.family(OvsFlow)),
    packet: new PacketFamily(await netlink.family(OvsPacket)),
    meter: new MeterFamily(netlink, OvsMeter),
    ctLimit: new CtLimitFamily(netlink, OvsCtLimit),
  }
}
