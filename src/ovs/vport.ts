import { attribute, attributes, type Infer, type InferInput, nested } from '../netlink/attributes.js'
import { array, type Codec, flag, s32, text, u16, u32, u64 } from '../netlink/codec.js'
import { at, struct } from '../netlink/struct.js'
import { family } from '../genetlink/family.js'
import { OVS_REMEDY, OvsHeader } from './header.js'

/** `enum ovs_vport_type` @since 3.3, linux/openvswitch.h */
export const VportType = {
  /** `OVS_VPORT_TYPE_NETDEV`: a network device that exists already. */
  netdev: 1,
  /** `OVS_VPORT_TYPE_INTERNAL`: a network device that the datapath makes. */
  internal: 2,
  /** `OVS_VPORT_TYPE_GRE` (module `vport-gre`) @since 3.11, "openvswitch: Add gre tunnel support." */
  gre: 3,
  /** `OVS_VPORT_TYPE_VXLAN` (module `vport-vxlan`); needs the option `dstPort`. @since 3.12, "openvswitch: Add vxlan tunneling support." */
  vxlan: 4,
  /** `OVS_VPORT_TYPE_GENEVE` (module `vport-geneve`); needs the option `dstPort`. @since 3.18, "openvswitch: Add support for Geneve tunneling." */
  geneve: 5,
} as const

/** `OVSP_LOCAL`: the number of a datapath's local port, which is there as long as the datapath. */
export const LOCAL_PORT = 0

/** A vport's type by its name. */
export type VportTypeName = keyof typeof VportType

/**
 * `struct ovs_vport_stats`: the counters of the vport's device. What the datapath sends out of a vport,
 * its device transmits; but what it sends to one of type internal, its device receives.
 */
export const VportStats = struct('ovs_vport_stats', 64, {
  /** `rx_packets`: packets that the device received. */
  rxPackets: at(0, u64),
  /** `tx_packets`: packets that it transmitted. */
  txPackets: at(8, u64),
  /** `rx_bytes`: bytes that it received. */
  rxBytes: at(16, u64),
  /** `tx_bytes`: bytes that it transmitted. */
  txBytes: at(24, u64),
  /** `rx_errors`: packets that were bad when received. */
  rxErrors: at(32, u64),
  /** `tx_errors`: packets that could not be transmitted. */
  txErrors: at(40, u64),
  /** `rx_dropped`: packets that were received and dropped, for want of memory, say. */
  rxDropped: at(48, u64),
  /** `tx_dropped`: packets that were dropped on their way out. */
  txDropped: at(56, u64),
})

/**
 * `OVS_VXLAN_EXT_*`
 *
 * @since 4.0, "openvswitch: Support VXLAN Group Policy extension"
 * @direction request, reply, notification
 */
export const VxlanExtensionAttributes = attributes('OVS_VXLAN_EXT', {
  /** `OVS_VXLAN_EXT_GBP`: group based policy. */
  gbp: attribute(1, flag),
})

/**
 * `OVS_TUNNEL_ATTR_*`: options of the tunnel types.
 *
 * @since 3.12, "openvswitch: Add vxlan tunneling support."
 * @direction request, reply, notification
 */
export const TunnelAttributes = attributes('OVS_TUNNEL_ATTR', {
  /** `OVS_TUNNEL_ATTR_DST_PORT`: UDP port to listen on and send to, in the machine's byte order. */
  dstPort: attribute(1, u16),
  /** `OVS_TUNNEL_ATTR_EXTENSION`: of VXLAN. @since 4.0, "openvswitch: Support VXLAN Group Policy extension" */
  extension: attribute(2, nested(() => VxlanExtensionAttributes)),
})

/**
 * `OVS_VPORT_UPCALL_ATTR_*`: upcalls of a vport.
 *
 * @since 6.2, "net: openvswitch: Add support to count upcall packets"
 * @direction reply, notification
 */
export const VportUpcallAttributes = attributes(
  'OVS_VPORT_UPCALL_ATTR',
  {
    /** `OVS_VPORT_UPCALL_ATTR_SUCCESS`: delivered. Its number is 0, which elsewhere means nothing. */
    success: attribute(0, u64),
    /** `OVS_VPORT_UPCALL_ATTR_FAIL`: not delivered. */
    fail: attribute(1, u64),
  },
  // The kernel pads these with OVS_VPORT_ATTR_PAD, of the set around this one.
  { padding: 7 },
)

const list = array(u32)

/** One port id, or the list of them; decoded it is always the list. */
const portIds: Codec<number[], number | readonly number[], never> = {
  describe: list.describe,
  least: list.least,
  most: list.most,
  unit: 4,
  read: (source, start, end) => list.read(source, start, end),
  write(writer, value) {
    list.write(writer, typeof value === 'number' ? [value] : value)
  },
  writeMask() {},
}

/**
 * `OVS_VPORT_ATTR_*` (`linux/openvswitch.h`)
 *
 * @since 3.3, linux/openvswitch.h
 * @direction request, reply, notification
 */
export const VportAttributes = attributes(
  'OVS_VPORT_ATTR',
  {
    /** `OVS_VPORT_ATTR_PORT_NO`: number within the datapath, below 65535; the local port's is 0. Left out of a `new`, the kernel takes the lowest that is free. */
    portNo: attribute(1, u32),
    /** `OVS_VPORT_ATTR_TYPE`: {@link VportType}. Needed to make one. */
    type: attribute(2, u32),
    /** `OVS_VPORT_ATTR_NAME`: at most 15 bytes; of a netdev the device's own name. Needed to make one. */
    name: attribute(3, text(15)),
    /**
     * `OVS_VPORT_ATTR_IFINDEX`: the device's interface index; on a `new` of type internal, from 6.1 on, the one to make it with.
     *
     * @since 4.15, "openvswitch: reliable interface indentification in port dumps"
     */
    ifindex: attribute(8, u32),
    /** `OVS_VPORT_ATTR_NETNSID`: id of the network namespace into which the device was moved. @since 4.15, "openvswitch: reliable interface indentification in port dumps" @direction reply, notification */
    netnsid: attribute(9, s32),
    /** `OVS_VPORT_ATTR_STATS` @direction reply, notification */
    stats: attribute(6, VportStats),
    /** `OVS_VPORT_ATTR_UPCALL_STATS` @since 6.2, "net: openvswitch: Add support to count upcall packets" @direction reply, notification */
    upcallStats: attribute(10, nested(() => VportUpcallAttributes)),
    /**
     * `OVS_VPORT_ATTR_UPCALL_PID`: port ids to which misses of this vport go, `0` for none, at most as many as
     * the kernel has CPUs. Needed to make one. Without the datapath's feature `vportPids`, only the first is returned.
     */
    upcallPid: attribute(5, portIds),
    /** `OVS_VPORT_ATTR_OPTIONS`: of the tunnel types. */
    options: attribute(4, nested(() => TunnelAttributes)),
  },
  { padding: 7 },
)

/** A message of `ovs_vport`. */
export interface VportMessage extends Infer<typeof VportAttributes> {
  /** Interface index of the datapath's local port. */
  dpIfindex: number
}
/** A request to `ovs_vport`. */
export interface VportRequest extends InferInput<typeof VportAttributes> {
  /** Interface index of the datapath's local port; may be left out where `name` says which vport. */
  readonly dpIfindex?: number
}

/** `ovs_vport` */
export const OvsVport = family({
  name: 'ovs_vport',
  version: 1,
  header: OvsHeader,
  attributes: VportAttributes,
  commands: {
    /** `OVS_VPORT_CMD_NEW` */
    new: 1,
    /** `OVS_VPORT_CMD_DEL` */
    del: 2,
    /** `OVS_VPORT_CMD_GET`: one, or a dump of all. */
    get: 3,
    /** `OVS_VPORT_CMD_SET` */
    set: 4,
  },
  groups: ['ovs_vport'],
  remedy: OVS_REMEDY,
})
