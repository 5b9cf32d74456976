import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { FakeOvs } from './fake-ovs.js'

const REASON = new Error('enough')
const listeners = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length

async function open() {
  const fake = new FakeOvs()
  const ovs = await fake.open()
  return { fake, ovs, dp: await ovs.openDatapath('dp0'), controller: new AbortController() }
}

test.each(['datapaths', 'ports', 'flows'] as const)('%s() of an aborted signal gives nothing', async (name) => {
  const { ovs, dp } = await open()
  const options = { signal: AbortSignal.abort(REASON) }
  const dump = name === 'datapaths' ? ovs.datapaths(options) : dp[name](options)
  await expect(dump.next()).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: REASON })
})

test.each(['putFlows', 'deleteFlows'] as const)('%s() of an aborted signal sends nothing', async (name) => {
  const { fake, dp } = await open()
  const before = fake.sent
  await expect(dp[name]([{ key: {}, actions: [] }], { signal: AbortSignal.abort(REASON) })).rejects.toMatchObject({ code: 'OVS_BULK_INTERRUPTED', cause: { name: 'AbortError' } })
  expect(fake.sent).toBe(before)
})

test('listen() of an aborted signal changes nothing', async () => {
  const { fake, dp } = await open()
  const before = fake.sent
  await expect(dp.listen({ signal: AbortSignal.abort(REASON) })).rejects.toMatchObject({ name: 'AbortError', message: 'listen was aborted', cause: REASON })
  expect(fake.sent).toBe(before)
})

test('listen() that is aborted while it attaches puts back what it changed', async () => {
  const { fake, dp, controller } = await open()
  const { features } = fake
  const listening = dp.listen({ signal: controller.signal })
  controller.abort(REASON)
  await expect(listening).rejects.toMatchObject({ name: 'AbortError', cause: REASON })
  expect(fake.features).toBe(features)
  expect(listeners(controller)).toBe(0)
})

test('a listener closes when its signal is aborted, as with close()', async () => {
  const { fake, dp, controller } = await open()
  const { features } = fake
  const upcalls = await dp.listen({ signal: controller.signal })
  const closed = new Promise<void>((resolve) => upcalls.once('close', resolve))
  expect(fake.features).not.toBe(features)
  controller.abort(REASON)
  await closed
  expect(fake.features).toBe(features)
})

test('a listener that was closed leaves nothing with its signal', async () => {
  const { dp, controller } = await open()
  const upcalls = await dp.listen({ signal: controller.signal })
  expect(listeners(controller)).toBe(1)
  await upcalls.close()
  expect(listeners(controller)).toBe(0)
})
