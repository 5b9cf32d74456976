import { GenericNetlink, type GenericNetlinkOptions } from '../genetlink/generic-netlink.js'
import { traceFromEnvironment } from '../genetlink/trace.js'
import { NetlinkSocket, type SocketOptions } from '../libnl/socket.js'
import type { Dial } from '../netlink/transport.js'

/** How a connection to the kernel is opened. */
export interface OpenOptions extends GenericNetlinkOptions, SocketOptions {
  /** Makes the sockets; libnl's unless said. A test can give a scripted one. */
  dial?: Dial
}

/**
 * Opens generic netlink on the running kernel, in the network namespace of this thread. Nothing is
 * sent yet.
 *
 * @throws LibraryNotFoundError when the first socket is made and libnl is missing.
 */
export function openGenericNetlink(options: OpenOptions = {}): GenericNetlink {
  return new GenericNetlink(options.dial ?? ((each) => new NetlinkSocket({ ...options, ...each })), { trace: traceFromEnvironment(), ...options })
}
