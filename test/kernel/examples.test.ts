import { expect, test } from 'vitest'
import { firewall, refused } from '../../examples/06-firewall.js'
import { makeHosts, ping, removeHosts } from '../../examples/demo/hosts.js'
import { learningSwitch } from '../../examples/learning-switch.js'
import { describe as describeEvent, during } from '../../examples/04-watch.js'
import { exact } from '../../src/index.js'
import { all, ip, until } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()

test('the learning switch forwards between all hosts, sends what it has learned through flows, and follows a host that moves', async () => {
  const hosts = await makeHosts(3)
  const dp = await lab.datapath('exa')
  for (const { device } of hosts) await dp.addPort(device)
  await using upcalls = await learningSwitch(dp)
  for (const from of hosts) for (const to of hosts) if (from !== to) expect(await ping(from, to, 1)).toHaveLength(1)

  // Both ways between each two hosts, and the packets of the pings through them.
  const flows = await all(dp.flows())
  expect(flows).toHaveLength(6)
  const misses = upcalls.counts.misses
  const [one, two, three] = hosts as [(typeof hosts)[0], (typeof hosts)[0], (typeof hosts)[0]]
  expect(await ping(one, two, 3)).toHaveLength(3)
  expect(upcalls.counts.misses).toBe(misses)
  const between = (await all(dp.flows())).filter((flow) => flow.key?.inPort === 1 && flow.actions?.some((action) => 'output' in action && action.output === 2))
  expect(between).toHaveLength(1)
  expect(between[0]?.stats?.packets).toBeGreaterThanOrEqual(4n)

  // The second host moves to the third's place: its address, hardware address and all.
  const mac = /link\/ether (\S+)/.exec(await ip('-n', two.name, 'link', 'show', 'eth0'))?.[1] ?? ''
  await ip('-n', two.name, 'link', 'set', 'eth0', 'down')
  await ip('-n', three.name, 'link', 'set', 'eth0', 'down', 'address', mac)
  await ip('-n', three.name, 'address', 'flush', 'dev', 'eth0')
  await ip('-n', three.name, 'address', 'add', `${two.address}/24`, 'dev', 'eth0')
  await ip('-n', three.name, 'link', 'set', 'eth0', 'up')
  expect(await ping({ ...three, address: two.address }, one, 1)).toHaveLength(1)
  expect(await ping(one, two, 1)).toHaveLength(1)
  await removeHosts(hosts)
})

test('the learning switch lives through a host that seems to be behind two ports at once', async () => {
  const hosts = await makeHosts(2)
  const dp = await lab.datapath('exb')
  for (const { device } of hosts) await dp.addPort(device)
  await using upcalls = await learningSwitch(dp)
  const errors: Error[] = []
  upcalls.on('error', (error) => errors.push(error))
  expect(await ping(hosts[0] as (typeof hosts)[0], hosts[1] as (typeof hosts)[0], 1)).toHaveLength(1)
  const key = (await all(dp.flows()))[0]?.key?.ethernet
  const octets = (mac = '') => mac.split(':').map((octet) => Number.parseInt(octet, 16))
  const frame = new Uint8Array(60)
  frame.set([...octets(key?.dst), ...octets(key?.src), 0x88, 0xb5])
  const before = upcalls.counts.misses
  for (let i = 0; i < 20; i++) await dp.execute({ packet: frame, inPort: 1 + (i % 2), actions: [{ recirc: 9 }] })
  await until(() => upcalls.counts.misses >= before + 2)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(errors).toEqual([])
  await removeHosts(hosts)
})

test('the watch tells, in a line each, who did what', async () => {
  await using watch = await lab.ovs.watch({ families: ['datapath', 'vport', 'flow'], mirror: ['vport', 'flow'] })
  const lines: string[] = []
  const reading = (async () => {
    for await (const event of watch) lines.push(describeEvent(event))
  })()
  const dp = await lab.datapath('exc')
  await dp.addPort('exc1', { type: 'internal' })
  await dp.putFlow({ key: { inPort: 1, ethernet: {} }, mask: { inPort: exact }, actions: [] })
  // Its own port is not announced, but read: it has to be there still.
  await until(() => lines.length === 4)
  await dp.delete()
  await until(() => lines.length === 8)
  await watch.close()
  await reading
  const flow = lines.splice(3, 1)[0]
  expect(flow).toMatch(/^flow:new in exc \(announced by us\): .*in_port\(1\).*actions:drop$/)
  expect(lines).toEqual([
    'datapath:new in exc (announced by us): features 3',
    'vport:new in exc (datapath created): port 0, exc',
    'vport:new in exc (announced by us): port 1, exc1',
    'vport:del in exc (datapath deleted by us): port 0, exc',
    'vport:del in exc (datapath deleted by us): port 1, exc1',
    expect.stringMatching(/^flow:del in exc \(datapath deleted by us\): .*in_port\(1\)/),
    'datapath:del in exc (announced by us): features 3',
  ])
})

test('the watch ends with the program that it is given, and has told what that did', async () => {
  const watch = await lab.ovs.watch({ families: ['datapath', 'vport'] })
  const running = during(watch, 'ovs-dpctl', ['add-dp', 'exd'])
  const lines = (await all(watch)).map(describeEvent)
  await running
  await (await lab.ovs.openDatapath('exd')).delete()
  expect(lines.slice(0, 2)).toEqual([expect.stringMatching(/^datapath:new in exd \(announced by port id \d+\)/), 'vport:new in exd (datapath created): port 0, exd'])
})

test('the firewall lets through what the inside begins, and nothing that the outside begins', async () => {
  const [inside, outside] = (await makeHosts(2)) as [Awaited<ReturnType<typeof makeHosts>>[0], Awaited<ReturnType<typeof makeHosts>>[0]]
  const dp = await lab.datapath('exe')
  const outer = (await dp.addPort(outside.device)).portNo
  await firewall(dp, (await dp.addPort(inside.device)).portNo, outer)
  expect(await ping(inside, outside, 3)).toHaveLength(3)
  expect((await dp.getFlow(refused(outer))).stats).toBeUndefined()
  expect(await ping(outside, inside, 2, 0.5)).toHaveLength(0)
  expect((await dp.getFlow(refused(outer))).stats?.packets).toBe(2n)
  await removeHosts([inside, outside])
})
