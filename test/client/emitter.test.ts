import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StrictEmitter } from '../../src/client/emitter.js'

interface Events {
  tick: (n: number) => void
  error: (error: Error) => void
}

let uncaught: unknown[] = []
let others: NodeJS.UncaughtExceptionListener[] = []
let rejections: NodeJS.UnhandledRejectionListener[] = []
const catches = (error: unknown) => void uncaught.push(error)

beforeEach(() => {
  uncaught = []
  others = process.listeners('uncaughtException')
  rejections = process.listeners('unhandledRejection')
  process.removeAllListeners('uncaughtException').removeAllListeners('unhandledRejection')
  process.on('uncaughtException', catches).on('unhandledRejection', catches)
})

afterEach(() => {
  process.removeAllListeners('uncaughtException').removeAllListeners('unhandledRejection')
  for (const each of others) process.on('uncaughtException', each)
  for (const each of rejections) process.on('unhandledRejection', each)
})

const boom = new Error('boom')
const handler = () => {}
const emitter = () => new StrictEmitter<Events>()

describe('the name of an event', () => {
  it('is refused where there is none such', () => {
    const named = new StrictEmitter<Events>({ tick: true, error: true })
    for (const add of ['on', 'once', 'addListener'] as const) {
      expect(() => named[add]('ticks' as 'tick', handler)).toThrow(/there is no such event, got "ticks"\nThere are tick, error\. The nearest is tick\./)
      expect(() => named[add]('toString' as 'tick', handler)).toThrow('there is no such event')
    }
    expect(named.on('tick', handler).listeners('tick')).toEqual([handler])
  })

  it('is anything where the names are not known', () => {
    expect(emitter().on('ticks' as 'tick', handler).listenerCount('ticks' as 'tick')).toBe(1)
  })
})

describe('a failing handler', () => {
  it('that throws is an uncaught exception', async () => {
    const events = emitter()
    events.on('tick', () => {
      throw boom
    })
    expect(events.emit('tick', 1)).toBe(true)
    await setImmediate()
    expect(uncaught).toEqual([boom])
  })

  it('that throws keeps neither the other handlers nor later events from being heard', async () => {
    const events = emitter()
    const heard: number[] = []
    events.on('tick', () => {
      throw boom
    })
    events.on('tick', (n) => heard.push(n))
    events.emit('tick', 1)
    events.emit('tick', 2)
    await setImmediate()
    expect(heard).toEqual([1, 2])
    expect(uncaught).toEqual([boom, boom])
  })

  it('that is async makes its rejection an error event', async () => {
    const events = emitter()
    const errors: Error[] = []
    events.on('error', (error) => errors.push(error))
    events.on('tick', async () => {
      throw boom
    })
    events.emit('tick', 1)
    await setImmediate()
    expect(errors).toEqual([boom])
    expect(uncaught).toEqual([])
  })

  it('that returns any thenable makes its rejection an error event', async () => {
    const events = emitter()
    const errors: Error[] = []
    events.on('error', (error) => errors.push(error))
    // oxlint-disable-next-line unicorn/no-thenable
    events.on('tick', () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(boom) }) as never)
    events.emit('tick', 1)
    await setImmediate()
    expect(errors).toEqual([boom])
  })

  it('of error that rejects is uncaught, and is not asked again', async () => {
    const events = emitter()
    let calls = 0
    events.on('error', async () => {
      calls++
      throw boom
    })
    events.emit('error', new Error('first'))
    await setImmediate()
    expect(uncaught).toEqual([boom])
    expect(calls).toBe(1)
  })

  it('that rejects where nobody listens to error is uncaught', async () => {
    const events = emitter()
    events.on('tick', async () => {
      throw boom
    })
    events.emit('tick', 1)
    await setImmediate()
    expect(uncaught).toEqual([boom])
  })
})

describe('an error event', () => {
  it('that nobody listens to is an uncaught exception', async () => {
    expect(emitter().emit('error', boom)).toBe(false)
    await setImmediate()
    expect(uncaught).toEqual([boom])
  })

  it('that somebody listens to is none', async () => {
    const events = emitter()
    events.on('error', () => {})
    expect(events.emit('error', boom)).toBe(true)
    await setImmediate()
    expect(uncaught).toEqual([])
  })
})

/** What node's own emitter and ours can be asked alike. */
type Both = Pick<EventEmitter, 'on' | 'once' | 'addListener' | 'off' | 'removeListener' | 'removeAllListeners' | 'emit' | 'listeners' | 'listenerCount' | 'eventNames'>

describe.each<[string, () => Both]>([
  ['node\'s emitter', () => new EventEmitter({ captureRejections: true })],
  ['ours', () => emitter() as unknown as Both],
])('like the other one, %s', (_name, make) => {
  it('calls handlers in the order in which they were added, with the arguments', () => {
    const events = make()
    const heard: unknown[] = []
    events.on('tick', (...args) => heard.push('a', ...args))
    events.addListener('tick', (...args) => heard.push('b', ...args))
    events.emit('tick', 1, 2)
    expect(heard).toEqual(['a', 1, 2, 'b', 1, 2])
  })

  it('says whether anybody heard', () => {
    const events = make()
    expect(events.emit('tick')).toBe(false)
    events.on('tick', () => {})
    expect(events.emit('tick')).toBe(true)
  })

  it('calls a handler of once a single time, and forgets it', () => {
    const events = make()
    let calls = 0
    events.once('tick', () => calls++)
    events.emit('tick')
    events.emit('tick')
    expect([calls, events.listenerCount('tick'), events.listeners('tick')]).toEqual([1, 0, []])
  })

  it('calls a handler that was added twice twice', () => {
    const events = make()
    let calls = 0
    const count = () => calls++
    events.on('tick', count).on('tick', count)
    events.emit('tick')
    expect([calls, events.listenerCount('tick')]).toEqual([2, 2])
  })

  it('gives the handlers as they were added', () => {
    const events = make()
    const [one, two] = [() => {}, () => {}]
    events.on('tick', one).once('tick', two)
    expect(events.listeners('tick')).toEqual([one, two])
  })

  it.each(['off', 'removeListener'] as const)('takes away a handler of on with %s', (method) => {
    const events = make()
    let calls = 0
    const count = () => calls++
    events.on('tick', count)
    events[method]('tick', count)
    events.emit('tick')
    expect([calls, events.listenerCount('tick')]).toEqual([0, 0])
  })

  it('takes away a handler of once before it was called', () => {
    const events = make()
    let calls = 0
    const count = () => calls++
    events.once('tick', count)
    events.off('tick', count)
    events.emit('tick')
    expect(calls).toBe(0)
  })

  it('does not mind a handler that was never added', () => {
    const events = make()
    events.on('tick', handler)
    events.off('tick', () => {})
    expect(events.listeners('tick')).toEqual([handler])
  })

  it('takes away all handlers of an event', () => {
    const events = make()
    events.on('tick', () => {}).on('other', () => {})
    events.removeAllListeners('tick')
    expect(events.eventNames()).toEqual(['other'])
  })

  it('takes away all handlers', () => {
    const events = make()
    events.on('tick', () => {}).on('other', () => {})
    events.removeAllListeners()
    expect(events.eventNames()).toEqual([])
  })

  it('lets a handler take itself away while it is called', () => {
    const events = make()
    const heard: string[] = []
    const first = () => {
      heard.push('first')
      events.off('tick', first)
    }
    events.on('tick', first).on('tick', () => heard.push('second'))
    events.emit('tick')
    events.emit('tick')
    expect(heard).toEqual(['first', 'second', 'second'])
  })

  it('calls handlers with itself as this', () => {
    const events = make()
    const selves: unknown[] = []
    events.on('tick', function (this: unknown) {
      selves.push(this)
    })
    events.emit('tick')
    expect(selves).toEqual([events])
    expect(selves[0]).toBe(events)
  })

  it('refuses a handler that is no function', () => {
    expect(() => make().on('tick', 5 as never)).toThrow(TypeError)
  })
})

describe('off', () => {
  it('takes away a handler that was added twice as often, as eventemitter3 does', () => {
    const events = emitter()
    let calls = 0
    const count = () => calls++
    events.on('tick', count).once('tick', count).on('tick', count)
    events.off('tick', count)
    events.emit('tick', 1)
    expect([calls, events.listenerCount('tick')]).toEqual([0, 0])
  })

  it('with a context takes away only what was added with it', () => {
    const events = emitter()
    const context = {}
    events.on('tick', handler, context).on('tick', handler)
    events.off('tick', handler, context)
    expect(events.listenerCount('tick')).toBe(1)
  })

  it('of an event takes away all of its handlers', () => {
    const events = emitter()
    events.on('tick', () => {})
    events.off('tick')
    expect(events.listeners('tick')).toEqual([])
  })

  it('takes away the handler of on that is left once that of once was called', () => {
    const events = emitter()
    let calls = 0
    const count = () => calls++
    events.once('tick', count).on('tick', count)
    events.emit('tick', 1)
    events.off('tick', count)
    events.emit('tick', 2)
    expect(calls).toBe(2)
  })
})
