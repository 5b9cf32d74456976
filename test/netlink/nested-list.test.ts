import { describe, expect, it } from 'vitest'
import { u8 } from '../../src/netlink/codec.js'
import { nestedList } from '../../src/netlink/nested-list.js'
import { decode, encode, hex, refused } from './helpers.js'

describe('a nested list', () => {
  it('counts its children from 1', () => {
    expect(encode(nestedList(u8), [7, 8])).toEqual(hex('0500 0100 07 000000  0500 0200 08 000000'))
  })

  it('gives them the numbers that it is told', () => {
    expect(encode(nestedList(u8, () => 0), [7, 8])).toEqual(hex('0500 0000 07 000000  0500 0000 08 000000'))
  })

  it('does not look at their numbers when it is read', () => {
    expect(decode(nestedList(u8), hex('0500 0900 07 000000  0500 0080 08 000000'))).toEqual([7, 8])
  })

  it('says which one cannot be encoded', () => {
    expect(refused(() => encode(nestedList(u8), [1, 256])).message).toBe('[1]: must be a whole number from 0 to 255, got 256')
    expect(refused(() => encode(nestedList(u8), 1 as never)).reason).toBe('must be an array')
  })
})
