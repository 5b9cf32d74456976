import { type Codec, exact, u32 } from '../netlink/codec.js'

/**
 * Bits of a key's `ctState`: what connection tracking knows of the packet. A key may have no others; one that
 * was not tracked has none.
 *
 * @since 4.3, "openvswitch: Add conntrack action"
 */
export const CtStateFlags = {
  /** `OVS_CS_F_NEW`: begins a connection. */
  new: 0x01,
  /** `OVS_CS_F_ESTABLISHED`: of a connection that exists. */
  established: 0x02,
  /** `OVS_CS_F_RELATED`: belongs to another connection, as an ICMP error does. */
  related: 0x04,
  /** `OVS_CS_F_REPLY_DIR`: goes against the direction in which the connection began. */
  replyDir: 0x08,
  /** `OVS_CS_F_INVALID`: fits no connection. */
  invalid: 0x10,
  /** `OVS_CS_F_TRACKED`: the action `ct` has seen it. */
  tracked: 0x20,
  /** `OVS_CS_F_SRC_NAT`: NAT changed its source. @since 4.6, "openvswitch: Interface with NAT." */
  srcNat: 0x40,
  /** `OVS_CS_F_DST_NAT`: NAT changed its destination. @since 4.6, "openvswitch: Interface with NAT." */
  dstNat: 0x80,
} as const

/** All of {@link CtStateFlags}. @internal */
export const CT_STATE_BITS = Object.values(CtStateFlags).reduce((bits, bit) => bits | bit, 0)

/**
 * Bits of {@link CtStateFlags}. The kernel refuses all others in a mask as well: an exact one is of these. A kernel without
 * NAT (`CONFIG_NF_NAT`) does not know the last two: there an exact mask is 0x3f.
 */
export const CtState: Codec<number> = {
  ...u32,
  writeMask: (writer, mask) => u32.write(writer, mask === exact ? CT_STATE_BITS : (mask as number)),
}
