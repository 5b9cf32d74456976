import { InvalidValueError } from './errors.js'

/** How an inbox tells whoever fills it. */
export interface InboxHooks {
  /** There is room again. */
  room(): void
  /** Its reader has left: nothing more is wanted. */
  left(): void
}

/**
 * What has arrived and waits for one reader, in order: an async iterator over values that come by
 * themselves. It never refuses a value; whoever fills it looks at {@link full} and stops its source
 * meanwhile, so that a slow reader costs a bounded amount of memory.
 */
export class Inbox<T> implements AsyncIterableIterator<T, void, void> {
  readonly #limit: number
  readonly #hooks: InboxHooks
  #values: T[] = []
  #taken = 0
  readonly #waiting: { resolve(result: IteratorResult<T, void>): void; reject(error: unknown): void }[] = []
  #ended = false
  #failure: { readonly error: unknown } | undefined

  /**
   * @param limit From how many waiting values on it is full; a whole number from 1 on.
   * @throws InvalidValueError
   */
  constructor(limit: number, hooks: InboxHooks) {
    if (!Number.isInteger(limit) || limit < 1) throw new InvalidValueError('a limit is a whole number from 1 on', limit)
    this.#limit = limit
    this.#hooks = hooks
  }

  /** As many values wait as should at most. */
  get full(): boolean {
    return this.#values.length - this.#taken >= this.#limit
  }

  /** Adds a value, or hands it to a reader that waits. Behind the end it is dropped. */
  put(value: T): void {
    if (this.#ended) return
    const reader = this.#waiting.shift()
    if (reader === undefined) this.#values.push(value)
    else reader.resolve({ done: false, value })
  }

  /** Nothing more comes; what waits can still be read, and behind it, where there is one, the failure is thrown. */
  end(failure?: { readonly error: unknown }): void {
    if (this.#ended) return
    this.#ended = true
    this.#failure = failure
    for (const reader of this.#waiting.splice(0)) this.#finish().then(reader.resolve, reader.reject)
  }

  /** The next value; waits for it. */
  next(): Promise<IteratorResult<T, void>> {
    if (this.#taken < this.#values.length) {
      const was = this.full
      const value = this.#values[this.#taken] as T
      this.#values[this.#taken++] = undefined as T
      // Taking away from the front of a long array copies it: only every so often.
      if (this.#taken >= 1024 || this.#taken === this.#values.length) {
        this.#values = this.#values.slice(this.#taken)
        this.#taken = 0
      }
      if (was && !this.full) this.#hooks.room()
      return Promise.resolve({ done: false, value })
    }
    if (this.#ended) return this.#finish()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** The reader leaves: what waits is dropped. */
  return(): Promise<IteratorResult<T, void>> {
    this.#values = []
    this.#taken = 0
    this.end()
    this.#failure = undefined
    this.#hooks.left()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The failure is thrown once. */
  #finish(): Promise<IteratorResult<T, void>> {
    const failure = this.#failure
    this.#failure = undefined
    return failure === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure.error)
  }
}
