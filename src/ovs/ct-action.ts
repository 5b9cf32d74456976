import { ipAddress } from '../netlink/addresses.js'
import { attribute, attributes, type Infer, type InferInput, type Nested, nested } from '../netlink/attributes.js'
import { binary, type Codec, type Exact, exact, flag, text, u16, u32 } from '../netlink/codec.js'
import { InvalidValueError } from '../netlink/errors.js'
import { at, struct, type Tail } from '../netlink/struct.js'

/** Bits to write, with the mask that says which. */
export interface Masked<V> extends Tail {
  /** The bits. One outside of the mask is set all the same: the kernel does not clear it. */
  value: V
  /** Ones where the connection's bits are replaced; never all zeros. */
  mask: V
}
/** Bits to write, as they may be given: without a mask, all of them. */
export interface MaskedInput<V> {
  /** The bits; zeros where they are left out. */
  readonly value?: V
  /** Ones where the connection's bits are replaced; `exact`, or left out, for all. */
  readonly mask?: V | Exact
}

const FORM = 'Write { value: 7, mask? }, of labels with 16 bytes each; without a mask, all bits are written.'

function masked<V>(name: string, of: Codec<V>): Codec<Masked<V>, MaskedInput<V>, never> {
  const size = of.least
  const mask: Codec<V, V | Exact> = { ...of, write: (writer, value) => of.writeMask(writer, value) }
  const both = struct(name, 2 * size, { value: at(0, of), mask: at(size, mask) })
  return {
    ...both,
    read: both.read as (...args: Parameters<typeof both.read>) => Masked<V>,
    write(writer, given) {
      if (typeof given !== 'object' || given === null || Array.isArray(given) || given instanceof Uint8Array) throw new InvalidValueError('must be an object with value and mask', given, FORM)
      both.write(writer, given.mask === undefined ? { ...given, mask: exact } : given)
    },
    writeMask: both.writeMask,
  } as Codec<Masked<V>, MaskedInput<V>, never>
}

/** Bits of `eventmask`: `1 << IPCT_*` of `enum ip_conntrack_events` (`linux/netfilter/nf_conntrack_common.h`). */
export const CtEvents = {
  /** `IPCT_NEW`: a new connection. */
  new: 1 << 0,
  /** `IPCT_RELATED`: a new connection that another one expected. */
  related: 1 << 1,
  /** `IPCT_DESTROY`: the connection is gone. */
  destroy: 1 << 2,
  /** `IPCT_REPLY`: it has seen traffic in both directions. */
  reply: 1 << 3,
  /** `IPCT_ASSURED`: its state will not be evicted early. */
  assured: 1 << 4,
  /** `IPCT_PROTOINFO`: its protocol's state changed. */
  protoinfo: 1 << 5,
  /** `IPCT_HELPER`: it got a helper. */
  helper: 1 << 6,
  /** `IPCT_MARK`: its mark changed. */
  mark: 1 << 7,
  /** `IPCT_SEQADJ`: its sequence numbers are adjusted anew. */
  seqadj: 1 << 8,
  /** `IPCT_SECMARK`: its security mark changed. */
  secmark: 1 << 9,
  /** `IPCT_LABEL`: its labels changed. */
  label: 1 << 10,
  /** `IPCT_SYNPROXY`: the SYN proxy was set up. */
  synproxy: 1 << 11,
} as const

/**
 * `OVS_NAT_ATTR_*`: how a connection's addresses and ports are translated. Empty, it only applies what
 * committed connections have.
 *
 * @since 4.6, "openvswitch: Interface with NAT."
 */
export const NatAttributes = attributes('OVS_NAT_ATTR', {
  /** `OVS_NAT_ATTR_SRC`: the source. Only with `commit`, and not with `dst`. */
  src: attribute(1, flag),
  /** `OVS_NAT_ATTR_DST`: the destination. Only with `commit`, and not with `src`. */
  dst: attribute(2, flag),
  /** `OVS_NAT_ATTR_IP_MIN`: the lowest address of the range, IPv4 or IPv6 as the flow is. */
  ipMin: attribute(3, ipAddress),
  /** `OVS_NAT_ATTR_IP_MAX`: the highest; left out, it is `ipMin`, and the kernel leaves it out where it is. */
  ipMax: attribute(4, ipAddress),
  /** `OVS_NAT_ATTR_PROTO_MIN`: the lowest port of the range, in the machine's byte order. */
  protoMin: attribute(5, u16),
  /** `OVS_NAT_ATTR_PROTO_MAX`: the highest, in the machine's byte order; left out, it is `protoMin`. */
  protoMax: attribute(6, u16),
  /** `OVS_NAT_ATTR_PERSISTENT`: the same address for all connections of a host, across reboots. */
  persistent: attribute(7, flag),
  /** `OVS_NAT_ATTR_PROTO_HASH`: ports by a hash of the connection. */
  protoHash: attribute(8, flag),
  /** `OVS_NAT_ATTR_PROTO_RANDOM`: ports at random. */
  protoRandom: attribute(9, flag),
})

/** `OVS_CT_ATTR_*`, in the kernel's order. @since 4.3, "openvswitch: Add conntrack action" */
export const CtAttributes = attributes('OVS_CT_ATTR', {
  /** `OVS_CT_ATTR_COMMIT`: remembers the connection, so that its later packets are `est`. Reported as `forceCommit` where both are given. */
  commit: attribute(1, flag),
  /** `OVS_CT_ATTR_FORCE_COMMIT`: the same; a connection that was committed in the other direction is replaced. @since 4.11, "openvswitch: Add force commit." */
  forceCommit: attribute(7, flag),
  /** `OVS_CT_ATTR_ZONE`: connections of different zones know nothing of each other; in the machine's byte order. Kernels with zones always report it, 0 where none was given; those without (`CONFIG_NF_CONNTRACK_ZONES`) refuse it (EINVAL). */
  zone: attribute(2, u16),
  /** `OVS_CT_ATTR_MARK`: bits of the connection's mark. Only with `commit`. @since 4.3, "openvswitch: Allow matching on conntrack mark" */
  mark: attribute(3, masked('md_mark', u32)),
  /** `OVS_CT_ATTR_LABELS`: bits of the connection's labels, 16 bytes. Only with `commit`. @since 4.3, "openvswitch: Allow matching on conntrack label" */
  labels: attribute(4, masked('md_labels', binary(16, 16))),
  /** `OVS_CT_ATTR_HELPER`: name of the helper that finds related connections (`ftp`), of at most 15 bytes; EINVAL if its module is not there. @since 4.3, "openvswitch: Allow attaching helpers to ct action" */
  helper: attribute(5, text(15)),
  /** `OVS_CT_ATTR_EVENTMASK`: which events conntrack reports of it: {@link CtEvents}. @since 4.12, "openvswitch: Add eventmask support to CT action." */
  eventmask: attribute(8, u32),
  /** `OVS_CT_ATTR_TIMEOUT`: name of the timeout policy, of at most 31 bytes; one that does not exist is only logged. @since 5.2, "openvswitch: Add timeout support to ct action" */
  timeout: attribute(9, text(31)),
  /** `OVS_CT_ATTR_NAT` @since 4.6, "openvswitch: Interface with NAT." */
  nat: attribute(6, NatAttributes),
})

/** The arguments of `ct`. */
export interface Ct extends Infer<typeof CtAttributes> {}
/** The arguments of `ct`, as they may be given. */
export interface CtInput extends InferInput<typeof CtAttributes> {}

/**
 * `OVS_ACTION_ATTR_CT`'s payload. The kernel reads attribute by attribute, and refuses a type of NAT
 * as long as it has not read `commit`: whoever names them the other way round means the same.
 */
export const CtAction: Nested<Ct, CtInput, never> = {
  ...nested((): Codec<Ct, CtInput, never> => CtAttributes as Codec<Ct, CtInput, never>),
  write(writer, value) {
    const nat: unknown = value?.nat
    if (nat === true) throw new InvalidValueError('must be an object', nat, 'Write {} to translate as committed, or { src: true, ipMin: \'192.0.2.1\' }.', ['OVS_CT_ATTR_NAT'])
    CtAttributes.write(writer, nat === undefined ? value : natLast(value))
  },
}

function natLast(value: CtInput): CtInput {
  const names = Object.keys(value)
  const commit = Math.max(names.indexOf('commit'), names.indexOf('forceCommit'))
  if (commit < names.indexOf('nat')) return value
  const { nat, ...rest } = value
  return { ...rest, nat }
}
