import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { text } from '../../src/netlink/codec.js'
import { decode, encode, hex, refused } from './helpers.js'

const name = text(15)

describe('text that is not UTF-8', () => {
  it.each([
    ['ff 61 00', '\udcffa'],
    ['61 c3 00', 'a\udcc3'],
    ['c3a9 e9 00', 'é\udce9'],
    ['efbfbd 80 00', '\ufffd\udc80'],
    ['eda0bd 00', '\udced\udca0\udcbd'],
    ['f09f9880 f0 00', '😀\udcf0'],
  ])('%s keeps its bytes', (bytes, value) => {
    expect(decode(name, hex(bytes))).toBe(value)
    expect(encode(name, value)).toEqual(hex(bytes))
  })

  it('comes back whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 15 }), (bytes) => {
        const ended = new Uint8Array([...bytes.filter((byte) => byte !== 0), 0])
        expect(encode(name, decode(name, ended))).toEqual(ended)
      }),
      { numRuns: 1000 },
    )
  })

  it('is measured in bytes', () => {
    expect(refused(() => encode(name, '\udc80'.repeat(16))).reason).toBe('must be at most 15 bytes long, not 16')
    expect(encode(name, '\udc80'.repeat(15))).toHaveLength(16)
  })
})
