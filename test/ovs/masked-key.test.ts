import fc from 'fast-check'
import { InvalidValueError } from '../../src/netlink/errors.js'
import { describe, expect, it } from 'vitest'
import { exact } from '../../src/netlink/codec.js'
import { eachAttribute } from '../../src/netlink/attributes.js'
import { Source } from '../../src/netlink/bytes.js'
import { type FlowKey, FlowKeyAttributes, type FlowKeyInput, type FlowMask, maskedKey, vlanTci } from '../../src/ovs/index.js'
import { decode, encode, encodeMask, hex } from '../netlink/helpers.js'

const reduced = (key: FlowKeyInput, mask: FlowMask): FlowKey => decode(FlowKeyAttributes, maskedKey(key, mask))
const { table } = FlowKeyAttributes
const ETHERNET = { src: '00:00:00:00:00:01', dst: '00:00:00:00:00:02' }
const TCP: FlowKeyInput = {
  inPort: 1,
  ethernet: ETHERNET,
  ethertype: 0x0800,
  ipv4: { src: '10.0.0.1', dst: '10.0.0.2', proto: 6, ttl: 64 },
  tcp: { src: 1234, dst: 80 },
}

describe('maskedKey', () => {
  it('clears the bits that the mask does not cover', () => {
    expect(reduced({ inPort: 1, ethernet: ETHERNET }, { inPort: exact, ethernet: { dst: exact } })).toEqual({ inPort: 1, ethernet: { src: '00:00:00:00:00:00', dst: '00:00:00:00:00:02' } })
  })

  it('leaves out what the mask does not have', () => {
    expect(reduced({ inPort: 1, skbMark: 5, ethernet: ETHERNET }, { inPort: exact })).toEqual({ inPort: 1, ethernet: { src: '00:00:00:00:00:00', dst: '00:00:00:00:00:00' } })
  })

  it('is the same for two keys that differ only beyond the mask', () => {
    const mask: FlowMask = { inPort: exact, ethertype: exact, ipv4: { dst: '255.255.255.0' } }
    expect(maskedKey(TCP, mask)).toEqual(maskedKey({ ...TCP, ipv4: { src: '10.0.0.9', dst: '10.0.0.77', proto: 6, ttl: 1 }, tcp: { src: 9, dst: 9 } }, mask))
  })

  it('keeps the ethertype, and the headers behind it, once the mask reaches beyond the link', () => {
    expect(reduced(TCP, { ethertype: exact, ipv4: { proto: exact } })).toMatchObject({ ethertype: 0x0800, ipv4: { src: '0.0.0.0', proto: 6, ttl: 0 }, tcp: { src: 0, dst: 0 } })
  })

  it('leaves out those headers where it does not', () => {
    expect(Object.keys(reduced(TCP, { inPort: exact }))).toEqual(['inPort', 'ethernet'])
  })

  const TAGGED: FlowKeyInput = { inPort: 3, ethernet: ETHERNET, ethertype: 0x8100, vlan: vlanTci(5, 3), encap: { ethertype: 0x0800, ipv4: { src: '10.0.0.1' } } }

  it('keeps a tag whole that the mask does not speak of: the kernel matches it all the same', () => {
    expect(reduced(TAGGED, { inPort: exact })).toMatchObject({ inPort: 3, ethertype: 0x8100, vlan: vlanTci(5, 3), encap: {} })
    expect(reduced(TAGGED, { inPort: exact }).encap).toEqual({})
  })

  it('keeps of a tag what the mask covers, the bit that says it is there, and what is within', () => {
    expect(reduced(TAGGED, { ethertype: exact, vlan: 0x1001, encap: { ethertype: exact, ipv4: { src: exact } } })).toMatchObject({
      vlan: 0x1001,
      encap: { ethertype: 0x0800, ipv4: { src: '10.0.0.1' } },
    })
  })

  it('takes an ethertype in the mask for the inner one, where the mask has no encap, as the kernel does', () => {
    expect(reduced(TAGGED, { ethertype: exact })).toMatchObject({ ethertype: 0x8100, vlan: vlanTci(5, 3), encap: { ethertype: 0x0800, ipv4: { src: '0.0.0.0' } } })
  })

  const TWO_TAGS: FlowKeyInput = { ethernet: ETHERNET, ethertype: 0x88a8, vlan: vlanTci(7), encap: { ...TAGGED, inPort: undefined, ethernet: undefined, ethertype: 0x88a8 } }

  it('writes one type for a tag whose type the kernel does not match: without an encap in the mask it matches the tag alone', () => {
    expect(reduced(TWO_TAGS, {})).toMatchObject({ ethertype: 0x8100, vlan: vlanTci(7), encap: { ethertype: 0x8100, vlan: vlanTci(5, 3) } })
    expect(reduced(TWO_TAGS, { ethertype: exact, vlan: 0x1fff, encap: { ethertype: exact } })).toMatchObject({ ethertype: 0x88a8, encap: { ethertype: 0x8100, encap: { ethertype: 0x0800, ipv4: { src: '0.0.0.0' } } } })
  })

  it('takes what the mask has beside a tag for what is within, as the kernel does', () => {
    expect(reduced(TWO_TAGS, { ethertype: exact, ipv4: { src: exact } }).encap?.encap).toMatchObject({ ethertype: 0x0800, ipv4: { src: '10.0.0.1' } })
    expect(reduced(TAGGED, { ethertype: exact, vlan: exact, encap: { ethertype: exact }, ipv4: { src: '255.0.0.0' } }).encap).toMatchObject({ ethertype: 0x0800, ipv4: { src: '10.0.0.0' } })
  })

  it('leaves out a tag that is cut off, which is to the kernel as none', () => {
    expect(reduced({ ethernet: ETHERNET, ethertype: 0x88a8, vlan: 0, encap: {} }, { ethertype: exact })).toEqual({ ethernet: { src: '00:00:00:00:00:00', dst: '00:00:00:00:00:00' } })
  })

  it('keeps an ethertype without Ethernet, one for all where the mask does not cover it', () => {
    const { ethernet: _, ...packet } = TCP
    expect(reduced(packet, { inPort: exact })).toEqual({ inPort: 1, ethertype: 0x0600 })
    expect(reduced({ inPort: 1, ethertype: 0x86dd, ipv6: {} }, { inPort: exact })).toEqual({ inPort: 1, ethertype: 0x0600 })
    expect(reduced({ inPort: 1 }, { inPort: exact })).toEqual({ inPort: 1 })
  })

  it('has one ethertype where the mask has extension headers alone, which the kernel matches whatever it is', () => {
    const name = maskedKey({ ethernet: ETHERNET, ethertype: 0x86dd, ipv6: { proto: 89 }, ipv6Exthdrs: 3 }, { ipv6Exthdrs: 1 })
    expect(decode(FlowKeyAttributes, name)).toMatchObject({ ethertype: 0x86dd, ipv6: { proto: 0 }, ipv6Exthdrs: 1 })
    for (const ethertype of [0x88cc, undefined]) expect(decode(FlowKeyAttributes, maskedKey({ ethernet: ETHERNET, ethertype, ipv6Exthdrs: 1 }, { ipv6Exthdrs: 1 }))).toEqual(decode(FlowKeyAttributes, name))
  })

  const ND: FlowKeyInput = { ethertype: 0x86dd, ipv6: { proto: 58 }, icmpv6: { type: 135 }, nd: { target: 'fe80::1' }, ctOrigTupleIpv6: { src: 'fd00::1', proto: 6 } }

  it('keeps neighbour discovery only where the mask says that it is one: to the kernel it is in the place of how the connection began', () => {
    expect(reduced(ND, { ethertype: exact, ipv6: { proto: exact }, icmpv6: { type: exact } })).toMatchObject({ icmpv6: { type: 135 }, nd: { target: '::' } })
    const { icmpv6, nd, ctOrigTupleIpv6 } = reduced(ND, { ethertype: exact, ctOrigTupleIpv6: exact })
    expect([icmpv6, nd, ctOrigTupleIpv6?.src]).toEqual([{ type: 0, code: 0 }, undefined, 'fd00::1'])
  })

  it('does not make neighbour discovery of another type', () => {
    const other = { ...ND, icmpv6: { type: 0xff }, nd: undefined }
    expect(reduced(other, { ethertype: exact, ipv6: { proto: exact }, icmpv6: { type: 0x87 } }).icmpv6?.type).toBe(0xff)
    expect(reduced(other, { ethertype: exact, ipv6: { proto: exact }, icmpv6: { type: 0x88 } }).icmpv6?.type).toBe(0xff)
    expect(reduced(other, { ethertype: exact, ipv6: { proto: exact }, icmpv6: { type: 0x86 } }).icmpv6?.type).toBe(0x86)
  })

  it('keeps the port whole, which the kernel matches whole', () => {
    expect(reduced({ inPort: 0x102 }, { inPort: 0xff })).toEqual({ inPort: 0x102 })
  })

  it('is the same for every packet that the flow matches, fragment or not', () => {
    const mask: FlowMask = { ethertype: exact, ipv4: { proto: exact } }
    const { tcp: _, tcpFlags: __, ...withoutPorts } = TCP as FlowKeyInput
    const fragment = { ...withoutPorts, ipv4: { proto: 6, frag: 2 } }
    expect(maskedKey(fragment, mask)).toEqual(maskedKey({ ...TCP, tcpFlags: 2, ipv4: { proto: 6 } }, mask))
    expect(reduced(fragment, { ethertype: exact, ipv4: { proto: exact, frag: exact } })).not.toHaveProperty('tcp')
    expect(reduced(fragment, { ethertype: exact, ipv4: { proto: exact }, tcp: { src: exact } })).not.toHaveProperty('tcp')
  })

  it('with a mask that covers everything is the key itself', () => {
    const mask: FlowMask = { inPort: exact, ethernet: exact, ethertype: exact, ipv4: exact, tcp: exact, tcpFlags: exact }
    const key = { ...TCP, tcpFlags: 2 }
    expect(maskedKey(key, mask)).toEqual(encode(FlowKeyAttributes, key))
  })

  it('keeps an attribute that is not known whole, where the mask has it', () => {
    const unknown = [{ number: 40, bytes: hex('0800 0100 01020304') }]
    expect(reduced({ unknown }, { unknown: [{ number: 40, bytes: hex('0800 0100 ffffffff') }] })).toEqual({ unknown })
    expect(reduced({ unknown }, {})).toEqual({})
  })

  const TUNNEL = { id: 42n, ipv4Src: '10.0.0.1', ipv4Dst: '10.0.0.2', tos: 4, ttl: 64, csum: true }

  it('keeps of a tunnel what the mask covers, and the destination and time to live that the kernel wants', () => {
    expect(reduced({ tunnel: TUNNEL }, { tunnel: { id: 0x0fn } })).toEqual({ tunnel: { id: 10n, ipv4Dst: '255.255.255.255', ttl: 0 } })
    expect(reduced({ tunnel: TUNNEL }, { tunnel: { ipv4Dst: '255.0.0.0', csum: exact } })).toEqual({ tunnel: { ipv4Dst: '10.0.0.0', ttl: 0, csum: true } })
    expect(reduced({ tunnel: TUNNEL }, {})).toEqual({})
  })

  it('keeps the options of a tunnel whole where the mask has others, whose length the kernel matches', () => {
    const geneveOpts = [{ class: 1, type: 2, data: hex('01020304') }]
    expect(reduced({ tunnel: { ttl: 0, geneveOpts } }, { tunnel: { vxlanOpts: { gbp: exact } } }).tunnel?.geneveOpts).toEqual(geneveOpts)
    expect(reduced({ tunnel: { ttl: 0, geneveOpts } }, { tunnel: { ttl: exact } }).tunnel).not.toHaveProperty('geneveOpts')
  })

  it('keeps as many labels as the mask has, one at least', () => {
    const mpls = [{ label: 1, ttl: 9 }, { label: 2, ttl: 9 }, { label: 3, bos: 1, ttl: 9 }]
    const ethertype = 0x8847
    expect(reduced({ ethertype, mpls }, { ethertype: exact }).mpls).toEqual([{ label: 0, tc: 0, bos: 0, ttl: 0 }])
    expect(reduced({ ethertype, mpls: [] }, { ethertype: exact }).mpls).toEqual([{ label: 0, tc: 0, bos: 0, ttl: 0 }])
    expect(reduced({ ethertype, mpls }, { ethertype: exact, mpls: [{ label: exact }, { bos: exact }] }).mpls?.map(({ label }) => label)).toEqual([1, 0])
  })

  it('keeps an NSH, if only an empty one, and the type that its metadata need', () => {
    const nsh = { base: { mdtype: 1, np: 3 }, md1: { context: [1, 2, 3, 4] } }
    expect(reduced({ ethertype: 0x894f, nsh }, { ethertype: exact }).nsh).toEqual({})
    expect(reduced({ ethertype: 0x894f, nsh }, { ethertype: exact, nsh: { md1: { context: [1, 0, 0, 0] } } }).nsh).toMatchObject({ base: { mdtype: 1, np: 0 }, md1: { context: [1, 0, 0, 0] } })
    expect(reduced({ ethertype: 0x894f, nsh }, { ethertype: exact, nsh: { base: { np: exact }, md1: { context: [0, 0, 0, 0] } } }).nsh).not.toHaveProperty('md1')
  })

  it('keeps a protocol that is not 0 of how a connection began, without which the kernel reports none of it', () => {
    const ctOrigTupleIpv4 = { src: '10.0.0.1', proto: 6 }
    expect(reduced({ ctOrigTupleIpv4 }, { ctOrigTupleIpv4: { src: exact } }).ctOrigTupleIpv4).toMatchObject({ src: '10.0.0.1', proto: 0xff })
    expect(reduced({ ctOrigTupleIpv4 }, { ctOrigTupleIpv4: { proto: exact } }).ctOrigTupleIpv4).toMatchObject({ src: '0.0.0.0', proto: 6 })
  })

  const key = fc.record(
    {
      inPort: fc.nat(),
      priority: fc.nat(),
      ctLabels: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      ethernet: fc.constant(ETHERNET),
      ethertype: fc.integer({ min: 0x600, max: 0xffff }),
      vlan: fc.integer({ min: 0, max: 0xffff }),
      ipv4: fc.record({ src: fc.ipV4(), dst: fc.ipV4(), proto: fc.nat(255) }),
      tcp: fc.record({ src: fc.nat(0xffff), dst: fc.nat(0xffff) }),
      encap: fc.record({ ethertype: fc.nat(0xffff), ipv4: fc.record({ src: fc.ipV4() }) }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )

  /** The bits of each attribute, by its path; the path's last number is the attribute's. */
  function bitsOf(bytes: Uint8Array, found = new Map<string, Uint8Array>(), path = ''): Map<string, Uint8Array> {
    const source = new Source(bytes)
    eachAttribute(source, 0, bytes.length, (type, start, end) => {
      const name = `${path}/${type}`
      if (type === FlowKeyAttributes.table.encap.number) bitsOf(source.copy(start, end), found, name)
      else found.set(name, source.copy(start, end))
    })
    return found
  }

  it('has no bits beyond the mask, other than an ethertype, a port, and a tag that the mask does not speak of', () => {
    fc.assert(
      fc.property(key, key, (value, mask) => {
        const bits = [...bitsOf(encodeMask(FlowKeyAttributes, mask))]
        for (const [path, payload] of bitsOf(maskedKey(value, mask))) {
          const number = Number(path.slice(path.lastIndexOf('/') + 1))
          if (number === table.ethertype.number || number === table.inPort.number) continue
          // The kernel reads what is within a tag as if it stood beside it.
          const masks = bits.flatMap(([each, covered]) => (each.endsWith(`/${number}`) && covered.some((byte) => byte !== 0) ? [covered] : []))
          if (number === table.vlan.number && masks.length === 0) continue
          payload.forEach((byte, i) => {
            const allowed = masks.reduce((all, covered) => all | (covered[i] ?? 0), number === table.vlan.number && i === 0 ? 0x10 : 0)
            expect(byte & ~allowed).toBe(0)
          })
        }
      }),
    )
  })

  it('of what is reduced already is the same again', () => {
    fc.assert(
      fc.property(key, key, (value, mask) => {
        const once = maskedKey(value, mask)
        expect(maskedKey(decode(FlowKeyAttributes, once), mask)).toEqual(once)
      }),
    )
  })
})

describe('vlanTci', () => {
  it('has the bit that says the tag is there', () => {
    expect(vlanTci(5, 3)).toBe(0x7005)
  })

  it.each([[-1, 0], [4096, 0], [1.5, 0], [1, 8], [1, -1]])('refuses %d with priority %d', (vid, pcp) => {
    expect(() => vlanTci(vid, pcp)).toThrow(InvalidValueError)
  })
})
