import { expect, test } from 'vitest'
import { twice } from '../../src/client/as-given.js'
import type { FlowName } from '../../src/client/inputs.js'
import { BulkInterruptedError, type BulkResult } from '../../src/genetlink/bulk.js'
import { exact } from '../../src/netlink/codec.js'
import { Errno } from '../../src/netlink/errno.js'
import { KernelError } from '../../src/netlink/errors.js'

const byKey = (inPort: number): FlowName => ({ key: { inPort }, mask: { inPort: exact } })
const refusal = (errno: number) => new KernelError(errno, 'ovs_flow del')
const naming = { reduced: () => ({ dpIfindex: 1 }), asGiven: (name: FlowName) => ({ ...name, dpIfindex: 1 }) }

/** Asks all, and answers with `results` in turn. */
function asking(...results: (BulkResult | BulkInterruptedError)[]) {
  const asked: FlowName[][] = []
  const ask: Parameters<typeof twice>[1] = async (names, request) => {
    const each: FlowName[] = []
    for await (const name of names) {
      request(name)
      each.push(name)
    }
    asked.push(each)
    const result = results[asked.length - 1] as BulkResult | BulkInterruptedError
    if (result instanceof BulkInterruptedError) throw result
    return result
  }
  return { asked, ask }
}

const failures = (...list: readonly (readonly [index: number, errno: number])[]) => list.map(([index, errno]) => ({ index, error: refusal(errno) }))
const plain = ({ done, failures: failed }: BulkResult) => [done, failed.map(({ index, error }) => [index, (error as KernelError).errno])]
const { ENOENT, EINVAL, ENODEV } = Errno

test('only those are asked again that may have another name, and what fails then has failed, at its first place', async () => {
  const names: FlowName[] = [byKey(0), { ufid: new Uint8Array(1) }, byKey(2), { key: { inPort: 3 } }, byKey(4), byKey(5)]
  const { asked, ask } = asking({ done: 1, failures: failures([1, ENOENT], [2, ENOENT], [3, ENOENT], [4, EINVAL], [5, ENODEV]) }, { done: 1, failures: failures([1, ENOENT]) })
  expect(plain(await twice(names, ask, naming))).toEqual([2, [[1, ENOENT], [3, ENOENT], [4, ENOENT], [5, ENODEV]]])
  expect(asked[1]).toEqual([names[2], names[4]])
})

test('where nothing fails, nothing is asked again', async () => {
  const { asked, ask } = asking({ done: 2, failures: [] })
  expect(await twice([byKey(1), byKey(2)], ask, naming)).toEqual({ done: 2, failures: [] })
  expect(asked).toHaveLength(1)
})

test('interrupted when it asks again, it says what was done by then, and what has failed as before', async () => {
  const first = { done: 1, failures: failures([1, ENOENT], [2, ENOENT], [3, ENOENT], [4, EINVAL]) }
  const { ask } = asking(first, new BulkInterruptedError('ovs_flow bulk', { done: 1, failures: failures([1, ENODEV]) }, 1, new Error('gone')))
  const error = await twice([0, 1, 2, 3, 4].map(byKey), ask, naming).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'OVS_BULK_INTERRUPTED', unknown: 1, cause: { message: 'gone' } })
  expect(plain((error as BulkInterruptedError).result)).toEqual([2, [[2, ENODEV], [4, EINVAL]]])
})
