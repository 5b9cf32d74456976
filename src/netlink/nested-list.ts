import { eachAttribute } from './attributes.js'
import { type AnyCodec, type Codec, exact, type InOf, type OutOf } from './codec.js'
import { NLA_TYPE_MASK } from './constants.js'
import { InvalidValueError } from './errors.js'

/** The codec of a nest whose children are all of one kind. */
export interface NestedList<C extends AnyCodec> extends Codec<OutOf<C>[], readonly InOf<C>[], never> {
  /** The children's codec. */
  readonly item: C
}

/**
 * A nest whose children are all of one kind, as an array. The children's numbers say nothing: `number`
 * is that of the child at `index`. Some families count from 1, others give all the same.
 */
export function nestedList<C extends AnyCodec>(of: C, number: (index: number) => number = (index) => index + 1): NestedList<C> {
  return {
    item: of,
    describe: `nest of any number of: ${of.describe}`,
    least: 0,
    most: 65531,
    read(source, start, end) {
      const values: OutOf<C>[] = []
      eachAttribute(source, start, end, (_type, from, to) => values.push(of.read(source, from, to)))
      return values
    },
    write(writer, value) {
      if (!Array.isArray(value)) throw new InvalidValueError('must be an array', value)
      value.forEach((each, i) => {
        const at = writer.openAttribute(number(i) & NLA_TYPE_MASK)
        try {
          of.write(writer, each)
        } catch (error) {
          throw error instanceof InvalidValueError ? error.within(`[${i}]`) : error
        }
        writer.closeAttribute(at)
      })
    },
    writeMask() {
      throw new InvalidValueError('a list has no mask', exact)
    },
  }
}
