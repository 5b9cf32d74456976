import { BulkInterruptedError, type BulkFailure, type BulkResult } from '../genetlink/bulk.js'
import { Errno } from '../netlink/errno.js'
import { KernelError } from '../netlink/errors.js'
import type { FlowRequest } from '../ovs/flow.js'
import type { FlowName } from './inputs.js'

/**
 * Whether a flow that was not found, or whose name was refused, may have been made by another program with a key
 * beyond its mask: then it is named by that key, as the kernel reports it.
 */
export function mayBeAsGiven(name: FlowName, error: unknown): boolean {
  return error instanceof KernelError && (error.errno === Errno.ENOENT || error.errno === Errno.EINVAL) && 'key' in name && name.mask !== undefined
}

type Names = Iterable<FlowName> | AsyncIterable<FlowName>
type Naming = (name: FlowName) => FlowRequest

/** Asks by reduced keys, and then again by the keys as given for those that {@link mayBeAsGiven}. @throws BulkInterruptedError */
export async function twice(names: Names, ask: (names: Names, naming: Naming) => Promise<BulkResult>, { reduced, asGiven }: { reduced: Naming; asGiven: Naming }): Promise<BulkResult> {
  const byKey = new Map<number, FlowName>()
  let count = 0
  const first = await ask(names, (name) => {
    if (typeof name === 'object' && name !== null && 'key' in name && name.mask !== undefined) byKey.set(count, name)
    count++
    return reduced(name)
  })
  const failures = first.failures.filter(({ index, error }) => byKey.has(index) && mayBeAsGiven(byKey.get(index) as FlowName, error))
  if (failures.length === 0) return first
  try {
    return both(first, failures, await ask(failures.map((each) => byKey.get(each.index) as FlowName), asGiven))
  } catch (error) {
    if (!(error instanceof BulkInterruptedError)) throw error
    throw new BulkInterruptedError('a bulk, asked again by the keys as given,', both(first, failures, error.result, error.unknown), error.unknown, error.cause)
  }
}

/** `second` is of some of the first's failures: those that it did not come to have failed as before, of `unknown` more it is not known. */
function both(first: BulkResult, again: readonly BulkFailure[], second: BulkResult, unknown = 0): BulkResult {
  const failed = new Map(second.failures.map(({ index, error }) => [index, error]))
  const asked = second.done + second.failures.length + unknown
  const failures = new Map(first.failures.map((failure) => [failure.index, failure]))
  for (const [i, { index }] of again.slice(0, asked).entries()) {
    const error = failed.get(i)
    if (error === undefined) failures.delete(index)
    else failures.set(index, { index, error })
  }
  return { done: first.done + second.done, failures: [...failures.values()] }
}
