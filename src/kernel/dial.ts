import { type NetnsName, NetworkNamespace } from '../libnl/namespace.js'
import { NetlinkSocket, SOCKET_OPTIONS, type SocketOptions } from '../libnl/socket.js'
import { InvalidValueError } from '../netlink/errors.js'
import type { MemberNames } from '../netlink/members.js'
import type { Dial } from '../netlink/transport.js'

/** Where the kernel is, and how its sockets are made. */
export interface KernelOptions extends Omit<SocketOptions, 'netns' | 'protocol'> {
  /**
   * The network namespace, by its name in /run/netns, its path, or the id of a process; that of this
   * thread unless said. It is kept until all is closed.
   */
  netns?: NetnsName
  /** Makes the sockets; libnl's unless said. A test can give a scripted one. */
  dial?: Dial
}

const { protocol: _, ...FOR_ALL } = SOCKET_OPTIONS
/** @internal */
export const KERNEL_OPTIONS: MemberNames<KernelOptions> = { ...FOR_ALL, dial: true }

/** Makes sockets of the kernel that this process runs on. */
export interface KernelDial extends Dial {
  /** Does something at once, in the network namespace of the sockets. @throws NamespaceError */
  inside<T>(task: () => T): T
}

/** @throws NamespaceError, InvalidValueError */
export function kernelDial({ netns, ...options }: Omit<KernelOptions, 'dial'>): KernelDial {
  if (netns === undefined) return Object.assign((each?: SocketOptions) => new NetlinkSocket({ ...options, ...each }), { inside: <T>(task: () => T) => task() })
  const namespace = new NetworkNamespace(netns)
  return Object.assign((each?: SocketOptions) => new NetlinkSocket({ ...options, ...each, netns: namespace }), {
    inside: <T>(task: () => T) => namespace.run(task),
    close: () => namespace.close(),
  })
}

/** The dial that is given, or one of this kernel. @throws NamespaceError, InvalidValueError */
export function dialOf({ dial, ...options }: KernelOptions): Dial | KernelDial {
  if (dial !== undefined && options.netns !== undefined) throw new InvalidValueError('a dial of one\'s own chooses the network namespace itself', options.netns, 'Leave out netns, or dial.')
  return dial ?? kernelDial(options)
}
