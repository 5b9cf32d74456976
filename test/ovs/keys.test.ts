import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AnyCodec, OutOf } from '../../src/netlink/codec.js'
import { exact } from '../../src/netlink/codec.js'
import { Source } from '../../src/netlink/bytes.js'
import { Writer } from '../../src/netlink/writer.js'
import { ErspanMetadataCodec, type FlowKey, FlowKeyAttributes, FlowMaskCodec, GeneveOptions, NshKeyAttributes, TunnelKeyAttributes } from '../../src/ovs/index.js'
import { decode, encode, encodeMask, hex, refused } from '../netlink/helpers.js'

/** A mask as it is read beside its key. */
function readMask<C extends AnyCodec>(codec: C, bytes: Uint8Array, key: Partial<OutOf<C>> | undefined): OutOf<C> {
  return codec.readMask!(new Source(bytes), 0, bytes.length, key) as OutOf<C>
}

describe('a tunnel key', () => {
  const ID = '0c00 0000 00000000 0000002a '
  it('has its id as attribute 0', () => {
    expect(encode(TunnelKeyAttributes, { id: 42n })).toEqual(hex(ID))
    expect(decode(TunnelKeyAttributes, hex(ID))).toEqual({ id: 42n })
  })

  it('has flags, and masks of flags', () => {
    expect(encode(TunnelKeyAttributes, { dontFragment: true, csum: false, oam: true })).toEqual(hex('04000500 04000700'))
    expect(encodeMask(TunnelKeyAttributes, { csum: exact })).toEqual(hex('04000600'))
  })

  it('passes over what only pads', () => {
    expect(decode(TunnelKeyAttributes, hex(`04000e00 ${ID}`))).toEqual({ id: 42n })
  })
})

describe('Geneve options', () => {
  const OPTIONS = [{ class: 0x102, type: 0x80, data: hex('01020304') }, { class: 1, type: 2, data: hex('') }]
  const BYTES = hex('01028001 01020304 00010200')

  it('lie one behind the other', () => {
    expect(encode(GeneveOptions, OPTIONS)).toEqual(BYTES)
    expect(decode(GeneveOptions, BYTES)).toEqual(OPTIONS)
  })

  it('have reserved bits', () => {
    expect(decode(GeneveOptions, hex('000102e0'))).toEqual([{ class: 1, type: 2, data: hex(''), lengthByte: 0xe0 }])
  })

  it('have masks that are laid out as the key', () => {
    const mask = hex('ffffff1f 00ff00ff 0000ffff')
    expect(encodeMask(GeneveOptions, [{ class: exact, type: exact, data: hex('00ff00ff') }, { type: exact, data: hex(''), lengthByte: 0xff }])).toEqual(mask)
    expect(readMask(GeneveOptions, mask, OPTIONS)).toEqual([{ class: 0xffff, type: 0xff, data: hex('00ff00ff') }, { class: 0, type: 0xff, data: hex(''), lengthByte: 0xff }])
  })

  it('cannot be exact as a whole', () => {
    expect(refused(() => encodeMask(GeneveOptions, exact as never)).message).toContain('their lengths are not known')
  })

  it.each([
    [[{ class: 1, type: 1, data: new Uint8Array(3) }], '[0]'],
    [[{ class: 1, type: 1, data: new Uint8Array(128) }], '[0]'],
    [Array.from({ length: 64 }, () => ({ class: 1, type: 1, data: new Uint8Array(0) })), 'at most 252 bytes'],
  ])('are refused where the kernel has no room for them', (options, why) => {
    expect(refused(() => encode(GeneveOptions, options)).message).toContain(why)
  })

  it('of any bytes are written back as they came, with any key beside a mask', () => {
    const words = fc.integer({ min: 0, max: 20 }).chain((count) => fc.uint8Array({ minLength: 4 * count, maxLength: 4 * count }))
    fc.assert(
      fc.property(words, words, (bytes, other) => {
        const options = decode(GeneveOptions, bytes)
        if (options.every(({ data }) => data.length <= 124)) expect(encode(GeneveOptions, options)).toEqual(bytes)
        expect(encodeMask(GeneveOptions, readMask(GeneveOptions, bytes, decode(GeneveOptions, other)))).toEqual(bytes)
        expect(encodeMask(GeneveOptions, readMask(GeneveOptions, bytes, undefined))).toEqual(bytes)
      }),
    )
  })

  it('of a mask are laid out by the key before it in a flow', () => {
    const key: FlowKey = { tunnel: { geneveOpts: OPTIONS } }
    const writer = new Writer()
    FlowMaskCodec.write(writer, { tunnel: { geneveOpts: [{ class: exact, data: hex('ffffffff') }, { data: hex('') }] } })
    const mask = FlowMaskCodec.read(new Source(writer.bytes), 0, writer.length, { key })
    expect(mask.tunnel?.geneveOpts?.map(({ data }) => data.length)).toEqual([4, 0])
  })
})

describe('ERSPAN metadata', () => {
  it.each([
    [{ version: 1, index: 0x12345 }, '01000000 00012345 00000000'],
    [{ version: 1, index: 1, rest: 9 }, '01000000 00000001 00000009'],
    [{ version: 2, timestamp: 1, sgt: 2, p: 1, ft: 2, hwid: 0x2a, dir: 1, gra: 3, o: 1 }, '02000000 00000001 0002 8aaf'],
    [{ version: 3, index: 0, rest: 1 }, '03000000 00000000 00000001'],
  ])('%j has its bytes', (value, bytes) => {
    expect(encode(ErspanMetadataCodec, value)).toEqual(hex(bytes))
    expect(decode(ErspanMetadataCodec, hex(bytes))).toEqual(value)
  })

  it('has masks of its version', () => {
    expect(encodeMask(ErspanMetadataCodec, { version: exact, dir: exact, hwid: 0x3f })).toEqual(hex('ffffffff 00000000 0000 03f8'))
    expect(readMask(ErspanMetadataCodec, hex('ffffffff 00000000 0000 03f8'), { version: 2 })).toMatchObject({ version: 0xffff_ffff, dir: 1, hwid: 0x3f })
    expect(readMask(ErspanMetadataCodec, hex('ffffffff 000000ff 00000000'), { version: 1 })).toEqual({ version: 0xffff_ffff, index: 0xff })
    expect(encodeMask(ErspanMetadataCodec, exact)).toEqual(hex('ffffffff ffffffff ffffffff'))
  })

  it('of any bytes are written back as they came', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), fc.constantFrom(1, 2, 3), (bytes, version) => {
        expect(encode(ErspanMetadataCodec, decode(ErspanMetadataCodec, bytes))).toEqual(bytes)
        expect(encodeMask(ErspanMetadataCodec, readMask(ErspanMetadataCodec, bytes, { version }))).toEqual(bytes)
      }),
    )
  })
})

describe('other keys', () => {
  it('have an NSH as RFC 8300 names its parts', () => {
    const nsh = { base: { flags: 2, ttl: 63, mdtype: 1, np: 3, pathHdr: { spi: 0x123456, si: 254 } }, md1: { context: [1, 2, 3, 4] } }
    const bytes = hex('0c000100 023f0103 123456fe 14000200 00000001 00000002 00000003 00000004')
    expect(encode(NshKeyAttributes, nsh)).toEqual(bytes)
    expect(decode(NshKeyAttributes, bytes)).toEqual(nsh)
    expect(refused(() => encode(NshKeyAttributes, { md1: { context: [1] } })).message).toContain('four numbers')
  })

  it('have labels, and masks of as many', () => {
    expect(encode(FlowKeyAttributes, { mpls: [{ label: 16, tc: 7, ttl: 64 }, { label: 1, bos: 1, ttl: 1 }] })).toEqual(hex('0c001500 00010e40 00001101'))
    expect(encodeMask(FlowKeyAttributes, { mpls: [exact, { label: exact }] })).toEqual(hex('0c001500 ffffffff fffff000'))
  })

  it('keep what is no whole label as it came', () => {
    expect(decode(FlowKeyAttributes, hex('09001500 00010e40 01000000'))).toEqual({ unknown: [{ number: 21, bytes: hex('00010e4001') }] })
  })

  it('have an exact mask of a connection\'s state that the kernel takes', () => {
    expect(encodeMask(FlowKeyAttributes, { ctState: exact })).toEqual(hex('08001600 ff000000'))
  })
})
