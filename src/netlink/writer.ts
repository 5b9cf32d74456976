import { LITTLE_ENDIAN } from './bytes.js'
import { align, NLA_HEADER, NLMSG_HEADER } from './constants.js'
import { InvalidValueError } from './errors.js'

const ATTRIBUTE_MOST = 0xffff

/**
 * Writes messages and attributes into one buffer that grows. A message is opened, filled and
 * closed; so is an attribute; lengths are filled in, and padding written, when they are closed.
 */
export class Writer {
  /** What has been written is `bytes.subarray(0, length)`. */
  bytes: Buffer
  /** In bytes. Setting it back takes away what was written last. */
  length = 0
  #view: DataView

  constructor(size = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(size)
    this.#view = viewOf(this.bytes)
  }

  /** Starts over, in the same memory. */
  reset(): void {
    this.length = 0
  }

  /** A copy of what has been written. */
  copy(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(0, this.length))
  }

  /** Takes the next `size` bytes, not cleared, and returns where they begin. */
  take(size: number): number {
    const at = this.length
    const end = at + size
    if (end > this.bytes.length) this.#grow(end)
    this.length = end
    return at
  }

  /** 0 to 0xff. The numbers are not checked here: codecs do that. */
  u8(value: number): void {
    const at = this.take(1)
    this.bytes[at] = value
  }

  /** In the machine's order. */
  u16(value: number): void {
    const at = this.take(2)
    this.#view.setUint16(at, value, LITTLE_ENDIAN)
  }

  /** In the machine's order. */
  u32(value: number): void {
    const at = this.take(4)
    this.#view.setUint32(at, value, LITTLE_ENDIAN)
  }

  /** In the machine's order. */
  u64(value: bigint): void {
    const at = this.take(8)
    this.#view.setBigUint64(at, value, LITTLE_ENDIAN)
  }

  /** In network order. */
  be16(value: number): void {
    const at = this.take(2)
    this.#view.setUint16(at, value, false)
  }

  /** In network order. */
  be32(value: number): void {
    const at = this.take(4)
    this.#view.setUint32(at, value, false)
  }

  /** In network order. */
  be64(value: bigint): void {
    const at = this.take(8)
    this.#view.setBigUint64(at, value, false)
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): void {
    const at = this.take(value.length)
    this.bytes.set(value, at)
  }

  /** `size` times the byte `value`. */
  fill(value: number, size: number): void {
    const at = this.take(size)
    this.bytes.fill(value, at, at + size)
  }

  /** Text in UTF-8, with a NUL behind it. */
  text(value: string): void {
    const size = Buffer.byteLength(value)
    const at = this.take(size + 1)
    this.bytes.write(value, at)
    this.bytes[at + size] = 0
  }

  /** Sets bits in a u16 that was written before. */
  flag16(at: number, bits: number): void {
    this.#view.setUint16(at, this.#view.getUint16(at, LITTLE_ENDIAN) | bits, LITTLE_ENDIAN)
  }

  /** Begins an attribute; give what it returns to {@link closeAttribute}. `type` may carry the flag bits. */
  openAttribute(type: number): number {
    const at = this.take(NLA_HEADER)
    this.#view.setUint16(at + 2, type, LITTLE_ENDIAN)
    return at
  }

  /** @throws InvalidValueError when the payload is longer than an attribute can say. */
  closeAttribute(at: number): void {
    const size = this.length - at
    if (size > ATTRIBUTE_MOST) {
      throw new InvalidValueError(`must be encoded in at most ${ATTRIBUTE_MOST - NLA_HEADER} bytes`, size - NLA_HEADER, 'Split it into several requests.')
    }
    this.#view.setUint16(at, size, LITTLE_ENDIAN)
    const padding = align(size) - size
    if (padding > 0) this.fill(0, padding)
  }

  /** Begins a message; give what it returns to {@link closeMessage}. */
  openMessage(type: number, flags: number, sequence: number, portId = 0): number {
    const at = this.take(NLMSG_HEADER)
    this.#view.setUint16(at + 4, type, LITTLE_ENDIAN)
    this.#view.setUint16(at + 6, flags, LITTLE_ENDIAN)
    this.#view.setUint32(at + 8, sequence, LITTLE_ENDIAN)
    this.#view.setUint32(at + 12, portId, LITTLE_ENDIAN)
    return at
  }

  /** The padding is not part of the length that the message says. */
  closeMessage(at: number): void {
    const size = this.length - at
    this.#view.setUint32(at, size, LITTLE_ENDIAN)
    const padding = align(size) - size
    if (padding > 0) this.fill(0, padding)
  }

  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
    this.#view = viewOf(larger)
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
