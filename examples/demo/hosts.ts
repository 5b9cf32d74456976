import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A host: a network namespace with one end of a veth pair in it. */
export interface Host {
  readonly name: string
  readonly address: string
  /** The other end, for the switch. */
  readonly device: string
}

export async function makeHosts(count: number): Promise<Host[]> {
  const hosts = Array.from({ length: count }, (_, i) => ({ name: `host${i + 1}`, address: `10.0.0.${i + 1}`, device: `veth${i + 1}` }))
  for (const { name, address, device } of hosts) {
    await ip('netns', 'add', name)
    await ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    // Without IPv6 the hosts only say what they are asked to.
    await ip('netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1')
    await ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0')
    await ip('-n', name, 'link', 'set', 'eth0', 'up')
    await ip('link', 'set', device, 'up')
  }
  return hosts
}

export async function removeHosts(hosts: readonly Host[]): Promise<void> {
  for (const { name } of hosts) await ip('netns', 'delete', name)
}

/** Round-trip times in milliseconds of `count` pings; one that is not answered within `seconds` is missing. */
export async function ping(from: Host, to: Host, count = 3, seconds = 2): Promise<number[]> {
  const { stdout } = await ip('netns', 'exec', from.name, 'ping', '-c', String(count), '-i', '0.05', '-W', String(seconds), to.address).catch((error: { stdout: string }) => error)
  return [...stdout.matchAll(/time=([\d.]+)/g)].map((match) => Number(match[1]))
}

function ip(...args: string[]): Promise<{ stdout: string }> {
  return run('ip', args)
}
