import { type Codec, exact, type Exact, fixed } from './codec.js'
import { InvalidValueError } from './errors.js'

/** A value of bit fields; those that are left out when it is given are zeros. */
type BitsOut<F extends Readonly<Record<string, number>>> = { [K in keyof F]: number }
type BitsIn<F extends Readonly<Record<string, number>>> = { readonly [K in keyof F]?: number }
type BitsMask<F extends Readonly<Record<string, number>>> = { readonly [K in keyof F]?: number | Exact } | Exact

/**
 * One number that holds several: `fields` are their names and widths in bits, the most significant
 * first. They fill `of` (`be16`, `be32`) completely.
 */
export function bits<const F extends Readonly<Record<string, number>>>(name: string, of: Codec<number>, fields: F): Codec<BitsOut<F>, BitsIn<F>, BitsMask<F>> {
  let unused = of.least * 8
  const entries = Object.entries(fields).map(([member, width]) => ({ member, most: 2 ** width - 1, shift: (unused -= width) }))
  if (unused !== 0) throw new Error(`the fields of ${name} do not fill ${of.describe}`)

  function join(value: Readonly<Record<string, unknown>>): number {
    if (typeof value !== 'object' || value === null) throw new InvalidValueError(`must be an object with ${Object.keys(fields).join(', ')}`, value)
    for (const member in value) {
      if (!Object.hasOwn(fields, member)) throw new InvalidValueError(`has no member ${JSON.stringify(member)}`, value, `Its members are ${Object.keys(fields).join(', ')}.`)
    }
    let joined = 0
    for (const { member, most, shift } of entries) {
      const given = value[member] === exact ? most : (value[member] ?? 0)
      if (!Number.isInteger(given) || (given as number) < 0 || (given as number) > most) {
        throw new InvalidValueError(`must be a whole number from 0 to ${most}`, given).within(member)
      }
      joined += (given as number) * 2 ** shift
    }
    return joined
  }

  return {
    ...fixed<BitsOut<F>, BitsIn<F>>(
      `${name}: ${entries.map(({ member }) => `${member} (${fields[member]} bits)`).join(', ')} in a ${of.describe}`,
      of.least,
      (source, start) => {
        const joined = of.read(source, start, start + of.least)
        return Object.fromEntries(entries.map(({ member, most, shift }) => [member, ((joined >>> shift) & most) >>> 0])) as BitsOut<F>
      },
      (writer, value) => of.write(writer, join(value)),
    ),
    writeMask: (writer, mask) => (mask === exact ? writer.fill(0xff, of.least) : of.write(writer, join(mask as BitsIn<F>))),
  }
}
