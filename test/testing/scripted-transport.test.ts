import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ClosedError, OverrunError } from '../../src/netlink/errors.js'
import { acknowledgement, done, message, parseDatagram, ScriptedTransport } from '../../src/testing/index.js'

const one = message(0x20, new Uint8Array([1]), { flags: 5, sequence: 7 })

function lengths(transport: ScriptedTransport, most?: number): number[] {
  const found: number[] = []
  transport.receive((_source, start, end, length) => found.push(end - start, length), most)
  return found
}

describe('ScriptedTransport', () => {
  it('gives the script the messages of a datagram, and keeps a copy of it', () => {
    const seen: unknown[] = []
    const transport = new ScriptedTransport((messages) => seen.push(messages))
    const bytes = Buffer.concat([one, Buffer.alloc(10, 0xff)])
    transport.send(bytes, one.length)
    bytes.fill(0)
    expect(seen).toEqual([[{ type: 0x20, flags: 5, sequence: 7, payload: new Uint8Array([1]) }]])
    expect(transport.sent).toEqual([one])
  })

  it('gives as many datagrams as are asked for, one unless said', () => {
    const transport = new ScriptedTransport().queue(one).queue(one).queue(one)
    expect(lengths(transport)).toHaveLength(2)
    expect(lengths(transport, 10)).toHaveLength(4)
    expect(lengths(transport)).toHaveLength(0)
  })

  it('cuts what is longer than its memory, and says how long it was', () => {
    expect(lengths(new ScriptedTransport(undefined, 1, 18).queue(one))).toEqual([18, one.length])
  })

  it('overwrites what it gave, as a socket does', () => {
    let kept: Uint8Array = new Uint8Array()
    new ScriptedTransport().queue(one).receive((source, start, end) => {
      kept = source.bytes.subarray(start, end)
      expect(Buffer.from(kept)).toEqual(Buffer.from(one))
    })
    expect(new Set(kept)).toEqual(new Set([0xa5]))
  })

  it('throws an error where it stands in the queue', () => {
    const transport = new ScriptedTransport().queue(one).queueError(new OverrunError()).queue(one)
    expect(lengths(transport, 10)).toHaveLength(2)
    expect(() => lengths(transport, 10)).toThrow(OverrunError)
    expect(lengths(transport, 10)).toHaveLength(2)
  })

  it('calls again for as long as something waits', async () => {
    const transport = new ScriptedTransport().queue(one).queue(one)
    let calls = 0
    transport.watch(() => {
      calls++
      lengths(transport)
    })
    await expect.poll(() => calls).toBe(2)
    await setImmediate()
    expect(calls).toBe(2)
  })

  it('does not call a watch that is closed', async () => {
    const transport = new ScriptedTransport()
    let calls = 0
    transport.watch(() => calls++).close()
    transport.queue(one)
    await setImmediate()
    expect(calls).toBe(0)
  })

  it.each<[string, (transport: ScriptedTransport) => unknown]>([
    ['send', (transport) => transport.send(one, one.length)],
    ['receive', (transport) => transport.receive(() => {})],
    ['watch', (transport) => transport.watch(() => {})],
    ['join', (transport) => transport.join(1)],
    ['leave', (transport) => transport.leave(1)],
  ])('once closed, refuses %s as a socket does', (_name, call) => {
    const transport = new ScriptedTransport()
    transport.close()
    transport.close()
    expect(() => call(transport)).toThrow(ClosedError)
  })

  it('knows which groups were joined', () => {
    const transport = new ScriptedTransport()
    transport.join(3)
    transport.join(4)
    transport.leave(3)
    expect([...transport.groups]).toEqual([4])
  })
})

describe('datagrams', () => {
  const request = parseDatagram(one)[0]!

  it('acknowledge a request', () => {
    // struct nlmsghdr; error 0; the header of the request.
    expect(Buffer.from(acknowledgement(request)).toString('hex')).toBe('24000000 0200 0001 07000000 00000000 00000000 10000000 2000 0500 07000000 00000000'.replaceAll(' ', ''))
  })

  it('refuse a request with what the kernel would say', () => {
    const refusal = Buffer.from(acknowledgement(request, 22, { message: 'no', offset: 20, missing: 3 })).toString('hex')
    expect(refusal.slice(8, 16)).toBe('02000003')
    expect(refusal.slice(32, 40)).toBe('eaffffff')
    expect(refusal.slice(72)).toBe('07000100 6e6f0000 08000200 14000000 08000500 03000000'.replaceAll(' ', ''))
  })

  it('end a dump, interrupted or failed', () => {
    expect(Buffer.from(done(request, 19, { interrupted: true })).toString('hex')).toBe('14000000 0300 1200 07000000 00000000 edffffff'.replaceAll(' ', ''))
  })
})
