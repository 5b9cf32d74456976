import { afterEach, beforeEach, expect, test } from 'vitest'
import { exact, type Notification, type Notifications, openOvs, OverrunError, UfidFlags, type WatchEvent, type WatchOptions } from '../../src/index.js'
import type { FlowMessage, VportMessage } from '../../src/ovs/index.js'
import { all, dpctl, ip, until, veth } from './support/commands.js'
import { useOvs } from './support/ovs.js'

const lab = useOvs()
const EVENTS = ['datapath:new', 'datapath:set', 'datapath:del', 'vport:new', 'vport:set', 'vport:del', 'flow:new', 'flow:set', 'flow:del', 'overrun', 'resync'] as const
const ALL: WatchOptions = { families: ['datapath', 'vport', 'flow'], mirror: ['vport', 'flow'], recount: 0 }
const FLOW = 'in_port(1),eth(),eth_type(0x88b5)'
const key = (inPort: number) => ({ key: { inPort, ethernet: {} }, mask: { inPort: exact } })

let watch: Notifications
let heard: WatchEvent[]

async function begin(options: WatchOptions = ALL, from = lab.ovs): Promise<void> {
  watch = await from.watch(options)
  heard = []
  for (const type of EVENTS) watch.on(type, (event: WatchEvent) => heard.push(event))
}

beforeEach(async () => {
  heard = []
})
afterEach(async () => {
  await watch.close()
  await ip('link', 'del', 'nt1').catch(() => {})
})

/** Type, reason and whether the request was our own, of the events so far, of which there are `count`. */
async function told(count: number): Promise<unknown[][]> {
  await until(() => heard.length >= count)
  return heard.splice(0).map((event) => ('reason' in event ? [event.type, event.reason, event.requester?.own] : [event.type]))
}

test('what we do ourselves is announced as our own: every kind of event', async () => {
  await begin()
  const dp = await lab.datapath('nta')
  expect(await told(2)).toEqual([['datapath:new', 'announced', true], ['vport:new', 'datapath created', undefined]])
  await dp.set({ features: ['unaligned'] })
  await dp.addPort('nta1', { type: 'internal' })
  await lab.ovs.vport.set({ dpIfindex: dp.dpIfindex, portNo: 1, upcallPid: 77 })
  expect(await told(3)).toEqual([['datapath:set', 'announced', true], ['vport:new', 'announced', true], ['vport:set', 'announced', true]])
  await dp.putFlow({ ...key(1), actions: [] })
  await dp.putFlow({ ...key(1), actions: [{ output: 0 }] })
  await lab.ovs.flow.set({ dpIfindex: dp.dpIfindex, ...key(1), actions: [{ output: 1 }] })
  await until(() => heard.length === 3)
  // A flow that is changed by a `new` is announced as new; the mirror knows better.
  const flows = heard.map((event) => [event.type, (event as Notification).value, (event as Notification).before] as [string, FlowMessage, FlowMessage | undefined])
  expect(flows.map(([type, value, before]) => [type, value.actions, before?.actions])).toEqual([
    ['flow:new', [], undefined],
    ['flow:set', [{ output: 0 }], []],
    ['flow:set', [{ output: 1 }], [{ output: 0 }]],
  ])
  heard = []
  await dp.deleteFlow(key(1))
  await dp.removePort('nta1')
  await dp.delete()
  expect(await told(4)).toEqual([['flow:del', 'announced', true], ['vport:del', 'announced', true], ['vport:del', 'datapath deleted', true], ['datapath:del', 'announced', true]])
})

test('what others do is announced as theirs, and what the kernel does not tell of it is made up for', async () => {
  await lab.datapath('ntb')
  await veth('nt1', 'nt2')
  // ovs-dpctl changes the features whenever it opens a datapath; that is another test's.
  await begin({ ...ALL, families: ['vport', 'flow'], datapath: 'ntb' })
  await dpctl('add-if', 'ntb', 'nt1')
  expect(await told(1)).toEqual([['vport:new', 'announced', false]])
  await dpctl('add-flow', 'ntb', FLOW, '0')
  await dpctl('mod-flow', 'ntb', FLOW, '1')
  await dpctl('del-flow', 'ntb', FLOW)
  await dpctl('add-flow', 'ntb', FLOW, '0')
  expect(await told(4)).toEqual([['flow:new', 'announced', false], ['flow:set', 'announced', false], ['flow:del', 'announced', false], ['flow:new', 'announced', false]])
  await ip('link', 'del', 'nt1')
  expect(await told(1)).toEqual([['vport:del', 'device gone', undefined]])
  await dpctl('del-dp', 'ntb')
  expect(await told(2)).toEqual([['vport:del', 'datapath deleted', false], ['flow:del', 'datapath deleted', false]])
  await dpctl('add-dp', 'ntb')
  expect(await told(1)).toEqual([['vport:new', 'datapath created', undefined]])
})

test('ovs-dpctl show changes the datapath: somebody does hear of it', async () => {
  await lab.datapath('ntc')
  await begin({ families: ['datapath'] })
  await dpctl('show', 'ntc')
  expect(await told(1)).toEqual([['datapath:set', 'announced', false]])
})

test('a flush is announced to nobody: our own is known at once, that of others by the count', async () => {
  const dp = await lab.datapath('ntd')
  await begin({ ...ALL, families: ['flow'], mirror: ['flow'], recount: 20 })
  await dp.putFlow({ ...key(1), actions: [] })
  await dp.flushFlows()
  expect(await told(3)).toEqual([['flow:new', 'announced', true], ['flow:del', 'flushed', undefined], ['resync']])
  await dp.putFlow({ ...key(2), actions: [] })
  await told(1)
  await dpctl('del-flows', 'ntd')
  expect(await told(2)).toEqual([['flow:del', 'resync', undefined], ['resync']])
  expect([...watch.flows()]).toEqual([])
})

test('a new name of a device is announced to nobody: a port\'s and a datapath\'s own are found by and by', async () => {
  const dp = await lab.datapath('ntg')
  await veth('nt1', 'nt2')
  await dp.addPort('nt1')
  await begin({ recount: 0 })
  // A device that is up is given no other name by old kernels.
  await ip('link', 'set', 'nt1', 'down')
  await ip('link', 'set', 'nt1', 'name', 'nt3')
  await ip('link', 'set', 'ntg', 'name', 'nth')
  expect((await all(dp.ports())).map(({ name }) => name).toSorted()).toEqual(['nt3', 'nth'])
  // What is announced of another one comes behind what would have been announced of these.
  await dp.addPort('nt4', { type: 'internal' })
  expect(await told(1)).toEqual([['vport:new', 'announced', true]])
  expect([...watch.vports()].map(({ name }) => name).toSorted()).toEqual(['nt1', 'nt4', 'ntg'])
  await watch.close()
  await begin({ recount: 20 })
  await ip('link', 'set', 'nt3', 'name', 'nt1')
  await ip('link', 'set', 'nth', 'name', 'ntg')
  const names = () => heard.flatMap((event) => ('reason' in event ? [[event.type, event.reason, (event.before as VportMessage).name, (event.value as VportMessage).name].join(' ')] : []))
  await until(() => names().length === 3)
  expect(names().toSorted()).toEqual(['datapath:set resync nth ntg', 'vport:set resync nt3 nt1', 'vport:set resync nth ntg'])
  expect([...watch.vports('ntg')].map(({ name }) => name).toSorted()).toEqual(['nt1', 'nt4', 'ntg'])
  expect([...watch.datapaths()].map(({ name }) => name)).toEqual(['ntg'])
})

test('a requester that has the rest left out has it left out for everybody: the mirror completes it', async () => {
  const dp = await lab.datapath('nte')
  const { omitKey, omitMask, omitActions } = UfidFlags
  const put = (number: number) => lab.ovs.flow.new({ dpIfindex: dp.dpIfindex, ufid: new Uint8Array([number]), ...key(number), actions: [{ output: number }], ufidFlags: omitKey | omitMask | omitActions })
  await begin({ ...ALL, mirror: [] })
  await put(1)
  await until(() => heard.length === 1)
  expect(heard[0]).toMatchObject({ type: 'flow:new', value: { ufid: new Uint8Array([1]) } })
  expect(Object.keys((heard[0] as Notification).value).toSorted()).toEqual(['dpIfindex', 'ufid'])
  await watch.close()
  await begin()
  await put(2)
  await until(() => heard.length === 1)
  expect(heard[0]).toMatchObject({ type: 'flow:new', requester: { own: true }, value: { key: { inPort: 2 }, actions: [{ output: 2 }] } })
})

/** What is known of each object, by what names it, without statistics. */
function known(messages: Iterable<VportMessage | FlowMessage>): Map<string, unknown> {
  const entries = [...messages].map((message) => {
    const { stats: _, upcallStats: _u, used: _s, tcpFlags: _t, ...rest } = message as VportMessage & FlowMessage
    return [rest.portNo === undefined ? `flow ${rest.key?.inPort}` : `port ${rest.portNo}`, rest] as const
  })
  return new Map(entries.toSorted(([a], [b]) => a.localeCompare(b)))
}

test('under more changes than the queue holds, and dumps while they go on, events and mirror end where the kernel is', async () => {
  const dp = await lab.datapath('ntf')
  await using ovs = await openOvs()
  for (let i = 0; i < 300; i++) await dp.putFlow({ ...key(1000 + i), actions: [] })
  await begin({ ...ALL, receiveBuffer: 4096, recount: 20 }, ovs)
  const inMirror = known([...watch.vports(), ...watch.flows()])
  const errors: Error[] = []
  watch.on('error', (error) => errors.push(error))
  let losses = 0
  const wrong: unknown[] = []
  const apply = (event: WatchEvent) => {
    if (event.type === 'overrun') {
      losses++
      if (!(event.error instanceof OverrunError)) wrong.push(event)
    }
    if (event.type === 'overrun' || event.type === 'resync' || event.type.startsWith('datapath')) return
    const [[name, value]] = [...known([(event as Notification).value as FlowMessage])] as [[string, unknown]]
    if (inMirror.has(name) === event.type.endsWith(':new')) wrong.push([event.type, event.reason, name])
    if (event.type.endsWith(':del')) inMirror.delete(name)
    else inMirror.set(name, value)
  }
  const reading = (async () => {
    for await (const event of watch) apply(event)
  })()
  let random = 7
  const next = (below: number) => ((random = (Math.imul(random, 1103515245) + 12345) >>> 0) >>> 16) % below
  for (let round = 0; round < 8; round++) {
    await dp.putFlows(Array.from({ length: 100 }, () => ({ ...key(1000 + next(400)), actions: [{ output: next(3) }] })))
    await dp.deleteFlows(Array.from({ length: 60 }, () => key(1000 + next(400))))
    if (round % 4 === 1) await dp.addPort(`ntf${round}`, { type: 'internal' })
    if (round === 7) await dp.removePort('ntf1')
    if (round === 3) await dpctl('del-flows', 'ntf')
  }
  const kernel = async () => known([...(await all(lab.ovs.vport.dump({ dpIfindex: dp.dpIfindex }))), ...(await all(lab.ovs.flow.dump({ dpIfindex: dp.dpIfindex })))])
  const truth = await kernel()
  expect(truth.size).toBeGreaterThan(100)
  await expect.poll(() => known([...watch.vports('ntf'), ...watch.flows('ntf')]), { timeout: 20_000 }).toEqual(truth)
  await watch.close()
  await reading
  expect([wrong, errors]).toEqual([[], []])
  expect(losses).toBeGreaterThan(0)
  expect(new Map([...inMirror].toSorted(([a], [b]) => a.localeCompare(b)))).toEqual(truth)
})
