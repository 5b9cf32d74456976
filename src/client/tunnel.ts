import { InvalidValueError } from '../netlink/errors.js'
import { checkMembers } from '../netlink/members.js'
import type { LinkInfoInput } from '../rtnetlink/link.js'
import type { LinkInput } from '../rtnetlink/links.js'

/** What tunnels are made of: VXLAN, Geneve, Ethernet in GRE over IPv4 or IPv6, ERSPAN over either. */
export type TunnelKind = 'vxlan' | 'geneve' | 'gretap' | 'ip6gretap' | 'erspan' | 'ip6erspan'

/** How a tunnel port is made. */
export interface TunnelPortOptions {
  /** What it is made of. */
  kind: TunnelKind
  /** UDP port of vxlan (4789 unless said) and geneve (6081 unless said). */
  dstPort?: number
  /** Group based policy, of vxlan. */
  gbp?: boolean
  /** In bytes; 65 000 unless said, as Open vSwitch has it: how much fits is decided by the device underneath. */
  mtu?: number
  /** 1 to 65534; the lowest that is free unless said. */
  portNo?: number
  /** Port ids for its misses; none unless said. A listener attaches by itself. */
  upcallPid?: number | readonly number[]
}

/** UDP packets over IPv6 without a checksum are taken, as Open vSwitch has it. */
const UDP = { collectMetadata: true, udpZeroCsum6Rx: true } as const
const GRE = { collectMetadata: true } as const

const TUNNELS: Readonly<Record<TunnelKind, (options: TunnelPortOptions) => LinkInfoInput>> = {
  vxlan: ({ dstPort = 4789, gbp = false }) => ({ kind: 'vxlan', data: { ...UDP, learning: false, port: dstPort, gbp } }),
  geneve: ({ dstPort = 6081 }) => ({ kind: 'geneve', data: { ...UDP, port: dstPort } }),
  gretap: () => ({ kind: 'gretap', data: GRE }),
  ip6gretap: () => ({ kind: 'ip6gretap', data: GRE }),
  erspan: () => ({ kind: 'erspan', data: GRE }),
  ip6erspan: () => ({ kind: 'ip6erspan', data: GRE }),
}

/** The device of a tunnel port: up, and in collect-metadata mode. @throws InvalidValueError */
export function tunnelDevice(name: string, options: TunnelPortOptions): LinkInput {
  checkMembers(options, 'a tunnel port', { kind: true, dstPort: true, gbp: true, mtu: true, portNo: true, upcallPid: true })
  const { kind, dstPort, gbp, mtu = 65_000 } = options
  if (!Object.hasOwn(TUNNELS, kind)) throw new InvalidValueError('there is no such kind of tunnel', kind, `There are ${Object.keys(TUNNELS).join(', ')}.`)
  if (dstPort !== undefined && kind !== 'vxlan' && kind !== 'geneve') throw new InvalidValueError(`a tunnel of kind ${kind} has no UDP port`, dstPort, 'Leave out dstPort.')
  if (gbp !== undefined && kind !== 'vxlan') throw new InvalidValueError(`a tunnel of kind ${kind} has no group based policy`, gbp, 'Leave out gbp.')
  return { ifname: name, mtu, up: true, linkinfo: TUNNELS[kind](options) }
}
