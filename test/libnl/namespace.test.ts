import { execFile, execFileSync, spawn } from 'node:child_process'
import { closeSync, existsSync, readdirSync, readlinkSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import koffi from 'koffi'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NamespaceError, type NetnsName, NetlinkSocket, NetworkNamespace } from '../../src/libnl/index.js'
import { InvalidValueError } from '../../src/netlink/errors.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
const ip = (...args: string[]) => execFileSync('ip', args)
const own = () => readlinkSync('/proc/thread-self/ns/net')
const SIOCGSKNS = 0x894c
const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, unsigned long argument)')

/** The namespace that a socket is in, as `readlink` of /proc/self/ns/net shows one's own. */
function namespaceOf({ fd }: NetlinkSocket): string {
  const namespace = ioctl(fd, SIOCGSKNS, 0) as number
  try {
    return readlinkSync(`/proc/self/fd/${namespace}`)
  } finally {
    closeSync(namespace)
  }
}

const inNamespace = (name: string) => execFileSync('ip', ['netns', 'exec', name, 'readlink', '/proc/self/ns/net'], { encoding: 'utf8' }).trim()
const failure = (task: () => unknown): Error => {
  try {
    task()
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

const names = ['nsa', 'nsb', 'nsc']
beforeAll(() => names.forEach((name) => ip('netns', 'add', name)))
afterAll(() => readdirSync('/run/netns').forEach((name) => ip('netns', 'delete', name)))
const open: { close(): void }[] = []
const socket = (netns: NetnsName) => {
  const made = new NetlinkSocket({ netns })
  open.push(made)
  return made
}
afterEach(() => open.splice(0).forEach((each) => each.close()))

/** Runs a module with the sources at hand, as `prefix` runs programs; what it printed as JSON. */
async function elsewhere(code: string, ...prefix: string[]): Promise<unknown> {
  const script = `import { readlinkSync } from 'node:fs'; import { spawn } from 'node:child_process'; import { libc } from './src/libnl/bindings.js'; import { NetlinkSocket, NetworkNamespace } from './src/libnl/index.js'
    const print = (value) => console.log(JSON.stringify(value)); const tried = (task) => { try { return task() } catch ({ name, code, message }) { return { name, code, message } } }
    ${code}`
  const [file = '', ...args] = [...prefix, process.execPath, '--import', 'tsx', '--input-type=module', '--eval', script]
  const { stdout } = await run(file, args, { cwd: root, env: { ...process.env, TSX_DISABLE_CACHE: '1' } })
  return JSON.parse(stdout)
}

describe('a socket', () => {
  it('is made in the namespace of a name, a path or a process, and the thread is back in its own', () => {
    const before = own()
    const there = inNamespace('nsa')
    expect(there).not.toBe(before)
    const process = spawn('ip', ['netns', 'exec', 'nsa', 'sleep', '60'])
    try {
      expect(namespaceOf(socket('nsa'))).toBe(there)
      expect(namespaceOf(socket('/run/netns/nsa'))).toBe(there)
      for (const until = Date.now() + 10_000; Date.now() < until && readlinkSync(`/proc/${process.pid}/ns/net`) !== there; );
      expect(namespaceOf(socket(process.pid!))).toBe(there)
      expect(own()).toBe(before)
      expect(namespaceOf(new NetlinkSocket())).toBe(before)
    } finally {
      process.kill()
    }
  })

  it('that cannot be made leaves the thread where it was, and no descriptor behind', () => {
    const before = [own(), readdirSync('/proc/self/fd').length]
    for (let i = 0; i < 10; i++) expect(failure(() => new NetlinkSocket({ netns: 'nsa', protocol: 31 }))).toMatchObject({ code: 'EPROTONOSUPPORT', call: 'nl_connect' })
    expect([own(), readdirSync('/proc/self/fd').length]).toEqual(before)
  })

  it('is made in a namespace whose name has been taken away since it was opened', () => {
    ip('netns', 'add', 'nsgone')
    const there = inNamespace('nsgone')
    const namespace = new NetworkNamespace('nsgone')
    open.push(namespace)
    ip('netns', 'delete', 'nsgone')
    const made = new NetlinkSocket({ netns: namespace })
    open.push(made)
    expect(namespaceOf(made)).toBe(there)
    expect(existsSync('/run/netns/nsgone')).toBe(false)
  })
})

describe('threads', () => {
  it('each make sockets in namespaces of their own at the same time, and none is ever elsewhere', async () => {
    const code = `
      const { parentPort, workerData } = require('node:worker_threads')
      const { readlinkSync, closeSync } = require('node:fs')
      import('tsx/esm/api').then(({ register }) => (register(), import(workerData.library))).then(({ NetlinkSocket }) => {
        const own = () => readlinkSync('/proc/thread-self/ns/net')
        const seen = new Set()
        for (let i = 0; i < 25; i++) {
          new NetlinkSocket({ netns: workerData.name }).close()
          seen.add(own())
        }
        parentPort.postMessage([...seen])
      })`
    const library = new URL('../../src/libnl/index.ts', import.meta.url).href
    const workers = names.slice(1).map((name) => new Worker(code, { eval: true, workerData: { library, name } }))
    const seen = Promise.all(workers.map((worker) => new Promise<string[]>((resolve, reject) => worker.once('message', resolve).once('error', reject))))
    const before = own()
    const working = new Set(workers)
    void seen.finally(() => working.clear()).catch(() => {})
    // This thread goes on as well, and those of the pool (which answer the asynchronous calls) are looked at meanwhile.
    while (working.size > 0) {
      socket('nsa').close()
      expect(own()).toBe(before)
      expect(new Set(await Promise.all(Array.from({ length: 8 }, () => readlink('/proc/thread-self/ns/net'))))).toEqual(new Set([before]))
    }
    expect(await seen).toEqual(workers.map(() => [before]))
    await Promise.all(workers.map((worker) => worker.terminate()))
  })
})

describe('a namespace', () => {
  it('in which something is done gives its result, and what it throws', () => {
    const namespace = new NetworkNamespace('nsb')
    open.push(namespace)
    expect(namespace.run(own)).toBe(inNamespace('nsb'))
    expect(failure(() => namespace.run(() => { throw new RangeError('x') }))).toBeInstanceOf(RangeError)
    expect(namespace.fd).toBeGreaterThan(2)
    namespace.close()
    namespace.close()
    expect(namespace.fd).toBe(-1)
  })

  it('that is the thread\'s own needs no privileges, another needs CAP_SYS_ADMIN', async () => {
    const code = `print([tried(() => new NetlinkSocket({ netns: process.pid }).portId > 0), tried(() => new NetlinkSocket({ netns: 'nsa' })), tried(() => new NetlinkSocket({ netns: 1 }))])`
    expect(await elsewhere(code, 'setpriv', '--reuid', '65534', '--clear-groups', '--inh-caps=-all')).toEqual([
      true,
      { name: 'NamespaceError', code: 'EPERM', message: expect.stringMatching(/^the network namespace that this thread is in now, to which it must come back cannot be entered: EPERM, .*\nIt needs the capability CAP_SYS_ADMIN both/s) as string },
      { name: 'NamespaceError', code: 'EACCES', message: expect.stringMatching(/"?1"? cannot be opened: EACCES.*\nThe namespaces of process 1 are open to its own user/s) as string },
    ])
  })

  it('from which there would be no way back is not entered', async () => {
    // Root of a user namespace may enter network namespaces that belong to it, but not come back to one that does not.
    const code = `
      const child = spawn('unshare', ['--net', 'sleep', '60'])
      const own = () => readlinkSync('/proc/self/ns/net')
      while (readlinkSync('/proc/' + child.pid + '/ns/net') === own()) await new Promise((resolve) => setTimeout(resolve, 5))
      const before = own()
      print([tried(() => new NetlinkSocket({ netns: child.pid })), own() === before])
      child.kill()`
    expect(await elsewhere(code, 'unshare', '--user', '--map-root-user')).toEqual([
      { name: 'NamespaceError', code: 'EPERM', message: expect.stringContaining('to which it must come back cannot be entered') as string },
      true,
    ])
  })

  it('from which the thread does not come back ends the process, also where the error is caught', async () => {
    const code = `
      let calls = 0
      const { setns } = libc()
      Object.assign(libc(), { setns: (...args) => (++calls === 3 ? -1 : setns(...args)) })
      process.on('uncaughtException', ({ code, message }, origin) => { print({ code, message, origin, caught, calls }); process.exit() })
      let caught
      try { new NetlinkSocket({ netns: 'nsa' }) } catch (error) { caught = error.code }
      await new Promise(() => setTimeout(() => {}, 10_000))`
    expect(await elsewhere(code)).toEqual({
      code: 'OVS_NETNS_LOST',
      message: expect.stringMatching(/^this thread could not come back from the network namespace "nsa".*\nEnd this thread/s) as string,
      origin: 'uncaughtException',
      caught: 'OVS_NETNS_LOST',
      calls: 3,
    })
  })

  it.each<[NetnsName, string, RegExp]>([
    ['nsz', 'OVS_NO_NETNS', /^there is no network namespace named "nsz"\nThere are nsa, nsb, nsc\.$/],
    ['/run/netns/nsz', 'OVS_NO_NETNS', /^there is no file "\/run\/netns\/nsz"$/],
    [999_999_999, 'OVS_NO_NETNS', /^there is no process 999999999$/],
    ['/proc/self/ns/mnt', 'OVS_NOT_NETNS', /^\/proc\/self\/ns\/mnt is a mount namespace, not a network namespace\n/],
    ['/etc/passwd', 'OVS_NOT_NETNS', /^\/etc\/passwd is no namespace, not a network namespace\n/],
  ])('%s is refused: %s', (netns, code, words) => {
    const before = readdirSync('/proc/self/fd').length
    const error = failure(() => new NetworkNamespace(netns))
    expect(error).toBeInstanceOf(NamespaceError)
    expect(error).toMatchObject({ code, netns, message: expect.stringMatching(words) as string })
    expect(readdirSync('/proc/self/fd').length).toBe(before)
  })

  it.each(['', '.', '..', 0, -1, 1.5, undefined])('%s is no name', (netns) => {
    expect(failure(() => new NetworkNamespace(netns as string))).toBeInstanceOf(InvalidValueError)
  })
})
