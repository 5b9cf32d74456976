import { mac } from '../netlink/addresses.js'
import { attribute, attributes } from '../netlink/attributes.js'
import { be16, binary, flag, u16, u32 } from '../netlink/codec.js'
import { at, struct } from '../netlink/struct.js'
import { MplsLse } from './mpls.js'
import { NshKeyAttributes } from './nsh.js'

/** `struct ovs_action_push_vlan` */
export const PushVlan = struct('ovs_action_push_vlan', 4, {
  /** `vlan_tpid`: 0x8100, or (from 4.9 on) 0x88a8. */
  tpid: at(0, be16),
  /** `vlan_tci`: tag control information, with bit 0x1000 set: see `vlanTci`. */
  tci: at(2, be16),
})

/** `enum ovs_hash_alg`: how the action `hash` computes. @since 3.18, "openvswitch: Add recirc and hash action." */
export const HashAlg = {
  /** `OVS_HASH_ALG_L4`: the kernel's own hash of addresses and ports. */
  l4: 0,
  /** `OVS_HASH_ALG_SYM_L4`: the same for both directions of a connection. @since 6.5, "net: openvswitch: add support for l4 symmetric hashing" */
  symL4: 1,
} as const

/** `struct ovs_action_hash` */
export const HashAction = struct('ovs_action_hash', 8, {
  /** `hash_alg`: {@link HashAlg} */
  alg: at(0, u32),
  /** `hash_basis`: what the hash starts from: another basis, another hash. */
  basis: at(4, u32),
})

/** `struct ovs_action_trunc` */
export const TruncAction = struct('ovs_action_trunc', 4, {
  /** `max_len`: what is left, at least 14. @unit bytes */
  maxLen: at(0, u32),
})

/** `struct ovs_action_push_mpls` */
export const PushMpls = struct('ovs_action_push_mpls', 8, {
  /** `mpls_lse`: the new outermost label. */
  lse: at(0, MplsLse),
  /** `mpls_ethertype`: of the frame from now on, 0x8847 (unicast) or 0x8848 (multicast). */
  ethertype: at(4, be16),
})

/** Bits of `addMpls.tunFlags`. @since 5.6, "openvswitch: New MPLS actions for layer 2 tunnelling" */
export const MplsTunnelFlags = {
  /** `OVS_MPLS_L3_TUNNEL_FLAG_MASK`: the label goes before the network header; without it, before the Ethernet header. */
  l3Tunnel: 1,
} as const

/** `struct ovs_action_add_mpls` */
export const AddMpls = struct('ovs_action_add_mpls', 8, {
  /** `mpls_lse`: the new outermost label. */
  lse: at(0, MplsLse),
  /** `mpls_ethertype`: of the packet from now on, 0x8847 (unicast) or 0x8848 (multicast). */
  ethertype: at(4, be16),
  /** `tun_flags`: {@link MplsTunnelFlags}, in the machine's byte order. */
  tunFlags: at(6, u16),
})

/** `struct ovs_action_push_eth` */
export const PushEth = struct('ovs_action_push_eth', 12, {
  /** `addresses.eth_src` */
  src: at(0, mac),
  /** `addresses.eth_dst` */
  dst: at(6, mac),
})

/** What `OVS_ACTION_ATTR_PUSH_NSH` holds: one `OVS_KEY_ATTR_NSH`. @since 4.15, "openvswitch: enable NSH support" */
export const PushNshAttributes = attributes('OVS_KEY_ATTR', {
  /** `OVS_KEY_ATTR_NSH`: the header to push: its base, and the metadata of the type that the base names. */
  nsh: attribute(28, NshKeyAttributes),
})

/** `OVS_USERSPACE_ATTR_*` @since 3.3, linux/openvswitch.h */
export const UserspaceAttributes = attributes('OVS_USERSPACE_ATTR', {
  /** `OVS_USERSPACE_ATTR_PID`: port id to send to, not 0; where upcalls are dispatched per CPU, it is not looked at. */
  pid: attribute(1, u32),
  /** `OVS_USERSPACE_ATTR_USERDATA`: comes back with the upcall. */
  userdata: attribute(2, binary()),
  /** `OVS_USERSPACE_ATTR_EGRESS_TUN_PORT`: the tunnel vport whose key comes with the upcall. @since 3.19, "openvswitch: Extend packet attribute for egress tunnel info" */
  egressTunPort: attribute(3, u32),
  /** `OVS_USERSPACE_ATTR_ACTIONS`: the flow's actions come with the upcall. @since 4.2, "openvswitch: include datapath actions with sampled-packet upcall to userspace" */
  actions: attribute(4, flag),
})

/** `OVS_PSAMPLE_ATTR_*` @since 6.11, "net: openvswitch: add psample action" */
export const PsampleAttributes = attributes('OVS_PSAMPLE_ATTR', {
  /** `OVS_PSAMPLE_ATTR_GROUP`: the group of psample that the packet is sent to; needed. */
  group: attribute(1, u32),
  /** `OVS_PSAMPLE_ATTR_COOKIE`: comes with the sample, at most 16 bytes. */
  cookie: attribute(2, binary(0, 16)),
})
