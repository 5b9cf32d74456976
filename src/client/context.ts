import type { GenericNetlink } from '../genetlink/generic-netlink.js'
import type { OvsFamilies } from '../ovs/families.js'
import type { Links } from '../rtnetlink/links.js'

/** What lasts until somebody closes it. */
export interface Closable {
  close(): Promise<void>
}

/** What the handles share: the families, the sockets underneath, and what has to be closed before those. */
export interface Context extends OvsFamilies {
  readonly netlink: GenericNetlink
  readonly links: Links
  readonly open: Set<Closable>
  /** Called when all flows of a datapath have been deleted at once, through these families. */
  readonly flushed: Set<(dpIfindex: number) => void>
  /** Whether somebody listens behind this port id. */
  isAlive(portId: number): boolean
}
