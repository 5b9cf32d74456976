import type { Entry } from './attributes.js'
import type { Source } from './bytes.js'
import { MalformedMessageError } from './errors.js'

/** What stands for the value of an attribute that is kept as it came. */
export const undecoded = Symbol('undecoded')

/** A payload of this size can be decoded without a loss. */
export function decodable({ codec, longest, unit }: Entry, size: number): boolean {
  return size >= codec.least && size <= longest && size % unit === 0
}

/** The value; `undecoded` where something inside does not fit, so that the rest can be read all the same. */
export function readWhole({ codec }: Entry, source: Source, start: number, end: number): unknown {
  try {
    return codec.read(source, start, end)
  } catch (error) {
    if (error instanceof MalformedMessageError) return undecoded
    throw error
  }
}
