import { describe, expect, it } from 'vitest'
import { ActionAttributes, type ActionInput } from '../../src/ovs/index.js'
import { formatActions, formatFlow, formatUfid } from '../../src/text/index.js'
import { decode, encode, hex } from '../netlink/helpers.js'

const text = (...actions: ActionInput[]) => formatActions(decode(ActionAttributes, encode(ActionAttributes, actions)))

describe('actions', () => {
  it.each<[ActionInput[], string]>([
    [[], 'drop'],
    [[{ output: 2 }], '2'],
    [[{ output: 2 }, { output: 3 }], '2,3'],
    [[{ userspace: { pid: 7 } }], 'userspace(pid=7)'],
    [[{ userspace: { pid: 7, userdata: hex('0102'), actions: true, egressTunPort: 4 } }], 'userspace(pid=7,userdata(0102),actions,tunnel_out_port=4)'],
    [[{ set: { skbMark: 5 } }], 'set(skb_mark(0x5))'],
    [[{ setMasked: { key: { ipv4: { ttl: 1 } }, mask: { ipv4: { ttl: 255 } } } }], 'set(ipv4(ttl=1))'],
    [[{ setMasked: { key: { skbMark: 5 }, mask: { skbMark: 0xf } } }], 'set(skb_mark(0x5/0xf))'],
    [[{ pushVlan: { tpid: 0x8100, tci: 0x7005 } }], 'push_vlan(vid=5,pcp=3)'],
    [[{ pushVlan: { tpid: 0x88a8, tci: 0x0005 } }], 'push_vlan(tpid=0x88a8,vid=5,pcp=0,cfi=0)'],
    [[{ popVlan: true }], 'pop_vlan'],
    [[{ sample: { probability: 0xffff_ffff, actions: [{ output: 1 }] } }], 'sample(sample=100.0%,actions(1))'],
    [[{ sample: { probability: 0x8000_0000, actions: [] } }], 'sample(sample=50.0%,actions(drop))'],
    [[{ recirc: 0x1f }], 'recirc(0x1f)'],
    [[{ hash: { alg: 0, basis: 9 } }], 'hash(l4(9))'],
    [[{ trunc: { maxLen: 100 } }, { output: 1 }], 'trunc(100),1'],
    [[{ ctClear: true }], 'ct_clear'],
    [[{ meter: 5 }], 'meter(5)'],
    [[{ clone: [{ output: 1 }, { clone: [{ output: 2 }] }] }], 'clone(1,clone(2))'],
    [[{ drop: 0 }], 'drop'],
    [[{ unknown: { number: 77, bytes: hex('01ff') } }], 'action77(01 ff)'],
  ])('%j are %s', (actions, expected) => {
    expect(text(...actions)).toBe(expected)
  })
})

describe('a flow', () => {
  it('that never matched is on one line', () => {
    expect(formatFlow({ key: { inPort: 1 }, actions: [{ output: 2 }] })).toBe('in_port(1), packets:0, bytes:0, used:never, actions:2')
  })

  it('that matched says how much, how long ago, and with which TCP flags', () => {
    const flow = { key: { inPort: 1 }, stats: { packets: 3n, bytes: 294n }, used: 10_000n, tcpFlags: 0x12, actions: [] }
    expect(formatFlow(flow, { now: 11_204n })).toBe('in_port(1), packets:3, bytes:294, used:1.204s, flags:S., actions:drop')
  })

  it('has its mask', () => {
    expect(formatFlow({ key: { inPort: 1, skbMark: 2 }, mask: { inPort: 0xffff_ffff, skbMark: 3 }, actions: [] })).toBe('in_port(1),skb_mark(0x2/0x3), packets:0, bytes:0, used:never, actions:drop')
  })
})

describe('a UFID', () => {
  it('is four numbers of the machine\'s order, as Open vSwitch prints it', () => {
    expect(formatUfid(hex('04030201 08070605 0c0b0a09 100f0e0d'))).toBe('01020304-0506-0708-090a-0b0c0d0e0f10')
  })

  it('of fewer bytes is its bytes', () => {
    expect(formatUfid(hex('0102ff'))).toBe('0102ff')
  })
})
