import { describe, expect, it } from 'vitest'
import { ActionAttributes } from '../../src/ovs/index.js'
import { encode, refused } from '../netlink/helpers.js'

const refusal = (action: object) => refused(() => encode(ActionAttributes, [action as never]))
const CT = ['OVS_ACTION_ATTR_CT']

describe('bits of a connection', () => {
  it.each(['mark', 'labels'])('(%s) are an object with value and mask', (name) => {
    for (const bits of [7, 7n, true, null, '7', [7], () => {}, new Uint8Array(16)]) {
      expect(refusal({ ct: { commit: true, [name]: bits } })).toMatchObject({
        attribute: [...CT, `OVS_CT_ATTR_${name.toUpperCase()}`],
        reason: 'must be an object with value and mask',
        value: bits,
        remedy: expect.stringMatching(/^Write \{ value: 7, mask\? \}/),
      })
    }
  })
})

describe('what an action is given in another form', () => {
  it.each<[string, object, string]>([
    ['a probability that is a fraction', { sample: { probability: 0.5, actions: [] } }, 'Write Math.round(0.5 * 0xffffffff).'],
    ['a header that stands one level too high', { pushNsh: { base: {} } }, 'Write { nsh: { base: … } }.'],
    ['NAT that is a flag', { ct: { commit: true, nat: true } }, "Write {} to translate as committed, or { src: true, ipMin: '192.0.2.1' }."],
    ['NAT that is text', { ct: { commit: true, nat: 'src' } }, 'Its members are src, dst, ipMin, ipMax, protoMin, protoMax, persistent, protoHash, protoRandom.'],
    ['what belongs to NAT', { ct: { commit: true, ipMin: '192.0.2.1' } }, 'Write { nat: { ipMin: … } }.'],
    ['an address that several have', { set: { src: '192.0.2.1' } }, 'Write '],
  ])('(%s) has a remedy', (_what, action, remedy) => {
    const { remedy: said } = refusal(action)
    expect(said).toContain(remedy)
  })

  it('is told of the nearest name', () => {
    expect(refusal({ ouput: 1 }).remedy).toMatch(/^There are output, .* The nearest is output\.$/)
  })
})
