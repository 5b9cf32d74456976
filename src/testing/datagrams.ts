import { Source } from '../netlink/bytes.js'
import { AckFlags, ExtendedAck, MessageFlags, NLMSG_DONE, NLMSG_ERROR } from '../netlink/constants.js'
import { eachMessage } from '../netlink/message.js'
import { Writer } from '../netlink/writer.js'

/** One message of a datagram that was sent. */
export interface SentMessage {
  /** `nlmsg_type`: a family's id, or one of the control types below 16. */
  readonly type: number
  /** `nlmsg_flags` (`NLM_F_*`). */
  readonly flags: number
  /** `nlmsg_seq`, which the answer must repeat. */
  readonly sequence: number
  /** What follows `struct nlmsghdr`, copied. */
  readonly payload: Uint8Array
}

/** The messages of a datagram. @throws MalformedMessageError */
export function parseDatagram(bytes: Uint8Array): SentMessage[] {
  const source = new Source(bytes)
  const messages: SentMessage[] = []
  eachMessage(source, 0, bytes.length, (type, flags, sequence, start, end) => messages.push({ type, flags, sequence, payload: source.copy(start, end) }))
  return messages
}

/** A message, framed. */
export function message(type: number, payload: Uint8Array, { flags = 0, sequence = 0, portId = 0 }: { flags?: number; sequence?: number; portId?: number } = {}): Uint8Array {
  const writer = new Writer(64)
  const at = writer.openMessage(type, flags, sequence, portId)
  writer.raw(payload)
  writer.closeMessage(at)
  return writer.copy()
}

/** What a refusal says besides its errno. */
export interface RefusalDetails {
  /** The kernel's words. */
  message?: string
  /** Bytes from the request's `nlmsghdr` to the attribute at fault. */
  offset?: number
  /** Number of the attribute that is missing. */
  missing?: number
}

/** An acknowledgement of `request`; an `errno` above 0 refuses it. */
export function acknowledgement(request: SentMessage, errno = 0, details: RefusalDetails = {}): Uint8Array {
  const writer = new Writer(128)
  const extended = details.message !== undefined || details.offset !== undefined || details.missing !== undefined
  const at = writer.openMessage(NLMSG_ERROR, AckFlags.capped | (extended ? AckFlags.tlvs : 0), request.sequence)
  writer.u32(-errno >>> 0)
  const repeated = writer.openMessage(request.type, request.flags, request.sequence)
  writer.closeMessage(repeated)
  writeDetails(writer, details)
  writer.closeMessage(at)
  return writer.copy()
}

/** The end of a dump; an `errno` above 0 says that it failed. */
export function done(request: SentMessage, errno = 0, { interrupted = false }: { interrupted?: boolean } = {}): Uint8Array {
  const writer = new Writer(64)
  const at = writer.openMessage(NLMSG_DONE, MessageFlags.multi | (interrupted ? MessageFlags.dumpInterrupted : 0), request.sequence)
  writer.u32(-errno >>> 0)
  writer.closeMessage(at)
  return writer.copy()
}

function writeDetails(writer: Writer, { message: words, offset, missing }: RefusalDetails): void {
  if (words !== undefined) {
    const at = writer.openAttribute(ExtendedAck.message)
    writer.text(words)
    writer.closeAttribute(at)
  }
  for (const [type, value] of [[ExtendedAck.offset, offset], [ExtendedAck.missType, missing]] as const) {
    if (value === undefined) continue
    const at = writer.openAttribute(type)
    writer.u32(value)
    writer.closeAttribute(at)
  }
}
