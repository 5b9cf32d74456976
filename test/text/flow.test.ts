import { describe, expect, it } from 'vitest'
import { formatFlow, formatUfid } from '../../src/text/index.js'
import { hex } from '../netlink/helpers.js'

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
