/** Lets through at most ten packets at once, and one more each second. Run it as root, or in the lab. */
import { openOvs } from 'ovs-datapath'

await using ovs = await openOvs()
const dp = await ovs.createDatapath('example')
try {
  const port = await dp.addPort('example1', { type: 'internal' })
  await dp.meters.set(1, { unit: 'pktps', rate: 1, burst: 10 })
  // In a flow, the same: putFlow({ key, mask, actions: [{ meter: 1 }, { output: port.portNo }] }).
  for (let i = 0; i < 30; i++) await dp.execute({ packet: new Uint8Array(60), actions: [{ meter: 1 }, { output: port.portNo }] })
  const { stats, dropped } = await dp.meters.get(1)
  console.log(`${stats.packets} packets came, ${dropped.packets} of them were dropped`)
} finally {
  await dp.delete()
}
