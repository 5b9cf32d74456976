import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** Linux has one number with two names here; the kernel's sources write EOPNOTSUPP, and EAGAIN. */
const PREFERRED: Readonly<Record<string, string>> = { ENOTSUP: 'EOPNOTSUPP', EWOULDBLOCK: 'EAGAIN' }

/** Made anew by node at each call. */
const texts = getSystemErrorMap()
const names = new Map<number, string>()
for (const [name, number] of Object.entries(constants.errno)) names.set(number, PREFERRED[name] ?? name)

/** The numbers that this SDK decides by. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EAGAIN: 11,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ERANGE: 34,
  ENODATA: 61,
  EOVERFLOW: 75,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
  /** The kernel's own; user space has no name for it. */
  ENOTSUPP: 524,
} as const

/** `EINVAL` for 22; `errno 524` for one that has no name in user space. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`
}

/** `invalid argument` for 22. */
export function errnoText(errno: number): string {
  return texts.get(-errno)?.[1] ?? 'unknown error'
}
