import { describe, expect, it } from 'vitest'
import { exact } from '../../src/netlink/codec.js'
import { type FlowKey, FlowKeyAttributes, type FlowKeyInput, type FlowMask } from '../../src/ovs/index.js'
import { formatKey } from '../../src/text/index.js'
import { decode, encode, encodeMask, hex } from '../netlink/helpers.js'

/** As the kernel reports it: whole structures. */
const key = (value: FlowKeyInput): FlowKey => decode(FlowKeyAttributes, encode(FlowKeyAttributes, value))
const masked = (value: FlowKeyInput, mask: FlowMask) => formatKey(key(value), decode(FlowKeyAttributes, encodeMask(FlowKeyAttributes, mask)))

const MACS = { src: 'aa:bb:cc:dd:ee:01', dst: 'aa:bb:cc:dd:ee:02' }

// The syntax is that of ovs-dpctl(8).
describe('a key without a mask', () => {
  it.each<[FlowKeyInput, string]>([
    [{}, ''],
    [{ inPort: 1 }, 'in_port(1)'],
    [{ recircId: 0x1a }, 'recirc_id(0x1a)'],
    [{ recircId: 0 }, 'recirc_id(0)'],
    [{ dpHash: 5 }, 'dp_hash(0x5)'],
    [{ priority: 16 }, 'skb_priority(0x10)'],
    [{ skbMark: 255 }, 'skb_mark(0xff)'],
    [{ ctZone: 7, ctMark: 8 }, 'ct_zone(0x7),ct_mark(0x8)'],
    [{ ctState: 0x21 }, 'ct_state(new|trk)'],
    [{ ctState: 0 }, 'ct_state(0)'],
    [{ ctLabels: hex('0100000000000000 0000000000000080') }, 'ct_label(0x80000000000000000000000000000001)'],
    [{ ethernet: MACS }, 'eth(src=aa:bb:cc:dd:ee:01,dst=aa:bb:cc:dd:ee:02)'],
    [{ ethertype: 0x0800 }, 'eth_type(0x0800)'],
    [{ ethertype: 0x8100, vlan: 0x7005, encap: { ethertype: 0x0806 } }, 'eth_type(0x8100),vlan(vid=5,pcp=3),encap(eth_type(0x0806))'],
    [{ vlan: 0x0005 }, 'vlan(vid=5,pcp=0,cfi=0)'],
    [{ ipv4: { src: '10.0.0.1', dst: '10.0.0.2', proto: 6, tos: 0x10, ttl: 64, frag: 1 } }, 'ipv4(src=10.0.0.1,dst=10.0.0.2,proto=6,tos=0x10,ttl=64,frag=first)'],
    [{ ipv4: {} }, 'ipv4(src=0.0.0.0,dst=0.0.0.0,proto=0,tos=0,ttl=0,frag=no)'],
    [{ ipv6: { src: 'fe80::1', dst: 'ff02::1', label: 0x12345, proto: 58, tclass: 0, hlimit: 255, frag: 2 } }, 'ipv6(src=fe80::1,dst=ff02::1,label=0x12345,proto=58,tclass=0,hlimit=255,frag=later)'],
    [{ tcp: { src: 1, dst: 65535 } }, 'tcp(src=1,dst=65535)'],
    [{ tcpFlags: 0x12 }, 'tcp_flags(syn|ack)'],
    [{ udp: { src: 53, dst: 53 } }, 'udp(src=53,dst=53)'],
    [{ sctp: { src: 1, dst: 2 } }, 'sctp(src=1,dst=2)'],
    [{ icmp: { type: 8, code: 0 } }, 'icmp(type=8,code=0)'],
    [{ icmpv6: { type: 135, code: 0 } }, 'icmpv6(type=135,code=0)'],
    [{ arp: { sip: '10.0.0.1', tip: '10.0.0.2', op: 1, sha: MACS.src, tha: '00:00:00:00:00:00' } }, 'arp(sip=10.0.0.1,tip=10.0.0.2,op=1,sha=aa:bb:cc:dd:ee:01,tha=00:00:00:00:00:00)'],
    [{ nd: { target: 'fe80::1', sll: MACS.src, tll: MACS.dst } }, 'nd(target=fe80::1,sll=aa:bb:cc:dd:ee:01,tll=aa:bb:cc:dd:ee:02)'],
    [{ tunnel: { id: 42n, ipv4Src: '10.0.0.1', ipv4Dst: '10.0.0.2', tos: 4, ttl: 64, tpDst: 4789, csum: true } }, 'tunnel(tun_id=0x2a,src=10.0.0.1,dst=10.0.0.2,tos=0x4,ttl=64,tp_dst=4789,flags(csum|key))'],
    [{ tunnel: { ipv6Dst: '::1', ttl: 0, vxlanOpts: { gbp: 0x80102 } } }, 'tunnel(ipv6_dst=::1,ttl=0,vxlan(gbp(id=258,flags=0x8)),flags(0))'],
    [{ tunnel: { geneveOpts: [{ class: 0x102, type: 0x80, data: hex('00000102') }, { class: 1, type: 2, data: hex('') }] } }, 'tunnel(geneve({class=0x102,type=0x80,len=4,0x102}{class=0x1,type=0x2,len=0}),flags(0))'],
    [{ tunnel: { erspanOpts: { version: 1, index: 7 } } }, 'tunnel(erspan(ver=1,idx=0x7),flags(0))'],
    [{ tunnel: { erspanOpts: { version: 2, dir: 1, hwid: 0x2a } } }, 'tunnel(erspan(ver=2,dir=1,hwid=0x2a),flags(0))'],
    [{ ctOrigTupleIpv4: { src: '10.0.0.1', dst: '10.0.0.2', proto: 6, srcPort: 1, dstPort: 2 } }, 'ct_tuple4(src=10.0.0.1,dst=10.0.0.2,proto=6,tp_src=1,tp_dst=2)'],
    [{ ctOrigTupleIpv6: { src: '::1', dst: '::2', proto: 17, srcPort: 1, dstPort: 2 } }, 'ct_tuple6(src=::1,dst=::2,proto=17,src_port=1,dst_port=2)'],
    [{ mpls: [{ label: 16, tc: 1, ttl: 64 }, { label: 17, bos: 1 }] }, 'mpls(label=16,tc=1,ttl=64,bos=0,label=17,tc=0,ttl=0,bos=1)'],
    [{ nsh: { base: { flags: 2, ttl: 63, mdtype: 1, np: 3, pathHdr: { spi: 0x10, si: 255 } }, md1: { context: [1, 0, 0, 0xff] } } }, 'nsh(flags=2,ttl=63,mdtype=1,np=3,spi=0x10,si=255,c1=0x1,c2=0x0,c3=0x0,c4=0xff)'],
    [{ ipv6Exthdrs: 3 }, 'ipv6_exthdrs(0x3)'],
    [{ unknown: [{ number: 40, bytes: hex('0102') }] }, 'key40(01 02)'],
  ])('%o is %s', (value, text) => {
    expect(formatKey(key(value))).toBe(text)
  })
})

describe('a key with a mask', () => {
  it.each<[string, FlowKeyInput, FlowMask, string]>([
    ['has only what must match', { inPort: 1, skbMark: 2 }, { inPort: exact }, 'in_port(1)'],
    ['has a mask where it is not exact', { skbMark: 0x10 }, { skbMark: 0xf0 }, 'skb_mark(0x10/0xf0)'],
    ['has of a structure only what must match', { ethernet: MACS, ipv4: { dst: '10.0.0.2', proto: 6 } }, { ethernet: { dst: exact }, ipv4: { proto: exact } }, 'eth(dst=aa:bb:cc:dd:ee:02),ipv4(proto=6)'],
    ['has the masks of addresses', { ipv4: { dst: '10.0.0.0' } }, { ipv4: { dst: '255.255.255.0' } }, 'ipv4(dst=10.0.0.0/255.255.255.0)'],
    ['has the masks of IPv6 addresses', { ipv6: { dst: 'fe80::' } }, { ipv6: { dst: 'ffff::' } }, 'ipv6(dst=fe80::/ffff::)'],
    ['says that there is an Ethernet header, though nothing of it must match', { ethernet: MACS }, {}, 'eth()'],
    ['leaves out a structure of which nothing must match', { ethernet: MACS, ipv4: { proto: 6 } }, { ipv4: {} }, 'eth()'],
    ['shows flags that must be there, or must not', { ctState: 0x21 }, { ctState: 0x31 }, 'ct_state(+new-inv+trk)'],
    ['shows TCP flags so, too', { tcpFlags: 0x02 }, { tcpFlags: 0x12 }, 'tcp_flags(+syn-ack)'],
    ['shows flags that must all match as they are', { tcpFlags: 0x02 }, { tcpFlags: 0x0fff }, 'tcp_flags(syn)'],
    ['has of a tag what must match', { vlan: 0x1005 }, { vlan: 0x1fff }, 'vlan(vid=5)'],
    ['has the masks of a tag\'s parts', { vlan: 0x3005 }, { vlan: 0x3f0f }, 'vlan(vid=5/0xf0f,pcp=1/0x1)'],
    ['shows the twenty bits of a flow label', { ipv6: { label: 5 } }, { ipv6: { label: 0xfffff } }, 'ipv6(label=0x5)'],
    ['reaches into what is encapsulated', { encap: { ethertype: 0x0800 } }, { encap: { ethertype: exact } }, 'encap(eth_type(0x0800))'],
    ['shows a type that only the mask has: that of an 802.2 frame', { ethernet: MACS }, { ethertype: exact }, 'eth(),eth_type(0/0xffff)'],
    ['shows the mask of labels', { ctLabels: hex('01000000000000000000000000000000') }, { ctLabels: hex('ff000000000000000000000000000000') }, 'ct_label(0x1/0xff)'],
    ['shows the masks of a tunnel, and flags that it must have or not', { tunnel: { id: 42n, ipv4Dst: '10.0.0.0', ttl: 64, csum: true } }, { tunnel: { id: 0xffn, ipv4Dst: '255.0.0.0', csum: exact, oam: exact } }, 'tunnel(tun_id=0x2a/0xff,dst=10.0.0.0/255.0.0.0,flags(-oam+csum+key))'],
    ['says that there is a tunnel, though nothing of it must match', { tunnel: { ipv4Dst: '10.0.0.1', ttl: 64 } }, { tunnel: { ttl: 0 } }, 'tunnel()'],
    ['shows all masks of labels, once one is not exact', { mpls: [{ label: 16, bos: 1 }] }, { mpls: [{ label: 0xff }] }, 'mpls(label=16/0xff,tc=0/0,ttl=0/0x0,bos=1/0)'],
    ['shows masks of NSH with values in the same base', { nsh: { base: { ttl: 3, pathHdr: { spi: 0x10, si: 1 } } } }, { nsh: { base: { ttl: 0x0f, pathHdr: { spi: 0xf0, si: exact } } } }, 'nsh(ttl=0x03/0x0f,spi=0x10/0x000000f0,si=1)'],
    ['shows the mask of what is not known', { unknown: [{ number: 40, bytes: hex('0102') }] }, { unknown: [{ number: 40, bytes: hex('ff00') }] }, 'key40(01 02/ff 00)'],
  ])('%s', (_what, value, mask, text) => {
    expect(masked(value, mask)).toBe(text)
  })
})

describe('a key in full', () => {
  it('shows what the mask does not cover, with a mask of zeros', () => {
    const full = (value: FlowKeyInput, mask: FlowMask) => formatKey(key(value), decode(FlowKeyAttributes, encodeMask(FlowKeyAttributes, mask)), { verbose: true })
    expect(full({ skbMark: 1, ctState: 0x21, ethernet: MACS }, { ctState: 0x20 })).toBe('skb_mark(0x1/0),ct_state(0x21/0x20),eth(src=aa:bb:cc:dd:ee:01/00:00:00:00:00:00,dst=aa:bb:cc:dd:ee:02/00:00:00:00:00:00)')
    expect(full({ tunnel: { ttl: 64 }, vlan: 0x1005 }, { tunnel: { ttl: exact } })).toBe('tunnel(ttl=64,flags(0/0)),vlan(vid=5/0x0,pcp=0/0x0)')
  })
})
