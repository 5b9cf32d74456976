import { expect, test } from 'vitest'
import { type ActionInput, exact, type FlowInput, type FlowKeyInput, type FlowMask, InvalidValueError, vlanTci } from '../../src/index.js'
import { formatActions, formatFlow, formatKey, formatUfid } from '../../src/text/index.js'
import { all, dmesg, dpctl } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()

const ethernet = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' }
const bothExact = { src: exact, dst: exact } as const
const ipv4 = { src: '10.0.0.1', dst: '10.0.0.2', proto: 6, tos: 4, ttl: 64, frag: 0 }
const ipv6 = { src: 'fe80::1', dst: '2001:db8::2', label: 0x12345, proto: 17, tclass: 8, hlimit: 63, frag: 0 }
const inPort = 1

/** A flow, and how `ovs-dpctl dump-flows` prints its match. */
const MATCHES: readonly [what: string, key: FlowKeyInput, mask: FlowMask, shown: string][] = [
  ['port', { inPort, ethernet }, { inPort: exact }, 'in_port(1),eth(),eth_type(0/0x0000)'],
  ['Ethernet', { inPort, ethernet }, { inPort: exact, ethernet: bothExact }, 'in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0/0x0000)'],
  ['masked Ethernet', { inPort, ethernet }, { inPort: exact, ethernet: { dst: '01:00:00:00:00:00' } }, 'in_port(1),eth(dst=00:00:00:00:00:00/01:00:00:00:00:00),eth_type(0/0x0000)'],
  ['metadata', { recircId: 7, priority: 3, skbMark: 0x10, inPort, ethernet, dpHash: 9 }, { recircId: exact, priority: exact, skbMark: 0xf0, inPort: exact, dpHash: exact }, 'recirc_id(0x7),dp_hash(0x9),skb_priority(0x3),in_port(1),skb_mark(0x10/0xf0),eth(),eth_type(0/0x0000)'],
  ['ethertype', { inPort, ethernet, ethertype: 0x88cc }, { inPort: exact, ethertype: exact }, 'in_port(1),eth(),eth_type(0x88cc)'],
  // Of the operation the kernel keeps, and matches, eight bits.
  ['ARP', { inPort, ethernet, ethertype: 0x0806, arp: { sip: '10.0.0.1', tip: '10.0.0.2', op: 1, sha: ethernet.src, tha: ethernet.dst } }, { inPort: exact, ethertype: exact, arp: exact }, 'in_port(1),eth(),eth_type(0x0806),arp(sip=10.0.0.1,tip=10.0.0.2,op=1/0xff,sha=02:00:00:00:00:01,tha=02:00:00:00:00:02)'],
  ['masked ARP', { inPort, ethernet, ethertype: 0x0806, arp: { tip: '10.0.0.2' } }, { inPort: exact, ethertype: exact, arp: { tip: '255.0.0.255' } }, 'in_port(1),eth(),eth_type(0x0806),arp(tip=10.0.0.2/255.0.0.255)'],
  ['IPv4', { inPort, ethernet, ethertype: 0x0800, ipv4: { ...ipv4, proto: 89 } }, { inPort: exact, ethertype: exact, ipv4: exact }, 'in_port(1),eth(),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=89,tos=0x4,ttl=64,frag=no)'],
  ['an IPv4 network', { inPort, ethernet, ethertype: 0x0800, ipv4 }, { inPort: exact, ethertype: exact, ipv4: { dst: '255.255.255.0', frag: exact } }, 'in_port(1),eth(),eth_type(0x0800),ipv4(dst=10.0.0.0/255.255.255.0,frag=no)'],
  ['a later fragment', { inPort, ethernet, ethertype: 0x0800, ipv4: { ...ipv4, frag: 2 } }, { inPort: exact, ethertype: exact, ipv4: { frag: exact } }, 'in_port(1),eth(),eth_type(0x0800),ipv4(frag=later)'],
  ['TCP with flags', { inPort, ethernet, ethertype: 0x0800, ipv4, tcp: { src: 1024, dst: 80 }, tcpFlags: 2 }, { inPort: exact, ethertype: exact, ipv4: { proto: exact, frag: exact }, tcp: { dst: exact }, tcpFlags: 0x12 }, 'in_port(1),eth(),eth_type(0x0800),ipv4(proto=6,frag=no),tcp(dst=80),tcp_flags(+syn-ack)'],
  ['UDP over IPv6', { inPort, ethernet, ethertype: 0x86dd, ipv6, udp: { src: 53, dst: 5353 } }, { inPort: exact, ethertype: exact, ipv6: { src: exact, dst: 'ffff:ffff::', label: exact, proto: exact, frag: exact }, udp: exact }, 'in_port(1),eth(),eth_type(0x86dd),ipv6(src=fe80::1,dst=2001:db8::/ffff:ffff::,label=0x12345,proto=17,frag=no),udp(src=53,dst=5353)'],
  ['ICMP', { inPort, ethernet, ethertype: 0x0800, ipv4: { ...ipv4, proto: 1 }, icmp: { type: 8, code: 0 } }, { inPort: exact, ethertype: exact, ipv4: { proto: exact, frag: exact }, icmp: exact }, 'in_port(1),eth(),eth_type(0x0800),ipv4(proto=1,frag=no),icmp(type=8,code=0)'],
  ['ND', { inPort, ethernet, ethertype: 0x86dd, ipv6: { ...ipv6, proto: 58 }, icmpv6: { type: 135, code: 0 }, nd: { target: 'fe80::9', sll: ethernet.src, tll: '00:00:00:00:00:00' } }, { inPort: exact, ethertype: exact, ipv6: { proto: exact, frag: exact }, icmpv6: exact, nd: { target: exact, sll: exact } }, 'in_port(1),eth(),eth_type(0x86dd),ipv6(proto=58,frag=no),icmpv6(type=135,code=0),nd(target=fe80::9,sll=02:00:00:00:00:01)'],
  ['VLAN', { inPort, ethernet, ethertype: 0x8100, vlan: vlanTci(100, 3), encap: { ethertype: 0x0800, ipv4 } }, { inPort: exact, ethertype: exact, vlan: exact, encap: { ethertype: exact, ipv4: { dst: exact, frag: exact } } }, 'in_port(1),eth(),eth_type(0x8100),vlan(vid=100,pcp=3),encap(eth_type(0x0800),ipv4(dst=10.0.0.2,frag=no))'],
  ['a masked VLAN id', { inPort, ethernet, ethertype: 0x8100, vlan: vlanTci(0x064), encap: { ethertype: 0x0800, ipv4 } }, { inPort: exact, ethertype: exact, vlan: 0x1ff0, encap: { ethertype: exact, ipv4: { frag: exact } } }, 'in_port(1),eth(),eth_type(0x8100),vlan(vid=96/0xff0),encap(eth_type(0x0800),ipv4(frag=no))'],
]

/** How ovs-dpctl 3.1.0 prints OVS_KEY_ATTR_IPV6_EXTHDRS, which it does not know. */
const EXTENSION_HEADERS = ',key32(00 00/00 00)'

/** The match in a line of `dump-flows`. */
const matchOf = (line: string) => line.slice(0, line.indexOf(', packets:')).replace(EXTENSION_HEADERS, '')
const actionsOf = (line: string) => line.slice(line.indexOf('actions:') + 8).trimEnd()

test.each(MATCHES)('a match on %s is put, dumped and shown by ovs-dpctl', async (_, key, mask, shown) => {
  const dp = await lab.datapath('fla')
  await dp.putFlow({ key, mask, actions: [{ output: 2 }] })
  const [line] = (await dpctl('dump-flows', 'fla')).split('\n')
  expect(matchOf(line ?? '')).toBe(shown)
  const [flow, ...others] = await all(dp.flows())
  expect(others).toEqual([])
  expect(formatKey(flow?.key ?? {}, flow?.mask)).toBe(shown)
  expect(flow?.key?.unknown).toBeUndefined()
  // What was dumped names the same flow.
  await dp.putFlow({ key: flow?.key ?? {}, mask: flow?.mask, actions: [{ output: 3 }] })
  expect((await all(dp.flows())).map((each) => each.actions)).toEqual([[{ output: 3 }]])
  await dp.deleteFlow({ key, mask })
  expect(await all(dp.flows())).toEqual([])
  await dp.delete()
})

test.each(MATCHES)('a match on %s that ovs-dpctl put is read the same', async (_, key, mask, shown) => {
  const dp = await lab.datapath('flc')
  await dpctl('add-flow', 'flc', shown.replace(',eth_type(0/0x0000)', ''), '2')
  const [flow] = await all(dp.flows())
  const bare = (text: string) => text.replace(',eth_type(0/0x0000)', '').replace('recirc_id(0),', '')
  expect(bare(formatKey(flow?.key ?? {}, flow?.mask))).toBe(bare(shown))
  // And it is the same flow that ours would be.
  await dp.putFlow({ key: flow?.key ?? {}, mask: flow?.mask, actions: [{ output: 3 }] })
  await dp.putFlow({ key, mask, actions: [{ output: 4 }] }).catch((error: { code?: string }) => expect(error.code).toBe('ENOENT'))
  expect(await all(dp.flows())).toHaveLength(1)
  await dp.delete()
})

test('the line of a flow with traffic is the one of ovs-dpctl, but for the time', async () => {
  const dp = await lab.datapath('fld')
  await dp.addPort('fld1', { type: 'internal' })
  await dp.putFlow({ key: { inPort: 1, ethernet }, mask: { inPort: exact }, actions: [] })
  const [idle] = await all(dp.flows())
  expect(idle).not.toHaveProperty('stats')
  expect(idle).not.toHaveProperty('used')
  expect((await dpctl('dump-flows', 'fld')).trimEnd()).toBe(formatFlow(idle ?? {}))
  // Recirculating looks the packet up in the flow table.
  await dp.putFlow({ key: { recircId: 1, inPort: 0, ethernet }, mask: { recircId: exact, inPort: exact }, actions: [] })
  await dp.execute({ packet: new Uint8Array(60), inPort: 0, actions: [{ recirc: 1 }] })
  const used = (await all(dp.flows())).find((flow) => flow.stats !== undefined)
  expect(used?.stats).toEqual({ packets: 1n, bytes: 60n })
  expect(used?.used).toBeTypeOf('bigint')
  const withoutTime = (line: string) => line.replace(/used:[\d.]+s/, 'used:TIME').trimEnd()
  const shown = (await dpctl('dump-flows', 'fld')).split('\n').find((line) => line.includes('packets:1')) ?? ''
  expect(withoutTime(shown)).toBe(withoutTime(formatFlow(used ?? {})))
  expect(withoutTime(shown)).toContain('packets:1, bytes:60, used:TIME')
})

test('put makes and changes; add refuses what is there; get and delete find it; delete gives the final statistics', async () => {
  const dp = await lab.datapath('fle')
  const flow: FlowInput = { key: { inPort: 1, ethernet }, mask: { inPort: exact, ethernet: exact }, actions: [{ output: 2 }] }
  await dp.addFlow(flow)
  await expect(dp.addFlow(flow)).rejects.toThrow(/there is such a flow already.*EEXIST/)
  await dp.putFlow({ ...flow, actions: [{ output: 3 }] })
  expect(await dp.getFlow(flow)).toMatchObject({ actions: [{ output: 3 }] })
  expect(await dp.deleteFlow(flow)).toMatchObject({ actions: [{ output: 3 }] })
  await expect(dp.getFlow(flow)).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(dp.deleteFlow(flow)).rejects.toThrow(/has no such flow/)
})

test('a flow is named by what its mask covers: bits beyond it make no other flow', async () => {
  const dp = await lab.datapath('flf')
  const mask = { inPort: exact } as const
  const [one, other]: FlowKeyInput[] = [{ inPort: 1, ethernet, ethertype: 0x0800, ipv4, tcp: { src: 1, dst: 2 }, tcpFlags: 0 }, { inPort: 1, ethernet: { src: ethernet.dst }, ethertype: 0x0806, arp: { op: 1 } }]
  await dp.putFlow({ key: one ?? {}, mask, actions: [{ output: 2 }] })
  await dp.putFlow({ key: other ?? {}, mask, actions: [{ output: 3 }] })
  expect(await all(dp.flows())).toMatchObject([{ actions: [{ output: 3 }] }])
  // The kernel alone refuses it.
  await dp.flushFlows()
  await lab.ovs.flow.new({ dpIfindex: dp.dpIfindex, key: one ?? {}, mask, actions: [] })
  await expect(lab.ovs.flow.new({ dpIfindex: dp.dpIfindex, key: other ?? {}, mask, actions: [] })).rejects.toMatchObject({ code: 'ENOENT' })
})

test('the kernel matches a VLAN tag that the mask does not speak of: each tag has its flow', async () => {
  const dp = await lab.datapath('fln')
  const mask = { inPort: exact, ethernet: exact } as const
  const tagged = (vid: number): FlowKeyInput => ({ inPort: 1, ethernet, ethertype: 0x8100, vlan: vlanTci(vid), encap: { ethertype: 0x0800, ipv4: { ...ipv4, proto: 89 } } })
  await dp.putFlow({ key: tagged(100), mask, actions: [{ output: 2 }] })
  await dp.putFlow({ key: tagged(200), mask, actions: [{ output: 3 }] })
  await dp.putFlow({ key: { inPort: 1, ethernet, ethertype: 0x0800, ipv4: { ...ipv4, proto: 89 } }, mask, actions: [{ output: 4 }] })
  await dp.putFlow({ key: { ...tagged(100), encap: { ethertype: 0x0806, arp: {} } }, mask, actions: [{ output: 5 }] })
  const flows = (await dpctl('dump-flows', 'fln')).trim().split('\n').map((line) => [/vid=\d+/.exec(line)?.[0], actionsOf(line)])
  expect(flows.toSorted()).toEqual([[undefined, '4'], ['vid=100', '5'], ['vid=200', '3']])
})

test('a flow over a protocol is the same for its fragments; a mask over part of the port is one over all of it', async () => {
  const dp = await lab.datapath('flo')
  const mask = { inPort: exact, ethertype: exact, ipv4: { proto: exact } } as const
  const key = (frag: number, ports: FlowKeyInput = {}): FlowKeyInput => ({ inPort: 1, ethernet, ethertype: 0x0800, ipv4: { ...ipv4, proto: 17, frag }, ...ports })
  for (const each of [key(2), key(1, { udp: { src: 1, dst: 2 } }), key(2), key(0, { udp: { src: 3, dst: 4 } }), key(2)]) await dp.putFlow({ key: each, mask, actions: [] })
  expect(await all(dp.flows())).toHaveLength(1)
  await dp.putFlow({ key: { inPort: 0x102, ethernet }, mask: { inPort: 0xff }, actions: [] })
  expect((await all(dp.flows())).map((flow) => flow.key?.inPort)).toContain(0x102)
})

test('flows by UFID: put, got, dumped tersely, deleted', async () => {
  const dp = await lab.datapath('flg')
  const ufid = new Uint8Array(16).map((_, i) => i + 1)
  await dp.putFlow({ ufid, key: { inPort: 1, ethernet }, mask: { inPort: exact }, actions: [{ output: 2 }] })
  expect(await dp.getFlow({ ufid })).toMatchObject({ ufid, key: { inPort: 1 }, actions: [{ output: 2 }] })
  expect(await dpctl('-m', 'dump-flows', 'flg')).toContain(`ufid:${formatUfid(ufid)}, `)
  expect(await all(dp.flows({ terse: true }))).toEqual([{ dpIfindex: dp.dpIfindex, ufid }])
  expect(await dp.deleteFlow({ ufid })).toMatchObject({ ufid })
  expect(await all(dp.flows())).toEqual([])
})

test('a flow label is set with a mask of its twenty bits', async () => {
  const dp = await lab.datapath('flp')
  const key: FlowKeyInput = { inPort: 1, ethernet, ethertype: 0x86dd, ipv6: { ...ipv6, proto: 89 } }
  const label = { setMasked: { key: { ipv6: { label: 0x54321 } }, mask: { ipv6: { label: exact } } } } as const
  await dp.putFlow({ key, mask: { inPort: exact, ethertype: exact, ipv6: { label: exact } }, actions: [label, { output: 2 }] })
  expect(actionsOf(await dpctl('dump-flows', 'flp'))).toBe('set(ipv6(label=0x54321)),2')
  const [flow] = await all(dp.flows())
  expect(formatActions(flow?.actions ?? [])).toBe('set(ipv6(label=0x54321)),2')
})

test('a set clears statistics', async () => {
  const dp = await lab.datapath('flh')
  const key = { recircId: 1, inPort: 0, ethernet }
  await lab.ovs.flow.new({ dpIfindex: dp.dpIfindex, key, mask: { recircId: exact }, actions: [] })
  await dp.execute({ packet: new Uint8Array(60), actions: [{ recirc: 1 }] })
  expect((await lab.ovs.flow.get({ dpIfindex: dp.dpIfindex, key })).stats?.packets).toBe(1n)
  await lab.ovs.flow.set({ dpIfindex: dp.dpIfindex, key, clear: true })
  expect(await lab.ovs.flow.get({ dpIfindex: dp.dpIfindex, key })).not.toHaveProperty('stats')
})

test('thousands of flows are put in bulk and dumped whole; what fails is named by its place', async () => {
  const dp = await lab.datapath('fli')
  const flow = (i: number): FlowInput => ({ key: { inPort: 1, ethernet: { src: mac(i), dst: ethernet.dst } }, mask: { inPort: exact, ethernet: exact }, actions: [{ output: 2 }] })
  const flows = Array.from({ length: 5000 }, (_, i) => flow(i))
  flows[7] = { ...flow(7), actions: [{ output: 70_000 }] }
  flows[128] = { ...flow(128), key: { inPort: -1 } }
  flows[4999] = { ...flow(4999), key: { inPort: 1, ethernet, ethertype: 0x0800 }, mask: { ethertype: exact } }
  const { done, failures } = await dp.putFlows(flows)
  expect(failures.map(({ index, error }) => [index, error.code])).toEqual([[7, 'EINVAL'], [128, 'OVS_INVALID_VALUE'], [4999, 'EINVAL']])
  expect(failures[0]?.error.message).toMatch(/the kernel does not take this key, mask or list of actions \(ovs_flow new: EINVAL/)
  expect(done).toBe(4997)
  const seen = new Set<string>()
  for await (const { key } of dp.flows()) seen.add(key?.ethernet?.src ?? '')
  expect(seen.size).toBe(4997)
  const deleted = await dp.deleteFlows(flows.filter((_, i) => i % 2 === 0))
  expect(deleted.done).toBe(2499)
  expect(deleted.failures.map(({ index, error }) => [index, error.code])).toEqual([[64, 'OVS_INVALID_VALUE']])
  expect((await dp.info()).stats?.flows).toBe(2498n)
})

test('a bulk whose input throws says what was done until then, and of what is no flow at all', async () => {
  const dp = await lab.datapath('flq')
  const flow = (i: number): FlowInput => ({ key: { inPort: 1, ethernet: { src: mac(i) } }, mask: { inPort: exact, ethernet: exact }, actions: [] })
  function* input() {
    for (let i = 0; i < 200; i++) yield flow(i)
    throw new Error('no more')
  }
  const error = await dp.putFlows(input()).then(() => undefined, (each: unknown) => each)
  expect(error).toMatchObject({ code: 'OVS_BULK_INTERRUPTED', result: { done: 128, failures: [] }, unknown: 0, cause: { message: 'no more' } })
  expect((await dp.info()).stats?.flows).toBe(128n)
  const { done, failures } = await dp.putFlows([flow(300), null as unknown as FlowInput, flow(301)])
  expect([done, failures.map(({ index, error: { code } }) => [index, code])]).toEqual([2, [[1, 'OVS_INVALID_VALUE']]])
})

test('a flow that another program made with bits beyond its mask is found as it is reported', async () => {
  const dp = await lab.datapath('flr')
  await lab.ovs.flow.new({ dpIfindex: dp.dpIfindex, key: { inPort: 1, ethernet, ethertype: 0x88cc }, mask: { inPort: exact }, actions: [{ output: 2 }] })
  const [flow] = await all(dp.flows())
  expect(flow?.key?.ethertype).toBe(0x88cc)
  expect(await dp.getFlow({ key: flow?.key ?? {}, mask: flow?.mask })).toMatchObject({ actions: [{ output: 2 }] })
  await dp.deleteFlow({ key: flow?.key ?? {}, mask: flow?.mask })
  expect(await all(dp.flows())).toEqual([])
})

test('a datapath that is deleted while its flows are dumped ends the dump with a sentence', async () => {
  const dp = await lab.datapath('fls')
  await dp.putFlows(Array.from({ length: 3000 }, (_, i) => ({ key: { inPort: 1, ethernet: { src: mac(i) } }, mask: { inPort: exact, ethernet: exact }, actions: [] })))
  const dumped = (async () => {
    for await (const _ of dp.flows()) await dp.delete().catch(() => {})
  })()
  await expect(dumped).rejects.toThrow(/the datapath "fls" is gone/)
})

test('a dump that is left early leaves nothing behind, and the next one is whole', async () => {
  const dp = await lab.datapath('flj')
  await dp.putFlows(Array.from({ length: 3000 }, (_, i) => ({ key: { inPort: 1, ethernet: { src: mac(i) } }, mask: { inPort: exact, ethernet: exact }, actions: [] })))
  for await (const flow of dp.flows()) {
    expect(flow.key?.inPort).toBe(1)
    break
  }
  const [first, second] = await Promise.all([all(dp.flows()), all(dp.flows())])
  expect([first.length, second.length]).toEqual([3000, 3000])
})

test('flows that overlap without being the same are refused with a sentence', async () => {
  const dp = await lab.datapath('flm')
  await dp.putFlow({ key: { inPort: 1, ethernet }, mask: { inPort: exact }, actions: [] })
  await expect(dp.putFlow({ key: { inPort: 1, ethernet, recircId: 1 }, mask: { inPort: exact, recircId: exact }, actions: [] })).rejects.toThrow(/flows must not overlap.*ENOENT/)
})

test('the kernel\'s refusal of a match is explained, and its reason is in its log', async () => {
  const dp = await lab.datapath('flk')
  const bad = dp.putFlow({ key: { inPort: 1, ethernet, ethertype: 0x0800, ipv4: { ...ipv4, proto: 6 } }, actions: [] })
  await expect(bad).rejects.toThrow(/the key needs tcp, because its ipv4\.proto is 6 \(tcp: \{\} if the mask leaves it out\); the key needs tcpFlags, because its ipv4\.proto is 6 \(tcpFlags: 0 .*EINVAL/)
  expect(await dmesg()).toMatch(/Missing key \(keys=/)
  const unexpected = dp.putFlow({ key: { inPort: 1, ethernet, ethertype: 0x0800, ipv4: { proto: 17 }, udp: { dst: 53 } }, mask: { ipv4: { dst: exact }, udp: { dst: exact } }, actions: [] })
  await expect(unexpected).rejects.toThrow(/the mask has ipv4, but does not match ethertype exactly/)
  expect(await dmesg()).toMatch(/Unexpected mask \(mask=/)
  const tag: FlowInput = { key: { inPort: 1, ethernet, ethertype: 0x8100, vlan: vlanTci(5), encap: { ethertype: 0x0800, ipv4: { ...ipv4, proto: 89 } } }, mask: { ethertype: exact, vlan: exact }, actions: [] }
  await expect(dp.putFlow(tag)).rejects.toThrow(/the mask has vlan, but nothing of encap/)
  await dp.putFlow({ ...tag, mask: { ...tag.mask, encap: { ethertype: exact } } })
  await dp.flushFlows()
  await expect(dp.putFlow({ key: { inPort: 1, ethernet }, mask: { skbMark: exact }, actions: [] })).rejects.toThrow(/the mask has skbMark, the key has not/)
  await expect(dp.putFlow({ key: { inPort: 1, ethernet }, actions: [{ pushVlan: { tpid: 0x8100, tci: 5 } }] })).rejects.toThrow(/the kernel does not take these actions: pushVlan: tci lacks the bit 0x1000.*EINVAL/)
  // A kernel's own limits no rule says.
  await expect(dp.putFlow({ key: { inPort: 1, ethernet }, actions: [{ unknown: { number: 99, bytes: new Uint8Array(4) } }] })).rejects.toThrow(/key, mask or list of actions.*kernel log/s)
  expect(await all(dp.flows())).toEqual([])
})

test('a match on a protocol needs no more than the README says', async () => {
  const dp = await lab.datapath('flt')
  const icmp = { key: { ethernet: {}, ethertype: 0x0800, ipv4: { src: '10.0.0.1', proto: 1 } }, mask: { ethertype: exact, ipv4: { src: exact, proto: exact } } } as const
  await dp.putFlow({ ...icmp, actions: [] })
  // Of a line that begins with eth(), ovs-dpctl forgets the comma.
  expect(await dpctl('dump-flows', 'flt')).toMatch(/^eth\(\),?eth_type\(0x0800\),ipv4\(src=10\.0\.0\.1,proto=1\), .*actions:drop\n$/)
  await expect(dp.putFlow({ key: { inPort: 1 }, mask: { inPort: exact }, actions: [] })).rejects.toThrow(/the key needs ethernet \(give \{\} for any frame/)
  await expect(dp.putFlow({ ...icmp } as unknown as FlowInput)).rejects.toThrow(/OVS_FLOW_ATTR_ACTIONS: a flow needs a list of actions.*\[\] drops/s)
})

test('what cannot be encoded is refused before anything is sent, with its place and the remedy', async () => {
  const dp = await lab.datapath('fll')
  const refuse = (flow: FlowInput) => dp.putFlow(flow).then(() => undefined, (error: unknown) => error)
  const wrongs: [FlowInput, RegExp][] = [
    [{ key: { inPort: 1, ethernet: { src: '02:00:00:00:00' } }, actions: [] }, /OVS_FLOW_ATTR_KEY > OVS_KEY_ATTR_ETHERNET > src: must be a MAC address, got "02:00:00:00:00"\nWrite it as aa:bb/],
    [{ key: { inPort: 1 }, mask: { ipv4: { dst: '10.0.0.0/8' } }, actions: [] }, /OVS_FLOW_ATTR_MASK > OVS_KEY_ATTR_IPV4 > dst: must be an IPv4 address/],
    [{ key: { inPort: 1, vlan: 70_000 }, actions: [] }, /OVS_KEY_ATTR_VLAN: must be a whole number from 0 to 65535, got 70000/],
    [{ key: { in_port: 1 } as FlowKeyInput, actions: [] }, /no attribute "in_port".*Write inPort\./s],
    [{ key: { inPort: 1 }, actions: [{ output: 1, popVlan: true } as unknown as ActionInput] }, /exactly one member/],
    [{ key: { inPort: 1 }, actions: [{ output: 1 }, { set: { ipv4: { ttl: 3 } } }] }, /OVS_FLOW_ATTR_ACTIONS > \[1\] > OVS_ACTION_ATTR_SET: must be whole, ipv4 lacks src, dst/],
    [{ key: { inPort: 1 }, actions: [{ setMasked: { key: { skbMark: 0xff }, mask: { skbMark: 0x0f } } }] }, /has bits outside of its mask/],
    [{ key: { inPort: 1 }, ufid: new Uint8Array(17), actions: [] }, /OVS_FLOW_ATTR_UFID: must be 1 to 16 bytes long/],
  ]
  for (const [flow, words] of wrongs) {
    const error = await refuse(flow)
    expect(error).toBeInstanceOf(InvalidValueError)
    expect((error as Error).message).toMatch(words)
  }
  expect(await all(dp.flows())).toEqual([])
})

function mac(i: number): string {
  return `0e:00:00:${[i >> 16, (i >> 8) & 0xff, i & 0xff].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
}

test('a refused action is not blamed on a match that the kernel takes', async () => {
  const dp = await lab.datapath('flx')
  const match = { key: { inPort: 1, ethernet: {}, ethertype: 0x0800, ipv4: { proto: 6 } }, mask: { inPort: exact, ethertype: exact, ipv4: { proto: exact } } } as const
  await dp.putFlow({ ...match, actions: [] })
  await expect(dp.putFlow({ ...match, actions: [{ trunc: { maxLen: 3 } }] })).rejects.toThrow(/does not take these actions: trunc: maxLen must be at least 14, not 3/)
})
