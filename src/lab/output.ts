import { fstatSync, write } from 'node:fs'
import { Writable } from 'node:stream'

/**
 * A descriptor of this process as a stream that never blocks the event loop:
 * on Linux `process.stdout` writes to a pipe synchronously, and a reader that
 * has stopped would keep signals and time limits from being served.
 */
export function descriptorStream(fd: number): Writable {
  const writeAll = (bytes: Buffer, done: (error?: Error | null) => void): void => {
    write(fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(() => writeAll(bytes, done), 10)
      else if (error) done(error)
      else if (written < bytes.length) writeAll(bytes.subarray(written), done)
      else done()
    })
  }
  return new Writable({ highWaterMark: 65_536, write: (chunk: Buffer, _, done) => writeAll(chunk, done) })
}

/** Whether standard input is to reach the command: a pipe or a file does, while a terminal would have to be one inside, too. */
export function hasInput(): boolean {
  try {
    const stat = fstatSync(0)
    return stat.isFIFO() || stat.isFile() || stat.isSocket()
  } catch {
    return false
  }
}
