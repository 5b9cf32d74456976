import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { DumpInterruptedError, InvalidValueError, KernelError } from '../../src/netlink/errors.js'
import { Trace } from '../../src/netlink/trace.js'
import { Writer } from '../../src/netlink/writer.js'
import { LinkCodec, type LinkRequest } from '../../src/rtnetlink/link.js'
import { Rtnetlink, type RtnetlinkOptions } from '../../src/rtnetlink/rtnetlink.js'
import { Source } from '../../src/netlink/bytes.js'
import { acknowledgement, done, message, type Script, ScriptedTransport } from '../../src/testing/index.js'

const [ACK, EXCL, CREATE, DUMP, MULTI, INTERRUPTED] = [0x4, 0x200, 0x400, 0x300, 0x2, 0x10]

function open(script: Script, options?: RtnetlinkOptions) {
  const transports: ScriptedTransport[] = []
  const protocols: (number | undefined)[] = []
  const netlink = new Rtnetlink((dialled) => {
    protocols.push(dialled?.protocol)
    const transport = new ScriptedTransport(script)
    transports.push(transport)
    return transport
  }, options)
  return { netlink, links: netlink.links, transports, protocols }
}

function encoded(link: LinkRequest): Uint8Array {
  const writer = new Writer()
  LinkCodec.write(writer, link)
  return writer.copy()
}

/** What a request says, read as a message of the kernel's is. */
const decoded = (payload: Uint8Array) => LinkCodec.read(new Source(payload), 0, payload.length)

/** Acknowledges everything, and keeps it. */
function recorder() {
  const sent: { type: number; flags: number; link: ReturnType<typeof decoded> }[] = []
  const script: Script = (requests, transport) => {
    for (const { type, flags, payload } of requests) sent.push({ type, flags: flags & ~1, link: decoded(payload) })
    const last = requests.at(-1)!
    transport.queue(last.type === 18 ? message(16, encoded({ index: 7, ifname: 'eth0', flags: 1 }), { sequence: last.sequence }) : acknowledgement(last))
  }
  return { sent, script }
}

describe('a link', () => {
  it('is made exclusively, of a kind, with its peer; the socket is one of rtnetlink', async () => {
    const { sent, script } = recorder()
    const { links, protocols } = open(script)
    await links.new({ ifname: 'a', linkinfo: { kind: 'veth', data: { peer: { ifname: 'b', index: 9 } } }, up: true })
    expect(protocols).toEqual([0])
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ type: 16, flags: ACK | CREATE | EXCL, link: { ifname: 'a', flags: 1, change: 1, linkinfo: { kind: 'veth', data: { peer: { ifname: 'b', index: 9 } } } } })
  })

  it.each(['no', 0, 1, null])('is not set up with %j', async (up) => {
    const { sent, script } = recorder()
    const { links } = open(script)
    await expect(links.set('a', { up: up as never })).rejects.toMatchObject({ reason: 'a device is set up with true, and down with false', value: up })
    await expect(links.new({ ifname: 'a', linkinfo: { kind: 'veth' }, up: up as never })).rejects.toThrow('a device is set up with true')
    expect(sent).toEqual([])
  })

  it('has no members but those that there are', async () => {
    const { sent, script } = recorder()
    const { links } = open(script)
    await expect(links.new({ name: 'a', linkinfo: { kind: 'veth' } } as never)).rejects.toThrow(/a device to make has no member "name".* The nearest is ifname\./s)
    await expect(links.new(undefined as never)).rejects.toThrow('a device to make must be an object')
    await expect(links.set('a', { netNs: 'x' } as never)).rejects.toThrow(/what is to be set has no member "netNs".* The nearest is netns\./s)
    await expect(links.set('a', { up: true }, { sginal: 1 } as never)).rejects.toThrow('how a device is changed has no member "sginal"')
    await expect(links.get('a', { sginal: 1 } as never)).rejects.toThrow('how a device is read has no member "sginal"')
    await expect(links.del('a', { sginal: 1 } as never)).rejects.toThrow('how a device is deleted has no member "sginal"')
    await expect(links.list({ sginal: 1 } as never)).rejects.toThrow('how devices are read has no member "sginal"')
    await expect(links.new({ linkinfo: { kind: 'veth', data: { peer: 'q4' as never } } })).rejects.toMatchObject({ attribute: ['IFLA_LINKINFO', 'IFLA_INFO_DATA', 'VETH_INFO_PEER'], remedy: "Write { ifname: 'veth2' }." })
    expect(sent).toEqual([])
  })

  it('that was read can be given back as it is', async () => {
    const { sent, script } = recorder()
    const { links } = open(script)
    const { unknown: _, ...link } = await links.get('eth0')
    await links.set(7, link)
    expect(sent.at(-1)).toMatchObject({ type: 16, link: { ifname: 'eth0', index: 7 } })
  })

  it('is read by its name or its index', async () => {
    const { sent, script } = recorder()
    const { links } = open(script)
    expect(await links.get('eth0')).toMatchObject({ index: 7, ifname: 'eth0', up: true })
    await links.get(7)
    expect(sent.map(({ type, flags, link }) => [type, flags, link.ifname, link.index])).toEqual([[18, 0, 'eth0', 0], [18, 0, undefined, 7]])
  })

  it.each(['', 0, -1, 1.5, undefined])('is not named %s', async (which) => {
    const { links } = open(() => {})
    await expect(links.get(which as string)).rejects.toThrow(InvalidValueError)
  })

  it('is set up and down beside other flags', async () => {
    const { sent, script } = recorder()
    const { links } = open(script)
    await links.set(7, { up: false, flags: 0x101, change: 0x100 })
    await links.set('eth0', { mtu: 1400 })
    expect(sent.map(({ type, flags, link }) => [type, flags, link.flags, link.change, link.mtu])).toEqual([[16, ACK, 0x100, 0x101, undefined], [16, ACK, 0, 0, 1400]])
  })

  it('that is renamed by name is looked up first: one attribute has both names', async () => {
    const { sent, script } = recorder()
    const { links } = open(script)
    await links.set('eth0', { ifname: 'eth1' })
    await links.set(7, { ifname: 'eth2' })
    expect(sent.map(({ type, link }) => [type, link.ifname, link.index])).toEqual([[18, 'eth0', 0], [16, 'eth1', 7], [16, 'eth2', 7]])
  })

  it('is moved into a namespace that is open until it is done, whatever comes of it', async () => {
    const log: string[] = []
    const openNetns = (netns: string | number) => {
      log.push(`open ${netns}`)
      return { fd: 42, close: () => void log.push('close') }
    }
    const { links } = open((requests, transport) => {
      log.push(`fd ${decoded(requests[0]!.payload).netNsFd}`)
      transport.queue(acknowledgement(requests[0]!, 17))
    }, { openNetns })
    await expect(links.set(7, { netns: 'blue' })).rejects.toMatchObject({ code: 'EEXIST' })
    expect(log).toEqual(['open blue', 'fd 42', 'close'])
    await expect(open(() => {}).links.set(7, { netns: 'blue' })).rejects.toThrow('cannot open network namespaces')
  })

  it('without a kind, or of one that has no table, is refused before anything is sent', async () => {
    const { links, transports } = open(() => {})
    await expect(links.new({ ifname: 'a' })).rejects.toThrow(/^IFLA_LINKINFO > IFLA_INFO_KIND: a new device needs a kind/)
    const attempt = (linkinfo: unknown) => links.new({ ifname: 'a', linkinfo: linkinfo as { kind: 'vxlan' } })
    await expect(attempt({ kind: 'dummy', data: {} })).rejects.toThrow(/^IFLA_LINKINFO > IFLA_INFO_DATA: this kind of device has no table here, got "dummy"\nGive its attributes as bytes/)
    await expect(attempt({ kind: 'vxlan', data: { port: 70_000 } })).rejects.toThrow(/^IFLA_LINKINFO > IFLA_INFO_DATA > IFLA_VXLAN_PORT: must be a whole number from 0 to 65535/)
    await expect(attempt({ kind: 'constructor', data: {} })).rejects.toThrow(InvalidValueError)
    expect(transports.flatMap(({ sent }) => sent)).toEqual([])
  })

  it('of a kind that is not known here keeps its bytes, as does what no table knows', () => {
    const bytes = new Uint8Array([8, 0, 1, 0, 1, 2, 3, 4])
    const link: LinkRequest = { linkinfo: { kind: 'wireguard', bytes }, unknown: [{ number: 200, bytes: new Uint8Array([1]) }] }
    const again = decoded(encoded(link))
    expect(again.linkinfo).toEqual({ kind: 'wireguard', bytes })
    expect(again.unknown).toMatchObject(link.unknown as object[])
    expect(encoded(again)).toEqual(encoded(link))
  })
})

describe('all links', () => {
  /** A dump of two, of which the first `interrupted` are interrupted. */
  function changing(interrupted: number): Script {
    return ([request], transport) => {
      expect(request!.flags & DUMP).toBe(DUMP)
      for (const index of [1, 2]) transport.queue(message(16, encoded({ index }), { sequence: request!.sequence, flags: MULTI | (interrupted > 0 && index === 2 ? INTERRUPTED : 0) }))
      interrupted--
      transport.queue(done(request!))
    }
  }

  it('are read anew while they change', async () => {
    const { links, transports } = open(changing(3))
    expect((await links.list()).map(({ index }) => index)).toEqual([1, 2])
    expect(transports.flatMap(({ sent }) => sent)).toHaveLength(4)
  })

  it('that never stop changing are given up', async () => {
    const { links, transports } = open(changing(Infinity))
    await expect(links.list()).rejects.toThrow(DumpInterruptedError)
    expect(transports.flatMap(({ sent }) => sent)).toHaveLength(10)
  })

  it('can be read as they come, and are told behind the last to have changed', async () => {
    const seen: number[] = []
    const read = (async () => {
      for await (const { index } of open(changing(1)).links.dump()) seen.push(index)
    })()
    await expect(read).rejects.toMatchObject({ code: 'OVS_DUMP_INTERRUPTED', message: expect.stringContaining('link dump') as string })
    expect(seen).toEqual([1, 2])
  })

  it('are given up when aborted', async () => {
    const controller = new AbortController()
    const { links, transports } = open(() => {})
    const listed = links.list({ signal: controller.signal })
    setImmediate(() => controller.abort('enough'))
    await expect(listed).rejects.toMatchObject({ name: 'AbortError', message: 'link dump was aborted', cause: 'enough' })
    expect([transports[0]!.closed, getEventListeners(controller.signal, 'abort')]).toEqual([true, []])
  })
})

it('a refusal says what is missing', async () => {
  const { links } = open((requests, transport) => transport.queue(acknowledgement(requests[0]!, 1)))
  const error = await links.set(7, { up: true }).catch((each: unknown) => each)
  expect(error).toBeInstanceOf(KernelError)
  expect(error).toMatchObject({ code: 'EPERM', request: 'link set', message: expect.stringContaining('CAP_NET_ADMIN') as string, cause: { request: 'link set' } })
})

it('the trace shows what goes over the wire', async () => {
  const lines: string[] = []
  const { links } = open(recorder().script, { trace: new Trace((line) => lines.push(line.replace(/#\d+/, '#N'))) })
  await links.get('eth0')
  expect(lines).toEqual([
    '> 1 #N link get flags 0x1 {"family":0,"type":0,"index":0,"flags":0,"change":0,"ifname":"eth0"}',
    '< 1 #N link new flags 0x0 {"family":0,"type":0,"index":7,"flags":1,"change":0,"ifname":"eth0"}',
  ])
})
