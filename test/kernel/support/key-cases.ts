import { exact, type FlowKeyInput, type FlowMask, vlanTci } from '../../../src/index.js'

/** A match, and whether a kernel without the matter refuses it. */
export interface KeyCase {
  readonly what: string
  readonly key: FlowKeyInput
  readonly mask: FlowMask
}

export const ethernet = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' }
const bytes = (...values: number[]) => new Uint8Array(values)
const ipv4 = { src: '10.0.0.1', dst: '10.0.0.2', proto: 6, tos: 4, ttl: 64, frag: 0 }
const ipv6 = { src: 'fe80::1', dst: '2001:db8::2', label: 0x12345, proto: 17, tclass: 8, hlimit: 63, frag: 0 }
const overIpv4 = { ethernet, ethertype: 0x0800, ipv4 }
const overIpv6 = { ethernet, ethertype: 0x86dd, ipv6 }
const tunnel = { ipv4Dst: '192.0.2.1', ttl: 64 }
const geneve = { ...tunnel, geneveOpts: [{ class: 0x102, type: 0x80, data: bytes(0, 0, 1, 2) }, { class: 0xffff, type: 1, data: bytes() }, { class: 1, type: 2, data: bytes(1, 2, 3, 4, 5, 6, 7, 8) }] }
const erspan1 = { ...tunnel, erspanOpts: { version: 1, index: 0x12345 } }
const erspan2 = { ...tunnel, erspanOpts: { version: 2, dir: 1, hwid: 7 } }
const nsh = { base: { flags: 2, ttl: 63, mdtype: 1, np: 3, pathHdr: { spi: 0x123456, si: 254 } }, md1: { context: [1, 2, 0x30000000, 0xffffffff] } }
const labels = [{ label: 1000, tc: 5, ttl: 64 }, { label: 16, ttl: 63 }, { label: 0xfffff, tc: 1, bos: 1, ttl: 255 }]
const tuple = { srcPort: 1024, dstPort: 80, proto: 6 }
const ctTuple4 = { ...overIpv4, ctOrigTupleIpv4: { src: '10.1.0.1', dst: '10.1.0.2', ...tuple } }
const ctTuple6 = { ...overIpv6, ctOrigTupleIpv6: { src: 'fd00::1', dst: 'fd00::2', ...tuple } }

/** Each key, whole and in part; the port, which each flow has of its own, is put in by whoever uses them. */
export const keyCases: readonly KeyCase[] = [
  { what: 'the port alone', key: { ethernet }, mask: {} },
  { what: 'metadata', key: { recircId: 7, dpHash: 9, priority: 3, skbMark: 0x10, ethernet }, mask: { recircId: exact, dpHash: exact, priority: exact, skbMark: exact } },
  { what: 'some of metadata', key: { recircId: 7, dpHash: 9, priority: 3, skbMark: 0x10, ethernet }, mask: { recircId: 5, dpHash: 0xff, priority: 1, skbMark: 0xf0 } },

  { what: 'a tunnel', key: { tunnel: { ...tunnel, id: 42n, ipv4Src: '192.0.2.9', tos: 0x20, tpSrc: 1234, tpDst: 4789 }, ethernet }, mask: { tunnel: { id: exact, ipv4Src: exact, ipv4Dst: exact, tos: exact, ttl: exact, tpSrc: exact, tpDst: exact } } },
  { what: 'some of a tunnel', key: { tunnel: { ...tunnel, id: 42n, ipv4Src: '192.0.2.9', tos: 0x20, tpSrc: 1234, tpDst: 4789 }, ethernet }, mask: { tunnel: { id: 0xffn, ipv4Src: '255.255.255.0', ipv4Dst: '255.0.0.0', tos: 0xf0, ttl: 0x60, tpSrc: 0xff00, tpDst: 0xff } } },
  { what: 'a tunnel\'s id alone', key: { tunnel: { ...tunnel, id: 0n }, ethernet }, mask: { tunnel: { id: exact } } },
  { what: 'a tunnel\'s id of which nothing matters', key: { tunnel: { ...tunnel, id: 42n }, ethernet }, mask: { tunnel: { id: 0n } } },
  { what: 'a tunnel of which nothing else matters', key: { tunnel: { ...tunnel, id: 42n }, ethernet }, mask: { tunnel: { ttl: 0 } } },
  { what: 'no tunnel', key: { ethernet }, mask: { tunnel: { ttl: 0 } } },
  { what: 'a tunnel over IPv6', key: { tunnel: { id: 7n, ipv6Src: '2001:db8::1', ipv6Dst: '2001:db8::2', ttl: 64 }, ethernet }, mask: { tunnel: { id: exact, ipv6Src: exact, ipv6Dst: exact, ttl: exact } } },
  { what: 'some of a tunnel over IPv6', key: { tunnel: { id: 7n, ipv6Src: '2001:db8::1', ipv6Dst: '2001:db8::2', ttl: 64 }, ethernet }, mask: { tunnel: { ipv6Src: 'ffff:ffff::', ttl: exact } } },
  { what: 'a tunnel\'s flags', key: { tunnel: { ...tunnel, id: 1n, dontFragment: true, csum: true, oam: true }, ethernet }, mask: { tunnel: { id: exact, dontFragment: exact, csum: exact, oam: exact } } },
  { what: 'that a tunnel has not some flags', key: { tunnel: { ...tunnel, csum: true }, ethernet }, mask: { tunnel: { ipv4Dst: exact, dontFragment: exact, csum: exact } } },
  { what: 'Geneve options', key: { tunnel: geneve, ethernet }, mask: { tunnel: { ipv4Dst: exact, geneveOpts: [{ class: exact, type: exact, data: bytes(255, 255, 255, 255) }, { class: exact, type: exact, data: bytes() }, { class: exact, type: exact, data: bytes(255, 255, 255, 255, 255, 255, 255, 255) }] } } },
  { what: 'some of Geneve options', key: { tunnel: geneve, ethernet }, mask: { tunnel: { ipv4Dst: exact, geneveOpts: [{ class: 0xff00, type: 0x80, data: bytes(0, 0, 0xff, 0) }, { data: bytes() }, { type: exact, data: bytes(0, 0, 0, 0, 0, 0, 0, 0), lengthByte: 0xff }] } } },
  { what: 'VXLAN\'s group policy', key: { tunnel: { ...tunnel, vxlanOpts: { gbp: 0x48_0102 } }, ethernet }, mask: { tunnel: { vxlanOpts: { gbp: exact } } } },
  { what: 'some of VXLAN\'s group policy', key: { tunnel: { ...tunnel, vxlanOpts: { gbp: 0x48_0102 } }, ethernet }, mask: { tunnel: { vxlanOpts: { gbp: 0x40_00ff } } } },
  { what: 'ERSPAN of version 1', key: { tunnel: erspan1, ethernet }, mask: { tunnel: { erspanOpts: { version: exact, index: exact } } } },
  { what: 'some of ERSPAN of version 1', key: { tunnel: erspan1, ethernet }, mask: { tunnel: { erspanOpts: { version: exact, index: 0xff } } } },
  { what: 'ERSPAN of version 2', key: { tunnel: erspan2, ethernet }, mask: { tunnel: { erspanOpts: exact } } },
  { what: 'some of ERSPAN of version 2', key: { tunnel: erspan2, ethernet }, mask: { tunnel: { erspanOpts: { version: exact, hwid: 3 } } } },

  { what: 'a connection\'s state', key: { ctState: 0x21, ethernet }, mask: { ctState: exact } },
  { what: 'some of a connection\'s state', key: { ctState: 0x21, ethernet }, mask: { ctState: 0x33 } },
  { what: 'a connection\'s zone', key: { ctState: 0x21, ctZone: 5, ethernet }, mask: { ctState: 0x20, ctZone: exact } },
  { what: 'some of a connection\'s zone', key: { ctZone: 5, ethernet }, mask: { ctZone: 0xff } },
  { what: 'a connection\'s mark', key: { ctMark: 0x1234, ethernet }, mask: { ctMark: exact } },
  { what: 'some of a connection\'s mark', key: { ctMark: 0x1234, ethernet }, mask: { ctMark: 0xff } },
  { what: 'a connection\'s labels', key: { ctLabels: bytes(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0), ethernet }, mask: { ctLabels: exact } },
  { what: 'some of a connection\'s labels', key: { ctLabels: bytes(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), ethernet }, mask: { ctLabels: bytes(255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0) } },
  { what: 'how an IPv4 connection began', key: ctTuple4, mask: { ethertype: exact, ctOrigTupleIpv4: exact } },
  { what: 'some of how an IPv4 connection began', key: ctTuple4, mask: { ethertype: exact, ctOrigTupleIpv4: { src: '255.255.0.0', dstPort: 0xff, proto: exact } } },
  { what: 'how an IPv6 connection began', key: ctTuple6, mask: { ethertype: exact, ctOrigTupleIpv6: exact } },
  { what: 'some of how an IPv6 connection began', key: ctTuple6, mask: { ethertype: exact, ctOrigTupleIpv6: { dst: 'ffff::', srcPort: exact, proto: 0x0f } } },

  { what: 'Ethernet', key: { ethernet }, mask: { ethernet: exact } },
  { what: 'some of Ethernet', key: { ethernet }, mask: { ethernet: { src: 'ff:ff:ff:00:00:00', dst: exact } } },
  { what: 'an 802.2 frame', key: { ethernet }, mask: { ethertype: exact } },
  { what: 'an ethertype', key: { ethernet, ethertype: 0x88cc }, mask: { ethertype: exact } },
  { what: 'a packet without Ethernet', key: { ethertype: 0x0800, ipv4: { ...ipv4, proto: 89 } }, mask: { ethertype: exact, ipv4: { dst: exact } } },
  { what: 'a packet without Ethernet of any ethertype', key: { ethertype: 0x0800, ipv4: { ...ipv4, proto: 89 } }, mask: {} },
  { what: 'a tag', key: { ethernet, ethertype: 0x8100, vlan: vlanTci(100, 3), encap: { ethertype: 0x0800, ipv4 } }, mask: { ethertype: exact, vlan: exact, encap: { ethertype: exact, ipv4: { dst: exact } } } },
  { what: 'some of a tag', key: { ethernet, ethertype: 0x8100, vlan: vlanTci(0x64, 5), encap: { ethertype: 0x0800, ipv4 } }, mask: { ethertype: exact, vlan: 0x5ff0, encap: { ethertype: exact } } },
  { what: 'two tags', key: { ethernet, ethertype: 0x88a8, vlan: vlanTci(200, 1), encap: { ethertype: 0x8100, vlan: vlanTci(100, 3), encap: { ethertype: 0x0800, ipv4 } } }, mask: { ethertype: exact, vlan: exact, encap: { ethertype: exact, vlan: exact, encap: { ethertype: exact, ipv4: { src: exact } } } } },
  { what: 'the outer of two tags', key: { ethernet, ethertype: 0x88a8, vlan: vlanTci(200, 1), encap: { ethertype: 0x8100, vlan: vlanTci(100, 3), encap: { ethertype: 0x0800, ipv4 } } }, mask: { ethertype: exact, vlan: 0x1fff, encap: { ethertype: exact, vlan: 0x1000, encap: { ethertype: exact } } } },

  { what: 'ARP', key: { ethernet, ethertype: 0x0806, arp: { sip: '10.0.0.1', tip: '10.0.0.2', op: 1, sha: ethernet.src, tha: ethernet.dst } }, mask: { ethertype: exact, arp: { sip: exact, tip: exact, op: 0xff, sha: exact, tha: exact } } },
  { what: 'some of RARP', key: { ethernet, ethertype: 0x8035, arp: { sip: '10.0.0.1', op: 3, sha: ethernet.src } }, mask: { ethertype: exact, arp: { sip: '255.0.0.0', op: 1, sha: '00:00:00:00:00:ff' } } },
  { what: 'IPv4', key: { ...overIpv4, ipv4: { ...ipv4, proto: 89 } }, mask: { ethertype: exact, ipv4: exact } },
  { what: 'some of IPv4', key: overIpv4, mask: { ethertype: exact, ipv4: { src: '255.255.0.255', dst: '255.0.0.0', proto: 0xf0, tos: 0x0c, ttl: 0x80 } } },
  { what: 'IPv6', key: { ...overIpv6, ipv6: { ...ipv6, proto: 89 }, ipv6Exthdrs: 3 }, mask: { ethertype: exact, ipv6: exact, ipv6Exthdrs: exact } },
  { what: 'some of IPv6', key: { ...overIpv6, ipv6Exthdrs: 3 }, mask: { ethertype: exact, ipv6: { src: 'ffff::ffff', label: 0xff00f, tclass: 0x0c, hlimit: 0x30, frag: exact }, ipv6Exthdrs: 1 } },
  { what: 'TCP', key: { ...overIpv4, tcp: { src: 1024, dst: 80 }, tcpFlags: 0x112 }, mask: { ethertype: exact, ipv4: { proto: exact, frag: exact }, tcp: exact, tcpFlags: 0xfff } },
  { what: 'some of TCP', key: { ...overIpv4, tcp: { src: 1024, dst: 80 }, tcpFlags: 0x212 }, mask: { ethertype: exact, ipv4: { proto: exact }, tcp: { dst: 0xff0 }, tcpFlags: 0x612 } },
  { what: 'UDP', key: { ...overIpv6, udp: { src: 53, dst: 5353 } }, mask: { ethertype: exact, ipv6: { proto: exact, frag: exact }, udp: exact } },
  { what: 'some of SCTP', key: { ...overIpv4, ipv4: { ...ipv4, proto: 132 }, sctp: { src: 1, dst: 2 } }, mask: { ethertype: exact, ipv4: { proto: exact }, sctp: { src: 1, dst: exact } } },
  { what: 'ICMP', key: { ...overIpv4, ipv4: { ...ipv4, proto: 1 }, icmp: { type: 8, code: 1 } }, mask: { ethertype: exact, ipv4: { proto: exact }, icmp: exact } },
  { what: 'some of ICMPv6', key: { ...overIpv6, ipv6: { ...ipv6, proto: 58 }, icmpv6: { type: 128, code: 1 } }, mask: { ethertype: exact, ipv6: { proto: exact }, icmpv6: { type: 0x80, code: 1 } } },
  { what: 'ND', key: { ...overIpv6, ipv6: { ...ipv6, proto: 58 }, icmpv6: { type: 135, code: 0 }, nd: { target: 'fe80::9', sll: ethernet.src } }, mask: { ethertype: exact, ipv6: { proto: exact, frag: exact }, icmpv6: exact, nd: exact } },
  { what: 'some of ND', key: { ...overIpv6, ipv6: { ...ipv6, proto: 58 }, icmpv6: { type: 136, code: 0 }, nd: { target: 'fe80::9', tll: ethernet.src } }, mask: { ethertype: exact, ipv6: { proto: exact }, icmpv6: { type: exact }, nd: { target: 'ffff::', tll: '00:00:00:00:00:0f' } } },
  { what: 'how the connection of a packet began that may be ND', key: { ...ctTuple6, ipv6: { ...ipv6, proto: 58 }, icmpv6: { type: 135, code: 0 }, nd: { target: 'fe80::9', sll: ethernet.src } }, mask: { ethertype: exact, ipv6: { proto: exact }, icmpv6: { code: exact }, ctOrigTupleIpv6: exact } },
  { what: 'a type that is ND\'s where it is cut off', key: { ...overIpv6, ipv6: { ...ipv6, proto: 58 }, icmpv6: { type: 0xff, code: 0 } }, mask: { ethertype: exact, ipv6: { proto: exact }, icmpv6: { type: 0x87 } } },
  { what: 'NSH', key: { ethernet, ethertype: 0x894f, nsh }, mask: { ethertype: exact, nsh: { base: exact, md1: exact } } },
  { what: 'some of NSH', key: { ethernet, ethertype: 0x894f, nsh }, mask: { ethertype: exact, nsh: { base: { flags: 2, ttl: exact, pathHdr: { spi: 0xffff00, si: exact } }, md1: { context: [0xffffffff, 0, 0xf0000000, 0xff] } } } },
  { what: 'NSH without metadata', key: { ethernet, ethertype: 0x894f, nsh: { base: { ...nsh.base, mdtype: 1 } } }, mask: { ethertype: exact, nsh: { base: { np: exact, mdtype: exact } } } },
  { what: 'that there is NSH', key: { ethernet, ethertype: 0x894f, nsh }, mask: { ethertype: exact } },
  { what: 'MPLS', key: { ethernet, ethertype: 0x8847, mpls: labels }, mask: { ethertype: exact, mpls: [exact, exact, exact] } },
  { what: 'one label', key: { ethernet, ethertype: 0x8848, mpls: labels.slice(2) }, mask: { ethertype: exact, mpls: [exact] } },
  { what: 'the first of two labels', key: { ethernet, ethertype: 0x8847, mpls: labels.slice(1) }, mask: { ethertype: exact, mpls: [{ label: exact }] } },
  { what: 'some of labels', key: { ethernet, ethertype: 0x8847, mpls: labels }, mask: { ethertype: exact, mpls: [{ label: 0xff, tc: 4 }, {}, { bos: exact, ttl: 0xf0 }] } },
  { what: 'that there are labels', key: { ethernet, ethertype: 0x8847, mpls: labels }, mask: { ethertype: exact } },
]
