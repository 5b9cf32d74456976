import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { VportType } from '../../src/index.js'
import { all, dpctl, ip, until, up, veth } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()

test('ports of every type are made, dumped, shown by ovs-dpctl, and removed', async () => {
  const dp = await lab.datapath('vpa')
  await veth('vpa1', 'vpa1p')
  expect(await dp.addPort('vpa1')).toMatchObject({ name: 'vpa1', portNo: 1, type: 'netdev', upcallPid: [0], options: undefined, unknown: [] })
  expect(await dp.addPort('vpa2', { type: 'internal' })).toMatchObject({ portNo: 2, type: 'internal' })
  expect(await dp.addPort('vpa3', { type: 'vxlan', dstPort: 4789 })).toMatchObject({ portNo: 3, type: 'vxlan', options: { dstPort: 4789 } })
  expect(await dp.addPort('vpa4', { type: 'geneve', dstPort: 6081 })).toMatchObject({ portNo: 4, type: 'geneve', options: { dstPort: 6081 } })
  expect(await dp.addPort('vpa5', { type: 'gre' })).toMatchObject({ portNo: 5, type: 'gre' })
  const shown = await dpctl('show', 'vpa')
  for (const line of ['port 0: vpa (internal)', 'port 1: vpa1\n', 'port 2: vpa2 (internal)', 'port 3: vpa3 (vxlan', 'port 4: vpa4 (geneve', 'port 5: vpa5 (gre']) expect(shown).toContain(line)
  const ports = await all(dp.ports())
  expect(ports.map((port) => port.portNo).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5])
  for (const port of ports) expect(await dp.port(port.portNo)).toMatchObject({ name: port.name, ifindex: port.ifindex, type: port.type })
  for (const which of ['vpa1', 2, 3, 4, 5]) await dp.removePort(which)
  expect((await all(dp.ports())).map((port) => port.name)).toEqual(['vpa'])
  expect(await ip('link', 'show', 'vpa1')).toContain('vpa1')
})

test('a vxlan port with group based policy keeps its extension', async () => {
  const dp = await lab.datapath('vpb')
  const port = await dp.addPort('vpb1', { type: 'vxlan', dstPort: 4790, gbp: true })
  expect(port.options).toEqual({ dstPort: 4790, extension: { gbp: true } })
})

test('what ovs-dpctl added is seen, and the number that was asked for is taken', async () => {
  const dp = await lab.datapath('vpc')
  await veth('vpc1', 'vpc1p')
  await dpctl('add-if', 'vpc', 'vpc1,port_no=7')
  expect(await dp.port('vpc1')).toMatchObject({ portNo: 7, type: 'netdev' })
  expect(await dp.addPort('vpc2', { type: 'internal', portNo: 65534 })).toMatchObject({ portNo: 65534 })
  await dpctl('del-if', 'vpc', 'vpc1')
  await expect(dp.port(7)).rejects.toMatchObject({ code: 'ENODEV' })
})

test('port ids for upcalls are set and read back, at most as many as there are CPUs', async () => {
  const dp = await lab.datapath('vpd')
  const many = Array.from({ length: availableParallelism() }, (_, i) => 11 + i)
  expect((await dp.addPort('vpd1', { type: 'internal', upcallPid: many })).upcallPid).toEqual(many)
  // ovs_vport_set_upcall_portids() in net/openvswitch/vport.c
  await expect(dp.addPort('vpd2', { type: 'internal', upcallPid: [...many, 99] })).rejects.toThrow(/more port ids than CPUs/)
  const changed = await lab.ovs.vport.set({ dpIfindex: dp.dpIfindex, portNo: 1, upcallPid: 99 })
  expect(changed.upcallPid).toEqual([99])
})

test('statistics are the device\'s: what goes out to an internal port, its device has received', async () => {
  const dp = await lab.datapath('vpe')
  await dp.addPort('vpe1', { type: 'internal' })
  await up('vpe1')
  await veth('vpe2', 'vpe2p')
  await dp.addPort('vpe2')
  const stats = async () => [(await dp.port('vpe1')).stats, (await dp.port('vpe2')).stats] as const
  // A device that is not at work yet drops what it is given: only what follows on the first that has passed is counted on.
  let before = await stats()
  await until(async () => {
    await dp.execute({ packet: new Uint8Array(60), actions: [{ output: 1 }, { output: 2 }] })
    const [internal, other] = await stats()
    const passed = internal.rxPackets > before[0].rxPackets && other.txPackets > before[1].txPackets
    before = [internal, other]
    return passed
  })
  await dp.execute({ packet: new Uint8Array(60), actions: [{ output: 1 }, { output: 1 }, { output: 2 }] })
  const [received, after] = await stats()
  // The device counts what is left behind the Ethernet header.
  expect([received.rxPackets - before[0].rxPackets, received.rxBytes - before[0].rxBytes]).toEqual([2n, 92n])
  expect([after.txPackets - before[1].txPackets, after.txBytes - before[1].txBytes]).toEqual([1n, 60n])
  expect((await lab.ovs.vport.get({ dpIfindex: dp.dpIfindex, portNo: 2 })).stats).toEqual(after)
})

test('a device that was moved to another network namespace says so', async () => {
  const dp = await lab.datapath('vpf')
  await dp.addPort('vpf1', { type: 'internal' })
  await ip('netns', 'add', 'vpf-ns')
  await ip('link', 'set', 'vpf1', 'netns', 'vpf-ns')
  expect((await dp.port('vpf1')).netnsid).toBeTypeOf('number')
  await ip('netns', 'delete', 'vpf-ns')
})

test('each refusal has its sentence and remedy', async () => {
  const dp = await lab.datapath('vpg')
  await veth('vpg1', 'vpg1p')
  await dp.addPort('vpg1')
  const refusals: [() => Promise<unknown>, string, RegExp][] = [
    [() => dp.addPort('vpg-none'), 'ENODEV', /no network device named "vpg-none".*\nA port of type "netdev" needs a device that exists/s],
    [() => dp.addPort('vpg1'), 'EEXIST', /"vpg1" exists already/],
    [() => dp.addPort('vpg1p', { portNo: 1 }), 'EBUSY', /port number asked for is taken/],
    [() => dp.addPort('lo'), 'EINVAL', /does not take "lo"/],
    [() => lab.ovs.vport.new({ dpIfindex: dp.dpIfindex, name: 'vpg2', type: VportType.vxlan, upcallPid: 0 }), 'EINVAL', /./],
    [() => dp.port('vpg-none'), 'ENODEV', /the datapath "vpg" has no port "vpg-none"/],
    [() => dp.port(77), 'ENODEV', /has no port 77/],
    [() => dp.removePort('vpg-none'), 'ENODEV', /has no port "vpg-none"/],
    [() => dp.removePort(0), 'EINVAL', /is the datapath's own/],
    [() => dp.port(70_000), 'EFBIG', /a port number is below 65535, 70000 is not/],
    [() => lab.ovs.vport.new({ dpIfindex: dp.dpIfindex, name: 'vpg3', type: 99, upcallPid: 0 }), 'EAFNOSUPPORT', /./],
  ]
  for (const [refused, code, words] of refusals) {
    const error = await refused().then(() => undefined, (each: Error) => each)
    expect(error).toMatchObject({ name: 'KernelError', code })
    expect(error?.message).toMatch(words)
  }
  expect((await all(dp.ports())).map((port) => port.name).toSorted()).toEqual(['vpg', 'vpg1'])
})

test('a tunnel port without the UDP port that it needs is refused before anything is sent', async () => {
  const dp = await lab.datapath('vpk')
  await expect(dp.addPort('vpk1', { type: 'geneve' })).rejects.toThrow(/OVS_TUNNEL_ATTR_DST_PORT: a geneve port needs a dstPort.*\nIts usual one is 6081/s)
})

test('a port of another datapath is not found by its name', async () => {
  const [one, two] = [await lab.datapath('vph'), await lab.datapath('vpi')]
  await one.addPort('vph1', { type: 'internal' })
  await expect(two.port('vph1')).rejects.toMatchObject({ code: 'ENODEV' })
})

test('the ports of a datapath that is gone are refused with a sentence', async () => {
  const dp = await lab.datapath('vpj')
  await dp.delete()
  await expect(all(dp.ports())).rejects.toThrow(/the datapath "vpj" is gone .*ENODEV/)
  await expect(dp.addPort(undefined as unknown as string)).rejects.toThrow(/a port needs a name/)
  await expect(dp.port(undefined as unknown as string)).rejects.toThrow(/by its name or its number/)
})

test('the numbers of the types are the header\'s', () => {
  expect(VportType).toEqual({ netdev: 1, internal: 2, gre: 3, vxlan: 4, geneve: 5 })
})
