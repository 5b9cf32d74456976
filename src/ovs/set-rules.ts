import { FlowKeyAttributes, type FlowKey } from './key.js'
import type { TunnelKey } from './tunnel-key.js'
import { tunnelProblems } from './value-rules.js'

/** What is known of the packets that a flow matches. */
export interface KnownPacket {
  /** The key behind the VLAN tags, as far as the mask covers it. */
  readonly key: FlowKey
  /** The key has an Ethernet header. */
  readonly framed: boolean
  /** The ethertype that it matches, behind the VLAN tags. */
  readonly known: number
  /** An Ethernet header is there now. */
  ethernet: boolean
  /** The ethertype now, behind the VLAN tags. */
  type: number
}

/** 0x8847 (unicast) or 0x8848 (multicast). */
export const isMpls = (type: number): boolean => type === 0x8847 || type === 0x8848

const TCP = 6
const UDP = 17
const SCTP = 132
const VERSIONS = { ipv4: 0x0800, ipv6: 0x86dd } as const
const ALWAYS = new Set(['priority', 'skbMark', 'ctMark', 'ctLabels', 'unknown'])
const PROTOCOLS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: SCTP }

/** `validate_set()` in `net/openvswitch/flow_netlink.c`: a sentence for each rule that is broken; of a masked set with its mask. */
export function setProblems(value: FlowKey, mask: FlowKey | undefined, packet: KnownPacket | undefined): string[] {
  const [name] = Object.keys(value) as [keyof FlowKey]
  if (ALWAYS.has(name)) return []
  if (name === 'ethernet') return packet?.ethernet === false ? ['the packet has no Ethernet header'] : []
  if (name === 'tunnel') return mask === undefined ? tunnelProblems(value.tunnel as TunnelKey) : ['a tunnel is set as a whole, with set']
  if (name === 'ipv4' || name === 'ipv6') return ipProblems(name, value, mask, packet)
  if (name === 'mpls') {
    const problems = packet !== undefined && !isMpls(packet.type) ? ['the flow must match an ethertype of MPLS exactly'] : []
    return value.mpls?.length === 1 ? problems : [...problems, 'exactly one label is set, the outermost']
  }
  const proto = PROTOCOLS[name]
  if (proto === undefined) return [`${name} cannot be set, only ${[...Object.keys(VERSIONS), ...Object.keys(PROTOCOLS), ...MISC].join(', ')}`]
  const isThere = packet === undefined || ((packet.type === VERSIONS.ipv4 || packet.type === VERSIONS.ipv6) && (packet.key.ipv4 ?? packet.key.ipv6)?.proto === proto)
  return isThere ? [] : [`the flow must match IPv4 or IPv6 and its proto ${proto} exactly`]
}

const MISC = ['ethernet', 'mpls', 'tunnel', ...ALWAYS].filter((name) => Object.hasOwn(FlowKeyAttributes.table, name))

function ipProblems(name: 'ipv4' | 'ipv6', value: FlowKey, mask: FlowKey | undefined, packet: KnownPacket | undefined): string[] {
  const problems: string[] = []
  if (packet !== undefined && packet.type !== VERSIONS[name]) problems.push(`the flow must match ethertype 0x${VERSIONS[name].toString(16).padStart(4, '0')} exactly`)
  for (const member of ['proto', 'frag'] as const) {
    if (mask !== undefined) {
      if (mask[name]?.[member] !== 0) problems.push(`${name}.${member} cannot be written`)
    } else if (packet !== undefined && value[name]?.[member] !== (packet.key[name]?.[member] ?? 0)) {
      problems.push(`${name}.${member} must be that of the key, as far as the mask covers it, for it cannot be written`)
    }
  }
  if ((mask?.ipv6?.label ?? 0) > 0xfffff) problems.push('a flow label has 20 bits')
  return problems
}
