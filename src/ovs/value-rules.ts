import { CT_STATE_BITS } from './conntrack-state.js'
import type { FlowKey } from './key.js'
import { ErspanMetadataCodec } from './erspan.js'
import { FragType } from './key-structs.js'
import type { NshKey } from './nsh.js'
import type { TunnelKey } from './tunnel-key.js'

const NO_PORT = 0xffff
const MOST_LABELS = 3
const OPTIONS = ['geneveOpts', 'vxlanOpts', 'erspanOpts'] as const
/** Attributes that the kernel's own table has, and that it takes from nobody. */
const INTERNAL: ReadonlyMap<number, string> = new Map([
  [29, 'OVS_KEY_ATTR_PACKET_TYPE'],
  [30, 'OVS_KEY_ATTR_ND_EXTENSIONS'],
  [31, 'OVS_KEY_ATTR_TUNNEL_INFO'],
])

/** Values that no kernel takes, each in itself; the rules are those of `ovs_key_from_nlattrs()` in `net/openvswitch/flow_netlink.c`. */
export function valueProblems(key: FlowKey, mask: FlowKey | undefined): string[] {
  const problems: string[] = []
  if (key.inPort !== undefined && key.inPort >= NO_PORT) problems.push(`inPort must be below ${NO_PORT}, not ${key.inPort}`)
  for (const [what, { ctState = 0 } = {}] of [['ctState', key], ['the mask of ctState', mask]] as const) {
    if (ctState & ~CT_STATE_BITS) problems.push(`${what} has bits that are none of CtStateFlags: 0x${((ctState & ~CT_STATE_BITS) >>> 0).toString(16)}`)
  }
  for (const version of ['ipv4', 'ipv6'] as const) {
    const frag = key[version]?.frag ?? 0
    if (frag > FragType.later) problems.push(`${version}.frag must be one of FragType, not ${frag}`)
  }
  if (key.arp !== undefined && key.arp.op > 0xff) problems.push(`arp.op must be at most 255, not ${key.arp.op}`)
  for (const [what, labels] of [['mpls', key.mpls], ['the mask of mpls', mask?.mpls]] as const) {
    if (labels !== undefined && (labels.length === 0 || labels.length > MOST_LABELS)) problems.push(`${what} must have 1 to ${MOST_LABELS} labels (1 before Linux 5.5), not ${labels.length}`)
  }
  if (key.tunnel !== undefined) problems.push(...tunnelProblems(key.tunnel))
  if (mask?.tunnel !== undefined) problems.push(...tunnelMaskProblems(key.tunnel, mask.tunnel))
  if (key.nsh !== undefined) problems.push(...nshProblems(key.nsh))
  for (const { number } of [...(key.unknown ?? []), ...(mask?.unknown ?? [])]) {
    const name = INTERNAL.get(number)
    if (name !== undefined) problems.push(`the kernel takes no ${name} (${number})`)
  }
  return problems
}

const mixes = ({ ipv4Src, ipv4Dst, ipv4InfoBridge, ipv6Src, ipv6Dst }: TunnelKey) =>
  (ipv4Src ?? ipv4Dst ?? ipv4InfoBridge) !== undefined && (ipv6Src ?? ipv6Dst) !== undefined
const optionsOf = (tunnel: TunnelKey) => OPTIONS.filter((each) => tunnel[each] !== undefined)
const VXLAN_SIZE = 4
/** The bytes that the kernel keeps a tunnel's options in, of whichever kind they are. */
function sizeOf({ geneveOpts = [], vxlanOpts, erspanOpts }: TunnelKey): number {
  if (vxlanOpts !== undefined) return VXLAN_SIZE
  return erspanOpts === undefined ? geneveOpts.reduce((size, { data }) => size + 4 + data.length, 0) : ErspanMetadataCodec.most
}

/** `ip_tun_from_nlattr()` in `net/openvswitch/flow_netlink.c`, of a key and of what the action `set` writes. */
export function tunnelProblems(tunnel: TunnelKey): string[] {
  const problems: string[] = []
  const { ipv4Dst, ipv6Dst, ipv4InfoBridge, ttl, id: _, ...others } = tunnel
  if (mixes(tunnel)) problems.push('tunnel has addresses of IPv4 and of IPv6')
  else if (ipv4InfoBridge) {
    const excess = Object.entries({ ...others, ipv4Dst, ttl }).filter(([, value]) => value !== undefined && value !== 0 && value !== '0.0.0.0')
    if (excess.length > 0) problems.push(`tunnel has ipv4InfoBridge, beside which only id may stand, not ${excess.map(([member]) => member).join(', ')}`)
  } else {
    const destination = ipv6Dst ?? ipv4Dst
    if (destination === undefined || destination === '::' || destination === '0.0.0.0') problems.push('tunnel needs ipv4Dst or ipv6Dst, and not zero')
    if (ttl === undefined) problems.push('tunnel needs ttl, if only 0')
  }
  if (optionsOf(tunnel).length > 1) problems.push(`tunnel can have one kind of options, not ${optionsOf(tunnel).join(' and ')}`)
  return problems
}

function tunnelMaskProblems(key: TunnelKey | undefined, mask: TunnelKey): string[] {
  const problems: string[] = []
  if (mixes(mask)) problems.push('the mask of tunnel has addresses of IPv4 and of IPv6')
  if (optionsOf(mask).length > 1) problems.push(`the mask of tunnel can have one kind of options, not ${optionsOf(mask).join(' and ')}`)
  const [keySize, maskSize] = [sizeOf(key ?? {}), sizeOf(mask)]
  if (mask.geneveOpts !== undefined && keySize !== maskSize) problems.push(`the mask of tunnel.geneveOpts must be as long as the key's options, ${keySize} bytes with the headers, not ${maskSize}`)
  return problems
}

const MD1 = 1

/** `nsh_key_put_from_nlattr()`. */
function nshProblems({ base, md1, md2 }: NshKey): string[] {
  const problems: string[] = []
  if (md2 !== undefined) problems.push('nsh.md2 cannot be matched by, only pushed')
  if (md1 !== undefined && base?.mdtype !== MD1) problems.push(`nsh.md1 is there only where nsh.base.mdtype is ${MD1}, which is ${base?.mdtype ?? 'not given'}`)
  return problems
}
