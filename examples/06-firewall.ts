/**
 * A stateful firewall between two hosts: what the inside begins is committed to connection tracking, and from the outside
 * comes only what belongs to that. Run it as root, or in the lab.
 */
import { pathToFileURL } from 'node:url'
import { CtStateFlags, type Datapath, exact, type FlowInput, openOvs } from 'ovs-datapath'
import { makeHosts, ping, removeHosts } from './demo/hosts.js'

const { new: begins, established, tracked } = CtStateFlags
/** Ours: connections that the inside began. */
const ALLOWED = 1
const ip = { ethernet: {}, ethertype: 0x0800, ipv4: {} }

/** The flow by which connections from the outside are dropped. */
export const refused = (outside: number) =>
  ({
    key: { recircId: 1, inPort: outside, ctState: tracked | begins, ...ip },
    mask: { recircId: exact, inPort: exact, ctState: tracked | begins | established, ethertype: exact },
    actions: [],
  }) satisfies FlowInput

/** Puts the firewall's flows. */
export async function firewall(dp: Datapath, inside: number, outside: number): Promise<void> {
  for (const [inPort, output] of [[inside, outside], [outside, inside]] as const) {
    // Not yet tracked: look the connection up, and come again with what is known of it.
    await dp.putFlow({ key: { recircId: 0, inPort, ...ip }, mask: { recircId: exact, inPort: exact, ethertype: exact }, actions: [{ ct: {} }, { recirc: 1 }] })
    await dp.putFlow({ key: { recircId: 0, inPort, ethernet: {}, ethertype: 0x0806, arp: {} }, mask: { recircId: exact, inPort: exact, ethertype: exact }, actions: [{ output }] })
    await dp.putFlow({
      key: { recircId: 1, inPort, ctState: tracked | established, ctMark: ALLOWED, ...ip },
      mask: { recircId: exact, inPort: exact, ctState: tracked | begins | established, ctMark: exact, ethertype: exact },
      actions: [{ output }],
    })
  }
  const { mask } = refused(outside)
  const commit = { ct: { commit: true as const, mark: { value: ALLOWED } } }
  await dp.putFlow({ key: { recircId: 1, inPort: inside, ctState: tracked | begins, ...ip }, mask, actions: [commit, { output: outside }] })
  await dp.putFlow(refused(outside))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const hosts = await makeHosts(2)
  await using ovs = await openOvs()
  const dp = await ovs.createDatapath('firewall')
  try {
    const [inside, outside] = hosts as [(typeof hosts)[0], (typeof hosts)[0]]
    await firewall(dp, (await dp.addPort(inside.device)).portNo, (await dp.addPort(outside.device)).portNo)
    console.log(`from inside: ${(await ping(inside, outside)).length} of 3 pings are answered`)
    console.log(`from outside: ${(await ping(outside, inside)).length} of 3`)
  } finally {
    await dp.delete()
    await removeHosts(hosts)
  }
}
