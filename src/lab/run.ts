import { constants } from 'node:os'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { openCache, type Installed } from './cache.js'
import { kernelNames, type KernelName } from './components.js'
import { leastUsedCpu, runDirectories } from './cpu.js'
import { LabError } from './errors.js'
import { acquire } from './lock.js'
import { boot, noteCpu, type Machine } from './machine.js'
import { memoryFolder, parseSize } from './memory.js'
import { makeRunDirectory, runParent, sweepRunDirectories } from './rundir.js'
import { setupLab, type SetupOptions } from './setup.js'
import { sharedFolders } from './share.js'
import { feed } from './stdin.js'
import { umlCommand, umlLines } from './uml.js'
import { environmentWords, type Word } from './words.js'

export interface RunOptions extends Omit<SetupOptions, 'update'> {
  /** The program and its arguments, passed on exactly. */
  command: readonly Word[]
  /** Which kernel of the matrix; default `6.1`. */
  kernel?: KernelName | undefined
  /** Seconds that the command may take, from its start; default none. */
  timeout?: number | undefined
  /** The kernel's memory, `512M` or `2G`; default `1G`. It is taken as it is used. */
  memory?: string | undefined
  /** The command's folder; default this process's. */
  cwd?: string | undefined
  /** The command's whole environment; default this process's. */
  env?: NodeJS.ProcessEnv | undefined
  /** What the command reads; default nothing. */
  stdin?: Readable | Uint8Array | string | undefined
  /** Where its output goes, with back-pressure; without one it is collected. */
  stdout?: Writable | undefined
  stderr?: Writable | undefined
  /** Folders, beside the project that `cwd` lies in, whose changes come out. */
  share?: readonly string[] | undefined
  /** Further components laid over the root, such as `compiler`. */
  components?: readonly string[] | undefined
  /** Ends the kernel at once, and the command with it; to end a command gently, see `onBoot`. */
  signal?: AbortSignal | undefined
  /** Called once the kernel runs, with what can be asked of it meanwhile. */
  onBoot?: ((lab: { kill(signal: NodeJS.Signals): void }) => void) | undefined
}

export interface RunResult {
  /** The command's exit status; 128 + n when signal n ended it, 124 when the time was up. */
  status: number
  /** The signal that ended the command. */
  signal?: NodeJS.Signals
  timedOut: boolean
  /** What the command wrote, where no stream was given for it. */
  stdout: Buffer
  stderr: Buffer
  /** The kernel's console, from boot to end. */
  log: string
}

const modules = 'openvswitch vport_vxlan vport_geneve vport_gre veth tun nf_conntrack'
/** How long a command that was asked to end may take for it. */
const graceMs = 5000

/**
 * Boots a kernel, runs a command in it, and resolves when both are gone. What
 * the kernel needs is set up first if it is not there.
 *
 * Throws {@link LabError}: what {@link setupLab} throws, `BOOT_FAILED` and
 * `KERNEL_PANIC` with the end of the kernel's log, and the signal's reason.
 */
export async function runInLab(options: RunOptions): Promise<RunResult> {
  const kernelName = options.kernel ?? '6.1'
  if (!kernelNames.includes(kernelName)) {
    throw new LabError('BAD_OPTION', `There is no kernel "${String(kernelName)}".`, `The kernels are ${kernelNames.join(', ')}.`)
  }
  const memory = parseSize(options.memory ?? '1G')
  const cache = openCache(options.cache)
  const [kernel, ...layers] = await setupLab([`kernel-${kernelName}`, 'base', ...(options.components ?? [])], { ...options, cache })
  options.signal?.throwIfAborted()
  const lab = await start(kernel!, layers, memory, cache, options)
  return await attend(lab, options)
}

async function start(kernel: Installed, layers: Installed[], memory: number, cache: string, options: RunOptions): Promise<Machine> {
  const cwd = options.cwd ?? process.cwd()
  const roots = [kernel, ...layers].map(({ path }) => join(path, 'root'))
  sweepRunDirectories()
  const folder = makeRunDirectory(roots, {
    ...umlLines, BACKEND: 'uml', MODE: 'run', LAYERS: roots.length, STDIN: options.stdin === undefined ? 'no' : 'yes',
    LIMIT: options.timeout === undefined ? 0 : Math.ceil(options.timeout + graceMs / 1000 + 30), ROWS: 24, COLUMNS: 80, MODULES: modules, TTY: '/dev/null',
  }, { argv: options.command, env: environmentWords(options.env ?? process.env), cwd, shares: sharedFolders(cwd, options.share ?? []) })
  try {
    const place = memoryFolder(memory)
    const lock = await acquire(join(cache, 'cpu.lock'))
    try {
      const cpu = leastUsedCpu(runDirectories(runParent()))
      noteCpu(folder, cpu)
      const command = umlCommand(kernel, { folder, cpu, memory, memoryFolder: place, shell: false })
      return await boot(folder, ['flock', '--shared', '--no-fork', join(cache, 'use.lock'), ...command], false)
    } finally {
      await lock.release()
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Carries the streams of a booted lab until it ends. */
async function attend(lab: Machine, options: RunOptions): Promise<RunResult> {
  const out = carry(lab, 'stdout', options.stdout)
  const err = carry(lab, 'stderr', options.stderr)
  if (options.stdin !== undefined) {
    const source = options.stdin instanceof Readable ? options.stdin : Readable.from([Buffer.from(options.stdin as string)])
    feed(source, lab)
  }
  let timedOut = false
  const timers: NodeJS.Timeout[] = []
  const end = (): void => {
    lab.signal('TERM')
    timers.push(setTimeout(() => lab.kill(), graceMs))
  }
  void lab.started.then(() => {
    if (options.timeout === undefined) return
    timers.push(setTimeout(() => { timedOut = true; end() }, options.timeout * 1000))
  })
  const abort = (): void => lab.kill()
  options.signal?.addEventListener('abort', abort, { once: true })
  options.onBoot?.({ kill: (signal) => lab.signal(signal.replace(/^SIG/, '')) })

  const { guest, log } = await lab.ended
  for (const timer of timers) clearTimeout(timer)
  options.signal?.removeEventListener('abort', abort)
  const [stdout, stderr] = await Promise.all([out, err])
  options.signal?.throwIfAborted()
  if (guest === undefined && !timedOut) throw bootError(log)
  const name = signalName(guest?.signal)
  return { status: timedOut ? 124 : guest!.status, ...(name === undefined ? {} : { signal: name }), timedOut, stdout, stderr, log }
}

/** Pipes one of the command's streams to its destination, or collects it. */
async function carry(lab: Machine, name: 'stdout' | 'stderr', destination: Writable | undefined): Promise<Buffer> {
  const source = lab[name]
  const chunks: Buffer[] = []
  const closed = new Promise<void>((resolve) => source.once('close', () => resolve()))
  if (destination === undefined) {
    source.on('data', (chunk: Buffer) => chunks.push(chunk))
  } else {
    const lost = (): void => {
      // Nobody reads it any more: let the command know as it would outside, by SIGPIPE.
      lab.hangup(name)
      source.unpipe(destination)
      source.resume()
    }
    destination.once('error', lost)
    source.pipe(destination, { end: false })
    await closed
    destination.removeListener('error', lost)
    await flushed(destination)
  }
  await closed
  return Buffer.concat(chunks)
}

/** Resolves when all that was written so far has left, or can no longer. */
async function flushed(stream: Writable): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return
  await new Promise<void>((resolve) => {
    stream.once('error', () => resolve())
    stream.write(new Uint8Array(), () => resolve())
  })
}

function signalName(number: number | undefined): NodeJS.Signals | undefined {
  return (Object.keys(constants.signals) as NodeJS.Signals[]).find((name) => constants.signals[name] === number)
}

function bootError(log: string): LabError {
  const tail = log.split('\n').slice(-40).join('\n')
  const panic = /Kernel panic|Oops|BUG:/.test(log)
  return new LabError(
    panic ? 'KERNEL_PANIC' : 'BOOT_FAILED',
    panic ? 'The lab\'s kernel panicked.' : 'The lab\'s kernel ended before the command did.',
    'The end of its log is below; `ovs-lab doctor` says whether this machine lets a kernel run.', { details: tail },
  )
}

