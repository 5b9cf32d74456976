import { describe, expect, it } from 'vitest'
import { exact, type Datapath, type Ovs } from '../../src/index.js'
import { explain } from '../../src/client/explain.js'
import { KernelError } from '../../src/netlink/errors.js'
import { FakeOvs } from './fake-ovs.js'

async function open() {
  const fake = new FakeOvs()
  const ovs = await fake.open()
  return { fake, ovs, dp: await ovs.openDatapath('dp0') }
}

describe('a value that cannot be sent', () => {
  it.each<[string, (ovs: Ovs, dp: Datapath) => Promise<unknown>, object]>([
    ['a datapath without a name', (ovs) => ovs.createDatapath(''), { attribute: ['OVS_DP_ATTR_NAME'] }],
    ['a name of 16 bytes', (ovs) => ovs.createDatapath('abcdefghijklmnop'), { attribute: ['OVS_DP_ATTR_NAME'], reason: 'must be at most 15 bytes long, not 16' }],
    ['a feature that there is not', (ovs) => ovs.createDatapath('x', { features: ['fast' as never] }), { reason: 'there is no such feature' }],
    ['a type of port that there is not', (_ovs, dp) => dp.addPort('x', { type: 'vlan' as never }), { reason: 'there is no such type of port' }],
    ['a port without a name', (_ovs, dp) => dp.addPort(''), { reason: 'a port needs a name' }],
    ['port number 0', (_ovs, dp) => dp.addPort('x', { portNo: 0 }), { attribute: ['OVS_VPORT_ATTR_PORT_NO'] }],
    ['port number 65535', (_ovs, dp) => dp.addPort('x', { portNo: 65535 }), { attribute: ['OVS_VPORT_ATTR_PORT_NO'] }],
    ['a wrong key', (_ovs, dp) => dp.putFlow({ key: { ipv4: { src: '10.0.0' } }, actions: [] }), { attribute: ['OVS_FLOW_ATTR_KEY', 'OVS_KEY_ATTR_IPV4', 'src'] }],
    ['a wrong key beside a mask', (_ovs, dp) => dp.putFlow({ key: { inPort: -1 }, mask: { inPort: exact }, actions: [] }), { attribute: ['OVS_FLOW_ATTR_KEY', 'OVS_KEY_ATTR_IN_PORT'] }],
    ['a wrong action', (_ovs, dp) => dp.putFlow({ key: {}, actions: [{ output: -1 }] }), { attribute: ['OVS_FLOW_ATTR_ACTIONS', 'OVS_ACTION_ATTR_OUTPUT'] }],
    ['a flow without a name', (_ovs, dp) => dp.getFlow({} as never), { reason: 'a flow is named by a ufid or a key' }],
    ['a frame that is too short', (_ovs, dp) => dp.execute({ packet: new Uint8Array(13), actions: [] }), { attribute: ['OVS_PACKET_ATTR_PACKET'] }],
  ])('(%s) is refused before anything is sent', async (_what, call, error) => {
    const { fake, ovs, dp } = await open()
    const { sent } = fake
    await expect(call(ovs, dp)).rejects.toMatchObject({ code: 'OVS_INVALID_VALUE', ...error })
    expect(fake.sent).toBe(sent)
  })

  it('among many flows is one failure, and the others go on', async () => {
    const { fake, dp } = await open()
    const flows = [1, -1, 2].map((inPort) => ({ key: { inPort }, mask: { inPort: exact }, actions: [] }))
    const { done, failures } = await dp.putFlows(flows)
    expect(done).toBe(2)
    expect(failures).toMatchObject([{ index: 1, error: { code: 'OVS_INVALID_VALUE' } }])
    expect(fake.flows.map(({ key }) => key)).toEqual([{ inPort: 1 }, { inPort: 2 }])
  })
})

describe('a flow', () => {
  it('is named by its key without what the mask takes away', async () => {
    const { fake, dp } = await open()
    await dp.putFlow({ key: { inPort: 1, skbMark: 0x1234 }, mask: { inPort: exact, skbMark: 0xff00 }, actions: [{ output: 2 }] })
    expect(fake.flows).toMatchObject([{ key: { inPort: 1, skbMark: 0x1200 }, mask: { inPort: 0xffff_ffff, skbMark: 0xff00 }, actions: [{ output: 2 }] }])
  })

  it('with a UFID is sent as it was given', async () => {
    const { fake, dp } = await open()
    await dp.putFlow({ ufid: new Uint8Array(16).fill(1), key: { skbMark: 0x1234 }, mask: { skbMark: 0xff00 }, actions: [] })
    expect(fake.flows).toMatchObject([{ key: { skbMark: 0x1234 } }])
  })
})

describe('settings', () => {
  it('that are left out stay as they are', async () => {
    const { fake, dp } = await open()
    await dp.set({ masksCacheSize: 64 })
    expect(fake.features).toBe(3)
  })

  it('by name replace those that have names, and leave the others', async () => {
    const { fake, dp } = await open()
    fake.known = 0xff
    fake.features = 0x43
    await dp.set({ features: ['unaligned'] })
    expect(fake.features).toBe(0x41)
    expect(await dp.features()).toEqual(['unaligned'])
  })
})

describe('opening', () => {
  it('changes nothing', async () => {
    const { fake } = await open()
    expect([fake.features, fake.pids]).toEqual([3, [[0], [0], [0]]])
  })

  it('says that there is no such datapath, and what to do', async () => {
    const { ovs } = await open()
    await expect(ovs.openDatapath('dp9')).rejects.toMatchObject({ code: 'ENODEV', remedy: expect.stringContaining('createDatapath') as string, message: expect.stringMatching(/^there is no datapath named "dp9"/) as string })
  })
})

describe('a refusal', () => {
  const explained = (request: string, errno: number, subject: Parameters<typeof explain>[1] = { datapath: 'dp0', port: 'eth1', type: 'vxlan' }) => explain(new KernelError(errno, request), subject) as KernelError

  it.each([
    ['ovs_datapath new', 1, 'changing datapaths needs the capability CAP_NET_ADMIN'],
    ['ovs_vport set', 1, 'changing datapaths needs the capability CAP_NET_ADMIN'],
    ['ovs_datapath new', 17, 'a datapath or network device named "dp0" exists already'],
    ['ovs_datapath get', 19, 'there is no datapath named "dp0"'],
    ['ovs_vport new', 19, 'there is no network device named "eth1"'],
    ['ovs_vport new', 16, 'the device "eth1" is a port of a datapath or bridge already'],
    ['ovs_vport new', 17, 'a network device or port named "eth1" exists already'],
    ['ovs_vport new', 97, 'this kernel has no ports of type "vxlan"'],
    ['ovs_vport get', 19, 'the datapath "dp0" has no port "eth1"'],
    ['ovs_vport del', 22, 'the port "eth1" is the datapath\'s own'],
    ['ovs_flow new', 17, 'there is such a flow already'],
    ['ovs_flow get', 2, 'the datapath "dp0" has no such flow'],
    ['ovs_flow new', 19, 'the datapath "dp0" is gone'],
    ['ovs_packet execute', 19, 'the datapath "dp0" is gone'],
    ['ovs_packet execute', 12, 'the kernel had no memory, or the frame would begin a connection beyond the limit of its zone'],
    ['ovs_meter get', 19, 'the datapath "dp0" is gone'],
  ])('of %s with errno %i is explained', (request, errno, sentence) => {
    const error = explained(request, errno)
    expect(error.message.startsWith(sentence)).toBe(true)
    expect(error).toMatchObject({ errno, request })
    expect(error.cause).toBeInstanceOf(KernelError)
  })

  it('keeps what the kernel said', () => {
    const error = explain(new KernelError(17, 'ovs_datapath new', { message: 'taken', attribute: ['OVS_DP_ATTR_NAME'] }), { datapath: 'dp0' })
    expect(error).toMatchObject({ kernelMessage: 'taken', attribute: ['OVS_DP_ATTR_NAME'] })
    expect((error as Error).message).toContain('EEXIST, file already exists: taken (at OVS_DP_ATTR_NAME)')
  })

  it('that nothing is known about stays as it is', () => {
    const error = new KernelError(12, 'ovs_flow new')
    expect(explain(error, {})).toBe(error)
  })

  it('is the only error that is explained', () => {
    const error = new TypeError('other')
    expect(explain(error, {})).toBe(error)
  })

  it('shows names so that a terminal obeys nothing', () => {
    expect(explained('ovs_datapath new', 17, { datapath: 'a\u001b[2J' }).message).toContain('"a\\u001b[2J"')
  })
})
