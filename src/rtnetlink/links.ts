import { ABORT_OPTIONS, type AbortOptions } from '../netlink/abort.js'
import type { Source } from '../netlink/bytes.js'
import type { Connections } from '../netlink/connection-pool.js'
import { MessageFlags } from '../netlink/constants.js'
import { DumpInterruptedError, InvalidValueError, MalformedMessageError } from '../netlink/errors.js'
import { checkMembers, type MemberNames } from '../netlink/members.js'
import { dump, exchange, type Shape } from '../netlink/requests.js'
import { explain } from './explain.js'
import { LinkAttributes, LinkCodec, LinkFlags, LinkHeader, type LinkMessage, type LinkRequest } from './link.js'

/** `RTM_*` of network devices (`linux/rtnetlink.h`). */
export const LinkCommands = {
  /** `RTM_NEWLINK`: makes one, or changes one; and what every reply and notification is. */
  new: 16,
  /** `RTM_DELLINK` */
  del: 17,
  /** `RTM_GETLINK`: one, or a dump of all. */
  get: 18,
} as const

/** A network namespace that is held open while a device is moved into it. */
export interface OpenNamespace {
  /** Its descriptor. */
  readonly fd: number
  /** Idempotent. */
  close(): void
}

/** Opens a network namespace by name, path, or process id. */
export type OpenNetns = (netns: string | number) => OpenNamespace

/** A network device, as it was when it was read. */
export interface Link extends LinkMessage {
  /** It has been set up ({@link LinkFlags}). */
  up: boolean
}

/** What a network device is made with, or changed to. */
export interface LinkInput extends LinkRequest {
  /** Sets it up, or down. */
  readonly up?: boolean
  /** Moves it into a network namespace, by name in /run/netns, path, or process id. */
  readonly netns?: string | number
}

const LINK_INPUT: MemberNames<LinkInput> = {
  ...(Object.fromEntries([LinkAttributes.table, LinkHeader.fields].flatMap(Object.keys).map((name) => [name, true])) as MemberNames<typeof LinkAttributes.table & typeof LinkHeader.fields>),
  up: true,
  netns: true,
  unknown: true,
}
const SHAPE: Shape = { attributes: LinkAttributes as unknown as Shape['attributes'], headers: LinkHeader.size }
/** How often a list is read anew that changed while it was read. */
const TRIES = 10

/** Network devices (`RTM_*LINK`), in the kernel's verbs. */
export class Links {
  readonly #connections: Connections
  readonly #openNetns: OpenNetns

  /** @internal Made by `Rtnetlink`. */
  constructor(connections: Connections, openNetns: OpenNetns) {
    this.#connections = connections
    this.#openNetns = openNetns
  }

  /** The device with this name or interface index, read now. @throws KernelError (`ENODEV`), InvalidValueError, AbortError */
  async get(which: string | number, options: AbortOptions = {}): Promise<Link> {
    checkMembers(options, 'how a device is read', ABORT_OPTIONS)
    let found: Link | undefined
    await this.#request('get', which, named(which), 0, options, (source, start, end) => {
      found = read(source, start, end)
    })
    if (found === undefined) throw new MalformedMessageError('link get: the kernel acknowledged but did not reply')
    return found
  }

  /**
   * All devices, as they come. See {@link list}, which begins anew when they change meanwhile.
   *
   * @throws DumpInterruptedError behind the last device, when devices were made, changed or deleted meanwhile: some may be missing or repeated.
   * @throws AbortError
   */
  dump(options: AbortOptions = {}): AsyncGenerator<Link, void, void> {
    checkMembers(options, 'how devices are read', ABORT_OPTIONS)
    return dump(
      this.#connections,
      SHAPE,
      'link dump',
      (connection) => {
        connection.open(LinkCommands.get, MessageFlags.dump)
        LinkCodec.write(connection.writer, {})
        connection.close()
      },
      read,
      options.signal,
    )
  }

  /**
   * All devices, at one moment: while they change, it is read anew, up to ten times.
   *
   * @throws DumpInterruptedError, AbortError
   */
  async list(options: AbortOptions = {}): Promise<Link[]> {
    for (let left = TRIES; ; left--) {
      const found: Link[] = []
      try {
        for await (const link of this.dump(options)) found.push(link)
        return found
      } catch (error) {
        if (!(error instanceof DumpInterruptedError) || left === 1) throw error
      }
    }
  }

  /**
   * Makes a device: `new({ ifname: 'veth1', linkinfo: { kind: 'veth', data: { peer: { ifname: 'veth2' } } }, up: true })`.
   * Read it with {@link get}.
   *
   * @throws KernelError (`EEXIST`, `EOPNOTSUPP`: the kernel lacks that kind), InvalidValueError, AbortError
   */
  async new(link: LinkInput, options: AbortOptions = {}): Promise<void> {
    checkMembers(link, 'a device to make', LINK_INPUT)
    if (link.linkinfo?.kind === undefined) throw new InvalidValueError('a new device needs a kind', link.linkinfo, 'Write linkinfo: { kind: \'veth\' }.', ['IFLA_LINKINFO', 'IFLA_INFO_KIND'])
    const { create, exclusive } = MessageFlags
    await this.#change('new', link.ifname, link, create | exclusive, options)
  }

  /**
   * Changes the device with this name or interface index; what is left out stays as it is.
   *
   * @throws KernelError (`ENODEV`), InvalidValueError, AbortError
   */
  async set(which: string | number, changes: LinkInput, options: AbortOptions = {}): Promise<void> {
    checkMembers(changes, 'what is to be set', LINK_INPUT)
    // One attribute holds the name that a device is found by, and the one that it is given.
    const index = typeof which === 'string' && changes.ifname !== undefined ? (await this.get(which, options)).index : which
    await this.#change('set', which, { ...changes, ...named(index) }, 0, options)
  }

  /** Deletes the device with this name or interface index; of a veth, both ends. @throws KernelError (`ENODEV`, `EOPNOTSUPP`), InvalidValueError, AbortError */
  async del(which: string | number, options: AbortOptions = {}): Promise<void> {
    checkMembers(options, 'how a device is deleted', ABORT_OPTIONS)
    await this.#request('del', which, named(which), MessageFlags.ack, options)
  }

  async #change(command: 'new' | 'set', which: string | number | undefined, { netns, up, ...rest }: LinkInput, flags: number, options: AbortOptions): Promise<void> {
    checkMembers(options, 'how a device is changed', ABORT_OPTIONS)
    if (up !== undefined && typeof up !== 'boolean') throw new InvalidValueError('a device is set up with true, and down with false', up, 'Write up: true, or leave it out.')
    const { up: bit } = LinkFlags
    const turned = up === undefined ? {} : { flags: ((rest.flags ?? 0) & ~bit) | (up ? bit : 0), change: (rest.change ?? 0) | bit }
    const namespace = netns === undefined ? undefined : this.#openNetns(netns)
    try {
      await this.#request(command, which, { ...rest, ...turned, ...(namespace === undefined ? {} : { netNsFd: namespace.fd }) }, flags | MessageFlags.ack, options)
    } finally {
      namespace?.close()
    }
  }

  async #request(
    command: 'new' | 'del' | 'get' | 'set',
    which: string | number | undefined,
    request: LinkRequest,
    flags: number,
    { signal }: AbortOptions,
    onReply?: (source: Source, start: number, end: number) => void,
  ): Promise<void> {
    try {
      await exchange(
        this.#connections,
        SHAPE,
        `link ${command}`,
        (connection) => {
          connection.open(LinkCommands[command === 'set' ? 'new' : command], flags)
          LinkCodec.write(connection.writer, request)
          connection.close()
        },
        // What changes devices waits in the kernel for locks and grace periods.
        { aside: command !== 'get', signal },
        onReply,
      )
    } catch (error) {
      throw explain(error, which, request)
    }
  }
}

function named(which: string | number): LinkRequest {
  if (typeof which === 'number' && Number.isInteger(which) && which > 0) return { index: which }
  if (typeof which === 'string' && which !== '') return { ifname: which }
  throw new InvalidValueError('a network device is named by its name or its interface index', which)
}

function read(source: Source, start: number, end: number): Link {
  const message = LinkCodec.read(source, start, end)
  return { ...message, up: (message.flags & LinkFlags.up) !== 0 }
}
