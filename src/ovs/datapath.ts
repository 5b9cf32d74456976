import { attribute, attributes, type Infer, type InferInput } from '../netlink/attributes.js'
import { array, text, u32, u64 } from '../netlink/codec.js'
import { at, struct } from '../netlink/struct.js'
import { family } from '../genetlink/family.js'
import { OVS_REMEDY, OvsHeader } from './header.js'

/** `OVS_DP_F_*`: bits of {@link DatapathMessage.userFeatures}. @since 3.14, "openvswitch: Allow user space to announce ability to accept unaligned Netlink messages" */
export const DatapathFeatures = {
  /** `OVS_DP_F_UNALIGNED`: the last attribute of an upcall need not be padded. */
  unaligned: 1,
  /** `OVS_DP_F_VPORT_PIDS`: a vport has a list of port ids, among which upcalls are spread. @since 3.17, "openvswitch: Allow each vport to have an array of 'port_id's." */
  vportPids: 2,
  /** `OVS_DP_F_TC_RECIRC_SHARING`: recirculation ids are shared with tc. @since 5.4, "net: openvswitch: Set OvS recirc_id from tc chain index" */
  tcRecircSharing: 4,
  /** `OVS_DP_F_DISPATCH_UPCALL_PER_CPU`: upcalls go to the port id of the CPU they arise on. @since 5.15, "openvswitch: Introduce per-cpu upcall dispatch" */
  dispatchUpcallPerCpu: 8,
} as const

/** `struct ovs_dp_stats`: counts since the datapath was made. */
export const DatapathStats = struct('ovs_dp_stats', 32, {
  /** `n_hit`: packets that a flow matched. */
  hit: at(0, u64),
  /** `n_missed`: packets that no flow matched. */
  missed: at(8, u64),
  /** `n_lost`: upcalls, of misses and actions, that could not be delivered. */
  lost: at(16, u64),
  /** `n_flows`: flows that there are now. */
  flows: at(24, u64),
})

/** `struct ovs_dp_megaflow_stats` */
export const MegaflowStats = struct('ovs_dp_megaflow_stats', 32, {
  /** `n_mask_hit`: masks that were tried, over all look-ups. */
  maskHit: at(0, u64),
  /** `n_masks`: masks that there are now. */
  masks: at(8, u32),
  /** `n_cache_hit`: look-ups that the mask cache answered; 0 on older kernels. @since 5.9, "net: openvswitch: add masks cache hit counter" */
  cacheHit: at(16, u64),
})

/**
 * `OVS_DP_ATTR_*` (`linux/openvswitch.h`)
 *
 * @since 3.3, linux/openvswitch.h
 * @direction request, reply, notification
 */
export const DatapathAttributes = attributes(
  'OVS_DP_ATTR',
  {
    /**
     * `OVS_DP_ATTR_NAME`: the datapath's name, which is its local port's: at most 15 bytes. Needed to
     * make one; elsewhere it may stand in for `dpIfindex`.
     */
    name: attribute(1, text(15)),
    /** `OVS_DP_ATTR_UPCALL_PID`: port id for the local port's misses, 0 for none. Needed to make one. @direction request */
    upcallPid: attribute(2, u32),
    /** `OVS_DP_ATTR_STATS` @direction reply, notification */
    stats: attribute(3, DatapathStats),
    /** `OVS_DP_ATTR_MEGAFLOW_STATS` @since 3.13, "openvswitch: collect mega flow mask stats" @direction reply, notification */
    megaflowStats: attribute(4, MegaflowStats),
    /**
     * `OVS_DP_ATTR_USER_FEATURES`: {@link DatapathFeatures}. A `set` without it clears all of them
     * (`ovs_dp_change()` in `net/openvswitch/datapath.c`).
     *
     * @since 3.14, "openvswitch: Allow user space to announce ability to accept unaligned Netlink messages"
     */
    userFeatures: attribute(5, u32),
    /** `OVS_DP_ATTR_MASKS_CACHE_SIZE`: entries of the mask cache, 0 or a power of two. @since 5.9, "net: openvswitch: make masks cache size configurable" */
    masksCacheSize: attribute(7, u32),
    /**
     * `OVS_DP_ATTR_PER_CPU_PIDS`: port ids for upcalls, by CPU number. In replies only while upcalls are
     * dispatched per CPU, from 6.1 on.
     *
     * @since 5.15, "openvswitch: Introduce per-cpu upcall dispatch"
     */
    perCpuPids: attribute(8, array(u32)),
    /** `OVS_DP_ATTR_IFINDEX`: the interface index to make it with. @since 6.1, "openvswitch: allow specifying ifindex of new interfaces" @direction request */
    ifindex: attribute(9, u32),
  },
  { padding: 6 },
)

/** A message of `ovs_datapath`. */
export interface DatapathMessage extends Infer<typeof DatapathAttributes> {
  /** Interface index of the local port. */
  dpIfindex: number
}
/** A request to `ovs_datapath`. */
export interface DatapathRequest extends InferInput<typeof DatapathAttributes> {
  /** Interface index of the local port; left out of a `new`, of a dump of all, and where `name` says which. */
  readonly dpIfindex?: number
}

/**
 * `ovs_datapath`, in the version (`OVS_DP_VER_FEATURES`) below which a `new` that meets an existing
 * datapath clears that one's features.
 */
export const OvsDatapath = family({
  name: 'ovs_datapath',
  version: 2,
  header: OvsHeader,
  attributes: DatapathAttributes,
  commands: {
    /** `OVS_DP_CMD_NEW` */
    new: 1,
    /** `OVS_DP_CMD_DEL` */
    del: 2,
    /** `OVS_DP_CMD_GET`: one, or a dump of all. */
    get: 3,
    /** `OVS_DP_CMD_SET` */
    set: 4,
  },
  groups: ['ovs_datapath'],
  remedy: OVS_REMEDY,
})
