import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attributePath } from '../../src/netlink/attribute-path.js'
import { attributeList } from '../../src/netlink/attribute-list.js'
import { attribute, attributes, nested } from '../../src/netlink/attributes.js'
import { Source } from '../../src/netlink/bytes.js'
import { u32 } from '../../src/netlink/codec.js'
import { encode } from './helpers.js'

const Leaf = attributes('LEAF', { value: attribute(1, u32) })
const List = attributeList('LIST', { leaf: attribute(1, nested(() => Leaf)), number: attribute(2, u32) })
const Root = attributes('ROOT', { first: attribute(1, u32), list: attribute(2, List) })

// first 0–7; list 8: number 12–19, leaf 20: value 24–31
const bytes = encode(Root, { first: 1, list: [{ number: 2 }, { leaf: { value: 3 } }] })
const pathAt = (offset: number) => attributePath(Root, new Source(bytes), 0, bytes.length, offset)

describe('attributePath', () => {
  it.each<[number, string[]]>([
    [0, ['ROOT_FIRST']],
    [4, ['ROOT_FIRST']],
    [8, ['ROOT_LIST']],
    [12, ['ROOT_LIST', 'LIST_NUMBER']],
    [20, ['ROOT_LIST', 'LIST_LEAF']],
    [24, ['ROOT_LIST', 'LIST_LEAF', 'LEAF_VALUE']],
    [28, ['ROOT_LIST', 'LIST_LEAF', 'LEAF_VALUE']],
    [32, []],
  ])('of offset %i is %j', (offset, path) => {
    expect(pathAt(offset)).toEqual(path)
  })

  it('gives a number where the table has no name', () => {
    const unknown = encode(Root, { unknown: [{ number: 77, bytes: new Uint8Array(4) }] })
    expect(attributePath(Root, new Source(unknown), 0, unknown.length, 0)).toEqual(['attribute 77'])
  })

  it('is an answer for any bytes and any offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 48 }), fc.integer({ min: -4, max: 60 }), (random, offset) => {
        expect(Array.isArray(attributePath(Root, new Source(random), 0, random.length, offset))).toBe(true)
      }),
    )
  })
})
