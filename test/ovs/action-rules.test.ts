import { describe, expect, it } from 'vitest'
import { exact } from '../../src/netlink/codec.js'
import { actionProblems } from '../../src/ovs/index.js'

const tcp = { ethernet: {}, ethertype: 0x0800, ipv4: { proto: 6 }, tcp: { dst: 80 }, tcpFlags: 0 }

// Each rule, and that there are no others, is held against the kernel in test/kernel/action-rules.test.ts.
describe('what is wrong with actions', () => {
  it('is nothing where nothing is', () => {
    expect(actionProblems([{ popVlan: true }, { output: 1 }], tcp)).toEqual([])
    expect(actionProblems([])).toEqual([])
  })

  it('is said of each, with its place', () => {
    expect(actionProblems([{ output: 65535 }, { clone: [{ trunc: { maxLen: 1 } }] }])).toEqual([
      '[0] output: a port number is below 65535, 65535 is not',
      '[1] clone: within clone, trunc: maxLen must be at least 14, not 1',
    ])
  })

  it('depends on what the flow matches exactly', () => {
    const set = [{ setMasked: { key: { tcp: { dst: 1 } }, mask: { tcp: { dst: exact } } } }] as const
    expect(actionProblems(set, tcp)).toEqual([])
    expect(actionProblems(set, tcp, { ethertype: exact })).toEqual(['setMasked: the flow must match IPv4 or IPv6 and its proto 6 exactly'])
  })

  it('depends on what the actions before did', () => {
    expect(actionProblems([{ popEth: true }, { pushEth: {} }, { popEth: true }, { popVlan: true }], tcp)).toEqual(['[3] popVlan: the packet has no Ethernet header'])
  })

  it('is less where the packets are not known', () => {
    expect(actionProblems([{ popEth: true }, { popVlan: true }, { ct: {} }, { set: { tcp: { src: 1, dst: 2 } } }, { set: { inPort: 1 } }])).toEqual([
      expect.stringMatching(/^\[4\] set: inPort cannot be set, only ipv4, ipv6, tcp, udp, sctp, ethernet, mpls, tunnel, priority, skbMark, ctMark, ctLabels$/),
    ])
  })

  it('leaves to the kernel what only a newer one may know', () => {
    expect(actionProblems([{ unknown: { number: 99, bytes: new Uint8Array(4) } }])).toEqual([])
  })
})
