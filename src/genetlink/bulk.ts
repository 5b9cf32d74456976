import { type InvalidValueError, type KernelError, OvsError } from '../netlink/errors.js'

/** What became of a bulk. */
export interface BulkResult {
  /** How many the kernel carried out. */
  done: number
  /** Those that were refused, or were not sent because they cannot be encoded, in the order of the input. */
  failures: BulkFailure[]
}

/** One that failed. */
export interface BulkFailure {
  /** Its place in the input, from 0. */
  index: number
  /** Why: the kernel's refusal, or what cannot be encoded. */
  error: KernelError | InvalidValueError
}

/**
 * A bulk ended before its input did: the input itself threw, the socket failed, or it was aborted. What had been
 * sent until then is in {@link result}; of the requests that were under way when a socket failed,
 * the outcome is not known. Code `OVS_BULK_INTERRUPTED`.
 */
export class BulkInterruptedError extends OvsError {
  /** What became of the requests before. */
  readonly result: BulkResult
  /** How many requests were sent whose outcome is not known. */
  readonly unknown: number

  constructor(what: string, result: BulkResult, unknown: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super('OVS_BULK_INTERRUPTED', `${what} ended before its input did, with ${result.done} done: ${reason}`, { cause })
    this.result = result
    this.unknown = unknown
  }
}
