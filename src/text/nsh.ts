import type { NshKey } from '../ovs/nsh.js'
import { type Form, hexOf, structure } from './form.js'
import { formatUnknown } from './unknown.js'

/** Both a value and its mask are hexadecimal where the mask is not exact. */
function number(show: (value: number) => string, full: number, digits: number): Form<number> {
  return {
    format(value, mask) {
      if (mask === undefined || mask === full) return show(value)
      return mask === 0 ? undefined : `${hexOf(digits === 2 ? 2 : 0)(value)}/${hexOf(digits)(mask)}`
    },
  }
}
const byte = number(String, 0xff, 2)
const word = number(hexOf(0), 0xffff_ffff, 8)
const bytes: Form<Uint8Array> = { format: (value) => `0x${Buffer.from(value).toString('hex').replace(/^0+(?=.)/, '')}` }
const parts = structure([
  ...['flags', 'ttl', 'mdtype', 'np'].map((member) => ({ name: member, member, form: byte, zero: 0 })),
  { name: 'spi', member: 'spi', form: number(hexOf(0), 0xffffff, 8), zero: 0 },
  { name: 'si', member: 'si', form: byte, zero: 0 },
  ...['c1', 'c2', 'c3', 'c4'].map((member) => ({ name: member, member, form: word, zero: 0 })),
  // To push only: no flow matches it.
  { name: 'md2', member: 'md2', form: bytes, zero: undefined },
])

function flat({ base, md1, md2 }: NshKey): Readonly<Record<string, unknown>> {
  const { pathHdr, tail: _, ...rest } = base ?? { pathHdr: {} }
  return { ...rest, ...pathHdr, ...Object.fromEntries(md1?.context.map((each, i) => [`c${i + 1}`, each]) ?? []), md2 }
}

/** An NSH header, to match or to push, as `ovs-dpctl` prints it. */
export const nsh: Form<NshKey> = {
  format(value, mask, verbose) {
    const items = [parts.format(flat(value), mask === undefined ? undefined : flat(mask), verbose), value.unknown && formatUnknown(value.unknown, mask?.unknown)]
    return items.filter((item) => item !== undefined).join(',')
  },
}
