import type { OutOf } from '../netlink/codec.js'
import { type FlowKey, FlowKeyAttributes } from '../ovs/key.js'
import type { MplsLse } from '../ovs/mpls.js'
import { type AnyForm, flags, type Form, formOf, hex, hexOf, isZero, oneOf, partsOf, scalar, scalarOf, snake, structure, zeroOf } from './form.js'
import { nsh } from './nsh.js'
import { tunnel } from './tunnel.js'
import { formatUnknown } from './unknown.js'

const { table } = FlowKeyAttributes
type Member = keyof typeof table
type Lse = OutOf<typeof MplsLse>

const CT_STATE = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat']
const TCP_FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns', '[200]', '[400]', '[800]']
const ip = {
  tos: { form: (codec) => scalarOf(codec, hex) },
  tclass: { form: (codec) => scalarOf(codec, hex) },
  // Of a flow label's mask Open vSwitch only looks at the twenty bits that a label has, and prints all.
  label: { form: scalar(hex, (mask: number) => (mask & 0xfffff) === 0xfffff, hex) },
  frag: { form: (codec) => oneOf(codec, ['no', 'first', 'later']) },
} satisfies Parameters<typeof partsOf>[1]
const tuple = ['src', 'dst', 'proto', 'srcPort', 'dstPort']

const ctStates = flags(CT_STATE, 0xffff_ffff)
const ctState: Form<number> = {
  format: (value, mask, verbose) => (verbose ? `${hex(value)}${mask === undefined || mask === 0xffff_ffff ? '' : `/${hex(mask)}`}` : ctStates.format(value, mask, verbose)),
}

const vlan: Form<number> = {
  format(tci, mask = 0xffff, verbose) {
    if (mask === 0 && !verbose) return undefined
    const items: string[] = []
    const add = (name: string, value: number, bits: number, full: number) => {
      if (verbose || value !== 0 || bits !== 0) items.push(`${name}=${value}${bits === full ? '' : `/0x${bits.toString(16)}`}`)
    }
    add('vid', tci & 0xfff, mask & 0xfff, 0xfff)
    add('pcp', tci >> 13, mask >> 13, 7)
    if (!(tci & 0x1000)) items.push('cfi=0')
    return items.join(',')
  },
}

const LSE = { label: 0xfffff, tc: 7, ttl: 0xff, bos: 1 } as const

/** Where a label is not exact, all masks of all labels are printed, two of them without `0x`. */
const mpls: Form<readonly Lse[]> = {
  format(labels, masks, verbose) {
    if (masks !== undefined && !verbose && isZero(masks)) return undefined
    const isExact = masks?.every((mask) => (Object.keys(LSE) as (keyof Lse)[]).every((member) => mask[member] === LSE[member])) ?? true
    const mask = (i: number, member: keyof Lse, prefix = '0x') => (isExact ? '' : `/${prefix}${(masks?.[i]?.[member] ?? 0).toString(16)}`)
    return labels
      .map(({ label, tc, ttl, bos }, i) => `label=${label}${mask(i, 'label')},tc=${tc}${mask(i, 'tc', '')},ttl=${ttl}${mask(i, 'ttl')},bos=${bos}${mask(i, 'bos', '')}`)
      .join(',')
  },
}

const encap: Form<FlowKey> = { format: (key, mask, verbose) => formatMembers(key, mask, verbose) }

/** What of `ovs-dpctl(8)` does not follow from the key's table: a name in snake case, single numbers hexadecimal, those of structures decimal. */
const OVERRIDES: { readonly [M in Member]?: { readonly name?: string; readonly form?: AnyForm } } = {
  priority: { name: 'skb_priority' },
  tunnel: { form: tunnel },
  inPort: { form: formOf(table.inPort.codec, String) },
  ctState: { form: ctState },
  ctLabels: { name: 'ct_label' },
  ctOrigTupleIpv4: { name: 'ct_tuple4', form: structure(partsOf(table.ctOrigTupleIpv4.codec, { srcPort: { name: 'tp_src' }, dstPort: { name: 'tp_dst' } }, tuple)) },
  ctOrigTupleIpv6: { name: 'ct_tuple6', form: structure(partsOf(table.ctOrigTupleIpv6.codec, {}, tuple)) },
  ethernet: { name: 'eth' },
  ethertype: { name: 'eth_type', form: scalarOf(table.ethertype.codec, hexOf(4), hexOf(4)) },
  vlan: { form: vlan },
  encap: { form: encap },
  ipv4: { form: structure(partsOf(table.ipv4.codec, ip)) },
  ipv6: { form: structure(partsOf(table.ipv6.codec, ip)) },
  nsh: { form: nsh },
  mpls: { form: mpls },
  tcpFlags: { form: flags(TCP_FLAGS, 0x0fff) },
}

/** Each line of the table as text. */
const FORMS = new Map(
  FlowKeyAttributes.entries.map(({ name, codec }) => {
    const override = OVERRIDES[name as Member]
    return [name, { name: override?.name ?? snake(name), form: override?.form ?? formOf(codec, hex), zero: name === 'encap' ? {} : zeroOf(codec) }]
  }),
)

/** Of these, that they are there says something, whatever the mask covers. */
const ALWAYS: ReadonlySet<string> = new Set<Member>(['ethernet', 'tunnel', 'encap', 'nsh'])

/** How a key is written. */
export interface FormatKeyOptions {
  /** As with `ovs-dpctl -m`: what the mask does not cover is shown as well, with a mask of zeros. */
  readonly verbose?: boolean
}

/**
 * A key, with its mask, as `ovs-dpctl dump-flows` prints it: what the mask does not cover is left
 * out. Without a mask all of the key is meant.
 */
export function formatKey(key: FlowKey, mask?: FlowKey, { verbose = false }: FormatKeyOptions = {}): string {
  return formatMembers(key, mask, verbose)
}

function formatMembers(key: FlowKey, mask: FlowKey | undefined, verbose: boolean): string {
  const items: string[] = []
  for (const [member, value] of Object.entries(key)) {
    if (member === 'unknown') items.push(formatUnknown(value as NonNullable<FlowKey['unknown']>, mask?.unknown))
    const line = FORMS.get(member)
    if (line === undefined || value === undefined) continue
    const text = line.form.format(value, mask === undefined ? undefined : (mask[member as Member] ?? line.zero), verbose)
    if (text !== undefined || ALWAYS.has(member)) items.push(`${line.name}(${text ?? ''})`)
  }
  // Of an 802.2 frame only the mask says whether the type matters.
  if (key.ethertype === undefined && mask?.ethertype !== undefined) items.push(`eth_type(0/${hexOf(4)(mask.ethertype)})`)
  return items.join(',')
}
