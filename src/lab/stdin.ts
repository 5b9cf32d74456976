import type { Readable, Writable } from 'node:stream'
import type { Machine } from './machine.js'

/**
 * Carries the command's input over its line: a serial line knows no end of
 * file, so each piece goes with its length before it, and a length of 0 ends it.
 */
export function feed(source: Readable, lab: Machine): void {
  const line = lab.stdin
  // A source that goes on for ever would keep this process alive.
  line.once('close', () => source.destroy())
  void (async () => {
    // Before the command begins, the line is not yet in the mode that carries every byte.
    await lab.started
    for await (const piece of source) {
      const bytes = Buffer.from(piece as Buffer)
      for (let start = 0; start < bytes.length; start += 65_536) {
        const part = bytes.subarray(start, start + 65_536)
        line.write(lengthOf(part))
        if (!line.write(part)) await drained(line)
        if (line.destroyed) return
      }
    }
    line.write(lengthOf(empty))
  })().catch(() => {
    // What cannot be read any further ends here, as a broken pipe does.
    line.write(lengthOf(empty))
  })
}

async function drained(line: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      line.removeListener('drain', done).removeListener('close', done)
      resolve()
    }
    line.on('drain', done).on('close', done)
  })
}

const empty = new Uint8Array()

function lengthOf(part: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(part.length)
  return bytes
}
