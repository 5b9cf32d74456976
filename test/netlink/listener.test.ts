import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { MalformedMessageError, OverrunError, SocketError, TruncatedError } from '../../src/netlink/errors.js'
import { type Hearer, Listener } from '../../src/netlink/listener.js'
import { message, ScriptedTransport } from '../../src/testing/index.js'
import { hex } from './helpers.js'

function listen(receiveSize?: number, onMessage: (type: number) => void = () => {}) {
  const transport = new ScriptedTransport(undefined, 1, receiveSize)
  const heard: (number | string | Error)[] = []
  const hearer: Hearer = {
    message(type) {
      heard.push(type)
      onMessage(type)
    },
    overrun: () => heard.push('overrun'),
    error: (error) => heard.push(error),
  }
  return { transport, heard, listener: new Listener(transport, hearer) }
}

const of = (type: number) => message(type, hex(''))

describe('Listener', () => {
  it('gives on what arrives, in order, without being asked', async () => {
    const { transport, heard, listener } = listen()
    transport.queue(of(20)).queue(of(21), of(22))
    await expect.poll(() => heard).toEqual([20, 21, 22])
    expect(listener.counts).toEqual({ received: 3, overruns: 0, truncated: 0, malformed: 0 })
  })

  it('takes no more than its budget at once', () => {
    const { transport, heard, listener } = listen()
    for (let i = 0; i < 100; i++) transport.queue(of(20))
    listener.drain(70)
    expect(heard).toHaveLength(70)
  })

  it('lets the event loop have its turn, and then goes on', async () => {
    const { transport, heard } = listen()
    for (let i = 0; i < 1000; i++) transport.queue(of(20))
    await setImmediate()
    expect(heard.length).toBeGreaterThan(0)
    expect(heard.length).toBeLessThan(1000)
    await expect.poll(() => heard.length).toBe(1000)
  })

  it('counts an overrun, and gives on what is still queued', () => {
    const { transport, heard, listener } = listen()
    transport.queue(of(20)).queueError(new OverrunError()).queue(of(21))
    listener.drain(10)
    expect(heard).toEqual([20, 'overrun', 21])
    expect(listener.counts).toMatchObject({ received: 2, overruns: 1 })
  })

  it('ends though nothing but overruns comes', () => {
    const { transport, listener } = listen()
    for (let i = 0; i < 20; i++) transport.queueError(new OverrunError())
    listener.drain(5)
    expect(listener.counts.overruns).toBe(5)
  })

  it('counts what is malformed, and goes on', () => {
    const { transport, heard, listener } = listen()
    transport.queue(hex('0102030405')).queue(of(20))
    listener.drain(10)
    expect(heard).toEqual([expect.any(MalformedMessageError), 20])
    expect(listener.counts).toMatchObject({ received: 1, malformed: 1 })
  })

  it('counts a message that its hearer does not understand, and gives on the others of its datagram', () => {
    const cause = new TypeError('what is that')
    const { transport, heard, listener } = listen(undefined, (type) => {
      if (type === 21) throw cause
    })
    transport.queue(of(20), of(21), of(22))
    listener.drain(10)
    expect(heard).toEqual([20, 21, expect.objectContaining({ code: 'OVS_MALFORMED', cause }), 22])
    expect(listener.counts).toMatchObject({ received: 2, malformed: 1 })
  })

  it('counts what was cut, and goes on', () => {
    const { transport, heard, listener } = listen(32)
    transport.queue(message(20, new Uint8Array(100))).queue(of(21))
    listener.drain(10)
    expect(heard).toEqual([expect.any(TruncatedError), 21])
    expect(listener.counts).toMatchObject({ received: 1, truncated: 1 })
  })

  it('gives on nothing once it is closed, not even of the same datagram', () => {
    const { transport, heard, listener } = listen(undefined, () => listener.close())
    transport.queue(of(20), of(21)).queue(of(22))
    listener.drain(10)
    expect(heard).toEqual([20])
    expect(transport.closed).toBe(true)
  })

  it('is closed when its socket fails, and says so once', async () => {
    const { transport, heard, listener } = listen()
    const error = new SocketError('recvmmsg', 9)
    transport.queueError(error).queue(of(20))
    await expect.poll(() => heard).toEqual([error])
    await setImmediate()
    expect(heard).toEqual([error])
    expect([listener.closed, transport.closed]).toEqual([true, true])
  })

  it('may be closed twice', () => {
    const { listener } = listen()
    listener.close()
    listener.close()
    expect(listener.closed).toBe(true)
  })

  it('says whose request a message goes back to', () => {
    const origins: unknown[] = []
    const transport = new ScriptedTransport()
    const listener = new Listener(transport, { message: (_type, _source, _start, _end, ...origin) => origins.push(origin), overrun() {}, error() {} })
    transport.queue(message(20, hex(''), { portId: 0xffff_f123, sequence: 7 })).queue(of(20))
    listener.drain(10)
    expect(origins).toEqual([[0xffff_f123, 7], [0, 0]])
  })

  it('leaves in the queue what comes while it is paused', async () => {
    const { transport, heard, listener } = listen()
    listener.pause()
    transport.queue(of(20))
    await setImmediate()
    listener.drain(10)
    await setImmediate()
    expect([heard, listener.paused]).toEqual([[], true])
    listener.resume()
    await expect.poll(() => heard).toEqual([20])
    listener.close()
    listener.resume()
    expect(listener.paused).toBe(true)
  })

  it('that is paused by what it gives on gives on only what it has received', () => {
    const { transport, heard, listener } = listen(undefined, () => listener.pause())
    for (let i = 0; i < 100; i++) transport.queue(of(20))
    listener.drain(100)
    expect(heard).toHaveLength(32)
  })

  it('is as it was told, referenced or not, also behind a pause', () => {
    const refs: string[] = []
    const transport = new ScriptedTransport()
    transport.watch = () => ({ ref: () => refs.push('ref'), unref: () => refs.push('unref'), close: () => refs.push('close') })
    const listener = new Listener(transport, { message() {}, overrun() {}, error() {} })
    listener.unref()
    listener.pause()
    listener.resume()
    listener.ref()
    listener.pause()
    listener.resume()
    expect(refs).toEqual(['unref', 'close', 'unref', 'ref', 'close'])
  })

  it('says when nothing is queued any more', () => {
    const transport = new ScriptedTransport()
    const heard: unknown[] = []
    const listener = new Listener(transport, { message: (type) => heard.push(type), overrun: () => heard.push('overrun'), error() {}, emptied: () => heard.push('emptied') })
    transport.queue(of(20)).queueError(new OverrunError()).queue(of(21)).queue(of(22))
    listener.drain(3)
    expect(heard).toEqual([20, 'overrun', 21])
    listener.drain(10)
    expect(heard).toEqual([20, 'overrun', 21, 22, 'emptied'])
  })
})
