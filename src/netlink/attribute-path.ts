import { AttributeList } from './attribute-list.js'
import { AttributeSet, type Entry } from './attributes.js'
import type { AnyCodec } from './codec.js'
import { LITTLE_ENDIAN, type Source } from './bytes.js'
import { align, NLA_HEADER, NLA_TYPE_MASK } from './constants.js'

// oxlint-disable-next-line no-explicit-any
type Nest = AttributeSet<any> | AttributeList<any>

function nestIn(codec: AnyCodec & { of?: () => AnyCodec }): Nest | undefined {
  const inner = codec.of?.()
  if (inner !== undefined) return nestIn(inner)
  return codec instanceof AttributeSet || codec instanceof AttributeList ? codec : undefined
}

/**
 * The names of the attributes around `offset`, outermost first, of what stands between `start` and
 * `end`: the kernel points at an attribute of a refused request by its offset.
 */
export function attributePath(set: Nest, source: Source, start: number, end: number, offset: number): string[] {
  let at = start
  while (at + NLA_HEADER <= end) {
    const length = source.view.getUint16(at, LITTLE_ENDIAN)
    if (length < NLA_HEADER || at + length > end) return []
    if (offset < at + length) {
      if (offset < at) return []
      const number = source.view.getUint16(at + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK
      const entry = set.entries.find((each: Entry) => each.number === number)
      const name = entry?.kernelName ?? `attribute ${number}`
      const inner = entry === undefined ? undefined : nestIn(entry.codec)
      if (offset === at || inner === undefined) return [name]
      return [name, ...attributePath(inner, source, at + NLA_HEADER, at + length, offset)]
    }
    at += align(length)
  }
  return []
}
