import { describe, expect, it } from 'vitest'
import { be16, binary, exact, u16, u32, u8 } from '../../src/netlink/codec.js'
import { at, struct } from '../../src/netlink/struct.js'
import { Writer } from '../../src/netlink/writer.js'
import { decode, encode, encodeMask, hex, refused } from './helpers.js'

// A hole of one byte behind `a`, two bytes of padding at the end.
const Sample = struct('sample', 12, { a: at(0, u8), b: at(2, be16), c: at(4, u32), d: at(8, u16) })

describe('struct', () => {
  it('has its members where they stand in C, and zeros between them', () => {
    expect(encode(Sample, { a: 1, b: 2, c: 3, d: 4 })).toEqual(hex('01 00 0002 03000000 0400 0000'))
  })

  it('has zeros where a member is left out', () => {
    expect(encode(Sample, { c: 3 })).toEqual(hex('00 00 0000 03000000 0000 0000'))
  })

  it('has them also where the memory was used before', () => {
    const writer = new Writer(64)
    writer.fill(0xff, 64)
    writer.reset()
    Sample.write(writer, { c: 3 })
    expect(writer.copy()).toEqual(hex('00 00 0000 03000000 0000 0000'))
  })

  it('takes members in any order', () => {
    expect(encode(Sample, { d: 4, a: 1 })).toEqual(encode(Sample, { a: 1, d: 4 }))
  })

  it('is read member by member', () => {
    expect(decode(Sample, hex('01 ff 0002 03000000 0400 ffff'))).toEqual({ a: 1, b: 2, c: 3, d: 4 })
  })

  it('keeps what a newer kernel has at its end', () => {
    const bytes = hex('01 00 0002 03000000 0400 0000 99999999')
    const value = decode(Sample, bytes)
    expect(value).toEqual({ a: 1, b: 2, c: 3, d: 4, tail: hex('99999999') })
    expect(encode(Sample, value)).toEqual(bytes)
  })

  it('needs all of its bytes', () => {
    expect(Sample.least).toBe(12)
  })

  it('says which member cannot be encoded', () => {
    expect(refused(() => encode(Sample, { b: 65536 })).message).toBe('b: must be a whole number from 0 to 65535, got 65536')
  })

  it('refuses a member that it does not have', () => {
    expect(refused(() => encode(Sample, { a: 1, e: 1 } as never))).toMatchObject({ reason: 'has no member "e"', remedy: 'Its members are a, b, c, d.' })
  })

  it.each([null, 5, 'text', [], [1]])('refuses %j', (value) => {
    expect(refused(() => encode(Sample, value as never)).reason).toBe('must be an object with a, b, c, d')
  })

  it('as a mask, has zeros where a member is left out', () => {
    expect(encodeMask(Sample, { b: exact, c: 0xff })).toEqual(hex('00 00 ffff ff000000 0000 0000'))
  })

  it('is exact as ones, its padding too', () => {
    expect(encodeMask(Sample, exact)).toEqual(hex('ff'.repeat(12)))
  })

  it('leaves alone what stands before it', () => {
    const Inner = struct('inner', 4, { bytes: at(1, binary(2, 2)) })
    expect(encode(Inner, { bytes: hex('0a0b') })).toEqual(hex('00 0a0b 00'))
  })
})
