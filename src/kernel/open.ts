import { GenericNetlink, type GenericNetlinkOptions } from '../genetlink/generic-netlink.js'
import { NetworkNamespace } from '../libnl/namespace.js'
import { checkMembers, type MemberNames } from '../netlink/members.js'
import { traceFromEnvironment } from '../netlink/trace.js'
import { Rtnetlink, type RtnetlinkOptions } from '../rtnetlink/rtnetlink.js'
import { dialOf, KERNEL_OPTIONS, type KernelOptions } from './dial.js'

/** How a connection to the kernel is opened. */
export interface OpenOptions extends GenericNetlinkOptions, KernelOptions {}

/** @internal */
export const OPEN_OPTIONS: MemberNames<OpenOptions> = { ...KERNEL_OPTIONS, timeout: true, trace: true }

/**
 * Opens generic netlink on the running kernel, in the network namespace of this thread or in
 * another one. Nothing is sent yet.
 *
 * @throws NamespaceError, InvalidValueError
 * @throws LibraryNotFoundError when the first socket is made and libnl is missing.
 */
export function openGenericNetlink(options: OpenOptions = {}): GenericNetlink {
  checkMembers(options, 'how generic netlink is opened', OPEN_OPTIONS)
  const { timeout, trace = traceFromEnvironment(), ...kernel } = options
  return new GenericNetlink(dialOf(kernel), { trace, timeout })
}

/** How rtnetlink is opened. */
export interface OpenRtnetlinkOptions extends Omit<RtnetlinkOptions, 'openNetns'>, KernelOptions {}

/**
 * Opens rtnetlink on the running kernel, in the network namespace of this thread or in another one.
 * Nothing is sent yet.
 *
 * @throws NamespaceError, InvalidValueError
 * @throws LibraryNotFoundError when the first socket is made and libnl is missing.
 */
export function openRtnetlink(options: OpenRtnetlinkOptions = {}): Rtnetlink {
  checkMembers(options, 'how rtnetlink is opened', OPEN_OPTIONS)
  const { timeout, trace = traceFromEnvironment(), ...kernel } = options
  return new Rtnetlink(dialOf(kernel), { trace, timeout, openNetns: (netns) => new NetworkNamespace(netns) })
}
