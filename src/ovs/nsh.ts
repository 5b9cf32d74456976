import { attribute, attributes, type Infer, type InferInput } from '../netlink/attributes.js'
import { bits } from '../netlink/bits.js'
import { be32, binary, fixed, u8 } from '../netlink/codec.js'
import { InvalidValueError } from '../netlink/errors.js'
import { at, struct } from '../netlink/struct.js'

/** `struct ovs_nsh_key_base` */
export const NshBase = struct('ovs_nsh_key_base', 8, {
  /** `flags`: six bits: 2 is O (operations and maintenance), 1 is unassigned. */
  flags: at(0, u8),
  /** `ttl`: time to live, six bits. */
  ttl: at(1, u8),
  /** `mdtype`: which metadata follow: 1 for `md1`, 2 for `md2`. */
  mdtype: at(2, u8),
  /** `np`: the next protocol: 1 is IPv4, 2 IPv6, 3 Ethernet. */
  np: at(3, u8),
  /** `path_hdr`: the service path's identifier and the index on it. */
  pathHdr: at(
    4,
    bits('service path header', be32, {
      /** Service path identifier. */
      spi: 24,
      /** Service index. */
      si: 8,
    }),
  ),
})

const CONTEXTS = 4

/** `__be32 context[NSH_MD1_CONTEXT_SIZE]` */
const contexts = fixed<number[], readonly number[]>(
  'four u32, big-endian',
  4 * CONTEXTS,
  (source, start) => Array.from({ length: CONTEXTS }, (_, i) => be32.read(source, start + 4 * i, start + 4 * (i + 1))),
  (writer, value) => {
    if (!Array.isArray(value) || value.length !== CONTEXTS) throw new InvalidValueError('must be an array of four numbers', value)
    for (const each of value) be32.write(writer, each as number)
  },
)

/** `struct ovs_nsh_key_md1` */
export const NshMd1 = struct('ovs_nsh_key_md1', 16, {
  /** `context`: four context headers. */
  context: at(0, contexts),
})

/**
 * `OVS_NSH_KEY_ATTR_*`: a Network Service Header (RFC 8300).
 *
 * @since 4.15, "openvswitch: enable NSH support"
 */
export const NshKeyAttributes = attributes('OVS_NSH_KEY_ATTR', {
  /** `OVS_NSH_KEY_ATTR_BASE` */
  base: attribute(1, NshBase),
  /** `OVS_NSH_KEY_ATTR_MD1`: the metadata of type 1. */
  md1: attribute(2, NshMd1),
  /** `OVS_NSH_KEY_ATTR_MD2`: the metadata of type 2, 4 to 244 bytes; only to push: the kernel matches none. */
  md2: attribute(3, binary(0, 244)),
})

/** An NSH header, or a mask over one, as the kernel reports it. */
export interface NshKey extends Infer<typeof NshKeyAttributes> {}
/** An NSH header as it may be given. */
export interface NshKeyInput extends InferInput<typeof NshKeyAttributes> {}
