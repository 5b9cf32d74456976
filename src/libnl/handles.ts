import koffi from 'koffi'
import { isMainThread } from 'node:worker_threads'
import type { Libnl, Pointer } from './bindings.js'

type AtThreadEnd = (call: unknown, argument: Pointer, within: unknown) => number

/**
 * The `struct nl_sock`s of one thread.
 *
 * A worker can end without its JavaScript being asked (`worker.terminate()`), and its descriptors
 * would stay open in the process. So, in a worker, the C library is told to have libnl free each
 * structure when the thread ends (`__cxa_thread_atexit_impl`, which keeps libnl loaded until then).
 * That cannot be taken back, so a structure that is given back is closed, not freed, and used again.
 * A C library without that function (musl) leaves the sockets of a terminated worker open.
 */
export class Handles {
  readonly #libnl: Libnl
  readonly #spare: Pointer[] = []
  readonly #freeAtEnd: ((handle: Pointer) => boolean) | undefined

  /** `free` is the address of `nl_socket_free`. */
  constructor(libnl: Libnl, free: unknown) {
    this.#libnl = libnl
    const atThreadEnd = isMainThread ? undefined : bindAtThreadEnd()
    if (atThreadEnd !== undefined) this.#freeAtEnd = (handle) => atThreadEnd(free, handle, free) === 0
  }

  /** A structure without a socket, or `undefined` without memory. */
  take(): Pointer | undefined {
    const spare = this.#spare.pop()
    if (spare !== undefined) return spare
    const handle = this.#libnl.nl_socket_alloc()
    if (handle === null) return undefined
    if (this.#freeAtEnd?.(handle) === false) {
      this.#libnl.nl_socket_free(handle)
      return undefined
    }
    return handle
  }

  /** Closes its socket. */
  give(handle: Pointer): void {
    if (this.#freeAtEnd === undefined) {
      this.#libnl.nl_socket_free(handle)
      return
    }
    this.#libnl.nl_close(handle)
    // Another port id: what is still sent to the old one must not reach whoever is next.
    this.#libnl.nl_socket_set_local_port(handle, 0)
    this.#spare.push(handle)
  }
}

function bindAtThreadEnd(): AtThreadEnd | undefined {
  try {
    return koffi.load(null).func('int __cxa_thread_atexit_impl(void *func, void *obj, void *dso_symbol)') as AtThreadEnd
  } catch {
    return undefined
  }
}
