import { type ErspanMetadata, type GeneveOption, type TunnelKey, TunnelKeyAttributes, type VxlanOptionAttributes } from '../ovs/index.js'
import type { Infer } from '../netlink/attributes.js'
import { type Form, type AnyForm, flags, hex, hexBytes, hexOf, isZero, partsOf, scalar } from './form.js'
import { formatUnknown } from './unknown.js'

type Vxlan = Infer<typeof VxlanOptionAttributes>

const numeric = (show: (value: number) => string, full: number): Form<number> => scalar(show, (mask) => mask === full, hex)
const join = (items: readonly (string | undefined | false)[]) => items.filter((item) => item !== undefined && item !== false).join(',')
const named = (name: string, text: string | undefined) => (text === undefined ? undefined : `${name}=${text}`)

const u8 = numeric(String, 0xff)
const u8x = numeric(hex, 0xff)
const u16 = numeric(String, 0xffff)
const u16x = numeric(hex, 0xffff)

/** `{class=0x102,type=0x80,len=4,0x1}` for each. */
const geneve: Form<readonly GeneveOption[]> = {
  format: (options, masks, verbose) => options.map((option, i) => `{${geneveOption(option, masks === undefined ? undefined : masks[i], masks !== undefined, verbose)}}`).join(''),
}

const LENGTH_BITS = 0x1f

function geneveOption({ class: optionClass, type, data }: GeneveOption, mask: GeneveOption | undefined, masked: boolean, verbose: boolean): string {
  const bits = (given: number | undefined) => (masked ? (given ?? 0) : undefined)
  const length = mask === undefined ? 0 : (mask.lengthByte ?? LENGTH_BITS) & LENGTH_BITS
  const covered = masked ? (mask?.data ?? new Uint8Array(data.length)) : undefined
  return join([
    named('class', u16x.format(optionClass, bits(mask?.class), verbose)),
    named('type', u8x.format(type, bits(mask?.type), verbose)),
    named('len', u8.format(data.length, bits(length === LENGTH_BITS ? 0xff : length), verbose)),
    data.length > 0 && scalar(hexBytes, (each) => each.every((byte) => byte === 0xff), hexBytes).format(data, covered, verbose),
  ])
}

const vxlan: Form<Vxlan> = {
  format({ gbp = 0, unknown = [] }, mask, verbose) {
    const bits = mask === undefined ? undefined : (mask.gbp ?? 0)
    const id = named('id', u16.format(gbp & 0xffff, bits === undefined ? undefined : bits & 0xffff, verbose))
    const policy = named('flags', u8x.format((gbp >> 16) & 0xff, bits === undefined ? undefined : (bits >> 16) & 0xff, verbose))
    return join([`gbp(${join([id, policy])})`, unknown.length > 0 && formatUnknown(unknown, mask?.unknown)])
  },
}

/** Of the hardware's id Open vSwitch prints four bits: here it has six where the upper two say something. */
const HWID_BITS = 0xf

const erspan: Form<ErspanMetadata> = {
  format(value, mask, verbose) {
    const { version, index, dir = 0, hwid = 0 } = value
    const bits = (given: number | undefined) => (mask === undefined ? undefined : (given ?? 0))
    const ver = named('ver', u8.format(version & 0xff, mask === undefined ? undefined : mask.version & 0xff, verbose))
    if (version === 1) return join([ver, `idx=${hex(index ?? 0)}${mask === undefined ? '' : `/${hex(mask.index ?? 0)}`}`])
    if (version !== 2) return join([ver])
    const wide = hwid & (mask?.hwid ?? 0x3f) & ~HWID_BITS ? 0x3f : HWID_BITS
    return join([ver, named('dir', u8.format(dir, bits(mask?.dir), verbose)), named('hwid', u8x.format(hwid & wide, mask === undefined ? undefined : (mask.hwid ?? 0) & wide, verbose))])
  },
}

/** `OVS_TUNNEL_KEY_ATTR_*` whose text is not its name in snake case with a decimal number. */
const parts = new Map(
  partsOf(TunnelKeyAttributes, {
    id: { name: 'tun_id', form: scalar((id: bigint) => hexOf(0)(id), (mask) => mask === 0xffff_ffff_ffff_ffffn, hex) },
    ipv4Src: { name: 'src' },
    ipv4Dst: { name: 'dst' },
    tos: { form: u8x },
    vxlanOpts: { name: 'vxlan', form: vxlan },
    geneveOpts: { name: 'geneve', form: geneve },
    erspanOpts: { name: 'erspan', form: erspan },
  }).map((part) => [part.member, part]),
)
const OPTIONS: ReadonlySet<string> = new Set(['vxlanOpts', 'geneveOpts', 'erspanOpts'])

/** Attributes that Open vSwitch writes together, as `flags(-df+csum+key)`: they have masks though the key may not have them. */
const FLAGS = ['oam', 'dontFragment', 'csum', 'id'] as const
const flagsForm = flags(['oam', 'df', 'csum', 'key'], 0xf)
const flagsOf = (key: TunnelKey, names: readonly (typeof FLAGS)[number][]) => names.reduce((bits, name) => (key[name] === undefined ? bits : bits | (1 << FLAGS.indexOf(name))), 0)

/** A tunnel key. */
export const tunnel: Form<TunnelKey> = {
  format(key, mask, verbose) {
    const items: string[] = []
    for (const [member, value] of Object.entries(key)) {
      if (member === 'unknown') items.push(formatUnknown(value as NonNullable<TunnelKey['unknown']>, mask?.unknown))
      const part = parts.get(member)
      if (part === undefined || (FLAGS.includes(member as 'id') && member !== 'id')) continue
      const { name, form, zero } = part
      const text = (form as AnyForm).format(value, mask === undefined ? undefined : (mask[member as keyof TunnelKey] ?? zero), verbose)
      if (OPTIONS.has(member)) items.push(`${name}(${text})`)
      else if (value === true) items.push(name)
      else if (text !== undefined) items.push(`${name}=${text}`)
    }
    // What the key says of an id is masked wherever masks are.
    const covered = mask === undefined ? undefined : flagsOf(mask, ['oam', 'dontFragment', 'csum']) | flagsOf(key, ['id'])
    const shown = flagsForm.format(flagsOf(key, FLAGS), covered, verbose)
    if (shown !== undefined && !(covered !== undefined && isZero(covered) && !verbose)) items.push(`flags(${shown})`)
    return items.join(',')
  },
}
