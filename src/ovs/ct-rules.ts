import { isIPv4 } from 'node:net'
import type { Infer } from '../netlink/attributes.js'
import type { Ct, NatAttributes } from './ct-action.js'
import type { KnownPacket } from './set-rules.js'

const IPV4 = 0x0800
const IPV6 = 0x86dd

/** `ovs_ct_copy_action()` in `net/openvswitch/conntrack.c`: a sentence for each rule of `ct` that is broken. */
export function ctProblems({ commit, forceCommit, mark, labels, nat }: Ct, packet: KnownPacket | undefined): string[] {
  const commits = commit ?? forceCommit ?? false
  const type = packet?.known
  const problems: string[] = []
  if (packet !== undefined && type !== IPV4 && type !== IPV6) problems.push('the flow must match an ethertype of IPv4 or IPv6 exactly')
  if (mark?.mask === 0) problems.push('the mask of mark must not be 0')
  if (mark !== undefined && mark.mask !== 0 && !commits) problems.push('mark needs commit')
  if (labels?.mask.every((byte) => byte === 0)) problems.push('the mask of labels must not be all zeros')
  if (labels?.mask.some((byte) => byte !== 0) && !commits) problems.push('labels need commit')
  if (nat !== undefined) problems.push(...natProblems(nat, commits, type))
  return problems
}

function natProblems({ src, dst, ...range }: Infer<typeof NatAttributes>, commits: boolean, type: number | undefined): string[] {
  const problems: string[] = []
  if (src && dst) problems.push('nat is of src or of dst, not of both')
  if (!src && !dst && Object.keys(range).some((name) => name !== 'unknown')) problems.push('a range of nat, or how it is used, needs src or dst')
  if ((src || dst) && !commits) problems.push('nat of src or dst needs commit')
  for (const name of ['ipMin', 'ipMax'] as const) {
    const address = range[name]
    if (address !== undefined && type !== undefined && isIPv4(address) !== (type === IPV4)) problems.push(`nat.${name} must be an address of the version that the flow matches`)
  }
  return problems
}
