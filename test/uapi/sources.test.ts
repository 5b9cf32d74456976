import { expect, test } from 'vitest'
import { documentedDirections, documentedNumbers, sources } from './sources.js'

const TEXT = `
/** \`KIND_LIMIT\`: a number, below \`KIND_OTHER\`. */
export const LIMIT = 0x10
const OTHER_LIMIT = 3
/** \`KIND_F_*\`: bits. */
export const KindFlags = {
  /** \`KIND_F_ONE\`: the first; not \`KIND_F_TWO\`. */
  one: 1 << 0,
  /**
   * \`KIND_F_TWO\`
   *
   * @since 5.1
   */
  two: 0x2,
  /** \`KIND_F_BIG\` */
  big: 1n << 32n,
  /** Negative: \`KIND_NONE\`. */
  none: -1,
  nameless: 4,
} as const

/**
 * \`KIND_ATTR_*\` (\`linux/kind.h\`)
 *
 * @direction request, reply
 */
export const KindAttributes = attributes('KIND_ATTR', {
  /** \`KIND_ATTR_NAME\`: text. */
  name: attribute(1, text(15)),
  /** \`KIND_ATTR_STATS\` @since 5.1 @direction reply */
  stats: attribute(
    2,
    nested(() => Stats),
  ),
})
/** \`OTHER_ATTR_*\` */
export const OtherAttributes = attributes('OTHER_ATTR', {
  /** \`OTHER_ATTR_NAME\` */
  name: attribute(1, text(15)),
})
`

test('numbers are found by the kernel\'s names in doc comments, or by their own', () => {
  expect(documentedNumbers(TEXT)).toEqual([['LIMIT', 16], ['KIND_LIMIT', 16], ['OTHER_LIMIT', 3], ['KIND_F_ONE', 1], ['KIND_F_TWO', 2], ['KIND_F_BIG', 2 ** 32], ['KIND_NONE', -1]])
})

test('directions are an attribute\'s own, or its table\'s', () => {
  expect(documentedDirections(TEXT)).toEqual([['KIND_ATTR_NAME', ['request', 'reply']], ['KIND_ATTR_STATS', ['reply']]])
})

test('the sources have both', () => {
  expect(sources.flatMap(documentedNumbers)).toContainEqual(['OVS_DP_F_UNALIGNED', 1])
  expect(Object.fromEntries(sources.flatMap(documentedDirections))).toMatchObject({ OVS_VPORT_ATTR_STATS: ['reply', 'notification'], OVS_FLOW_ATTR_PROBE: ['request'] })
})
