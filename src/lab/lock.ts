import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Lock {
  release(): Promise<void>
}

/**
 * Waits for an exclusive lock on `path`. The lock is the kernel's own
 * (`flock`), held by a helper that ends when our end of its pipe closes: so it
 * is given back however this process ends, and a stale one cannot exist.
 *
 * `onWait` is called once if another process holds the lock.
 */
export async function acquire(path: string, options: { onWait?: () => void; shared?: boolean; signal?: AbortSignal } = {}): Promise<Lock> {
  const mode = options.shared === true ? '--shared' : '--exclusive'
  const holder = spawn('flock', [mode, '--no-fork', path, 'cat'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
  const waiting = setTimeout(() => options.onWait?.(), 500)
  const abort = (): void => void holder.kill('SIGKILL')
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    // `cat` gives the byte back once it runs, which is once the lock is ours.
    holder.stdin.on('error', () => {})
    holder.stdin.write('.')
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(() => { throw options.signal?.reason ?? new Error(`cannot lock ${path}`) }),
    ])
  } finally {
    clearTimeout(waiting)
    options.signal?.removeEventListener('abort', abort)
  }
  holder.unref()
  return {
    async release() {
      if (holder.exitCode !== null) return
      // Unheld while the lock is held, its end must keep the process alive: or Node ends here, with status 13.
      holder.ref()
      const gone = once(holder, 'exit')
      holder.stdin.end()
      await gone
    },
  }
}
