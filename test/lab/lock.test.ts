import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { acquire } from '../../src/lab/lock.js'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'lab-lock-')) })
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a lock', () => {
  it('is held by one at a time, and tells whoever waits', async () => {
    const path = join(folder, 'lock')
    const order: string[] = []
    const first = await acquire(path)
    const waiting = deferred()
    const second = acquire(path, { onWait: () => waiting.resolve() }).then((lock) => { order.push('second'); return lock })
    await waiting.promise
    order.push('released')
    await first.release()
    await (await second).release()
    expect(order).toEqual(['released', 'second'])
  })

  it('is given back when its holder is killed', async () => {
    const path = join(folder, 'lock')
    const holder = spawn('flock', ['--exclusive', path, 'sh', '-c', 'echo held; read _'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
    await once(holder.stdout, 'data')
    const waiting = acquire(path)
    process.kill(-holder.pid!, 'SIGKILL')
    await (await waiting).release()
  })

  it('can be shared', async () => {
    const path = join(folder, 'lock')
    const locks = await Promise.all([acquire(path, { shared: true }), acquire(path, { shared: true })])
    for (const lock of locks) await lock.release()
  })

  it('is no longer waited for once the signal says so', async () => {
    const path = join(folder, 'lock')
    const lock = await acquire(path)
    const controller = new AbortController()
    const waiting = acquire(path, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await lock.release()
  })
})

function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve!: () => void
  const promise = new Promise<void>((settle) => { resolve = settle })
  return { promise, resolve }
}
