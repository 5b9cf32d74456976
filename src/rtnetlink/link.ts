import { attribute, type AttributeSet, attributes, type Infer, type InferInput, nested, type Table } from '../netlink/attributes.js'
import { Source } from '../netlink/bytes.js'
import { binary, type Codec, s32, text, u16, u32, u64, u8 } from '../netlink/codec.js'
import { formatMac, mac } from '../netlink/addresses.js'
import { InvalidValueError, MalformedMessageError } from '../netlink/errors.js'
import { at, struct } from '../netlink/struct.js'
import { Writer } from '../netlink/writer.js'
import { GeneveAttributes, GreAttributes, VxlanAttributes } from './tunnels.js'

/** `struct ifinfomsg`, before the attributes. */
export const LinkHeader = struct('ifinfomsg', 16, {
  /** Address family; 0 of all that is meant here. */
  family: at(0, u8),
  /** `ARPHRD_*`: 1 is Ethernet, 772 the loopback. */
  type: at(2, u16),
  /** Interface index. */
  index: at(4, s32),
  /** {@link LinkFlags}, ORed. */
  flags: at(8, u32),
  /** Of a request: which of the flags to change. */
  change: at(12, u32),
})

/** `IFF_*` (`linux/if.h`) */
export const LinkFlags = {
  /** `IFF_UP`: it has been set up. */
  up: 0x1,
  /** `IFF_BROADCAST` */
  broadcast: 0x2,
  /** `IFF_LOOPBACK` */
  loopback: 0x8,
  /** `IFF_POINTOPOINT` */
  pointopoint: 0x10,
  /** `IFF_RUNNING`: it is up, and so is what is behind it. */
  running: 0x40,
  /** `IFF_NOARP` */
  noarp: 0x80,
  /** `IFF_PROMISC`: as asked for by user space; ports of a datapath show it in `promiscuity` only. */
  promisc: 0x100,
  /** `IFF_ALLMULTI` */
  allmulti: 0x200,
  /** `IFF_MULTICAST` */
  multicast: 0x1000,
  /** `IFF_LOWER_UP`: it has a carrier. */
  lowerUp: 0x1_0000,
} as const

/** `struct rtnl_link_stats64`, without what newer kernels have behind it (`tail`). */
export const LinkStats = struct('rtnl_link_stats64', 192, {
  /** Packets that it received. */
  rxPackets: at(0, u64),
  /** Packets that it transmitted. */
  txPackets: at(8, u64),
  /** Bytes that it received. */
  rxBytes: at(16, u64),
  /** Bytes that it transmitted. */
  txBytes: at(24, u64),
  /** Packets that were bad when received. */
  rxErrors: at(32, u64),
  /** Packets that could not be transmitted. */
  txErrors: at(40, u64),
  /** Packets that were received and dropped. */
  rxDropped: at(48, u64),
  /** Packets that were dropped on their way out. */
  txDropped: at(56, u64),
  /** Multicast packets that it received. */
  multicast: at(64, u64),
  /** Collisions. */
  collisions: at(72, u64),
  /** Received with a wrong length. */
  rxLengthErrors: at(80, u64),
  /** Received where there was no room for it. */
  rxOverErrors: at(88, u64),
  /** Received with a wrong checksum. */
  rxCrcErrors: at(96, u64),
  /** Received out of its frame. */
  rxFrameErrors: at(104, u64),
  /** Received where the queue overflowed. */
  rxFifoErrors: at(112, u64),
  /** Missed by the host. */
  rxMissedErrors: at(120, u64),
  /** Transmission that was aborted. */
  txAbortedErrors: at(128, u64),
  /** Transmission without a carrier. */
  txCarrierErrors: at(136, u64),
  /** Transmission whose queue failed. */
  txFifoErrors: at(144, u64),
  /** Transmission without a heartbeat. */
  txHeartbeatErrors: at(152, u64),
  /** Transmission in the wrong window. */
  txWindowErrors: at(160, u64),
  /** Compressed packets received. */
  rxCompressed: at(168, u64),
  /** Compressed packets transmitted. */
  txCompressed: at(176, u64),
  /** Received, and nobody wanted it. */
  rxNohandler: at(184, u64),
})

/** Mostly a MAC address; as bytes where it is as long as something else. */
const hardwareAddress: Codec<string | Uint8Array> = {
  describe: 'MAC address, or bytes',
  least: 0,
  most: 32,
  read: (source, start, end) => (end - start === 6 ? formatMac(source.bytes, start) : source.copy(start, end)),
  write: (writer, value) => (value instanceof Uint8Array ? binary(1, 32).write(writer, value) : mac.write(writer, value)),
  writeMask: (writer, mask) => mac.writeMask(writer, mask as string),
}

/** `IFLA_*` (`linux/if_link.h`): what a network device is. */
export const LinkAttributes = attributes('IFLA', {
  /** `IFLA_IFNAME`: at most 15 bytes. */
  ifname: attribute(3, text(15)),
  /** `IFLA_TXQLEN`: packets that may wait to be sent. */
  txqlen: attribute(13, u32),
  /** `IFLA_OPERSTATE`: RFC 2863: 0 unknown, 2 down, 6 up. */
  operstate: attribute(16, u8),
  /** `IFLA_MTU`: in bytes, without the link's own header. */
  mtu: attribute(4, u32),
  /** `IFLA_MIN_MTU`: in bytes. */
  minMtu: attribute(50, u32),
  /** `IFLA_MAX_MTU`: in bytes; 0 for no limit. */
  maxMtu: attribute(51, u32),
  /** `IFLA_GROUP` */
  group: attribute(27, u32),
  /** `IFLA_PROMISCUITY`: how many want everything that passes. */
  promiscuity: attribute(30, u32),
  /** `IFLA_NUM_TX_QUEUES` */
  numTxQueues: attribute(31, u32),
  /** `IFLA_NUM_RX_QUEUES` */
  numRxQueues: attribute(32, u32),
  /** `IFLA_MASTER`: interface index of the device that it is a part of; of a port of a datapath, the datapath's own. */
  master: attribute(10, u32),
  /** `IFLA_CARRIER`: 1 with, 0 without. */
  carrier: attribute(33, u8),
  /** `IFLA_ADDRESS`: the hardware's, `aa:bb:cc:dd:ee:ff`. */
  address: attribute(1, hardwareAddress),
  /** `IFLA_BROADCAST` */
  broadcast: attribute(2, hardwareAddress),
  /** `IFLA_LINK`: interface index of the device underneath, or of a veth's peer, in the namespace `linkNetnsid`. */
  link: attribute(5, u32),
  /** `IFLA_LINK_NETNSID`: this namespace's number for the one that `link` is in; absent when that is the same. */
  linkNetnsid: attribute(37, s32),
  /** `IFLA_NET_NS_PID`: of a request: moves it into the network namespace of that process. */
  netNsPid: attribute(19, u32),
  /** `IFLA_NET_NS_FD`: of a request: moves it into the network namespace of that descriptor of this process. */
  netNsFd: attribute(28, u32),
  /** `IFLA_IFALIAS`: for people. */
  ifalias: attribute(20, text(255)),
  /** `IFLA_STATS64`: counters since it was made; only in replies. */
  stats64: attribute(23, LinkStats),
  /** `IFLA_LINKINFO`: its kind, and what only that kind has. */
  linkinfo: attribute(18, nested((): Codec<LinkInfo, LinkInfoInput, never> => linkInfo)),
})

/** A message about a network device. */
export interface LinkMessage extends Infer<typeof LinkAttributes> {
  /** Address family. */
  family: number
  /** `ARPHRD_*` */
  type: number
  /** Interface index. */
  index: number
  /** {@link LinkFlags}, ORed. */
  flags: number
  /** Of no meaning in replies. */
  change: number
}

/** A request about a network device. */
export interface LinkRequest extends InferInput<typeof LinkAttributes> {
  /** Interface index; of a new one, the one to make it with. */
  readonly index?: number
  /** {@link LinkFlags}, of those in `change`. */
  readonly flags?: number
  /** Which {@link LinkFlags} to change. */
  readonly change?: number
}

/** `VETH_INFO_*` (`linux/veth.h`): what a device of kind `veth` is made with. */
export const VethAttributes = attributes('VETH_INFO', {
  /** `VETH_INFO_PEER`: the other end. */
  peer: attribute(1, nested((): Codec<LinkMessage, LinkRequest, never> => LinkCodec)),
})

/** Kinds of devices whose own attributes are known here, with their tables. */
export const LinkKinds = {
  /** Two devices, each of which receives what the other transmits. */
  veth: VethAttributes,
  /** VXLAN (RFC 7348), Ethernet in UDP. */
  vxlan: VxlanAttributes,
  /** Geneve (RFC 8926), Ethernet in UDP. */
  geneve: GeneveAttributes,
  /** GRE (RFC 2784), without Ethernet. */
  gre: GreAttributes,
  /** Ethernet in GRE: what Open vSwitch calls a gre port. */
  gretap: GreAttributes,
  /** ERSPAN, mirrored frames in GRE. */
  erspan: GreAttributes,
  /** GRE over IPv6. */
  ip6gre: GreAttributes,
  /** Ethernet in GRE over IPv6. */
  ip6gretap: GreAttributes,
  /** ERSPAN over IPv6. */
  ip6erspan: GreAttributes,
} as const

interface InfoShared {
  /** `IFLA_INFO_SLAVE_KIND`: the kind of the device that it is a part of, such as `openvswitch`. */
  slaveKind?: string
}
interface OtherInfo extends InfoShared {
  /** `IFLA_INFO_KIND`: `dummy`, `openvswitch`, …; hardware has none. */
  kind?: string
  /** Only of the kinds that are known here. */
  data?: undefined
  /** `IFLA_INFO_DATA` of a kind that is not known here, as it is. */
  bytes?: Uint8Array
}
interface KnownInfo<K extends keyof typeof LinkKinds> extends InfoShared {
  /** `IFLA_INFO_KIND` */
  kind: K
  /** `IFLA_INFO_DATA`: what only that kind has. */
  data?: Infer<(typeof LinkKinds)[K]>
  /** Only of kinds that are not known here. */
  bytes?: undefined
}
interface KnownInfoInput<K extends keyof typeof LinkKinds> {
  /** `IFLA_INFO_KIND` */
  readonly kind: K
  /** `IFLA_INFO_DATA`: what only that kind has. */
  readonly data?: InferInput<(typeof LinkKinds)[K]>
  /** Only of kinds that are not known here. */
  readonly bytes?: undefined
}
/** `IFLA_INFO_*`: the kind of a device, and what only that kind has. */
export type LinkInfo = OtherInfo | { [K in keyof typeof LinkKinds]: KnownInfo<K> }[keyof typeof LinkKinds]
/** A {@link LinkInfo} as it may be given. */
export type LinkInfoInput = Readonly<Omit<OtherInfo, 'slaveKind'>> | { [K in keyof typeof LinkKinds]: KnownInfoInput<K> }[keyof typeof LinkKinds]

/** `IFLA_INFO_*` as they are on the wire. */
const InfoAttributes = attributes('IFLA_INFO', {
  kind: attribute(1, text(63)),
  data: attribute(2, binary()),
  slaveKind: attribute(4, text(63)),
})

function tableOf(kind: string | undefined): AttributeSet<Table> | undefined {
  return kind !== undefined && Object.hasOwn(LinkKinds, kind) ? (LinkKinds[kind as keyof typeof LinkKinds] as unknown as AttributeSet<Table>) : undefined
}

/** The kind says what its data are. */
const linkInfo: Codec<LinkInfo, LinkInfoInput, never> & { of: () => typeof InfoAttributes } = {
  describe: 'nest of IFLA_INFO_*',
  least: 0,
  most: 65531,
  // Where an error of the kernel points into it, it is this table that has the names.
  of: () => InfoAttributes,
  read(source, start, end) {
    const { kind, data, slaveKind } = InfoAttributes.read(source, start, end)
    const info = { ...(kind === undefined ? {} : { kind }), ...(slaveKind === undefined ? {} : { slaveKind }) }
    if (data === undefined) return info
    const table = tableOf(kind)
    return table === undefined ? { ...info, bytes: data } : ({ ...info, data: table.read(new Source(data), 0, data.length) } as LinkInfo)
  },
  write(writer, { kind, data, bytes }) {
    InfoAttributes.write(writer, { ...(kind === undefined ? {} : { kind }), ...dataOf(kind, data, bytes) })
  },
  writeMask() {},
}

function dataOf(kind: string | undefined, data: object | undefined, bytes: Uint8Array | undefined): { data?: Uint8Array } {
  if (data === undefined) return bytes === undefined ? {} : { data: bytes }
  const table = tableOf(kind)
  if (table === undefined) throw new InvalidValueError('this kind of device has no table here', kind, `Give its attributes as bytes; there are tables of ${Object.keys(LinkKinds).join(', ')}.`, ['IFLA_INFO_DATA'])
  try {
    return { data: table.encode(data, new Writer(256)) }
  } catch (error) {
    throw error instanceof InvalidValueError ? error.within('IFLA_INFO_DATA') : error
  }
}

const HEADER_NAMES: ReadonlySet<string> = new Set(Object.keys(LinkHeader.fields))

/** A message about a network device, header and attributes in one object. */
export const LinkCodec: Codec<LinkMessage, LinkRequest, never> = {
  describe: 'struct ifinfomsg and IFLA_*',
  least: LinkHeader.size,
  most: 65531,
  read(source, start, end) {
    const from = start + LinkHeader.size
    if (from > end) throw new MalformedMessageError(`a message about a network device is ${end - start} bytes long, its header alone is ${LinkHeader.size}`)
    const message = LinkHeader.read(source, start, from)
    LinkAttributes.readInto(message as unknown as Record<string, unknown>, source, from, end)
    return message
  },
  write(writer, value) {
    if (typeof value !== 'object' || value === null) throw new InvalidValueError('must be an object, as of a device', value, 'Write { ifname: \'veth2\' }.')
    LinkHeader.writeBesides(writer, value)
    LinkAttributes.writeBesides(writer, value, HEADER_NAMES)
  },
  writeMask() {},
}
