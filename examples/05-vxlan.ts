/**
 * Two network namespaces with a cable between them, a switch in each, and a VXLAN tunnel from switch to switch: what
 * enters a switch at its own port comes out of the other's. Run it as root, or in the lab.
 */
import { execFileSync } from 'node:child_process'
import { exact, openOvs, type Ovs } from 'ovs-datapath'
import { openRtnetlink } from 'ovs-datapath/rtnetlink'

const SIDES = [
  { netns: 'vxlan-left', outer: '192.0.2.1', inner: '10.0.0.1' },
  { netns: 'vxlan-right', outer: '192.0.2.2', inner: '10.0.0.2' },
] as const
const VNI = 7n

/** Builds both sides; the result takes them down. */
export async function buildTunnel(): Promise<{ readonly sides: typeof SIDES; remove(): Promise<void> }> {
  for (const { netns } of SIDES) ip('netns', 'add', netns)
  const opened: Ovs[] = []
  try {
    const [left, right] = SIDES
    const here = openRtnetlink()
    try {
      await here.links.new({ ifname: 'vxlan-cable', linkinfo: { kind: 'veth', data: { peer: { ifname: 'vxlan-cable2' } } } })
      await here.links.set('vxlan-cable', { netns: left.netns, ifname: 'cable' })
      await here.links.set('vxlan-cable2', { netns: right.netns, ifname: 'cable' })
    } finally {
      here.close()
    }
    for (const [i, { netns, outer, inner }] of SIDES.entries()) {
      const ovs = await openOvs({ netns })
      opened.push(ovs)
      const dp = await ovs.createDatapath('switch')
      const host = await dp.addPort('host', { type: 'internal' })
      const tunnel = await dp.addTunnelPort('vxlan0', { kind: 'vxlan' })
      for (const name of ['cable', 'host']) await ovs.links.set(name, { up: true })
      ip('-n', netns, 'address', 'add', `${outer}/24`, 'dev', 'cable')
      ip('-n', netns, 'address', 'add', `${inner}/24`, 'dev', 'host')
      const other = SIDES[1 - i] as (typeof SIDES)[number]
      const encapsulate = { set: { tunnel: { id: VNI, ipv4Src: outer, ipv4Dst: other.outer, ttl: 64 } } }
      await dp.putFlow({ key: { inPort: host.portNo, ethernet: {} }, mask: { inPort: exact }, actions: [encapsulate, { output: tunnel.portNo }] })
      await dp.putFlow({
        key: { inPort: tunnel.portNo, ethernet: {}, tunnel: { id: VNI, ipv4Src: other.outer, ipv4Dst: outer, ttl: 0 } },
        mask: { inPort: exact, tunnel: { id: exact, ipv4Src: exact, ipv4Dst: exact } },
        actions: [{ output: host.portNo }],
      })
    }
    return { sides: SIDES, remove }
  } catch (error) {
    await remove()
    throw error
  }

  /** What is in a namespace goes with it. */
  async function remove(): Promise<void> {
    for (const ovs of opened) await ovs.close()
    for (const { netns } of SIDES) ip('netns', 'delete', netns)
  }
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8' })
}

if (process.argv[1] === import.meta.filename) {
  const { sides, remove } = await buildTunnel()
  console.log(ip('netns', 'exec', sides[0].netns, 'ping', '-c', '3', '-i', '0.2', sides[1].inner))
  await remove()
}
