import type { Readable } from 'node:stream'
import type { Machine } from './machine.js'

/**
 * Carries the command's input over its line: a serial line knows no end of
 * file, so each piece goes with its length before it, and a length of 0 ends it.
 */
export function feed(source: Readable, lab: Machine): void {
  const line = lab.stdin
  void (async () => {
    // Before the command begins, the line is not yet in the mode that carries every byte.
    await lab.started
    for await (const piece of source) {
      const bytes = Buffer.from(piece as Buffer)
      for (let start = 0; start < bytes.length; start += 65_536) {
        const part = bytes.subarray(start, start + 65_536)
        line.write(`${part.length}\n`)
        if (!line.write(part)) await new Promise((resolve) => line.once('drain', resolve).once('close', resolve))
        if (line.destroyed) return
      }
    }
    line.write('0\n')
  })().catch(() => {
    // What cannot be read any further ends here, as a broken pipe does.
    line.write('0\n')
  })
}
