import { array, be16, binary, type Codec, type Exact, u16, u32 } from '../netlink/codec.js'
import { attributes, type Infer, type InferInput, type InferMask, nested } from '../netlink/attributes.js'
import { InvalidValueError } from '../netlink/errors.js'
import { CtState } from './conntrack-state.js'
import { header, link, metadata } from './key-line.js'
import { ArpKey, CtTupleIpv4Key, CtTupleIpv6Key, EthernetKey, IcmpKey, Ipv4Key, Ipv6Key, NdKey, PortsKey } from './key-structs.js'
import { MplsLse } from './mpls.js'
import { NshKeyAttributes } from './nsh.js'
import { TunnelKeyAttributes } from './tunnel-key.js'

/**
 * `OVS_KEY_ATTR_*`: what a packet is matched by (`linux/openvswitch.h`). The order is that in which
 * the kernel writes them (`__ovs_nla_put_key()` in `net/openvswitch/flow_netlink.c`).
 *
 * @since 3.3, linux/openvswitch.h
 * @direction request, reply, notification, upcall
 */
export const FlowKeyAttributes = attributes('OVS_KEY_ATTR', {
  /** `OVS_KEY_ATTR_RECIRC_ID`: recirculation id; 0 for packets that have not been recirculated. @since 3.18, "openvswitch: Add recirc and hash action." */
  recircId: metadata(20, u32),
  /** `OVS_KEY_ATTR_DP_HASH`: what the action `hash` computed; 0 where nothing did. @since 3.18, "openvswitch: Add recirc and hash action." */
  dpHash: metadata(19, u32),
  /** `OVS_KEY_ATTR_PRIORITY`: the packet's `skb->priority`. Flows themselves have no priorities. */
  priority: metadata(2, u32),
  /**
   * `OVS_KEY_ATTR_TUNNEL`: of a packet that came through a tunnel. A mask may have it where the key has not. Masks
   * come back with it always, with `ttl` at least.
   *
   * @since 3.11, "openvswitch: Add tunneling interface."
   */
  tunnel: metadata(16, TunnelKeyAttributes),
  /** `OVS_KEY_ATTR_IN_PORT`: the vport the packet came from; its mask is all or nothing. */
  inPort: metadata(3, u32),
  /** `OVS_KEY_ATTR_SKB_MARK`: `skb->mark`. @since ≤ 3.10, linux/openvswitch.h */
  skbMark: metadata(15, u32),
  /** `OVS_KEY_ATTR_CT_STATE`: what connection tracking knows of the packet, {@link CtStateFlags}. A mask that is `exact` is 0xff, which a kernel without NAT (`CONFIG_NF_NAT`) refuses: there it is 0x3f. @since 4.3, "openvswitch: Add conntrack action" */
  ctState: metadata(22, CtState),
  /** `OVS_KEY_ATTR_CT_ZONE`, in the machine's byte order; refused by kernels without conntrack zones. @since 4.3, "openvswitch: Add conntrack action" */
  ctZone: metadata(23, u16),
  /** `OVS_KEY_ATTR_CT_MARK`: the connection's mark; refused by kernels without conntrack marks. @since 4.3, "openvswitch: Allow matching on conntrack mark" */
  ctMark: metadata(24, u32),
  /** `OVS_KEY_ATTR_CT_LABELS`: 16 bytes as the connection holds them; refused by kernels without conntrack labels. @since 4.3, "openvswitch: Allow matching on conntrack label" */
  ctLabels: metadata(25, binary(16, 16)),
  /** `OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4`: of an IPv4 packet, how its connection began; in a mask only with `ethertype` 0x0800, matched exactly. @since 4.11, "openvswitch: Add original direction conntrack tuple to sw_flow_key." */
  ctOrigTupleIpv4: metadata(26, CtTupleIpv4Key, { ethertype: [0x0800] }),
  /** `OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6`: of an IPv6 packet that is no neighbour discovery; in a mask only with `ethertype` 0x86dd, matched exactly. @since 4.11, "openvswitch: Add original direction conntrack tuple to sw_flow_key." */
  ctOrigTupleIpv6: metadata(27, CtTupleIpv6Key, { ethertype: [0x86dd] }),
  /** `OVS_KEY_ATTR_ETHERNET`: `{}` for any frame. A key without it is of packets that have no Ethernet header, and matches no others. */
  ethernet: link(4, EthernetKey),
  /**
   * `OVS_KEY_ATTR_ETHERTYPE`: 0x0800 is IPv4. Beside `vlan` it is the tag's own type (0x8100, 0x88a8), and
   * the packet's is within `encap`. Absent on 802.2 frames, whose mask is 0xffff all the same.
   */
  ethertype: link(6, be16),
  /** `OVS_KEY_ATTR_VLAN`: tag control information. A tag that is there has bit 0x1000 set. */
  vlan: link(5, be16),
  /** `OVS_KEY_ATTR_ENCAP`: what follows a VLAN tag; another tag is possible (4.9 and newer), a third is not. */
  encap: link(
    1,
    nested((): Codec<FlowKey, FlowKeyInput, FlowMask | Exact> => FlowKeyAttributes),
  ),
  /** `OVS_KEY_ATTR_IPV4`: only with `ethertype` 0x0800, matched exactly. */
  ipv4: header(7, Ipv4Key, { ethertype: [0x0800] }),
  /** `OVS_KEY_ATTR_IPV6`: only with `ethertype` 0x86dd, matched exactly. */
  ipv6: header(8, Ipv6Key, { ethertype: [0x86dd] }),
  /** `OVS_KEY_ATTR_IPV6_EXTHDRS`: bits of the extension headers there are. @since 5.18, "net: openvswitch: IPv6: Add IPv6 extension header support" */
  ipv6Exthdrs: header(32, u16),
  /** `OVS_KEY_ATTR_NSH`: only with `ethertype` 0x894f, matched exactly; without `md2`, and with `md1` only where `mdtype` is 1. @since 4.15, "openvswitch: enable NSH support" */
  nsh: header(28, NshKeyAttributes, { ethertype: [0x894f] }),
  /** `OVS_KEY_ATTR_ARP`: only with `ethertype` 0x0806 (or 0x8035), matched exactly. */
  arp: header(13, ArpKey, { ethertype: [0x0806, 0x8035] }),
  /** `OVS_KEY_ATTR_MPLS`: one to three label stack entries (one before 5.5), the outermost first; only with `ethertype` 0x8847 or 0x8848, matched exactly. @since 3.19, "openvswitch: Add basic MPLS support to kernel" */
  mpls: header(21, array(MplsLse), { ethertype: [0x8847, 0x8848] }),
  /** `OVS_KEY_ATTR_TCP`: only with `proto` 6, matched exactly. */
  tcp: header(9, PortsKey, { proto: 6 }),
  /** `OVS_KEY_ATTR_TCP_FLAGS`: 12 bits; beside `tcp`. @since 3.13, "openvswitch: TCP flags matching support." */
  tcpFlags: header(18, be16, { proto: 6 }),
  /** `OVS_KEY_ATTR_UDP`: only with `proto` 17, matched exactly. */
  udp: header(10, PortsKey, { proto: 17 }),
  /** `OVS_KEY_ATTR_SCTP`: only with `proto` 132, matched exactly. @since 3.12, "openvswitch: Add SCTP support" */
  sctp: header(17, PortsKey, { proto: 132 }),
  /** `OVS_KEY_ATTR_ICMP`: only with `ipv4` and `proto` 1, matched exactly. */
  icmp: header(11, IcmpKey, { proto: 1, over: 'ipv4' }),
  /** `OVS_KEY_ATTR_ICMPV6`: only with `ipv6` and `proto` 58, matched exactly. */
  icmpv6: header(12, IcmpKey, { proto: 58, over: 'ipv6' }),
  /** `OVS_KEY_ATTR_ND`: only with ICMPv6 types 135 and 136, matched exactly. */
  nd: header(14, NdKey, { icmpv6Type: [135, 136] }),
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
