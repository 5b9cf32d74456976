import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { LabError } from './errors.js'

/** Whether the running kernel has the openvswitch module loaded or built in. */
export function hostHasOvs(): boolean {
  return existsSync('/sys/module/openvswitch')
}

/** The command line that runs `command` on the host's own kernel, in a network namespace of its own. */
export function hostCommand(command: readonly string[], root: boolean): string[] {
  // An ordinary user gets the right to make one from a user namespace, where he is root.
  const user = root ? [] : ['--user', '--map-root-user']
  return ['unshare', ...user, '--net', '--', ...command]
}

/**
 * Runs a command on the host's own kernel in a network namespace of its own,
 * with this process's streams. Datapaths that it makes vanish with it.
 *
 * Throws `HOST_WITHOUT_OVS`.
 */
export async function runOnHost(command: readonly string[]): Promise<number> {
  if (!hostHasOvs()) {
    throw new LabError(
      'HOST_WITHOUT_OVS', 'This machine\'s own kernel has no openvswitch loaded, so --host cannot be used.',
      'Leave out --host to boot a kernel that has it, or load the module: modprobe openvswitch (as root).',
    )
  }
  const [program, ...args] = hostCommand(command, process.getuid?.() === 0)
  return await new Promise((resolve, reject) => {
    const child = spawn(program!, args, { stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void child.kill(signal))
    child.on('error', (cause) => reject(new LabError('TOOL_FAILED', 'The program unshare cannot be run.', 'Install util-linux.', { cause })))
    child.on('exit', (status, signal) => {
      if (signal === null) return resolve(status ?? 1)
      resolve(128 + (process.platform === 'linux' ? signalNumber(signal) : 1))
    })
  })
}

function signalNumber(signal: NodeJS.Signals): number {
  return { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGTERM: 15 }[signal as 'SIGTERM'] ?? 1
}
