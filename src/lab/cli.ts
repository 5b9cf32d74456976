#!/usr/bin/env node
import { fstatSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { Command, CommanderError, Option } from 'commander'
import { kernelNames, type KernelName } from './components.js'
import { LabError, printable } from './errors.js'
import { descriptorStream } from './output.js'
import { progressPrinter } from './progress.js'
import { runInLab } from './run.js'
import { setupLab } from './setup.js'
import { exactArguments } from './words.js'

interface RunFlags {
  kernel: KernelName
  timeout?: number
  memory: string
  backend: 'uml' | 'qemu'
  cpus?: number
  share: string[]
  with: string[]
  sources?: string
  dmesg?: string
}

const program = new Command('ovs-lab').description('A Linux kernel with Open vSwitch, booted in seconds to run a command in.').enablePositionalOptions().exitOverride()
const list = (value: string, all: string[]): string[] => [...all, value]

program.command('run')
  .description('boot a kernel and run a command in it')
  .argument('<command...>')
  .passThroughOptions()
  .addOption(new Option('--kernel <kernel>', 'which kernel').choices(kernelNames).default('6.1'))
  .addOption(new Option('--backend <backend>', 'User-Mode Linux, or QEMU with a stock kernel').choices(['uml', 'qemu']).default('uml'))
  .option('--cpus <n>', 'QEMU\'s number of CPUs', Number)
  .option('--timeout <seconds>', 'end the command after so long, with status 124', seconds)
  .option('--memory <size>', 'the kernel\'s memory', '1G')
  .option('--share <folder>', 'a further folder whose changes come out', list, [])
  .option('--with <component>', 'lay a further component over the root', list, [])
  .option('--sources <file>', 'apt sources to set up from, in place of the machine\'s')
  .option('--dmesg <file>', 'write the kernel\'s log to a file')
  .action(async (command: string[], flags: RunFlags) => {
    const controller = new AbortController()
    const result = await runInLab({
      command: exactArguments(command), kernel: flags.kernel, backend: flags.backend, cpus: flags.cpus, timeout: flags.timeout, memory: flags.memory, share: flags.share,
      components: flags.with, sources: flags.sources, onProgress: progressPrinter(process.stderr), signal: controller.signal,
      stdin: hasInput() ? process.stdin : undefined, stdout: descriptorStream(1), stderr: descriptorStream(2),
      onBoot: (lab) => forwardSignals((signal) => lab.kill(signal), controller),
    })
    if (flags.dmesg !== undefined) writeFileSync(flags.dmesg, result.log)
    if (result.timedOut) process.stderr.write(`ovs-lab: the command was ended after ${flags.timeout} s, the time given by --timeout.\n`)
    process.exit(result.status)
  })

program.command('setup')
  .description('fetch what the lab needs into the cache')
  .argument('[component...]')
  .option('--update', 'take what is newer at the mirror')
  .option('--sources <file>', 'apt sources to set up from, in place of the machine\'s')
  .action(async (names: string[], flags: { update?: boolean; sources?: string }) => {
    const installed = await setupLab(names.length > 0 ? names : undefined, { ...flags, onProgress: progressPrinter(process.stderr) })
    for (const { manifest, path } of installed) process.stdout.write(`${manifest.name}\t${printable(path)}\n`)
  })

/** Standard input reaches the command when it is a pipe or a file: a terminal would have to be one inside, too. */
function hasInput(): boolean {
  try {
    const stat = fstatSync(0)
    return stat.isFIFO() || stat.isFile() || stat.isSocket()
  } catch {
    return false
  }
}

/** How long a command that was asked to end may clean up, before the kernel is ended under it. */
const graceMs = 10_000

/** Passes on what asks this process to end, so that the command can clean up; insists after a while, or when asked a third time. */
function forwardSignals(kill: (signal: NodeJS.Signals) => void, controller: AbortController): void {
  let asked = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      asked += 1
      if (asked === 1) setTimeout(() => controller.abort(signal), graceMs).unref()
      if (asked < 3) kill(signal)
      else controller.abort(signal)
    })
  }
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new LabError('BAD_OPTION', `"${text}" is no time limit.`, 'Give a number of seconds, for example --timeout 60.')
  return value
}

try {
  await program.parseAsync()
} catch (error) {
  process.exit(explain(error))
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode
  if (typeof error === 'string' && error in constants.signals) return 128 + constants.signals[error as NodeJS.Signals]
  if (!(error instanceof LabError)) throw error
  process.stderr.write(`ovs-lab: ${printable(error.message)}\n  What to do: ${printable(error.remedy)}\n`)
  if (error.details !== '') process.stderr.write(`${printable(error.details).replace(/^/gm, '  | ')}\n`)
  return 125
}
