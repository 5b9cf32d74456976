import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { claimRunDirectory } from './rundir.js'
import { supervisorScript } from './supervisor.js'

/** How the command inside ended. */
export interface GuestStatus {
  status: number
  signal?: number
}

/** A kernel that runs under its supervisor, and the lines to it. */
export interface Machine {
  stdout: Socket
  stderr: Socket
  stdin: Socket
  terminal: Socket | undefined
  /** Says that all of a stream's bytes have come, given how many have. */
  complete(stream: 'stdout' | 'stderr', received: number): boolean
  /** Resolves when the command and its streams have ended inside; the kernel then waits for {@link Machine.off}. */
  drained: Promise<void>
  off(): void
  /** Sends a signal to the command's process group; waits for the command if it has not begun. */
  signal(name: string): void
  /** Ends the carrier of a stream that nobody reads any more, so that the command gets SIGPIPE. */
  hangup(stream: 'stdout' | 'stderr'): void
  resize(rows: number, columns: number): void
  /** Resolves when the command begins. */
  started: Promise<void>
  /** Resolves when the kernel is gone: the command's status if it came to one, and the kernel's log. */
  ended: Promise<{ guest: GuestStatus | undefined; log: string }>
  /** Ends the kernel at once. */
  kill(): void
}

/** Boots: starts the supervisor of `folder`, which starts `command`. Returns once the kernel's process is there. */
export async function boot(folder: string, command: string[], shell: boolean): Promise<Machine> {
  const supervisor = spawn('sh', ['-c', supervisorScript, 'ovs-lab', folder, ...command], {
    cwd: '/', detached: true, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    stdio: ['ignore', 'pipe', 'ignore', 'pipe', shell ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  })
  await once(supervisor, 'spawn')
  claimRunDirectory(folder, supervisor.pid!)
  const line = (fd: number): Socket => {
    const socket = supervisor.stdio[fd] as unknown as Socket
    // The kernel may end at any time; what that means is told by `ended`.
    socket.on('error', () => {})
    return socket
  }
  const alive = line(3)
  const control = line(8)
  const reports = readReports(supervisor, control)
  const ended = reports.kernelEnded.then(() => {
    const log = readLog(folder)
    // Lets the supervisor remove the run directory.
    alive.destroy()
    return log
  })
  const machine: Machine = {
    stdout: line(5), stderr: line(6), stdin: line(7), terminal: shell ? line(4) : undefined,
    signal: (name) => void reports.commandStarted.then((pid) => control.write(`signal ${name} ${pid}\n`)),
    hangup: (stream) => void reports.streams.then((pids) => control.write(`hangup ${pids[stream]}\n`)),
    resize: (rows, columns) => void control.write(`size ${rows} ${columns}\n`),
    started: reports.commandStarted.then(() => {}),
    ended: ended.then(async (log) => {
      if (supervisor.exitCode === null && supervisor.signalCode === null) await once(supervisor, 'exit')
      return { guest: reports.guest(), log }
    }),
    complete: (stream, received) => reports.total(stream) === received,
    drained: reports.drained,
    off: () => void control.write('off\n'),
    kill: () => alive.destroy(),
  }
  await reports.kernelStarted
  return machine
}

interface Reports {
  kernelStarted: Promise<void>
  kernelEnded: Promise<void>
  streams: Promise<{ stdout: string; stderr: string }>
  commandStarted: Promise<string>
  drained: Promise<void>
  total(stream: string): number | undefined
  guest(): GuestStatus | undefined
}

function readReports(supervisor: ChildProcess, control: Readable & Writable): Reports {
  let guest: GuestStatus | undefined
  const kernelStarted = deferred<void>()
  const kernelEnded = deferred<void>()
  const commandStarted = deferred<string>()
  const drained = deferred<void>()
  const totals = new Map<string, number>()
  const streams = deferred<{ stdout: string; stderr: string }>()
  createInterface({ input: supervisor.stdout! }).on('line', (text) => {
    if (text.startsWith('started')) kernelStarted.resolve()
    if (text.startsWith('ended')) kernelEnded.resolve()
  })
  supervisor.once('exit', () => {
    kernelStarted.resolve()
    kernelEnded.resolve()
  })
  createInterface({ input: control, crlfDelay: Infinity }).on('line', (text) => {
    const [word, first = '', second = ''] = text.split(' ')
    if (word === 'started') commandStarted.resolve(first)
    if (word === 'streams') streams.resolve({ stdout: first, stderr: second })
    if (word === 'eof') totals.set(first, Number(second))
    if (word === 'drained') drained.resolve()
    if (word === 'exit') guest = { status: Number(first) }
    if (word === 'signal') guest = { status: 128 + Number(first), signal: Number(first) }
  }).on('error', () => {})
  return {
    kernelStarted: kernelStarted.promise, kernelEnded: kernelEnded.promise, streams: streams.promise, commandStarted: commandStarted.promise,
    drained: drained.promise,
    total: (stream) => totals.get(stream), guest: () => guest,
  }
}

function deferred<T>(): { promise: Promise<T>; resolve(value: T): void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => { resolve = settle })
  return { promise, resolve }
}

function readLog(folder: string): string {
  try {
    return readFileSync(join(folder, 'console.log'), 'utf8')
  } catch {
    return ''
  }
}

/** Notes which CPU a run is pinned to, for those that start later. */
export function noteCpu(folder: string, cpu: number): void {
  writeFileSync(join(folder, 'cpu'), `${cpu}\n`, { mode: 0o644 })
}
