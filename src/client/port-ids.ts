import { readFileSync } from 'node:fs'
import { NETLINK_GENERIC } from '../netlink/constants.js'

/**
 * Whether a socket of generic netlink with this port id is open (`/proc/net/netlink`), in the network
 * namespace that `inside` does things in. Where that cannot be read, everybody is taken to be alive.
 */
export function isAlive(portId: number, inside: <T>(task: () => T) => T = (task) => task()): boolean {
  let table: string
  try {
    table = inside(() => readFileSync('/proc/thread-self/net/netlink', 'latin1'))
  } catch {
    return true
  }
  // sk Eth Pid Groups …, where "Eth" is the protocol and "Pid" the port id.
  return table.split('\n').some((line) => {
    const [, protocol, port] = line.split(/\s+/)
    return Number(protocol) === NETLINK_GENERIC && Number(port) === portId
  })
}

/** How many CPUs the kernel may number: the length of its per-CPU list. */
export function possibleCpus(): number {
  try {
    const last = /(\d+)\s*$/.exec(readFileSync('/sys/devices/system/cpu/possible', 'latin1'))
    return last === null ? 1 : Number(last[1]) + 1
  } catch {
    // Without /sys: the kernel takes the remainder for CPUs beyond the list.
    return 1
  }
}
