import { readlinkSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { InvalidValueError, openOvs, TakenOverError } from '../../src/index.js'
import { openGenericNetlink } from '../../src/netlink.js'
import { FakeKernel } from '../../src/testing/index.js'
import { all, ip, until } from './support/commands.js'

const own = () => readlinkSync('/proc/thread-self/ns/net')

beforeAll(() => ip('netns', 'add', 'nsk'))
afterAll(() => ip('netns', 'delete', 'nsk'))

test('in another network namespace there are other datapaths, and interface indexes are that one\'s', async () => {
  const before = own()
  await using ovs = await openOvs({ netns: 'nsk' })
  await using here = await openOvs()
  const dp = await ovs.createDatapath('dpk')
  const [device] = JSON.parse(await ip('-n', 'nsk', '-j', 'link', 'show', 'dpk')) as [{ ifindex: number }]
  expect(dp.dpIfindex).toBe(device.ifindex)
  await dp.addPort('dpk1', { type: 'internal' })
  expect((await all(dp.ports())).map((port) => port.name).toSorted()).toEqual(['dpk', 'dpk1'])
  expect((await all(ovs.datapaths())).map(({ name }) => name)).toEqual(['dpk'])
  expect((await all(here.datapaths())).map(({ name }) => name)).not.toContain('dpk')
  expect(own()).toBe(before)
  await dp.delete()
})

test('who listens there is known by its port id: it is told when somebody else takes over, and leaves that one its own', async () => {
  await using ovs = await openOvs({ netns: 'nsk' })
  await using other = await openOvs({ netns: '/run/netns/nsk' })
  const dp = await ovs.createDatapath('dpl')
  await using first = await dp.listen()
  const errors: Error[] = []
  first.on('error', (error) => errors.push(error))
  await using second = await (await other.openDatapath('dpl')).listen()
  await until(() => errors.length > 0)
  expect(errors[0]).toBeInstanceOf(TakenOverError)
  expect(errors[0]).toMatchObject({ portIds: [second.portId] })
  await dp.delete()
})

test('the families are found there, and when all is closed the namespace is let go of', async () => {
  await ip('netns', 'add', 'nsl')
  const netlink = openGenericNetlink({ netns: 'nsl' })
  expect((await netlink.families()).map(({ name }) => name)).toContain('ovs_datapath')
  await ip('netns', 'delete', 'nsl')
  // Held by the sockets, and for those to come.
  expect((await netlink.families()).length).toBeGreaterThan(5)
  netlink.close()
  netlink.close()
})

test('a namespace that is not there is said when it is opened, with those that there are', async () => {
  expect(() => openGenericNetlink({ netns: 'nsx' })).toThrow(/there is no network namespace named "nsx"\nThere are .*nsk/)
  await expect(openOvs({ netns: 'nsx' })).rejects.toMatchObject({ name: 'NamespaceError', code: 'OVS_NO_NETNS', netns: 'nsx' })
  await expect(openOvs({ netns: 'nsk', dial: new FakeKernel().dial })).rejects.toThrow(InvalidValueError)
})
