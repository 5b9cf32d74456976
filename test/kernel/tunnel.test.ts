import { expect, test } from 'vitest'
import { buildTunnel } from '../../examples/05-vxlan.js'
import type { TunnelKind } from '../../src/index.js'
import { openOvs } from '../../src/index.js'
import { all, dpctl, ip } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()

test('a tunnel between switches in two network namespaces carries frames, and both ends count them', async () => {
  const { sides, remove } = await buildTunnel()
  try {
    const [left, right] = sides
    expect(await ip('netns', 'exec', left.netns, 'ping', '-c', '2', '-i', '0.05', '-W', '5', right.inner)).toContain(' 0% packet loss')
    await using ovs = await openOvs({ netns: right.netns })
    const dp = await ovs.openDatapath('switch')
    const flows = await all(dp.flows())
    expect(flows.map(({ stats }) => Number(stats?.packets) >= 2)).toEqual([true, true])
    expect(flows.map(({ key }) => key?.tunnel?.id)).toContain(7n)
    const link = await ovs.links.get('vxlan0')
    expect(link.master).toBeGreaterThan(0)
    expect(link.stats64?.rxPackets).toBe((await dp.port('vxlan0')).stats.rxPackets)
    expect(link.linkinfo).toMatchObject({ kind: 'vxlan', slaveKind: 'openvswitch' })
  } finally {
    await remove()
  }
})

test('tunnel ports of each kind are made as Open vSwitch makes them', async () => {
  const dp = await lab.datapath('tna')
  const kinds: [TunnelKind, number?][] = [['vxlan', 4800], ['geneve', 6100], ['gretap'], ['erspan']]
  for (const [i, [kind, dstPort]] of kinds.entries()) {
    const port = await dp.addTunnelPort(`tna${i}`, { kind, dstPort, portNo: 10 + i })
    expect(port).toMatchObject({ name: `tna${i}`, portNo: 10 + i, type: 'netdev' })
    const link = await lab.ovs.links.get(`tna${i}`)
    expect(link).toMatchObject({ up: true, mtu: 65_000, index: port.ifindex, linkinfo: { kind, data: { collectMetadata: true, ...(dstPort === undefined ? {} : { port: dstPort }) } } })
  }
  const shown = await dpctl('show', 'tna')
  for (const i of kinds.keys()) expect(shown).toContain(`port ${10 + i}: tna${i}\n`)
  for (const i of kinds.keys()) {
    await dp.removePort(10 + i)
    await lab.ovs.links.del(`tna${i}`)
  }
})

test('a tunnel port that cannot be added leaves no device; one that there is already is said', async () => {
  const dp = await lab.datapath('tnb')
  await expect(dp.addTunnelPort('tnb1', { kind: 'vxlan', dstPort: 4801, portNo: 0xffff })).rejects.toThrow(/a port number is a whole number from 1 to 65534/)
  await expect(lab.ovs.links.get('tnb1')).rejects.toMatchObject({ code: 'ENODEV' })
  await dp.addTunnelPort('tnb1', { kind: 'geneve', dstPort: 6101 })
  await expect(dp.addTunnelPort('tnb2', { kind: 'geneve', dstPort: 6101 })).rejects.toThrow(/or one of kind "geneve" with the same properties .*EBUSY/)
  await lab.ovs.links.del('tnb1')
  expect((await all(dp.ports())).map(({ name }) => name)).toEqual(['tnb'])
  await expect(dp.addTunnelPort('tnb3', { kind: 'gretap', dstPort: 1 })).rejects.toThrow(/of kind gretap has no UDP port/)
  await expect(dp.addTunnelPort('tnb3', { kind: 'geneve', gbp: true })).rejects.toThrow(/of kind geneve has no group based policy/)
  await expect(dp.addTunnelPort('tnb3', { kind: 'gre' as 'gretap' })).rejects.toThrow(/no such kind of tunnel, got "gre"\nThere are vxlan/)
})
