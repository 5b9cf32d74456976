import { describe, expect, it, vi } from 'vitest'
import { Connection, type Refusal } from '../../src/netlink/connection.js'
import { MessageFlags, NLMSG_OVERRUN } from '../../src/netlink/constants.js'
import { ClosedError, DumpInterruptedError, KernelError, MalformedMessageError, OverrunError, SocketError, TimeoutError, TruncatedError } from '../../src/netlink/errors.js'
import { acknowledgement, done, message, parseDatagram, ScriptedTransport, type Script } from '../../src/testing/index.js'
import { hex } from './helpers.js'

const TYPE = 0x20
const refusal: Refusal = ({ errno, message: said, missing }, index) =>
  new KernelError(errno, `request ${index}`, { ...(said === undefined ? {} : { message: said }), ...(missing === undefined ? {} : { missing: String(missing) }) })

function connect(script?: Script, timeout?: number, receiveSize?: number) {
  const transport = new ScriptedTransport(script, 1, receiveSize)
  return { transport, connection: new Connection(transport, timeout) }
}

function add(connection: Connection, flags: number, payload = hex('')) {
  connection.open(TYPE, flags)
  connection.writer.raw(payload)
  connection.close()
}

/** One request, exchanged; the replies' payloads. */
async function request(connection: Connection, flags: number): Promise<string[]> {
  const replies: string[] = []
  connection.begin()
  add(connection, flags)
  await connection.exchange('test', refusal, (source, start, end) => replies.push(source.bytes.toString('latin1', start, end)))
  return replies
}

async function dump(connection: Connection): Promise<{ replies: string[]; error: unknown; datagrams: number }> {
  const replies: string[] = []
  connection.begin()
  add(connection, MessageFlags.dump)
  connection.startDump(refusal, (source, start, end) => replies.push(source.bytes.toString('latin1', start, end)))
  let datagrams = 0
  try {
    do datagrams++
    while (!(await connection.more('test dump')))
    return { replies, error: undefined, datagrams }
  } catch (error) {
    return { replies, error, datagrams }
  }
}

const text = (value: string) => new Uint8Array(Buffer.from(value))
const reply = (to: { sequence: number }, value: string, flags = 0) => message(TYPE, text(value), { sequence: to.sequence, flags })

describe('a request', () => {
  it('is over with its acknowledgement, without a turn of the event loop', () => {
    const { connection } = connect(([sent], transport) => transport.queue(acknowledgement(sent!)))
    connection.begin()
    add(connection, MessageFlags.ack)
    expect(connection.exchange('test', refusal)).toBeUndefined()
    expect(connection.busy).toBe(false)
  })

  it('that asks for no acknowledgement is over with its reply', () => {
    const replies: string[] = []
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'yes!')))
    connection.begin()
    add(connection, 0)
    expect(connection.exchange('test', refusal, (source, start, end) => replies.push(source.bytes.toString('latin1', start, end)))).toBeUndefined()
    expect(replies).toEqual(['yes!'])
  })

  it('carries NLM_F_REQUEST and a sequence number of its own', async () => {
    const { connection, transport } = connect(([sent], to) => to.queue(acknowledgement(sent!)))
    await request(connection, MessageFlags.ack)
    await request(connection, MessageFlags.ack)
    const [one, two] = transport.sent.map((bytes) => parseDatagram(bytes)[0]!)
    expect([one!.type, one!.flags]).toEqual([TYPE, MessageFlags.request | MessageFlags.ack])
    expect(two!.sequence).toBe((one!.sequence + 1) >>> 0)
  })

  it('that asks for both is over with the acknowledgement, not with the reply', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'echo')).queue(acknowledgement(sent!)))
    expect(await request(connection, MessageFlags.ack | MessageFlags.echo)).toEqual(['echo'])
    expect(connection.transport.receive(() => {})).toBe(0)
  })

  it('finds reply and acknowledgement in one datagram', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'echo'), acknowledgement(sent!)))
    expect(await request(connection, MessageFlags.ack)).toEqual(['echo'])
  })

  it('that is refused throws what the kernel says', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(acknowledgement(sent!, 22, { message: 'no such thing', missing: 4 })))
    await expect(request(connection, MessageFlags.ack)).rejects.toMatchObject({ errno: 22, kernelMessage: 'no such thing', message: 'request 0: EINVAL, invalid argument: no such thing (missing: 4)' })
    expect(connection.busy).toBe(false)
  })

  it('waits for an answer that comes later', async () => {
    const { connection } = connect(([sent], transport) => setTimeout(() => transport.queue(acknowledgement(sent!)), 5))
    await expect(request(connection, MessageFlags.ack)).resolves.toEqual([])
  })

  it('without an answer throws TimeoutError, and can be followed by another', async () => {
    const held: Uint8Array[] = []
    const { connection, transport } = connect(([sent], to) => {
      if (held.push(acknowledgement(sent!)) === 2) to.queue(held[0]!).queue(held[1]!)
    }, 10)
    const error = await request(connection, MessageFlags.ack).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TimeoutError)
    expect(connection.busy).toBe(false)
    // The first one's answer comes now, before that of the second.
    await request(connection, MessageFlags.ack)
    expect(connection.stale).toBe(1)
    expect(transport.sent).toHaveLength(2)
  })

  it('does not take another\'s answer for its own', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(acknowledgement({ ...sent!, sequence: sent!.sequence + 1 }, 22)).queue(acknowledgement({ ...sent!, sequence: sent!.sequence - 1 }, 22)).queue(acknowledgement(sent!)))
    await request(connection, MessageFlags.ack)
    expect(connection.stale).toBe(2)
  })

  it('whose reply was lost throws OverrunError, and leaves the connection busy', async () => {
    const { connection } = connect((_, transport) => transport.queueError(new OverrunError()))
    await expect(request(connection, 0)).rejects.toBeInstanceOf(OverrunError)
    expect(connection.busy).toBe(true)
  })

  it('to which NLMSG_OVERRUN is the answer throws OverrunError', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(message(NLMSG_OVERRUN, hex(''), { sequence: sent!.sequence })))
    await expect(request(connection, 0)).rejects.toBeInstanceOf(OverrunError)
  })

  it('whose reply was cut throws TruncatedError with both lengths', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'x'.repeat(40))), 1000, 32)
    const error = await request(connection, 0).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TruncatedError)
    expect((error as Error).message).toContain('a message of 56 bytes was cut to 32')
  })

  it('whose answer is malformed throws, and leaves the connection busy', async () => {
    const { connection } = connect((_, transport) => transport.queue(hex('0102030405')))
    await expect(request(connection, 0)).rejects.toBeInstanceOf(MalformedMessageError)
    expect(connection.busy).toBe(true)
  })

  it('whose reply cannot be decoded throws that error', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'x')))
    connection.begin()
    add(connection, 0)
    expect(() =>
      connection.exchange('test', refusal, () => {
        throw new MalformedMessageError('not this')
      }),
    ).toThrow('not this')
  })

  it('that cannot be sent throws, and leaves the connection free', async () => {
    const { connection } = connect(() => {
      throw new SocketError('nl_sendto', 90)
    })
    await expect(request(connection, 0)).rejects.toMatchObject({ code: 'EMSGSIZE' })
    expect(connection.busy).toBe(false)
  })

  it('is carried out aside, with the same answers', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(acknowledgement(sent!, 17)))
    connection.begin()
    add(connection, MessageFlags.ack)
    await expect(connection.exchangeAside('test', refusal)).rejects.toMatchObject({ code: 'EEXIST' })
  })

  it('waiting for its answer ends with ClosedError when the connection is closed', async () => {
    const { connection } = connect(() => {}, 60_000)
    const waiting = request(connection, MessageFlags.ack)
    connection.dispose()
    await expect(waiting).rejects.toBeInstanceOf(ClosedError)
  })

  it('after the connection is closed throws ClosedError', () => {
    const { connection, transport } = connect()
    connection.dispose()
    connection.dispose()
    expect(transport.closed).toBe(true)
    expect(() => connection.begin()).toThrow(ClosedError)
  })

  it('leaves no timer behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { connection, transport } = connect(() => {})
      const waiting = request(connection, MessageFlags.ack)
      expect(vi.getTimerCount()).toBe(1)
      transport.queue(acknowledgement(parseDatagram(transport.sent[0]!)[0]!))
      await waiting
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a dump', () => {
  it('gives its replies datagram by datagram, up to NLMSG_DONE', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'a', 2), reply(sent!, 'b', 2)).queue(reply(sent!, 'c', 2)).queue(done(sent!)))
    expect(await dump(connection)).toEqual({ replies: ['a', 'b', 'c'], error: undefined, datagrams: 3 })
    expect(connection.busy).toBe(false)
  })

  it('may end in the datagram of its last reply', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'a', 2), done(sent!)))
    expect(await dump(connection)).toMatchObject({ replies: ['a'], datagrams: 1 })
  })

  it('that was interrupted throws behind its last reply', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'a', 2 | MessageFlags.dumpInterrupted)).queue(reply(sent!, 'b', 2)).queue(done(sent!)))
    const { replies, error } = await dump(connection)
    expect(replies).toEqual(['a', 'b'])
    expect(error).toBeInstanceOf(DumpInterruptedError)
  })

  it('may say only in NLMSG_DONE that it was interrupted', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'a', 2)).queue(done(sent!, 0, { interrupted: true })))
    expect((await dump(connection)).error).toBeInstanceOf(DumpInterruptedError)
  })

  it('that was interrupted says nothing about the next one', async () => {
    let interrupted = true
    const { connection } = connect(([sent], transport) => transport.queue(done(sent!, 0, { interrupted })))
    await dump(connection)
    interrupted = false
    expect((await dump(connection)).error).toBeUndefined()
  })

  it('may fail in NLMSG_DONE', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'a', 2)).queue(done(sent!, 19)))
    expect(await dump(connection)).toMatchObject({ replies: ['a'], error: { code: 'ENODEV' } })
  })

  it('may be refused', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(acknowledgement(sent!, 95)))
    expect(await dump(connection)).toMatchObject({ replies: [], error: { code: 'EOPNOTSUPP' } })
    expect(connection.busy).toBe(false)
  })

  it('of which a reply was lost leaves the connection busy', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'a', 2)).queueError(new OverrunError()).queue(done(sent!)))
    expect(await dump(connection)).toMatchObject({ replies: ['a'], error: { code: 'OVS_OVERRUN' } })
    expect(connection.busy).toBe(true)
  })

  it('that stops coming leaves the connection busy: the kernel has not ended it', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'a', 2)), 10)
    expect(await dump(connection)).toMatchObject({ replies: ['a'], error: { code: 'OVS_TIMEOUT' } })
    expect(connection.busy).toBe(true)
  })

  it('of which a datagram was cut gives the others, and then throws', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'x'.repeat(40), 2)).queue(reply(sent!, 'b', 2)).queue(done(sent!)), 1000, 32)
    expect(await dump(connection)).toMatchObject({ replies: ['b'], error: { code: 'OVS_TRUNCATED' } })
  })

  it('of which a reply cannot be decoded gives the others, and then throws', async () => {
    const { connection } = connect(([sent], transport) => transport.queue(reply(sent!, 'a', 2)).queue(reply(sent!, 'b', 2)).queue(done(sent!)))
    const replies: string[] = []
    connection.begin()
    add(connection, MessageFlags.dump)
    connection.startDump(refusal, (source, start, end) => {
      const value = source.bytes.toString('latin1', start, end)
      if (value === 'a') throw new MalformedMessageError('not this')
      replies.push(value)
    })
    expect(connection.more('test')).toBe(false)
    expect(connection.more('test')).toBe(false)
    expect(() => connection.more('test')).toThrow('not this')
    expect(replies).toEqual(['b'])
  })
})

describe('many requests in one datagram', () => {
  it('are over with the acknowledgement of the last', () => {
    const { connection, transport } = connect((sent, to) => to.queue(acknowledgement(sent.at(-1)!)))
    connection.begin()
    for (let i = 0; i < 3; i++) add(connection, 0)
    connection.acknowledgeLast()
    expect(connection.exchange('test', refusal)).toBeUndefined()
    expect(parseDatagram(transport.sent[0]!).map((each) => each.flags)).toEqual([MessageFlags.request, MessageFlags.request, MessageFlags.request | MessageFlags.ack])
  })

  it('have their refusals by their places, the last one\'s too', () => {
    const { connection } = connect((sent, transport) => sent.forEach((each, i) => (i === 1 ? undefined : transport.queue(acknowledgement(each, 10 + i)))))
    connection.begin()
    for (let i = 0; i < 3; i++) add(connection, 0)
    connection.acknowledgeLast()
    connection.exchange('test', refusal)
    expect([...connection.refusals].map(([index, { errno }]) => [index, errno])).toEqual([[0, 10], [2, 12]])
  })

  it('are told apart from the refusals of the exchange before', () => {
    let errno = 22
    const { connection } = connect((sent, transport) => sent.forEach((each) => transport.queue(acknowledgement(each, errno))))
    for (const next of [22, 0]) {
      errno = next
      connection.begin()
      add(connection, MessageFlags.ack)
      add(connection, MessageFlags.ack)
      connection.exchange('test', refusal)
    }
    expect(connection.refusals.size).toBe(0)
  })

  it('do not hold one that was taken out again', () => {
    const { connection, transport } = connect((sent, to) => to.queue(acknowledgement(sent.at(-1)!)))
    connection.begin()
    add(connection, 0, text('good'))
    for (let i = 0; i < 2; i++) {
      connection.open(TYPE, 0)
      connection.writer.raw(text('half of a'))
      connection.discard()
    }
    add(connection, 0, text('fine'))
    connection.open(TYPE, 0)
    connection.discard()
    connection.acknowledgeLast()
    connection.exchange('test', refusal)
    const sent = parseDatagram(transport.sent[0]!)
    expect(sent.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['good', 'fine'])
    expect(sent[1]!.sequence).toBe((sent[0]!.sequence + 1) >>> 0)
    expect(sent.map(({ flags }) => flags & MessageFlags.ack)).toEqual([0, MessageFlags.ack])
  })
})
