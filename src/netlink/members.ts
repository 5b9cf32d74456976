import { InvalidValueError } from './errors.js'

/** The names of all members of `T`; the compiler holds them complete: `{ rate: true, … } satisfies MemberNames<MeterOptions>`. */
export type MemberNames<T> = { readonly [K in keyof T]-?: true }

/** What is given as options, or to make something, has the members of `names` and no others. @throws InvalidValueError */
export function checkMembers<T>(value: T, what: string, names: MemberNames<NoInfer<T>>): void {
  const known = Object.keys(names)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidValueError(`${what} must be an object with ${known.join(', ')}`, value)
  for (const member in value) {
    if (!Object.hasOwn(names, member)) throw new InvalidValueError(`${what} has no member ${JSON.stringify(member)}`, value, `Its members are ${known.join(', ')}.${hint(member, known)}`)
  }
}

/** ` The nearest is portNo.`, where one of these names is near enough to be meant. */
export function hint(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined || known.length < 2 ? '' : ` The nearest is ${near}.`
}

/** That of the names which takes the fewest changes of letters, no more than every second one; case and `_` do not count. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = plain(name)
  // Longer ones are nobody's slip, and distances take time.
  if (wanted.length > 64) return undefined
  let best: string | undefined
  let least = Math.floor(wanted.length / 2) + 1
  for (const each of known) {
    const changes = distance(wanted, plain(each))
    if (changes < least) [best, least] = [each, changes]
  }
  return best
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll('_', '')
}

/** Levenshtein's: letters put in, left out or exchanged. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const exchanged = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(exchanged, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
