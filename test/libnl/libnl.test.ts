import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import koffi from 'koffi'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { GenericNetlink } from '../../src/genetlink/generic-netlink.js'
import { libnl, LibraryNotFoundError, loadLibraries, NetlinkSocket } from '../../src/libnl/index.js'
import { ClosedError, OverrunError } from '../../src/netlink/errors.js'
import { message, parseDatagram } from '../../src/testing/index.js'

const project = fileURLToPath(new URL('../..', import.meta.url))
/** The multicast group `notify` of the family `nlctrl`: both have fixed numbers in every kernel. */
const NOTIFY = 16
const CONTROLLER = 16
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NLM_F_DUMP = 0x300

/** CTRL_CMD_GETFAMILY of the family `nlctrl`, or of all. */
const getFamily = (flags = 0) => message(CONTROLLER, Buffer.concat([Buffer.from([3, 2, 0, 0, 11, 0, 2, 0]), Buffer.from('nlctrl\0\0')]), { flags: NLM_F_REQUEST | flags, sequence: 1 })
const getAll = () => message(CONTROLLER, Buffer.from([3, 2, 0, 0]), { flags: NLM_F_REQUEST | NLM_F_DUMP, sequence: 1 })

const open: NetlinkSocket[] = []
function socket(options?: ConstructorParameters<typeof NetlinkSocket>[0]): NetlinkSocket {
  const made = new NetlinkSocket(options)
  open.push(made)
  return made
}

afterEach(() => open.splice(0).forEach((each) => each.close()))

function send(from: NetlinkSocket, datagram: Uint8Array): void {
  from.send(datagram, datagram.length)
}

function received(from: NetlinkSocket, most?: number): { hex: string; length: number }[] {
  const found: { hex: string; length: number }[] = []
  from.receive((source, start, end, length) => found.push({ hex: source.bytes.toString('hex', start, end), length }), most)
  return found
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      return false
    }
  }).length
}

/** What other processes run: the library as JavaScript, beside scripts of ours. */
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'libnl-test-'))
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  // Type errors are another check's business.
  spawnSync(process.execPath, [join(project, 'node_modules/typescript/bin/tsc'), '-p', project, '--outDir', join(folder, 'dist'), '--declaration', 'false', '--sourceMap', 'false'])
  writeFileSync(
    join(folder, 'raw.mjs'),
    `import koffi from 'koffi'
    const libc = koffi.load(null)
    const make = libc.func('int socket(int domain, int type, int protocol)')
    const bind = libc.func('int bind(int fd, const void *addr, uint32_t len)')
    const sendto = libc.func('int64_t sendto(int fd, const void *buf, size_t len, int flags, const void *addr, uint32_t addrlen)')
    export const address = (port, groups = 0) => {
      const bytes = Buffer.alloc(12)
      bytes.writeUInt16LE(16)
      bytes.writeUInt32LE(port, 4)
      bytes.writeUInt32LE(groups, 8)
      return bytes
    }
    /** A plain netlink socket, as anybody can make one. */
    export function raw(port = 0) {
      const fd = make(16, 3, 16)
      if (bind(fd, address(port), 12) < 0) throw new Error('bind: ' + koffi.errno())
      return fd
    }
    export function sendTo(fd, port, groups = 0) {
      const bytes = Buffer.alloc(20)
      bytes.writeUInt32LE(20)
      bytes.writeUInt16LE(99, 4)
      return sendto(fd, bytes, 20, 0, address(port, groups), 12) < 0 ? koffi.errno() : 'sent'
    }`,
  )
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function scriptOf(code: string): string {
  const script = join(folder, `script-${Math.random().toString(36).slice(2)}.mjs`)
  writeFileSync(
    script,
    `import { readdirSync, readlinkSync } from 'node:fs'
    import { setTimeout as wait } from 'node:timers/promises'
    import { Worker } from 'node:worker_threads'
    const { NetlinkSocket } = await import('./dist/libnl/index.js')
    const { raw, sendTo } = await import('./raw.mjs')
    const descriptors = () => readdirSync('/proc/self/fd').filter((fd) => { try { return readlinkSync('/proc/self/fd/' + fd).startsWith('socket:') } catch { return false } }).length
    const print = (value) => console.log(JSON.stringify(value))
    ${code}`,
  )
  return script
}

/** Runs a module in a process of its own; what it prints as JSON. Ending by a signal or with another status fails. */
async function elsewhere(code: string, ...flags: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, scriptOf(code)], { cwd: folder, timeout: 60_000 })
  return stdout === '' ? undefined : JSON.parse(stdout)
}

describe('a socket', () => {
  const SOL_SOCKET = 1
  const SOL_NETLINK = 270
  const getsockopt = koffi.load(null).func('int getsockopt(int fd, int level, int option, void *value, void *length)')
  const option = (fd: number, level: number, number: number) => {
    const value = Buffer.alloc(4)
    const length = Buffer.from([4, 0, 0, 0])
    expect(getsockopt(fd, level, number, value, length)).toBe(0)
    return value.readInt32LE()
  }

  it.each([
    ['SO_DOMAIN', SOL_SOCKET, 39, 16],
    ['SO_TYPE', SOL_SOCKET, 3, 3],
    ['SO_PROTOCOL', SOL_SOCKET, 38, 16],
    ['NETLINK_EXT_ACK', SOL_NETLINK, 11, 1],
    ['NETLINK_CAP_ACK', SOL_NETLINK, 10, 1],
  ])('has the %s of a generic netlink socket', (_name, level, number, value) => {
    expect(option(socket().fd, level, number)).toBe(value)
  })

  it('says what receive queue it obtained', () => {
    const made = socket({ receiveBuffer: 100_000 })
    expect(made.receiveBuffer).toBe(option(made.fd, SOL_SOCKET, 8))
    // The kernel doubles what is asked for, to have room for its own accounting.
    expect(made.receiveBuffer).toBe(200_000)
  })

  it('takes what it can get where it has no privileges', async () => {
    const bounded = 2 * Number(execFileSync('sysctl', ['-n', 'net.core.rmem_max'], { encoding: 'utf8' }))
    const size = await elsewhere(`new NetlinkSocket().close(); process.setuid(65534); const s = new NetlinkSocket({ receiveBuffer: 1 << 30 }); print(s.receiveBuffer)`)
    expect(size).toBe(bounded)
  })

  it('has a port id of its own', () => {
    const ids = [socket(), socket(), socket()].map((each) => each.portId)
    expect(new Set(ids).size).toBe(3)
    expect(ids).not.toContain(0)
  })

  it('has the answer when send returns', () => {
    const made = socket()
    send(made, getFamily(NLM_F_ACK))
    expect(received(made)).toHaveLength(1)
    expect(received(made)).toHaveLength(1)
    expect(received(made)).toHaveLength(0)
  })

  it('has the answer when sendAside is done', async () => {
    const made = socket()
    await made.sendAside(getFamily(), getFamily().length)
    expect(received(made)).toHaveLength(1)
  })

  it('gives a datagram that is longer than its memory cut, with its true length', () => {
    const whole = socket()
    send(whole, getFamily())
    const [{ hex, length } = { hex: '', length: 0 }] = received(whole)
    const cut = socket({ receiveSize: 64 })
    for (const most of [1, 4]) {
      send(cut, getFamily())
      const [got] = received(cut, most)
      expect([got?.length, got?.hex.length]).toEqual([length, 128])
      // The port id stands in the header, and is another one.
      expect(got?.hex.slice(32)).toBe(hex.slice(32, 128))
    }
  })

  it('gives the same datagrams one by one and in batches', () => {
    const made = socket({ receiveSize: 32_768, batch: 4 })
    const all = (most: number) => {
      send(made, getAll())
      const found: string[] = []
      for (let some = received(made, most); some.length > 0; some = received(made, most)) found.push(...some.map((each) => each.hex))
      // How much of a dump stands in one datagram is the kernel's choice.
      return found.join('')
    }
    const single = all(1)
    expect(single.length).toBeGreaterThan(1000)
    expect(all(4)).toBe(single)
  })

  it.each([1, 4])('gives nothing where nothing waits, asked for %i', (most) => {
    expect(received(socket(), most)).toEqual([])
  })

  it('says that a datagram is more than its send buffer holds', async () => {
    const made = socket({ sendBuffer: 5000 })
    const long = Buffer.alloc(20_000)
    const refusal = { code: 'EMSGSIZE', call: 'nl_sendto', remedy: expect.stringContaining('A datagram of 20000 bytes') as string }
    expect(() => made.send(long, long.length)).toThrow(expect.objectContaining(refusal))
    await expect(made.sendAside(long, long.length)).rejects.toMatchObject(refusal)
  })

  it('tells its watches when something comes, again and again, until it is taken', async () => {
    const made = socket()
    let calls = 0
    const watch = made.watch(() => {
      if (++calls === 3) received(made)
    })
    send(made, getFamily())
    await expect.poll(() => calls).toBe(3)
    watch.close()
    send(made, getFamily())
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(calls).toBe(3)
  })

  it('can be watched again', async () => {
    const made = socket()
    made.watch(() => {}).close()
    let calls = 0
    const watch = made.watch(() => {
      calls++
      watch.close()
    })
    send(made, getFamily())
    await expect.poll(() => calls).toBe(1)
  })

  it('refuses everything once it is closed', async () => {
    const made = socket()
    made.close()
    expect(() => made.send(getFamily(), 20)).toThrow(ClosedError)
    expect(() => made.sendAside(getFamily(), 20)).toThrow(ClosedError)
    expect(() => received(made)).toThrow(ClosedError)
    expect(() => made.watch(() => {})).toThrow(ClosedError)
    expect(() => made.join(NOTIFY)).toThrow(ClosedError)
    expect([made.closed, made.fd]).toEqual([true, -1])
  })

  it('cannot join a group that there is not', () => {
    expect(() => socket().join(999_999)).toThrow(expect.objectContaining({ call: 'nl_socket_add_membership' }))
  })
})

describe('another process', () => {
  it('cannot send to it, though it can to a socket that is not connected', async () => {
    const made = socket()
    const [toOurs, toAnother] = (await elsewhere(`const [from] = [raw(), raw(0x7fff1234)]; print([sendTo(from, ${made.portId}), sendTo(from, 0x7fff1234)])`)) as [number, string]
    expect(toOurs).toBe(111) // ECONNREFUSED
    expect(toAnother).toBe('sent')
    expect(received(made)).toEqual([])
  })

  it.each([1, 8])('cannot make it hear a multicast message, received %i at once', async (most) => {
    const made = socket()
    made.join(NOTIFY)
    expect(await elsewhere(`print(sendTo(raw(), 0, 1 << ${NOTIFY - 1}))`)).toBe('sent')
    expect(received(made, most)).toEqual([])
    expect(made.foreign).toBe(1)
  })

  it('does not keep it from hearing the kernel', async () => {
    const made = socket()
    made.join(NOTIFY)
    await elsewhere(`print(sendTo(raw(), 0, 1 << ${NOTIFY - 1}))`)
    send(made, getFamily())
    expect(received(made, 8)).toHaveLength(1)
  })

  it('can make it lose messages, after which it goes on', async () => {
    const made = socket({ receiveBuffer: 4096 })
    made.join(NOTIFY)
    await elsewhere(`const from = raw(); for (let i = 0; i < 100; i++) sendTo(from, 0, 1 << ${NOTIFY - 1}); print(0)`)
    expect(() => received(made)).toThrow(OverrunError)
    while (made.receive(() => {}, 8) > 0);
    send(made, getFamily())
    expect(received(made)).toHaveLength(1)
  })

  it('that made it lose messages has not ended its watch', async () => {
    const made = socket({ receiveBuffer: 4096 })
    made.join(NOTIFY)
    let overruns = 0
    let heard = 0
    made.watch(() => {
      try {
        made.receive(() => heard++, 8)
      } catch (error) {
        if (error instanceof OverrunError) overruns++
        else throw error
      }
    })
    // While this waits, nothing is received.
    execFileSync(process.execPath, [scriptOf(`const from = raw(); for (let i = 0; i < 100; i++) sendTo(from, 0, 1 << ${NOTIFY - 1})`)])
    await expect.poll(() => overruns).toBeGreaterThan(0)
    await expect.poll(() => made.foreign).toBeGreaterThan(0)
    send(made, getFamily())
    await expect.poll(() => heard).toBe(1)
  })
})

describe('closing', () => {
  it.each<[string, (made: NetlinkSocket) => unknown]>([
    ['that was never used', () => {}],
    ['with a watch', (made) => made.watch(() => {})],
    ['with a watch that was closed', (made) => made.watch(() => {}).close()],
    ['with two watches, one of them closed', (made) => [made.watch(() => {}), made.watch(() => {}).close()]],
    ['with a watch that does not hold the process', (made) => made.watch(() => {}).unref()],
    ['with an answer that nobody took', (made) => send(made, getFamily())],
    ['in a group', (made) => made.join(NOTIFY)],
    ['that was closed before', (made) => made.close()],
  ])('a socket %s gives its descriptor back', (_state, bring) => {
    const before = descriptors()
    const made = new NetlinkSocket()
    expect(descriptors()).toBe(before + 1)
    bring(made)
    made.close()
    made.close()
    expect(descriptors()).toBe(before)
  })

  it('a socket leaves its watches harmless', () => {
    const made = new NetlinkSocket()
    const watch = made.watch(() => {})
    made.close()
    expect(() => {
      watch.unref()
      watch.ref()
      watch.close()
      watch.close()
    }).not.toThrow()
  })

  it('a socket may be done by its own watch', async () => {
    const before = descriptors()
    const made = new NetlinkSocket()
    let calls = 0
    made.watch(() => {
      calls++
      made.close()
    })
    send(made, getFamily())
    await expect.poll(() => calls).toBe(1)
    expect(descriptors()).toBe(before)
  })

  it('a socket waits for what is being sent aside', async () => {
    const before = descriptors()
    const made = new NetlinkSocket()
    const sends = [1, 2, 3].map(() => made.sendAside(getFamily(), getFamily().length))
    made.close()
    await Promise.all(sends)
    expect(descriptors()).toBe(before)
  })

  it('a socket that could not be made leaves no descriptor', () => {
    const before = descriptors()
    expect(() => new NetlinkSocket({ protocol: 31 })).toThrow(expect.objectContaining({ call: 'nl_connect' }))
    expect(descriptors()).toBe(before)
  })

  it('is not needed for a socket that everybody forgot', async () => {
    const left = await elsewhere(
      `const before = descriptors()
      ;(() => { for (let i = 0; i < 20; i++) { const s = new NetlinkSocket(); if (i % 2) s.watch(() => {}).close() } })()
      const made = descriptors() - before
      for (let i = 0; i < 50 && descriptors() > before; i++) { gc(); await wait(10) }
      print([made, descriptors() - before])`,
      '--expose-gc',
    )
    expect(left).toEqual([20, 0])
  })

  it('does not happen to a socket that is watched, though everybody forgot it', async () => {
    const heard = await elsewhere(
      `let heard = 0
      const port = (() => { const s = new NetlinkSocket(); s.join(${NOTIFY}); const w = s.watch(() => { heard++; s.receive(() => {}, 8) }); w.unref(); return s.portId })()
      for (let i = 0; i < 10; i++) { gc(); await wait(5) }
      sendTo(raw(), 0, 1 << ${NOTIFY - 1})
      for (let i = 0; i < 100 && heard === 0; i++) await wait(10)
      print(heard)`,
      '--expose-gc',
    )
    expect(heard).toBe(1)
  })

  it('is not needed for the process to end, where no watch holds it', async () => {
    await expect(elsewhere(`new NetlinkSocket().watch(() => {}).unref(); print('ended')`)).resolves.toBe('ended')
  })

  it('is not needed for the process to end, even while a message waits on a watch that does not hold it', async () => {
    const waiting = `const s = new NetlinkSocket(); const ask = Buffer.alloc(20); ask.writeUInt32LE(20); ask.writeUInt16LE(16, 4); ask.writeUInt16LE(0x301, 6); ask[16] = 3; ask[17] = 2
      s.watch(() => {}).unref(); s.send(ask, 20); print('ended')`
    await expect(elsewhere(waiting)).resolves.toBe('ended')
  })

  it('is not needed before process.exit(), even while something is sent aside', async () => {
    const ended = await elsewhere(`
      const request = Buffer.alloc(20); request.writeUInt32LE(20); request.writeUInt16LE(${CONTROLLER}, 4); request.writeUInt16LE(5, 6); request[16] = 3
      for (let i = 0; i < 8; i++) { const s = new NetlinkSocket(); s.watch(() => {}); for (let j = 0; j < 8; j++) s.sendAside(request, 20) }
      print('ended'); process.exit(0)`)
    expect(ended).toBe('ended')
  })

  it('is needed for the process to end, where a watch holds it', async () => {
    expect(await elsewhere(`const s = new NetlinkSocket(); s.watch(() => {}); setTimeout(() => { print('held'); s.close() }, 50).unref()`)).toBe('held')
  })
})

describe('a worker that ends', () => {
  const states = {
    'with a socket': 'const s = new NetlinkSocket()',
    'with a watch': 'const s = new NetlinkSocket(); s.watch(() => {}).unref()',
    'with a watch that was closed': 'const s = new NetlinkSocket(); s.watch(() => {}).close()',
    'with a closed socket': 'const s = new NetlinkSocket(); s.watch(() => {}); s.close(); new NetlinkSocket()',
    'while it sends aside': 'const s = new NetlinkSocket(); for (let i = 0; i < 8; i++) s.sendAside(request, 20)',
    'with messages waiting on a watched socket': 'const s = new NetlinkSocket(); s.watch(() => {}).unref(); s.send(request, 20)',
  }
  const ends = {
    'by itself': '',
    'by process.exit()': 'process.exit(0)',
    'by an uncaught error': 'throw new Error("boom")',
    'by worker.terminate()': 'setInterval(() => {}, 1000)',
  }
  // The one case that is left out aborts the process, as the class's documentation says.
  const cases = Object.entries(states)
    .flatMap(([state, bring]) => Object.entries(ends).map(([way, end]) => [state, way, bring, end] as const))
    .filter(([state, way]) => !(state.startsWith('with messages') && way === 'by worker.terminate()'))

  it.each(cases)('%s %s leaves nothing open', async (_state, way, bring, end) => {
    const worker = `
      const { parentPort } = require('node:worker_threads')
      import('${folder}/dist/libnl/index.js').then(({ NetlinkSocket }) => {
        const request = Buffer.alloc(20); request.writeUInt32LE(20); request.writeUInt16LE(${CONTROLLER}, 4); request.writeUInt16LE(5, 6); request[16] = 3
        ${bring}
        parentPort.postMessage('ready')
        ${end}
      })`
    // Here the main thread has not loaded libnl, so that only the workers keep it loaded.
    const left = await elsewhere(`
      const before = descriptors()
      const made = []
      for (let i = 0; i < 4; i++) {
        const worker = new Worker(${JSON.stringify(worker)}, { eval: true })
        worker.on('error', () => {})
        const ended = new Promise((resolve) => worker.once('exit', resolve))
        await new Promise((resolve) => worker.once('message', resolve))
        ${way === 'by worker.terminate()' ? 'made.push(descriptors() - before); await worker.terminate()' : ''}
        await ended
      }
      print([made.every((n) => n === 1), descriptors() - before])`)
    expect(left).toEqual([true, 0])
  })

  it('does not take the main thread\'s sockets with it', async () => {
    const answered = await elsewhere(`
      const mine = new NetlinkSocket()
      const worker = new Worker("import('${folder}/dist/libnl/index.js').then(({ NetlinkSocket }) => { new NetlinkSocket(); require('node:worker_threads').parentPort.postMessage(0); setInterval(() => {}, 1000) })", { eval: true })
      await new Promise((resolve) => worker.once('message', resolve))
      await worker.terminate()
      const request = Buffer.alloc(20); request.writeUInt32LE(20); request.writeUInt16LE(${CONTROLLER}, 4); request.writeUInt16LE(5, 6); request[16] = 3
      mine.send(request, 20)
      print(mine.receive(() => {}))`)
    expect(answered).toBe(1)
  })

  it('may have opened and closed any number of sockets, each with a port id of its own', async () => {
    const ids = (await elsewhere(`
      const worker = new Worker("import('${folder}/dist/libnl/index.js').then(({ NetlinkSocket }) => { const ids = []; for (let i = 0; i < 3000; i++) { const s = new NetlinkSocket(); ids.push(s.portId); s.close() } require('node:worker_threads').parentPort.postMessage(ids) })", { eval: true })
      const ids = await new Promise((resolve) => worker.once('message', resolve))
      print([ids.length, ids.includes(0)])`)) as unknown[]
    expect(ids).toEqual([3000, false])
  })
})

describe('families', () => {
  it('have the ids and groups that libnl finds', async () => {
    const netlink = new GenericNetlink(() => socket())
    const families = await netlink.families()
    expect(families.length).toBeGreaterThan(0)
    const { nl_socket_alloc, nl_socket_free, genl_connect, genl_ctrl_resolve, genl_ctrl_resolve_grp } = libnl()
    const handle = nl_socket_alloc()!
    try {
      expect(genl_connect(handle)).toBe(0)
      for (const { name, id, groups } of families) {
        expect([name, genl_ctrl_resolve(handle, name)]).toEqual([name, id])
        for (const [group, number] of groups) expect([name, group, genl_ctrl_resolve_grp(handle, name, group)]).toEqual([name, group, number])
        expect(await netlink.resolve(name)).toMatchObject({ id, name })
      }
    } finally {
      nl_socket_free(handle)
    }
  })

  it('that there are not are refused by the kernel and by libnl alike', async () => {
    const netlink = new GenericNetlink(() => socket())
    await expect(netlink.resolve('no-such-family')).rejects.toMatchObject({ code: 'OVS_NO_FAMILY', cause: { code: 'ENOENT' } })
  })

  it('have operations of their own when they are asked for one by one', async () => {
    const netlink = new GenericNetlink(() => socket())
    const [all] = await netlink.families()
    expect(await netlink.resolve('nlctrl')).toEqual(all)
    expect(parseDatagram(getFamily())[0]?.type).toBe(CONTROLLER)
  })
})

describe('libraries', () => {
  it('that are not there are said with the packages that bring them', () => {
    const empty = mkdtempSync(join(tmpdir(), 'no-libnl-'))
    try {
      expect(() => new NetlinkSocket({ libraries: empty })).toThrow(LibraryNotFoundError)
      expect(() => loadLibraries(empty)).toThrow(`libnl-3 could not be loaded (tried ${empty}/libnl-3.so.200, ${empty}/libnl-3.so)`)
      expect(() => loadLibraries(empty)).toThrow(expect.objectContaining({ code: 'OVS_NO_LIBNL', remedy: expect.stringMatching(/libnl-3-200 libnl-genl-3-200.*libnl3.*OVS_DATAPATH_LIBNL/) as string }))
    } finally {
      rmSync(empty, { recursive: true })
    }
  })

  it('are taken from the folder that one names', async () => {
    const own = join(folder, 'own-libnl')
    // Wherever the loader found them for this process: the machine's loader cache may not know them.
    loadLibraries()
    for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
      const found = /(\/\S*\/(libnl(?:-genl)?-3\.so\.200)\S*)$/.exec(line)
      if (found !== null) cpSync(found[1]!, join(own, found[2]!))
    }
    const maps = `const { readFileSync } = await import('node:fs'); print(readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((l) => l.includes('/own-libnl/')).map((l) => l.replace(/.*\\//, '')).filter((l, i, all) => all.indexOf(l) === i).sort())`
    const both = ['libnl-3.so.200', 'libnl-genl-3.so.200']
    expect(await elsewhere(`new NetlinkSocket({ libraries: ${JSON.stringify(own)} }).close(); ${maps}`)).toEqual(both)
    expect(await elsewhere(`process.env.OVS_DATAPATH_LIBNL = ${JSON.stringify(own)}; new NetlinkSocket().close(); ${maps}`)).toEqual(both)
  })
})
