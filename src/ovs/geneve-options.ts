import type { Source } from '../netlink/bytes.js'
import { be16, type Codec, exact, type Exact, u8 } from '../netlink/codec.js'
import { InvalidValueError } from '../netlink/errors.js'
import type { Writer } from '../netlink/writer.js'

/** One option of a Geneve header, or a mask over one. */
export interface GeneveOption {
  /** Who defines the types: a registered number, 16 bits. */
  class: number
  /** The type within the class; 0x80 is set where a receiver that does not know it must drop the packet. */
  type: number
  /** What the option says: a multiple of 4 bytes, at most 124. */
  data: Uint8Array
  /**
   * The byte of three reserved bits and of the length in units of four bytes. Absent where it is what goes
   * without saying: the length of `data`; in a mask the five bits of a length.
   */
  lengthByte?: number
}

/** One option as it may be given. */
export type GeneveOptionInput = Readonly<GeneveOption>

/** A mask over one option; what is left out is a wildcard, but `data` must be as long as the key's. */
export interface GeneveOptionMask {
  /** Bits of the class. */
  readonly class?: number | Exact
  /** Bits of the type. */
  readonly type?: number | Exact
  /** Bits of the data; what is behind an option is found by this length. */
  readonly data: Uint8Array
  /** Bits of the reserved bits and of the length: the length, 0x1f, unless given. */
  readonly lengthByte?: number
}

const HEADER = 4
/** The bits of a length in its byte, all of which a mask must cover: the kernel finds the options by them. */
const LENGTH_BITS = 0x1f

function read(source: Source, start: number, end: number, lengthOf: (index: number, byte: number) => number, implied: (data: number) => number): GeneveOption[] {
  const options: GeneveOption[] = []
  for (let at = start; at < end; ) {
    const lengthByte = source.bytes[at + 3] as number
    const next = Math.min(end, at + HEADER + lengthOf(options.length, lengthByte))
    const option: GeneveOption = { class: be16.read(source, at, at + 2), type: source.bytes[at + 2] as number, data: source.copy(at + HEADER, next) }
    if (lengthByte !== implied(option.data.length)) option.lengthByte = lengthByte
    options.push(option)
    at = next
  }
  return options
}

function write(writer: Writer, options: readonly GeneveOptionMask[], most: number, implied: (data: number) => number): void {
  if (!Array.isArray(options)) throw new InvalidValueError('must be an array', options, 'Write [{ class, type, data }].')
  const start = writer.length
  options.forEach((option: GeneveOptionMask, i) => {
    try {
      writeOption(writer, option, implied)
    } catch (error) {
      throw error instanceof InvalidValueError ? error.within(`[${i}]`) : error
    }
  })
  const size = writer.length - start
  if (size > most) throw new InvalidValueError(`must be at most ${most} bytes with the headers of four bytes, not ${size}`, options)
}

function writeOption(writer: Writer, option: GeneveOptionMask, implied: (data: number) => number): void {
  if (typeof option !== 'object' || option === null) throw new InvalidValueError('must be an object with class, type and data', option)
  const { data } = option
  if (!(data instanceof Uint8Array) || data.length % 4 !== 0 || data.length > 124) {
    throw new InvalidValueError('must be a Uint8Array of 0 to 124 bytes, a multiple of 4', data).within('data')
  }
  be16.writeMask(writer, option.class ?? 0)
  u8.writeMask(writer, option.type ?? 0)
  u8.write(writer, option.lengthByte ?? implied(data.length))
  writer.raw(data)
}

const MOST = 252

/**
 * The options of a Geneve header: `struct geneve_opt`, one behind the other, in a multiple of four bytes. In a mask,
 * each lies where the key's lies.
 */
export const GeneveOptions: Codec<GeneveOption[], readonly GeneveOptionInput[], readonly GeneveOptionMask[]> = {
  describe: `Geneve options: class, type, data (at most ${MOST} bytes)`,
  least: 0,
  most: MOST,
  unit: HEADER,
  read: (source, start, end) => read(source, start, end, (_, byte) => (byte & LENGTH_BITS) * 4, (data) => data / 4),
  readMask: (source, start, end, key) => read(source, start, end, (index, byte) => key?.[index]?.data.length ?? (byte & LENGTH_BITS) * 4, () => LENGTH_BITS),
  write: (writer, value) => write(writer, value, MOST, (data) => data / 4),
  writeMask(writer, mask) {
    if ((mask as unknown) === exact) {
      throw new InvalidValueError('cannot be exact, their lengths are not known', mask, 'Write [{ class: exact, type: exact, data }], with as many bytes of 0xff in data as the key has.')
    }
    write(writer, mask, MOST, () => LENGTH_BITS)
  },
}
