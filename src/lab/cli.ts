#!/usr/bin/env node
import { writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { defaultKernel, kernelNames, type KernelName } from './components.js'
import { doctor } from './doctor.js'
import { LabError, printable } from './errors.js'
import { runOnHost } from './hostrun.js'
import { descriptorStream, hasInput } from './output.js'
import { progressPrinter } from './progress.js'
import { formatDiagnosis } from './report.js'
import { runInLab } from './run.js'
import { setupLab } from './setup.js'
import { shellInLab } from './shell.js'
import { exactArguments } from './words.js'

interface BootFlags {
  kernel: KernelName
  backend: 'uml' | 'qemu'
  cpus?: number
  memory: string
  share: string[]
  with: string[]
  sources?: string
  dmesg?: string
}

interface RunFlags extends BootFlags {
  timeout?: number
  host?: boolean
}

/** How long a command that was asked to end may clean up, before the kernel is ended under it. */
const graceMs = 10_000

const program = new Command('ovs-lab')
  .description('A Linux kernel with Open vSwitch, booted in seconds to run a command in.')
  .enablePositionalOptions()
  .exitOverride()

const sources = (): Option => new Option('--sources <file>', 'apt sources to set up from, in place of the machine\'s (or OVS_LAB_SOURCES)')

function bootCommand(name: string, description: string): Command {
  const list = (value: string, all: string[]): string[] => [...all, value]
  return program.command(name)
    .description(description)
    .passThroughOptions()
    .addOption(new Option('--kernel <kernel>', 'which kernel').choices(kernelNames).default(defaultKernel))
    .addOption(new Option('--backend <backend>', 'User-Mode Linux, or QEMU with Debian\'s stock kernel').choices(['uml', 'qemu']).default('uml'))
    .option('--cpus <n>', 'QEMU\'s number of CPUs (default: 2)', count)
    .option('--memory <size>', 'the kernel\'s memory', '1G')
    .option('--share <folder>', 'a further folder whose changes come out; can be repeated', list, [])
    .option('--with <component>', 'lay a further component over the root; can be repeated', list, [])
    .addOption(sources())
    .option('--dmesg <file>', 'write the kernel\'s log to a file')
}

const common = (flags: BootFlags) => ({
  kernel: flags.kernel, backend: flags.backend, cpus: flags.cpus, memory: flags.memory, share: flags.share,
  components: flags.with, sources: flags.sources, onProgress: progressPrinter(process.stderr),
})

bootCommand('run', 'boot a kernel and run a command in it, in this folder and with this environment')
  .argument('<command...>')
  .option('--timeout <seconds>', 'end the command after so long, with status 124', seconds)
  .option('--host', 'run on this machine\'s own kernel, in a network namespace of its own')
  .action(async (command: string[], flags: RunFlags) => {
    if (flags.host === true) return process.exit(await runOnHost(command))
    const controller = new AbortController()
    const interrupted = (signal: NodeJS.Signals): void => controller.abort(signal)
    const early = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of early) process.on(signal, interrupted)
    const result = await runInLab({
      ...common(flags), command: exactArguments(command), timeout: flags.timeout, signal: controller.signal,
      stdin: hasInput() ? process.stdin : undefined, stdout: descriptorStream(1), stderr: descriptorStream(2),
      onBoot: (lab) => {
        for (const signal of early) process.removeListener(signal, interrupted)
        forwardSignals((signal) => lab.kill(signal), controller)
      },
    })
    if (flags.dmesg !== undefined) writeFileSync(flags.dmesg, result.log)
    if (result.timedOut) process.stderr.write(`ovs-lab: the command was ended after ${flags.timeout} s, the time given by --timeout.\n`)
    process.exit(result.status)
  })

bootCommand('shell', 'boot a kernel and open a shell in it')
  .argument('[command...]')
  .action(async (command: string[], flags: BootFlags) => {
    const result = await shellInLab({
      ...common(flags), ...(command.length > 0 ? { command: exactArguments(command) } : {}), terminal: { input: process.stdin, output: process.stdout },
    })
    if (flags.dmesg !== undefined) writeFileSync(flags.dmesg, result.log)
    process.exit(result.status)
  })

program.command('setup')
  .description('fetch what the lab needs into the cache')
  .argument('[component...]', 'what to fetch (default: base and the three kernels); "ovs-lab doctor" lists them')
  .option('--update', 'take what is newer at the mirror')
  .addOption(sources())
  .action(async (names: string[], flags: { update?: boolean; sources?: string }) => {
    const installed = await setupLab(names.length > 0 ? names : undefined, { ...flags, onProgress: progressPrinter(process.stderr) })
    for (const { manifest, path } of installed) process.stdout.write(`${manifest.name}\t${printable(path)}\n`)
  })

program.command('doctor')
  .description('say what is there, what is missing and what to do')
  .option('--online', 'ask the mirror, too')
  .option('--json', 'as JSON')
  .addOption(sources())
  .action(async (flags: { online?: boolean; json?: boolean; sources?: string }) => {
    const diagnosis = await doctor(flags)
    process.stdout.write(flags.json === true ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : formatDiagnosis(diagnosis))
    process.exitCode = diagnosis.findings.some(({ state }) => state === 'problem') ? 1 : 0
  })

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
  if (!(value > 0)) throw new InvalidArgumentError('Give a number of seconds, for example 60.')
  return value
}

function count(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Give a number, for example 2.')
  return value
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode
  if (typeof error === 'string' && error in constants.signals) return 128 + constants.signals[error as NodeJS.Signals]
  if (!(error instanceof LabError)) throw error
  process.stderr.write(`ovs-lab: ${printable(error.message)}\n  What to do: ${printable(error.remedy)}\n`)
  if (error.details !== '') process.stderr.write(`${printable(error.details).replace(/^/gm, '  | ')}\n`)
  return 125
}

try {
  await program.parseAsync()
} catch (error) {
  process.exit(explain(error))
}
