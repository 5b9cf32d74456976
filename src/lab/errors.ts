/** What went wrong in the lab, as a word that programs can compare. */
export type LabErrorCode =
  | 'UNSUPPORTED_SYSTEM'
  | 'BAD_OPTION'
  | 'CACHE_UNUSABLE'
  | 'NO_SOURCES'
  | 'SOURCES_UNREADABLE'
  | 'MIRROR_UNREACHABLE'
  | 'SIGNATURE_INVALID'
  | 'HASH_MISMATCH'
  | 'RELEASE_EXPIRED'
  | 'NO_SUCH_SUITE'
  | 'NO_SUCH_PACKAGE'
  | 'DISK_FULL'
  | 'APT_FAILED'
  | 'TOOL_FAILED'
  | 'COMPONENT_BROKEN'
  | 'BOOT_FAILED'
  | 'KERNEL_PANIC'
  | 'HOST_WITHOUT_OVS'

/**
 * An error of the lab: one sentence that says what is wrong (`message`), one
 * that says what to do about it (`remedy`), and a stable `code`. What a tool
 * printed, where one was involved, is in `details`.
 */
export class LabError extends Error {
  override readonly name = 'LabError'
  readonly code: LabErrorCode
  readonly remedy: string
  readonly details: string

  constructor(code: LabErrorCode, message: string, remedy: string, options: { details?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.remedy = remedy
    this.details = options.details ?? ''
  }
}

/** Text from outside, made harmless for a terminal: control characters become visible escapes, line ends stay. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu, (char) => {
    if (char === '\t') return char
    return `\\u{${char.codePointAt(0)!.toString(16)}}`
  })
}
