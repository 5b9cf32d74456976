import { expect, test } from 'vitest'
import { type Datapath, type FlowKeyInput, PacketHash, type PacketInput, type Upcall } from '../../src/index.js'
import { isSince } from './support/action-tests.js'
import { until } from './support/commands.js'
import { logs, logsNothing } from './support/log.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()
const ethernet = { src: '02:00:00:00:00:02', dst: '02:00:00:00:00:01' }

/** A frame of 80 bytes, of an ethertype that nothing else sends. */
function frame(): Uint8Array {
  const bytes = new Uint8Array(80)
  bytes.set([0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, 0x88, 0xb5])
  return bytes
}

/** What comes up when this is executed, with the action `userspace` last. */
async function sentUp(dp: Datapath, input: Omit<PacketInput, 'packet' | 'actions'> & Partial<PacketInput>): Promise<Upcall> {
  await using upcalls = await dp.listen({ dispatch: 'perVport' })
  const found: Upcall[] = []
  upcalls.on('action', (upcall) => found.push(upcall))
  await dp.execute({ packet: frame(), ...input, actions: [...(input.actions ?? []), { userspace: { pid: upcalls.portId } }] })
  await until(() => found.length === 1)
  return found[0] as Upcall
}

test.each<[string, FlowKeyInput]>([
  ['the mark', { skbMark: 5 }],
  ['the priority', { priority: 6 }],
  ['the recirculation id', { recircId: 7 }],
  ['the hash of the datapath', { dpHash: 8 }],
  ['the tunnel', { tunnel: { id: 9n, ipv4Src: '10.0.0.1', ipv4Dst: '10.0.0.2', tos: 4, ttl: 64, csum: true, tpSrc: 1000, tpDst: 4789, vxlanOpts: { gbp: 3 } } }],
])('%s that a packet is executed with is in its upcall\'s key', async (_what, key) => {
  const upcall = await sentUp(await lab.datapath('pka'), { key })
  expect(upcall.key).toMatchObject({ ...key, ethernet, ethertype: 0x88b5 })
})

test('of the key that a packet is executed with, what its bytes say counts for nothing', async () => {
  const upcall = await sentUp(await lab.datapath('pkb'), { key: { skbMark: 5, ethernet: {}, ethertype: 0x0806, arp: { op: 1 } } })
  expect(upcall.key).toMatchObject({ skbMark: 5, ethernet, ethertype: 0x88b5 })
  expect(upcall.key.arp).toBeUndefined()
})

test('a packet without an Ethernet header says its type in its key', async () => {
  const packet = new Uint8Array(40)
  packet.set([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 89, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2])
  const upcall = await sentUp(await lab.datapath('pkc'), { packet, key: { ethertype: 0x0800 } })
  expect(upcall.key).toMatchObject({ ethertype: 0x0800, ipv4: { src: '10.0.0.1', dst: '10.0.0.2', proto: 89, ttl: 64 } })
  expect(upcall.key.ethernet).toBeUndefined()
  expect(new Uint8Array(upcall.packet)).toEqual(packet)
})

test('the largest fragment that a packet was of comes with its upcall', async () => {
  const dp = await lab.datapath('pkd')
  expect((await sentUp(dp, { mru: 1400 })).message.mru).toBe(1400)
  expect((await sentUp(dp, {})).message).not.toHaveProperty('mru')
})

test.each([
  ['software, over ports', 0x1234_5678n | PacketHash.sw | PacketHash.l4],
  ['hardware, over addresses', 0x1234_5678n],
])('the hash that a packet is executed with comes with its upcall: of %s', async (_what, hash) => {
  expect((await sentUp(await lab.datapath('pke'), { hash })).message.hash).toBe(hash)
})

test('a packet that is cut short comes up with the length that it had', async () => {
  const dp = await lab.datapath('pkf')
  const upcall = await sentUp(dp, { actions: [{ trunc: { maxLen: 20 } }] })
  expect([upcall.packet.length, upcall.message.len]).toEqual([20, 80])
  expect((await sentUp(dp, {})).message).not.toHaveProperty('len')
})

test('the port id for upcalls that an execute gives goes before the action\'s, where the kernel knows it', async () => {
  const dp = await lab.datapath('pkg')
  await using upcalls = await dp.listen({ dispatch: 'perVport' })
  await using elsewhere = await (await lab.datapath('pkh')).listen({ dispatch: 'perVport' })
  const found: Upcall[] = []
  upcalls.on('action', (upcall) => found.push(upcall))
  await dp.execute({ packet: frame(), upcallPid: upcalls.portId, actions: [{ userspace: { pid: elsewhere.portId } }] })
  const known = isSince([6, 17])
  await until(() => (known ? found.length : elsewhere.counts.foreign) === 1)
  expect([found.length, elsewhere.counts.foreign]).toEqual(known ? [1, 0] : [0, 1])
})

test('what cannot be executed is explained', async () => {
  const dp = await lab.datapath('pki')
  await expect(dp.execute({ packet: frame(), actions: [{ trunc: { maxLen: 1 } }] })).rejects.toThrow(/the kernel does not take these actions: trunc: maxLen must be at least 14, not 1 .*EINVAL/)
  const upcall = await sentUp(dp, {})
  await expect(upcall.execute([{ popNsh: true }])).rejects.toThrow(/does not take these actions: popNsh: the flow must match ethertype 0x894f/)
})

test('the kernel logs why it does not execute something, unless it is a probe', async () => {
  const dp = await lab.datapath('pkj')
  const refuse = (probe: boolean) => expect(dp.execute({ packet: frame(), probe, actions: [{ ct: {} }] })).rejects.toMatchObject({ code: 'EINVAL' })
  await logs(() => refuse(false))
  await logsNothing(() => refuse(true))
})
