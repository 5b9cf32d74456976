import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { DumpInterruptedError, KernelError } from '../../src/netlink.js'
import { type Link, LinkFlags, LinkKinds, openRtnetlink, type Rtnetlink } from '../../src/rtnetlink.js'
import { ip, until } from './support/commands.js'

let netlink: Rtnetlink
beforeAll(async () => {
  // With small receives a dump takes many of them.
  netlink = openRtnetlink({ receiveSize: 8192 })
  await ip('netns', 'add', 'rtn')
})
afterEach(async () => {
  for (const { ifname = '' } of await netlink.links.list()) {
    // Of a veth, both ends go at once.
    if (/^rt[a-z]\d?$/.test(ifname)) await netlink.links.del(ifname).catch((error: KernelError) => expect(error.code).toBe('ENODEV'))
  }
})
afterAll(async () => {
  netlink.close()
  await ip('netns', 'delete', 'rtn')
})

const shown = async (...args: string[]) => JSON.parse(await ip('-d', '-s', '-s', '-j', ...args)) as Record<string, unknown>[]
const kindOf = (link: Link) => link.linkinfo?.kind
const OPERSTATES = ['UNKNOWN', 'NOTPRESENT', 'DOWN', 'LOWERLAYERDOWN', 'TESTING', 'DORMANT', 'UP']
const FLAGS: readonly [string, number][] = [
  ['UP', LinkFlags.up], ['BROADCAST', LinkFlags.broadcast], ['LOOPBACK', LinkFlags.loopback], ['POINTOPOINT', LinkFlags.pointopoint],
  ['NOARP', LinkFlags.noarp], ['PROMISC', LinkFlags.promisc], ['ALLMULTI', LinkFlags.allmulti], ['MULTICAST', LinkFlags.multicast], ['LOWER_UP', LinkFlags.lowerUp],
]

test('every device is as ip shows it', async () => {
  const { links } = netlink
  await links.new({ ifname: 'rta', linkinfo: { kind: 'veth', data: { peer: { ifname: 'rtb', mtu: 1300 } } }, up: true, ifalias: 'for people', group: 0, txqlen: 77 })
  await ip('link', 'set', 'rta', 'promisc', 'on')
  // A work queue finds out that the other end is down.
  await until(async () => OPERSTATES[(await links.get('rta')).operstate ?? 0] === 'LOWERLAYERDOWN')
  const [found, table] = [await links.list(), await shown('link')]
  expect(found.length).toBeGreaterThan(2)
  for (const link of found) {
    const other = table.find(({ ifindex }) => ifindex === link.index) as Record<string, unknown>
    const { stats64 } = other as unknown as { stats64: Record<'rx' | 'tx', Record<string, number>> }
    expect({
      ifname: link.ifname, mtu: link.mtu, txqlen: link.txqlen, operstate: OPERSTATES[link.operstate ?? 0], ifalias: link.ifalias, promiscuity: link.promiscuity,
      min_mtu: link.minMtu, max_mtu: link.maxMtu, num_tx_queues: link.numTxQueues, kind: kindOf(link),
    }).toEqual({
      ifname: other.ifname, mtu: other.mtu, txqlen: other.txqlen, operstate: other.operstate, ifalias: other.ifalias, promiscuity: other.promiscuity,
      min_mtu: other.min_mtu, max_mtu: other.max_mtu, num_tx_queues: other.num_tx_queues, kind: (other.linkinfo as Record<string, unknown> | undefined)?.info_kind,
    })
    if (typeof link.address === 'string') expect([link.address, link.broadcast]).toEqual([other.address, other.broadcast])
    for (const [name, bit] of FLAGS) expect([link.ifname, name, (link.flags & bit) !== 0]).toEqual([link.ifname, name, (other.flags as string[]).includes(name)])
    const { stats64: stats } = link
    expect([stats?.rxPackets, stats?.rxBytes, stats?.rxErrors, stats?.rxDropped, stats?.multicast, stats?.rxLengthErrors, stats?.rxCrcErrors, stats?.rxFrameErrors, stats?.rxFifoErrors].map(Number)).toEqual(
      ['packets', 'bytes', 'errors', 'dropped', 'multicast', 'length_errors', 'crc_errors', 'frame_errors', 'fifo_errors'].map((name) => stats64.rx[name] ?? 0),
    )
    expect([stats?.txPackets, stats?.txBytes, stats?.txErrors, stats?.txDropped, stats?.collisions, stats?.txAbortedErrors, stats?.txCarrierErrors, stats?.txFifoErrors].map(Number)).toEqual(
      ['packets', 'bytes', 'errors', 'dropped', 'collisions', 'aborted_errors', 'carrier_errors', 'fifo_errors'].map((name) => stats64.tx[name] ?? 0),
    )
  }
})

test('tunnel devices of each kind are made in collect-metadata mode, and read as ip shows them', async () => {
  const { links } = netlink
  const tunnels = Object.keys(LinkKinds).filter((kind): kind is Exclude<keyof typeof LinkKinds, 'veth'> => kind !== 'veth' && kind !== 'ip6gretap')
  for (const [i, kind] of tunnels.entries()) {
    await links.new({ ifname: `rtc${i}`, linkinfo: { kind, data: { collectMetadata: true, ...(kind === 'vxlan' || kind === 'geneve' ? { port: 7000 + i } : {}) } }, up: true } as Parameters<typeof links.new>[0])
  }
  const table = await shown('link')
  for (const [i, kind] of tunnels.entries()) {
    const link = await links.get(`rtc${i}`)
    const other = table.find(({ ifindex }) => ifindex === link.index)
    const { info_kind, info_data } = (other as { linkinfo: { info_kind: string; info_data: Record<string, unknown> } }).linkinfo
    expect([link.up, kindOf(link), info_kind, info_data.external]).toEqual([true, kind, kind, true])
    const data = link.linkinfo?.data as Record<string, unknown>
    expect(data.collectMetadata).toBe(true)
    expect(data.port).toBe(info_data.port)
    for (const [ours, theirs] of [['udpCsum', 'udp_csum'], ['udpZeroCsum6Tx', 'udp_zero_csum6_tx'], ['udpZeroCsum6Rx', 'udp_zero_csum6_rx'], ['learning', 'learning'], ['ageing', 'ageing'], ['pmtudisc', 'pmtudisc'], ['erspanVer', 'erspan_ver']] as const) {
      if (info_data[theirs] !== undefined && data[ours] !== undefined) expect([kind, ours, data[ours]]).toEqual([kind, ours, info_data[theirs]])
    }
    // What a newer kernel adds is kept; of these kernels, all is known.
    expect([kind, data.unknown]).toEqual([kind, undefined])
  }
})

test('what a tunnel is made with comes back, byte orders and all', async () => {
  const { links } = netlink
  const vxlan = { id: 0x123456, local: '10.0.0.1', group: '10.0.0.2', port: 4790, portRange: { low: 1000, high: 2000 }, ttl: 7, tos: 4, learning: false, ageing: 60, limit: 9, df: 1 } as const
  await links.new({ ifname: 'rtd', linkinfo: { kind: 'vxlan', data: vxlan } })
  expect((await links.get('rtd')).linkinfo).toMatchObject({ kind: 'vxlan', data: vxlan })
  expect((await shown('link', 'show', 'rtd'))[0]?.linkinfo).toMatchObject({ info_data: { id: 0x123456, local: '10.0.0.1', remote: '10.0.0.2', port: 4790, port_range: { low: 1000, high: 2000 }, ttl: 7, ageing: 60, limit: 9 } })
  const gre = { ikey: 1, okey: 2, iflags: 0x2000, oflags: 0x2000, local: '10.0.0.1', remote: '10.0.0.2', ttl: 9, pmtudisc: true } as const
  await links.new({ ifname: 'rte', linkinfo: { kind: 'gretap', data: gre } })
  expect((await links.get('rte')).linkinfo).toMatchObject({ kind: 'gretap', data: gre })
  expect((await shown('link', 'show', 'rte'))[0]?.linkinfo).toMatchObject({ info_data: { ikey: '0.0.0.1', okey: '0.0.0.2', local: '10.0.0.1', remote: '10.0.0.2', ttl: 9, pmtudisc: true } })
  const geneve = { id: 77, remote6: 'fd00::2', port: 6082, ttl: 3 } as const
  await links.new({ ifname: 'rtf', linkinfo: { kind: 'geneve', data: geneve } })
  expect((await links.get('rtf')).linkinfo).toMatchObject({ kind: 'geneve', data: geneve })
  await links.set('rtd', { linkinfo: { kind: 'vxlan', data: { ageing: 61 } } })
  expect((await links.get('rtd')).linkinfo?.data).toMatchObject({ ...vxlan, ageing: 61 })
})

test('a device is changed, renamed, and moved with its peer left behind', async () => {
  const { links } = netlink
  await links.new({ ifname: 'rtg', linkinfo: { kind: 'veth', data: { peer: { ifname: 'rth', address: '02:00:00:00:00:07' } } } })
  const [one, two] = [await links.get('rtg'), await links.get('rth')]
  expect([one.link, two.link, two.address, one.linkNetnsid, one.up]).toEqual([two.index, one.index, '02:00:00:00:00:07', undefined, false])
  await links.set('rtg', { up: true, mtu: 1280, address: '02:00:00:00:00:08' })
  expect(await links.get(one.index)).toMatchObject({ up: true, mtu: 1280, address: '02:00:00:00:00:08' })
  // Up to 6.1 only what is down is renamed.
  const renamed = await links.set('rtg', { ifname: 'rti' }).then(() => undefined, (error: KernelError) => error)
  if (renamed !== undefined) {
    expect(renamed.message).toMatch(/no other name while it is up .*EBUSY.*\nSet it down first/s)
    await links.set('rtg', { up: false })
    await links.set('rtg', { ifname: 'rti' })
  } else await links.set('rti', { up: false })
  expect(await links.get('rti')).toMatchObject({ index: one.index, up: false })
  await links.set(two.index, { netns: 'rtn', ifname: 'eth7' })
  await expect(links.get('eth7')).rejects.toMatchObject({ code: 'ENODEV' })
  expect((await links.get('rti')).linkNetnsid).toBeTypeOf('number')
  const there = openRtnetlink({ netns: 'rtn' })
  expect((await there.links.get('eth7')).address).toBe('02:00:00:00:00:07')
  await there.links.set('eth7', { netns: process.pid, ifname: 'rth' })
  await expect(there.links.get('eth7')).rejects.toMatchObject({ code: 'ENODEV' })
  there.close()
  expect((await links.get('rti')).linkNetnsid).toBeUndefined()
  await links.del('rti')
  await expect(links.get('rth')).rejects.toMatchObject({ code: 'ENODEV' })
})

test('the kernel says when devices changed during a dump; a list begins anew', async () => {
  const { links } = netlink
  for (let i = 0; i < 5; i++) await links.new({ ifname: `rtj${i}`, linkinfo: { kind: 'veth', data: { peer: { ifname: `rtk${i}` } } } })
  const changed = async () => {
    for await (const { ifname } of links.dump()) if (ifname === 'lo') await links.new({ ifname: 'rtl', linkinfo: { kind: 'dummy' } })
  }
  await expect(changed()).rejects.toThrow(DumpInterruptedError)
  expect((await links.list()).filter(({ ifname }) => /^rt[jkl]/.test(ifname ?? ''))).toHaveLength(11)
})

test('each refusal has its sentence', async () => {
  const { links } = netlink
  await links.new({ ifname: 'rtm', linkinfo: { kind: 'veth' } })
  await links.new({ ifname: 'rtv', linkinfo: { kind: 'geneve', data: { collectMetadata: true, port: 7100 } } })
  const refusals: [() => Promise<unknown>, string, RegExp][] = [
    [() => links.get('rt-none'), 'ENODEV', /no network device "rt-none" in this network namespace.*\nSee which there are/s],
    [() => links.get(99_999), 'ENODEV', /no network device 99999/],
    [() => links.del('lo'), 'EOPNOTSUPP', /"lo" cannot be deleted/],
    [() => links.set('rt-none', { up: true }), 'ENODEV', /no network device "rt-none"/],
    [() => links.set('rtm', { master: 99_999 }), 'EINVAL', /no network device with the index 99999/],
    [() => links.set('rtm', { ifname: 'lo' }), 'EEXIST', /"rtm" cannot be named "lo"/],
    [() => links.set('rtm', { mtu: 10 }), 'EINVAL', /mtu less than device minimum/],
    [() => links.set('rtm', { netNsPid: 999_999_999 }), 'ESRCH', /there is no process 999999999/],
    [() => links.new({ ifname: 'rtm', linkinfo: { kind: 'veth' } }), 'EEXIST', /a network device named "rtm" already/],
    [() => links.new({ ifname: 'rtw', linkinfo: { kind: 'geneve', data: { collectMetadata: true, port: 7100 } } }), 'EBUSY', /or one of kind "geneve" with the same properties.*one for each UDP port/s],
    [() => links.new({ ifname: 'rtx', linkinfo: { kind: 'no-such' } }), 'EOPNOTSUPP', /no devices of kind "no-such".*\nLoad its module: "modprobe no-such"/s],
    [() => links.new({ ifname: 'r/t', linkinfo: { kind: 'veth' } }), 'EINVAL', /no device of kind "veth" named "r\/t"/],
    [() => links.new({ ifname: 'rty', linkinfo: { kind: 'vxlan', data: { id: 1 << 24, port: 7101 } } }), 'ERANGE', /VXLAN ID must be lower than 16777216/],
  ]
  for (const [refused, code, words] of refusals) {
    const error = await refused().then(() => undefined, (each: Error) => each)
    expect(error).toBeInstanceOf(KernelError)
    expect([code, error]).toMatchObject([code, { code }])
    expect(error?.message).toMatch(words)
  }
  await expect(links.set('rtm', { netns: 'rt-none' })).rejects.toMatchObject({ name: 'NamespaceError', code: 'OVS_NO_NETNS' })
})
