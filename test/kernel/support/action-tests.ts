import { release } from 'node:os'
import { describe, expect, it } from 'vitest'
import { ActionAttributes, type ActionInput, type Datapath, type FlowKeyInput } from '../../../src/index.js'
import { Source } from '../../../src/netlink/bytes.js'
import { Writer } from '../../../src/netlink/writer.js'
import { formatActions } from '../../../src/text/index.js'
import { type ActionCase, CASES, type Need } from './action-cases.js'
import { all, dpctl } from './commands.js'

const [major = 0, minor = 0] = release().split('.').map(Number)

/** The kernel is of this release, or newer. */
export function isSince([since, after]: readonly [major: number, minor: number]): boolean {
  return major > since || (major === since && minor >= after)
}

/** Actions as they come back when nothing is changed on the way: every member of a structure there. */
export function whole(actions: readonly ActionInput[]): unknown {
  const writer = new Writer()
  ActionAttributes.write(writer, actions)
  return ActionAttributes.read(new Source(writer.bytes), 0, writer.length)
}

/** A kernel with zones of connections always says which. */
function zoned(action: ActionInput): ActionInput {
  return 'ct' in action ? { ct: { zone: 0, ...action.ct } } : action
}

/** A flow of its own for each: the mark tells them apart. */
export function marked(key: FlowKeyInput, skbMark: number): FlowKeyInput {
  return { skbMark, ...key }
}

/** Each action in a flow, read back, and as `ovs-dpctl` prints it; `lacks` are what this kernel was built without. */
export function describeActions(datapath: () => Promise<Datapath>, lacks: readonly Need[]): void {
  const isKnown = ({ since, needs }: ActionCase) => (since === undefined || isSince(since)) && (needs === undefined || !lacks.includes(needs))

  describe('each action', () => {
    it('comes back as it was given, and is printed as ovs-dpctl prints it', async () => {
      const dp = await datapath()
      const known = CASES.filter(isKnown)
      for (const [i, { key, actions }] of known.entries()) await dp.addFlow({ key: marked(key, i + 1), actions })
      const flows = new Map((await all(dp.flows())).map((flow) => [flow.key?.skbMark, flow.actions]))
      const printed = new Map((await dpctl('dump-flows', dp.name)).split('\n').map((line) => [Number(/skb_mark\((\w+)/.exec(line)?.[1]), line.replace(/^.*, actions:/, '')]))
      for (const [i, { what, actions, back = actions, shown, misread }] of known.entries()) {
        const reported = flows.get(i + 1) ?? []
        expect([what, reported]).toEqual([what, whole(lacks.includes('zones') ? back : back.map(zoned))])
        expect([what, formatActions(reported)]).toEqual([what, shown])
        if (!misread) expect([what, printed.get(i + 1)]).toEqual([what, shown])
        else expect([what, printed.get(i + 1)]).not.toEqual([what, shown])
      }
    })

    it('that this kernel does not know is refused', async () => {
      const dp = await datapath()
      for (const { what, key, actions } of CASES.filter((each) => !isKnown(each))) {
        const refusal = await dp.addFlow({ key, actions }).then(() => 'taken', (error: { code: string }) => error.code)
        expect([what, refusal]).toEqual([what, 'EINVAL'])
      }
    })
  })
}
