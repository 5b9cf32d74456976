import { afterEach, expect, test } from 'vitest'
import { dmesg, dpctl, until } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()

afterEach(async () => {
  const { zones } = await lab.ovs.ctLimits.get()
  await lab.ovs.ctLimits.delete(zones.map(({ zone }) => zone))
  await lab.ovs.ctLimits.set({ default: 0 })
})

/** What `ovs-dpctl ct-get-limits` prints. */
async function shown(...zones: number[]): Promise<string[]> {
  return (await dpctl('ct-get-limits', ...(zones.length > 0 ? [`zone=${zones.join(',')}`] : []))).trim().split('\n')
}

test('limits that are set are those that ovs-dpctl shows, and the other way round', async () => {
  await lab.datapath('cla')
  const { ctLimits } = lab.ovs
  expect(await lab.ovs.ctLimit.isPresent()).toBe(true)
  expect(await ctLimits.get()).toEqual({ default: 0, zones: [] })
  await ctLimits.set({ default: 77, zones: [{ zone: 600, limit: 4_294_967_295 }, { zone: 65_535, limit: 1 }, { zone: 2, limit: 0 }] })
  expect(await ctLimits.get()).toEqual({ default: 77, zones: [{ zone: 2, limit: 0, count: 0 }, { zone: 600, limit: 4_294_967_295, count: 0 }, { zone: 65_535, limit: 1, count: 0 }] })
  expect((await shown()).toSorted()).toEqual(['default limit=77', 'zone=2,limit=0,count=0', 'zone=600,limit=4294967295,count=0', 'zone=65535,limit=1,count=0'])
  expect(await ctLimits.get([9, 600])).toEqual({ default: 77, zones: [{ zone: 9, limit: 77, count: 0 }, { zone: 600, limit: 4_294_967_295, count: 0 }] })
  expect(await shown(9, 600)).toEqual(['default limit=77', 'zone=9,limit=77,count=0', 'zone=600,limit=4294967295,count=0'])
  await dpctl('ct-set-limits', 'default=5', 'zone=600,limit=12')
  await dpctl('ct-del-limits', 'zone=2')
  await ctLimits.delete([65_535])
  expect(await ctLimits.get()).toEqual({ default: 5, zones: [{ zone: 600, limit: 12, count: 0 }] })
})

test('more limits than fit the kernel\'s answer are read all the same', async () => {
  const zones = Array.from({ length: 1000 }, (_, i) => ({ zone: i * 65, limit: 1 + i }))
  await lab.ovs.ctLimits.set({ zones })
  await expect(lab.ovs.ctLimit.get()).rejects.toMatchObject({ code: 'EMSGSIZE' })
  expect(await lab.ovs.ctLimits.get()).toEqual({ default: 0, zones: zones.map(({ zone, limit }) => ({ zone, limit, count: 0 })) })
})

test('a zone that there is not is only logged by the kernel: ours is refused', async () => {
  const logged = async () => (await dmesg()).split('\n').filter((line) => line.includes('zone id is out of range')).length
  const before = await logged()
  expect(await lab.ovs.ctLimit.set({ zoneLimit: [{ zoneId: 65_536, limit: 1 }, { zoneId: 3, limit: 1 }] })).toEqual({ dpIfindex: 0 })
  expect(await logged()).toBe(before + 1)
  expect(await lab.ovs.ctLimits.get()).toMatchObject({ zones: [{ zone: 3 }] })
  await expect(lab.ovs.ctLimits.set({ zones: [{ zone: 65_536, limit: 1 }] })).rejects.toMatchObject({ code: 'OVS_INVALID_VALUE' })
})

test('in the kernel\'s verbs: what replies hold, and what the kernel refuses', async () => {
  const { ctLimit } = lab.ovs
  expect(await ctLimit.set({ zoneLimit: [{ zoneId: -1, limit: 9, count: 4 }] })).toEqual({ dpIfindex: 0 })
  expect(await ctLimit.get()).toEqual({ dpIfindex: 0, zoneLimit: [{ zoneId: -1, limit: 9, count: 0 }] })
  expect(await ctLimit.get({ zoneLimit: [] })).toEqual({ dpIfindex: 0, zoneLimit: [] })
  expect(await ctLimit.del({ zoneLimit: [{ zoneId: -1 }] })).toEqual({ dpIfindex: 0 })
  expect(await ctLimit.get()).toMatchObject({ zoneLimit: [{ zoneId: -1, limit: 0 }] })
  await expect(ctLimit.set({})).rejects.toMatchObject({ name: 'KernelError', code: 'EINVAL' })
  await expect(ctLimit.del({})).rejects.toMatchObject({ name: 'KernelError', code: 'EINVAL' })
})

/** A UDP datagram from this port. */
function udp(port: number): Uint8Array {
  const frame = Buffer.alloc(60)
  frame.write('02000000000202000000000108004500002e00004000401100000a0000010a000002', 'hex')
  frame.writeUInt16BE(port, 34)
  frame.writeUInt16BE(9, 36)
  frame.writeUInt16BE(26, 38)
  return frame
}

test('a new connection beyond the limit is dropped, and those that there are stay', async () => {
  const dp = await lab.datapath('clb')
  await dp.addPort('clb1', { type: 'internal' })
  const send = (port: number) => dp.execute({ packet: udp(port), actions: [{ ct: { commit: true } }, { output: 1 }] }).then(() => 'passed', ({ code }: { code: string }) => code)
  await lab.ovs.ctLimits.set({ zones: [{ zone: 0, limit: 3 }] })
  expect(await Promise.all([1001, 1002, 1003, 1004, 1005].map(send))).toEqual(['passed', 'passed', 'passed', 'ENOMEM', 'ENOMEM'])
  expect(await Promise.all([1001, 1002, 1003].map(send))).toEqual(['passed', 'passed', 'passed'])
  // What was refused is counted until the kernel sweeps its list, which it does when asked for the count in a later jiffy.
  await until(async () => (await lab.ovs.ctLimits.get()).zones[0]?.count === 3)
  expect(await shown()).toContain('zone=0,limit=3,count=3')
  expect(await dmesg()).toContain('openvswitch: zone: 0 exceeds conntrack limit')
  await lab.ovs.ctLimits.set({ zones: [{ zone: 0, limit: 0 }] })
  expect(await send(1006)).toBe('passed')
})
