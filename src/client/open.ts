import { dialOf } from '../kernel/dial.js'
import { OPEN_OPTIONS, type OpenOptions, openGenericNetlink, openRtnetlink } from '../kernel/open.js'
import { checkMembers } from '../netlink/members.js'
import { Ovs } from './ovs.js'
import { isAlive } from './port-ids.js'

/**
 * Opens Open vSwitch in the running kernel, in the network namespace of this thread or in another
 * one.
 *
 * @throws LibraryNotFoundError, FamilyNotFoundError, NamespaceError, InvalidValueError
 */
export async function openOvs(options: OpenOptions = {}): Promise<Ovs> {
  checkMembers(options, 'how Open vSwitch is opened', OPEN_OPTIONS)
  const dial = dialOf(options)
  const shared = { ...options, netns: undefined, dial }
  // Behind a dial of one's own may be another kernel, of whose sockets this machine's /proc knows nothing.
  return await Ovs.open(openGenericNetlink(shared), openRtnetlink(shared), 'inside' in dial ? (portId) => isAlive(portId, dial.inside) : () => true)
}
