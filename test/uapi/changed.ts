import type { AnyFamily } from '../../src/genetlink/family.js'
import { eachAttribute, type Entry } from '../../src/netlink/attributes.js'
import { Source } from '../../src/netlink/bytes.js'
import { align, NLA_HEADER, NLA_TYPE_MASK } from '../../src/netlink/constants.js'
import { SetMaskedKey } from '../../src/ovs/set-action.js'
import { headersOf, type RecordedMessage } from './again.js'
import { families } from './ours.js'
import { type Inside, inside } from './walk.js'

/** An attribute in a message. */
interface Given {
  readonly type: number
  readonly payload: Uint8Array
  /** Its line of the table; undefined of a child that has no name. */
  readonly entry: Entry | undefined
}

/** What stands in an attribute's place; undefined where it stays. */
export type Change = (given: Given) => readonly Pick<Given, 'type' | 'payload'>[] | undefined

/** Its payload with so many bytes of ones behind it. Of text, what is behind the NUL is no part of it. */
export const longerBy = (count: number): Change => ({ type, payload, entry }) =>
  entry?.codec.describe.startsWith('text') === true ? undefined : [{ type, payload: Buffer.concat([payload, Buffer.alloc(count, 0xff)]) }]

/** Given once more, as it is. Children without names are numbered anew. */
export const twice: Change = (given) => (given.entry === undefined ? undefined : [given, given])

function bytesOf({ type, payload }: Pick<Given, 'type' | 'payload'>): Buffer {
  const bytes = Buffer.alloc(align(NLA_HEADER + payload.length))
  bytes.writeUInt16LE(NLA_HEADER + payload.length, 0)
  bytes.writeUInt16LE(type, 2)
  bytes.set(payload, NLA_HEADER)
  return bytes
}

/** These attributes, once for each of them, and of those within, that is changed: each kind only the first time that it is `seen`. */
function* variants(bytes: Buffer, within: Inside, change: Change, seen: Set<string>, path: string): Generator<Buffer> {
  if (within === undefined) return
  const given: Given[] = []
  eachAttribute(new Source(bytes), 0, bytes.length, (type, from, to) => {
    const entry = 'nest' in within ? (within.nest.entries as readonly Entry[]).find(({ number }) => number === (type & NLA_TYPE_MASK)) : undefined
    given.push({ type, payload: bytes.subarray(from, to), entry })
  })
  for (const [i, each] of given.entries()) {
    const { type, payload, entry } = each
    const name = `${path} ${entry?.kernelName ?? ''}`
    const replaced = (...by: readonly Pick<Given, 'type' | 'payload'>[]) => Buffer.concat([...given.slice(0, i), ...by, ...given.slice(i + 1)].map(bytesOf))
    const instead = seen.has(`${name} ${payload.length}`) ? undefined : change(each)
    if (instead !== undefined) yield replaced(...instead)
    seen.add(`${name} ${payload.length}`)
    if (entry?.codec === SetMaskedKey) {
      for (const pair of pairs(payload, change, seen, name)) yield replaced({ type, payload: pair })
      continue
    }
    const inner = 'each' in within ? { nest: within.each } : entry === undefined ? undefined : inside(entry.codec)
    for (const payloadOf of variants(Buffer.from(payload), inner, change, seen, name)) yield replaced({ type, payload: payloadOf })
  }
}

/** A value and its mask are changed both: what is done to one of them says nothing of either. */
function* pairs(payload: Uint8Array, change: Change, seen: Set<string>, path: string): Generator<Buffer> {
  const type = Buffer.from(payload).readUInt16LE(2)
  const middle = NLA_HEADER + (payload.length - NLA_HEADER) / 2
  const name = `${path} ${type} ${payload.length}`
  const halves = [payload.subarray(NLA_HEADER, middle), payload.subarray(middle)].map((half) => change({ type, payload: half, entry: undefined }))
  if (!seen.has(name) && halves.every((half) => half?.length === 1)) yield bytesOf({ type, payload: Buffer.concat(halves.flatMap((half) => half?.[0]?.payload ?? [])) })
  seen.add(name)
}

/** Messages that differ from these in one attribute, whatever nest it stands in. */
export function* changed(messages: readonly RecordedMessage[], change: Change): Generator<RecordedMessage> {
  const seen = new Set<string>()
  for (const { family: name, payload } of messages) {
    const family = families.find((each) => each.name === name) as AnyFamily
    const start = headersOf(family)
    const bytes = Buffer.from(payload, 'hex')
    for (const variant of variants(bytes.subarray(start), { nest: family.attributes }, change, seen, name)) {
      yield { family: name, payload: payload.slice(0, 2 * start) + variant.toString('hex') }
    }
  }
}
