/**
 * A learning switch. It learns behind which port a host is from the frames that the host sends; it
 * lets the kernel forward what it has learned, and sends everything else to all ports.
 *
 *     npx tsx examples/learning-switch.ts dp0 veth1 veth2 …
 */
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { type Datapath, exact, openOvs, type Upcall, type Upcalls } from 'ovs-datapath'

/** A frame between these two hosts, from this port: nothing else of it matters to a switch. */
const mask = { inPort: exact, ethernet: exact }

export async function learningSwitch(dp: Datapath): Promise<Upcalls> {
  const learned = new Map<string, number>()
  const upcalls = await dp.listen()

  upcalls.on('miss', async (packet) => {
    const { src, dst } = packet.key.ethernet ?? {}
    if (src === undefined || dst === undefined) return
    await learn(src, packet.inPort)

    const port = learned.get(dst)
    if (port === undefined) return packet.execute(await everywhereBut(packet.inPort))

    const actions = port === packet.inPort ? [] : [{ output: port }]
    await dp.putFlow({ key: packet.key, mask, actions })
    await packet.execute(actions)
  })
  return upcalls

  /** A host that has moved is no longer where flows send its frames. */
  async function learn(host: string, port: number) {
    const before = learned.get(host)
    learned.set(host, port)
    if (before === undefined || before === port) return
    const outdated = []
    for await (const { key = {} } of dp.flows()) if (key.ethernet?.dst === host) outdated.push({ key, mask })
    // One that is gone already is not worth an error.
    await dp.deleteFlows(outdated)
  }

  async function everywhereBut(inPort: number) {
    const actions = []
    for await (const { portNo } of dp.ports()) if (portNo !== inPort) actions.push({ output: portNo })
    return actions
  }
}

/** One line about a packet. */
export function describe({ key, inPort }: Upcall): string {
  const { ethernet, arp, ipv4, ipv6 } = key
  const what = arp ? `ARP ${arp.op === 1 ? `who has ${arp.tip}?` : `${arp.sip} is here`}` : ipv4 ? `${ipv4.src} to ${ipv4.dst}` : ipv6 ? `${ipv6.src} to ${ipv6.dst}` : 'something else'
  return `port ${inPort}: ${ethernet?.src} to ${ethernet?.dst}, ${what}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [name, ...devices] = process.argv.slice(2)
  if (name === undefined || devices.length < 2) throw new Error('usage: learning-switch.ts DATAPATH DEVICE DEVICE…')
  await using ovs = await openOvs()
  const dp = await ovs.createDatapath(name)
  try {
    for (const device of devices) await dp.addPort(device)
    await using upcalls = await learningSwitch(dp)
    upcalls.on('miss', (packet) => console.log(describe(packet)))
    upcalls.on('error', (error) => console.error(error.message))
    await once(process, 'SIGINT')
  } finally {
    await dp.delete()
  }
}
