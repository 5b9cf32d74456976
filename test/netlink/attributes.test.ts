import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attribute, attributes, kernelSuffix, nested } from '../../src/netlink/attributes.js'
import { Source } from '../../src/netlink/bytes.js'
import { be16, binary, type Codec, exact, flag, text, u16, u32, u64, u8 } from '../../src/netlink/codec.js'
import { MalformedMessageError } from '../../src/netlink/errors.js'
import { at, struct } from '../../src/netlink/struct.js'
import { decode, encode, encodeMask, hex, refused } from './helpers.js'

const Point = struct('point', 4, { x: at(0, u16), y: at(2, be16) })
const Inner = attributes('INNER_ATTR', { depth: attribute(1, u8), tag: attribute(2, text(3)) })
const Outer = attributes(
  'OUTER_ATTR',
  {
    portNo: attribute(7, u32),
    name: attribute(3, text(7)),
    point: attribute(4, Point),
    inner: attribute(5, nested(() => Inner)),
    marked: attribute(6, nested(() => Inner), { nestedFlag: true }),
    ordered: attribute(8, be16, { networkOrderFlag: true }),
    loud: attribute(9, flag),
    big: attribute(10, u64),
    zero: attribute(0, u8),
  },
  { padding: 2 },
)

interface Tree {
  readonly value?: number
  readonly child?: Tree
}
const TreeAttributes = attributes('TREE', {
  value: attribute(1, u8),
  child: attribute(2, nested((): Codec<Tree, Tree, Tree> => TreeAttributes as never)),
})

describe('an attribute on the wire', () => {
  it('has its length without the padding, and zeros as padding', () => {
    expect(encode(Outer, { name: 'ab' })).toEqual(hex('0700 0300 616200 00'))
  })

  it.each([
    ['0800 0700 01000000  0500 0300 00 000000', { portNo: 1, name: '' }],
    ['0500 0300 00 000000  0800 0700 01000000', { name: '', portNo: 1 }],
  ])('stands where the object has it: %s', (bytes, value) => {
    expect(encode(Outer, value)).toEqual(hex(bytes))
    expect(Object.keys(decode(Outer, hex(bytes)))).toEqual(Object.keys(value))
  })

  it('may have the number 0', () => {
    expect(encode(Outer, { zero: 5 })).toEqual(hex('0500 0000 05 000000'))
    expect(decode(Outer, hex('0500 0000 05 000000'))).toEqual({ zero: 5 })
  })

  it('of a nest holds attributes, without NLA_F_NESTED, which openvswitch does not use', () => {
    expect(encode(Outer, { inner: { depth: 3 } })).toEqual(hex('0c00 0500 0500 0100 03 000000'))
  })

  it('carries NLA_F_NESTED where the table says so', () => {
    expect(encode(Outer, { marked: { depth: 3 } })).toEqual(hex('0c00 0680 0500 0100 03 000000'))
  })

  it('carries NLA_F_NET_BYTEORDER where the table says so', () => {
    expect(encode(Outer, { ordered: 0x0102 })).toEqual(hex('0600 0840 0102 0000'))
  })

  it('of a flag is there for true', () => {
    expect(encode(Outer, { loud: true })).toEqual(hex('0400 0900'))
  })

  it('of a flag is left out for false', () => {
    expect(encode(Outer, { loud: false })).toHaveLength(0)
  })

  it('is left out for undefined', () => {
    expect(encode(Outer, { portNo: undefined } as never)).toHaveLength(0)
  })

  it('that is no flag is not left out for false', () => {
    expect(refused(() => encode(Outer, { portNo: false } as never)).message).toBe('OUTER_ATTR_PORT_NO: must be a whole number from 0 to 4294967295, got false')
  })
})

describe('decoding', () => {
  it('takes a number with its flag bits for the same attribute', () => {
    expect(decode(Outer, hex('0c00 0580 0500 0140 03 000000'))).toEqual({ inner: { depth: 3 } })
  })

  it('does not need the padding behind the last attribute', () => {
    expect(decode(Outer, hex('0700 0300 616200'))).toEqual({ name: 'ab' })
  })

  it('passes over the attribute that pads', () => {
    expect(decode(Outer, hex('0400 0200  0800 0700 01000000'))).toEqual({ portNo: 1 })
  })

  it('takes the last of several, as the kernel does, and keeps the others in their places', () => {
    const bytes = hex('0800 0700 01000000  0600 6300 0102 0000  0800 0700 02000000  0700 0300 61620000  0800 0700 03000000  0400 6400')
    const value = decode(Outer, bytes)
    expect(value).toEqual({
      name: 'ab',
      portNo: 3,
      unknown: [
        { number: 7, bytes: hex('01000000'), place: 0 },
        { number: 0x63, bytes: hex('0102'), place: 1 },
        { number: 7, bytes: hex('02000000'), place: 2 },
        { number: 0x64, bytes: hex('') },
      ],
    })
    expect(encode(Outer, value)).toEqual(bytes)
  })

  it('keeps what a longer structure has at its end', () => {
    expect(decode(Outer, hex('0c00 0400 0100 0002 ffffffff'))).toEqual({ point: { x: 1, y: 2, tail: hex('ffffffff') } })
  })

  it('keeps a payload that is too long for its codec as unknown', () => {
    expect(decode(Outer, hex('0c00 0700 0100 0000 0200 0000'))).toEqual({ unknown: [{ number: 7, bytes: hex('0100 0000 0200 0000') }] })
  })

  it('keeps a payload that is too short as unknown', () => {
    expect(decode(Outer, hex('0600 0700 0102 0000'))).toEqual({ unknown: [{ number: 7, bytes: hex('0102') }] })
  })

  it('keeps what no table knows, with its flag bits', () => {
    expect(decode(Outer, hex('0600 63c0 0102 0000  0400 6480  0400 6440'))).toEqual({
      unknown: [
        { number: 0x63, bytes: hex('0102'), nestedFlag: true, networkOrderFlag: true },
        { number: 0x64, bytes: hex(''), nestedFlag: true },
        { number: 0x64, bytes: hex(''), networkOrderFlag: true },
      ],
    })
  })

  it('gives out unknown bytes as copies', () => {
    const bytes = Buffer.from(hex('0600 6300 0102 0000'))
    const { unknown } = Outer.read(new Source(bytes), 0, bytes.length)
    bytes.fill(0xff)
    expect(unknown?.[0]?.bytes).toEqual(hex('0102'))
  })

  it.each([
    ['is shorter than its header', '0300 0700', 'attribute 7 says it is 3 bytes long where 4 are left'],
    ['is longer than what is left', '0900 0700 01000000', 'attribute 7 says it is 9 bytes long where 8 are left'],
    ['has a length of 0', '0000 0700 01000000', 'attribute 7 says it is 0 bytes long where 8 are left'],
  ])('refuses an attribute that %s', (_what, bytes, sentence) => {
    expect(() => decode(Outer, hex(bytes))).toThrow(new MalformedMessageError(sentence))
  })

  it('refuses what is too short for an attribute behind the last one', () => {
    expect(() => decode(Outer, hex('0800 0700 01000000 0000'))).toThrow(new MalformedMessageError('2 bytes are left behind the last attribute'))
  })

  it.each([
    ['that reaches beyond it, though the message goes on', '0800 0100'],
    ['that is shorter than its header', '0300 0100'],
    ['behind which something is left', '0500 0100 07000000 00'],
  ])('keeps a nest with an attribute %s as unknown, and reads on', (_what, inner) => {
    const length = (4 + hex(inner).length).toString(16).padStart(2, '0')
    const bytes = hex(`${length}00 0580 ${inner} ${'00'.repeat(-hex(inner).length & 3)} 0800 0700 01000000`)
    const value = decode(Outer, bytes)
    expect(value).toEqual({ portNo: 1, unknown: [{ number: 5, nestedFlag: true, bytes: hex(inner), place: 0 }] })
    expect(encode(Outer, value)).toEqual(bytes)
  })

  it('throws on what a codec does wrong itself', () => {
    const broken = attributes('BROKEN', { one: attribute(1, { ...u8, read: () => { throw new TypeError('broken') } }) })
    expect(() => decode(broken, hex('0500 0100 01 000000'))).toThrow(TypeError)
  })

  it('of any bytes throws nothing but MalformedMessageError', () => {
    let read = 0
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          // Without anything around it: what is read out of range would throw.
          Outer.read(new Source(bytes), 0, bytes.length)
          read++
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessageError)
        }
      }),
      { numRuns: 2000 },
    )
    expect(read).toBeGreaterThan(0)
  })

  it('of a good message with some bytes changed throws nothing but MalformedMessageError', () => {
    const good = encode(Outer, { portNo: 1, name: 'abc', point: { x: 1 }, inner: { depth: 1, tag: 'x' }, big: 1n, unknown: [{ number: 99, bytes: hex('0102') }] })
    const outcomes = new Set<string>()
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(good.length), (changes, length) => {
        const bytes = good.slice(0, length)
        for (const [place, byte] of changes) if (place < length) bytes[place] = byte
        try {
          Outer.read(new Source(bytes), 0, bytes.length)
          outcomes.add('read')
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessageError)
          outcomes.add('malformed')
        }
      }),
      { numRuns: 2000 },
    )
    expect([...outcomes].toSorted()).toEqual(['malformed', 'read'])
  })
})

describe('unknown attributes', () => {
  it.each([
    ['before', '0600 63c0 0102 0000  0800 0700 01000000', [0]],
    ['between', '0700 0300 616200 00  0600 63c0 0102 0000  0400 6480  0800 0700 01000000', [1, 2]],
    ['behind', '0800 0700 01000000  0600 63c0 0102 0000', [undefined]],
    ['around', '0400 6480  0700 0300 616200 00  0400 6480  0400 6480  0800 0700 01000000  0400 6480', [0, 2, 3, undefined]],
  ])('%s known ones keep their places', (_where, bytes, places) => {
    const value = decode(Outer, hex(bytes))
    expect(value.unknown?.map(({ place }) => place)).toEqual(places)
    expect(encode(Outer, value)).toEqual(hex(bytes))
  })

  it('have a place that padding does not move', () => {
    expect(decode(Outer, hex('0400 0200  0400 6480  0800 0700 01000000'))).toEqual({ portNo: 1, unknown: [{ number: 0x64, bytes: hex(''), nestedFlag: true, place: 0 }] })
  })

  it('may be the padding, where that is to be written back', () => {
    const bytes = hex('0400 0200  0800 0700 01000000')
    const source = new Source(bytes)
    source.keepPadding = true
    const value = Outer.read(source, 0, bytes.length)
    expect(value).toEqual({ portNo: 1, unknown: [{ number: 2, bytes: hex(''), place: 0 }] })
    expect(encode(Outer, value)).toEqual(bytes)
  })

  it('are written back byte for byte', () => {
    const bytes = hex('0800 0700 01000000  0600 63c0 0102 0000  0400 6480  0500 6440 07 000000')
    expect(encode(Outer, decode(Outer, bytes))).toEqual(bytes)
  })

  it('come back whatever they hold', () => {
    const unknown = fc.record(
      { number: fc.integer({ min: 11, max: 0x3fff }), bytes: fc.uint8Array({ maxLength: 40 }), nestedFlag: fc.constant(true as const), networkOrderFlag: fc.constant(true as const) },
      { requiredKeys: ['number', 'bytes'] },
    )
    fc.assert(
      fc.property(fc.array(unknown, { minLength: 1 }), (value) => {
        expect(decode(Outer, encode(Outer, { unknown: value })).unknown).toEqual(value)
      }),
    )
  })

  it.each([{ number: 0x4000, bytes: hex('') }, { number: -1, bytes: hex('') }, { number: 1.5, bytes: hex('') }, { number: 1, bytes: [1] }, { number: 1 }])('are refused as %j', (unknown) => {
    expect(refused(() => encode(Outer, { unknown: [unknown as never] })).reason).toBe('an unknown attribute must have a number from 0 to 16383 and bytes')
  })
})

describe('an error', () => {
  it('says where the value stands, by the kernel\'s names', () => {
    const error = refused(() => encode(Outer, { inner: { depth: 256 } }))
    expect(error.attribute).toEqual(['OUTER_ATTR_INNER', 'INNER_ATTR_DEPTH'])
    expect(error.message).toBe('OUTER_ATTR_INNER > INNER_ATTR_DEPTH: must be a whole number from 0 to 255, got 256')
    expect(error.value).toBe(256)
  })

  it('says which name was meant', () => {
    expect(refused(() => encode(Outer, { port_no: 1 } as never))).toMatchObject({ reason: 'there is no attribute "port_no" in OUTER_ATTR_*', remedy: 'Write portNo.' })
  })

  it('says which names there are, where none is near', () => {
    expect(refused(() => encode(Outer, { inner: { nothing: 1 } } as never))).toMatchObject({
      attribute: ['OUTER_ATTR_INNER'],
      reason: 'there is no attribute "nothing" in INNER_ATTR_*',
      remedy: 'There are depth, tag.',
    })
  })

  it('says that a payload is longer than an attribute can be', () => {
    const Long = attributes('LONG', { bytes: attribute(1, binary(0, 100_000)) })
    expect(refused(() => encode(Long, { bytes: new Uint8Array(65532) })).message).toContain('LONG_BYTES: must be encoded in at most 65531 bytes')
  })

  it.each([null, 5, 'text', [], undefined])('says that %j is no object', (value) => {
    expect(refused(() => encode(Inner, value as never)).reason).toBe('must be an object')
  })
})

describe('a mask', () => {
  it('is exact attribute by attribute', () => {
    expect(encodeMask(Outer, { portNo: exact, point: { y: exact } })).toEqual(hex('0800 0700 ffffffff  0800 0400 0000 ffff'))
  })

  it('may be exact within a nest', () => {
    expect(encodeMask(Outer, { inner: { depth: exact } })).toEqual(hex('0c00 0500 0500 0100 ff 000000'))
  })

  it('is not exact as a whole nest', () => {
    expect(refused(() => encodeMask(Outer, { inner: exact }))).toMatchObject({ attribute: ['OUTER_ATTR_INNER'], reason: 'a nest of attributes cannot be exact as a whole' })
  })

  it('of text is refused with its place', () => {
    expect(refused(() => encodeMask(Outer, { name: 'x' } as never)).attribute).toEqual(['OUTER_ATTR_NAME'])
  })
})

describe('a set that holds itself', () => {
  it('is encoded and decoded to any depth', () => {
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.record({ value: fc.nat(255), child: fc.option(tie('tree'), { nil: undefined, maxDepth: 12 }) }).map(({ value, child }) => (child === undefined ? { value } : { value, child })),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        expect(decode(TreeAttributes, encode(TreeAttributes, value as never))).toEqual(value)
      }),
    )
  })
})

describe('a table', () => {
  it('must not give a number twice', () => {
    expect(() => attributes('TWICE', { one: attribute(1, u8), other: attribute(1, u8) })).toThrow('TWICE_OTHER repeats the number 1')
  })

  it.each([
    ['portNo', 'PORT_NO'],
    ['name', 'NAME'],
    ['ipv4', 'IPV4'],
  ])('names %s %s', (ours, kernels) => {
    expect(kernelSuffix(ours)).toBe(kernels)
  })
})
