import { describe, expect, it } from 'vitest'
import { Inbox } from '../../src/netlink/inbox.js'

function inbox(limit = 3) {
  const told: string[] = []
  return { told, inbox: new Inbox<number>(limit, { room: () => told.push('room'), left: () => told.push('left') }) }
}

describe('an inbox', () => {
  it('gives each value once, in order, to readers that came before or after', async () => {
    const { inbox: box } = inbox()
    const early = [box.next(), box.next()]
    for (const value of [1, 2, 3]) box.put(value)
    expect(await Promise.all([...early, box.next()])).toEqual([1, 2, 3].map((value) => ({ done: false, value })))
  })

  it('is full at its limit, takes more all the same, and says when there is room', async () => {
    const { inbox: box, told } = inbox(2)
    for (const value of [1, 2, 3]) {
      expect(box.full).toBe(value === 3)
      box.put(value)
    }
    await box.next()
    expect([box.full, told]).toEqual([true, []])
    await box.next()
    expect([box.full, told]).toEqual([false, ['room']])
  })

  it('keeps order over many values', async () => {
    const { inbox: box } = inbox()
    let read = 0
    for (let i = 0; i < 5000; i++) {
      box.put(i)
      if (i % 3 > 0) expect((await box.next()).value).toBe(read++)
    }
    while (read < 5000) expect((await box.next()).value).toBe(read++)
  })

  it('gives what waits before it ends, or fails, and takes nothing more', async () => {
    const { inbox: box } = inbox()
    box.put(1)
    box.end({ error: new Error('gone') })
    box.put(2)
    expect(await box.next()).toEqual({ done: false, value: 1 })
    await expect(box.next()).rejects.toThrow('gone')
    expect(await box.next()).toEqual({ done: true, value: undefined })
  })

  it('lets one of those that wait know of the failure, and the others of the end', async () => {
    const { inbox: box } = inbox()
    const waiting = [box.next(), box.next()]
    box.end({ error: new Error('gone') })
    expect(await Promise.allSettled(waiting)).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled', value: { done: true } }])
  })

  it('is left by whoever breaks off, and drops what waits', async () => {
    const { inbox: box, told } = inbox()
    for (const value of [1, 2]) box.put(value)
    for await (const _ of box) break
    expect([told, await box.next()]).toEqual([['left'], { done: true, value: undefined }])
  })

  it.each([0, -1, 1.5, Number.NaN])('of %s values is none', (limit) => {
    expect(() => inbox(limit)).toThrow('a limit is a whole number from 1 on')
  })
})
