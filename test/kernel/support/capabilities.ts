import { release } from 'node:os'

/** Keys that no kernel of the matrix lets an action write. Flows that write the connection's mark or labels are taken, but each of their packets is dropped. `nsh` could be until the kernels that had it were mended by taking it out. */
const NEVER_SET = ['recircId', 'dpHash', 'inPort', 'ctState', 'ctZone', 'ctMark', 'ctLabels', 'ctOrigTupleIpv4', 'ctOrigTupleIpv6', 'ethertype', 'vlan', 'encap', 'ipv6Exthdrs', 'nsh', 'arp', 'tcpFlags', 'icmp', 'icmpv6', 'nd']

/** What a kernel of the matrix cannot do, by the release in which Linux first could; all else that is asked about it can. */
const SINCE: readonly (readonly [what: string, major: number, minor: number])[] = [
  ['attributes.vport.upcallStats', 6, 2],
  ['hashes.symL4', 6, 5],
  ['actions.drop', 6, 6],
  ['actions.psample', 6, 11],
  ['attributes.packet.upcallPid', 6, 17],
]

const [major = 0, minor = 0] = release().split('.').map(Number)

/** What the running kernel cannot do. Those that run as User-Mode Linux have no conntrack zones. */
export function incapable({ zones }: { zones: boolean }): string[] {
  return [
    'features.tcRecircSharing',
    ...NEVER_SET.map((name) => `sets.${name}`),
    ...SINCE.filter(([, since, minorSince]) => major < since || (major === since && minor < minorSince)).map(([what]) => what),
    ...(zones ? [] : ['keys.ctZone', 'ct.zone']),
  ].toSorted()
}

/** The paths of all answers that are this one. */
export function answered(capabilities: object, answer: boolean | 'unknown'): string[] {
  const found: string[] = []
  const visit = (path: string, value: unknown) => {
    if (value === answer) found.push(path)
    else if (typeof value === 'object' && value !== null) for (const [name, each] of Object.entries(value)) visit(path === '' ? name : `${path}.${name}`, each)
  }
  visit('', capabilities)
  return found.toSorted()
}
