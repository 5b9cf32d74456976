import { attribute, attributes, type Infer, type InferInput } from '../netlink/attributes.js'
import { binary, flag, u32, u64, u8 } from '../netlink/codec.js'
import { at, struct } from '../netlink/struct.js'
import { family } from '../genetlink/family.js'
import { ActionAttributes } from './action.js'
import { OVS_REMEDY, OvsHeader } from './header.js'
import { FlowKeyAttributes, FlowMaskCodec } from './key.js'

/** `OVS_UFID_F_*`: what to leave out of replies. @since 4.0, "openvswitch: Add support for unique flow IDs." */
export const UfidFlags = {
  /** `OVS_UFID_F_OMIT_KEY`: only of flows that have a UFID. */
  omitKey: 1,
  /** `OVS_UFID_F_OMIT_MASK` */
  omitMask: 2,
  /** `OVS_UFID_F_OMIT_ACTIONS` */
  omitActions: 4,
} as const

/** `struct ovs_flow_stats` */
export const FlowStats = struct('ovs_flow_stats', 16, {
  /** `n_packets`: that matched. */
  packets: at(0, u64),
  /** `n_bytes`: of those, from the Ethernet header on. */
  bytes: at(8, u64),
})

/**
 * `OVS_FLOW_ATTR_*` (`linux/openvswitch.h`), in the kernel's order.
 *
 * @since 3.3, linux/openvswitch.h
 * @direction request, reply, notification
 */
export const FlowAttributes = attributes(
  'OVS_FLOW_ATTR',
  {
    /** `OVS_FLOW_ATTR_UFID`: 1 to 16 bytes that stand for the flow, given by whoever made it. @since 4.0, "openvswitch: Add support for unique flow IDs." */
    ufid: attribute(9, binary(1, 16)),
    /** `OVS_FLOW_ATTR_KEY` */
    key: attribute(1, FlowKeyAttributes),
    /** `OVS_FLOW_ATTR_MASK`: without one, every bit of the key must match. @since 3.12, "openvswitch: Mega flow implementation" */
    mask: attribute(7, FlowMaskCodec),
    /** `OVS_FLOW_ATTR_USED`: when it last matched, by CLOCK_MONOTONIC; absent if it never did. @unit ms @direction reply, notification */
    used: attribute(5, u64),
    /** `OVS_FLOW_ATTR_STATS`: absent while no packet matched. @direction reply, notification */
    stats: attribute(3, FlowStats),
    /** `OVS_FLOW_ATTR_TCP_FLAGS`: the lower 8 of all TCP flags seen, ORed; absent while there are none. @direction reply, notification */
    tcpFlags: attribute(4, u8),
    /** `OVS_FLOW_ATTR_ACTIONS`: `[]` drops. In a dump it may be missing where it is too long: get that flow alone. */
    actions: attribute(2, ActionAttributes),
    /** `OVS_FLOW_ATTR_CLEAR`: of a `set`: statistics, flags and time start over. @direction request */
    clear: attribute(6, flag),
    /** `OVS_FLOW_ATTR_PROBE`: the kernel logs no reason if it refuses; if it does not, the flow is made. @since 3.19, "openvswitch: Add support for OVS_FLOW_ATTR_PROBE." @direction request */
    probe: attribute(8, flag),
    /** `OVS_FLOW_ATTR_UFID_FLAGS`: {@link UfidFlags}. @since 4.0, "openvswitch: Add support for unique flow IDs." @direction request */
    ufidFlags: attribute(10, u32),
  },
  { padding: 11 },
)

/** A message of `ovs_flow`. */
export interface FlowMessage extends Infer<typeof FlowAttributes> {
  /** Interface index of the datapath's local port. */
  dpIfindex: number
}
/** A request to `ovs_flow`. */
export interface FlowRequest extends InferInput<typeof FlowAttributes> {
  /** Interface index of the datapath's local port. */
  readonly dpIfindex: number
}

/** `ovs_flow` */
export const OvsFlow = family({
  name: 'ovs_flow',
  version: 1,
  header: OvsHeader,
  attributes: FlowAttributes,
  commands: {
    /** `OVS_FLOW_CMD_NEW` */
    new: 1,
    /** `OVS_FLOW_CMD_DEL` */
    del: 2,
    /** `OVS_FLOW_CMD_GET`: one, or a dump of all. */
    get: 3,
    /** `OVS_FLOW_CMD_SET` */
    set: 4,
  },
  groups: ['ovs_flow'],
  remedy: OVS_REMEDY,
})
