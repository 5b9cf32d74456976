import { type ActionInput, exact, type FlowKeyInput, HashAlg, vlanTci } from '../../../src/index.js'

/** What a kernel may have been built without. */
export type Need = 'zones'

/** A flow's actions, and what becomes of them. */
export interface ActionCase {
  /** In words. */
  readonly what: string
  readonly key: FlowKeyInput
  readonly actions: readonly ActionInput[]
  /** As the kernel reports them, where that is not as they were given. */
  readonly back?: readonly ActionInput[]
  /** As text. */
  readonly shown: string
  /** `ovs-dpctl` 3.1 takes the number for another action's. */
  readonly misread?: true
  /** The release that first knows it. */
  readonly since?: readonly [major: number, minor: number]
  readonly needs?: Need
}

const ethernet = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' }
const ipv4 = { src: '10.0.0.1', dst: '10.0.0.2', proto: 6, tos: 4, ttl: 64, frag: 0 }
const ipv6 = { src: 'fe80::1', dst: '2001:db8::2', label: 0x12345, proto: 17, tclass: 8, hlimit: 63, frag: 0 }
const lse = { label: 100, tc: 3, bos: 1, ttl: 64 }

/** Keys of packets that the actions need. */
export const KEYS = {
  tcp: { ethernet, ethertype: 0x0800, ipv4, tcp: { src: 1, dst: 2 }, tcpFlags: 0 },
  sctp: { ethernet, ethertype: 0x0800, ipv4: { ...ipv4, proto: 132 }, sctp: { src: 1, dst: 2 } },
  udp6: { ethernet, ethertype: 0x86dd, ipv6, udp: { src: 1, dst: 2 } },
  /** Without an Ethernet header. */
  bare: { ethertype: 0x0800, ipv4: { ...ipv4, proto: 89 } },
  mpls: { ethernet, ethertype: 0x8847, mpls: [{ ...lse, bos: 0 }, lse] },
  nsh: { ethernet, ethertype: 0x894f, nsh: { base: { ttl: 63, mdtype: 1, np: 3, pathHdr: { spi: 5, si: 255 } }, md1: { context: [1, 2, 3, 4] } } },
  other: { ethernet, ethertype: 0x88cc },
} as const satisfies Record<string, FlowKeyInput>
const { tcp, sctp, udp6, bare, mpls, nsh, other } = KEYS

const labels = Uint8Array.from({ length: 16 }, (_, i) => i)
const half = new Uint8Array(16).fill(0xff, 0, 8)
const out: ActionInput = { output: 2 }

export const CASES: readonly ActionCase[] = [
  { what: 'nothing', key: other, actions: [], shown: 'drop' },
  { what: 'output', key: other, actions: [out, { output: 65534 }], shown: '2,65534' },
  { what: 'userspace', key: other, actions: [{ userspace: { pid: 7 } }], shown: 'userspace(pid=7)' },
  {
    what: 'userspace with everything',
    key: other,
    actions: [{ userspace: { pid: 7, userdata: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9]), egressTunPort: 2, actions: true } }],
    shown: 'userspace(pid=7,userdata(010203040506070809),actions,tunnel_out_port=2)',
  },
  { what: 'a VLAN tag', key: tcp, actions: [{ pushVlan: { tpid: 0x8100, tci: vlanTci(10, 2) } }, out, { popVlan: true }, out], shown: 'push_vlan(vid=10,pcp=2),2,pop_vlan,2' },
  { what: 'a service VLAN tag', key: tcp, actions: [{ pushVlan: { tpid: 0x88a8, tci: vlanTci(10) } }, out], shown: 'push_vlan(tpid=0x88a8,vid=10,pcp=0),2' },
  { what: 'sample', key: other, actions: [{ sample: { probability: 0x8000_0000, actions: [out] } }, out], shown: 'sample(sample=50.0%,actions(2)),2' },
  { what: 'a sample of nothing', key: other, actions: [{ sample: { probability: 0xffff_ffff, actions: [] } }], shown: 'sample(sample=100.0%,actions(drop))' },
  { what: 'recirc', key: other, actions: [{ recirc: 0x1f }], shown: 'recirc(0x1f)' },
  { what: 'recirc to 0', key: other, actions: [{ recirc: 0 }], shown: 'recirc(0)' },
  { what: 'hash', key: tcp, actions: [{ hash: { alg: HashAlg.l4, basis: 3 } }, { recirc: 5 }], shown: 'hash(l4(3)),recirc(0x5)' },
  { what: 'symmetric hash', key: tcp, actions: [{ hash: { alg: HashAlg.symL4, basis: 3 } }], shown: 'hash(sym_l4(3))', since: [6, 5] },
  { what: 'push MPLS', key: tcp, actions: [{ pushMpls: { lse, ethertype: 0x8847 } }, out], shown: 'push_mpls(label=100,tc=3,ttl=64,bos=1,eth_type=0x8847),2' },
  { what: 'pop MPLS', key: mpls, actions: [{ popMpls: 0x8847 }, { popMpls: 0x0800 }, out], shown: 'pop_mpls(eth_type=0x8847),pop_mpls(eth_type=0x800),2' },
  { what: 'a label before the network header', key: tcp, actions: [{ addMpls: { lse, ethertype: 0x8848, tunFlags: 1 } }, out], shown: 'add_mpls(label=100,tc=3,ttl=64,bos=1,eth_type=0x8848),2' },
  { what: 'a label before the frame', key: other, actions: [{ addMpls: { lse, ethertype: 0x8847 } }, out], shown: 'add_mpls(label=100,tc=3,ttl=64,bos=1,eth_type=0x8847),2' },
  { what: 'take the Ethernet header off, and put another on', key: tcp, actions: [{ popEth: true }, { pushEth: ethernet }, out], shown: 'pop_eth,push_eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),2' },
  { what: 'an Ethernet header for a packet without', key: bare, actions: [{ pushEth: ethernet }, out], shown: 'push_eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),2' },
  { what: 'truncate', key: other, actions: [{ trunc: { maxLen: 14 } }, out], shown: 'trunc(14),2' },
  { what: 'forget the connection', key: other, actions: [{ ctClear: true }, out], shown: 'ct_clear,2' },
  {
    what: 'push NSH',
    key: tcp,
    actions: [{ pushNsh: { nsh: { base: { flags: 2, ttl: 63, mdtype: 1, np: 3, pathHdr: { spi: 5, si: 255 } }, md1: { context: [1, 2, 3, 0xff] } } } }, out],
    shown: 'push_nsh(flags=2,ttl=63,mdtype=1,np=3,spi=0x5,si=255,c1=0x1,c2=0x2,c3=0x3,c4=0xff),2',
  },
  {
    what: 'push NSH with metadata of type 2',
    key: tcp,
    actions: [{ pushNsh: { nsh: { base: { ttl: 63, mdtype: 2, np: 3, pathHdr: { spi: 5, si: 255 } }, md2: new Uint8Array([0, 1, 2, 4, 9, 9, 9, 9]) } } }, out],
    shown: 'push_nsh(flags=0,ttl=63,mdtype=2,np=3,spi=0x5,si=255,md2=0x1020409090909),2',
  },
  { what: 'pop NSH', key: nsh, actions: [{ popNsh: true }, out], shown: 'pop_nsh(),2' },
  { what: 'meter', key: other, actions: [{ meter: 4 }, out], shown: 'meter(4),2' },
  { what: 'clone', key: other, actions: [{ clone: [{ set: { skbMark: 1 } }, out] }, { output: 3 }], shown: 'clone(set(skb_mark(0x1)),2),3' },
  { what: 'a clone of nothing', key: other, actions: [{ clone: [] }], shown: 'clone(drop)' },
  {
    what: 'check the length',
    key: other,
    actions: [{ checkPktLen: { pktLen: 0xffff, actionsIfGreater: [out], actionsIfLessEqual: [{ output: 3 }, { output: 4 }] } }],
    shown: 'check_pkt_len(size=65535,gt(2),le(3,4))',
  },
  { what: 'check the length for nothing', key: other, actions: [{ checkPktLen: { pktLen: 1, actionsIfGreater: [], actionsIfLessEqual: [] } }], shown: 'check_pkt_len(size=1,gt(drop),le(drop))' },
  { what: 'take 1 off the TTL', key: tcp, actions: [{ decTtl: { action: [{ userspace: { pid: 7 } }] } }, out], shown: 'dec_ttl(le_1(userspace(pid=7))),2', misread: true },
  { what: 'take 1 off the TTL or drop', key: tcp, actions: [{ decTtl: { action: [] } }, out], shown: 'dec_ttl(le_1(drop)),2', misread: true },
  { what: 'drop', key: other, actions: [out, { drop: 7 }], shown: '2,drop', misread: true, since: [6, 6] },
  { what: 'psample', key: other, actions: [{ psample: { group: 7 } }], shown: 'psample(group=7)', misread: true, since: [6, 11] },
  { what: 'psample with a cookie', key: other, actions: [{ psample: { group: 7, cookie: labels } }, out], shown: 'psample(group=7,cookie=0x000102030405060708090a0b0c0d0e0f),2', misread: true, since: [6, 11] },

  { what: 'ct', key: tcp, actions: [{ ct: {} }], shown: 'ct' },
  { what: 'ct of IPv6', key: udp6, actions: [{ ct: {} }, { recirc: 1 }], shown: 'ct,recirc(0x1)' },
  { what: 'commit', key: tcp, actions: [{ ct: { commit: true } }], shown: 'ct(commit)' },
  { what: 'commit by force', key: tcp, actions: [{ ct: { forceCommit: true } }], shown: 'ct(force_commit)' },
  { what: 'commit in both ways', key: tcp, actions: [{ ct: { commit: true, forceCommit: true } }], back: [{ ct: { forceCommit: true } }], shown: 'ct(force_commit)' },
  { what: 'a zone', key: tcp, actions: [{ ct: { zone: 5 } }], shown: 'ct(zone=5)', needs: 'zones' },
  { what: 'a mark', key: tcp, actions: [{ ct: { commit: true, mark: { value: 1 } } }], shown: 'ct(commit,mark=0x1/0xffffffff)' },
  { what: 'some bits of a mark', key: tcp, actions: [{ ct: { commit: true, mark: { value: 1, mask: 0xff } } }], shown: 'ct(commit,mark=0x1/0xff)' },
  { what: 'labels', key: tcp, actions: [{ ct: { commit: true, labels: { value: labels, mask: exact } } }], shown: 'ct(commit,label=0xf0e0d0c0b0a09080706050403020100)' },
  { what: 'some bits of the labels', key: tcp, actions: [{ ct: { commit: true, labels: { value: labels, mask: half } } }], shown: 'ct(commit,label=0xf0e0d0c0b0a09080706050403020100/0xffffffffffffffff)' },
  { what: 'a helper', key: tcp, actions: [{ ct: { commit: true, helper: 'ftp' } }], shown: 'ct(commit,helper=ftp)' },
  { what: 'an event mask', key: tcp, actions: [{ ct: { eventmask: 0x706 } }], shown: 'ct' },
  { what: 'a timeout policy', key: tcp, actions: [{ ct: { commit: true, timeout: 'of ours' } }], shown: 'ct(commit,timeout=of ours)' },
  { what: 'NAT', key: tcp, actions: [{ ct: { nat: {} } }], shown: 'ct(nat)' },
  { what: 'NAT before the commit', key: tcp, actions: [{ ct: { nat: { src: true }, commit: true } }], shown: 'ct(commit,nat(src))' },
  { what: 'NAT to an address', key: tcp, actions: [{ ct: { commit: true, nat: { src: true, ipMin: '10.0.0.1' } } }], shown: 'ct(commit,nat(src=10.0.0.1))' },
  {
    what: 'NAT with everything',
    key: tcp,
    actions: [{ ct: { commit: true, nat: { dst: true, ipMin: '10.0.0.1', ipMax: '10.0.0.9', protoMin: 80, protoMax: 0x1234, persistent: true, protoHash: true, protoRandom: true } } }],
    shown: 'ct(commit,nat(dst=10.0.0.1-10.0.0.9:80-4660,persistent,hash,random))',
  },
  { what: 'NAT to a range of one', key: tcp, actions: [{ ct: { commit: true, nat: { dst: true, ipMin: '10.0.0.1', ipMax: '10.0.0.1' } } }], back: [{ ct: { commit: true, nat: { dst: true, ipMin: '10.0.0.1' } } }], shown: 'ct(commit,nat(dst=10.0.0.1))' },
  { what: 'NAT to the highest of a range', key: tcp, actions: [{ ct: { commit: true, nat: { dst: true, ipMax: '10.0.0.9' } } }], back: [{ ct: { commit: true, nat: { dst: true, ipMin: '0.0.0.0', ipMax: '10.0.0.9' } } }], shown: 'ct(commit,nat(dst=0.0.0.0-10.0.0.9))' },
  { what: 'NAT of ports alone', key: tcp, actions: [{ ct: { commit: true, nat: { dst: true, protoMin: 80, protoMax: 90 } } }], shown: 'ct(commit,nat(error: proto but no IP.))' },
  { what: 'NAT of IPv6', key: udp6, actions: [{ ct: { commit: true, nat: { src: true, ipMin: 'fe80::1', ipMax: 'fe80::2' } } }], shown: 'ct(commit,nat(src=fe80::1-fe80::2))' },
  { what: 'NAT of IPv6 and a port', key: udp6, actions: [{ ct: { commit: true, nat: { src: true, ipMin: 'fe80::1', ipMax: 'fe80::2', protoMin: 80 } } }], shown: 'ct(commit,nat(src=[fe80::1]-[fe80::2]:80))' },
  {
    what: 'ct with everything but a zone',
    key: tcp,
    actions: [{ ct: { commit: true, mark: { value: 1 }, labels: { value: labels }, helper: 'ftp', eventmask: 1, timeout: 'x', nat: {} } }],
    shown: 'ct(commit,mark=0x1/0xffffffff,label=0xf0e0d0c0b0a09080706050403020100,helper=ftp,timeout=x,nat)',
  },
  {
    what: 'ct with everything',
    key: tcp,
    actions: [{ ct: { forceCommit: true, zone: 9, mark: { value: 1 }, labels: { value: labels }, helper: 'ftp', eventmask: 1, timeout: 'x', nat: { src: true } } }],
    shown: 'ct(force_commit,zone=9,mark=0x1/0xffffffff,label=0xf0e0d0c0b0a09080706050403020100,helper=ftp,timeout=x,nat(src))',
    needs: 'zones',
  },

  { what: 'set the mark', key: other, actions: [{ set: { skbMark: 5 } }], shown: 'set(skb_mark(0x5))' },
  { what: 'set some of the mark', key: other, actions: [{ setMasked: { key: { skbMark: 5 }, mask: { skbMark: 0xf } } }], shown: 'set(skb_mark(0x5/0xf))' },
  { what: 'set the priority', key: other, actions: [{ set: { priority: 5 } }], shown: 'set(skb_priority(0x5))' },
  { what: 'set some of the priority', key: other, actions: [{ setMasked: { key: { priority: 5 }, mask: { priority: 0xf } } }], shown: 'set(skb_priority(0x5/0xf))' },
  { what: 'set the connection\'s mark', key: other, actions: [{ set: { ctMark: 5 } }], shown: 'set(ct_mark(0x5))' },
  { what: 'set some of the connection\'s mark', key: other, actions: [{ setMasked: { key: { ctMark: 5 }, mask: { ctMark: 0xf } } }], shown: 'set(ct_mark(0x5/0xf))' },
  { what: 'set the connection\'s labels', key: other, actions: [{ set: { ctLabels: labels } }], shown: 'set(ct_label(0xf0e0d0c0b0a09080706050403020100))' },
  { what: 'set some of the connection\'s labels', key: other, actions: [{ setMasked: { key: { ctLabels: half }, mask: { ctLabels: half } } }], shown: 'set(ct_label(0xffffffffffffffff/0xffffffffffffffff))' },
  { what: 'set Ethernet', key: other, actions: [{ set: { ethernet } }], shown: 'set(eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02))' },
  { what: 'set some of Ethernet', key: other, actions: [{ setMasked: { key: { ethernet: { dst: ethernet.dst } }, mask: { ethernet: { dst: exact } } } }], shown: 'set(eth(dst=02:00:00:00:00:02))' },
  { what: 'set IPv4', key: tcp, actions: [{ set: { ipv4: { ...ipv4, ttl: 63 } } }], shown: 'set(ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0x4,ttl=63,frag=no))' },
  { what: 'set some of IPv4', key: tcp, actions: [{ setMasked: { key: { ipv4: { dst: '10.0.0.0', tos: 8 } }, mask: { ipv4: { dst: '255.255.0.0', tos: 0xfc } } } }], shown: 'set(ipv4(dst=10.0.0.0/255.255.0.0,tos=0x8/0xfc))' },
  { what: 'set IPv6', key: udp6, actions: [{ set: { ipv6: { ...ipv6, label: 0xfffff } } }], shown: 'set(ipv6(src=fe80::1,dst=2001:db8::2,label=0xfffff,proto=17,tclass=0x8,hlimit=63,frag=no))' },
  { what: 'set some of IPv6', key: udp6, actions: [{ setMasked: { key: { ipv6: { label: 0x45 } }, mask: { ipv6: { label: 0xff, hlimit: exact } } } }], shown: 'set(ipv6(label=0x45/0xff,hlimit=0))' },
  { what: 'set a flow label', key: udp6, actions: [{ setMasked: { key: { ipv6: { label: 0x45 } }, mask: { ipv6: { label: exact } } } }], shown: 'set(ipv6(label=0x45))' },
  { what: 'set TCP ports', key: tcp, actions: [{ set: { tcp: { src: 3, dst: 4 } } }], shown: 'set(tcp(src=3,dst=4))' },
  { what: 'set a TCP port', key: tcp, actions: [{ setMasked: { key: { tcp: { dst: 8080 } }, mask: { tcp: { dst: exact } } } }], shown: 'set(tcp(dst=8080))' },
  { what: 'set UDP ports', key: udp6, actions: [{ set: { udp: { src: 3, dst: 4 } } }], shown: 'set(udp(src=3,dst=4))' },
  { what: 'set some of a UDP port', key: udp6, actions: [{ setMasked: { key: { udp: { src: 0x80 } }, mask: { udp: { src: 0xff } } } }], shown: 'set(udp(src=128/0xff))' },
  { what: 'set SCTP ports', key: sctp, actions: [{ set: { sctp: { src: 3, dst: 4 } } }], shown: 'set(sctp(src=3,dst=4))' },
  { what: 'set an SCTP port', key: sctp, actions: [{ setMasked: { key: { sctp: { dst: 4 } }, mask: { sctp: { dst: exact } } } }], shown: 'set(sctp(dst=4))' },
  { what: 'set a label', key: mpls, actions: [{ set: { mpls: [{ label: 7, tc: 1, bos: 0, ttl: 9 }] } }], shown: 'set(mpls(label=7,tc=1,ttl=9,bos=0))' },
  { what: 'set some of a label', key: mpls, actions: [{ setMasked: { key: { mpls: [{ tc: 1 }] }, mask: { mpls: [{ tc: 7 }] } } }], shown: 'set(mpls(label=0/0x0,tc=1/7,ttl=0/0x0,bos=0/0))' },
  {
    what: 'set a tunnel',
    key: other,
    actions: [{ set: { tunnel: { id: 5n, ipv4Src: '10.0.0.1', ipv4Dst: '10.0.0.9', tos: 4, ttl: 64, dontFragment: true, csum: true, tpSrc: 1000, tpDst: 4789 } } }],
    shown: 'set(tunnel(tun_id=0x5,src=10.0.0.1,dst=10.0.0.9,tos=0x4,ttl=64,tp_src=1000,tp_dst=4789,flags(df|csum|key)))',
  },
  { what: 'set a tunnel over IPv6', key: other, actions: [{ set: { tunnel: { ipv6Src: 'fe80::1', ipv6Dst: 'fe80::2', ttl: 64 } } }], shown: 'set(tunnel(ipv6_src=fe80::1,ipv6_dst=fe80::2,ttl=64,flags(0)))' },
  {
    what: 'set a tunnel with Geneve options',
    key: other,
    actions: [{ set: { tunnel: { id: 5n, ipv4Dst: '10.0.0.9', ttl: 64, oam: true, geneveOpts: [{ class: 0x102, type: 0x80, data: new Uint8Array([1, 2, 3, 4]) }, { class: 1, type: 2, data: new Uint8Array() }] } } }],
    shown: 'set(tunnel(tun_id=0x5,dst=10.0.0.9,ttl=64,geneve({class=0x102,type=0x80,len=4,0x1020304}{class=0x1,type=0x2,len=0}),flags(oam|key)))',
  },
  {
    what: 'set a tunnel with a policy of VXLAN',
    key: other,
    actions: [{ set: { tunnel: { id: 5n, ipv4Dst: '10.0.0.9', ttl: 64, vxlanOpts: { gbp: 0x80_0007 } } } }],
    shown: 'set(tunnel(tun_id=0x5,dst=10.0.0.9,ttl=64,vxlan(gbp(id=7,flags=0x80)),flags(key)))',
  },
  { what: 'set a tunnel with ERSPAN of version 1', key: other, actions: [{ set: { tunnel: { id: 5n, ipv4Dst: '10.0.0.9', ttl: 64, erspanOpts: { version: 1, index: 0x12345 } } } }], shown: 'set(tunnel(tun_id=0x5,dst=10.0.0.9,ttl=64,erspan(ver=1,idx=0x12345),flags(key)))' },
  { what: 'set a tunnel with ERSPAN of version 2', key: other, actions: [{ set: { tunnel: { id: 5n, ipv4Dst: '10.0.0.9', ttl: 64, erspanOpts: { version: 2, dir: 1, hwid: 7 } } } }], shown: 'set(tunnel(tun_id=0x5,dst=10.0.0.9,ttl=64,erspan(ver=2,dir=1,hwid=0x7),flags(key)))' },
]
