import type { Source } from './bytes.js'

const REPLACEMENT = '\uFFFD'
/** A half of a surrogate pair that stands alone; text from UTF-8 has none. */
const LONE_SURROGATE = /[\uDC80-\uDCFF]/u
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes that need not be UTF-8, such as an interface's name, as text: one that is not part of a character becomes U+DC80 to U+DCFF. */
export function decodeText(source: Source, start: number, end: number): string {
  const text = source.bytes.toString('utf8', start, end)
  return text.includes(REPLACEMENT) ? decodeEscaped(source.bytes, start, end) : text
}

function decodeEscaped(bytes: Buffer, start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; ) {
    const size = characterAt(bytes, at, end)
    text += size === 0 ? String.fromCharCode(0xdc00 + (bytes[at] as number)) : bytes.toString('utf8', at, at + size)
    at += Math.max(size, 1)
  }
  return text
}

/** How many bytes the character at `at` has; 0 where there is none. */
function characterAt(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] as number
  const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (at + size > end) return 0
  try {
    utf8.decode(bytes.subarray(at, at + size))
    return size
  } catch {
    return 0
  }
}

/** The bytes of text that holds code units which stand for bytes, undefined where it holds none. */
export function encodeEscaped(text: string): Uint8Array | undefined {
  if (!LONE_SURROGATE.test(text)) return undefined
  return Buffer.concat(
    Array.from(text, (character) => {
      const code = character.codePointAt(0) as number
      return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(character)
    }),
  )
}
