import { type AnyFamily, GENL_HEADER } from '../../src/genetlink/family.js'
import { Source } from '../../src/netlink/bytes.js'
import { align, NLA_F_NESTED } from '../../src/netlink/constants.js'
import { Writer } from '../../src/netlink/writer.js'
import { families } from './ours.js'
import { walk } from './walk.js'

/** A message that a kernel sent. */
export interface RecordedMessage {
  /** Of this family. */
  readonly family: string
  /** What follows `struct nlmsghdr`, in hexadecimal. */
  readonly payload: string
}

/** What the kernel takes only with NLA_F_NESTED, and sends without: validate_psample(), ovs_nla_add_action() in net/openvswitch/flow_netlink.c. */
const WITHOUT_FLAG = new Set(['OVS_ACTION_ATTR_PSAMPLE'])

/** Bytes before the attributes. */
export const headersOf = (family: AnyFamily) => GENL_HEADER + ((family.header?.size as number | undefined) ?? 0)

/** What is wrong with a message when it is decoded and encoded again: nothing, if it is the same bytes. */
export function encodedAgain({ family: name, payload }: RecordedMessage): string | undefined {
  const family = families.find((each) => each.name === name)
  if (family === undefined) return `there is no family ${name}`
  const bytes = Buffer.from(payload, 'hex')
  const source = new Source(bytes)
  source.keepPadding = true
  const start = headersOf(family)
  const value = family.attributes.read(source, start, bytes.length)
  const writer = new Writer()
  family.attributes.write(writer, value)
  walk(family.attributes, new Source(writer.bytes), 0, writer.length, ({ kernelName }, _around, at) => {
    if (WITHOUT_FLAG.has(kernelName)) writer.bytes[at - 1] = (writer.bytes[at - 1] as number) & (~NLA_F_NESTED >> 8)
  })
  // The last attribute of an upcall may lack its padding.
  const size = bytes.length - start
  const again = writer.bytes.subarray(0, size)
  if (writer.length === align(size) && again.equals(bytes.subarray(start))) return undefined
  const difference = again.findIndex((byte, i) => byte !== bytes[start + i])
  return `${name}: ${writer.length} bytes in place of ${size}, different from byte ${difference}: ${payload} became ${writer.bytes.toString('hex', 0, writer.length)}`
}
