import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { openRtnetlink } from '../../../src/rtnetlink.js'

const run = promisify(execFile)

/** Runs a program; what it printed on standard output. */
export async function command(file: string, ...args: string[]): Promise<string> {
  return (await run(file, args)).stdout
}

/** `ovs-dpctl`, the referee. */
export function dpctl(...args: string[]): Promise<string> {
  return command('ovs-dpctl', ...args)
}

export function ip(...args: string[]): Promise<string> {
  return command('ip', ...args)
}

/** The kernel's log. */
export function dmesg(): Promise<string> {
  return command('dmesg')
}

const { links } = openRtnetlink()
/** `IF_OPER_UP` */
const UP = 6

/**
 * A veth pair, up, whose first end can be a port. Without IPv6, nothing passes it but what a test sends, and that
 * does: the end that is set up first sends what it is given nowhere until a work queue has heard of its carrier.
 */
export async function veth(name: string, peer: string): Promise<void> {
  await links.new({ ifname: name, linkinfo: { kind: 'veth', data: { peer: { ifname: peer } } } })
  for (const each of [name, peer]) {
    await writeFile(`/proc/sys/net/ipv6/conf/${each}/disable_ipv6`, '1')
    await up(each)
  }
  await until(async () => (await Promise.all([name, peer].map((each) => links.get(each)))).every(({ operstate }) => operstate === UP))
}

/** Sets a device up. */
export function up(name: string): Promise<void> {
  return links.set(name, { up: true })
}

/** Waits for something to become true; the test's own time limit ends it otherwise. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** All of an async iterable. */
export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}
