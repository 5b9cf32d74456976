import { Source } from '../../src/netlink/bytes.js'
import type { AnyCodec, InOf, MaskOf, OutOf } from '../../src/netlink/codec.js'
import { InvalidValueError } from '../../src/netlink/errors.js'
import { Writer } from '../../src/netlink/writer.js'

/** What the codec writes of a value. */
export function encode<C extends AnyCodec>(codec: C, value: InOf<C>): Uint8Array {
  // Small, so that it has to grow.
  const writer = new Writer(1)
  codec.write(writer, value)
  return writer.copy()
}

export function encodeMask<C extends AnyCodec>(codec: C, mask: MaskOf<C>): Uint8Array {
  const writer = new Writer(1)
  codec.writeMask(writer, mask)
  return writer.copy()
}

/** What the codec reads where the payload stands in the middle of other bytes. */
export function decode<C extends AnyCodec>(codec: C, bytes: Uint8Array): OutOf<C> {
  const around = Buffer.concat([Buffer.alloc(4, 0xa5), bytes, Buffer.alloc(8, 0x5a)])
  return codec.read(new Source(around), 4, 4 + bytes.length)
}

export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'))
}

/** The error that encoding throws. */
export function refused(encoding: () => unknown): InvalidValueError {
  try {
    encoding()
  } catch (error) {
    if (error instanceof InvalidValueError) return error
    throw error
  }
  throw new Error('it was encoded')
}
