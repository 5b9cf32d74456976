import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { array, be16, be32, be64, binary, type Codec, exact, flag, s32, text, u16, u32, u64, u8 } from '../../src/netlink/codec.js'
import { decode, encode, encodeMask, hex, refused } from './helpers.js'

// The machine's own order, in which these bytes were written down, is that of x86 and arm64.
describe('whole numbers', () => {
  it.each<[string, Codec<number>, number, string]>([
    ['u8', u8, 0xab, 'ab'],
    ['u16', u16, 0x0102, '0201'],
    ['u32', u32, 0x01020304, '04030201'],
    ['s32', s32, -2, 'feffffff'],
    ['be16', be16, 0x0102, '0102'],
    ['be32', be32, 0xf1020304, 'f1020304'],
  ])('%s has its bytes in its order', (_name, codec, value, bytes) => {
    expect(encode(codec, value)).toEqual(hex(bytes))
    expect(decode(codec, hex(bytes))).toBe(value)
  })

  it.each<[string, Codec<bigint>, bigint, string]>([
    ['u64', u64, 0x0102030405060708n, '0807060504030201'],
    ['be64', be64, 0xf102030405060708n, 'f102030405060708'],
  ])('%s has its bytes in its order', (_name, codec, value, bytes) => {
    expect(encode(codec, value)).toEqual(hex(bytes))
    expect(decode(codec, hex(bytes))).toBe(value)
  })

  const bounds: [string, Codec<number>, number, number][] = [
    ['u8', u8, 0, 0xff],
    ['u16', u16, 0, 0xffff],
    ['u32', u32, 0, 0xffff_ffff],
    ['s32', s32, -0x8000_0000, 0x7fff_ffff],
    ['be16', be16, 0, 0xffff],
    ['be32', be32, 0, 0xffff_ffff],
  ]

  it.each(bounds)('%s comes back from its bytes', (_name, codec, min, max) => {
    fc.assert(fc.property(fc.integer({ min, max }), (value) => decode(codec, encode(codec, value)) === value))
  })

  it.each(bounds)('%s takes its least and its most', (_name, codec, min, max) => {
    expect([min, max].map((value) => decode(codec, encode(codec, value)))).toEqual([min, max])
  })

  it.each(bounds.flatMap(([name, codec, min, max]) => [min - 1, max + 1, 0.5, Number.NaN, '1', 1n, undefined, null, true].map((value) => [name, value, codec, min, max] as const)))(
    '%s refuses %s and says what it takes',
    (_name, value, codec, min, max) => {
      expect(refused(() => encode(codec, value as number)).reason).toBe(`must be a whole number from ${min} to ${max}`)
    },
  )

  it.each([-1n, 2n ** 64n, '1', undefined])('u64 refuses %s', (value) => {
    expect(refused(() => encode(u64, value as bigint)).reason).toBe('must be a bigint from 0n to 2n ** 64n - 1n')
  })

  it('u64 says how a number is written instead', () => {
    expect(refused(() => encode(u64, 5 as unknown as bigint))).toMatchObject({ value: 5, remedy: 'Write 5n.' })
  })

  it.each([0n, 2n ** 64n - 1n])('u64 takes %s', (value) => {
    expect(decode(u64, encode(u64, value))).toBe(value)
  })

  it('exact is a mask of ones', () => {
    expect(encodeMask(u8, exact)).toEqual(hex('ff'))
    expect(encodeMask(be16, exact)).toEqual(hex('ffff'))
    expect(encodeMask(u64, exact)).toEqual(hex('ffffffffffffffff'))
  })

  it('a mask may be a value', () => {
    expect(encodeMask(be16, 0x0ff0)).toEqual(hex('0ff0'))
  })

  it('exact is no value', () => {
    expect(refused(() => encode(u32, exact as unknown as number)).message).toBe('must be a whole number from 0 to 4294967295, got Symbol(exact)')
  })
})

describe('text', () => {
  it('has a NUL at its end', () => {
    expect(encode(text(15), 'dp0')).toEqual(hex('64703000'))
  })

  it('is read up to its NUL, whatever follows', () => {
    expect(decode(text(15), hex('6470 3000 7878'))).toBe('dp0')
  })

  it('is read to its end where it has no NUL', () => {
    expect(decode(text(15), hex('647030'))).toBe('dp0')
  })

  it('is read as empty where there are no bytes', () => {
    expect(decode(text(15), hex(''))).toBe('')
  })

  it('counts the bytes of UTF-8, not the characters', () => {
    expect(refused(() => encode(text(15), 'ääääääää'))).toMatchObject({ reason: 'must be at most 15 bytes long, not 16', remedy: 'Shorten it by 1.' })
  })

  it('takes as many bytes as the kernel does', () => {
    expect(encode(text(15), 'abcdefghijklmno')).toHaveLength(16)
  })

  it('refuses a NUL within', () => {
    expect(refused(() => encode(text(15), 'a\0b')).message).toBe('must not contain a NUL, got "a\\u0000b"')
  })

  it('refuses what is no text', () => {
    expect(refused(() => encode(text(15), 7 as unknown as string)).reason).toBe('must be text')
  })

  it('has no mask', () => {
    expect(refused(() => encodeMask(text(15), exact)).reason).toBe('text has no mask')
  })

  it('comes back from its bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\0') && Buffer.byteLength(s) <= 255), (value) => decode(text(255), encode(text(255), value)) === value),
    )
  })
})

describe('binary', () => {
  it('is copied when it is read, so that the receive buffer can be used again', () => {
    const bytes = hex('0102')
    const value = binary().read({ copy: (start: number, end: number) => bytes.slice(start, end) } as never, 0, 2)
    bytes[0] = 0xff
    expect(value).toEqual(hex('0102'))
  })

  it.each([
    [new Uint8Array(3), 'must be 4 to 8 bytes long'],
    [new Uint8Array(9), 'must be 4 to 8 bytes long'],
    ['text', 'must be a Uint8Array'],
    [[1, 2, 3, 4], 'must be a Uint8Array'],
  ])('refuses %s', (value, reason) => {
    expect(refused(() => encode(binary(4, 8), value as Uint8Array)).reason).toBe(reason)
  })

  it('says its one length', () => {
    expect(refused(() => encode(binary(16, 16), new Uint8Array(15))).message).toBe('must be 16 bytes long, got 15 bytes')
  })

  it('is exact as ones where its length is known', () => {
    expect(encodeMask(binary(2, 2), exact)).toEqual(hex('ffff'))
  })

  it('cannot be exact where its length is not known', () => {
    expect(refused(() => encodeMask(binary(), exact)).reason).toBe('cannot be exact, its length is not known')
  })
})

describe('flag', () => {
  it('has no bytes', () => {
    expect(encode(flag, true)).toHaveLength(0)
    expect(decode(flag, hex(''))).toBe(true)
  })

  it.each([0, 1, 'true', null])('refuses %s', (value) => {
    expect(refused(() => encode(flag, value as unknown as boolean)).reason).toBe('must be true or false')
  })
})

describe('array', () => {
  it('has its items one after the other', () => {
    expect(encode(array(u16), [1, 0x203])).toEqual(hex('0100 0302'))
    expect(decode(array(u16), hex('0100 0302'))).toEqual([1, 0x203])
  })

  it('leaves out a last item that is cut short', () => {
    expect(decode(array(u32), hex('01000000 0200'))).toEqual([1])
  })

  it('may be empty', () => {
    expect(decode(array(u32), encode(array(u32), []))).toEqual([])
  })

  it('refuses an item like its codec', () => {
    expect(refused(() => encode(array(u8), [1, 256])).message).toBe('must be a whole number from 0 to 255, got 256')
  })

  it('refuses what is no array', () => {
    expect(refused(() => encode(array(u8), 1 as unknown as number[])).reason).toBe('must be an array')
  })
})
