/** Makes a datapath, a port and a flow, shows them, and takes them down. Run it as root, or in the lab. */
import { exact, openOvs } from 'ovs-datapath'
import { formatFlow } from 'ovs-datapath/text'

await using ovs = await openOvs()
const dp = await ovs.createDatapath('example')
try {
  const port = await dp.addPort('example1', { type: 'internal' })
  // `ethernet: {}` is any frame: a key without it would be of packets that have no Ethernet header.
  await dp.putFlow({ key: { inPort: port.portNo, ethernet: {} }, mask: { inPort: exact }, actions: [{ output: 0 }] })
  for await (const { portNo, name, type } of dp.ports()) console.log(`port ${portNo}: ${name} (${type})`)
  for await (const flow of dp.flows()) console.log(formatFlow(flow))
} finally {
  await dp.delete()
}
