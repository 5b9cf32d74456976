import { bits } from '../netlink/bits.js'
import { be16, be32, type Codec, exact, type Exact, u32 } from '../netlink/codec.js'
import { at, struct } from '../netlink/struct.js'

/** Version 2, `struct erspan_md2`: its last 16 bits are the same in either byte order of C's bit fields. */
const V2 = struct('erspan_metadata', 12, {
  version: at(0, u32),
  timestamp: at(4, be32),
  sgt: at(8, be16),
  bits: at(10, bits('erspan_md2', be16, { p: 1, ft: 5, hwid: 6, dir: 1, gra: 2, o: 1 })),
})
const V1 = struct('erspan_metadata', 12, { version: at(0, u32), index: at(4, be32), rest: at(8, be32) })

/** What an ERSPAN header says: `struct erspan_metadata`, or a mask over it. */
export interface ErspanMetadata {
  /** 1 is type II, which has an `index`; 2 is type III, which has the others. */
  version: number
  /** Version 1: which port was mirrored, 20 bits. */
  index?: number
  /** Of another version than 2: the four bytes behind the index, where they are not zeros. */
  rest?: number
  /** Version 2: when the frame was mirrored, in the units that `gra` says. */
  timestamp?: number
  /** Version 2: security group tag, 16 bits. */
  sgt?: number
  /** Version 2: whether the header has an optional subheader. */
  o?: number
  /** Version 2: granularity of the timestamp: 0 is 100 µs, 1 is 100 ns, 2 is IEEE 1588. */
  gra?: number
  /** Version 2: the direction: 0 was received, 1 was sent. */
  dir?: number
  /** Version 2: which hardware mirrored it, 6 bits (`hwid` and `hwid_upper`). */
  hwid?: number
  /** Version 2: what the frame is: 0 is Ethernet, 2 is IP. */
  ft?: number
  /** Version 2: whether the frame is a whole one. */
  p?: number
}

/** ERSPAN metadata as they may be given; what is left out is zero. */
export type ErspanMetadataInput = Readonly<Partial<ErspanMetadata> & Pick<ErspanMetadata, 'version'>>
/** A mask over ERSPAN metadata; what is left out is a wildcard. */
export type ErspanMetadataMask = { readonly [K in keyof ErspanMetadata]?: number | Exact } | Exact

const ONLY_V2 = ['timestamp', 'sgt', 'o', 'gra', 'dir', 'hwid', 'ft', 'p'] as const

function parts({ version, timestamp, sgt, ...others }: { readonly [K in keyof ErspanMetadata]?: unknown }) {
  return { version, timestamp, sgt, bits: others } as never
}

/** Which structure a value is of. */
function isV2(value: object): boolean {
  return (value as ErspanMetadata).version === 2 || ONLY_V2.some((member) => member in value)
}

function read(value: Parameters<typeof V1.read>, asV2: boolean): ErspanMetadata {
  if (asV2) {
    const { bits: fields, ...others } = V2.read(...value)
    return { ...others, ...fields }
  }
  const { rest, ...others } = V1.read(...value)
  return rest === 0 ? others : { ...others, rest }
}

/** `struct erspan_metadata`. A mask is laid out by its key's version. */
export const ErspanMetadataCodec: Codec<ErspanMetadata, ErspanMetadataInput, ErspanMetadataMask> = {
  describe: 'struct erspan_metadata (12 bytes): version, then by its number index, or timestamp, sgt, p, ft, hwid, dir, gra, o',
  least: 12,
  most: 12,
  read: (...from) => read(from, u32.read(from[0], from[1], from[2]) === 2),
  readMask: (source, start, end, key) => read([source, start, end], key !== undefined && isV2(key)),
  write(writer, value) {
    if (typeof value === 'object' && value !== null && isV2(value)) V2.write(writer, parts(value))
    else V1.write(writer, value)
  },
  writeMask(writer, mask) {
    if (typeof mask === 'object' && mask !== null && isV2(mask)) V2.writeMask(writer, parts(mask as object))
    else V1.writeMask(writer, mask === exact ? exact : mask)
  },
}
