import { ipv4, ipv6, mac } from '../netlink/addresses.js'
import { attribute, attributes, type Infer, type InferInput, type InferMask, nested } from '../netlink/attributes.js'
import { be16, be32, binary, type Codec, exact, type Exact, u16, u32, u8 } from '../netlink/codec.js'
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
  /** IP protocol number: 6 is TCP, 17 UDP, 1 ICMP. */
  proto: at(8, u8),
  /** Type of service: DSCP in the upper six bits, ECN in the lower two. */
  tos: at(9, u8),
  /** Time to live. */
  ttl: at(10, u8),
  /** {@link FragType} */
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
  /** Flow label: 20 bits; a key with more is refused. */
  label: at(32, flowLabel),
  /** IP protocol number, behind the extension headers. */
  proto: at(36, u8),
  /** Traffic class: DSCP in the upper six bits, ECN in the lower two. */
  tclass: at(37, u8),
  /** Hop limit. */
  hlimit: at(38, u8),
  /** {@link FragType} */
  frag: at(39, u8),
})

/** `struct ovs_key_tcp`, and `ovs_key_udp` and `ovs_key_sctp`, which look the same. */
export const PortsKey = struct('ovs_key_tcp', 4, {
  /** Source port. */
  src: at(0, be16),
  /** Destination port. */
  dst: at(2, be16),
})

/** `struct ovs_key_icmp`, and `ovs_key_icmpv6`, which looks the same. */
export const IcmpKey = struct('ovs_key_icmp', 2, {
  /** 8 is an echo request of ICMP, 128 of ICMPv6. */
  type: at(0, u8),
  /** What it means depends on the type. */
  code: at(1, u8),
})

/** `struct ovs_key_arp`; two bytes of padding at its end. */
export const ArpKey = struct('ovs_key_arp', 24, {
  /** Sender's protocol address. */
  sip: at(0, ipv4),
  /** Target's protocol address. */
  tip: at(4, ipv4),
  /** 1 asks, 2 answers. */
  op: at(8, be16),
  /** Sender's hardware address. */
  sha: at(10, mac),
  /** Target's hardware address. */
  tha: at(16, mac),
})

/** `struct ovs_key_nd` */
export const NdKey = struct('ovs_key_nd', 28, {
  /** The address that is asked for, or announced. */
  target: at(0, ipv6),
  /** Source link-layer address. */
  sll: at(16, mac),
  /** Target link-layer address. */
  tll: at(22, mac),
})

/**
 * `OVS_KEY_ATTR_*`: what a packet is matched by (`linux/openvswitch.h`). The order is that in which
 * the kernel writes them (`__ovs_nla_put_key()` in `net/openvswitch/flow_netlink.c`).
 *
 * @since 3.3, linux/openvswitch.h
 * @direction request, reply, notification, upcall
 */
export const FlowKeyAttributes = attributes('OVS_KEY_ATTR', {
  /** `OVS_KEY_ATTR_RECIRC_ID`: recirculation id; 0 for packets that have not been recirculated. @since 3.18, "openvswitch: Add recirc and hash action." */
  recircId: attribute(20, u32),
  /** `OVS_KEY_ATTR_DP_HASH`: what the action `hash` computed. @since 3.18, "openvswitch: Add recirc and hash action." */
  dpHash: attribute(19, u32),
  /** `OVS_KEY_ATTR_PRIORITY`: the packet's `skb->priority`. Flows themselves have no priorities. */
  priority: attribute(2, u32),
  /** `OVS_KEY_ATTR_IN_PORT`: the vport the packet came from; its mask is all or nothing. */
  inPort: attribute(3, u32),
  /** `OVS_KEY_ATTR_SKB_MARK`: `skb->mark`. @since ≤ 3.10, linux/openvswitch.h */
  skbMark: attribute(15, u32),
  /** `OVS_KEY_ATTR_CT_STATE`: bits of connection tracking (`OVS_CS_F_*`). @since 4.3, "openvswitch: Add conntrack action" */
  ctState: attribute(22, u32),
  /** `OVS_KEY_ATTR_CT_ZONE`, in the machine's byte order. @since 4.3, "openvswitch: Add conntrack action" */
  ctZone: attribute(23, u16),
  /** `OVS_KEY_ATTR_CT_MARK` @since 4.3, "openvswitch: Allow matching on conntrack mark" */
  ctMark: attribute(24, u32),
  /** `OVS_KEY_ATTR_CT_LABELS`: 16 bytes as the connection holds them. @since 4.3, "openvswitch: Allow matching on conntrack label" */
  ctLabels: attribute(25, binary(16, 16)),
  /** `OVS_KEY_ATTR_ETHERNET`: `{}` for any frame. A key without it is of packets that have no Ethernet header, and matches no others. */
  ethernet: attribute(4, EthernetKey),
  /**
   * `OVS_KEY_ATTR_ETHERTYPE`: 0x0800 is IPv4. Beside `vlan` it is the tag's own type (0x8100, 0x88a8), and
   * the packet's is within `encap`. Absent on 802.2 frames, whose mask is 0xffff all the same.
   */
  ethertype: attribute(6, be16),
  /** `OVS_KEY_ATTR_VLAN`: tag control information. A tag that is there has bit 0x1000 set. */
  vlan: attribute(5, be16),
  /** `OVS_KEY_ATTR_ENCAP`: what follows a VLAN tag. */
  encap: attribute(
    1,
    nested((): Codec<FlowKey, FlowKeyInput, FlowMask | Exact> => FlowKeyAttributes),
  ),
  /** `OVS_KEY_ATTR_IPV4`: only with `ethertype` 0x0800, matched exactly. */
  ipv4: attribute(7, Ipv4Key),
  /** `OVS_KEY_ATTR_IPV6`: only with `ethertype` 0x86dd, matched exactly. */
  ipv6: attribute(8, Ipv6Key),
  /** `OVS_KEY_ATTR_IPV6_EXTHDRS`: bits of the extension headers there are. @since 5.18, "net: openvswitch: IPv6: Add IPv6 extension header support" */
  ipv6Exthdrs: attribute(32, u16),
  /** `OVS_KEY_ATTR_ARP`: only with `ethertype` 0x0806 (or 0x8035), matched exactly. */
  arp: attribute(13, ArpKey),
  /** `OVS_KEY_ATTR_TCP`: only with `proto` 6, matched exactly. */
  tcp: attribute(9, PortsKey),
  /** `OVS_KEY_ATTR_TCP_FLAGS`: 12 bits; beside `tcp`. @since 3.13, "openvswitch: TCP flags matching support." */
  tcpFlags: attribute(18, be16),
  /** `OVS_KEY_ATTR_UDP`: only with `proto` 17, matched exactly. */
  udp: attribute(10, PortsKey),
  /** `OVS_KEY_ATTR_SCTP`: only with `proto` 132, matched exactly. @since 3.12, "openvswitch: Add SCTP support" */
  sctp: attribute(17, PortsKey),
  /** `OVS_KEY_ATTR_ICMP`: only with `proto` 1, matched exactly. */
  icmp: attribute(11, IcmpKey),
  /** `OVS_KEY_ATTR_ICMPV6`: only with `proto` 58, matched exactly. */
  icmpv6: attribute(12, IcmpKey),
  /** `OVS_KEY_ATTR_ND`: only with ICMPv6 types 135 and 136, matched exactly. */
  nd: attribute(14, NdKey),
})

/** A flow's key, or a mask, as the kernel reports it. */
export interface FlowKey extends Infer<typeof FlowKeyAttributes> {}
/** A flow's key as it may be given: a structure's members that are left out are zeros. */
export interface FlowKeyInput extends InferInput<typeof FlowKeyAttributes> {}
/** A flow's mask as it may be given: what is left out is a wildcard, `exact` must match in every bit. */
export interface FlowMask extends InferMask<typeof FlowKeyAttributes> {}

/** `OVS_FLOW_ATTR_MASK`'s payload: a mask is written with `exact`, and read as numbers. */
export const FlowMaskCodec: Codec<FlowKey, FlowMask> & {
  /** The set around which it stands, for the paths of refused attributes. */
  readonly of: () => typeof FlowKeyAttributes
} = {
  describe: 'nest of OVS_KEY_ATTR_*, as masks',
  of: () => FlowKeyAttributes,
  least: 0,
  most: 65531,
  read: (source, start, end, beside) => FlowKeyAttributes.readMask(source, start, end, beside?.key as FlowKey | undefined),
  write: (writer, mask) => FlowKeyAttributes.writeMask(writer, mask),
  writeMask: (writer, mask) => FlowKeyAttributes.writeMask(writer, mask),
}

/**
 * The tag control information of a VLAN tag that is there, for `vlan` and `pushVlan`.
 *
 * @param vid VLAN id, 0 to 4095.
 * @param pcp Priority, 0 to 7.
 * @throws InvalidValueError
 */
export function vlanTci(vid: number, pcp = 0): number {
  if (!Number.isInteger(vid) || vid < 0 || vid > 0xfff) throw new InvalidValueError('a VLAN id is a whole number from 0 to 4095', vid)
  if (!Number.isInteger(pcp) || pcp < 0 || pcp > 7) throw new InvalidValueError('a VLAN priority is a whole number from 0 to 7', pcp)
  return (pcp << 13) | 0x1000 | vid
}
