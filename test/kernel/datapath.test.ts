import { expect, test } from 'vitest'
import { InvalidValueError, KernelError } from '../../src/index.js'
import { all, dpctl, ip } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()

test('a datapath is made, found by its name and by a dump, shown by ovs-dpctl, and deleted', async () => {
  const dp = await lab.datapath('dpa')
  expect(dp.name).toBe('dpa')
  expect(dp.dpIfindex).toBe(Number((await ip('-o', 'link', 'show', 'dpa')).split(':')[0]))
  expect((await lab.ovs.openDatapath('dpa')).dpIfindex).toBe(dp.dpIfindex)
  expect((await all(lab.ovs.datapaths())).map((each) => each.name)).toContain('dpa')
  expect(await dpctl('dump-dps')).toContain('system@dpa\n')
  await dp.delete()
  expect(await dpctl('dump-dps')).not.toContain('dpa')
  await expect(lab.ovs.openDatapath('dpa')).rejects.toMatchObject({ code: 'ENODEV', name: 'KernelError' })
})

test('what ovs-dpctl made is found', async () => {
  await dpctl('add-dp', 'dpb')
  const dp = await lab.ovs.openDatapath('dpb')
  expect((await all(dp.ports())).map((port) => [port.portNo, port.name, port.type])).toEqual([[0, 'dpb', 'internal']])
  await dpctl('del-dp', 'dpb')
})

test('opening and reading changes nothing', async () => {
  const dp = await lab.datapath('dpc')
  await dp.set({ features: ['vportPids'] })
  await lab.ovs.openDatapath('dpc')
  await all(lab.ovs.datapaths())
  expect(await dp.features()).toEqual(['vportPids'])
})

test('the kernel clears the features in a set that leaves them out; ours keeps them', async () => {
  const dp = await lab.datapath('dpd')
  expect(await dp.features()).toEqual(['unaligned', 'vportPids'])
  await dp.set({ masksCacheSize: 512 })
  expect(await dp.info()).toMatchObject({ masksCacheSize: 512, userFeatures: 3 })
  await lab.ovs.datapath.set({ dpIfindex: dp.dpIfindex, masksCacheSize: 128 })
  expect(await dp.info()).toMatchObject({ masksCacheSize: 128, userFeatures: 0 })
})

test('every member of a datapath\'s message has the value that ovs-dpctl shows', async () => {
  const dp = await lab.datapath('dpe')
  const { stats, megaflowStats, masksCacheSize, unknown } = await dp.info()
  expect(unknown).toBeUndefined()
  const shown = await dpctl('show', 'dpe')
  expect(shown).toContain(`lookups: hit:${stats?.hit} missed:${stats?.missed} lost:${stats?.lost}\n`)
  expect(shown).toContain(`flows: ${stats?.flows}\n`)
  expect(shown).toContain(`masks: hit:${megaflowStats?.maskHit} total:${megaflowStats?.masks} `)
  expect(shown).toContain(`masks-cache: size:${masksCacheSize}\n`)
})

test('a datapath can be made with an interface index, a mask cache and features of one\'s own', async () => {
  const made = await lab.ovs.datapath.new({ name: 'dpf', upcallPid: 0, userFeatures: 1, masksCacheSize: 64, ifindex: 4242 })
  expect(made).toMatchObject({ dpIfindex: 4242, name: 'dpf', userFeatures: 1, masksCacheSize: 64 })
  expect(await lab.ovs.datapath.del({ dpIfindex: 4242 })).toMatchObject({ name: 'dpf' })
})

test('a name that is taken, by a datapath or by another device, is refused with a sentence', async () => {
  await lab.datapath('dpg')
  for (const name of ['dpg', 'lo']) {
    const error = await lab.ovs.createDatapath(name).catch((each: unknown) => each)
    expect(error).toBeInstanceOf(KernelError)
    expect(error).toMatchObject({ code: 'EEXIST', remedy: expect.stringContaining('choose another name') as string })
    expect((error as Error).message).toContain(`a datapath or network device named "${name}" exists already`)
  }
})

test('a name that no device can have is refused by the kernel, and explained', async () => {
  await expect(lab.ovs.createDatapath('a/b')).rejects.toThrow(/takes no network device with the name "a\/b"/)
})

test('a mask cache whose size the kernel would not take is refused before anything is sent', async () => {
  await expect(lab.ovs.createDatapath('dpj', { masksCacheSize: 100 })).rejects.toThrow(/OVS_DP_ATTR_MASKS_CACHE_SIZE: a mask cache has 0 entries or a power of two, got 100/)
  const dp = await lab.datapath('dpj')
  await expect(dp.set({ masksCacheSize: 3 })).rejects.toThrow(InvalidValueError)
  await expect(lab.ovs.datapath.set({ dpIfindex: dp.dpIfindex, masksCacheSize: 3 })).rejects.toMatchObject({ code: 'EINVAL' })
})

test('a name that is too long or empty is refused before anything is sent', async () => {
  const before = await all(lab.ovs.datapaths())
  await expect(lab.ovs.createDatapath('a-name-of-16-byt')).rejects.toThrow(InvalidValueError)
  await expect(lab.ovs.createDatapath('a-name-of-16-byt')).rejects.toThrow(/OVS_DP_ATTR_NAME: must be at most 15 bytes long, not 16, .*\nShorten it by 1\./)
  await expect(lab.ovs.createDatapath('')).rejects.toThrow(/needs a name/)
  expect(await all(lab.ovs.datapaths())).toHaveLength(before.length)
  await lab.datapath('a-name-of-15-by')
})

test('features that the kernel does not know are refused and change nothing', async () => {
  const dp = await lab.datapath('dph')
  await expect(lab.ovs.datapath.set({ dpIfindex: dp.dpIfindex, userFeatures: 1 << 30 })).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
  expect(await dp.features()).toEqual(['unaligned', 'vportPids'])
})

test('a value that is out of the kernel\'s range comes back with the attribute that the kernel names', async () => {
  await expect(lab.ovs.datapath.new({ name: 'dpi', upcallPid: 0, masksCacheSize: 0xffff_ffff })).rejects.toMatchObject({
    code: 'ERANGE',
    attribute: ['OVS_DP_ATTR_MASKS_CACHE_SIZE'],
  })
})
