import koffi from 'koffi'
import { LITTLE_ENDIAN, Source } from '../netlink/bytes.js'

const MMSGHDR = 64
const IOVEC = 16
const SOCKADDR_NL = 12
const MSG_NAMELEN = 8
const MSG_FLAGS = 48
const MSG_LEN = 56

/**
 * Memory for `recvmmsg`: its headers, vectors, addresses and `count` datagrams of `size` bytes.
 *
 * All of it is one block, because the headers hold addresses that koffi does not know of: were
 * they parts of several blocks, the collector could take one from under the kernel. The layout is
 * that of 64-bit Linux.
 */
export class ReceiveBlock {
  readonly bytes: Buffer
  readonly source: Source
  readonly #addresses: number
  readonly #data: number

  constructor(
    readonly count: number,
    readonly size: number,
  ) {
    const vectors = count * MMSGHDR
    this.#addresses = vectors + count * IOVEC
    this.#data = (this.#addresses + count * SOCKADDR_NL + 63) & ~63
    this.bytes = Buffer.allocUnsafeSlow(this.#data + count * size)
    this.bytes.fill(0, 0, this.#data)
    this.source = new Source(this.bytes)
    const base = koffi.address(this.bytes)
    const { view } = this.source
    for (let i = 0; i < count; i++) {
      const header = i * MMSGHDR
      const vector = vectors + i * IOVEC
      view.setBigUint64(header, base + BigInt(this.#addresses + i * SOCKADDR_NL), LITTLE_ENDIAN)
      view.setUint32(header + MSG_NAMELEN, SOCKADDR_NL, LITTLE_ENDIAN)
      view.setBigUint64(header + 16, base + BigInt(vector), LITTLE_ENDIAN)
      view.setBigUint64(header + 24, 1n, LITTLE_ENDIAN)
      view.setBigUint64(vector, base + BigInt(this.start(i)), LITTLE_ENDIAN)
      view.setBigUint64(vector + 8, BigInt(size), LITTLE_ENDIAN)
    }
  }

  /** Where the `i`th datagram begins. */
  start(i: number): number {
    return this.#data + i * this.size
  }

  /** How long the `i`th datagram was; more than `size` where it was cut (with `MSG_TRUNC` asked for). */
  length(i: number): number {
    return this.source.view.getUint32(i * MMSGHDR + MSG_LEN, LITTLE_ENDIAN)
  }

  /** The port id of the `i`th datagram's sender: 0 is the kernel. */
  sender(i: number): number {
    return this.source.view.getUint32(this.#addresses + i * SOCKADDR_NL + 4, LITTLE_ENDIAN)
  }

  /** The kernel overwrites what is both input and output. */
  rearm(count: number): void {
    const { view } = this.source
    for (let i = 0; i < count; i++) {
      view.setUint32(i * MMSGHDR + MSG_NAMELEN, SOCKADDR_NL, LITTLE_ENDIAN)
      view.setUint32(i * MMSGHDR + MSG_FLAGS, 0, LITTLE_ENDIAN)
    }
  }
}
