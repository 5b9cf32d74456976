import type { Infer } from '../netlink/attributes.js'
import type { UnknownAttribute } from '../netlink/unknown-attribute.js'
import type { TunnelAttributes, VportMessage, VportStats, VportTypeName, VportUpcallAttributes } from '../ovs/vport.js'
import { VportType } from '../ovs/vport.js'
import type { OutOf } from '../netlink/codec.js'

/** Counters of a port since it was made; all `bigint`. */
export interface PortStats extends OutOf<typeof VportStats> {}
/** Upcalls of a port. */
export interface PortUpcallStats extends Infer<typeof VportUpcallAttributes> {}
/** Options of a tunnel port. */
export interface PortOptions extends Infer<typeof TunnelAttributes> {}

const TYPE_NAMES = new Map<number, VportTypeName>(Object.entries(VportType).map(([name, number]) => [number, name as VportTypeName]))

/** A port (vport) of a datapath, as it was when it was read. */
export class Port {
  /** Its device's name. */
  readonly name: string
  /** Number within the datapath; 0 is the datapath's own port. */
  readonly portNo: number
  /** `netdev`, `internal`, `gre`, `vxlan`, `geneve`; `type N` where a newer kernel has one that is not known here. */
  readonly type: VportTypeName | `type ${number}`
  /** Interface index of its device. */
  readonly ifindex: number
  /** Port ids to which its misses go; `[0]` for none. */
  readonly upcallPid: readonly number[]
  /** Counters, as they were when it was read. */
  readonly stats: PortStats
  /** Upcalls, from kernels that count them (6.2 and newer). */
  readonly upcallStats: PortUpcallStats | undefined
  /** Of the tunnel types. */
  readonly options: PortOptions | undefined
  /** Id of the network namespace into which the device was moved. */
  readonly netnsid: number | undefined
  /** Attributes that are not known here. */
  readonly unknown: readonly UnknownAttribute[]

  constructor(message: VportMessage) {
    this.name = message.name ?? ''
    this.portNo = message.portNo ?? 0
    this.type = TYPE_NAMES.get(message.type ?? 0) ?? `type ${message.type ?? 0}`
    this.ifindex = message.ifindex ?? 0
    this.upcallPid = message.upcallPid ?? []
    this.stats = message.stats ?? NO_STATS
    this.upcallStats = message.upcallStats
    this.options = message.options
    this.netnsid = message.netnsid
    this.unknown = message.unknown ?? []
  }
}

const NO_STATS: PortStats = { rxPackets: 0n, txPackets: 0n, rxBytes: 0n, txBytes: 0n, rxErrors: 0n, txErrors: 0n, rxDropped: 0n, txDropped: 0n }
