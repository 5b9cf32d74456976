import { GenericNetlink, type GenericNetlinkOptions } from '../genetlink/generic-netlink.js'
import { NetworkNamespace } from '../libnl/namespace.js'
import { traceFromEnvironment } from '../netlink/trace.js'
import { Rtnetlink, type RtnetlinkOptions } from '../rtnetlink/rtnetlink.js'
import { dialOf, type KernelOptions } from './dial.js'

/** How a connection to the kernel is opened. */
export interface OpenOptions extends GenericNetlinkOptions, KernelOptions {}

/**
 * Opens generic netlink on the running kernel, in the network namespace of this thread or in
 * another one. Nothing is sent yet.
 *
 * @throws NamespaceError
 * @throws LibraryNotFoundError when the first socket is made and libnl is missing.
 */
export function openGenericNetlink({ timeout, trace = traceFromEnvironment(), ...options }: OpenOptions = {}): GenericNetlink {
  return new GenericNetlink(dialOf(options), { trace, timeout })
}

/** How rtnetlink is opened. */
export interface OpenRtnetlinkOptions extends Omit<RtnetlinkOptions, 'openNetns'>, KernelOptions {}

/**
 * Opens rtnetlink on the running kernel, in the network namespace of this thread or in another one.
 * Nothing is sent yet.
 *
 * @throws NamespaceError
 * @throws LibraryNotFoundError when the first socket is made and libnl is missing.
 */
export function openRtnetlink({ timeout, trace = traceFromEnvironment(), ...options }: OpenRtnetlinkOptions = {}): Rtnetlink {
  return new Rtnetlink(dialOf(options), { trace, timeout, openNetns: (netns) => new NetworkNamespace(netns) })
}
