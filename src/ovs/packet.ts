import { attribute, attributes, type Infer, type InferInput } from '../netlink/attributes.js'
import { binary, flag, u16, u32, u64 } from '../netlink/codec.js'
import { family } from '../genetlink/family.js'
import { ActionAttributes } from './action.js'
import { OVS_REMEDY, OvsHeader } from './header.js'
import { FlowKeyAttributes } from './key.js'
import { TunnelKeyAttributes } from './tunnel-key.js'

/** Bits above a packet's hash (`OVS_PACKET_HASH_*_BIT` in `net/openvswitch/datapath.h`). @since 5.5, "net: openvswitch: add hash info to upcall" */
export const PacketHash = {
  /** `OVS_PACKET_HASH_SW_BIT`: computed by the kernel, not by the device. */
  sw: 1n << 32n,
  /** `OVS_PACKET_HASH_L4_BIT`: over ports as well. */
  l4: 1n << 33n,
} as const

/**
 * `OVS_PACKET_ATTR_*` (`linux/openvswitch.h`), in the kernel's order.
 *
 * @since 3.3, linux/openvswitch.h
 * @direction request, upcall
 */
export const PacketAttributes = attributes('OVS_PACKET_ATTR', {
  /** `OVS_PACKET_ATTR_KEY`: of an upcall, the packet's key; of an `execute`, only its metadata counts (input port, mark, …). */
  key: attribute(2, FlowKeyAttributes),
  /** `OVS_PACKET_ATTR_USERDATA`: what the action `userspace` was given. @direction upcall */
  userdata: attribute(4, binary()),
  /** `OVS_PACKET_ATTR_EGRESS_TUN_KEY`: the outer headers that the tunnel vport would give the packet, where the action asked for them. @since 3.19, "openvswitch: Extend packet attribute for egress tunnel info" @direction upcall */
  egressTunKey: attribute(5, TunnelKeyAttributes),
  /** `OVS_PACKET_ATTR_ACTIONS`: to execute; of an upcall (4.2 and newer), the flow's, where the action asked for them. */
  actions: attribute(3, ActionAttributes),
  /** `OVS_PACKET_ATTR_MRU`: the largest fragment that the packet was reassembled from. @since 4.3, "openvswitch: Add conntrack action" @unit bytes */
  mru: attribute(9, u16),
  /** `OVS_PACKET_ATTR_LEN`: the packet's length before it was truncated. @since 4.8, "openvswitch: Add packet len info to upcall." @unit bytes @direction upcall */
  len: attribute(10, u32),
  /** `OVS_PACKET_ATTR_HASH`: the packet's hash, 32 bits with those of {@link PacketHash} above them. @since 5.5, "net: openvswitch: add hash info to upcall" */
  hash: attribute(11, u64),
  /** `OVS_PACKET_ATTR_PROBE`: the kernel logs no reason if it refuses. @since 3.19, "openvswitch: packet messages need their own probe attribtue" @direction request */
  probe: attribute(8, flag),
  /** `OVS_PACKET_ATTR_UPCALL_PID`: of an `execute`: the port id for upcalls that it causes. @since 6.17, "net: openvswitch: allow providing upcall pid for the 'execute' command" @direction request */
  upcallPid: attribute(12, u32),
  /** `OVS_PACKET_ATTR_PACKET`: the frame, from its Ethernet header on, at least 14 bytes. */
  packet: attribute(1, binary(14)),
})

/** A message of `ovs_packet`. */
export interface PacketMessage extends Infer<typeof PacketAttributes> {
  /** Interface index of the datapath's local port. */
  dpIfindex: number
}
/** A request to `ovs_packet`. */
export interface PacketRequest extends InferInput<typeof PacketAttributes> {
  /** Interface index of the datapath's local port. */
  readonly dpIfindex: number
}

/** `ovs_packet`: `miss` and `action` come from the kernel, `execute` goes to it. */
export const OvsPacket = family({
  name: 'ovs_packet',
  version: 1,
  header: OvsHeader,
  attributes: PacketAttributes,
  commands: {
    /** `OVS_PACKET_CMD_MISS`: from the kernel, a packet that no flow matched. */
    miss: 1,
    /** `OVS_PACKET_CMD_ACTION`: from the kernel, what the action `userspace` sends. */
    action: 2,
    /** `OVS_PACKET_CMD_EXECUTE`: to the kernel, a packet and actions. */
    execute: 3,
  },
  remedy: OVS_REMEDY,
})
