import { AttributeList } from '../../src/netlink/attribute-list.js'
import { AttributeSet, eachAttribute, type Entry } from '../../src/netlink/attributes.js'
import type { Source } from '../../src/netlink/bytes.js'
import type { AnyCodec } from '../../src/netlink/codec.js'
import { NLA_TYPE_MASK } from '../../src/netlink/constants.js'
import { MalformedMessageError } from '../../src/netlink/errors.js'
import { FlowKeyAttributes } from '../../src/ovs/key.js'
import { SetKey, SetMaskedKey } from '../../src/ovs/set-action.js'

// oxlint-disable-next-line no-explicit-any
export type Nest = AttributeSet<any> | AttributeList<any>

/** What a payload is, where attributes stand in it: these, or nests of these that have no names. */
export type Inside = { readonly nest: Nest } | { readonly each: Nest } | undefined

/** What stands in an attribute of this codec. */
export function inside(codec: AnyCodec & { of?: () => AnyCodec; item?: AnyCodec }): Inside {
  if (codec === SetKey || codec === SetMaskedKey) return { nest: FlowKeyAttributes }
  if (codec.item !== undefined) {
    const item = inside(codec.item)
    return item !== undefined && 'nest' in item ? { each: item.nest } : undefined
  }
  const inner = codec.of?.() ?? codec
  return inner instanceof AttributeSet || inner instanceof AttributeList ? { nest: inner } : undefined
}

/** Takes an attribute: its line of the table, the lines around it, outermost first, and where its payload is. */
export type Visit = (entry: Entry, around: readonly Entry[], start: number, end: number) => void

/** Every attribute that the tables know between `start` and `end`, each before what stands in it, as far as that can be read. */
export function walk(nest: Nest, source: Source, start: number, end: number, visit: Visit, around: readonly Entry[] = []): void {
  eachAttribute(source, start, end, (type, from, to) => {
    const entry = (nest.entries as readonly Entry[]).find(({ number }) => number === (type & NLA_TYPE_MASK))
    if (entry === undefined) return
    visit(entry, around, from, to)
    const within = inside(entry.codec)
    if (within === undefined) return
    const path = [...around, entry]
    try {
      if ('nest' in within) walk(within.nest, source, from, to, visit, path)
      else eachAttribute(source, from, to, (_type, first, last) => walk(within.each, source, first, last, visit, path))
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error
    }
  })
}
