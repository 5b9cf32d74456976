import { isIPv4, isIPv6 } from 'node:net'
import type { Source } from './bytes.js'
import { type Codec, exact, fixed } from './codec.js'
import { InvalidValueError, MalformedMessageError } from './errors.js'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i

/** `aa:bb:cc:dd:ee:ff` of the six bytes at `at`. */
export function formatMac(bytes: Uint8Array, start = 0): string {
  let out = HEX[bytes[start] as number] as string
  for (let i = 1; i < 6; i++) out += `:${HEX[bytes[start + i] as number]}`
  return out
}

/** `10.0.0.1` of the four bytes at `at`. */
export function formatIpv4(bytes: Uint8Array, start = 0): string {
  return `${bytes[start]}.${bytes[start + 1]}.${bytes[start + 2]}.${bytes[start + 3]}`
}

/** The sixteen bytes at `at` in the shortest form, as RFC 5952 has it. */
export function formatIpv6(bytes: Uint8Array, start = 0): string {
  const words: number[] = []
  for (let i = 0; i < 16; i += 2) words.push(((bytes[start + i] as number) << 8) | (bytes[start + i + 1] as number))
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) return `::ffff:${formatIpv4(bytes, start + 12)}`
  let best = 0
  let bestLength = 1
  for (let from = 0; from < 8; from++) {
    let length = 0
    while (from + length < 8 && words[from + length] === 0) length++
    if (length > bestLength) [best, bestLength] = [from, length]
  }
  const hex = words.map((word) => word.toString(16))
  if (bestLength === 1) return hex.join(':')
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`
}

/** The sixteen bytes of an IPv6 address, or `undefined` where it is none. */
export function parseIpv6(value: string): Uint8Array | undefined {
  if (!isIPv6(value) || value.includes('%')) return undefined
  let source = value
  const dotted = source.lastIndexOf(':') + 1
  if (source.includes('.')) {
    const [a, b, c, d] = source.slice(dotted).split('.').map(Number) as [number, number, number, number]
    source = `${source.slice(0, dotted)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  }
  const [head, tail] = source.split('::') as [string, string | undefined]
  const front = wordsOf(head)
  const back = tail === undefined ? [] : wordsOf(tail)
  const all = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back]
  const bytes = new Uint8Array(16)
  all.forEach((word, i) => {
    bytes[2 * i] = word >> 8
    bytes[2 * i + 1] = word & 0xff
  })
  return bytes
}

function wordsOf(part: string): number[] {
  return part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16))
}

/** A MAC address: six bytes, `aa:bb:cc:dd:ee:ff` as text. */
export const mac: Codec<string> = fixed(
  'MAC address (6 bytes)',
  6,
  (source: Source, start) => formatMac(source.bytes, start),
  (writer, value) => {
    if (typeof value !== 'string' || !MAC.test(value)) throw new InvalidValueError('must be a MAC address', value, 'Write it as aa:bb:cc:dd:ee:ff.')
    const start = writer.take(6)
    for (let i = 0; i < 6; i++) writer.bytes[start + i] = (digit(value.charCodeAt(3 * i)) << 4) | digit(value.charCodeAt(3 * i + 1))
  },
)

/** An IPv4 address: four bytes, `10.0.0.1` as text. */
export const ipv4: Codec<string> = fixed(
  'IPv4 address (4 bytes)',
  4,
  (source: Source, start) => formatIpv4(source.bytes, start),
  (writer, value) => {
    if (typeof value !== 'string' || !isIPv4(value)) throw new InvalidValueError('must be an IPv4 address', value, 'Write it as 10.0.0.1, without a prefix length; in a mask, 255.255.255.0 is a network of /24.')
    const start = writer.take(4)
    let from = 0
    for (let i = 0; i < 4; i++) {
      let octet = 0
      for (let c = value.charCodeAt(from); c >= 0x30 && c <= 0x39; c = value.charCodeAt(++from)) octet = octet * 10 + c - 0x30
      writer.bytes[start + i] = octet
      from++
    }
  },
)

/** An IPv6 address: sixteen bytes, `fe80::1` as text, without a zone. */
export const ipv6: Codec<string> = fixed(
  'IPv6 address (16 bytes)',
  16,
  (source: Source, start) => formatIpv6(source.bytes, start),
  (writer, value) => {
    const bytes = typeof value === 'string' ? parseIpv6(value) : undefined
    if (bytes === undefined) throw new InvalidValueError('must be an IPv6 address', value, 'Write it as fe80::1, without a zone; a mask as ffff:ffff::.')
    writer.raw(bytes)
  },
)

/** An address of either version: four bytes or sixteen. */
export const ipAddress: Codec<string> = {
  describe: 'IPv4 or IPv6 address (4 or 16 bytes)',
  least: 4,
  most: 16,
  read(source, start, end) {
    if (end - start === 16) return formatIpv6(source.bytes, start)
    if (end - start === 4) return formatIpv4(source.bytes, start)
    throw new MalformedMessageError(`an address is 4 or 16 bytes long, not ${end - start}`)
  },
  write(writer, value) {
    if (typeof value !== 'string' || (!isIPv4(value) && parseIpv6(value) === undefined)) throw new InvalidValueError('must be an IPv4 or IPv6 address', value, 'Write it as 10.0.0.1 or fe80::1.')
    ;(isIPv4(value) ? ipv4 : ipv6).write(writer, value)
  },
  writeMask(writer, mask) {
    if (mask === exact) throw new InvalidValueError('cannot be exact, its version is not known', mask)
    this.write(writer, mask as string)
  },
}

function digit(code: number): number {
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57
}
