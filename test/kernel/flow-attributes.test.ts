import { expect, test } from 'vitest'
import { exact, type FlowKeyInput, type FlowMask, UfidFlags } from '../../src/index.js'
import { all } from './support/commands.js'
import { logs, logsNothing } from './support/log.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()
const ethernet = { src: '02:00:00:00:00:02', dst: '02:00:00:00:00:01' }
const key: FlowKeyInput = { recircId: 1, ethernet, ethertype: 0x0800, ipv4: { proto: 6 }, tcp: {}, tcpFlags: 0 }
const mask: FlowMask = { recircId: exact, ethertype: exact, ipv4: { proto: exact } }

/** A TCP segment in a frame. */
function segment(flags: number): Uint8Array {
  const bytes = new Uint8Array(60)
  bytes.set([0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02, 0x08, 0x00, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2])
  bytes.set([0x50, flags], 46)
  return bytes
}

test('each UFID flag leaves out what it says, of one flow and of a dump; without a UFID the key stays', async () => {
  const dp = await lab.datapath('fla')
  const ufid = new Uint8Array([7])
  await dp.putFlow({ ufid, key, mask, actions: [{ output: 2 }] })
  const { dpIfindex } = dp
  const members = async (ufidFlags: number) => {
    const got = await lab.ovs.flow.get({ dpIfindex, ufid, ufidFlags })
    const [dumped] = await all(lab.ovs.flow.dump({ dpIfindex, ufidFlags }))
    expect(dumped).toEqual(got)
    return ['key', 'mask', 'actions'].filter((name) => Object.hasOwn(got, name))
  }
  expect(await members(0)).toEqual(['key', 'mask', 'actions'])
  expect(await members(UfidFlags.omitKey)).toEqual(['mask', 'actions'])
  expect(await members(UfidFlags.omitMask)).toEqual(['key', 'actions'])
  expect(await members(UfidFlags.omitActions)).toEqual(['key', 'mask'])
  expect(await members(UfidFlags.omitKey | UfidFlags.omitMask | UfidFlags.omitActions)).toEqual([])
  await dp.flushFlows()
  await dp.putFlow({ key, mask, actions: [{ output: 2 }] })
  const [flow] = await all(dp.flows({ terse: true }))
  expect(Object.keys(flow ?? {})).toEqual(['dpIfindex', 'key'])
})

test('a UFID has 1 to 16 bytes', async () => {
  const dp = await lab.datapath('flb')
  for (const size of [1, 3, 15, 16]) {
    const ufid = new Uint8Array(size).fill(size)
    await dp.putFlow({ ufid, key, mask, actions: [] })
    expect((await dp.getFlow({ ufid })).ufid).toEqual(ufid)
    await dp.deleteFlow({ ufid })
  }
})

test('flags of TCP are gathered, and the time is that of the last packet; a clear forgets all of it', async () => {
  const dp = await lab.datapath('flc')
  const ufid = new Uint8Array([1])
  await dp.putFlow({ ufid, key, mask, actions: [] })
  const earliest = process.hrtime.bigint() / 1_000_000n
  for (const flags of [0x02, 0x10]) await dp.execute({ packet: segment(flags), actions: [{ recirc: 1 }] })
  const flow = await dp.getFlow({ ufid })
  expect(flow).toMatchObject({ tcpFlags: 0x12, stats: { packets: 2n, bytes: 120n } })
  // The kernel counts in ticks, of 10 ms at most.
  expect(Number((flow.used ?? 0n) - earliest)).toBeGreaterThanOrEqual(-20)
  expect(flow.used).toBeLessThanOrEqual(process.hrtime.bigint() / 1_000_000n + 20n)
  await lab.ovs.flow.set({ dpIfindex: dp.dpIfindex, ufid, clear: true })
  const cleared = await dp.getFlow({ ufid })
  for (const name of ['used', 'tcpFlags', 'stats']) expect(cleared).not.toHaveProperty(name)
})

test('a probe is refused without a word in the log; one that is not refused makes the flow', async () => {
  const dp = await lab.datapath('fld')
  const refuse = (probe: boolean) => expect(dp.putFlow({ key: { ethernet, ethertype: 0x0800 }, actions: [], probe })).rejects.toMatchObject({ code: 'EINVAL' })
  await logs(() => refuse(false))
  await logsNothing(() => refuse(true))
  await dp.putFlow({ key, mask, actions: [], probe: true })
  expect(await all(dp.flows())).toHaveLength(1)
})
