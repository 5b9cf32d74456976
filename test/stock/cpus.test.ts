import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { afterEach, expect, test } from 'vitest'
import { DatapathFeatures, type Datapath } from '../../src/index.js'
import type { Transport } from '../../src/netlink/transport.js'
import { command, ip, until } from '../kernel/support/commands.js'
import { useOvs } from '../kernel/support/ovs.js'

const lab = useOvs()
const open: Transport[] = []
afterEach(() => {
  for (const transport of open.splice(0)) transport.close()
})

/** A socket to which upcalls can be sent, and the texts in what came to it. */
function listener(): { portId: number; heard(): string[] } {
  const transport = lab.ovs.netlink.dial()
  open.push(transport)
  const found: string[] = []
  return {
    portId: transport.portId,
    heard() {
      while (transport.receive(({ bytes }, start, end) => found.push(...(bytes.toString('latin1', start, end).match(/from-cpu-\d/g) ?? []))) > 0);
      return found
    },
  }
}

/** A port of type internal from which this machine's own datagrams go into the datapath. */
async function withPort(dp: Datapath, name: string): Promise<void> {
  await dp.addPort(name, { type: 'internal', portNo: 1 })
  await writeFile(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1')
  await ip('link', 'set', name, 'up')
  await ip('address', 'add', '10.8.0.1/24', 'dev', name)
  await ip('neighbour', 'add', '10.8.0.2', 'lladdr', '02:00:00:00:00:02', 'dev', name)
}

/** Datagrams that say on which CPU they were sent, one to each of these UDP ports. */
async function send(cpu: number, ...ports: number[]): Promise<void> {
  await command('taskset', '-c', `${cpu}`, 'bash', '-c', `for port in ${ports.join(' ')}; do echo from-cpu-${cpu} > /dev/udp/10.8.0.2/$port; done`)
}

test('there are two CPUs', async () => {
  expect(availableParallelism()).toBe(2)
  expect((await readFile('/sys/devices/system/cpu/online', 'utf8')).trim()).toBe('0-1')
})

test('dispatched per CPU, an upcall goes to the port id of the CPU that it arises on', async () => {
  const dp = await lab.datapath('cpa')
  await withPort(dp, 'cpa1')
  const [first, second] = [listener(), listener()]
  await lab.ovs.datapath.set({ dpIfindex: dp.dpIfindex, userFeatures: DatapathFeatures.dispatchUpcallPerCpu, perCpuPids: [first.portId, second.portId] })
  await send(0, 1, 2)
  await send(1, 3, 4, 5)
  await until(() => first.heard().length + second.heard().length >= 5)
  expect(first.heard()).toEqual(['from-cpu-0', 'from-cpu-0'])
  expect(second.heard()).toEqual(['from-cpu-1', 'from-cpu-1', 'from-cpu-1'])
})

test('dispatched per vport among as many port ids as there are CPUs, each gets some, whatever the CPU', async () => {
  const dp = await lab.datapath('cpb')
  await withPort(dp, 'cpb1')
  const listeners = [listener(), listener()]
  const pids = listeners.map(({ portId }) => portId)
  expect((await lab.ovs.vport.set({ dpIfindex: dp.dpIfindex, portNo: 1, upcallPid: pids })).upcallPid).toEqual(pids)
  await expect(lab.ovs.vport.set({ dpIfindex: dp.dpIfindex, portNo: 1, upcallPid: [...pids, 99] })).rejects.toMatchObject({ code: 'EINVAL' })
  // Chosen by a hash of the packet: that of twenty all go to one is a chance of 1 to 500 000.
  await send(1, ...Array.from({ length: 20 }, (_, i) => 1 + i))
  await until(() => listeners.reduce((sum, { heard }) => sum + heard().length, 0) >= 20)
  for (const { heard } of listeners) expect(heard().length).toBeGreaterThan(0)
})

test('one listener hears of every CPU, however it is dispatched', async () => {
  const dp = await lab.datapath('cpc')
  await withPort(dp, 'cpc1')
  for (const dispatch of ['perCpu', 'perVport'] as const) {
    const upcalls = await dp.listen({ dispatch })
    const found: string[] = []
    upcalls.on('miss', ({ packet }) => found.push(...(Buffer.from(packet).toString('latin1').match(/from-cpu-\d/g) ?? [])))
    await send(0, 9)
    await send(1, 9)
    await until(() => found.length >= 2)
    expect(found).toEqual(['from-cpu-0', 'from-cpu-1'])
    await upcalls.close()
  }
})
