import { ConnectionPool } from '../netlink/connection-pool.js'
import { NETLINK_ROUTE } from '../netlink/constants.js'
import { InvalidValueError } from '../netlink/errors.js'
import { checkMembers } from '../netlink/members.js'
import { type Reading, type Trace, traced } from '../netlink/trace.js'
import type { Dial, DialOptions, Transport } from '../netlink/transport.js'
import { LinkCodec } from './link.js'
import { LinkCommands, Links, type OpenNetns } from './links.js'

/** How rtnetlink is opened. */
export interface RtnetlinkOptions {
  /** How long an answer may take, in milliseconds, when it is not there at once; 10 000 unless said. */
  timeout?: number | undefined
  /** Shows every message, decoded. */
  trace?: Trace | undefined
  /** Opens the network namespaces that devices are moved into. */
  openNetns?: OpenNetns
}

/** As much of rtnetlink as a datapath needs: network devices, which are its ports. */
export class Rtnetlink extends ConnectionPool {
  /** Network devices. */
  readonly links: Links
  readonly #trace: Trace | undefined

  /** @throws InvalidValueError */
  constructor(dial: Dial, options: RtnetlinkOptions = {}) {
    checkMembers(options, 'how rtnetlink is opened', { timeout: true, trace: true, openNetns: true })
    const { timeout, trace, openNetns = cannotOpen } = options
    super(dial, 'rtnetlink', timeout)
    this.links = new Links(this, openNetns)
    this.#trace = trace
    for (const [name, type] of Object.entries(LinkCommands)) trace?.learn(type, reading(`link ${name}`))
  }

  /** A transport of one's own, to listen on; whoever asks for it closes it. */
  override dial(options?: DialOptions): Transport {
    const transport = super.dial({ ...options, protocol: NETLINK_ROUTE })
    return this.#trace === undefined ? transport : traced(transport, this.#trace)
  }
}

function reading(name: string): Reading {
  return (source, start, end) => [name, LinkCodec.read(source, start, end)]
}

function cannotOpen(netns: string | number): never {
  throw new InvalidValueError('this rtnetlink cannot open network namespaces', netns, 'Open it with openRtnetlink, or give netNsFd or netNsPid.')
}
