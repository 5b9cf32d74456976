import { isMainThread } from 'node:worker_threads'
import koffi from 'koffi'
import { Source } from '../netlink/bytes.js'
import { NETLINK_GENERIC } from '../netlink/constants.js'
import { Errno, errnoName } from '../netlink/errno.js'
import { ClosedError, OverrunError, SocketError } from '../netlink/errors.js'
import { checkMembers, type MemberNames } from '../netlink/members.js'
import type { Sink, Transport, Watch } from '../netlink/transport.js'
import { handles, lastErrno, libc, type Libc, libnl, type Libnl, type Pointer } from './bindings.js'
import type { Handles } from './handles.js'
import { type NetnsName, NetworkNamespace } from './namespace.js'
import { ReceiveBlock } from './receive-block.js'

const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_SNDBUFFORCE = 32
const SO_RCVBUFFORCE = 33
const SOL_NETLINK = 270
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const MSG_DONTWAIT = 0x40
const MSG_TRUNC = 0x20
const AF_NETLINK = 16

/** How a socket is made. */
export interface SocketOptions {
  /** Receive queue to ask for, in bytes; 4 MiB unless said. What was obtained is in `receiveBuffer`. */
  receiveBuffer?: number
  /** Send buffer to ask for, in bytes: the most that one datagram may hold; 1 MiB unless said. */
  sendBuffer?: number
  /** Memory for one datagram, in bytes; 64 KiB unless said. Less than 8 KiB can lose parts of dumps; upcalls are as long as their frames. */
  receiveSize?: number
  /** The most datagrams of one batch, 32 unless said. Their memory is only taken when batches are received. */
  batch?: number
  /** Netlink protocol; `NETLINK_GENERIC` unless said. */
  protocol?: number
  /**
   * The network namespace to make it in, where it then stays; that of this thread unless said. Whoever
   * makes a socket elsewhere needs CAP_SYS_ADMIN.
   */
  netns?: NetnsName | NetworkNamespace
  /** The folder that holds libnl; see `loadLibraries`. */
  libraries?: string
}

/** @internal */
export const SOCKET_OPTIONS: MemberNames<SocketOptions> = { receiveBuffer: true, sendBuffer: true, receiveSize: true, batch: true, protocol: true, netns: true, libraries: true }

/** What has to be given back when a socket is closed, or forgotten: nothing in it refers to the socket. */
interface Owned {
  readonly handles: Handles
  readonly handle: Pointer
  poll: ReturnType<typeof koffi.node.poll> | undefined
  /** Sends that are under way on other threads. */
  aside: number
  released: boolean
}

const forgotten = new FinalizationRegistry<Owned>(release)
const open = new Set<Owned>()
/** Sockets that somebody listens to live for as long as they do, whoever else forgot them. */
const watched = new Set<NetlinkSocket>()

// A thread's descriptors are the whole process's; and koffi aborts the process when a message waits on a poll handle that
// is still open as node takes the thread down. Where a worker is terminated, no JavaScript runs: see Handles.
process.on('exit', () => open.forEach(release))

function release(owned: Owned): void {
  owned.poll?.close()
  owned.poll = undefined
  // A send on another thread still uses the socket; its end comes here again.
  if (owned.released || owned.aside > 0) return
  owned.released = true
  open.delete(owned)
  owned.handles.give(owned.handle)
}

/**
 * A netlink socket, made as Open vSwitch makes its own: `SOCK_RAW`, connected to port 0 so that no
 * other process can send to it, extended acknowledgements on, large buffers. libnl owns the
 * socket, its port id and its memberships; libc is used on its descriptor for what libnl lacks.
 *
 * In a worker, let the worker end by itself or by its own `process.exit()`: a `worker.terminate()` from
 * outside, just when something waits on a watched socket, aborts the process, because koffi (3.3) then
 * calls into a thread that runs no JavaScript any more. Without a watch it does no harm.
 */
export class NetlinkSocket implements Transport {
  readonly portId: number
  readonly receiveBuffer: number
  /** The netlink protocol that it speaks. */
  readonly protocol: number
  /** Datagrams whose sender was not the kernel; they are dropped. */
  foreign = 0
  /** The descriptor; -1 once closed. */
  fd: number
  readonly #libnl: Libnl
  readonly #libc: Libc
  readonly #owned: Owned
  readonly #source: Source
  readonly #size: number
  readonly #batch: number
  readonly #sendBuffer: number
  #block: ReceiveBlock | undefined
  #groups = 0
  #listeners = new Set<() => void>()
  #refs = 0
  #closing = false

  /**
   * @throws LibraryNotFoundError when libnl is missing.
   * @throws SocketError when the kernel refuses.
   * @throws NamespaceError, InvalidValueError
   */
  constructor(options: SocketOptions = {}) {
    checkMembers(options, 'a socket', SOCKET_OPTIONS)
    this.#libnl = libnl(options.libraries)
    this.#libc = libc()
    this.protocol = options.protocol ?? NETLINK_GENERIC
    this.#size = options.receiveSize ?? 65_536
    this.#batch = options.batch ?? 32
    this.#source = new Source(Buffer.allocUnsafeSlow(this.#size))
    const own = handles(options.libraries)
    const handle = own.take()
    if (handle === undefined) throw new SocketError('nl_socket_alloc', 12)
    this.#owned = { handles: own, handle, poll: undefined, aside: 0, released: false }
    open.add(this.#owned)
    try {
      within(options.netns, () => this.#check('nl_connect', this.#libnl.nl_connect(handle, this.protocol)))
      this.#check('nl_socket_set_nonblocking', this.#libnl.nl_socket_set_nonblocking(handle))
      this.fd = this.#libnl.nl_socket_get_fd(handle)
      this.portId = this.#libnl.nl_socket_get_local_port(handle)
      this.receiveBuffer = this.#setBuffer(SO_RCVBUFFORCE, SO_RCVBUF, options.receiveBuffer ?? 4 << 20)
      this.#sendBuffer = this.#setBuffer(SO_SNDBUFFORCE, SO_SNDBUF, options.sendBuffer ?? 1 << 20)
      this.#setOption(SOL_NETLINK, NETLINK_EXT_ACK, 1)
      this.#setOption(SOL_NETLINK, NETLINK_CAP_ACK, 1)
      const kernel = Buffer.alloc(12)
      kernel.writeUInt16LE(AF_NETLINK)
      if (this.#libc.connect(this.fd, kernel, kernel.length) < 0) throw new SocketError('connect', lastErrno())
    } catch (error) {
      release(this.#owned)
      throw error
    }
    forgotten.register(this, this.#owned, this)
  }

  /** Nothing can be sent or received any more. */
  get closed(): boolean {
    return this.#closing
  }

  send(bytes: Uint8Array, length: number): void {
    this.#alive()
    if (this.#libnl.nl_sendto(this.#owned.handle, bytes, length) < 0) throw sendError(lastErrno(), length)
  }

  sendAside(bytes: Uint8Array, length: number): Promise<void> {
    this.#alive()
    // libnl does not tell this failure from others, and errno stays behind on the other thread.
    if (length > this.#sendBuffer - SEND_OVERHEAD) return Promise.reject(sendError(Errno.EMSGSIZE, length))
    // A worker that is terminated while koffi calls on another thread takes the whole process with it.
    if (!isMainThread) return Promise.resolve(this.send(bytes, length))
    this.#owned.aside++
    return new Promise((resolve, reject) => {
      this.#libnl.nl_sendto.async(this.#owned.handle, bytes, length, (error, sent) => {
        this.#owned.aside--
        if (this.#closing) release(this.#owned)
        if (error !== null) reject(error)
        // errno belongs to the thread that made the call, so only libnl's own code is known here.
        else if (sent < 0) reject(asideError(sent, length, this.#libnl.nl_geterror(sent)))
        else resolve()
      })
    })
  }

  receive(sink: Sink, most = 1): number {
    this.#alive()
    // Only a multicast datagram can come from somebody else than the kernel: connect() does not stop those.
    if (most === 1 && this.#groups === 0) return this.#receiveOne(sink)
    return this.#receiveBatch(sink, most)
  }

  watch(onReadable: () => void): Watch {
    this.#alive()
    // A listener of its own, even where a function is given twice.
    const listener = () => onReadable()
    let active = true
    let referenced = true
    this.#listeners.add(listener)
    this.#refs++
    if (this.#listeners.size === 1) this.#poll()
    this.#updateRef()
    const count = (by: number) => {
      this.#refs += by
      this.#updateRef()
    }
    return {
      ref: () => {
        if (active && !referenced) count(1)
        referenced = true
      },
      unref: () => {
        if (active && referenced) count(-1)
        referenced = false
      },
      close: () => {
        if (!active) return
        active = false
        this.#listeners.delete(listener)
        if (this.#listeners.size === 0 && !this.#closing) {
          this.#owned.poll?.stop()
          watched.delete(this)
        }
        if (referenced) count(-1)
      },
    }
  }

  join(group: number): void {
    this.#alive()
    this.#check('nl_socket_add_membership', this.#libnl.nl_socket_add_membership(this.#owned.handle, group))
    this.#groups++
  }

  leave(group: number): void {
    this.#alive()
    this.#check('nl_socket_drop_membership', this.#libnl.nl_socket_drop_membership(this.#owned.handle, group))
    this.#groups--
  }

  close(): void {
    if (this.#closing) return
    this.#closing = true
    this.#listeners.clear()
    watched.delete(this)
    this.fd = -1
    forgotten.unregister(this)
    release(this.#owned)
  }

  /** {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  #receiveOne(sink: Sink): number {
    const length = this.#libc.recv(this.fd, this.#source.bytes, this.#size, MSG_DONTWAIT | MSG_TRUNC)
    if (length < 0) return this.#receiveError('recv')
    sink(this.#source, 0, Math.min(length, this.#size), length)
    return 1
  }

  #receiveBatch(sink: Sink, most: number): number {
    const block = (this.#block ??= new ReceiveBlock(this.#batch, this.#size))
    const count = this.#libc.recvmmsg(this.fd, block.bytes, Math.min(most, block.count), MSG_DONTWAIT | MSG_TRUNC, null)
    if (count < 0) return this.#receiveError('recvmmsg')
    block.rearm(count)
    for (let i = 0; i < count; i++) {
      if (block.sender(i) !== 0) {
        this.foreign++
        continue
      }
      const start = block.start(i)
      const length = block.length(i)
      sink(block.source, start, start + Math.min(length, block.size), length)
    }
    return count
  }

  #receiveError(call: string): 0 {
    const errno = lastErrno()
    if (errno === Errno.EAGAIN || errno === Errno.EINTR) return 0
    // libuv stops a poll handle on whose descriptor an error waits, and so would end the listening with the first overrun.
    if (this.#listeners.size > 0) this.#poll()
    const error = new SocketError(call, errno)
    throw errno === Errno.ENOBUFS ? new OverrunError(error) : error
  }

  #poll(): void {
    watched.add(this)
    // The handle keeps its callback even while it is stopped, so the callback must not keep the socket.
    const socket = new WeakRef(this)
    const onReadable = () => {
      const alive = socket.deref()
      if (alive !== undefined) alive.#notify()
    }
    if (this.#owned.poll === undefined) this.#owned.poll = koffi.node.poll(this.fd, { readable: true }, onReadable)
    else this.#owned.poll.start({ readable: true }, onReadable)
  }

  #notify(): void {
    for (const listener of this.#listeners) listener()
  }

  #updateRef(): void {
    const { poll } = this.#owned
    if (poll === undefined || this.#closing) return
    if (this.#refs > 0) poll.ref()
    else poll.unref()
  }

  #alive(): void {
    if (this.#closing) throw new ClosedError('the netlink socket')
  }

  #check(call: string, result: number): void {
    if (result < 0) {
      const errno = lastErrno()
      throw new SocketError(call, errno, { cause: { errno, libnl: this.#libnl.nl_geterror(result) } })
    }
  }

  #setOption(level: number, option: number, value: number): boolean {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32LE(value)
    return this.#libc.setsockopt(this.fd, level, option, bytes, 4) === 0
  }

  /** The forced size needs CAP_NET_ADMIN in the first user namespace; the other is bounded by `net.core.[rw]mem_max`. */
  #setBuffer(force: number, bounded: number, size: number): number {
    if (!this.#setOption(SOL_SOCKET, force, size)) this.#setOption(SOL_SOCKET, bounded, size)
    const value = Buffer.alloc(4)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(4)
    this.#libc.getsockopt(this.fd, SOL_SOCKET, bounded, value, length)
    return value.readInt32LE()
  }
}

function within(netns: SocketOptions['netns'], task: () => void): void {
  if (netns === undefined) task()
  else if (netns instanceof NetworkNamespace) netns.run(task)
  else {
    const opened = new NetworkNamespace(netns)
    try {
      opened.run(task)
    } finally {
      opened.close()
    }
  }
}

/** libnl's number for a denied message (`NLE_PERM`). */
const NLE_PERM = 28
/** What `netlink_sendmsg()` keeps of the send buffer for itself. */
const SEND_OVERHEAD = 32

function sendError(errno: number, length: number): SocketError {
  const remedy = `A datagram of ${length} bytes is more than the send buffer holds; send less at once, or ask for a larger sendBuffer.`
  return new SocketError('nl_sendto', errno, errno === Errno.EMSGSIZE ? { remedy } : {})
}

function asideError(code: number, length: number, words: string): SocketError {
  if (-code === NLE_PERM) return sendError(Errno.EPERM, length)
  return new SocketError(`nl_sendto (${words})`, 5, { cause: { libnl: code, words, name: errnoName(5) } })
}
