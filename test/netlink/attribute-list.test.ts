import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attributeList, findAttribute } from '../../src/netlink/attribute-list.js'
import { attribute } from '../../src/netlink/attributes.js'
import { Source } from '../../src/netlink/bytes.js'
import { binary, flag, u32, u8 } from '../../src/netlink/codec.js'
import { decode, encode, hex, refused } from './helpers.js'

const Steps = attributeList('STEP', { go: attribute(1, u32), pop: attribute(2, flag), small: attribute(3, u8), bytes: attribute(4, binary()) })

describe('AttributeList', () => {
  it('keeps the order, and the same attribute as often as it is given', () => {
    expect(encode(Steps, [{ pop: true }, { go: 1 }, { pop: true }])).toEqual(hex('0400 0200  0800 0100 01000000  0400 0200'))
  })

  it('comes back in its order', () => {
    const step = fc.oneof(
      fc.record({ go: fc.nat() }),
      fc.record({ pop: fc.constant(true as const) }),
      fc.record({ bytes: fc.uint8Array() }),
      fc.record({ unknown: fc.record({ number: fc.integer({ min: 5, max: 99 }), bytes: fc.uint8Array() }) }),
    )
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        expect(decode(Steps, encode(Steps, steps))).toEqual(steps)
      }),
    )
  })

  it('keeps a payload that is too short as unknown', () => {
    expect(decode(Steps, hex('0400 0100'))).toEqual([{ unknown: { number: 1, bytes: hex('') } }])
  })

  it.each([
    ['a number', '0c00 0100 01000000 02000000', 1],
    ['a flag', '0500 0200 01 000000', 2],
    ['a byte', '0600 0300 0102 0000', 3],
  ])('keeps what is longer than %s can be as unknown, with all its bytes', (_what, text, number) => {
    const bytes = hex(text)
    const items = decode(Steps, bytes)
    expect(items).toEqual([{ unknown: { number, bytes: bytes.slice(4, bytes[0]) } }])
    expect(encode(Steps, items)).toEqual(bytes)
  })

  it('keeps a nest that does not fit as unknown, and the others as they are', () => {
    const Nests = attributeList('NEST', { go: attribute(1, u32), steps: attribute(2, Steps) })
    expect(decode(Nests, hex('0800 0200 0900 0100  0800 0100 01000000'))).toEqual([{ unknown: { number: 2, bytes: hex('0900 0100') } }, { go: 1 }])
  })

  it('says which of several cannot be encoded', () => {
    expect(refused(() => encode(Steps, [{ pop: true }, { small: 256 }])).attribute).toEqual(['[1]', 'STEP_SMALL'])
  })

  it('does not number a single one', () => {
    expect(refused(() => encode(Steps, [{ small: 256 }])).attribute).toEqual(['STEP_SMALL'])
  })

  it('says which there are', () => {
    expect(refused(() => encode(Steps, [{ jump: 1 } as never]))).toMatchObject({ reason: 'there is no "jump" in STEP_*', remedy: 'There are go, pop, small, bytes.' })
  })

  it('refuses a flag of false, whose absence it cannot say', () => {
    expect(refused(() => encode(Steps, [{ pop: false }]))).toMatchObject({ reason: 'must be true where it stands in a list', remedy: 'Leave it out.' })
  })

  it.each([[{}], [{ go: 1, pop: true }], [null], ['go']])('refuses an item like %j', (item) => {
    expect(refused(() => encode(Steps, [item as never])).reason).toBe('must be an object with exactly one member')
  })

  it('refuses what is no array', () => {
    expect(refused(() => encode(Steps, { go: 1 } as never))).toMatchObject({ reason: 'must be an array', remedy: 'Write [{ … }]; [] for none.' })
  })
})

describe('findAttribute', () => {
  const bytes = hex('0500 0100 aa 000000  0600 0280 bbbb 0000')

  it('finds a payload, whatever its flag bits', () => {
    expect(findAttribute(new Source(bytes), 0, bytes.length, 2)).toEqual([12, 14])
  })

  it('finds nothing where there is no such attribute', () => {
    expect(findAttribute(new Source(bytes), 0, bytes.length, 3)).toBeUndefined()
  })

  it('finds nothing behind a length that does not fit', () => {
    const broken = hex('0500 0100 aa 000000  0b00 0280 bbbb 0000')
    expect(findAttribute(new Source(broken), 0, broken.length, 2)).toBeUndefined()
  })
})
