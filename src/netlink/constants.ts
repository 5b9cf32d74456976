/** Numbers of `linux/netlink.h` that every netlink family shares. */

/** Netlink protocol number of rtnetlink (`NETLINK_ROUTE`). */
export const NETLINK_ROUTE = 0
/** Netlink protocol number of generic netlink (`NETLINK_GENERIC`). */
export const NETLINK_GENERIC = 16

/** Length of `struct nlmsghdr`, in bytes. */
export const NLMSG_HEADER = 16
/** Length of `struct nlattr`, in bytes. */
export const NLA_HEADER = 4

/** Message types below this one control the conversation itself (`NLMSG_MIN_TYPE`). */
export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3
export const NLMSG_OVERRUN = 4
export const NLMSG_MIN_TYPE = 0x10

/** Flags of a message (`NLM_F_…`). */
export const MessageFlags = {
  /** `NLM_F_REQUEST`: to the kernel. */
  request: 0x01,
  /** `NLM_F_MULTI`: part of a dump. */
  multi: 0x02,
  /** `NLM_F_ACK`: answer with an acknowledgement. */
  ack: 0x04,
  /** `NLM_F_ECHO`: answer with what was made or changed. */
  echo: 0x08,
  /** `NLM_F_DUMP_INTR`: the dumped objects changed meanwhile, the dump is not consistent. */
  dumpInterrupted: 0x10,
  /** `NLM_F_DUMP` (`NLM_F_ROOT | NLM_F_MATCH`). */
  dump: 0x300,
  /** `NLM_F_REPLACE` of a new request. */
  replace: 0x100,
  /** `NLM_F_EXCL` of a new request; of a generic netlink family it would ask for a dump. */
  exclusive: 0x200,
  /** `NLM_F_CREATE` of a new request. */
  create: 0x400,
} as const

/** Flags of an acknowledgement, in the same field as {@link MessageFlags}. */
export const AckFlags = {
  /** `NLM_F_CAPPED`: the request is not repeated in the acknowledgement. */
  capped: 0x100,
  /** `NLM_F_ACK_TLVS`: extended-ACK attributes follow. */
  tlvs: 0x200,
} as const

/** Attributes of an extended acknowledgement (`NLMSGERR_ATTR_…`). */
export const ExtendedAck = {
  /** `NLMSGERR_ATTR_MSG`: text. */
  message: 1,
  /** `NLMSGERR_ATTR_OFFS`: u32, of the refused attribute, from the request's `nlmsghdr`. */
  offset: 2,
  /** `NLMSGERR_ATTR_COOKIE`: bytes of a success, which openvswitch does not send. */
  cookie: 3,
  /** `NLMSGERR_ATTR_POLICY`: what the kernel wants of the refused attribute. */
  policy: 4,
  /** `NLMSGERR_ATTR_MISS_TYPE`: u32, the number of an attribute that is missing. */
  missType: 5,
  /** `NLMSGERR_ATTR_MISS_NEST`: u32, the offset of the nest that it is missing in. */
  missNest: 6,
} as const

/** `NLA_F_NESTED`, a bit of an attribute's type. */
export const NLA_F_NESTED = 0x8000
/** `NLA_F_NET_BYTEORDER`, a bit of an attribute's type. */
export const NLA_F_NET_BYTEORDER = 0x4000
/** The attribute's number without those two bits (`NLA_TYPE_MASK`). */
export const NLA_TYPE_MASK = 0x3fff

/** Rounds a length up to the 4 bytes at which messages and attributes are aligned. */
export function align(length: number): number {
  return (length + 3) & ~3
}
