import { describe, expect, test } from 'vitest'
import { exact, type Flow, type FlowKeyInput, type FlowMask, matchProblems, vlanTci } from '../../src/index.js'
import { all } from './support/commands.js'
import { ethernet, keyCases } from './support/key-cases.js'
import { anyFlows, asGivenAndReduced, isReportedWhole } from './support/key-names.js'
import { anyKeys, expectRoundTrip } from './support/key-round-trip.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()

test('each key and mask is put, dumped as it was put, and shown by ovs-dpctl as by us', async () => {
  await expectRoundTrip(await lab.datapath('kya'), await lab.datapath('kyb'), keyCases)
})

test('so is any value with any mask', async () => {
  await expectRoundTrip(await lab.datapath('kya'), await lab.datapath('kyb'), anyKeys(5))
})

const nameOf = ({ key = {}, mask }: Flow) => ({ key, mask })

describe('any two flows with one mask', () => {
  const flows = anyFlows(240)

  test('are made, the same, or refused, and reported, with reduced keys as with the keys as given; names are the same where flows are', async () => {
    const [one, other, named] = [await lab.datapath('kya'), await lab.datapath('kyb'), await lab.datapath('kyc')]
    const { given, reduced } = await asGivenAndReduced(lab.ovs, [one, other], flows)
    expect(reduced).toEqual(given)
    const { failures } = await named.putFlows(flows)
    expect(failures.map(({ index }) => flows[index])).toEqual(given.flatMap(({ outcome, flow }) => (outcome === 'refused' ? [flow] : [])))
    const made = given.filter(({ outcome }) => outcome === 'made')
    const reported = await all(named.flows())
    expect(reported).toHaveLength(made.length)
    // What was reported names the same flow.
    expect(await named.deleteFlows(reported.map(nameOf))).toEqual({ done: made.length, failures: [] })
    expect(await all(named.flows())).toEqual([])
    // We say why of what is refused, and nothing of what is not.
    expect(flows.filter(({ key, mask }, index) => matchProblems(key, mask).length > 0 !== (given[index]?.outcome === 'refused'))).toEqual([])
    // There are enough of each kind for this to mean something.
    for (const outcome of ['made', 'same', 'refused']) expect(given.filter((each) => each.outcome === outcome).length).toBeGreaterThan(50)
  })

  test('are found as they are reported, also where another program made them with the keys as given', async () => {
    const dp = await lab.datapath('kya')
    for (const { key, mask } of flows.filter(isReportedWhole)) await lab.ovs.flow.new({ dpIfindex: dp.dpIfindex, key, mask, actions: [], probe: true }).catch(() => {})
    const reported = await all(dp.flows())
    expect(reported.length).toBeGreaterThan(100)
    for (const flow of reported.slice(0, 60)) await dp.deleteFlow(nameOf(flow))
    expect(await dp.deleteFlows(reported.slice(60).map(nameOf))).toEqual({ done: reported.length - 60, failures: [] })
    expect(await all(dp.flows())).toEqual([])
  })
})

const tunnel = { ipv4Dst: '192.0.2.1', ttl: 64 }
const ipv6 = { src: 'fe80::1', proto: 58 }
const label = { label: 1, bos: 1 }
const nsh = { base: { ttl: 63, mdtype: 1, np: 3 }, md1: { context: [1, 2, 3, 4] } }
const bytes = (size: number) => new Uint8Array(size)
/** What kernels take though it looks otherwise; we know nothing to say against it. */
const TAKEN: readonly [what: string, key: FlowKeyInput, mask: FlowMask][] = [
  ['a header\'s mask beside the tag', { ethernet, ethertype: 0x8100, vlan: vlanTci(5), encap: { ethertype: 0x86dd, ipv6: { src: '::1' } } }, { ethertype: exact, vlan: exact, ipv6: { src: exact }, encap: { ethertype: exact } }],
  ['an ethertype of which one bit is covered', { ethernet, ethertype: 0x86dd, ipv6: { src: '::1' } }, { ethertype: 1, ipv6: { src: exact } }],
  ['a mask for options of another kind, but as long', { ethernet, tunnel: { ...tunnel, vxlanOpts: { gbp: 5 } } }, { tunnel: { geneveOpts: [{ class: exact, type: exact, data: bytes(0) }] } }],
  ['a bridge with a time to live of 0', { ethernet, tunnel: { id: 5n, ipv4InfoBridge: true, ttl: 0 } }, { tunnel: { id: exact } }],
]

test.each(TAKEN)('the kernel takes %s, and we know nothing against it', async (_what, key, mask) => {
  const dp = await lab.datapath('kyc')
  await lab.ovs.flow.new({ dpIfindex: dp.dpIfindex, key: { inPort: 1, ...key }, mask: { inPort: exact, ...mask }, actions: [] })
  expect(matchProblems(key, mask)).toEqual([])
})

const unknown = (number: number, size = 4) => ({ unknown: [{ number, bytes: bytes(size) }] })

/** What no kernel takes, and why. */
const REFUSED: readonly [what: string, key: FlowKeyInput, mask: FlowMask | undefined, why: RegExp | undefined][] = [
  ['metadata of NSH type 2', { ethernet, ethertype: 0x894f, nsh: { base: { mdtype: 2 }, md2: bytes(4) } }, undefined, /nsh\.md2 cannot be matched by/],
  ['metadata of NSH type 1 with another type', { ethernet, ethertype: 0x894f, nsh: { ...nsh, base: { mdtype: 2 } } }, undefined, /nsh\.md1 is there only where nsh\.base\.mdtype is 1, which is 2/],
  ['a packet type', { ethernet, ...unknown(29) }, undefined, /takes no OVS_KEY_ATTR_PACKET_TYPE/],
  ['extensions of ND', { ethernet, ...unknown(30) }, undefined, /takes no OVS_KEY_ATTR_ND_EXTENSIONS/],
  ['tunnel information', { ethernet, ...unknown(31) }, undefined, /takes no OVS_KEY_ATTR_TUNNEL_INFO/],
  ['an attribute that there is not yet', { ethernet, ...unknown(33) }, undefined, undefined],
  ['a tunnel without time to live', { ethernet, tunnel: { ipv4Dst: '192.0.2.1' } }, undefined, /tunnel needs ttl/],
  ['a tunnel without destination', { ethernet, tunnel: { ipv4Src: '192.0.2.1', ttl: 1 } }, undefined, /tunnel needs ipv4Dst or ipv6Dst/],
  ['a tunnel to nowhere', { ethernet, tunnel: { ipv6Dst: '::', ttl: 1 } }, undefined, /tunnel needs ipv4Dst or ipv6Dst, and not zero/],
  ['a tunnel of both IP versions', { ethernet, tunnel: { ...tunnel, ipv6Dst: '::1' } }, undefined, /tunnel has addresses of IPv4 and of IPv6/],
  ['a tunnel mask of both IP versions', { ethernet, tunnel }, { tunnel: { ipv4Dst: exact, ipv6Dst: exact } }, /the mask of tunnel has addresses of IPv4 and of IPv6/],
  ['options of two kinds', { ethernet, tunnel: { ...tunnel, vxlanOpts: { gbp: 1 }, geneveOpts: [] } }, undefined, /one kind of options, not geneveOpts and vxlanOpts/],
  ['a mask for other options than there are', { ethernet, tunnel: { ...tunnel, geneveOpts: [{ class: 1, type: 1, data: bytes(4) }] } }, { tunnel: { geneveOpts: [{ data: bytes(8) }] } }, /geneveOpts must be as long as the key's options, 8 bytes with the headers, not 12/],
  ['a bridge beside an address', { ethernet, tunnel: { ...tunnel, ipv4InfoBridge: true } }, undefined, /beside which only id may stand, not ipv4Dst, ttl/],
  ['an unknown tunnel attribute', { ethernet, tunnel: { ...tunnel, ...unknown(17) } }, undefined, undefined],
  ['four labels', { ethernet, ethertype: 0x8847, mpls: [label, label, label, label] }, undefined, /mpls must have 1 to 3 labels .*, not 4/],
  ['no labels', { ethernet, ethertype: 0x8847, mpls: [] }, undefined, /mpls must have 1 to 3 labels .*, not 0/],
  ['a state of connections that there is not', { ethernet, ctState: 0x100 }, { ctState: exact }, /ctState has bits that are none of CtStateFlags: 0x100/],
  ['labels of another type', { ethernet, ethertype: 0x8100, mpls: [label] }, { ethertype: exact, mpls: [exact] }, /the mask has mpls, which is nothing that the rest of the key says there is/],
  ['MPLS without labels', { ethernet, ethertype: 0x8848 }, undefined, /the key needs mpls, because its ethertype is 0x8848/],
  ['NSH whose type does not matter', { ethernet, ethertype: 0x894f, nsh }, { nsh: { base: exact } }, /the mask has nsh, but does not match ethertype exactly/],
  ['an unknown state of a connection', { ethernet, ctState: 0x100 }, undefined, /ctState has bits that are none of CtStateFlags: 0x100/],
  ['a mask of unknown states', { ethernet, ctState: 1 }, { ctState: 0xffff_ffff }, /the mask of ctState has bits/],
  ['how an IPv4 connection began in IPv6', { ethernet, ethertype: 0x86dd, ipv6: { ...ipv6, proto: 89 }, ctOrigTupleIpv4: { proto: 6 } }, { ethertype: exact, ctOrigTupleIpv4: exact }, /the mask has ctOrigTupleIpv4, which is nothing/],
  ['how a connection of neighbour discovery began', { ethernet, ethertype: 0x86dd, ipv6, icmpv6: { type: 135 }, nd: {}, ctOrigTupleIpv6: { proto: 6 } }, { ethertype: exact, ipv6: { proto: exact }, icmpv6: { type: exact }, ctOrigTupleIpv6: exact }, /does not know of neighbour discovery/],
  ['a port beyond all', { ethernet, inPort: 0xffff }, undefined, /inPort must be below 65535/],
  ['an operation of ARP beyond 255', { ethernet, ethertype: 0x0806, arp: { op: 256 } }, undefined, /arp\.op must be at most 255/],
  ['an unknown kind of fragment', { ethernet, ethertype: 0x0800, ipv4: { proto: 89, frag: 3 } }, undefined, /ipv4\.frag must be one of FragType/],
  ['a length for an ethertype', { ethernet, ethertype: 0x5ff }, undefined, /ethertype must be at least 0x0600/],
  ['a tag that is not there', { ethernet, ethertype: 0x8100, vlan: 5, encap: { ethertype: 0x88cc } }, undefined, /lacks the bit 0x1000/],
  ['a tag that is cut off, with something behind it', { ethernet, ethertype: 0x8100, vlan: 0, encap: { ethertype: 0x88cc } }, undefined, /encap is not empty/],
  ['a tag without its type', { ethernet, ethertype: 0x88cc, vlan: vlanTci(5), encap: {} }, undefined, /its ethertype is not that of a tag/],
  ['a tag\'s type without a tag', { ethernet, ethertype: 0x8100 }, undefined, /the key needs vlan and encap/],
  ['three tags', { ethernet, ethertype: 0x88a8, vlan: vlanTci(1), encap: { ethertype: 0x8100, vlan: vlanTci(2), encap: { ethertype: 0x8100, vlan: vlanTci(3), encap: { ethertype: 0x88cc } } } }, undefined, /more than 2 VLAN tags/],
]

test.each(REFUSED)('the kernel refuses %s, and we say why', async (_what, key, mask, why) => {
  const dp = await lab.datapath('kyc')
  const put = dp.putFlow({ key: { inPort: 1, ...key }, mask: mask === undefined ? undefined : { ...mask, inPort: exact }, actions: [] })
  await expect(put).rejects.toMatchObject({ code: 'EINVAL' })
  if (why !== undefined) await expect(put).rejects.toThrow(why)
})
