import { getEventListeners } from 'node:events'
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BulkInterruptedError } from '../../src/index.js'
import { all } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()
const descriptors = () => readdirSync('/proc/self/fd').length
const flow = (i: number) => ({ key: { inPort: 0, ethernet: { src: `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}` } }, actions: [] })

test('a dump that is aborted closes its socket, and the next has all', async () => {
  const dp = await lab.datapath('aba')
  const { done } = await dp.putFlows(Array.from({ length: 400 }, (_, i) => flow(i)))
  expect(done).toBe(400)
  const controller = new AbortController()
  const before = descriptors()
  let seen = 0
  const dumped = (async () => {
    for await (const _ of dp.flows({ signal: controller.signal })) if (++seen === 3) controller.abort('enough')
  })()
  await expect(dumped).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' })
  expect([seen, descriptors() - before <= 0, getEventListeners(controller.signal, 'abort').length]).toEqual([3, true, 0])
  expect(await all(dp.flows())).toHaveLength(400)
})

test('a bulk that is aborted says how many flows it has put', async () => {
  const dp = await lab.datapath('abb')
  const controller = new AbortController()
  async function* flows() {
    for (let i = 0; i < 300; i++) yield flow(i)
    controller.abort()
    yield flow(300)
  }
  const error = await dp.putFlows(flows(), { signal: controller.signal }).catch((each: unknown) => each)
  expect(error).toBeInstanceOf(BulkInterruptedError)
  expect(error).toMatchObject({ cause: { name: 'AbortError' }, unknown: 0, result: { failures: [] } })
  expect(await all(dp.flows())).toHaveLength((error as BulkInterruptedError).result.done)
})

test('a listener that is aborted puts back what it found', async () => {
  const dp = await lab.datapath('abc')
  const before = await dp.features()
  const controller = new AbortController()
  const upcalls = await dp.listen({ signal: controller.signal })
  expect(await dp.features()).not.toEqual(before)
  const closed = new Promise<void>((resolve) => upcalls.once('close', resolve))
  controller.abort()
  await closed
  expect(await dp.features()).toEqual(before)
})
