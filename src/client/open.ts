import { GenericNetlink, type GenericNetlinkOptions } from '../genetlink/generic-netlink.js'
import { traceFromEnvironment } from '../genetlink/trace.js'
import { NetlinkSocket, type SocketOptions } from '../libnl/socket.js'
import type { Dial } from '../netlink/transport.js'
import { Ovs } from './ovs.js'
import { isAlive } from './port-ids.js'

/** How a connection to the kernel is opened. */
export interface OpenOptions extends GenericNetlinkOptions, SocketOptions {
  /** Makes the sockets; libnl's unless said. A test can give a scripted one. */
  dial?: Dial
}

/**
 * Opens generic netlink on the running kernel.
 *
 * @throws LibraryNotFoundError
 */
export function openGenericNetlink(options: OpenOptions = {}): GenericNetlink {
  return new GenericNetlink(options.dial ?? ((each) => new NetlinkSocket({ ...options, ...each })), { trace: traceFromEnvironment(), ...options })
}

/**
 * Opens Open vSwitch in the running kernel, in the network namespace of this thread.
 *
 * @throws LibraryNotFoundError, FamilyNotFoundError
 */
export function openOvs(options: OpenOptions = {}): Promise<Ovs> {
  // Behind a dial of one's own may be another kernel, of whose sockets this machine's /proc knows nothing.
  return Ovs.open(openGenericNetlink(options), options.dial === undefined ? isAlive : () => true)
}
