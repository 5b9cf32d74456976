import { beforeAll, expect, test } from 'vitest'
import { type Datapath, exact, type FlowKey, type TunnelKeyInput, type Upcall, type VportTypeName } from '../../src/index.js'
import { all, ip, until } from './support/commands.js'
import { ethernet } from './support/key-cases.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()

/** Of an ethertype that nothing else sends. */
const FRAME = new Uint8Array([0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01, 0x88, 0xb5, ...new Uint8Array(46)])
const ends = { ipv4Src: '127.0.0.1', ipv4Dst: '127.0.0.1', ttl: 64 }
const geneveOpts = [{ class: 0x102, type: 1, data: new Uint8Array([1, 2, 3, 4]) }, { class: 0xffff, type: 2, data: new Uint8Array() }]

/** What is sent through a tunnel to ourselves, and what comes with the packet that arrives. */
const TUNNELS: readonly [type: VportTypeName, dstPort: number | undefined, sent: TunnelKeyInput, arrives: FlowKey['tunnel']][] = [
  ['vxlan', 4789, { id: 42n, ...ends }, { id: 42n, ...ends, tpDst: 4789 }],
  ['geneve', 6081, { id: 0xabcdefn, tos: 4, ...ends, oam: true, geneveOpts }, { id: 0xabcdefn, tos: 4, ...ends, oam: true, geneveOpts, tpDst: 6081 }],
  ['gre', undefined, { id: 7n, ...ends }, { id: 7n, ...ends }],
]

beforeAll(() => ip('link', 'set', 'lo', 'up'))

/** Sends the frame into the tunnel port, with these outer headers. */
function send(dp: Datapath, port: number, tunnel: TunnelKeyInput, egressTunPort?: number): Promise<void> {
  const egress = egressTunPort === undefined ? [] : [{ userspace: { pid: 1, egressTunPort } }]
  return dp.execute({ packet: FRAME, inPort: 0, actions: [{ set: { tunnel } }, ...egress, { output: port }] })
}

test.each(TUNNELS)('a packet through %s comes up with its outer headers, which a flow can match', async (type, dstPort, sent, arrives) => {
  const dp = await lab.datapath('ktn')
  const port = await dp.addPort('ktn1', { type, ...(dstPort === undefined ? {} : { dstPort }) })
  await using upcalls = await dp.listen()
  const misses: Upcall[] = []
  const actions: Upcall[] = []
  upcalls.on('miss', (packet) => packet.key.ethertype === 0x88b5 && misses.push(packet))
  upcalls.on('action', (packet) => actions.push(packet))

  await send(dp, port.portNo, sent, port.portNo)
  await until(() => misses.length > 0 && actions.length > 0)
  // The source port is a hash of what is within.
  const { tpSrc: _, ...tunnel } = misses[0]?.key.tunnel ?? {}
  expect(tunnel).toEqual(arrives)
  expect(actions[0]?.message.egressTunKey).toMatchObject({ id: sent.id, ipv4Dst: ends.ipv4Dst, ttl: ends.ttl, ...(dstPort === undefined ? {} : { tpDst: dstPort }) })

  const { key } = misses[0] as Upcall
  await dp.putFlow({ key, mask: { inPort: exact, ethertype: exact, tunnel: { id: exact } }, actions: [] })
  await send(dp, port.portNo, sent)
  await until(async () => (await all(dp.flows())).some(({ stats }) => stats?.packets === 1n))
  expect(misses).toHaveLength(1)
})

test('packets of other tunnels that the same flow matches have the same name', async () => {
  const dp = await lab.datapath('ktm')
  const tunnels: readonly TunnelKeyInput[] = [{ ...ends, id: 1n }, { ...ends, id: 1n, ipv4Dst: '192.0.2.1', tos: 4, tpSrc: 1, csum: true, geneveOpts }, { id: 1n, ipv4Dst: '192.0.2.2', ttl: 1, vxlanOpts: { gbp: 1 } }]
  for (const [i, tunnel] of tunnels.entries()) await dp.putFlow({ key: { inPort: 1, ethernet, tunnel }, mask: { inPort: exact, tunnel: { id: exact } }, actions: [{ output: i }] })
  expect((await all(dp.flows())).map(({ actions }) => actions)).toEqual([[{ output: tunnels.length - 1 }]])
})

test('so have stacks of other labels, and other NSH', async () => {
  const dp = await lab.datapath('kto')
  const label = (each: number) => ({ label: each, ttl: 64 })
  for (const mpls of [[label(1)], [label(2), label(3)], [label(4), label(5), label(6)]]) {
    await dp.putFlow({ key: { inPort: 1, ethernet, ethertype: 0x8847, mpls }, mask: { inPort: exact, ethertype: exact }, actions: [] })
    await dp.putFlow({ key: { inPort: 2, ethernet, ethertype: 0x8847, mpls: [label(9), ...mpls].slice(0, 3) }, mask: { inPort: exact, ethertype: exact, mpls: [{ label: exact }] }, actions: [] })
  }
  for (const [mdtype, context] of [[1, [1, 2, 3, 4]], [1, [1, 0, 0, 9]], [2, undefined]] as const) {
    const nsh = { base: { mdtype, np: 3 }, ...(context === undefined ? {} : { md1: { context } }) }
    await dp.putFlow({ key: { inPort: 3, ethernet, ethertype: 0x894f, nsh }, mask: { inPort: exact, ethertype: exact, nsh: { base: { np: exact } } }, actions: [] })
    if (context !== undefined) await dp.putFlow({ key: { inPort: 4, ethernet, ethertype: 0x894f, nsh }, mask: { inPort: exact, ethertype: exact, nsh: { md1: { context: [0xffff_ffff, 0, 0, 0] } } }, actions: [] })
  }
  expect((await all(dp.flows())).map(({ key }) => key?.inPort).toSorted()).toEqual([1, 2, 3, 4])
})
