/**
 * Memory that is decoded from: the same bytes as a `Buffer`, for slices and text, and as a
 * `DataView`, for numbers. Made once per receive buffer, not once per message.
 */
export class Source {
  /** Slices of it share its memory; {@link copy} does not. */
  readonly bytes: Buffer
  /** The same memory; netlink's own numbers are in the machine's order. */
  readonly view: DataView
  /** Attributes that only pad others are kept among the unknown ones, so that what is decoded can be written back byte for byte. */
  keepPadding = false

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** A copy, as a plain `Uint8Array`. */
  copy(start: number, end: number): Uint8Array {
    return new Uint8Array(this.bytes.subarray(start, end))
  }
}

/** Netlink uses the machine's own byte order outside of `be…` fields. */
export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
