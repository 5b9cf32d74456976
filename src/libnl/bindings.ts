import koffi from 'koffi'
import { Handles } from './handles.js'
import { loadLibraries } from './library.js'

/** The address of a C structure that its library owns (`struct nl_sock *`). */
export type Pointer = bigint

/** A C function's declaration, with the type that it has for us. */
interface Declaration<F> {
  readonly c: string
  readonly type?: F
}

type Bound<D> = { readonly [K in keyof D]: D[K] extends Declaration<infer F> ? F : never }

function c<F>(declaration: string): Declaration<F> {
  return { c: declaration }
}

/** libnl-3: sockets, memberships, errors (`netlink/socket.h`, `netlink/netlink.h`, `netlink/errno.h`). */
const NL = {
  /** Allocates a socket structure; not yet opened. `null` without memory. */
  nl_socket_alloc: c<() => Pointer | null>('void *nl_socket_alloc(void)'),
  /** Closes and frees. */
  nl_socket_free: c<(socket: Pointer) => void>('void nl_socket_free(void *sk)'),
  /** Opens and binds; 0 or a negative libnl error. */
  nl_connect: c<(socket: Pointer, protocol: number) => number>('int nl_connect(void *sk, int protocol)'),
  nl_close: c<(socket: Pointer) => void>('void nl_close(void *sk)'),
  nl_socket_get_fd: c<(socket: Pointer) => number>('int nl_socket_get_fd(void *sk)'),
  nl_socket_get_local_port: c<(socket: Pointer) => number>('uint32_t nl_socket_get_local_port(void *sk)'),
  nl_socket_set_local_port: c<(socket: Pointer, port: number) => void>('void nl_socket_set_local_port(void *sk, uint32_t port)'),
  nl_socket_get_peer_port: c<(socket: Pointer) => number>('uint32_t nl_socket_get_peer_port(void *sk)'),
  nl_socket_set_peer_port: c<(socket: Pointer, port: number) => void>('void nl_socket_set_peer_port(void *sk, uint32_t port)'),
  nl_socket_set_nonblocking: c<(socket: Pointer) => number>('int nl_socket_set_nonblocking(void *sk)'),
  /** Sizes in bytes (`SO_RCVBUF`, `SO_SNDBUF`); 0 or a negative libnl error. */
  nl_socket_set_buffer_size: c<(socket: Pointer, receive: number, send: number) => number>(
    'int nl_socket_set_buffer_size(void *sk, int rxbuf, int txbuf)',
  ),
  nl_socket_disable_seq_check: c<(socket: Pointer) => void>('void nl_socket_disable_seq_check(void *sk)'),
  nl_socket_disable_auto_ack: c<(socket: Pointer) => void>('void nl_socket_disable_auto_ack(void *sk)'),
  nl_socket_add_membership: c<(socket: Pointer, group: number) => number>('int nl_socket_add_membership(void *sk, int group)'),
  nl_socket_drop_membership: c<(socket: Pointer, group: number) => number>('int nl_socket_drop_membership(void *sk, int group)'),
  /** Sends a datagram to the peer; the bytes sent or a negative libnl error, errno left as the system call set it. */
  nl_sendto: c<((socket: Pointer, bytes: Uint8Array, length: number) => number) & Aside<[Pointer, Uint8Array, number], number>>(
    'int nl_sendto(void *sk, const void *buf, size_t size)',
  ),
  /** The text of a (negative or positive) libnl error. */
  nl_geterror: c<(error: number) => string>('const char *nl_geterror(int error)'),
} as const

/** libnl-genl-3: the controller (`netlink/genl/ctrl.h`, `netlink/genl/genl.h`). */
const GENL = {
  genl_connect: c<(socket: Pointer) => number>('int genl_connect(void *sk)'),
  /** A family's id, or a negative libnl error. */
  genl_ctrl_resolve: c<(socket: Pointer, name: string) => number>('int genl_ctrl_resolve(void *sk, const char *name)'),
  /** A multicast group's id, or a negative libnl error. */
  genl_ctrl_resolve_grp: c<(socket: Pointer, family: string, group: string) => number>(
    'int genl_ctrl_resolve_grp(void *sk, const char *family, const char *grp)',
  ),
} as const

/** libc, for what libnl does not wrap. `ssize_t` is not among koffi's types. */
const LIBC = {
  connect: c<(fd: number, address: Uint8Array, length: number) => number>('int connect(int fd, const void *addr, uint32_t len)'),
  recv: c<(fd: number, into: Uint8Array, length: number, flags: number) => number>('int64_t recv(int fd, void *buf, size_t len, int flags)'),
  recvmmsg: c<(fd: number, headers: Uint8Array, count: number, flags: number, timeout: null) => number>(
    'int recvmmsg(int fd, void *msgvec, uint32_t vlen, int flags, void *timeout)',
  ),
  /** Moves the calling thread, and nothing else, into a namespace of that kind. */
  setns: c<(fd: number, kind: number) => number>('int setns(int fd, int nstype)'),
  /** Only for requests whose argument is a number; in C it takes any number of arguments. */
  ioctl: c<(fd: number, request: number, argument: number) => number>('int ioctl(int fd, unsigned long request, unsigned long argument)'),
  setsockopt: c<(fd: number, level: number, option: number, value: Uint8Array, length: number) => number>(
    'int setsockopt(int fd, int level, int optname, const void *optval, uint32_t optlen)',
  ),
  getsockopt: c<(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array) => number>(
    'int getsockopt(int fd, int level, int optname, void *optval, void *optlen)',
  ),
} as const

/** A function that koffi can also run on another thread. */
export interface Aside<Arguments extends unknown[], Result> {
  /** `errno` is lost on the way: it belongs to the thread that made the call. */
  async(...args: [...Arguments, (error: Error | null, result: Result) => void]): void
}

/** The functions of libnl-3 and libnl-genl-3 that are bound, by their C names. */
export type Libnl = Bound<typeof NL> & Bound<typeof GENL>
export type Libc = Bound<typeof LIBC>

function bind<D extends Record<string, Declaration<unknown>>>(library: { func(declaration: string): unknown }, declarations: D): Bound<D> {
  return Object.fromEntries(Object.entries(declarations).map(([name, { c: declaration }]) => [name, library.func(declaration)])) as Bound<D>
}

interface Loaded {
  readonly functions: Libnl
  readonly handles: Handles
}

const loaded = new Map<string, Loaded>()

/**
 * libnl-3 and libnl-genl-3, loaded once; see {@link loadLibraries} for `folder`.
 *
 * @throws LibraryNotFoundError
 */
export function libnl(folder?: string): Libnl {
  return load(folder).functions
}

/** The socket structures that this thread has from that libnl. */
export function handles(folder?: string): Handles {
  return load(folder).handles
}

function load(folder: string | undefined): Loaded {
  const key = folder ?? ''
  let found = loaded.get(key)
  if (found === undefined) {
    const { nl, genl } = loadLibraries(folder)
    const functions = { ...bind(nl, NL), ...bind(genl, GENL) }
    found = { functions, handles: new Handles(functions, nl.symbol('nl_socket_free')) }
    loaded.set(key, found)
  }
  return found
}

let libcLoaded: Libc | undefined

/** The C library that this process runs on. */
export function libc(): Libc {
  return (libcLoaded ??= bind(koffi.load(null), LIBC))
}

/** The errno that the last call left on this thread; read it at once. */
export function lastErrno(): number {
  return koffi.errno()
}
