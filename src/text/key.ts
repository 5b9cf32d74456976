import type { FlowKey } from '../ovs/key.js'

type Values = Readonly<Record<string, number | string>>
/** A member of a structure: its text's name, how its value is written, and its exact mask. */
type Part = readonly [member: string, name: string, write: (value: never) => string, exact: number | string]

const hex = (value: number) => (value === 0 ? '0' : `0x${value.toString(16)}`)
const decimal = (value: number) => String(value)
const plain = (value: string) => value
const MAC = 'ff:ff:ff:ff:ff:ff'
const IPV4 = '255.255.255.255'
const IPV6 = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'
const FRAGS = ['no', 'first', 'later']
const ports: readonly Part[] = [
  ['src', 'src', decimal, 0xffff],
  ['dst', 'dst', decimal, 0xffff],
]
const icmp: readonly Part[] = [
  ['type', 'type', decimal, 0xff],
  ['code', 'code', decimal, 0xff],
]

/** How Open vSwitch writes each structure of a key (`ovs-dpctl(8)`). */
const STRUCTURES: Partial<Record<keyof FlowKey, readonly [name: string, parts: readonly Part[]]>> = {
  ethernet: ['eth', [['src', 'src', plain, MAC], ['dst', 'dst', plain, MAC]]],
  ipv4: ['ipv4', [['src', 'src', plain, IPV4], ['dst', 'dst', plain, IPV4], ['proto', 'proto', decimal, 0xff], ['tos', 'tos', hex, 0xff], ['ttl', 'ttl', decimal, 0xff], ['frag', 'frag', (frag: number) => FRAGS[frag] ?? '<error>', 0xff]]],
  ipv6: ['ipv6', [['src', 'src', plain, IPV6], ['dst', 'dst', plain, IPV6], ['label', 'label', hex, 0xfffff], ['proto', 'proto', decimal, 0xff], ['tclass', 'tclass', hex, 0xff], ['hlimit', 'hlimit', decimal, 0xff], ['frag', 'frag', (frag: number) => FRAGS[frag] ?? '<error>', 0xff]]],
  arp: ['arp', [['sip', 'sip', plain, IPV4], ['tip', 'tip', plain, IPV4], ['op', 'op', decimal, 0xffff], ['sha', 'sha', plain, MAC], ['tha', 'tha', plain, MAC]]],
  nd: ['nd', [['target', 'target', plain, IPV6], ['sll', 'sll', plain, MAC], ['tll', 'tll', plain, MAC]]],
  tcp: ['tcp', ports],
  udp: ['udp', ports],
  sctp: ['sctp', ports],
  icmp: ['icmp', icmp],
  icmpv6: ['icmpv6', icmp],
}

/** How it writes each single number: name, form, exact mask. */
const NUMBERS: Partial<Record<keyof FlowKey, readonly [name: string, write: (value: number) => string, exact: number]>> = {
  recircId: ['recirc_id', hex, 0xffff_ffff],
  dpHash: ['dp_hash', hex, 0xffff_ffff],
  priority: ['skb_priority', hex, 0xffff_ffff],
  inPort: ['in_port', decimal, 0xffff_ffff],
  skbMark: ['skb_mark', hex, 0xffff_ffff],
  ctZone: ['ct_zone', hex, 0xffff],
  ctMark: ['ct_mark', hex, 0xffff_ffff],
  ethertype: ['eth_type', (value) => `0x${value.toString(16).padStart(4, '0')}`, 0xffff],
}

const CT_STATE = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat']
const TCP_FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns']
const FLAGS: Partial<Record<keyof FlowKey, readonly [name: string, bits: readonly string[], exact: number]>> = {
  ctState: ['ct_state', CT_STATE, 0xffff_ffff],
  tcpFlags: ['tcp_flags', TCP_FLAGS, 0x0fff],
}

/**
 * A key, with its mask, as `ovs-dpctl dump-flows` prints it: what the mask does not cover is left
 * out. Without a mask all of the key is meant.
 */
export function formatKey(key: FlowKey, mask?: FlowKey): string {
  const items: string[] = []
  for (const [name, value] of Object.entries(key) as [keyof FlowKey, never][]) {
    const item = formatItem(name, value, mask === undefined ? undefined : (mask[name] ?? null), mask !== undefined)
    if (item !== undefined) items.push(item)
  }
  // Of an 802.2 frame only the mask says whether the type matters.
  if (key.ethertype === undefined && mask?.ethertype !== undefined) items.push(`eth_type(0/0x${mask.ethertype.toString(16).padStart(4, '0')})`)
  return items.join(',')
}

function formatItem(name: keyof FlowKey, value: never, mask: unknown, masked: boolean): string | undefined {
  const structure = STRUCTURES[name]
  if (structure !== undefined) return formatStructure(structure, value, mask as Values | null | undefined)
  const number = NUMBERS[name]
  if (number !== undefined) return formatNumber(number, value, mask as number | null | undefined)
  const flags = FLAGS[name]
  if (flags !== undefined) return formatFlags(flags, value, mask as number | null | undefined)
  if (name === 'vlan') return formatVlan(value, mask as number | null | undefined)
  if (name === 'encap') return `encap(${formatKey(value, masked ? ((mask as FlowKey | null) ?? {}) : undefined)})`
  if (name === 'ctLabels') return formatLabels(value, mask as Uint8Array | null | undefined)
  if (name === 'unknown') return formatUnknown(value, mask as FlowKey['unknown'] | null)
  return undefined
}

function formatUnknown(values: NonNullable<FlowKey['unknown']>, masks: FlowKey['unknown'] | null): string {
  const spaced = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return values
    .map(({ number, bytes }) => {
      const mask = masks?.find((each) => each.number === number)
      return `key${number}(${spaced(bytes)}${mask === undefined ? '' : `/${spaced(mask.bytes)}`})`
    })
    .join(',')
}

function formatStructure([name, parts]: readonly [string, readonly Part[]], value: Values, mask: Values | null | undefined): string | undefined {
  const items: string[] = []
  for (const [member, text, write, exact] of parts) {
    const given = mask === undefined ? exact : (mask?.[member] ?? 0)
    // Of a flow label Open vSwitch only looks at the twenty bits that it has.
    const bits = typeof given === 'number' && typeof exact === 'number' ? (given & exact) >>> 0 : given
    if (isZero(bits)) continue
    const show = write as (value: unknown) => string
    items.push(`${text}=${show(value[member])}${bits === exact ? '' : `/${typeof bits === 'number' ? hex(bits) : bits}`}`)
  }
  // A frame without an Ethernet header has no such key, so its presence alone says something.
  return items.length > 0 || name === 'eth' ? `${name}(${items.join(',')})` : undefined
}

function isZero(bits: number | string): boolean {
  return bits === 0 || bits === '0.0.0.0' || bits === '::' || bits === '00:00:00:00:00:00'
}

function formatNumber([name, write, exact]: readonly [string, (value: number) => string, number], value: number, mask: number | null | undefined): string | undefined {
  if (mask === 0 || mask === null) return undefined
  return `${name}(${write(value)}${mask === undefined || mask === exact ? '' : `/${hex(mask)}`})`
}

function formatFlags([name, bits, exact]: readonly [string, readonly string[], number], value: number, mask: number | null | undefined): string | undefined {
  if (mask === 0 || mask === null) return undefined
  const names = (set: number) => bits.filter((_, bit) => set & (1 << bit))
  if (mask === undefined || (mask & exact) >>> 0 === exact) {
    const rest = value & ~((1 << bits.length) - 1)
    const shown = [...names(value), ...(rest ? [hex(rest)] : [])]
    return `${name}(${shown.length > 0 ? shown.join('|') : '0'})`
  }
  return `${name}(${names(mask).map((each) => `${value & (1 << bits.indexOf(each)) ? '+' : '-'}${each}`).join('')})`
}

function formatVlan(tci: number, mask: number | null | undefined): string | undefined {
  if (mask === 0 || mask === null) return undefined
  const bits = mask ?? 0xffff
  const items: string[] = []
  if (bits & 0xfff) items.push(`vid=${tci & 0xfff}${(bits & 0xfff) === 0xfff ? '' : `/${hex(bits & 0xfff)}`}`)
  if (bits & 0xe000) items.push(`pcp=${tci >> 13}${(bits & 0xe000) === 0xe000 ? '' : `/${hex(bits >> 13)}`}`)
  if (!(tci & 0x1000)) items.push('cfi=0')
  return `vlan(${items.join(',')})`
}

function formatLabels(labels: Uint8Array, mask: Uint8Array | null | undefined): string | undefined {
  if (mask === null || mask?.every((byte) => byte === 0)) return undefined
  return `ct_label(${number128(labels)}${mask === undefined || mask.every((byte) => byte === 0xff) ? '' : `/${number128(mask)}`})`
}

/** Open vSwitch prints the bytes as one number of 128 bits. */
export function number128(bytes: Uint8Array): string {
  return `0x${BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`).toString(16)}`
}
