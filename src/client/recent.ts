/** For how long a touch is remembered, at least; at most twice as long. */
const WINDOW = 1000

/**
 * Who touched what within the last second or two. The kernel announces a change after it has let go
 * of its lock, so on several CPUs the changes of two requesters to one object can be announced in the
 * other order; those of one requester cannot, because it is not asked anew before it has announced.
 */
export class Recent {
  #current = new Map<string, number>()
  #before = new Map<string, number>()
  #since = performance.now()
  #doubtful = -Infinity

  /** All is read now: what is announced next may be older than that. */
  doubt(): void {
    this.#doubtful = performance.now()
  }

  /** Notes a touch; whether somebody else has touched the same lately, so that this may not be the last word. */
  touch(key: string, portId: number): boolean {
    const now = performance.now()
    if (now - this.#since > WINDOW) {
      this.#before = now - this.#since > 2 * WINDOW ? new Map() : this.#current
      this.#current = new Map()
      this.#since = now
    }
    const last = this.#current.get(key) ?? this.#before.get(key)
    this.#current.set(key, portId)
    return now - this.#doubtful < WINDOW || (last !== undefined && last !== portId)
  }
}
