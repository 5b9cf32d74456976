import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs'
import { Errno, errnoName, errnoText } from '../netlink/errno.js'
import { InvalidValueError, OvsError, type OvsErrorOptions, show } from '../netlink/errors.js'
import { lastErrno, libc } from './bindings.js'

/**
 * Which network namespace: a name, as `ip netns` keeps them in /run/netns; the path of its file, with
 * a slash in it; or the id of a process that is in it.
 */
export type NetnsName = string | number

/**
 * A network namespace could not be opened, entered or left. Code: `OVS_NO_NETNS` (there is none),
 * `OVS_NOT_NETNS` (it is something else), `OVS_NETNS_LOST` (the thread could not come back: end it), or
 * the errno's name (`EPERM`, `EACCES`).
 */
export class NamespaceError extends OvsError {
  /** The one that was asked for. */
  readonly netns: NetnsName

  constructor(code: string, netns: NetnsName, sentence: string, options: OvsErrorOptions) {
    super(code, sentence, options)
    this.netns = netns
  }
}

const FOLDER = '/run/netns'
const OWN = '/proc/thread-self/ns/net'
const CLONE_NEWNET = 0x4000_0000
const NS_GET_NSTYPE = 0xb703
/** `CLONE_NEW…` */
const KINDS: Readonly<Record<number, string>> = { 0x80: 'time', 0x2_0000: 'mount', 0x200_0000: 'cgroup', 0x400_0000: 'UTS', 0x800_0000: 'IPC', 0x1000_0000: 'user', 0x2000_0000: 'PID' }

const forgotten = new FinalizationRegistry<number>(closeSync)

/** A network namespace of this machine. It exists for as long as this is open, also where its name is taken away meanwhile. */
export class NetworkNamespace {
  readonly #fd: number
  #closed = false

  /**
   * @throws NamespaceError when there is none of that name, or it must not be opened.
   * @throws InvalidValueError
   */
  constructor(
    /** As it was asked for. */
    readonly netns: NetnsName,
  ) {
    this.#fd = open(netns)
    const kind = libc().ioctl(this.#fd, NS_GET_NSTYPE, 0)
    if (kind !== CLONE_NEWNET) {
      closeSync(this.#fd)
      const what = KINDS[kind] === undefined ? 'no namespace' : `a ${KINDS[kind]} namespace`
      throw new NamespaceError('OVS_NOT_NETNS', netns, `${pathOf(netns)} is ${what}, not a network namespace`, {
        remedy: `Give a name in ${FOLDER}, the id of a process, or a path like /proc/1/ns/net.`,
      })
    }
    forgotten.register(this, this.#fd, this)
  }

  /** Its descriptor, for whoever moves devices into it; -1 once closed. */
  get fd(): number {
    return this.#closed ? -1 : this.#fd
  }

  /**
   * Does something in it, at once, on this thread, which is back in its own namespace when this
   * returns or throws. Sockets that are made meanwhile stay in it; so would a thread that is begun
   * meanwhile, so do no more than has to be done.
   *
   * @throws NamespaceError (`EPERM`), and whatever `task` throws.
   */
  run<T>(task: () => T): T {
    const own = openOwn(this.netns)
    try {
      const [here, there] = [fstatSync(own), fstatSync(this.#fd)]
      if (here.ino === there.ino && here.dev === there.dev) return task()
      // Whoever may enter another namespace may still be refused their own, which may belong to another user namespace: the way back is tried first.
      this.#enter(own, 'that this thread is in now, to which it must come back')
      this.#enter(this.#fd, show(this.netns))
      try {
        return task()
      } finally {
        if (libc().setns(own, CLONE_NEWNET) !== 0) this.#lost(lastErrno())
      }
    } finally {
      closeSync(own)
    }
  }

  /** Lets go of it. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    forgotten.unregister(this)
    closeSync(this.#fd)
  }

  /** {@link close}, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  #enter(fd: number, which: string): void {
    if (libc().setns(fd, CLONE_NEWNET) === 0) return
    const errno = lastErrno()
    throw new NamespaceError(errnoName(errno), this.netns, `the network namespace ${which} cannot be entered: ${errnoName(errno)}, ${errnoText(errno)}`, {
      ...(errno === Errno.EPERM ? { remedy: 'It needs the capability CAP_SYS_ADMIN both in one\'s own user namespace and in the one that owns the network namespace: run it as root.' } : {}),
      cause: { errno, call: 'setns' },
    })
  }

  /** Everything that this thread would make from now on would be made in the wrong place: not even who catches all errors must go on. */
  #lost(errno: number): never {
    const error = new NamespaceError('OVS_NETNS_LOST', this.netns, `this thread could not come back from the network namespace ${show(this.netns)}: ${errnoName(errno)}, ${errnoText(errno)}`, {
      remedy: 'End this thread: what it makes from now on would be made in that namespace.',
      cause: { errno, call: 'setns' },
    })
    process.nextTick(() => {
      throw error
    })
    throw error
  }
}

function pathOf(netns: NetnsName): string {
  if (typeof netns === 'number') return `/proc/${netns}/ns/net`
  return netns.includes('/') ? netns : `${FOLDER}/${netns}`
}

function open(netns: NetnsName): number {
  const valid = typeof netns === 'number' ? Number.isInteger(netns) && netns > 0 : typeof netns === 'string' && !['', '.', '..'].includes(netns) && !netns.includes('\0')
  if (!valid) throw new InvalidValueError('a network namespace is a name, a path, or the id of a process', netns, `Names are those in ${FOLDER}; a path has a slash in it.`)
  const path = pathOf(netns)
  try {
    return openSync(path, 'r')
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') throw missing(netns, path, cause)
    const whose = typeof netns === 'number' ? `The namespaces of process ${netns} are open to its own user, and to CAP_SYS_PTRACE.` : undefined
    throw new NamespaceError(code, netns, `the network namespace ${show(netns)} cannot be opened: ${(cause as Error).message}`, { cause, ...(whose === undefined ? {} : { remedy: whose }) })
  }
}

function missing(netns: NetnsName, path: string, cause: unknown): NamespaceError {
  if (typeof netns === 'number') return new NamespaceError('OVS_NO_NETNS', netns, `there is no process ${netns}`, { cause })
  if (netns === path) return new NamespaceError('OVS_NO_NETNS', netns, `there is no file ${show(path)}`, { cause })
  const names = namesThereAre()
  const remedy = names.length === 0 ? `${FOLDER} has none at all: make one with "ip netns add ${netns}", or give the path of another.` : `There are ${names.join(', ')}.`
  return new NamespaceError('OVS_NO_NETNS', netns, `there is no network namespace named ${show(netns)}`, { remedy, cause })
}

function namesThereAre(): string[] {
  try {
    return readdirSync(FOLDER).toSorted()
  } catch {
    return []
  }
}

function openOwn(netns: NetnsName): number {
  try {
    return openSync(OWN, 'r')
  } catch (cause) {
    throw new NamespaceError((cause as NodeJS.ErrnoException).code ?? 'ENOENT', netns, `the namespace that this thread is in cannot be opened, so it could not come back to it: ${(cause as Error).message}`, {
      remedy: 'Mount /proc.',
      cause,
    })
  }
}
