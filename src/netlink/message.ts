import { LITTLE_ENDIAN, type Source } from './bytes.js'
import { AckFlags, align, ExtendedAck, NLMSG_HEADER } from './constants.js'
import { eachAttribute } from './attributes.js'
import { MalformedMessageError } from './errors.js'

/** Takes one message; `start` and `end` bound its payload, behind `struct nlmsghdr`; `portId` is `nlmsg_pid`. */
export type MessageSink = (type: number, flags: number, sequence: number, start: number, end: number, portId: number) => void

/**
 * The messages of a datagram, one after the other.
 *
 * @throws MalformedMessageError when a length does not fit the datagram.
 */
export function eachMessage(source: Source, start: number, end: number, visit: MessageSink): void {
  const { view } = source
  let at = start
  while (at + NLMSG_HEADER <= end) {
    const length = view.getUint32(at, LITTLE_ENDIAN)
    if (length < NLMSG_HEADER || at + length > end) {
      throw new MalformedMessageError(`a message says it is ${length} bytes long where ${end - at} are left`)
    }
    visit(
      view.getUint16(at + 4, LITTLE_ENDIAN),
      view.getUint16(at + 6, LITTLE_ENDIAN),
      view.getUint32(at + 8, LITTLE_ENDIAN),
      at + NLMSG_HEADER,
      at + length,
      view.getUint32(at + 12, LITTLE_ENDIAN),
    )
    at += align(length)
  }
  if (at < end && end - at < NLMSG_HEADER) throw new MalformedMessageError(`${end - at} bytes are left behind the last message`)
}

/** An acknowledgement (`NLMSG_ERROR`), or the end of a dump (`NLMSG_DONE`). */
export interface Acknowledgement {
  /** 0, or the positive errno. */
  errno: number
  /** The kernel's words. */
  message?: string
  /** Where the kernel points, in bytes from the request's `nlmsghdr`. */
  offset?: number
  /** The number of the attribute that is missing. */
  missing?: number
  /** The nest in which it is missing, in bytes from the request's `nlmsghdr`; absent at the top. */
  missingIn?: number
}

/** The errno of an `NLMSG_ERROR` or `NLMSG_DONE`, without the rest. */
export function readErrno(source: Source, start: number, end: number): number {
  return end - start >= 4 ? 0 - source.view.getInt32(start, LITTLE_ENDIAN) : 0
}

/** An `NLMSG_ERROR` (with `repeats`: the request, or its header, stands in it) or an `NLMSG_DONE`, whole. */
export function readAcknowledgement(source: Source, flags: number, start: number, end: number, repeats: boolean): Acknowledgement {
  const result: Acknowledgement = { errno: readErrno(source, start, end) }
  let at = start + 4
  if (repeats && at + NLMSG_HEADER <= end) {
    const repeated = flags & AckFlags.capped ? NLMSG_HEADER : source.view.getUint32(at, LITTLE_ENDIAN)
    if (repeated > end - at) return result
    at += align(Math.max(repeated, NLMSG_HEADER))
  }
  if (!(flags & AckFlags.tlvs) || at >= end) return result
  eachAttribute(source, at, end, (type, from, to) => {
    if (type === ExtendedAck.message) result.message = source.bytes.toString('utf8', from, to).replace(/\0+$/, '')
    else if (type === ExtendedAck.offset && to - from >= 4) result.offset = source.view.getUint32(from, LITTLE_ENDIAN)
    else if (type === ExtendedAck.missType && to - from >= 4) result.missing = source.view.getUint32(from, LITTLE_ENDIAN)
    else if (type === ExtendedAck.missNest && to - from >= 4) result.missingIn = source.view.getUint32(from, LITTLE_ENDIAN)
  })
  return result
}
