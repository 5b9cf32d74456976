import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runDirectories } from './cpu.js'
import { controlScript, feedScript, initScript, insmodScript, launchScript, mainScript, poweroffScript, pumpScript } from './guest.js'
import { readIfThere } from './host.js'
import { joinWords, type Word } from './words.js'

/** What the programs inside the lab are told. Its values are ours, so the shell may read them. */
export interface GuestConfig {
  BACKEND: 'uml' | 'qemu'
  MODE: 'run' | 'shell'
  LAYERS: number
  STDIN: 'yes' | 'no'
  /** Seconds until the kernel ends by itself; 0 for never. */
  LIMIT: number
  ROWS: number
  COLUMNS: number
  MODULES: string
  OUT: string
  ERR: string
  IN: string
  CTL: string
  TTY: string
}

export interface GuestCommand {
  argv: readonly Word[]
  env: readonly Word[]
  cwd: string
  shares: readonly string[]
}

/** Where run directories lie. Their paths go to places that take plain characters and few of them: sockets, mount options. */
export function runParent(): string {
  const folder = tmpdir()
  return /^[\w./-]{1,60}$/.test(folder) ? folder : '/tmp'
}

/** Makes the run directory of one lab. Only its number of the CPU can be read by other users. */
export function makeRunDirectory(layers: string[], config: GuestConfig, command: GuestCommand): string {
  const folder = mkdtempSync(join(runParent(), 'ovs-lab-'))
  chmodSync(folder, 0o711)
  const write = (name: string, content: string | Uint8Array, mode = 0o600): void => writeFileSync(join(folder, name), content, { mode })
  mkdirSync(join(folder, 'mnt'))
  for (const [index, layer] of layers.entries()) symlinkSync(layer, join(folder, `l${index}`))
  write('init', initScript, 0o700)
  write('main', mainScript)
  write('launch', launchScript)
  write('control', controlScript)
  write('feed', feedScript)
  write('pump', pumpScript)
  write('insmod', insmodScript)
  write('poweroff', poweroffScript)
  write('config', Object.entries(config).map(([name, value]) => `${name}='${value}'\n`).join(''))
  write('argv', joinWords(command.argv))
  write('env', joinWords(command.env))
  write('cwd', joinWords([command.cwd]))
  write('umask', joinWords([process.umask().toString(8)]))
  write('shares', joinWords(command.shares))
  return folder
}

/** Says who watches over a run directory, so that it can be told from one whose watcher was killed. */
export function claimRunDirectory(folder: string, supervisor: number): void {
  writeFileSync(join(folder, 'owner'), `${supervisor} ${startTime(supervisor) ?? ''}`, { mode: 0o600 })
}

/** Removes the run directories of this user whose watcher is gone, and ends what is left of their kernels. */
export function sweepRunDirectories(): void {
  for (const folder of runDirectories(runParent())) {
    try {
      if (statSync(folder).uid !== process.getuid!()) continue
      const owner = join(folder, 'owner')
      // One that is just being made has no owner yet.
      if (!existsSync(owner)) {
        if (Date.now() - statSync(folder).mtimeMs > 60_000) rmSync(folder, { recursive: true, force: true })
        continue
      }
      const [pid, started] = readFileSync(owner, 'utf8').split(' ')
      if (startTime(Number(pid)) === started) continue
      endKernel(folder)
      rmSync(folder, { recursive: true, force: true })
    } catch {
      // Another one is sweeping it.
    }
  }
}

function endKernel(folder: string): void {
  const pid = Number(readIfThere(join(folder, 'kernel/pid')))
  if (pid > 0 && readIfThere(`/proc/${pid}/cmdline`)?.includes(folder) === true) process.kill(-pid, 'SIGKILL')
}

/** When a process started, in clock ticks since boot: with its number, it names a process for good. */
function startTime(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[19]
  } catch {
    return undefined
  }
}
