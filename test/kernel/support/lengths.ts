/** Where the kernel takes other lengths than our codecs say, or not all of those, and why. */
import type { Entry } from '../../../src/netlink/attributes.js'
import type { Bound } from '../../uapi/bounds.js'

/** One such rule. */
export interface Exception {
  readonly what: string
  /** Whether it is about this attribute at this bound. */
  readonly of: (path: readonly Entry[], bound: Bound) => boolean
  /** What the kernel does. */
  readonly taken: boolean
  /** The first kernel of which it is not true any more, and the first of which it is. */
  readonly until?: string
  readonly since?: string
}

const last = (path: readonly Entry[]) => path.at(-1)?.kernelName
const isNumber = ({ codec: { describe } }: Entry) => /^[us]\d+/.test(describe)
const stands = (path: readonly Entry[], name: string) => path.some(({ kernelName }) => kernelName === name)

export const exceptions: readonly Exception[] = [
  {
    what: 'a datapath\'s port id is its local port\'s list of them, and must be whole: ovs_vport_set_upcall_portids() in net/openvswitch/vport.c',
    of: (path, bound) => last(path) === 'OVS_DP_ATTR_UPCALL_PID' && bound === 'more',
    taken: false,
  },
  {
    what: 'numbers may be longer, with a warning in the kernel log: validate_nla() in lib/nlattr.c, where nothing asks for strictness',
    of: (path, bound) => bound === 'more' && isNumber(path.at(-1) as Entry) && (path.length === 1 || /^OVS_(BAND|USERSPACE|CHECK_PKT_LEN)_ATTR_/.test(last(path) ?? '')),
    taken: true,
  },
  {
    what: 'a structure for which the policy only has a least length may be longer: meter_policy in net/openvswitch/meter.c',
    of: (path, bound) => last(path) === 'OVS_METER_ATTR_STATS' && bound === 'more',
    taken: true,
  },
  {
    what: 'a UFID that is too long counts as none, and the flow has its key for a name: ovs_nla_get_ufid() in net/openvswitch/flow_netlink.c',
    of: (path, bound) => last(path) === 'OVS_FLOW_ATTR_UFID' && bound === 'more',
    taken: true,
  },
  {
    what: 'what a flag of `userspace` holds is not looked at: userspace_policy in net/openvswitch/flow_netlink.c has no line for it',
    of: (path, bound) => last(path) === 'OVS_USERSPACE_ATTR_ACTIONS' && bound === 'more',
    taken: true,
  },
  {
    what: 'ERSPAN options may have any length up to 255, of which 12 bytes count: erspan_tun_opt_from_nlattr() in net/openvswitch/flow_netlink.c',
    of: (path, bound) => last(path) === 'OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS' && (bound === 'less' || bound === 'more'),
    taken: true,
  },
  {
    what: 'a mask of Geneve options must be as long as the key\'s: genev_tun_opt_from_nlattr() in net/openvswitch/flow_netlink.c',
    of: (path, bound) => last(path) === 'OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS' && stands(path, 'OVS_FLOW_ATTR_MASK') && bound === 'most',
    taken: false,
  },
  {
    what: 'a masked set may have one byte too many, because half of an odd length is rounded down: validate_set() in net/openvswitch/flow_netlink.c',
    of: (path, bound) => stands(path, 'OVS_ACTION_ATTR_SET_MASKED') && (bound === 'more' || bound === 'odd'),
    taken: true,
  },
  {
    what: 'an address of NAT is as long as those of the flow: ovs_nat_attr_lens in net/openvswitch/conntrack.c',
    of: (path, bound) => /^OVS_NAT_ATTR_IP_M(IN|AX)$/.test(last(path) ?? '') && bound === 'most',
    taken: false,
  },
  {
    what: 'a helper is known by its name, and none has such a long one',
    of: (path, bound) => last(path) === 'OVS_CT_ATTR_HELPER' && bound === 'most',
    taken: false,
  },
  {
    what: 'NSH metadata may be 248 bytes long, more than the length in the header can say (RFC 8300: 244), so in 6.12 and not in 7.2: NSH_CTX_HDRS_MAX_LEN in include/net/nsh.h',
    of: (path, bound) => last(path) === 'OVS_NSH_KEY_ATTR_MD2' && bound === 'more',
    taken: true,
    until: '7.2',
  },
  {
    what: 'bytes behind the last whole limit are only logged: ovs_ct_limit_set_zone_limit() in net/openvswitch/conntrack.c',
    of: (path, bound) => last(path) === 'OVS_CT_LIMIT_ATTR_ZONE_LIMIT' && bound === 'odd',
    taken: true,
  },
  {
    what: 'an attribute that the kernel does not know yet is passed over, whatever it is',
    of: (path, bound) => last(path) === 'OVS_PACKET_ATTR_UPCALL_PID' && bound === 'less',
    taken: true,
    until: '6.17',
  },
]

/** The rule for an attribute at a bound. */
export function exceptionFor(path: readonly Entry[], bound: Bound, kernel: string): Exception | undefined {
  return exceptions.find((each) => isOf(each, kernel) && each.of(path, bound))
}

/** Whether it is a rule of this kernel. */
export function isOf({ since = '0', until = '99' }: Exception, kernel: string): boolean {
  return !isBefore(kernel, since) && isBefore(kernel, until)
}

/** By the first two numbers of their versions. */
export function isBefore(kernel: string, other: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number)
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number)
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}
