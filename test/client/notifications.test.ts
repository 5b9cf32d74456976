import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Notification, WatchEvent, WatchOptions } from '../../src/index.js'
import { SocketError } from '../../src/netlink/errors.js'
import { OvsVport } from '../../src/ovs/index.js'
import { message } from '../../src/testing/index.js'
import { ALICE, BOB, FakeSwitches } from './fake-switches.js'

const ALL: WatchOptions = { families: ['datapath', 'vport', 'flow'], mirror: ['vport', 'flow'], recount: 0 }
const EVENTS = ['datapath:new', 'datapath:set', 'datapath:del', 'vport:new', 'vport:set', 'vport:del', 'flow:new', 'flow:set', 'flow:del', 'overrun', 'resync'] as const

async function watching(options: WatchOptions = ALL, fake = new FakeSwitches()) {
  const ovs = await fake.open()
  const watch = await ovs.watch(options)
  const heard: WatchEvent[] = []
  for (const type of EVENTS) watch.on(type, (event: WatchEvent) => heard.push(event))
  const transport = fake.kernel.transports.find(({ groups, closed }) => groups.size > 0 && !closed)!
  /** All that has been said, once `count` has. */
  const events = async (count: number) => {
    await expect.poll(() => heard.length).toBe(count)
    return heard.splice(0)
  }
  return { fake, ovs, watch, heard, transport, events }
}

/** Type, reason, whose request, and what names the object. */
function brief(event: WatchEvent): unknown[] {
  if (event.type === 'overrun') return [event.type, event.unknown]
  if (event.type === 'resync') return [event.type, event.added, event.changed, event.removed]
  const { portNo, key, ufid, name } = (event as Notification).value as { portNo?: number; key?: { inPort?: number }; ufid?: Uint8Array; name?: string }
  return [event.type, event.reason, event.requester?.portId, portNo ?? key?.inPort ?? ufid?.[0] ?? name]
}

describe('a notification', () => {
  it.each([
    ['a datapath', (fake: FakeSwitches, dp: number) => fake.change(dp, 3, BOB), ['datapath:set', 'announced', BOB, 'dp0']],
    ['a port that is added', (fake: FakeSwitches, dp: number) => fake.addPort(dp, 2, BOB), ['vport:new', 'announced', BOB, 2]],
    ['a port that is changed', (fake: FakeSwitches, dp: number) => fake.setPort(dp, 0, 7, BOB), ['vport:set', 'announced', BOB, 0]],
    ['a flow', (fake: FakeSwitches, dp: number) => fake.putFlow(dp, 3, 1, BOB), ['flow:new', 'announced', BOB, 3]],
  ])('of %s says what, where and whose request it was', async (_what, act, expected) => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { events } = await watching(ALL, fake)
    act(fake, dp)
    const [event] = (await events(1)) as [Notification]
    expect(brief(event)).toEqual(expected)
    expect(event).toMatchObject({ dpIfindex: dp, datapath: 'dp0', requester: { portId: BOB, own: false } })
    expect(event.requester?.sequence).toBeGreaterThan(0)
  })

  it('of one\'s own request says so', async () => {
    const { fake, transport, events } = await watching()
    fake.make('dp0', transport.portId)
    expect(((await events(2))[0] as Notification).requester).toMatchObject({ portId: transport.portId, own: true })
  })

  it('tells a changed flow from a new one, with what it was before, though the kernel calls both new', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { events } = await watching(ALL, fake)
    fake.putFlow(dp, 3, 1)
    fake.putFlow(dp, 3, 2)
    const [made, changed] = (await events(2)) as Notification[]
    expect([made?.type, made?.before, changed?.type]).toEqual(['flow:new', undefined, 'flow:set'])
    expect(changed).toMatchObject({ value: { actions: [{ output: 2 }] }, before: { actions: [{ output: 1 }] } })
  })

  it('of what is deleted says what it was, with its last statistics', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    fake.putFlow(dp, 2, 1)
    const { events } = await watching(ALL, fake)
    fake.deleteFlow(dp, 2)
    expect(await events(1)).toMatchObject([{ type: 'flow:del', value: { key: { inPort: 2 }, actions: [{ output: 1 }], stats: { packets: 9n, bytes: 99n } } }])
  })

  it('of a device that vanishes is nobody\'s request', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    fake.addPort(dp, 1)
    const { events } = await watching(ALL, fake)
    fake.removePort(dp, 1, 0)
    expect((await events(1)).map(brief)).toEqual([['vport:del', 'device gone', undefined, 1]])
  })

  it('whose requester had the rest left out is completed', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { events } = await watching(ALL, fake)
    fake.putFlow(dp, 2, 5, BOB, true)
    fake.putFlow(dp, 3, 6, BOB, true)
    expect(await events(2)).toMatchObject([{ requester: { portId: BOB }, value: { key: { inPort: 2 }, actions: [{ output: 5 }] } }, { value: { mask: { inPort: 0xffff_ffff }, actions: [{ output: 6 }] } }])
  })

  it('is of the families and of the datapath that are asked for', async () => {
    const { fake, heard, events } = await watching({ families: ['vport'], datapath: 'dp1' })
    fake.addPort(fake.make('dp0'), 1)
    const dp = fake.make('dp1')
    fake.addPort(dp, 1)
    fake.putFlow(dp, 3, 1)
    expect((await events(2)).map(brief)).toEqual([['vport:new', 'datapath created', undefined, 0], ['vport:new', 'announced', ALICE, 1]])
    await setImmediate()
    expect(heard).toEqual([])
  })
})

describe('what the kernel does not tell', () => {
  it('is the own port of a new datapath', async () => {
    const { fake, events } = await watching()
    fake.make('dp0', BOB)
    expect((await events(2)).map(brief)).toEqual([['datapath:new', 'announced', BOB, 'dp0'], ['vport:new', 'datapath created', undefined, 0]])
  })

  it('is what goes with a datapath: it is told before it, and nothing of another one', async () => {
    const fake = new FakeSwitches()
    const [dp, other] = [fake.make('dp0'), fake.make('dp1')]
    for (const each of [dp, other]) {
      fake.addPort(each, 1)
      fake.putFlow(each, 3, 1)
    }
    const { events, watch } = await watching(ALL, fake)
    fake.unmake(dp, BOB)
    expect((await events(4)).map(brief)).toEqual([
      ['vport:del', 'datapath deleted', BOB, 0],
      ['vport:del', 'datapath deleted', BOB, 1],
      ['flow:del', 'datapath deleted', BOB, 3],
      ['datapath:del', 'announced', BOB, 'dp0'],
    ])
    expect([[...watch.vports()].length, [...watch.flows('dp1')].length, [...watch.flows(dp)].length]).toEqual([2, 1, 0])
  })

  it('is a flush: of one\'s own it is told at once, behind what was announced before it', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    fake.putFlow(dp, 3, 1)
    const { events, ovs } = await watching(ALL, fake)
    fake.putFlow(dp, 5, 1)
    await (await ovs.openDatapath('dp0')).flushFlows()
    const told = (await events(4)).map(brief)
    expect(told[0]).toEqual(['flow:new', 'announced', ALICE, 5])
    expect(told.slice(1)).toEqual([['flow:del', 'flushed', undefined, 3], ['flow:del', 'flushed', undefined, 5], ['resync', 0, 0, 2]])
  })

  it('is a flush: of others it is found by the count', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    fake.putFlow(dp, 3, 1)
    const { events, watch } = await watching({ ...ALL, recount: 5 }, fake)
    fake.flush(dp)
    expect((await events(2)).map(brief)).toEqual([['flow:del', 'resync', undefined, 3], ['resync', 0, 0, 1]])
    await watch.close()
  })

  it.each<[string, Partial<WatchOptions>, unknown[][]]>([
    ['everything is mirrored', {}, [['datapath:set', 'resync', undefined, 'dp9'], ['vport:set', 'resync', undefined, 0], ['vport:set', 'resync', undefined, 1], ['resync', 0, 3, 0]]],
    ['ports are', { families: ['vport'], mirror: ['vport'] }, [['vport:set', 'resync', undefined, 0], ['vport:set', 'resync', undefined, 1], ['resync', 0, 3, 0]]],
    ['only datapaths are', { families: ['datapath'], mirror: [] }, [['datapath:set', 'resync', undefined, 'dp9'], ['resync', 0, 1, 0]]],
  ])('is a new name of a device: of a datapath\'s and of a port\'s it is found by and by, where %s', async (_what, options, expected) => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    fake.addPort(dp, 1)
    const { events, watch } = await watching({ ...ALL, ...options, recount: 5 }, fake)
    fake.rename(dp, 'dp9')
    fake.rename(dp, 'eth9', 1)
    const told = await events(expected.length)
    expect(told.map(brief)).toEqual(expected)
    const names = (told.slice(0, -1) as Notification[]).map(({ before, value }) => [(before as { name?: string }).name, (value as { name?: string }).name])
    expect(names).toEqual(expected.slice(0, -1).map(([, , , which]) => (which === 1 ? ['p1', 'eth9'] : ['dp0', 'dp9'])))
    expect([...watch.datapaths()].map(({ name }) => name)).toEqual(['dp9'])
    await watch.close()
  })

  it('is a new name of a datapath: the one that is waited for is followed once it has that', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { events, watch } = await watching({ families: ['datapath', 'vport'], datapath: 'dp9', recount: 5 }, fake)
    fake.rename(dp, 'dp9')
    expect((await events(3)).map(brief)).toEqual([['datapath:set', 'resync', undefined, 'dp9'], ['vport:new', 'resync', undefined, 0], ['resync', 1, 1, 0]])
    await watch.close()
  })

  it('is a new name: it is found as well when all is read again', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { events, watch } = await watching(ALL, fake)
    fake.rename(dp, 'dp9')
    expect(await watch.resync()).toEqual({ type: 'resync', added: 0, changed: 2, removed: 0 })
    expect((await events(3)).map(brief)).toEqual([['datapath:set', 'resync', undefined, 'dp9'], ['vport:set', 'resync', undefined, 0], ['resync', 0, 2, 0]])
  })
})

describe('after a loss', () => {
  it('everything is read again, and told by what was added, changed and removed', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    fake.putFlow(dp, 3, 1)
    fake.putFlow(dp, 4, 1)
    fake.addPort(dp, 1)
    const { events } = await watching(ALL, fake)
    fake.lose(() => {
      fake.deleteFlow(dp, 4)
      fake.putFlow(dp, 3, 2)
      fake.addPort(dp, 2)
      fake.removePort(dp, 1)
      fake.make('dp1')
    })
    const told = (await events(8)).map(brief)
    expect(told[0]).toEqual(['overrun', []])
    expect(told.at(-1)).toEqual(['resync', 3, 1, 2])
    expect(told.slice(1, -1).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      ['datapath:new', 'resync', undefined, 'dp1'],
      ['flow:del', 'resync', undefined, 4],
      ['flow:set', 'resync', undefined, 3],
      ['vport:del', 'resync', undefined, 1],
      ['vport:new', 'resync', undefined, 0],
      ['vport:new', 'resync', undefined, 2],
    ])
  })

  it('of a datapath\'s end, what went with it is told as such', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { events } = await watching(ALL, fake)
    fake.lose(() => fake.unmake(dp))
    expect((await events(4)).map(brief)).toEqual([['overrun', []], ['vport:del', 'datapath deleted', undefined, 0], ['datapath:del', 'resync', undefined, 'dp0'], ['resync', 0, 0, 2]])
  })

  it('what there is no mirror of stays unknown', async () => {
    const { fake, events } = await watching({ families: ['vport', 'flow'] })
    fake.lose(() => {})
    expect((await events(2)).map(brief)).toEqual([['overrun', ['flow']], ['resync', 0, 0, 0]])
  })

  it('what cannot be understood counts as lost', async () => {
    const { fake, ovs, transport, events } = await watching()
    transport.queue(message(ovs.vport.family.info.id, new Uint8Array([1, 1])))
    fake.make('dp0')
    const told = (await events(4)).map(brief)
    expect(told.toSorted((a, b) => String(a).localeCompare(String(b)))[1]).toEqual(['overrun', []])
  })

  it('a message that does not say what it is about does as well', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { events } = await watching(ALL, fake)
    fake.kernel.multicast(OvsVport, 'ovs_vport', 'new', { dpIfindex: dp, name: 'x' })
    expect((await events(2)).map(brief)).toEqual([['overrun', []], ['resync', 0, 0, 0]])
  })

  it('what could not be read again is said, and tried again', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { watch, events } = await watching(ALL, fake)
    const errors: Error[] = []
    watch.on('error', (error) => errors.push(error))
    fake.meanwhile = () => {
      throw new Error('the fake kernel is broken')
    }
    fake.lose(() => fake.addPort(dp, 1))
    expect((await events(3)).map(brief)).toEqual([['overrun', []], ['vport:new', 'resync', undefined, 1], ['resync', 1, 0, 0]])
    expect(errors.map((error) => error.message)).toEqual(['the fake kernel is broken'])
  })
})

describe('what is announced or read in an odd order', () => {
  it('a port that is announced before its datapath is found with that', async () => {
    const { fake, events } = await watching()
    let dp = 0
    fake.late(() => (dp = fake.make('dp0')))
    fake.addPort(dp, 1, BOB)
    expect((await events(3)).map(brief)).toEqual([['datapath:new', 'announced', ALICE, 'dp0'], ['vport:new', 'datapath created', undefined, 0], ['vport:new', 'datapath created', undefined, 1]])
  })

  it('of two requesters, the one whose change is announced last may not have made the last one: the kernel is asked', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { events, watch } = await watching(ALL, fake)
    fake.late(() => fake.putFlow(dp, 3, 1, ALICE))
    fake.deleteFlow(dp, 3, BOB)
    expect((await events(3)).map(brief)).toEqual([['flow:new', 'announced', ALICE, 3], ['flow:del', 'resync', undefined, 3], ['resync', 0, 0, 1]])
    expect([...watch.flows()]).toEqual([])
  })

  it('what a dump has skipped, because something else was deleted meanwhile, is not told to be gone', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    for (const number of [3, 5, 7]) fake.putFlow(dp, number, 1)
    const { events, watch } = await watching({ ...ALL, families: ['flow'], mirror: ['flow'] }, fake)
    fake.skipping = true
    // The datapaths' dump is the first, the flows' the second.
    fake.meanwhile = () => (fake.meanwhile = () => fake.deleteFlow(dp, 7))
    await watch.resync()
    expect((await events(2)).map(brief).toSorted()).toEqual([['flow:del', 'announced', ALICE, 7], ['resync', 0, 0, 0]])
  })
})

describe('without a mirror', () => {
  it('it is told what the kernel says, as it says it', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { events, watch } = await watching({ families: ['flow'] }, fake)
    fake.putFlow(dp, 2, 1, BOB, true)
    fake.putFlow(dp, 3, 1)
    fake.putFlow(dp, 3, 2)
    fake.deleteFlow(dp, 2)
    expect((await events(4)).map(({ type }) => type)).toEqual(['flow:new', 'flow:new', 'flow:new', 'flow:del'])
    expect(() => [...watch.flows()]).toThrow('there is no mirror of that family')
  })
})

describe('an iterator', () => {
  it('has every event from its beginning on, in order', async () => {
    const { fake, watch } = await watching()
    const iterator = watch[Symbol.asyncIterator]()
    const dp = fake.make('dp0')
    fake.addPort(dp, 1)
    const types = []
    for await (const event of iterator) if (types.push(event.type) === 3) break
    expect(types).toEqual(['datapath:new', 'vport:new', 'vport:new'])
  })

  it('that is slow has what it has no room for left in the socket, and loses nothing', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { watch, heard } = await watching({ ...ALL, limit: 10 }, fake)
    const iterator = watch[Symbol.asyncIterator]()
    for (let i = 0; i < 500; i++) fake.putFlow(dp, 1 + 2 * i, 1)
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    expect(heard.length).toBe(10)
    expect(watch.counts.received).toBeLessThan(100)
    for (let i = 0; i < 500; i++) expect(((await iterator.next()).value as Notification).value).toMatchObject({ key: { inPort: 1 + 2 * i } })
  })

  it('that leaves no longer holds the others up', async () => {
    const fake = new FakeSwitches()
    const dp = fake.make('dp0')
    const { watch, events } = await watching({ ...ALL, limit: 2 }, fake)
    const iterator = watch[Symbol.asyncIterator]()
    for (let i = 0; i < 50; i++) fake.putFlow(dp, 1 + 2 * i, 1)
    await events(2)
    await iterator.return?.()
    await events(48)
  })

  it('ends with close(), behind what it has not taken', async () => {
    const { fake, watch, events, transport } = await watching()
    const iterator = watch[Symbol.asyncIterator]()
    fake.make('dp0')
    await events(2)
    await watch.close()
    const rest = []
    for await (const event of iterator) rest.push(event.type)
    expect([rest, transport.closed]).toEqual([['datapath:new', 'vport:new'], true])
    expect(await watch[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })

  it('throws that it was aborted, and what its socket failed with', async () => {
    const abort = new AbortController()
    const one = await watching({ ...ALL, signal: abort.signal })
    const waiting = one.watch[Symbol.asyncIterator]().next()
    abort.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ABORT_ERR' })
    expect(one.transport.closed).toBe(true)
    await expect(one.ovs.watch({ signal: abort.signal })).rejects.toMatchObject({ code: 'ABORT_ERR' })
    const two = await watching()
    const failing = two.watch[Symbol.asyncIterator]().next()
    const error = new SocketError('recvmmsg', 9)
    two.transport.queueError(error)
    await expect(failing).rejects.toBe(error)
    expect(two.transport.closed).toBe(true)
  })
})

describe('the end', () => {
  it('is said once, by close(), and by that of the connection', async () => {
    const { ovs, watch, transport } = await watching()
    let ends = 0
    watch.on('close', () => ends++)
    await Promise.all([watch.close(), ovs.close()])
    expect([ends, transport.closed]).toEqual([1, true])
  })

  it('comes at any moment of the beginning, and leaves no socket', async () => {
    for (let turns = 0; turns < 15; turns++) {
      const fake = new FakeSwitches()
      fake.make('dp0')
      const ovs = await fake.open()
      const begun = ovs.watch(ALL).then(() => 'open', (error: { code?: string }) => error.code)
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      await ovs.close()
      expect(['open', 'OVS_CLOSED']).toContain(await begun)
      expect(fake.kernel.transports.filter(({ closed }) => !closed)).toEqual([])
    }
  })

  it('may be made by whoever hears an event', async () => {
    const { fake, watch, heard } = await watching()
    watch.on('datapath:new', () => void watch.close())
    fake.make('dp0')
    await expect.poll(() => heard.length).toBe(1)
    await watch.close()
    expect(heard).toHaveLength(1)
  })
})

it.each([
  [{ families: ['packet' as never] }, 'there are no notifications of such a family'],
  [{ mirror: ['flow'] as const }, 'only what is watched can be mirrored'],
  [{ limit: 0 }, 'a limit is a whole number from 1 on'],
  [{ recount: -1 }, 'a time between counts is 0 to 2147483647 milliseconds'],
])('options that mean nothing are refused: %o', async (options, words) => {
  const fake = new FakeSwitches()
  const ovs = await fake.open()
  await expect(ovs.watch(options)).rejects.toThrow(words)
  expect(fake.kernel.transports.filter(({ groups, closed }) => groups.size > 0 && !closed)).toEqual([])
})
