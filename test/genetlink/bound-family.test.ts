import { describe, expect, it } from 'vitest'
import { GenericNetlink } from '../../src/genetlink/generic-netlink.js'
import type { FakeHandler, FakeRequest, RefusalDetails } from '../../src/testing/index.js'
import { FakeKernel, parseDatagram, Refusal, ScriptedTransport, acknowledgement, message } from '../../src/testing/index.js'
import { DumpInterruptedError, InvalidValueError } from '../../src/netlink/errors.js'
import { BoundFamily } from '../../src/genetlink/bound-family.js'
import { Connection } from '../../src/netlink/connection.js'
import { MessageFlags } from '../../src/netlink/constants.js'
import { Box } from './families.js'

type Handlers = Partial<Record<'new' | 'del' | 'get' | 'set', FakeHandler<typeof Box>>>

async function serve(handlers: Handlers) {
  const kernel = new FakeKernel().serve(Box, handlers)
  const netlink = new GenericNetlink(kernel.dial)
  const box = await netlink.family(Box)
  const [transport] = kernel.transports
  transport!.sent.length = 0
  return { kernel, box, sent: transport!.sent }
}

/** A family over one scripted transport, without a look-up. */
function scripted(script: ConstructorParameters<typeof ScriptedTransport>[0]) {
  const transport = new ScriptedTransport(script)
  const connections = { acquire: () => new Connection(transport, 50), release: () => {} }
  return new BoundFamily(connections, Box, { id: 32, name: 'box', version: 3, headerSize: 4, maxAttribute: 4, operations: [], groups: new Map() })
}

/** How a request is refused that has, behind nlmsghdr 16, genlmsghdr 4, box_header 4: label 24–31, inner 32: depth 36. */
async function refused(details: RefusalDetails): Promise<unknown> {
  const { box } = await serve({
    set: () => {
      throw new Refusal(22, details)
    },
  })
  return box.call('set', { label: 'a', inner: { depth: 1 } }).catch((error: unknown) => error)
}

function some(count: number) {
  return Array.from({ length: count }, (_, shelf) => ({ command: 'new' as const, value: { shelf } }))
}

function asIs<V>(value: V): V {
  return value
}

describe('a call', () => {
  it('carries command, version, header and attributes', async () => {
    const { box, sent } = await serve({ set: () => undefined })
    await box.call('set', { shelf: 7, label: 'a' })
    expect(Buffer.from(parseDatagram(sent[0]!)[0]!.payload).toString('hex')).toBe('04030000 07000000 06000100 61000000'.replaceAll(' ', ''))
  })

  it('asks for an acknowledgement', async () => {
    let flags = 0
    const { box } = await serve({ set: (_value, request) => void (flags = request.flags) })
    await box.call('set', {}, { flags: MessageFlags.create })
    expect(flags).toBe(MessageFlags.request | MessageFlags.ack | MessageFlags.create)
  })

  it('is refused with the request in words', async () => {
    const { box } = await serve({
      set: () => {
        throw new Refusal(22, { message: 'no' })
      },
    })
    await expect(box.call('set', {})).rejects.toMatchObject({ request: 'box set', code: 'EINVAL', kernelMessage: 'no' })
  })

  it('may be carried out aside', async () => {
    const { box } = await serve({ set: () => undefined })
    await expect(box.call('set', {}, { aside: true })).resolves.toBeUndefined()
  })

  it('that cannot be encoded sends nothing', async () => {
    const { box, sent } = await serve({ set: () => undefined })
    await expect(box.call('set', { inner: { depth: -1 } })).rejects.toMatchObject({ attribute: ['BOX_ATTR_INNER', 'BOX_INNER_DEPTH'] })
    expect(sent).toHaveLength(0)
  })

  it('that could not be encoded leaves the socket good for the next', async () => {
    const { box, kernel } = await serve({ set: () => undefined })
    await expect(box.call('set', { label: 5 as never })).rejects.toBeInstanceOf(InvalidValueError)
    await box.call('set', {})
    expect(kernel.transports).toHaveLength(1)
  })

  it('refuses a member of no table', async () => {
    const { box } = await serve({ set: () => undefined })
    await expect(box.call('set', { shelve: 1 } as never)).rejects.toMatchObject({ reason: 'there is no attribute "shelve" in BOX_ATTR_*' })
  })
})

describe('an extended acknowledgement', () => {

  it('points at an attribute by its offset', async () => {
    expect(await refused({ offset: 24 })).toMatchObject({ attribute: ['BOX_ATTR_LABEL'] })
  })

  it('points at an attribute within a nest', async () => {
    expect(await refused({ offset: 36 })).toMatchObject({ attribute: ['BOX_ATTR_INNER', 'BOX_INNER_DEPTH'] })
  })

  it('points at nothing where the offset is none of an attribute\'s', async () => {
    expect(await refused({ offset: 16 })).toMatchObject({ attribute: [] })
  })

  it('names an attribute that is missing', async () => {
    expect(((await refused({ missing: 3 })) as Error).message).toBe('box set: EINVAL, invalid argument (missing: BOX_ATTR_BYTES)')
  })

  it('does not name an attribute of the family where one is missing in a nest', async () => {
    const box = scripted(([request], transport) => {
      const bytes = Buffer.concat([acknowledgement(request!, 22, { missing: 2 }), Buffer.from('0800060020000000', 'hex')])
      bytes.writeUInt32LE(bytes.length)
      transport.queue(bytes)
    })
    await expect(box.call('set', { label: 'a', inner: { depth: 1 } })).rejects.toThrow('box set: EINVAL, invalid argument (missing: BOX_ATTR_INNER > attribute 2)')
  })
})

describe('a question', () => {
  it('resolves to the reply, header and attributes in one object', async () => {
    const { box } = await serve({ get: ({ shelf }) => ({ shelf, label: 'found', count: 2n ** 60n }) })
    expect(await box.ask('get', { shelf: 9 })).toEqual({ shelf: 9, label: 'found', count: 2n ** 60n })
  })

  it('that is only acknowledged is malformed', async () => {
    const { box } = await serve({ get: () => undefined })
    await expect(box.ask('get', {}, { flags: MessageFlags.ack })).rejects.toThrow('box get: the kernel acknowledged but did not reply')
  })

  it('whose reply is shorter than its headers is malformed', async () => {
    const box = scripted(([request], transport) => transport.queue(message(32, new Uint8Array(6), { sequence: request!.sequence })))
    await expect(box.ask('get', {})).rejects.toThrow('a message of box is 6 bytes long, its headers alone are 8')
  })
})

describe('a dump', () => {
  it('gives all objects', async () => {
    const { box } = await serve({ get: (_value, { dump }) => (dump ? [1, 2, 3].map((shelf) => ({ shelf })) : undefined) })
    expect(await collect(box.dump('get', {}))).toEqual([{ shelf: 1 }, { shelf: 2 }, { shelf: 3 }])
  })

  it('that is left early closes its socket', async () => {
    const { box, kernel } = await serve({ get: () => [{ shelf: 1 }, { shelf: 2 }] })
    for await (const _ of box.dump('get', {})) break
    expect(kernel.transports.map(({ closed }) => closed)).toEqual([true])
  })

  it('has a socket of its own, so that its objects can be worked on meanwhile', async () => {
    const { box } = await serve({ get: () => [{ shelf: 1 }, { shelf: 2 }], set: () => undefined })
    const done: number[] = []
    for await (const { shelf } of box.dump('get', {})) {
      await box.call('set', { shelf })
      done.push(shelf)
    }
    expect(done).toEqual([1, 2])
  })

  it('that was interrupted gives all that came, and then throws', async () => {
    const { box, kernel } = await serve({ get: () => [{ shelf: 1 }, { shelf: 2 }] })
    kernel.interruptNextDump = true
    const seen: number[] = []
    const all = async () => {
      for await (const { shelf } of box.dump('get', {})) seen.push(shelf)
    }
    await expect(all()).rejects.toBeInstanceOf(DumpInterruptedError)
    expect(seen).toEqual([1, 2])
  })

  it('asks with NLM_F_DUMP', async () => {
    const requests: FakeRequest[] = []
    const { box } = await serve({
      get: (_value, request) => {
        requests.push(request)
        return []
      },
    })
    await collect(box.dump('get', {}))
    expect(requests).toMatchObject([{ dump: true, flags: MessageFlags.request | MessageFlags.dump }])
  })
})

describe('a bulk', () => {
  it('is carried out in order, many requests to a datagram', async () => {
    const shelves: number[] = []
    const { box, sent } = await serve({ new: ({ shelf }) => void shelves.push(shelf) })
    expect(await box.bulk(some(300), asIs)).toEqual({ done: 300, failures: [] })
    expect(shelves).toEqual(Array.from({ length: 300 }, (_, i) => i))
    expect(sent.length).toBeLessThan(10)
  })

  it('has each refusal at its place, and goes on', async () => {
    const { box } = await serve({
      new: ({ shelf }) => {
        if (shelf % 100 === 99) throw new Refusal(17)
        return undefined
      },
    })
    const { done, failures } = await box.bulk(some(300), asIs)
    expect(done).toBe(297)
    expect(failures.map(({ index, error }) => [index, error.code])).toEqual([[99, 'EEXIST'], [199, 'EEXIST'], [299, 'EEXIST']])
  })

  it('has what cannot be encoded at its place, sends nothing of it, and goes on', async () => {
    const labels: (string | undefined)[] = []
    const { box, sent } = await serve({ new: ({ label }) => void labels.push(label) })
    const values = ['a', 'far too long for a label', 5, 'b', 'c\0', 'd']
    const { done, failures } = await box.bulk(values.map((label) => ({ command: 'new' as const, value: { label: label as string } })), asIs)
    expect(labels).toEqual(['a', 'b', 'd'])
    expect(done).toBe(3)
    expect(failures.map(({ index, error }) => [index, error.name])).toEqual([1, 2, 4].map((index) => [index, 'InvalidValueError']))
    expect(sent.flatMap(parseDatagram)).toHaveLength(3)
  })

  it('has its refusals at their places beside what could not be encoded', async () => {
    const { box } = await serve({
      new: ({ label }) => {
        if (label === 'no') throw new Refusal(22)
        return undefined
      },
    })
    const { failures } = await box.bulk(['ok', 'no', 5, 'no', 'ok'].map((label) => ({ command: 'new' as const, value: { label: label as string } })), asIs)
    expect(failures.map(({ index, error }) => [index, error.code])).toEqual([[1, 'EINVAL'], [2, 'OVS_INVALID_VALUE'], [3, 'EINVAL']])
  })

  it('sends nothing where nothing can be encoded', async () => {
    const { box, sent } = await serve({ new: () => undefined })
    expect(await box.bulk([{ command: 'new' as const, value: { label: 5 as never } }], asIs)).toMatchObject({ done: 0, failures: [{ index: 0 }] })
    expect(sent).toHaveLength(0)
  })

  it('has a value of which no request can be made at its place, and goes on', async () => {
    const { box, sent } = await serve({ new: () => undefined })
    const result = await box.bulk([1, 2, 3], (shelf) => {
      if (shelf === 2) throw new InvalidValueError('must not be 2', shelf)
      return { command: 'new', value: { shelf } }
    })
    expect(result).toMatchObject({ done: 2, failures: [{ index: 1, error: { reason: 'must not be 2' } }] })
    expect(sent.flatMap(parseDatagram)).toHaveLength(2)
  })

  it('may be empty', async () => {
    const { box } = await serve({})
    expect(await box.bulk([], asIs)).toEqual({ done: 0, failures: [] })
  })

  it('goes on behind a request that fills a datagram by itself and is refused', async () => {
    const lengths: (number | undefined)[] = []
    const { box } = await serve({
      new: ({ bytes }) => {
        lengths.push(bytes?.length)
        if (lengths.length === 1) throw new Refusal(22)
        return undefined
      },
    })
    const { done, failures } = await box.bulk([60_000, 60_001, 1].map((length) => ({ command: 'new' as const, value: { bytes: new Uint8Array(length) } })), asIs)
    expect(lengths).toEqual([60_000, 60_001, 1])
    expect(done).toBe(2)
    expect(failures.map(({ index }) => index)).toEqual([0])
  })

  it('reads its input as it is needed', async () => {
    const { box } = await serve({ new: () => undefined })
    let read = 0
    async function* endless() {
      for (;;) {
        if (++read > 200) throw new Error('enough')
        yield { command: 'new' as const, value: {} }
      }
    }
    await expect(box.bulk(endless(), asIs)).rejects.toThrow('enough')
  })
})

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}
