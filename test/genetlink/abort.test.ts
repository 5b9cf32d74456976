import { getEventListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { BulkInterruptedError } from '../../src/genetlink/bulk.js'
import { GenericNetlink } from '../../src/genetlink/generic-netlink.js'
import { MessageFlags } from '../../src/netlink/constants.js'
import { AbortError, OvsError } from '../../src/netlink/errors.js'
import { acknowledgement, FakeKernel, message, type Script, ScriptedTransport } from '../../src/testing/index.js'
import { Box } from './families.js'

const REASON = new Error('enough')

/** A family whose requests `script` answers; the family's own id is looked up from a fake kernel. */
async function boxes(script: Script = () => {}, dial = () => new ScriptedTransport(script)) {
  const kernel = new FakeKernel().serve(Box, { get: () => ({ shelf: 1 }) })
  const transports: ScriptedTransport[] = []
  const netlink = new GenericNetlink(() => {
    const transport = transports.length === 0 ? kernel.dial() as ScriptedTransport : dial()
    transports.push(transport)
    return transport
  })
  const box = await netlink.family(Box)
  // The first socket, which answers, is kept away from what follows.
  netlink.acquire()
  return { netlink, box, transports, controller: new AbortController() }
}

const failure = (promise: Promise<unknown>) => promise.then(() => undefined, (error: unknown) => error)
const listeners = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length

describe('an AbortError', () => {
  it('is told like Node\'s own, is one of ours, and has the reason as its cause', () => {
    const error = new AbortError('box get', AbortSignal.abort(REASON))
    expect(error).toBeInstanceOf(OvsError)
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', message: 'box get was aborted', cause: REASON })
    expect(new AbortError('box get', AbortSignal.abort()).cause).toMatchObject({ name: 'AbortError' })
  })
})

describe('a request', () => {
  it('of a signal that is aborted already is not sent', async () => {
    const { box, transports, controller } = await boxes()
    controller.abort(REASON)
    expect(await failure(box.ask('get', {}, { signal: controller.signal }))).toMatchObject({ code: 'ABORT_ERR', message: 'box get was aborted', cause: REASON })
    expect(transports).toHaveLength(1)
  })

  it('stops waiting for its answer, and the socket serves the next: a late answer is not taken for its own', async () => {
    const { box, transports, controller } = await boxes()
    const asked = failure(box.call('set', {}, { signal: controller.signal }))
    await setImmediate()
    expect(listeners(controller)).toBe(1)
    controller.abort(REASON)
    expect(await asked).toMatchObject({ name: 'AbortError', cause: REASON })
    expect(listeners(controller)).toBe(0)
    expect(transports[1]!.closed).toBe(false)
    const next = box.call('set', {})
    const [first, second] = transports[1]!.sent.map((each) => new DataView(each.buffer).getUint32(8, true))
    transports[1]!.queue(acknowledgement({ type: 32, flags: 0, sequence: first!, payload: new Uint8Array() }, 22))
    transports[1]!.queue(acknowledgement({ type: 32, flags: 0, sequence: second!, payload: new Uint8Array() }))
    await next
  })

  it('that was answered leaves nothing with its signal', async () => {
    const { box, transports, controller } = await boxes()
    for (let i = 0; i < 20; i++) {
      const asked = box.call('set', {}, { signal: controller.signal })
      const { sequence } = { sequence: new DataView(transports[1]!.sent.at(-1)!.buffer).getUint32(8, true) }
      setTimeout(() => transports[1]!.queue(acknowledgement({ type: 32, flags: 0, sequence, payload: new Uint8Array() })), 1)
      await asked
    }
    expect(listeners(controller)).toBe(0)
  })

  it('that is carried out aside is given up, and its socket is closed: the send still goes on', async () => {
    let sent: () => void = () => {}
    class Slow extends ScriptedTransport {
      override sendAside(): Promise<void> {
        return new Promise((resolve) => (sent = resolve))
      }
    }
    const { box, transports, controller } = await boxes(undefined, () => new Slow())
    const asked = failure(box.call('del', {}, { aside: true, signal: controller.signal }))
    expect(listeners(controller)).toBe(1)
    controller.abort(REASON)
    expect(await asked).toMatchObject({ name: 'AbortError', cause: REASON })
    expect([transports[1]!.closed, listeners(controller)]).toEqual([true, 0])
    sent()
    await setImmediate()
  })

  it('many of one signal at once warn of nothing', async () => {
    const { box, controller } = await boxes()
    const warnings: Error[] = []
    const onWarning = (warning: Error) => void warnings.push(warning)
    process.on('warning', onWarning)
    const asked = Array.from({ length: 30 }, () => failure(box.call('set', {}, { signal: controller.signal })))
    await setImmediate()
    expect(listeners(controller)).toBe(1)
    controller.abort()
    expect((await Promise.all(asked)).filter((error) => error instanceof AbortError)).toHaveLength(30)
    expect(listeners(controller)).toBe(0)
    await setImmediate()
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })
})

describe('a dump', () => {
  /** It gives two objects and no end. */
  const endless: Script = ([request], transport) => {
    const { sequence } = request!
    for (const shelf of [1, 2]) transport.queue(message(32, new Uint8Array([3, 3, 0, 0, shelf, 0, 0, 0]), { sequence, flags: MessageFlags.multi }))
  }

  it('that waits ends with what came before, and closes its socket', async () => {
    const { box, transports, controller } = await boxes(endless)
    const shelves: number[] = []
    const dumped = failure((async () => {
      for await (const { shelf } of box.dump('get', {}, { signal: controller.signal })) shelves.push(shelf)
    })())
    await expect.poll(() => shelves).toEqual([1, 2])
    controller.abort(REASON)
    expect(await dumped).toMatchObject({ name: 'AbortError', message: 'box dump was aborted', cause: REASON })
    expect([transports[1]!.closed, listeners(controller)]).toEqual([true, 0])
  })

  it('that is aborted within the loop gives no further object', async () => {
    const { box, transports, controller } = await boxes(endless)
    const shelves: number[] = []
    const dumped = (async () => {
      for await (const { shelf } of box.dump('get', {}, { signal: controller.signal })) {
        shelves.push(shelf)
        controller.abort(REASON)
      }
    })()
    await expect(dumped).rejects.toThrow(AbortError)
    expect([shelves, transports[1]!.closed]).toEqual([[1], true])
  })

  it('of all families can be aborted', async () => {
    const { netlink } = await boxes()
    await expect(netlink.families({ signal: AbortSignal.abort(REASON) })).rejects.toMatchObject({ name: 'AbortError', message: 'nlctrl dump was aborted' })
  })

  it('that nobody goes on with leaves nothing with its signal', async () => {
    const { box, controller } = await boxes(endless)
    await box.dump('get', {}, { signal: controller.signal }).next()
    expect(listeners(controller)).toBe(0)
  })
})

describe('a bulk', () => {
  const acknowledging: Script = (requests, transport) => void transport.queue(acknowledgement(requests.at(-1)!))
  const request = (shelf: number) => ({ command: 'new' as const, value: { shelf } })

  it('that waits for its input ends behind what was sent, and says how much that was', async () => {
    const { box, controller } = await boxes(acknowledging)
    let returned = false
    const input: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => {
        let shelf = 0
        return {
          next: () => (shelf < 200 ? Promise.resolve({ done: false, value: shelf++ }) : new Promise(() => setTimeout(() => controller.abort(REASON), 1))),
          return: () => {
            returned = true
            return new Promise(() => {})
          },
        }
      },
    }
    const error = await failure(box.bulk(input, request, { signal: controller.signal }))
    expect(error).toBeInstanceOf(BulkInterruptedError)
    // A send takes 128 requests; those behind them had not been sent.
    expect(error).toMatchObject({ result: { done: 128, failures: [] }, unknown: 0, cause: { name: 'AbortError', cause: REASON } })
    expect([returned, listeners(controller)]).toEqual([true, 0])
  })

  it('of a signal that is aborted already does nothing', async () => {
    const { box, transports } = await boxes(acknowledging)
    const error = await failure(box.bulk([1, 2], request, { signal: AbortSignal.abort(REASON) }))
    expect(error).toMatchObject({ code: 'OVS_BULK_INTERRUPTED', result: { done: 0 }, unknown: 0 })
    expect(transports[1]!.sent).toHaveLength(0)
  })

  it('does not know what became of what it waits for when it is aborted', async () => {
    const { box, controller } = await boxes()
    const bulk = failure(box.bulk([1, 2, 3], request, { signal: controller.signal }))
    await setImmediate()
    await setImmediate()
    controller.abort(REASON)
    expect(await bulk).toMatchObject({ result: { done: 0 }, unknown: 3, cause: { cause: REASON } })
  })

  it('with a signal that is never aborted does as one without, for any kind of input', async () => {
    const { box, controller } = await boxes(acknowledging)
    for (const input of [[1, 2, 3], (async function* () { yield* [1, 2, 3] })(), new Set([1, 2, 3])]) {
      expect(await box.bulk(input, request, { signal: controller.signal })).toEqual({ done: 3, failures: [] })
    }
    expect(listeners(controller)).toBe(0)
  })
})
