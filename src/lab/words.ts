import { readFileSync } from 'node:fs'

/** Words of a command line or an environment: text, or the exact bytes where they are no UTF-8. */
export type Word = string | Uint8Array

/** Words with a NUL after each, as the programs inside the lab read them. Throws a `RangeError` on a NUL within. */
export function joinWords(words: readonly Word[]): Buffer {
  const nul = Buffer.from([0])
  return Buffer.concat(words.flatMap((word) => {
    const bytes = Buffer.from(word as string)
    if (bytes.includes(0)) throw new RangeError('a word of a command holds a NUL character')
    return [bytes, nul]
  }))
}

function splitWords(bytes: Buffer): Buffer[] {
  const words: Buffer[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start)
    words.push(bytes.subarray(start, end < 0 ? bytes.length : end))
    start = end < 0 ? bytes.length : end + 1
  }
  return words
}

/**
 * The last `words.length` arguments of this process with their exact bytes:
 * Node decodes arguments as UTF-8 and loses what is none.
 */
export function exactArguments(words: readonly string[], raw = readFileSync('/proc/self/cmdline')): Word[] {
  const given = splitWords(raw).slice(-words.length)
  return words.map((word, index) => (given.length === words.length && given[index]!.toString() === word ? given[index]! : word))
}

/** The entries `NAME=value` of an environment; this process's own keep the bytes they came with. */
export function environmentWords(env: NodeJS.ProcessEnv, raw = readFileSync('/proc/self/environ')): Word[] {
  const given = new Map(splitWords(raw).map((word) => [word.toString(), word]))
  return Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined) return []
    const text = `${name}=${name === 'PATH' ? withSystemFolders(value) : value}`
    return [given.get(text) ?? text]
  })
}

/** Inside the lab the command is root, who expects to find `ip` and `modprobe`. */
export function withSystemFolders(path: string): string {
  const folders = path.split(':')
  for (const folder of ['/usr/local/sbin', '/usr/sbin', '/sbin']) if (!folders.includes(folder)) folders.push(folder)
  return folders.join(':')
}
