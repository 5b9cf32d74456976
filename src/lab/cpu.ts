import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/** Expands the kernel's list notation, `0-2,5`. */
export function parseCpuList(text: string): number[] {
  return text.trim().split(',').filter(Boolean).flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/**
 * The CPU that the fewest running labs are pinned to, among those that this
 * process may use. The labs' run directories say theirs; call it with the lock
 * held under which they are written.
 */
export function leastUsedCpu(runs: string[]): number {
  const allowed = allowedCpus()
  const load = new Map(allowed.map((cpu) => [cpu, 0]))
  for (const run of runs) {
    try {
      const cpu = Number(readFileSync(join(run, 'cpu'), 'utf8'))
      if (load.has(cpu)) load.set(cpu, load.get(cpu)! + 1)
    } catch {
      // Ended in this moment.
    }
  }
  // From the last one down: the first takes more of the machine's interrupts.
  return allowed.toReversed().reduce((best, cpu) => (load.get(cpu)! < load.get(best)! ? cpu : best))
}

function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return list === undefined ? Array.from({ length: availableParallelism() }, (_, cpu) => cpu) : parseCpuList(list)
}

/** Run directories of all users' labs under `parent`. */
export function runDirectories(parent: string): string[] {
  return readdirSync(parent).filter((name) => /^ovs-lab-[A-Za-z0-9]{6}$/.test(name)).map((name) => join(parent, name))
}
