import type { OverrunError, OvsError } from '../netlink/errors.js'
import type { DatapathMessage } from '../ovs/datapath.js'
import type { FlowMessage } from '../ovs/flow.js'
import type { VportMessage } from '../ovs/vport.js'

/** A kind of object that notifications are about: those families of Open vSwitch that send any. */
export type NotificationFamily = 'datapath' | 'vport' | 'flow'

/** What happened to an object. */
export type NotificationVerb = 'new' | 'set' | 'del'

/**
 * How it became known.
 *
 * - `announced`: the kernel told, because of somebody's request.
 * - `device gone`: the kernel told, because the port's network device vanished.
 *
 * What the kernel does not tell, and what is known all the same, where there is a mirror of it:
 *
 * - `datapath created`: the datapath's own port came with it.
 * - `datapath deleted`: a port or flow went with it.
 * - `flushed`: all flows of a datapath were deleted at once, through this same `Ovs`.
 * - `resync`: it was found when everything was read again.
 */
export type NotificationReason = 'announced' | 'device gone' | 'datapath created' | 'datapath deleted' | 'flushed' | 'resync'

/** Whose request it was. */
export interface Requester {
  /** Netlink port id of the socket that the request came from (`nlmsg_pid`). Often its process's id in the lower 22 bits, but nothing holds a program to that. */
  readonly portId: number
  /** The number that the request was given by whoever made it (`nlmsg_seq`). */
  readonly sequence: number
  /** The request was made through this same `Ovs`. */
  readonly own: boolean
}

/** A change of one object. */
export interface Change<Family extends NotificationFamily, Message> {
  /** Kind of object, and what happened to it: `vport:new`. It is the event's name. */
  readonly type: `${Family}:${NotificationVerb}`
  /** Kind of object. */
  readonly family: Family
  /** What happened to it. */
  readonly verb: NotificationVerb
  /** Interface index of the datapath's own port. */
  readonly dpIfindex: number
  /** Name of the datapath, where it is known. */
  readonly datapath: string | undefined
  /**
   * The object as it is now, or, where it was deleted, as it was. Of what the kernel does not tell, without statistics.
   * Where there is no mirror, a flow is without its key, mask and actions if the requester had them left out (`ufidFlags`).
   */
  readonly value: Message
  /** Of a `set`: the object as it was before, without statistics; only where there is a mirror of it. */
  readonly before: Message | undefined
  /** How it became known. */
  readonly reason: NotificationReason
  /** Whose request it was; undefined where nobody's was, or the kernel does not tell. */
  readonly requester: Requester | undefined
}

/** A datapath was made, changed or deleted. */
export interface DatapathNotification extends Change<'datapath', DatapathMessage> {}
/** A port was added, changed or removed. */
export interface VportNotification extends Change<'vport', VportMessage> {}
/** A flow was made, changed or deleted. */
export interface FlowNotification extends Change<'flow', FlowMessage> {}

/** Notifications were lost, or could not be understood. What is mirrored is read again, and a {@link WatchResync} follows. */
export interface WatchOverrun {
  /** What tells it from the others. */
  readonly type: 'overrun'
  /** How often in all. */
  readonly overruns: number
  /** What happened: an {@link OverrunError}, or a message that was malformed or too long. */
  readonly error: OverrunError | OvsError
  /** Of what nothing is mirrored, so that what was lost stays unknown. */
  readonly unknown: readonly NotificationFamily[]
}

/** What is mirrored was read again. What was found to have changed came before this, with the reason `resync`. */
export interface WatchResync {
  /** What tells it from the others. */
  readonly type: 'resync'
  /** Objects that had not been known. */
  readonly added: number
  /** Objects that had changed. */
  readonly changed: number
  /** Objects that were gone. */
  readonly removed: number
}

/** A change, in any family. */
export type Notification = DatapathNotification | VportNotification | FlowNotification

/** What a watch brings, in order. */
export type WatchEvent = Notification | WatchOverrun | WatchResync
