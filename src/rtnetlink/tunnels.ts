import { attribute, attributes } from '../netlink/attributes.js'
import type { Source } from '../netlink/bytes.js'
import { be16, be32, binary, type Codec, fixed, flag, u16, u32, u8 } from '../netlink/codec.js'
import { ipAddress, ipv4, ipv6 } from '../netlink/addresses.js'
import { at, struct } from '../netlink/struct.js'

/** A switch of one byte: 0 is off. */
const on: Codec<boolean> = fixed('u8, 0 or 1', 1, (source, start) => source.bytes[start] !== 0, (writer, value) => u8.write(writer, Number(value)))

/** Off by being left out of what is sent; but kernels send it as one byte back, or say it by its being there. */
const present: Codec<boolean> = { ...flag, describe: 'flag, or u8', most: 1, read: (source: Source, start, end) => end === start || source.bytes[start] !== 0 }

/** UDP ports. */
const PortRange = struct('ifla_vxlan_port_range', 4, {
  /** The lowest, big-endian. */
  low: at(0, be16),
  /** The highest, big-endian. */
  high: at(2, be16),
})

/** `IFLA_VXLAN_*` (`linux/if_link.h`): what a device of kind `vxlan` is made with. */
export const VxlanAttributes = attributes('IFLA_VXLAN', {
  /** `IFLA_VXLAN_ID`: the network's number, 24 bits; of no meaning with `collectMetadata`. */
  id: attribute(1, u32),
  /** `IFLA_VXLAN_GROUP`: where to send, an address of one or of many. */
  group: attribute(2, ipv4),
  /** `IFLA_VXLAN_GROUP6` */
  group6: attribute(16, ipv6),
  /** `IFLA_VXLAN_LINK`: interface index of the device underneath. */
  link: attribute(3, u32),
  /** `IFLA_VXLAN_LOCAL`: source of what is sent. */
  local: attribute(4, ipv4),
  /** `IFLA_VXLAN_LOCAL6` */
  local6: attribute(17, ipv6),
  /** `IFLA_VXLAN_TTL`: 0 is the system's own. */
  ttl: attribute(5, u8),
  /** `IFLA_VXLAN_TTL_INHERIT`: the TTL is that of what is inside. */
  ttlInherit: attribute(28, present),
  /** `IFLA_VXLAN_TOS` */
  tos: attribute(6, u8),
  /** `IFLA_VXLAN_DF`: 0 leaves the bit, 1 sets it, 2 takes it from inside. */
  df: attribute(29, u8),
  /** `IFLA_VXLAN_LABEL`: IPv6 flow label. */
  label: attribute(26, be32),
  /** `IFLA_VXLAN_LEARNING`: learn where hardware addresses are. */
  learning: attribute(7, on),
  /** `IFLA_VXLAN_AGEING`: how long that is remembered, in seconds. */
  ageing: attribute(8, u32),
  /** `IFLA_VXLAN_LIMIT`: how much of it; 0 without limit. */
  limit: attribute(9, u32),
  /** `IFLA_VXLAN_PROXY`: answer ARP for others. */
  proxy: attribute(11, on),
  /** `IFLA_VXLAN_RSC`: route short circuit. */
  rsc: attribute(12, on),
  /** `IFLA_VXLAN_L2MISS`: announce unknown hardware addresses. */
  l2miss: attribute(13, on),
  /** `IFLA_VXLAN_L3MISS`: announce unknown addresses. */
  l3miss: attribute(14, on),
  /** `IFLA_VXLAN_COLLECT_METADATA`: the tunnel's ends are the packet's, set by flows (`external` to iproute2): as Open vSwitch uses it. */
  collectMetadata: attribute(25, on),
  /** `IFLA_VXLAN_PORT_RANGE`: UDP source ports. */
  portRange: attribute(10, PortRange),
  /** `IFLA_VXLAN_PORT`: UDP port to listen on and send to, big-endian; 8472 unless said, the assigned one is 4789. */
  port: attribute(15, be16),
  /** `IFLA_VXLAN_UDP_CSUM` */
  udpCsum: attribute(18, on),
  /** `IFLA_VXLAN_UDP_ZERO_CSUM6_TX` */
  udpZeroCsum6Tx: attribute(19, on),
  /** `IFLA_VXLAN_UDP_ZERO_CSUM6_RX`: take IPv6 packets without a checksum. */
  udpZeroCsum6Rx: attribute(20, on),
  /** `IFLA_VXLAN_REMCSUM_TX` */
  remcsumTx: attribute(21, on),
  /** `IFLA_VXLAN_REMCSUM_RX` */
  remcsumRx: attribute(22, on),
  /** `IFLA_VXLAN_GBP`: group based policy. */
  gbp: attribute(23, flag),
  /** `IFLA_VXLAN_GPE`: generic protocol extension. */
  gpe: attribute(27, flag),
  /** `IFLA_VXLAN_REMCSUM_NOPARTIAL` */
  remcsumNopartial: attribute(24, flag),
  /** `IFLA_VXLAN_VNIFILTER` (5.18 and newer) */
  vnifilter: attribute(30, on),
  /** `IFLA_VXLAN_LOCALBYPASS` (6.5 and newer) */
  localbypass: attribute(31, on),
  /** `IFLA_VXLAN_LABEL_POLICY` (6.9 and newer): 0 the fixed label, 1 that of what is inside. */
  labelPolicy: attribute(32, u32),
  /** `IFLA_VXLAN_RESERVED_BITS` (6.14 and newer): eight bytes, ones where a received header may have bits that are not known. */
  reservedBits: attribute(33, binary(8, 8)),
})

/** `IFLA_GENEVE_*` (`linux/if_link.h`): what a device of kind `geneve` is made with. */
export const GeneveAttributes = attributes('IFLA_GENEVE', {
  /** `IFLA_GENEVE_ID`: the network's number, 24 bits; not with `collectMetadata`. */
  id: attribute(1, u32),
  /** `IFLA_GENEVE_REMOTE`: the other end; not with `collectMetadata`. */
  remote: attribute(2, ipv4),
  /** `IFLA_GENEVE_REMOTE6` */
  remote6: attribute(7, ipv6),
  /** `IFLA_GENEVE_TTL` */
  ttl: attribute(3, u8),
  /** `IFLA_GENEVE_TOS` */
  tos: attribute(4, u8),
  /** `IFLA_GENEVE_LABEL`: IPv6 flow label. */
  label: attribute(11, be32),
  /** `IFLA_GENEVE_DF`: 0 leaves the bit, 1 sets it, 2 takes it from inside. */
  df: attribute(13, u8),
  /** `IFLA_GENEVE_PORT`: UDP port, big-endian; 6081 unless said. */
  port: attribute(5, be16),
  /** `IFLA_GENEVE_COLLECT_METADATA`: the tunnel's ends are the packet's, set by flows (`external` to iproute2): as Open vSwitch uses it. */
  collectMetadata: attribute(6, flag),
  /** `IFLA_GENEVE_UDP_CSUM` */
  udpCsum: attribute(8, on),
  /** `IFLA_GENEVE_UDP_ZERO_CSUM6_TX` */
  udpZeroCsum6Tx: attribute(9, on),
  /** `IFLA_GENEVE_UDP_ZERO_CSUM6_RX`: take IPv6 packets without a checksum. */
  udpZeroCsum6Rx: attribute(10, on),
  /** `IFLA_GENEVE_TTL_INHERIT`: the TTL is that of what is inside. */
  ttlInherit: attribute(12, on),
  /** `IFLA_GENEVE_INNER_PROTO_INHERIT` (5.18 and newer): what is inside need not be Ethernet. */
  innerProtoInherit: attribute(14, flag),
  /** `IFLA_GENEVE_PORT_RANGE` (6.15 and newer): UDP source ports. */
  portRange: attribute(15, PortRange),
})

/** `IFLA_GRE_*` (`linux/if_tunnel.h`): what a device of kind `gre`, `gretap`, `erspan`, or of one of those over IPv6, is made with. */
export const GreAttributes = attributes('IFLA_GRE', {
  /** `IFLA_GRE_LINK`: interface index of the device underneath. */
  link: attribute(1, u32),
  /** `IFLA_GRE_IFLAGS`: `GRE_*` flags of what is received, big-endian. */
  iflags: attribute(2, be16),
  /** `IFLA_GRE_OFLAGS`: `GRE_*` flags of what is sent, big-endian. */
  oflags: attribute(3, be16),
  /** `IFLA_GRE_IKEY`: key of what is received, big-endian. */
  ikey: attribute(4, be32),
  /** `IFLA_GRE_OKEY`: key of what is sent, big-endian. */
  okey: attribute(5, be32),
  /** `IFLA_GRE_LOCAL` */
  local: attribute(6, ipAddress),
  /** `IFLA_GRE_REMOTE` */
  remote: attribute(7, ipAddress),
  /** `IFLA_GRE_TTL` */
  ttl: attribute(8, u8),
  /** `IFLA_GRE_TOS` */
  tos: attribute(9, u8),
  /** `IFLA_GRE_PMTUDISC`: find out the path's MTU; not with `collectMetadata`. */
  pmtudisc: attribute(10, on),
  /** `IFLA_GRE_ENCAP_LIMIT`: of IPv6. */
  encapLimit: attribute(11, u8),
  /** `IFLA_GRE_FLOWINFO`: of IPv6, big-endian. */
  flowinfo: attribute(12, be32),
  /** `IFLA_GRE_FLAGS`: of IPv6. */
  flags: attribute(13, u32),
  /** `IFLA_GRE_ENCAP_TYPE`: in UDP as well: 0 no, 1 foo, 2 gue. */
  encapType: attribute(14, u16),
  /** `IFLA_GRE_ENCAP_FLAGS` */
  encapFlags: attribute(15, u16),
  /** `IFLA_GRE_ENCAP_SPORT`: big-endian. */
  encapSport: attribute(16, be16),
  /** `IFLA_GRE_ENCAP_DPORT`: big-endian. */
  encapDport: attribute(17, be16),
  /** `IFLA_GRE_COLLECT_METADATA`: the tunnel's ends are the packet's, set by flows (`external` to iproute2): as Open vSwitch uses it. */
  collectMetadata: attribute(18, flag),
  /** `IFLA_GRE_IGNORE_DF` */
  ignoreDf: attribute(19, on),
  /** `IFLA_GRE_FWMARK` */
  fwmark: attribute(20, u32),
  /** `IFLA_GRE_ERSPAN_INDEX`: of ERSPAN version 1. */
  erspanIndex: attribute(21, u32),
  /** `IFLA_GRE_ERSPAN_VER` */
  erspanVer: attribute(22, u8),
  /** `IFLA_GRE_ERSPAN_DIR`: of ERSPAN version 2. */
  erspanDir: attribute(23, u8),
  /** `IFLA_GRE_ERSPAN_HWID`: of ERSPAN version 2. */
  erspanHwid: attribute(24, u16),
})
