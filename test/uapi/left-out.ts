/** What of the kernel's headers has no place in our tables, and why. */
export interface LeftOut {
  /** The whole name, or a pattern. */
  readonly name: string | RegExp
  readonly reason: string
}

/** Of `linux/openvswitch.h`. */
export const leftOut: readonly LeftOut[] = [
  { name: /_UNSPEC$/, reason: 'zero, by which a family begins its numbers; no message carries it' },
  { name: /^(__\w+|OVS_\w+_(ATTR|TYPE|EXT))_MAX$/, reason: 'the end of the enumeration in this header, not a value' },
  { name: '__LINUX_OPENVSWITCH_H', reason: 'keeps the header from being read twice' },
  { name: /_PAD$/, reason: 'empty, so that what follows stands at a multiple of 8; a table names its number as `padding`' },
  { name: /^OVS_PACKET_ATTR_UNUSED[12]$/, reason: 'reserved; the kernel neither reads nor writes them' },
  { name: 'OVS_DP_VER_FEATURES', reason: 'the same number as OVS_DATAPATH_VERSION, which the family has' },
  { name: 'OVS_KEY_ATTR_PACKET_TYPE', reason: 'of Open vSwitch\'s user space only: the kernel refuses it (net/openvswitch/flow_netlink.c has no length for it)' },
  { name: 'OVS_KEY_ATTR_ND_EXTENSIONS', reason: 'of Open vSwitch\'s user space only: the kernel refuses it (net/openvswitch/flow_netlink.c has no length for it)' },
  { name: 'OVS_KEY_ATTR_TUNNEL_INFO', reason: 'within the kernel only: it stands for a set of OVS_KEY_ATTR_TUNNEL in the kernel\'s own list, and travels as that' },
  { name: 'OVS_CT_LABELS_LEN_32', reason: 'OVS_CT_LABELS_LEN in words' },
  { name: 'NSH_MD1_CONTEXT_SIZE', reason: 'the length of OVS_NSH_KEY_ATTR_MD1 in words' },
  { name: 'OVS_CS_F_NAT_MASK', reason: 'OVS_CS_F_SRC_NAT and OVS_CS_F_DST_NAT' },
]

/** Of `linux/genetlink.h`. */
export const leftOutOfGeneric: readonly LeftOut[] = [
  { name: /_UNSPEC$/, reason: 'zero, by which a family begins its numbers; no message carries it' },
  { name: /^(__)?CTRL_\w+_MAX$/, reason: 'the end of the enumeration in this header, not a value' },
  { name: 'CTRL_CMD_GETMCAST_GRP', reason: 'the kernel has no such operation' },
  { name: /^GENL_(ID_VFS_DQUOT|ID_PMCRAID|START_ALLOC|MIN_ID|MAX_ID)$/, reason: 'families have the ids that the controller says' },
  { name: /^GENL_(HDRLEN|ID_CTRL)$/, reason: 'constants of src/genetlink that a message with the controller holds' },
]

/** Of the keys: what no mask comes back with. */
export const leftOutMasks: readonly LeftOut[] = [
  { name: 'OVS_NSH_KEY_ATTR_MD2', reason: 'only to push: the kernel matches none (nsh_key_put_from_nlattr() in net/openvswitch/flow_netlink.c)' },
  { name: 'OVS_TUNNEL_KEY_ATTR_IPV4_INFO_BRIDGE', reason: 'a flow keeps nothing of it, only the action that sets it does (ip_tun_to_nlattr() in net/openvswitch/flow_netlink.c)' },
]

/** What our tables have and none of the kernels that we can boot takes. */
export const unproven: readonly LeftOut[] = [
  { name: 'OVS_DP_F_TC_RECIRC_SHARING', reason: 'Debian builds no kernel with CONFIG_NET_TC_SKB_EXT; that it is refused with EOPNOTSUPP is tested (test/kernel/bounds.test.ts)' },
]

/** Structures, and members of structures, of any of these headers. */
export const leftOutStructures: readonly LeftOut[] = [
  { name: /^ovs_dp_megaflow_stats\.pad[01]$/, reason: 'room that the kernel fills with zeros' },
  { name: 'ovs_key_mpls', reason: 'a big-endian u32 (an array of them is the key)' },
  { name: 'ovs_key_ipv6_exthdrs', reason: 'a u16' },
  { name: 'ovs_key_ct_labels', reason: '16 bytes' },
  { name: 'genlmsghdr', reason: 'written and read by FamilyCodec' },
]

/** Names that are used for the same layout as another structure's. */
export const sameLayout: ReadonlyMap<string, string> = new Map([
  ['ovs_key_udp', 'ovs_key_tcp'],
  ['ovs_key_sctp', 'ovs_key_tcp'],
  ['ovs_key_icmpv6', 'ovs_key_icmp'],
])

/** Members that are structures themselves, whose own members ours has in their place. */
export const spreadMembers: ReadonlyMap<string, string> = new Map([['ovs_action_push_eth.addresses', 'ovs_key_ethernet']])
