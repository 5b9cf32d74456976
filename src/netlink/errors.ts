import { errnoName, errnoText } from './errno.js'

/** What may be said about an error besides its sentence. */
export interface OvsErrorOptions {
  /** What would mend it, as a sentence of its own. */
  remedy?: string
  /** The error underneath. */
  cause?: unknown
}

/**
 * Every error that this SDK throws. Recognise one by its class or its {@link code}, never by its
 * text.
 */
export abstract class OvsError extends Error {
  /** Stable; an errno name such as `EEXIST` where the kernel refused, `OVS_…` otherwise. */
  readonly code: string
  /** What would mend it, where that is known. */
  readonly remedy: string | undefined

  constructor(code: string, sentence: string, options: OvsErrorOptions = {}) {
    super(options.remedy === undefined ? sentence : `${sentence}\n${options.remedy}`, options.cause === undefined ? {} : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.remedy = options.remedy
  }
}

/** A value that cannot be sent. Nothing was sent. Code `OVS_INVALID_VALUE`. */
export class InvalidValueError extends OvsError {
  /** Where it stands, by the kernel's names, outermost first: `['OVS_FLOW_ATTR_KEY', 'OVS_KEY_ATTR_VLAN']`. */
  readonly attribute: readonly string[]
  /** The value as it was given. */
  readonly value: unknown
  /** What is wrong with it, without its place. */
  readonly reason: string

  constructor(reason: string, value: unknown, remedy?: string, attribute: readonly string[] = []) {
    const place = attribute.length > 0 ? `${attribute.join(' > ')}: ` : ''
    super('OVS_INVALID_VALUE', `${place}${reason}, got ${show(value)}`, remedy === undefined ? {} : { remedy })
    this.attribute = attribute
    this.value = value
    this.reason = reason
  }

  /** The same error, seen from one attribute further out. */
  within(attribute: string): InvalidValueError {
    return new InvalidValueError(this.reason, this.value, this.remedy, [attribute, ...this.attribute])
  }
}

/** The kernel refused a request. Code: the errno's name. */
export class KernelError extends OvsError {
  /** The positive errno. */
  readonly errno: number
  /** The request, in words: `ovs_vport new`. */
  readonly request: string
  /** The kernel's own words, from its extended acknowledgement. */
  readonly kernelMessage: string | undefined
  /** The attribute that the kernel misses, by its own name. */
  readonly missing: string | undefined
  /** The attribute that the kernel points at, by the kernel's names, outermost first. */
  readonly attribute: readonly string[]

  constructor(errno: number, request: string, extended: ExtendedAckInfo = {}, options: OvsErrorOptions & { sentence?: string } = {}) {
    const name = errnoName(errno)
    const attribute = extended.attribute ?? []
    const said = extended.message === undefined ? '' : `: ${extended.message}`
    const place = attribute.length > 0 ? ` (at ${attribute.join(' > ')})` : ''
    const missing = extended.missing === undefined ? '' : ` (missing: ${extended.missing})`
    const refusal = `${request}: ${name}, ${errnoText(errno)}${said}${place}${missing}`
    super(name, options.sentence === undefined ? refusal : `${options.sentence} (${refusal})`, {
      ...options,
      cause: options.cause ?? { errno, name, text: errnoText(errno) },
    })
    this.errno = errno
    this.request = request
    this.missing = extended.missing
    this.kernelMessage = extended.message
    this.attribute = attribute
  }

  /** The same refusal with a sentence that says what it means here. */
  explained(sentence: string, remedy?: string): KernelError {
    const { kernelMessage: message, missing, attribute } = this
    return new KernelError(
      this.errno,
      this.request,
      { ...(message === undefined ? {} : { message }), ...(missing === undefined ? {} : { missing }), attribute },
      { sentence, ...(remedy === undefined ? {} : { remedy }), cause: this },
    )
  }
}

/** What an extended acknowledgement added to an errno. */
export interface ExtendedAckInfo {
  /** `NLMSGERR_ATTR_MSG`: the kernel's own words. */
  message?: string
  /** Where `NLMSGERR_ATTR_OFFS` points, by the kernel's names, outermost first. */
  attribute?: readonly string[]
  /** The attribute that `NLMSGERR_ATTR_MISS_TYPE` asks for, with the nest around it. */
  missing?: string
}

/** Bytes that are not a well-formed message. Code `OVS_MALFORMED`. */
export class MalformedMessageError extends OvsError {
  constructor(sentence: string, cause?: unknown) {
    super('OVS_MALFORMED', sentence, { cause })
  }
}

/** A message was longer than the memory that it was received into; its end is lost. Code `OVS_TRUNCATED`. */
export class TruncatedError extends OvsError {
  constructor(received: number, length: number) {
    super('OVS_TRUNCATED', `a message of ${length} bytes was cut to ${received}`, { remedy: 'Receive with a larger buffer (receiveSize).' })
  }
}

/** The socket's receive queue overflowed and the kernel dropped messages (`ENOBUFS`). Code `OVS_OVERRUN`. */
export class OverrunError extends OvsError {
  constructor(cause?: unknown) {
    super('OVS_OVERRUN', 'the socket\'s receive queue overflowed: the kernel dropped messages (ENOBUFS)', {
      remedy: 'Read again what may have changed; receive sooner, or ask for a larger receive buffer (receiveBuffer).',
      cause,
    })
  }
}

/** What was dumped changed while it was dumped (`NLM_F_DUMP_INTR`). Code `OVS_DUMP_INTERRUPTED`. */
export class DumpInterruptedError extends OvsError {
  constructor(request: string) {
    super('OVS_DUMP_INTERRUPTED', `${request}: the objects changed while they were dumped, some may be missing or repeated`, {
      remedy: 'Dump again.',
    })
  }
}

/** No answer came in time. Code `OVS_TIMEOUT`. */
export class TimeoutError extends OvsError {
  constructor(request: string, milliseconds: number) {
    super('OVS_TIMEOUT', `${request}: no answer within ${milliseconds} ms`, {
      remedy: 'The request may or may not have been carried out: read the state before you try again.',
    })
  }
}

/**
 * Its `AbortSignal` was aborted; the signal's reason is the cause. As with Node's own functions its
 * name is `AbortError` and its code `ABORT_ERR`.
 */
export class AbortError extends OvsError {
  constructor(what: string, signal: AbortSignal) {
    super('ABORT_ERR', `${what} was aborted`, { cause: signal.reason as unknown })
  }
}

/** It has been closed. Code `OVS_CLOSED`. */
export class ClosedError extends OvsError {
  constructor(what: string) {
    super('OVS_CLOSED', `${what} is closed`)
  }
}

/** A system call on the socket failed. Code: the errno's name. */
export class SocketError extends OvsError {
  /** The positive errno. */
  readonly errno: number
  /** The function that failed: `recvmmsg`, `nl_connect`. */
  readonly call: string

  constructor(call: string, errno: number, options: OvsErrorOptions = {}) {
    super(errnoName(errno), `${call}: ${errnoName(errno)}, ${errnoText(errno)}`, { ...options, cause: options.cause ?? { errno, call } })
    this.errno = errno
    this.call = call
  }
}

/** A value as an error shows it: short, on one line, with nothing that a terminal would obey. */
export function show(value: unknown): string {
  let text: string
  if (typeof value === 'string') text = JSON.stringify(value)
  else if (typeof value === 'bigint') text = `${value}n`
  else if (value instanceof Uint8Array) text = `${value.length} bytes`
  else if (typeof value === 'function') text = `a function ${value.name}`
  else if (typeof value === 'object' && value !== null) text = showObject(value)
  else text = String(value)
  // JSON leaves the C1 controls as they are, and some terminals obey them.
  // oxlint-disable-next-line no-control-regex
  text = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return text.length > 120 ? `${text.slice(0, 117)}…` : text
}

function showObject(value: object): string {
  try {
    return (
      JSON.stringify(value, (_, each: unknown) => {
        if (typeof each === 'bigint') return `${each}n`
        if (each instanceof Uint8Array) return `${each.length} bytes`
        return typeof each === 'symbol' ? String(each) : each
      }) ?? 'an object'
    )
  } catch {
    // It holds itself, or its toJSON fails.
    return 'an object'
  }
}
