import { constants } from 'node:os'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { openCache, type Installed } from './cache.js'
import { defaultKernel, kernelNames, type KernelName } from './components.js'
import { leastUsedCpu, runDirectories } from './cpu.js'
import { LabError } from './errors.js'
import { acquire } from './lock.js'
import { boot, noteCpu, type Machine } from './machine.js'
import { memoryFolder, parseSize } from './memory.js'
import { makeRunDirectory, runParent, sweepRunDirectories } from './rundir.js'
import { qemuCommand, qemuLines, usableKvm } from './qemu.js'
import { setupLab, type SetupOptions } from './setup.js'
import { sharedFolders } from './share.js'
import { feed } from './stdin.js'
import { umlCommand, umlLines } from './uml.js'
import { environmentWords, joinWords, type Word } from './words.js'

export interface RunOptions extends Omit<SetupOptions, 'update'> {
  /** The program and its arguments, passed on exactly. */
  command: readonly Word[]
  /** Which kernel of the matrix; default `6.12`. */
  kernel?: KernelName | undefined
  /** User-Mode Linux, which boots in two seconds, or QEMU with Debian's stock kernel, which has what UML lacks (SMP, conntrack zones). */
  backend?: 'uml' | 'qemu' | undefined
  /** QEMU's number of CPUs; default 2. UML has one. */
  cpus?: number | undefined
  /** Seconds that the command may take, from its start; default none. */
  timeout?: number | undefined
  /** The kernel's memory, `512M` or `2G`; default `1G`. It is taken as it is used. */
  memory?: string | undefined
  /** The command's folder; default this process's. */
  cwd?: string | undefined
  /** The command's whole environment; default this process's. */
  env?: NodeJS.ProcessEnv | undefined
  /** What the command reads; default nothing. A stream is destroyed when the command has ended. */
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
  const kernelName = options.kernel ?? defaultKernel
  if (!kernelNames.includes(kernelName)) {
    throw new LabError('BAD_OPTION', `There is no kernel "${String(kernelName)}".`, `The kernels are ${kernelNames.join(', ')}.`)
  }
  const lab = await start({ ...options, kernel: kernelName }, 'run')
  return await attend(lab, options)
}

/** Boots what a run or a shell asks for. */
export async function start(options: RunOptions & { kernel: KernelName }, mode: 'run' | 'shell', size = { rows: 24, columns: 80 }): Promise<Machine> {
  const backend = options.backend ?? 'uml'
  const cpus = options.cpus ?? (backend === 'qemu' ? 2 : 1)
  if (backend === 'uml' && cpus !== 1) throw new LabError('BAD_OPTION', 'User-Mode Linux has one CPU.', 'For more, add --backend qemu.')
  const memory = parseSize(options.memory ?? '1G')
  const cwd = options.cwd ?? process.cwd()
  const shares = sharedFolders(cwd, options.share ?? [])
  joinWords(options.command)
  const cache = openCache(options.cache)
  const names = backend === 'uml' ? [`kernel-${options.kernel}`] : [`stock-${options.kernel}`, 'qemu']
  const ready = await setupLab([...names, 'base', ...(options.components ?? [])], { ...options, cache })
  options.signal?.throwIfAborted()
  const named = (name: string): Installed => ready.find(({ manifest }) => manifest.name === name)!
  const kernel = named(names[0]!)
  const layers = ready.filter(({ manifest }) => manifest.name !== 'qemu').map(({ path }) => join(path, 'root'))

  sweepRunDirectories()
  const folder = makeRunDirectory(layers, {
    ...(backend === 'uml' ? umlLines : qemuLines), BACKEND: backend, MODE: mode, LAYERS: layers.length, STDIN: options.stdin === undefined ? 'no' : 'yes',
    LIMIT: options.timeout === undefined ? 0 : Math.ceil(options.timeout + graceMs / 1000 + 30), ROWS: size.rows, COLUMNS: size.columns, MODULES: modules,
    ...(mode === 'run' ? { TTY: '/dev/null' } : {}),
  }, { argv: options.command, env: environmentWords(options.env ?? process.env), cwd, shares })
  try {
    const hold = ['flock', '--shared', '--no-fork', join(cache, 'use.lock')]
    if (backend === 'qemu') {
      const accelerator = await usableKvm(cache, named('qemu'), kernel) ? 'kvm' : 'tcg'
      return await boot(folder, [...hold, ...qemuCommand(named('qemu'), kernel, { folder, cpus, memory, layers, accelerator, shell: mode === 'shell' })], mode === 'shell')
    }
    const place = memoryFolder(memory)
    const lock = await acquire(join(cache, 'cpu.lock'))
    try {
      const cpu = leastUsedCpu(runDirectories(runParent()))
      noteCpu(folder, cpu)
      return await boot(folder, [...hold, ...umlCommand(kernel, { folder, cpu, memory, memoryFolder: place, shell: mode === 'shell' })], mode === 'shell')
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
  let drained = false
  const offWhenComplete = (): void => {
    if (drained && out.complete() && err.complete()) lab.off()
  }
  const out = carry(lab, 'stdout', options.stdout, offWhenComplete)
  const err = carry(lab, 'stderr', options.stderr, offWhenComplete)
  void lab.drained.then(() => {
    drained = true
    offWhenComplete()
  })
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
  const [stdout, stderr] = await Promise.all([out.collected, err.collected])
  options.signal?.throwIfAborted()
  if (guest === undefined && !timedOut) throw bootError(log)
  const name = signalName(guest?.signal)
  return { status: timedOut ? 124 : guest!.status, ...(name === undefined ? {} : { signal: name }), timedOut, stdout, stderr, log }
}

/** One of the command's streams on its way to its destination. */
interface Carried {
  /** Whether everything that the command wrote has come, or nobody wants it any more. */
  complete(): boolean
  /** What was collected, once the stream has closed and the destination has taken it. */
  collected: Promise<Buffer>
}

function carry(lab: Machine, name: 'stdout' | 'stderr', destination: Writable | undefined, onData: () => void): Carried {
  const source = lab[name]
  const chunks: Buffer[] = []
  let received = 0
  let unwanted = false
  const closed = new Promise<void>((resolve) => source.once('close', () => resolve()))
  source.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (destination === undefined) chunks.push(chunk)
    onData()
  })
  const lost = (): void => {
    // Nobody reads it any more: let the command know as it would outside, by SIGPIPE.
    unwanted = true
    lab.hangup(name)
    source.unpipe(destination)
    source.resume()
    onData()
  }
  if (destination !== undefined) {
    destination.once('error', lost)
    source.pipe(destination, { end: false })
  }
  return {
    complete: () => unwanted || lab.complete(name, received),
    collected: closed.then(async () => {
      if (destination !== undefined) await flushed(destination)
      destination?.removeListener('error', lost)
      return Buffer.concat(chunks)
    }),
  }
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

