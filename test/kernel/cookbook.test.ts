import { expect, test, vi } from 'vitest'
import * as sdk from '../../src/index.js'
import { isSince, whole } from './support/action-tests.js'
import { all } from './support/commands.js'
import { NAMES, snippets } from './support/cookbook.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()
const AsyncFunction = (async () => {}).constructor as new (...source: string[]) => (...given: unknown[]) => Promise<void>

test('every snippet of docs/flows.md does in a kernel what it says', async () => {
  const dp = await lab.datapath('cook')
  const put = vi.spyOn(dp, 'putFlow')
  const found = snippets()
  expect(found.length).toBeGreaterThan(20)
  const { zone } = (await lab.ovs.capabilities()).ct
  for (const { what, code, since, needsZones } of found) {
    put.mockClear()
    const made = await new AsyncFunction('dp', ...NAMES, code)(dp, ...NAMES.map((name) => sdk[name])).then(() => 'taken', (error: { code?: string }) => error.code ?? error)
    const isTaken = isSince(since) && (!needsZones || zone === true)
    expect([what, made]).toEqual([what, isTaken ? 'taken' : 'EINVAL'])
    const flows = isTaken ? put.mock.calls.map(([flow]) => flow) : []
    expect([what, (await all(dp.flows())).length]).toEqual([what, flows.length])
    for (const { key, mask, actions } of flows) {
      const read = await dp.getFlow({ key, mask })
      const withoutZone = read.actions?.map((action) => ('ct' in action && action.ct.zone === 0 ? { ct: { ...action.ct, zone: undefined } } : action))
      expect([what, withoutZone]).toEqual([what, whole(actions)])
    }
    await dp.flushFlows()
  }
})

test('a mask that covers nothing of a tunnel\'s destination has it reported with all bits set', async () => {
  const dp = await lab.datapath('cooktun')
  const { exact } = sdk
  await dp.putFlow({ key: { inPort: 2, ethernet: {}, tunnel: { id: 7n, ipv4Dst: '192.0.2.1', ttl: 0 } }, mask: { inPort: exact, tunnel: { id: exact } }, actions: [] })
  expect((await all(dp.flows()))[0]?.key?.tunnel?.ipv4Dst).toBe('255.255.255.255')
})
