import { ipv4, ipv6 } from '../netlink/addresses.js'
import { attribute, attributes, type Infer, type InferInput, type InferMask } from '../netlink/attributes.js'
import { be16, be64, flag, u32, u8 } from '../netlink/codec.js'
import { ErspanMetadataCodec } from './erspan.js'
import { GeneveOptions } from './geneve-options.js'

/** `OVS_VXLAN_EXT_*` of a tunnel key. @since 4.0, "openvswitch: Support VXLAN Group Policy extension" */
export const VxlanOptionAttributes = attributes('OVS_VXLAN_EXT', {
  /** `OVS_VXLAN_EXT_GBP`: the group policy: its id in the lower 16 bits, flags above it. */
  gbp: attribute(1, u32),
})

/**
 * `OVS_TUNNEL_KEY_ATTR_*`: the outer headers of a packet that came through a tunnel, or is to be sent through one
 * (`linux/openvswitch.h`), in the kernel's order. A key needs a destination that is not zero, and `ttl`; it has one kind of
 * options at most.
 *
 * @since 3.11, "openvswitch: Add tunneling interface."
 */
export const TunnelKeyAttributes = attributes(
  'OVS_TUNNEL_KEY_ATTR',
  {
    /** `OVS_TUNNEL_KEY_ATTR_ID`: the tunnel's id, as VXLAN's VNI or GRE's key; absent where the packet has none. */
    id: attribute(0, be64),
    /** `OVS_TUNNEL_KEY_ATTR_IPV4_INFO_BRIDGE`: beside nothing but `id`: to a bridge that knows the way by itself. @since 5.2, "openvswitch: Make metadata_dst tunnel work in IP_TUNNEL_INFO_BRIDGE mode" */
    ipv4InfoBridge: attribute(16, flag),
    /** `OVS_TUNNEL_KEY_ATTR_IPV4_SRC`: absent where it is 0.0.0.0. */
    ipv4Src: attribute(1, ipv4),
    /** `OVS_TUNNEL_KEY_ATTR_IPV4_DST`: of a key, this one or `ipv6Dst`, and not zero. */
    ipv4Dst: attribute(2, ipv4),
    /** `OVS_TUNNEL_KEY_ATTR_IPV6_SRC`: absent where it is `::`. @since 4.4, "openvswitch: netlink attributes for IPv6 tunneling" */
    ipv6Src: attribute(12, ipv6),
    /** `OVS_TUNNEL_KEY_ATTR_IPV6_DST` @since 4.4, "openvswitch: netlink attributes for IPv6 tunneling" */
    ipv6Dst: attribute(13, ipv6),
    /** `OVS_TUNNEL_KEY_ATTR_TOS`: type of service, or traffic class, of the outer header; absent where it is 0. */
    tos: attribute(3, u8),
    /** `OVS_TUNNEL_KEY_ATTR_TTL`: time to live, or hop limit, of the outer header; a key must have it. */
    ttl: attribute(4, u8),
    /** `OVS_TUNNEL_KEY_ATTR_DONT_FRAGMENT`: the outer header forbids fragments. */
    dontFragment: attribute(5, flag),
    /** `OVS_TUNNEL_KEY_ATTR_CSUM`: the outer header has a checksum. */
    csum: attribute(6, flag),
    /** `OVS_TUNNEL_KEY_ATTR_TP_SRC`: source port of the outer UDP header; absent where it is 0. @since 3.19, "openvswitch: Extend packet attribute for egress tunnel info" */
    tpSrc: attribute(9, be16),
    /** `OVS_TUNNEL_KEY_ATTR_TP_DST`: destination port of the outer UDP header; absent where it is 0. @since 3.19, "openvswitch: Extend packet attribute for egress tunnel info" */
    tpDst: attribute(10, be16),
    /** `OVS_TUNNEL_KEY_ATTR_OAM`: Geneve's control bit. @since 3.18, "openvswitch: Add support for matching on OAM packets." */
    oam: attribute(7, flag),
    /** `OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS` @since 3.18, "openvswitch: Add support for Geneve tunneling." */
    geneveOpts: attribute(8, GeneveOptions),
    /** `OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS` @since 4.0, "openvswitch: Support VXLAN Group Policy extension" */
    vxlanOpts: attribute(11, VxlanOptionAttributes),
    /** `OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS` @since 4.16, "openvswitch: add erspan version I and II support" */
    erspanOpts: attribute(15, ErspanMetadataCodec),
  },
  { padding: 14 },
)

/** A tunnel key, or a mask over one, as the kernel reports it. */
export interface TunnelKey extends Infer<typeof TunnelKeyAttributes> {}
/** A tunnel key as it may be given. */
export interface TunnelKeyInput extends InferInput<typeof TunnelKeyAttributes> {}
/** A mask over a tunnel key as it may be given. */
export interface TunnelKeyMask extends InferMask<typeof TunnelKeyAttributes> {}
