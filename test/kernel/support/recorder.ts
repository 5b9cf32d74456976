/**
 * Notes which attributes, commands and values went to the kernel and came back while the tests of a
 * kernel run, for the coverage report; and holds that what the kernel sends is the same bytes again once
 * it was decoded and encoded. Tests do nothing for it: it looks at what goes through the sockets.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { Controller, ControllerAttributes } from '../../../src/genetlink/controller.js'
import { type AnyFamily, GENL_HEADER } from '../../../src/genetlink/family.js'
import { NetlinkSocket } from '../../../src/libnl/index.js'
import { kernelSuffix } from '../../../src/netlink/attributes.js'
import { Source } from '../../../src/netlink/bytes.js'
import { NETLINK_GENERIC, NLMSG_ERROR, NLMSG_MIN_TYPE } from '../../../src/netlink/constants.js'
import { eachMessage, readErrno } from '../../../src/netlink/message.js'
import type { Sink } from '../../../src/netlink/transport.js'
import type { Recorded } from '../../uapi/coverage.js'
import { families } from '../../uapi/ours.js'
import { constantsIn } from '../../uapi/values.js'
import { inside, walk } from '../../uapi/walk.js'
import { Messages } from './messages.js'

const folder = join(import.meta.dirname, '../../../build/results')
const FAMILIES: ReadonlyMap<string, AnyFamily> = new Map(families.map((each) => [each.name, each]))
/** A message like hundreds before it in the same datagram tells nothing new. */
const MOST_MESSAGES = 64
const MOST_PAYLOADS = 1000
const MOST_BYTES = 256

/** What one message holds: names, and of those that are not nests the payloads. */
type Content = ReadonlyMap<string, readonly string[]>

class Recorder {
  readonly #sent = new Map<string, Set<string>>()
  readonly #received = new Set<string>()
  readonly #same = new Set<string>()
  readonly #messages = new Messages()
  /** Ids are given anew when the module is loaded: what the controller says last counts. */
  readonly #byType = new Map<number, AnyFamily>([[NLMSG_MIN_TYPE, Controller]])
  /** What was sent on a socket and not refused so far, by sequence number. */
  readonly #pending = new Map<NetlinkSocket, Map<number, Content>>()
  /** Names of what came on another socket, before it is known whether the request was refused: upcalls do. */
  readonly #met = new Map<Content, Set<string>>()

  send(socket: NetlinkSocket, bytes: Uint8Array, length: number): void {
    this.#settle(socket)
    const source = new Source(bytes)
    const requests = new Map<number, Content>()
    this.#each(source, 0, length, (family, sequence, from, to) => requests.set(sequence, contentOf(family, source, from, to)))
    this.#pending.set(socket, requests)
  }

  receive(socket: NetlinkSocket, source: Source, start: number, end: number): void {
    eachMessage(source, start, end, (type, _flags, sequence, from, to) => {
      if (type === NLMSG_ERROR && readErrno(source, from, to) !== 0) this.#refuse(socket, sequence)
    })
    this.#each(source, start, end, (family, sequence, from, to) => {
      const content = contentOf(family, source, from, to)
      this.#messages.add(family, [...content.keys()], source.bytes.subarray(from, to))
      const request = this.#pending.get(socket)?.get(sequence)
      if (request !== undefined) this.#accept(request)
      for (const [name, payloads] of content) {
        this.#received.add(name)
        if (payloads.some((payload) => this.#sent.get(name)?.has(payload))) this.#same.add(name)
        else this.#meet(name, payloads)
      }
    })
  }

  #refuse(socket: NetlinkSocket, sequence: number): void {
    const requests = this.#pending.get(socket)
    const content = requests?.get(sequence)
    if (content !== undefined) this.#met.delete(content)
    requests?.delete(sequence)
  }

  #meet(name: string, payloads: readonly string[]): void {
    for (const requests of this.#pending.values()) {
      for (const content of requests.values()) {
        if (content.get(name)?.some((payload) => payloads.includes(payload))) this.#met.set(content, (this.#met.get(content) ?? new Set<string>()).add(name))
      }
    }
  }

  /** Nothing came back that refuses what was sent before. */
  #settle(socket: NetlinkSocket): void {
    for (const content of this.#pending.get(socket)?.values() ?? []) this.#accept(content)
    this.#pending.delete(socket)
  }

  #accept(content: Content): void {
    for (const name of this.#met.get(content) ?? []) this.#same.add(name)
    this.#met.delete(content)
    for (const [name, payloads] of content) {
      const known = this.#sent.get(name) ?? new Set()
      this.#sent.set(name, known)
      if (!this.#same.has(name) && known.size < MOST_PAYLOADS) for (const payload of payloads) known.add(payload)
    }
  }

  #each(source: Source, start: number, end: number, visit: (family: AnyFamily, sequence: number, start: number, end: number) => void): void {
    let count = 0
    eachMessage(source, start, end, (type, _flags, sequence, from, to) => {
      const family = this.#byType.get(type)
      if (family === undefined || count++ >= MOST_MESSAGES || to - from < GENL_HEADER) return
      if (family === Controller) this.#learn(source, from + GENL_HEADER, to)
      visit(family, sequence, from, to)
    })
  }

  #learn(source: Source, start: number, end: number): void {
    const { familyName, familyId } = ControllerAttributes.read(source, start, end)
    const family = FAMILIES.get(familyName ?? '')
    if (family !== undefined && familyId !== undefined) this.#byType.set(familyId, family)
  }

  /** Adds what was noted to what tests before have noted of the same kernel. */
  write(): void {
    for (const socket of this.#pending.keys()) this.#settle(socket)
    mkdirSync(folder, { recursive: true })
    const path = join(folder, `coverage-${release()}.json`)
    let before: Recorded = { release: release(), sent: [], received: [], same: [] }
    try {
      before = JSON.parse(readFileSync(path, 'utf8')) as Recorded
    } catch {
      // The first of this kernel.
    }
    const merged = (old: readonly string[], more: Iterable<string>) => [...new Set([...old, ...more])].toSorted()
    const recorded: Recorded = {
      release: release(),
      sent: merged(before.sent, this.#sent.keys()),
      received: merged(before.received, this.#received),
      same: merged(before.same, this.#same),
    }
    writeFileSync(path, `${JSON.stringify(recorded, undefined, 1)}\n`)
    this.#messages.write(folder, release())
  }
}

function contentOf(family: AnyFamily, source: Source, start: number, end: number): Content {
  const content = new Map<string, string[]>()
  const add = (name: string, payload?: string) => {
    const payloads = content.get(name) ?? []
    content.set(name, payloads)
    if (payload !== undefined) payloads.push(payload)
  }
  const command = Object.entries(family.commands as Record<string, number>).find(([, number]) => number === source.bytes[start])
  if (command !== undefined) add(`${family.attributes.prefix.replace(/_ATTR$/, '_CMD')}_${kernelSuffix(command[0])}`, '')
  walk(family.attributes, source, start + GENL_HEADER + (family.header?.size ?? 0), end, (entry, around, from, to) => {
    // What a nest holds comes back in another order, or without what means nothing.
    const payload = inside(entry.codec) === undefined ? source.bytes.toString('latin1', from, Math.min(to, from + MOST_BYTES)) : ''
    add(entry.kernelName, payload)
    if (around.some(({ kernelName }) => kernelName === 'OVS_FLOW_ATTR_MASK')) add(`${entry.kernelName} as mask`, payload)
    for (const name of constantsIn(entry, source, from, to)) add(name, '')
  })
  return content
}

/** Has every socket of generic netlink looked at, from now on. What it returns writes down what was seen. */
export function record(): () => void {
  const prototype = NetlinkSocket.prototype as NetlinkSocket & { recorder?: Recorder }
  if (prototype.recorder === undefined) {
    const recorder = new Recorder()
    prototype.recorder = recorder
    const { send, sendAside, receive } = prototype
    prototype.send = function (this: NetlinkSocket, bytes: Uint8Array, length: number) {
      if (this.protocol === NETLINK_GENERIC) recorder.send(this, bytes, length)
      send.call(this, bytes, length)
    }
    prototype.sendAside = function (this: NetlinkSocket, bytes: Uint8Array, length: number) {
      if (this.protocol === NETLINK_GENERIC) recorder.send(this, bytes, length)
      return sendAside.call(this, bytes, length)
    }
    prototype.receive = function (this: NetlinkSocket, sink: Sink, most?: number) {
      const seen: Sink = (source, start, end, length) => {
        if (this.protocol === NETLINK_GENERIC && length <= end - start) recorder.receive(this, source, start, end)
        sink(source, start, end, length)
      }
      return receive.call(this, seen, most)
    }
  }
  const { recorder } = prototype
  return () => recorder.write()
}
