import { describe, expect, it } from 'vitest'
import { ActionAttributes, type ActionInput } from '../../src/ovs/index.js'
import { formatActions, formatKey } from '../../src/text/index.js'
import { CASES } from '../kernel/support/action-cases.js'
import { decode, encode, hex } from '../netlink/helpers.js'

const text = (...actions: ActionInput[]) => formatActions(decode(ActionAttributes, encode(ActionAttributes, actions)))

describe('actions', () => {
  // What ovs-dpctl prints of these in a kernel is compared there.
  it.each(CASES.map(({ what, actions, back = actions, shown }) => [what, back, shown] as const))('(%s) are as ovs-dpctl prints them', (_what, actions, shown) => {
    expect(text(...actions)).toBe(shown)
  })

  it.each<[ActionInput[], string]>([
    [[{ pushVlan: { tpid: 0x88a8, tci: 0x0005 } }], 'push_vlan(tpid=0x88a8,vid=5,pcp=0,cfi=0)'],
    [[{ hash: { alg: 7, basis: 9 } }], 'hash(alg 7(9))'],
    [[{ userspace: {} }], 'userspace(pid=0)'],
    [[{ sample: {} }], 'sample(sample=0.0%,actions(drop))'],
    [[{ checkPktLen: {} }], 'check_pkt_len(size=0,gt(drop),le(drop))'],
    [[{ decTtl: {} }], 'dec_ttl(le_1(drop))'],
    [[{ psample: {} }], 'psample(group=0)'],
    [[{ pushNsh: {} }], 'push_nsh()'],
    [[{ pushNsh: { nsh: { md2: hex('00010203') } } }], 'push_nsh(md2=0x10203)'],
    [[{ clone: [{ output: 1 }, { clone: [{ output: 2 }] }] }], 'clone(1,clone(2))'],
    [[{ unknown: { number: 77, bytes: hex('01ff') } }], 'action77(01 ff)'],
  ])('%j, which no kernel reports, are %s', (actions, expected) => {
    expect(text(...actions)).toBe(expected)
  })

  it('push NSH in the words of the key that matches it, with what no table knows', () => {
    const nsh = { base: { flags: 2, ttl: 63, mdtype: 1, np: 3, pathHdr: { spi: 16, si: 255 } }, md1: { context: [1, 0, 0, 255] }, unknown: [{ number: 9, bytes: hex('01ff') }] }
    expect(formatActions([{ pushNsh: { nsh } }])).toBe(`push_${formatKey({ nsh })}`)
  })
})
