import { ipv4, ipv6, mac } from '../netlink/addresses.js'
import { be16, be32, type Codec, exact, u8 } from '../netlink/codec.js'
import { InvalidValueError } from '../netlink/errors.js'
import { at, struct } from '../netlink/struct.js'

/** `enum ovs_frag_type` @since 3.3, linux/openvswitch.h */
export const FragType = {
  /** `OVS_FRAG_TYPE_NONE`: not a fragment. */
  none: 0,
  /** `OVS_FRAG_TYPE_FIRST`: with the header of the next layer. */
  first: 1,
  /** `OVS_FRAG_TYPE_LATER`: without it, so its key has no ports. */
  later: 2,
} as const

/** `struct ovs_key_ethernet` */
export const EthernetKey = struct('ovs_key_ethernet', 12, {
  /** `eth_src` */
  src: at(0, mac),
  /** `eth_dst` */
  dst: at(6, mac),
})

/** `struct ovs_key_ipv4` */
export const Ipv4Key = struct('ovs_key_ipv4', 12, {
  /** `ipv4_src` */
  src: at(0, ipv4),
  /** `ipv4_dst` */
  dst: at(4, ipv4),
  /** `ipv4_proto`: IP protocol number: 6 is TCP, 17 UDP, 1 ICMP. */
  proto: at(8, u8),
  /** `ipv4_tos`: type of service: DSCP in the upper six bits, ECN in the lower two. */
  tos: at(9, u8),
  /** `ipv4_ttl`: time to live. */
  ttl: at(10, u8),
  /** `ipv4_frag`: {@link FragType} */
  frag: at(11, u8),
})

/** Twenty bits in four bytes. The mask of a match may have the others as well, and comes back with them; that of a set may not. */
const flowLabel: Codec<number> = {
  ...be32,
  describe: 'u20, big-endian',
  write(writer, value) {
    if (!Number.isInteger(value) || value < 0 || value > 0xfffff) throw new InvalidValueError('must be a whole number from 0 to 1048575', value)
    be32.write(writer, value)
  },
  writeMask: (writer, mask) => be32.write(writer, mask === exact ? 0xfffff : (mask as number)),
}

/** `struct ovs_key_ipv6` */
export const Ipv6Key = struct('ovs_key_ipv6', 40, {
  /** `ipv6_src` */
  src: at(0, ipv6),
  /** `ipv6_dst` */
  dst: at(16, ipv6),
  /** `ipv6_label`: flow label: 20 bits; a key with more is refused. */
  label: at(32, flowLabel),
  /** `ipv6_proto`: IP protocol number, behind the extension headers. */
  proto: at(36, u8),
  /** `ipv6_tclass`: traffic class: DSCP in the upper six bits, ECN in the lower two. */
  tclass: at(37, u8),
  /** `ipv6_hlimit`: hop limit. */
  hlimit: at(38, u8),
  /** `ipv6_frag`: {@link FragType} */
  frag: at(39, u8),
})

/** `struct ovs_key_tcp`, and `ovs_key_udp` and `ovs_key_sctp`, which look the same. */
export const PortsKey = struct('ovs_key_tcp', 4, {
  /** `tcp_src`: source port. */
  src: at(0, be16),
  /** `tcp_dst`: destination port. */
  dst: at(2, be16),
})

/** `struct ovs_key_icmp`, and `ovs_key_icmpv6`, which looks the same. */
export const IcmpKey = struct('ovs_key_icmp', 2, {
  /** `icmp_type`: 8 is an echo request of ICMP, 128 of ICMPv6. */
  type: at(0, u8),
  /** `icmp_code`: what it means depends on the type. */
  code: at(1, u8),
})

/** `struct ovs_key_arp`; two bytes of padding at its end. */
export const ArpKey = struct('ovs_key_arp', 24, {
  /** `arp_sip`: sender's protocol address. */
  sip: at(0, ipv4),
  /** `arp_tip`: target's protocol address. */
  tip: at(4, ipv4),
  /** `arp_op`: 1 asks, 2 answers. */
  op: at(8, be16),
  /** `arp_sha`: sender's hardware address. */
  sha: at(10, mac),
  /** `arp_tha`: target's hardware address. */
  tha: at(16, mac),
})

/** `struct ovs_key_nd` */
export const NdKey = struct('ovs_key_nd', 28, {
  /** `nd_target`: the address that is asked for, or announced. */
  target: at(0, ipv6),
  /** `nd_sll`: source link-layer address. */
  sll: at(16, mac),
  /** `nd_tll`: target link-layer address. */
  tll: at(22, mac),
})

/**
 * `struct ovs_key_ct_tuple_ipv4`: source and destination of the packet that began the connection; three bytes of
 * padding at its end.
 */
export const CtTupleIpv4Key = struct('ovs_key_ct_tuple_ipv4', 16, {
  /** `ipv4_src` */
  src: at(0, ipv4),
  /** `ipv4_dst` */
  dst: at(4, ipv4),
  /** `src_port`: of ICMP, the type. */
  srcPort: at(8, be16),
  /** `dst_port`: of ICMP, the code. */
  dstPort: at(10, be16),
  /** `ipv4_proto`: IP protocol number; 0 where there is no connection. */
  proto: at(12, u8),
})

/** `struct ovs_key_ct_tuple_ipv6`; three bytes of padding at its end. */
export const CtTupleIpv6Key = struct('ovs_key_ct_tuple_ipv6', 40, {
  /** `ipv6_src` */
  src: at(0, ipv6),
  /** `ipv6_dst` */
  dst: at(16, ipv6),
  /** `src_port`: of ICMPv6, the type. */
  srcPort: at(32, be16),
  /** `dst_port`: of ICMPv6, the code. */
  dstPort: at(34, be16),
  /** `ipv6_proto`: IP protocol number; 0 where there is no connection. */
  proto: at(36, u8),
})
