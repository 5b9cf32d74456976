import { bits } from '../netlink/bits.js'
import { be32 } from '../netlink/codec.js'

/** One MPLS label stack entry, as RFC 3032 has it. */
export const MplsLse = bits('MPLS label stack entry', be32, {
  /** The label. */
  label: 20,
  /** Traffic class. */
  tc: 3,
  /** 1 on the last entry of the stack. */
  bos: 1,
  /** Time to live. */
  ttl: 8,
})
