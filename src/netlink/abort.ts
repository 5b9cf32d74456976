import { AbortError, InvalidValueError } from './errors.js'
import type { MemberNames } from './members.js'

/** What can last and be given up. */
export interface AbortOptions {
  /** Ends it with an {@link AbortError}. Nothing stays registered with the signal when it is over. */
  signal?: AbortSignal | undefined
}

/** @internal */
export const ABORT_OPTIONS: MemberNames<AbortOptions> = { signal: true }

/** @throws AbortError, InvalidValueError (what is no signal) */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal === undefined) return
  if (typeof signal !== 'object' || signal === null || typeof signal.aborted !== 'boolean') throw new InvalidValueError(`what aborts ${what} must be an AbortSignal`, signal, 'Give the signal of an AbortController.')
  if (signal.aborted) throw new AbortError(what, signal)
}

interface Heard {
  readonly listeners: Set<() => void>
  readonly hear: () => void
}

/** Node warns of a leak from the eleventh listener of a signal on, and a program may well have more requests under way: they share one. */
const heard = new WeakMap<AbortSignal, Heard>()

/** Calls `listener` once when the signal is aborted, unless the function that is returned was called before. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let shared = heard.get(signal)
  if (shared === undefined) {
    const listeners = new Set<() => void>()
    const hear = () => {
      heard.delete(signal)
      for (const each of listeners) each()
    }
    shared = { listeners, hear }
    heard.set(signal, shared)
    signal.addEventListener('abort', hear, { once: true })
  }
  const { listeners, hear } = shared
  const own = () => listener()
  listeners.add(own)
  return () => {
    if (!listeners.delete(own) || listeners.size > 0 || heard.get(signal)?.hear !== hear) return
    heard.delete(signal)
    signal.removeEventListener('abort', hear)
  }
}

/**
 * The promise's outcome, or an `AbortError` as soon as the signal is aborted; what becomes of the
 * promise then is nobody's business any more. Nothing of it stays with the signal.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(new AbortError(what, signal)))
    promise.then(resolve, reject).finally(forget)
    if (signal.aborted) reject(new AbortError(what, signal))
  })
}

/**
 * The values one after the other, until the signal is aborted: also while the next one is waited
 * for. An input that is aborted is told to end, but not waited for, because it may be what does not end.
 */
export async function* abortable<V>(values: Iterable<V> | AsyncIterable<V>, signal: AbortSignal, what: string): AsyncGenerator<V, void, void> {
  const asynchronous = Symbol.asyncIterator in values
  const iterator = asynchronous ? values[Symbol.asyncIterator]() : values[Symbol.iterator]()
  let ended = false
  try {
    for (;;) {
      throwIfAborted(signal, what)
      const next = iterator.next()
      const { done, value } = asynchronous ? await unlessAborted(Promise.resolve(next), signal, what) : (next as IteratorResult<V>)
      if (done === true) {
        ended = true
        return
      }
      yield value
    }
  } finally {
    const end = ended ? undefined : iterator.return?.()
    if (signal.aborted) Promise.resolve(end).catch(() => {})
    else await end
  }
}
