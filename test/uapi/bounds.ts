/** Attributes of another length than their codec says, each within a message that is otherwise as the kernel wants it. */
import { eachAttribute, type Entry } from '../../src/netlink/attributes.js'
import type { AnyCodec } from '../../src/netlink/codec.js'
import type { Source } from '../../src/netlink/bytes.js'
import { NLA_F_NESTED, NLA_F_NET_BYTEORDER, NLA_TYPE_MASK } from '../../src/netlink/constants.js'
import type { UnknownAttribute } from '../../src/netlink/unknown-attribute.js'
import { Writer } from '../../src/netlink/writer.js'
import { SetMaskedKey } from '../../src/ovs/set-action.js'
import { inside, type Inside } from './walk.js'

/** An attribute with what stands in it. */
interface Node {
  readonly type: number
  readonly entry: Entry | undefined
  readonly payload: Uint8Array
  readonly children: readonly Node[] | undefined
}

/** A length that is tried: below the least, at the least, at the most, above the most, no multiple of the unit. */
export type Bound = 'less' | 'least' | 'most' | 'more' | 'odd'

/** A message with one attribute of another length. */
export interface Variant {
  /** The lines of the tables around it, and its own. */
  readonly path: readonly Entry[]
  readonly bound: Bound
  /** In bytes. */
  readonly length: number
  /** What is sent, as attributes that no table knows. */
  readonly attributes: readonly UnknownAttribute[]
}

/** More is not tried: it is as much as fits. */
const LONGEST = 4096

function parse(within: Inside, source: Source, start: number, end: number): Node[] | undefined {
  if (within === undefined) return undefined
  const nodes: Node[] = []
  eachAttribute(source, start, end, (type, from, to) => {
    const payload = source.copy(from, to)
    const entry = 'nest' in within ? (within.nest.entries as readonly Entry[]).find(({ number }) => number === (type & NLA_TYPE_MASK)) : undefined
    const inner = 'each' in within ? { nest: within.each } : entry === undefined ? undefined : inside(entry.codec)
    nodes.push({ type, entry, payload, children: parse(inner, source, from, to) })
  })
  return nodes
}

function write(writer: Writer, nodes: readonly Node[]): void {
  for (const { type, payload, children } of nodes) {
    const at = writer.openAttribute(type)
    if (children === undefined) writer.raw(payload)
    else write(writer, children)
    writer.closeAttribute(at)
  }
}

function asUnknown(nodes: readonly Node[]): UnknownAttribute[] {
  return nodes.map(({ type, payload, children }) => {
    const writer = new Writer()
    if (children === undefined) writer.raw(payload)
    else write(writer, children)
    return {
      number: type & NLA_TYPE_MASK,
      bytes: writer.copy(),
      ...(type & NLA_F_NESTED ? { nestedFlag: true as const } : {}),
      ...(type & NLA_F_NET_BYTEORDER ? { networkOrderFlag: true as const } : {}),
    }
  })
}

/** Whether there is a length that is not as the codec says. */
export function isBounded({ least, most, unit = 1 }: AnyCodec): boolean {
  return least > 0 || most <= LONGEST || unit > 1
}

/** The lengths to try of an attribute whose own is `length`. */
function lengths(entry: Entry, around: readonly Entry[], length: number): [Bound, number][] {
  const { least, most, unit = 1 } = entry.codec
  // A masked set has the value twice.
  const times = around.at(-1)?.codec === SetMaskedKey ? 2 : 1
  const found: [Bound, number][] = []
  if (least > 0) found.push(['less', least * times - 1])
  if (least > 0 && least < most) found.push(['least', least * times])
  if (least < most && most <= LONGEST) found.push(['most', most * times])
  if (most <= LONGEST) found.push(['more', most * times + 1])
  if (unit > 1) found.push(['odd', length + 1])
  return found
}

function resized({ payload, entry }: Node, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes.set(payload.subarray(0, length))
  // Text goes on as text, up to its NUL.
  if (entry?.codec.describe.startsWith('text') && length > payload.length) bytes.fill(0x78, payload.length - 1, length - 1)
  return bytes
}

/** Every attribute of a message, in every length that is worth a try; nests are as long as what is in them. */
export function variantsOf(within: Inside, source: Source, start: number, end: number): Variant[] {
  const root = parse(within, source, start, end) ?? []
  const found: Variant[] = []
  const visit = (nodes: readonly Node[], path: readonly Entry[], rebuild: (nodes: readonly Node[]) => readonly Node[]): void => {
    nodes.forEach((node, i) => {
      const replace = (other: Node) => rebuild(nodes.toSpliced(i, 1, other))
      const here = node.entry === undefined ? path : [...path, node.entry]
      if (node.children !== undefined) visit(node.children, here, (children) => replace({ ...node, children }))
      else if (node.entry !== undefined) {
        for (const [bound, length] of lengths(node.entry, path, node.payload.length)) {
          found.push({ path: here, bound, length, attributes: asUnknown(replace({ ...node, payload: resized(node, length) })) })
        }
      }
    })
  }
  visit(root, [], (nodes) => nodes)
  return found
}
