import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ipv6 } from '../../src/netlink/addresses.js'
import { AttributeList } from '../../src/netlink/attribute-list.js'
import { AttributeSet, type Entry } from '../../src/netlink/attributes.js'
import { type AnyCodec, array, flag, s32, u32, u64 } from '../../src/netlink/codec.js'
import type { Struct } from '../../src/netlink/struct.js'
import {
  ActionAttributes,
  BandAttributes,
  CheckPktLenAttributes,
  CtAttributes,
  CtLimitAttributes,
  DatapathAttributes,
  DecTtlAttributes,
  FlowAttributes,
  FlowKeyAttributes,
  FlowMaskCodec,
  MeterAttributes,
  NshKeyAttributes,
  MplsLse,
  NatAttributes,
  OvsCtLimit,
  OvsDatapath,
  OvsFlow,
  OvsMeter,
  OvsPacket,
  OvsVport,
  PacketAttributes,
  PsampleAttributes,
  SampleAttributes,
  SetKey,
  SetMaskedKey,
  TunnelAttributes,
  TunnelKeyAttributes,
  UserspaceAttributes,
  VportAttributes,
  VportUpcallAttributes,
  VxlanExtensionAttributes,
  ZoneLimit,
  VxlanOptionAttributes,
} from '../../src/ovs/index.js'
import { decode, encode } from '../netlink/helpers.js'

const whole = (max: number) => fc.integer({ min: 0, max })
const big = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const bytes = (least: number, most: number) => fc.uint8Array({ minLength: least, maxLength: Math.min(most, Math.max(least, 40)) })

/** By what a codec says of itself: so the values follow from the tables. */
const BY_DESCRIPTION: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  u8: whole(0xff),
  u16: whole(0xffff),
  u32: whole(0xffff_ffff),
  s32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  u64: big,
  'u16, big-endian': whole(0xffff),
  'u32, big-endian': whole(0xffff_ffff),
  'u20, big-endian': whole(0xf_ffff),
  'u64, big-endian': big,
  flag: fc.constant(true),
  'MAC address (6 bytes)': bytes(6, 6).map((six) => [...six].map((byte) => byte.toString(16).padStart(2, '0')).join(':')),
  'IPv4 address (4 bytes)': fc.ipV4(),
  'IPv4 or IPv6 address (4 or 16 bytes)': fc.oneof(fc.ipV4(), bytes(16, 16).map((sixteen) => decode(ipv6, sixteen))),
  'IPv6 address (16 bytes)': bytes(16, 16).map((sixteen) => decode(ipv6, sixteen)),
  [MplsLse.describe]: fc.record({ label: whole(0xf_ffff), tc: whole(7), bos: whole(1), ttl: whole(0xff) }),
  [array(u32).describe]: fc.array(whole(0xffff_ffff), { maxLength: 4 }),
}

function valuesOf(codec: AnyCodec, depth: number): fc.Arbitrary<unknown> {
  if (codec === SetKey) return fc.oneof(...entriesOf(FlowKeyAttributes).map(([name, arbitrary]) => arbitrary.map((value) => ({ [name]: value }))))
  if (codec === SetMaskedKey) return fc.oneof(...['inPort', 'skbMark', 'ethernet', 'ipv4', 'ipv6', 'tcp'].map(maskedSet))
  if (codec === CtLimitAttributes.table.zoneLimit.codec) return fc.array(valuesOf(ZoneLimit as AnyCodec, depth), { maxLength: 3 })
  if (codec === MeterAttributes.table.bands.codec) return fc.array(valuesOf(BandAttributes as AnyCodec, depth), { maxLength: 3 })
  // Masks over tunnel options are laid out as their keys: they have tests of their own.
  if (codec === FlowMaskCodec) return depth > 2 ? fc.constant({}) : fc.record(Object.fromEntries(entriesOf(FlowKeyAttributes, depth + 1).filter(([name]) => name !== 'tunnel' && name !== 'encap')), { requiredKeys: [] })
  const inner = (codec as { of?: () => AnyCodec }).of?.() ?? codec
  if (inner instanceof AttributeSet) return depth > 2 ? fc.constant({}) : fc.record(Object.fromEntries(entriesOf(inner, depth + 1)), { requiredKeys: [] })
  if (inner instanceof AttributeList) {
    if (depth > 2) return fc.constant([])
    return fc.array(fc.oneof(...entriesOf(inner, depth + 1).map(([name, arbitrary]) => arbitrary.map((value) => ({ [name]: value })))), { maxLength: 3 })
  }
  const { fields } = inner as Struct<Record<string, never>>
  if (fields !== undefined) return fc.record(Object.fromEntries(Object.entries(fields as Record<string, { codec: AnyCodec }>).map(([name, field]) => [name, valuesOf(field.codec, depth)])))
  const text = /^text of at most (\d+) bytes/.exec(inner.describe)
  if (text !== null) return fc.string({ unit: 'grapheme-ascii', maxLength: Number(text[1]) })
  if (inner.describe.endsWith('bytes')) return bytes(inner.least, inner.most)
  const found = BY_DESCRIPTION[inner.describe]
  if (found !== undefined) return found
  const unit = inner.unit ?? 1
  if (unit === 1 && inner.least !== inner.most) throw new Error(`no values are known for ${inner.describe}`)
  return bytes(inner.least, inner.most).map((any) => decode(inner, any.subarray(0, any.length - (any.length % unit))))
}

function entriesOf(set: { readonly entries: readonly Entry[] }, depth = 3): [string, fc.Arbitrary<unknown>][] {
  return set.entries.map(({ name, codec }) => [name, valuesOf(codec, depth)])
}

/** Values that have no bits outside of their masks, as the kernel demands. */
function maskedSet(name: string): fc.Arbitrary<unknown> {
  const { codec } = FlowKeyAttributes.entries.find((each) => each.name === name)!
  // Of a flow label a key has twenty bits.
  const possible = (mask: Uint8Array) => (name === 'ipv6' ? mask.map((byte, i) => (i === 32 ? 0 : i === 33 ? byte & 0x0f : byte)) : mask)
  return bytes(codec.least, codec.least).map(possible).chain((mask) =>
    bytes(codec.least, codec.least).map((value) => ({ key: { [name]: decode(codec, value.map((byte, i) => byte & mask[i]!)) }, mask: { [name]: decode(codec, mask) } })),
  )
}

const SETS = [
  DatapathAttributes,
  VportAttributes,
  VportUpcallAttributes,
  TunnelAttributes,
  VxlanExtensionAttributes,
  FlowAttributes,
  FlowKeyAttributes,
  TunnelKeyAttributes,
  VxlanOptionAttributes,
  NshKeyAttributes,
  PacketAttributes,
  UserspaceAttributes,
  SampleAttributes,
  CheckPktLenAttributes,
  DecTtlAttributes,
  CtAttributes,
  NatAttributes,
  PsampleAttributes,
  MeterAttributes,
  BandAttributes,
  CtLimitAttributes,
] as const
const TABLES = [...SETS, ActionAttributes]
const ENTRIES = TABLES.flatMap((table) => table.entries.map((entry) => [entry.kernelName, entry, table] as const))

describe('each attribute', () => {
  it.each(ENTRIES)('%s comes back from its bytes', (_name, { name, codec }, table) => {
    fc.assert(
      fc.property(valuesOf(codec, 1), (each) => {
        const value = table instanceof AttributeList ? [{ [name]: each }] : { [name]: each }
        expect(decode(table as AnyCodec, encode(table as AnyCodec, value))).toEqual(value)
      }),
      { numRuns: 40 },
    )
  })

  it.each(ENTRIES.filter(([, { codec }]) => codec.least > 0))('%s that is too short is kept as it came', (_name, { number, codec }, table) => {
    const unknown = { number, bytes: new Uint8Array(codec.least - 1).fill(7) }
    const value = table instanceof AttributeList ? [{ unknown }] : { unknown: [unknown] }
    expect(decode(table as AnyCodec, encode(table as AnyCodec, value))).toEqual(value)
  })

  it('has one number', () => {
    for (const { entries } of TABLES) expect(new Set(entries.map(({ number }) => number)).size).toBe(entries.length)
  })

  it('has its type\'s most and least', () => {
    for (const [name, { codec }] of ENTRIES) expect([name, codec.least <= codec.most, codec.most <= 65532]).toEqual([name, true, true])
  })
})

describe('whole messages', () => {
  it.each(SETS.map((set) => [set.prefix, set] as const))('of %s come back from their bytes', (_prefix, set) => {
    fc.assert(
      fc.property(valuesOf(set as AnyCodec, 0), (value) => {
        expect(decode(set as AnyCodec, encode(set as AnyCodec, value))).toEqual(value)
      }),
      { numRuns: 60 },
    )
  })

  it('of actions within actions come back in their order', () => {
    fc.assert(
      fc.property(valuesOf(ActionAttributes as AnyCodec, 0), (value) => {
        expect(decode(ActionAttributes as AnyCodec, encode(ActionAttributes as AnyCodec, value))).toEqual(value)
      }),
      { numRuns: 60 },
    )
  })
})

describe('families', () => {
  it.each([
    [OvsDatapath, 'ovs_datapath', 2],
    [OvsVport, 'ovs_vport', 1],
    [OvsFlow, 'ovs_flow', 1],
    [OvsPacket, 'ovs_packet', 1],
    [OvsMeter, 'ovs_meter', 1],
    [OvsCtLimit, 'ovs_ct_limit', 1],
  ])('have their kernel\'s name and version', (family, name, version) => {
    expect([family.name, family.version, family.header?.size]).toEqual([name, version, 4])
  })

  it('have dp_ifindex as an int', () => {
    expect(OvsDatapath.header?.fields.dpIfindex.codec).toBe(s32)
  })
})

describe('types that are easily taken for others', () => {
  it('are those of the kernel', () => {
    expect(FlowAttributes.table.used.codec).toBe(u64)
    expect(PacketAttributes.table.hash.codec).toBe(u64)
    expect(PacketAttributes.table.probe.codec).toBe(flag)
    expect(VportUpcallAttributes.table.success.number).toBe(0)
  })
})
