import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Notification, WatchEvent } from '../../src/index.js'
import type { FlowMessage, VportMessage } from '../../src/ovs/index.js'
import { ALICE, BOB, FakeSwitches } from './fake-switches.js'

/** One thing that somebody does. */
interface Deed {
  readonly what: 'make' | 'unmake' | 'change' | 'rename' | 'addPort' | 'setPort' | 'removePort' | 'putFlow' | 'deleteFlow' | 'flush'
  /** Which datapath, port or flow, and which value. */
  readonly which: number
  readonly value: number
  readonly by: number
  readonly stripped: boolean
  /** What befalls its announcement: it is lost, it comes behind the next one, or the deed is done while something is dumped. */
  readonly fate: 'told' | 'lost' | 'late' | 'meanwhile'
}

const deed: fc.Arbitrary<Deed> = fc.record({
  what: fc.constantFrom('make', 'unmake', 'change', 'rename', 'addPort', 'addPort', 'setPort', 'removePort', 'putFlow', 'putFlow', 'putFlow', 'deleteFlow', 'deleteFlow', 'flush'),
  which: fc.nat(7),
  value: fc.nat(2),
  by: fc.constantFrom(ALICE, BOB),
  stripped: fc.boolean(),
  fate: fc.constantFrom('told', 'told', 'told', 'lost', 'late', 'meanwhile', 'meanwhile'),
})

function carryOut(fake: FakeSwitches, { what, which, value, by, stripped }: Deed): void {
  const existing = [...fake.switches.keys()]
  const dp = existing[which % existing.length]
  if (what === 'make') {
    if (existing.length < 3) fake.make(`dp${which}`, by)
  } else if (dp === undefined) return
  else if (what === 'unmake') fake.unmake(dp, by)
  else if (what === 'change') fake.change(dp, value, by)
  else if (what === 'rename') fake.rename(dp, `ren${which}`, which % 3)
  else if (what === 'addPort') fake.addPort(dp, which, by)
  else if (what === 'setPort') fake.setPort(dp, which, value, by)
  else if (what === 'removePort') fake.removePort(dp, which, value === 0 ? 0 : by)
  else if (what === 'putFlow') fake.putFlow(dp, which, value, by, stripped)
  else if (what === 'deleteFlow') fake.deleteFlow(dp, which, by)
  else fake.flush(dp)
}

/** What an object is known by, and what it is, without statistics. */
function entry(message: { dpIfindex: number }): [string, unknown] {
  const { stats: _, ...rest } = message as { dpIfindex: number; stats?: unknown }
  const { portNo, ufid, key } = message as VportMessage & FlowMessage
  const id = portNo !== undefined ? `vport ${portNo}` : ufid !== undefined ? `ufid ${ufid[0]}` : key !== undefined ? `key ${key.inPort}` : ''
  return [`${message.dpIfindex} ${id}`, rest]
}

const sorted = (entries: Iterable<[string, unknown]>) => [...entries].toSorted(([a], [b]) => a.localeCompare(b))

/** All that there is, as the kernel has it. */
function truth(fake: FakeSwitches): [string, unknown][] {
  return sorted([...fake.switches].flatMap(([dpIfindex, { vports, flows }]) => [fake.datapath(dpIfindex), ...vports.values(), ...flows.values()].map(entry)))
}

it('whatever happens, and whatever is lost, late or meanwhile: events and mirror end where the kernel is', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 1, maxLength: 40 }), fc.boolean(), fc.integer({ min: 1, max: 6 }), async (deeds, skipping, pace) => {
      const fake = new FakeSwitches()
      fake.skipping = skipping
      fake.putFlow(fake.make('dp0'), 3, 1)
      const ovs = await fake.open()
      const watch = await ovs.watch({ families: ['datapath', 'vport', 'flow'], mirror: ['vport', 'flow'], recount: 10 })
      // What somebody knows who hears the events.
      const known = new Map<string, unknown>([...watch.datapaths(), ...watch.vports(), ...watch.flows()].map(entry))
      const wrong: unknown[] = []
      const hear = async (events: AsyncIterable<WatchEvent>) => {
        for await (const event of events) {
          if (event.type === 'overrun' || event.type === 'resync') continue
          const [id, value] = entry((event as Notification).value)
          if (known.has(id) === event.type.endsWith(':new')) wrong.push([event.type, event.reason, id])
          if (event.type.endsWith(':del')) known.delete(id)
          else known.set(id, value)
        }
      }
      const hearing = hear(watch)
      for (const [index, each] of deeds.entries()) {
        const act = () => carryOut(fake, each)
        if (each.fate === 'lost') fake.lose(act)
        else if (each.fate === 'late') fake.late(act)
        else if (each.fate === 'meanwhile') fake.meanwhile = act
        else act()
        if (index % pace === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      fake.release()
      fake.meanwhile = undefined
      const mirror = () => sorted([...watch.datapaths(), ...watch.vports(), ...watch.flows()].map(entry))
      await expect.poll(mirror, { timeout: 3000, interval: 5 }).toEqual(truth(fake))
      await ovs.close()
      await hearing
      expect(wrong).toEqual([])
      expect(sorted(known)).toEqual(truth(fake))
    }),
    { numRuns: 60 },
  )
})
