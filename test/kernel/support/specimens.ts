/** Messages that hold every attribute that the kernel reads, each once at least. */
import type { AnyFamily } from '../../../src/genetlink/family.js'
import {
  type ActionInput,
  exact,
  type FlowKeyInput,
  type FlowMask,
  OvsCtLimit,
  OvsDatapath,
  OvsFlow,
  OvsMeter,
  OvsPacket,
  OvsVport,
  VportType,
  vlanTci,
} from '../../../src/index.js'

/** What some kernels refuse: since when they take it, or who builds them without it; with `EINVAL` unless said. */
export type Lacking = { readonly since: string } | { readonly lacks: 'uml' | 'debian'; readonly code?: string }

/** A request that the kernel takes, but where it lacks what it needs. */
export interface Specimen {
  readonly what: string
  readonly family: AnyFamily
  readonly command: string
  readonly value: object
  readonly lacking?: Lacking
  /** What takes back what it made. */
  readonly undo?: { readonly command: string; readonly value: object }
}

const ethernet = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' }
const inPort = 1
const ipv4 = { src: '10.0.0.1', dst: '10.0.0.2', proto: 6, tos: 4, ttl: 64, frag: 0 }
const ipv6 = { src: 'fe80::1', dst: '2001:db8::2', label: 0x12345, proto: 17, tclass: 8, hlimit: 63, frag: 0 }
const ports = { src: 1, dst: 2 }
const ip4 = (proto: number, rest: FlowKeyInput): FlowKeyInput => ({ inPort, ethernet, ethertype: 0x0800, ipv4: { ...ipv4, proto }, ...rest })
const ip6 = (proto: number, rest: FlowKeyInput): FlowKeyInput => ({ inPort, ethernet, ethertype: 0x86dd, ipv6: { ...ipv6, proto }, ...rest })
const tunnel = { id: 5n, ipv4Src: '10.1.0.1', ipv4Dst: '10.1.0.2', tos: 4, ttl: 64, tpSrc: 1, tpDst: 4789 }
const label = { label: 100, tc: 0, bos: 1, ttl: 64 }
const nsh = { base: { flags: 0, ttl: 63, mdtype: 1, np: 3, pathHdr: { spi: 5, si: 255 } }, md1: { context: [1, 2, 3, 4] } }

/** A key, which is its own mask where none is given: exact, as far as the key says. */
const key = (what: string, value: FlowKeyInput, mask: FlowMask = exactly(value), lacking?: Lacking): Specimen => flow(what, { key: value, mask, actions: [] }, lacking)

function flow(what: string, value: object, lacking?: Lacking): Specimen {
  return { what, family: OvsFlow, command: 'new', value: { probe: true, ...value }, ...(lacking === undefined ? {} : { lacking }), undo: { command: 'del', value: {} } }
}

const NESTS = new Set(['tunnel', 'encap', 'nsh', 'vxlanOpts'])

function exactly(value: object): FlowMask {
  const mask = ([name, each]: [string, unknown]): unknown => {
    if (NESTS.has(name)) return exactly(each as object)
    if (name === 'geneveOpts') return [{ class: exact, type: exact, data: new Uint8Array(4).fill(0xff) }]
    if (Array.isArray(each)) return each.map(() => exact)
    // Bits that the kernel does not know are refused in a mask, too.
    if (name === 'ctState' || each === true) return each
    // By its members: the padding of a structure has no mask.
    return typeof each === 'object' && !(each instanceof Uint8Array) ? Object.fromEntries(Object.keys(each as object).map((member) => [member, exact])) : exact
  }
  return Object.fromEntries(Object.entries(value).map((each) => [each[0], mask(each)]))
}

const tcp = ip4(6, { tcp: ports, tcpFlags: 2 })
const action = (what: string, actions: readonly ActionInput[], value: FlowKeyInput = tcp, lacking?: Lacking): Specimen => flow(what, { key: value, actions }, lacking)
/** Whole, and some of it. */
const set = (what: keyof FlowKeyInput, value: FlowKeyInput, some: FlowKeyInput = { [what]: value[what] }, mask: FlowMask = { [what]: exact }): Specimen[] => [
  action(`set ${what}`, [{ set: { [what]: value[what] } }], value),
  action(`set some of ${what}`, [{ setMasked: { key: some, mask } }], value),
]

const keys: readonly Specimen[] = [
  key('metadata', { recircId: 7, dpHash: 9, priority: 3, skbMark: 5, inPort, ethernet }),
  key('a tracked IPv4 packet', ip4(6, { tcp: ports, tcpFlags: 2, ctState: 0xff, ctMark: 5, ctLabels: new Uint8Array(16).fill(7), ctOrigTupleIpv4: { src: '10.0.0.3', dst: '10.0.0.4', srcPort: 3, dstPort: 4, proto: 6 } })),
  key('a tracked IPv6 packet', ip6(17, { udp: ports, ctState: 0x22, ctOrigTupleIpv6: { src: 'fe80::3', dst: 'fe80::4', srcPort: 3, dstPort: 4, proto: 17 } })),
  key('a conntrack zone', { inPort, ethernet, ctState: 0x22, ctZone: 5 }, undefined, { lacks: 'uml' }),
  flow('Geneve, without a mask', { key: { inPort, ethernet, tunnel: { ...tunnel, geneveOpts: [{ class: 0x102, type: 0x80, data: new Uint8Array(4).fill(1) }] } }, actions: [] }),
  key('Geneve', { inPort, ethernet, tunnel: { ...tunnel, dontFragment: true, csum: true, oam: true, geneveOpts: [{ class: 0x102, type: 0x80, data: new Uint8Array(4).fill(1) }] } }),
  key('VXLAN over IPv6', { inPort, ethernet, tunnel: { id: 5n, ipv6Src: 'fd00::1', ipv6Dst: 'fd00::2', ttl: 64, vxlanOpts: { gbp: 5 } } }),
  key('ERSPAN', { inPort, ethernet, tunnel: { ...tunnel, erspanOpts: { version: 1, index: 5 } } }),
  key('a tunnel of a bridge', { inPort, ethernet, tunnel: { ipv4InfoBridge: true } }),
  key('two VLAN tags', { inPort, ethernet, ethertype: 0x88a8, vlan: vlanTci(5), encap: { ethertype: 0x8100, vlan: vlanTci(6), encap: { ethertype: 0x0800, ipv4: { ...ipv4, proto: 89 } } } }),
  key('TCP', tcp),
  key('UDP, of a first fragment', { ...ip4(17, { udp: ports }), ipv4: { ...ipv4, proto: 17, frag: 1 } }),
  key('SCTP', ip4(132, { sctp: ports })),
  key('ICMP', ip4(1, { icmp: { type: 8, code: 0 } })),
  key('neighbour discovery', ip6(58, { ipv6Exthdrs: 1, icmpv6: { type: 135, code: 0 }, nd: { target: 'fe80::9', sll: ethernet.src, tll: ethernet.dst } })),
  key('ARP', { inPort, ethernet, ethertype: 0x0806, arp: { sip: '10.0.0.1', tip: '10.0.0.2', op: 1, sha: ethernet.src, tha: ethernet.dst } }),
  key('MPLS', { inPort, ethernet, ethertype: 0x8847, mpls: [label] }),
  key('NSH', { inPort, ethernet, ethertype: 0x894f, nsh }),
]

const toUserspace = { pid: 7, userdata: new Uint8Array(9), egressTunPort: 2, actions: true } as const
const addresses = { ipMin: '10.0.0.9', ipMax: '10.0.0.11', protoMin: 1024, protoMax: 2048 }
const actions: readonly Specimen[] = [
  action('output, drop nothing', [{ output: 2 }, { recirc: 5 }]),
  action('userspace', [{ userspace: toUserspace }]),
  ...set('ethernet', tcp),
  ...set('skbMark', { ...tcp, skbMark: 5 }),
  ...set('priority', { ...tcp, priority: 5 }),
  ...set('ipv4', tcp, { ipv4: { ttl: 5 } }, { ipv4: { ttl: exact } }),
  ...set('tcp', tcp),
  ...set('ipv6', ip6(17, { udp: ports }), { ipv6: { hlimit: 5 } }, { ipv6: { hlimit: exact } }),
  ...set('udp', ip4(17, { udp: ports })),
  ...set('sctp', ip4(132, { sctp: ports })),
  ...set('mpls', { inPort, ethernet, ethertype: 0x8847, mpls: [label] }, undefined, { mpls: [exact] }),
  action('set tunnel', [{ set: { tunnel } }]),
  action('set the tunnel of a bridge', [{ set: { tunnel: { id: 5n, ipv4InfoBridge: true } } }]),
  action('VLAN', [{ pushVlan: { tpid: 0x8100, tci: vlanTci(5) } }, { popVlan: true }]),
  action('sample', [{ sample: { probability: 5, actions: [{ output: 2 }] } }]),
  action('hash', [{ hash: { alg: 0, basis: 5 } }]),
  action('hash, the same in both directions', [{ hash: { alg: 1, basis: 5 } }], tcp, { since: '6.3' }),
  action('MPLS', [{ pushMpls: { lse: label, ethertype: 0x8847 } }, { popMpls: 0x0800 }]),
  action('a label before the Ethernet header', [{ addMpls: { lse: label, ethertype: 0x8847, tunFlags: 1 } }]),
  action('ct', [{ ct: { commit: true, mark: { value: 5 }, labels: { value: new Uint8Array(16).fill(7) }, eventmask: 1, timeout: 'short', nat: { src: true, ...addresses, persistent: true, protoHash: true } } }]),
  action('ct, the other way', [{ ct: { forceCommit: true, nat: { dst: true, ...addresses, protoRandom: true } } }]),
  action('ct with a zone', [{ ct: { zone: 5 } }], tcp, { lacks: 'uml' }),
  action('ct with a helper', [{ ct: { helper: 'ftp', commit: true } }]),
  action('ct with addresses of IPv6', [{ ct: { commit: true, nat: { src: true, ipMin: 'fd00::1', ipMax: 'fd00::2' } } }], ip6(17, { udp: ports })),
  action('truncate', [{ trunc: { maxLen: 64 } }, { output: 2 }]),
  action('take the Ethernet header off and put another on', [{ popEth: true }, { pushEth: ethernet }]),
  action('forget the connection', [{ ctClear: true }]),
  action('put NSH on', [{ pushNsh: { nsh } }]),
  action('put NSH on, with metadata of type 2', [{ pushNsh: { nsh: { base: { ...nsh.base, mdtype: 2 }, md2: new Uint8Array(8) } } }]),
  action('take NSH off', [{ popNsh: true }], { inPort, ethernet, ethertype: 0x894f, nsh }),
  action('meter', [{ meter: 5 }]),
  action('clone', [{ clone: [{ output: 2 }] }]),
  action('check the length', [{ checkPktLen: { pktLen: 1500, actionsIfGreater: [{ output: 2 }], actionsIfLessEqual: [{ output: 3 }] } }]),
  action('decrement the TTL', [{ decTtl: { action: [{ output: 2 }] } }]),
  action('drop', [{ drop: 5 }], tcp, { since: '6.6' }),
  action('psample', [{ psample: { group: 5, cookie: new Uint8Array(9) } }], tcp, { since: '6.11' }),
]

const others: readonly Specimen[] = [
  { what: 'a datapath', family: OvsDatapath, command: 'new', value: { dpIfindex: 0, name: 'bound6', upcallPid: 0, userFeatures: 0, ifindex: 78 }, undo: { command: 'del', value: { dpIfindex: 78 } } },
  flow('a flow\'s own', { ufid: new Uint8Array(16).fill(7), key: tcp, actions: [], clear: true, ufidFlags: 0 }),
  { what: 'a packet', family: OvsPacket, command: 'execute', value: { packet: new Uint8Array(14), key: { inPort: 0 }, actions: [], mru: 1500, hash: 5n, probe: true } },
  { what: 'a packet\'s port id', family: OvsPacket, command: 'execute', value: { packet: new Uint8Array(14), key: { inPort: 0 }, actions: [], upcallPid: 5 } },
  { what: 'a meter', family: OvsMeter, command: 'set', value: { id: 5, kbps: true, clear: true, bands: [{ type: 1, rate: 1, burst: 1 }] } },
  { what: 'a meter that goes on counting', family: OvsMeter, command: 'set', value: { id: 6, stats: { packets: 1n, bytes: 2n }, bands: [] } },
  { what: 'limits', family: OvsCtLimit, command: 'set', value: { zoneLimit: [{ zoneId: 5, limit: 6 }] }, undo: { command: 'del', value: { zoneLimit: [{ zoneId: 5 }] } } },
  { what: 'a port', family: OvsVport, command: 'new', value: { portNo: 5, type: VportType.internal, name: 'bound5', upcallPid: [0], ifindex: 77 }, undo: { command: 'del', value: { portNo: 5 } } },
  { what: 'a VXLAN port', family: OvsVport, command: 'new', value: { portNo: 5, type: VportType.vxlan, name: 'bound5', upcallPid: [0], options: { dstPort: 4799, extension: { gbp: true } } }, undo: { command: 'del', value: { portNo: 5 } } },
  { what: 'a datapath\'s recirculation ids from tc', family: OvsDatapath, command: 'set', value: { userFeatures: 4 }, lacking: { lacks: 'debian', code: 'EOPNOTSUPP' } },
  { what: 'a datapath\'s features', family: OvsDatapath, command: 'set', value: { userFeatures: 8, masksCacheSize: 256, perCpuPids: [0] } },
]

/** Every one. */
export const specimens: readonly Specimen[] = [...keys, ...actions, ...others]
