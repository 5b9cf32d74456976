import { join } from 'node:path'
import type { Installed } from './cache.js'
import { umlEnvironment } from './components.js'

/** The serial lines of a UML kernel, by what they carry; the numbers are descriptors of the kernel's process. */
export const umlLines = {
  OUT: '/dev/ttyS0', ERR: '/dev/ttyS1', IN: '/dev/ttyS2', CTL: '/dev/ttyS3', TTY: '/dev/ttyS4',
}

/** The command line that boots a UML kernel with `init` of the run directory as process 1. */
export function umlCommand(kernel: Installed, run: { folder: string; cpu: number; memory: number; memoryFolder: string; shell: boolean }): string[] {
  const environment = { ...umlEnvironment(kernel.path), TMPDIR: run.memoryFolder }
  return [
    // When its threads wander between CPUs, every system call costs several times as much.
    'taskset', '--cpu-list', String(run.cpu),
    // Not in our own environment: the tools before it are the host's and must not get this libc.
    'env', '-i', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    join(kernel.path, 'linux.uml'),
    `mem=${Math.floor(run.memory / 1024 ** 2)}M`,
    'root=/dev/root', 'rootfstype=hostfs', 'rw',
    `init=${run.folder}/init`,
    `uml_dir=${run.folder}/`, 'umid=kernel',
    'con=null', 'con0=null,fd:1',
    'ssl=null', 'ssl0=null,fd:5', 'ssl1=null,fd:6', 'ssl2=fd:7,null', 'ssl3=fd:8',
    ...(run.shell ? ['ssl4=fd:4'] : []),
    // From 6.16 on, system calls are trapped by seccomp, which is faster than ptrace; older kernels pass the word on to init.
    'seccomp=on',
  ]
}
