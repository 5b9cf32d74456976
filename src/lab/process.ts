import { spawn, type SpawnOptions } from 'node:child_process'
import { LabError } from './errors.js'

export interface Output {
  status: number
  stdout: string
  stderr: string
}

/** A command line that ends with this process, even if that is killed: nothing may go on writing where the next set-up works. */
export function bound(command: string, args: string[]): [string, string[]] {
  return ['setpriv', ['--pdeathsig', 'KILL', command, ...args]]
}

/** Runs a tool to its end and collects what it printed. Its exit status is the caller's to judge. */
export async function collect(command: string, args: string[], options: SpawnOptions = {}): Promise<Output> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    const chunks: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] }
    child.stdout?.on('data', (chunk: Buffer) => chunks.stdout.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => chunks.stderr.push(chunk))
    child.on('error', (cause) => reject(toolMissing(command, cause)))
    child.on('close', (code, signal) => {
      resolve({
        status: code ?? (signal === null ? 1 : 128),
        stdout: Buffer.concat(chunks.stdout).toString(),
        stderr: Buffer.concat(chunks.stderr).toString(),
      })
    })
  })
}

/** Like {@link collect}, for tools that must succeed. Throws `TOOL_FAILED` otherwise. */
export async function succeed(command: string, args: string[], options: SpawnOptions = {}): Promise<string> {
  const result = await collect(command, args, options)
  if (result.status === 0) return result.stdout
  if (/No space left on device/.test(result.stderr)) throw diskFull(result.stderr)
  throw new LabError(
    'TOOL_FAILED',
    `${command} failed with status ${result.status}.`,
    'See its message below; `ovs-lab doctor` may say more.',
    { details: result.stderr },
  )
}

export function diskFull(details: string): LabError {
  return new LabError(
    'DISK_FULL',
    'The disk that holds the lab\'s cache is full.',
    'Make room, or name a roomier folder with OVS_LAB_CACHE=/path.',
    { details },
  )
}

function toolMissing(command: string, cause: unknown): LabError {
  return new LabError(
    'UNSUPPORTED_SYSTEM',
    `The program ${command} is not on this machine.`,
    'The lab needs apt, dpkg, util-linux and coreutils, which every Debian and Ubuntu has; `ovs-lab doctor` lists what is missing.',
    { cause },
  )
}
