import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyFamily } from '../../../src/genetlink/family.js'
import { encodedAgain, type RecordedMessage } from '../../uapi/again.js'

/** So many are kept for the fixtures, none longer than that. */
const MOST = 160
const LONGEST = 1024

/** Messages that the kernel sent: all must be the same bytes again; one of each kind is kept. */
export class Messages {
  readonly #kept = new Map<string, RecordedMessage>()
  readonly #wrong: string[] = []

  /** `payload` is what follows `struct nlmsghdr`; `names` are what it holds. */
  add({ name }: AnyFamily, names: readonly string[], payload: Uint8Array): void {
    const message: RecordedMessage = { family: name, payload: Buffer.from(payload).toString('hex') }
    const problem = encodedAgain(message)
    if (problem !== undefined && this.#wrong.length < 10) this.#wrong.push(problem)
    const kind = `${name} ${payload[0]} ${names.join()}`
    if (!this.#kept.has(kind) && this.#kept.size < MOST && payload.length <= LONGEST) this.#kept.set(kind, message)
  }

  /** Writes down those that were kept. @throws Error about those that were other bytes. */
  write(folder: string, release: string): void {
    writeFileSync(join(folder, `messages-${release}.json`), `${JSON.stringify([...this.#kept.values()], undefined, 1)}\n`)
    if (this.#wrong.length > 0) throw new Error(`what the kernel sent is other bytes when it is encoded again:\n${this.#wrong.splice(0).join('\n')}`)
  }
}
