import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bits } from '../../src/netlink/bits.js'
import { be16, be32, exact } from '../../src/netlink/codec.js'
import { decode, encode, encodeMask, hex, refused } from './helpers.js'

const Label = bits('label_stack_entry', be32, { label: 20, tc: 3, bos: 1, ttl: 8 })

describe('bits', () => {
  it('stand in a number, the first in its highest bits', () => {
    expect(encode(Label, { label: 0x12345, tc: 5, bos: 1, ttl: 64 })).toEqual(hex('12345b40'))
    expect(decode(Label, hex('12345b40'))).toEqual({ label: 0x12345, tc: 5, bos: 1, ttl: 64 })
  })

  it('that are left out are zeros', () => {
    expect(encode(Label, { ttl: 1 })).toEqual(hex('00000001'))
  })

  it('come back whatever they are', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => { expect(encode(Label, decode(Label, bytes))).toEqual(bytes) }))
  })

  it('are exact one by one or all together', () => {
    expect(encodeMask(Label, { label: exact })).toEqual(hex('fffff000'))
    expect(encodeMask(Label, { tc: 1, bos: exact })).toEqual(hex('00000300'))
    expect(encodeMask(Label, exact)).toEqual(hex('ffffffff'))
  })

  it.each([
    [{ label: 0x100000 }, 'label: must be a whole number from 0 to 1048575, got 1048576'],
    [{ bos: 2 }, 'bos: must be a whole number from 0 to 1, got 2'],
    [{ ttl: '1' }, 'ttl: must be a whole number from 0 to 255, got "1"'],
    [7, 'must be an object with label, tc, bos, ttl, got 7'],
  ])('refuse %j', (value, sentence) => {
    expect(refused(() => encode(Label, value as never)).message).toBe(sentence)
  })

  it('refuse a name that none of them has', () => {
    expect(refused(() => encode(Label, { exp: 1 } as never))).toMatchObject({ reason: 'has no member "exp"', remedy: 'Its members are label, tc, bos, ttl.' })
  })

  it('must fill their number', () => {
    expect(() => bits('short', be16, { a: 8 })).toThrow('the fields of short do not fill u16, big-endian')
  })
})
