/**
 * Runs inside the lab, beside the compiled client: loads the module, talks to it, unloads it, and
 * prints what happened as one JSON object for the test outside. One program for everything,
 * because a program's start is what costs most under emulation.
 */
import { execFile } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import {
  attribute,
  attributes,
  binary,
  family,
  type FamilyInfo,
  InvalidValueError,
  KernelError,
  MessageFlags,
  openGenericNetlink,
  OvsError,
  text,
  Trace,
} from 'ovs-datapath/netlink'

/** How an attempt ended. */
export type Outcome =
  | { answer: unknown }
  | { error: string; code: string; message: string; errno?: number; kernelMessage?: string; attribute?: readonly string[] }

/** What a program did. */
export interface Finished {
  status: number | null
  stdout: string
  stderr: string
}

export interface Report {
  install: Finished
  client: Finished
  clientElsewhere: Finished
  namespaces: string[]
  family: FamilyInfo
  /** The messages of one round trip. */
  trace: string[]
  outcomes: Record<string, Outcome>
  /** How many messages were sent while the client's own codec refused. */
  sentWhileRefusing: number
  uninstall: Finished
  afterUnload: Record<'lookup' | 'bound', Outcome>
  /** The kernel's log since the module was loaded. */
  log: string
}

const [example = '', client = ''] = process.argv.slice(2)

/** Runs a program; `stdout` and `stderr` are decoded as Latin-1, in which a character is a byte. */
function run(command: string, ...words: string[]): Promise<Finished> {
  return new Promise((resolve) => {
    const child = execFile(command, words, { encoding: 'latin1' }, (error, stdout, stderr) => {
      resolve({ status: child.exitCode, stdout, stderr: child.exitCode === null ? String(error) : stderr })
    })
  })
}

async function outcome(attempt: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { answer: await attempt() }
  } catch (error) {
    if (!(error instanceof OvsError)) throw error
    const kernel = error instanceof KernelError ? { errno: error.errno, kernelMessage: error.kernelMessage, attribute: error.attribute } : {}
    const refused = error instanceof InvalidValueError ? { attribute: error.attribute } : {}
    return { error: error.name, code: error.code, message: error.message, ...kernel, ...refused } as Outcome
  }
}

const proper = family({
  name: 'gennl_ins',
  version: 1,
  attributes: attributes('INSTANCE_A', { msg: attribute(1, text(127)) }),
  commands: { echo: 1 },
})
/** The same family without any care: its bytes go out as they are, and it knows commands that the module does not. */
const careless = family({
  name: 'gennl_ins',
  version: 1,
  attributes: attributes('INSTANCE_A', { msg: attribute(1, binary()) }),
  commands: { unspec: 0, echo: 1, next: 2, last: 255 },
})
const make = (target: string) => run('make', '-s', '-C', example, target)

await make('kernel-clean-ring-buffer')
const install = await make('kernel-module-install')
const ran = await run(process.execPath, client)
const elsewhere = await run('unshare', '--net', 'sh', '-c', 'readlink /proc/self/ns/net; exec "$@"', 'sh', process.execPath, client)
const [namespace = '', ...rest] = elsewhere.stdout.split('\n')

let lines: string[] = []
const netlink = openGenericNetlink({ trace: new Trace((line) => lines.push(line)) })
const instance = await netlink.family(proper)
const raw = await netlink.family(careless)

lines = []
const outcomes: Record<string, Outcome> = {}
outcomes.roundTrip = await outcome(() => instance.ask('echo', { msg: 'Hello World!' }))
const trace = lines

lines = []
outcomes.codecLong = await outcome(() => instance.ask('echo', { msg: 'x'.repeat(128) }))
outcomes.codecNul = await outcome(() => instance.ask('echo', { msg: 'a\0b' }))
outcomes.codecType = await outcome(() => instance.ask('echo', { msg: 5 as never }))
outcomes.codecName = await outcome(() => instance.ask('echo', { message: 'x' } as never))
const sentWhileRefusing = lines.length

const bytes = (value: string) => new Uint8Array(Buffer.from(value, 'latin1'))
outcomes.acknowledged = await outcome(() => instance.call('echo', { msg: 'with an acknowledgement' }))
outcomes.longest = await outcome(() => instance.ask('echo', { msg: 'y'.repeat(127) }))
outcomes.escapes = await outcome(() => instance.ask('echo', { msg: '\u001b[31mred\u009b0m\nreceived: forged\u0007%s%n' }))
outcomes.emptyText = await outcome(() => instance.ask('echo', { msg: '' }))
outcomes.commandUnspec = await outcome(() => raw.ask('unspec', { msg: bytes('x\0') }))
outcomes.commandNext = await outcome(() => raw.ask('next', { msg: bytes('x\0') }))
outcomes.commandLast = await outcome(() => raw.call('last', { msg: bytes('x\0') }))
outcomes.missing = await outcome(() => raw.ask('echo', {}))
outcomes.noNul = await outcome(() => raw.ask('echo', { msg: bytes('no end') }))
outcomes.empty = await outcome(() => raw.ask('echo', { msg: bytes('') }))
outcomes.tooLong = await outcome(() => raw.ask('echo', { msg: bytes(`${'z'.repeat(128)}\0`) }))
outcomes.longBehindNul = await outcome(() => raw.ask('echo', { msg: bytes(`z\0${'z'.repeat(300)}`) }))
outcomes.hugeNoNul = await outcome(() => raw.ask('echo', { msg: bytes('z'.repeat(60_000)) }))
outcomes.unknownAttribute = await outcome(() => raw.ask('echo', { msg: bytes('x\0'), unknown: [{ number: 9, bytes: bytes('abcd') }] }))
outcomes.dump = await outcome(async () => {
  for await (const each of raw.dump('echo', {})) void each
})
outcomes.flags = await outcome(() => instance.ask('echo', { msg: 'x' }, { flags: MessageFlags.create }))
outcomes.anybody = await outcome(async () => {
  process.seteuid?.(65534)
  try {
    using ordinary = openGenericNetlink()
    return await (await ordinary.family(proper)).ask('echo', { msg: 'from nobody' })
  } finally {
    process.seteuid?.(0)
  }
})
// Whatever was refused, the family still answers.
outcomes.afterwards = await outcome(() => instance.ask('echo', { msg: 'still there?' }))

const uninstall = await make('kernel-module-uninstall')
const bound = await outcome(() => instance.ask('echo', { msg: 'gone?' }))
netlink.close()
using afresh = openGenericNetlink()
const lookup = await outcome(() => afresh.family(proper))

const report: Report = {
  install,
  client: ran,
  clientElsewhere: { ...elsewhere, stdout: rest.join('\n') },
  namespaces: [readlinkSync('/proc/self/ns/net'), namespace],
  family: instance.info,
  trace,
  outcomes,
  sentWhileRefusing,
  uninstall,
  afterUnload: { lookup, bound },
  // By syslog(2), since /dev/kmsg and dmesg escape on their own account.
  log: (await run('perl', '-e', 'my $log = "\\0" x 262144; print substr($log, 0, syscall(103, 3, $log, length $log))')).stdout,
}
process.stdout.write(JSON.stringify(report))
