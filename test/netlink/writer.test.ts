import { describe, expect, it } from 'vitest'
import { Writer } from '../../src/netlink/writer.js'
import { hex, refused } from './helpers.js'

describe('Writer', () => {
  it('keeps what was written when it grows', () => {
    const writer = new Writer(1)
    for (let i = 0; i < 1000; i++) writer.u8(i & 0xff)
    expect([...writer.copy()]).toEqual(Array.from({ length: 1000 }, (_, i) => i & 0xff))
  })

  it('fills in an attribute\'s length, without its padding, and pads with zeros', () => {
    const writer = new Writer(64)
    writer.fill(0xff, 64)
    writer.reset()
    const at = writer.openAttribute(5)
    writer.raw(hex('010203'))
    writer.closeAttribute(at)
    expect(writer.copy()).toEqual(hex('0700 0500 010203 00'))
  })

  it('fills in a message\'s length', () => {
    const writer = new Writer(1)
    const at = writer.openMessage(0x10, 0x305, 7, 9)
    writer.u8(1)
    writer.closeMessage(at)
    expect(writer.copy()).toEqual(hex('11000000 1000 0503 07000000 09000000 01 000000'))
  })

  it('takes an attribute of the greatest length that can be said', () => {
    const writer = new Writer(1)
    const at = writer.openAttribute(1)
    writer.fill(1, 65531)
    writer.closeAttribute(at)
    expect(writer.length).toBe(65536)
    expect(writer.copy().subarray(0, 4)).toEqual(hex('ffff 0100'))
  })

  it('refuses one byte more', () => {
    const writer = new Writer(1)
    const at = writer.openAttribute(1)
    writer.fill(1, 65532)
    expect(refused(() => writer.closeAttribute(at)).message).toContain('must be encoded in at most 65531 bytes, got 65532')
  })

  it('gives out copies', () => {
    const writer = new Writer(16)
    writer.u32(1)
    const copy = writer.copy()
    writer.reset()
    writer.u32(2)
    expect(copy).toEqual(hex('01000000'))
  })
})
