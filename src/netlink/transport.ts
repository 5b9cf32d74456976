import type { Source } from './bytes.js'

/**
 * Takes one datagram: `source.bytes.subarray(start, end)`. The memory is the transport's and is
 * overwritten by its next `receive`. `length` is how long the datagram was; where that is more than
 * `end - start`, its end is lost.
 */
export type Sink = (source: Source, start: number, end: number, length: number) => void

/** Readiness, as long as it is not closed. */
export interface Watch {
  /** Lets the process live for as long as this watch is open; so it is from the start. */
  ref(): void
  /** Lets the process end though this watch is open. */
  unref(): void
  /** Idempotent. */
  close(): void
}

/**
 * A netlink socket as this SDK needs one. `ovs-datapath/libnl` makes it from libnl; a recorded
 * trace or a test's script (`ovs-datapath/testing`) can stand in for it.
 */
export interface Transport {
  /** The socket's netlink port id: the address to which the kernel sends. */
  readonly portId: number
  /** The size of the receive queue that was obtained, in the kernel's accounting, in bytes. */
  readonly receiveBuffer: number
  /**
   * Sends `bytes.subarray(0, length)` as one datagram.
   *
   * Generic netlink carries a request out before this returns: the answer is then in the receive
   * queue already.
   *
   * @throws SocketError
   */
  send(bytes: Uint8Array, length: number): void
  /** Like `send`, but off the event loop, for requests that keep the kernel busy for long. The bytes must not change until it is done. */
  sendAside(bytes: Uint8Array, length: number): Promise<void>
  /**
   * Gives up to `most` (1 unless said) queued datagrams to `sink`, and returns how many it were: 0 when none waits.
   * Never waits.
   *
   * @throws OverrunError when datagrams were lost: what was queued before them is still there, and
   *   can be received afterwards.
   * @throws SocketError
   */
  receive(sink: Sink, most?: number): number
  /** Calls `onReadable` whenever datagrams (or an error) wait; level-triggered. */
  watch(onReadable: () => void): Watch
  /** Joins a multicast group. @throws SocketError */
  join(group: number): void
  /** Leaves a multicast group. @throws SocketError */
  leave(group: number): void
  /** Idempotent; closes the watches as well. */
  close(): void
}

/** What a transport may be asked for; what it cannot do it leaves. */
export interface DialOptions {
  /** Receive queue, in bytes. */
  receiveBuffer?: number
  /** Memory for one datagram, in bytes. */
  receiveSize?: number
  /** Netlink protocol, such as `NETLINK_ROUTE`; `NETLINK_GENERIC` unless said. */
  protocol?: number
}

/** Makes transports. */
export interface Dial {
  (options?: DialOptions): Transport
  /** Gives back what is held in order to make them, such as a network namespace. Idempotent. */
  close?(): void
}
