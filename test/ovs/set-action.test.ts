import { describe, expect, it } from 'vitest'
import { exact } from '../../src/netlink/codec.js'
import { MalformedMessageError } from '../../src/netlink/errors.js'
import { ActionAttributes, type ActionInput, SetMaskedKey } from '../../src/ovs/index.js'
import { decode, encode, hex, refused } from '../netlink/helpers.js'

const actions = (...list: ActionInput[]) => encode(ActionAttributes, list)

describe('set', () => {
  it('holds one key attribute', () => {
    expect(actions({ set: { skbMark: 7 } })).toEqual(hex('0c00 0300  0800 0f00 07000000'))
  })

  it('must be whole', () => {
    expect(refused(() => actions({ set: { ethernet: { src: '00:00:00:00:00:01' } } }))).toMatchObject({
      attribute: ['OVS_ACTION_ATTR_SET'],
      reason: 'must be whole, ethernet lacks dst',
      remedy: 'Give every member, or write only some with setMasked.',
    })
  })

  it.each([{}, { skbMark: 1, priority: 2 }])('refuses %j', (set) => {
    expect(refused(() => actions({ set })).reason).toBe('must have exactly one member')
  })

  it('keeps a key attribute that is not known', () => {
    const value = [{ set: { unknown: [{ number: 40, bytes: hex('0400 0100') }] } }]
    expect(decode(ActionAttributes, encode(ActionAttributes, value))).toEqual(value)
  })
})

describe('setMasked', () => {
  it('holds the value and, behind it in the same attribute, the mask', () => {
    const bytes = actions({ setMasked: { key: { skbMark: 7 }, mask: { skbMark: 0xff } } })
    expect(bytes).toEqual(hex('1000 0b00  0c00 0f00 07000000 ff000000'))
    expect(decode(ActionAttributes, bytes)).toEqual([{ setMasked: { key: { skbMark: 7 }, mask: { skbMark: 0xff } } }])
  })

  it('takes structures in part', () => {
    const [action] = decode(ActionAttributes, actions({ setMasked: { key: { ethernet: { dst: '00:00:00:00:00:01' } }, mask: { ethernet: { dst: exact } } } }))
    expect(action).toEqual({
      setMasked: {
        key: { ethernet: { src: '00:00:00:00:00:00', dst: '00:00:00:00:00:01' } },
        mask: { ethernet: { src: '00:00:00:00:00:00', dst: 'ff:ff:ff:ff:ff:ff' } },
      },
    })
  })

  it('refuses a value with bits outside of its mask', () => {
    expect(refused(() => actions({ setMasked: { key: { skbMark: 0x100 }, mask: { skbMark: 0xff } } }))).toMatchObject({
      attribute: ['OVS_ACTION_ATTR_SET_MASKED', 'OVS_KEY_ATTR_SKB_MARK'],
      reason: 'has bits outside of its mask',
    })
  })

  it('keeps halves that are longer than the attribute as they are', () => {
    const bytes = hex('1800 0b00  1400 0f00 07000000 00000000 ff000000 00000000')
    const value = decode(ActionAttributes, bytes)
    const half = (text: string) => ({ unknown: [{ number: 15, bytes: hex(text) }] })
    expect(value).toEqual([{ setMasked: { key: half('07000000 00000000'), mask: half('ff000000 00000000') } }])
    expect(encode(ActionAttributes, value)).toEqual(bytes)
  })

  it.each([
    ['set', 'two attributes', '1400 0300  0800 0f00 07000000  0800 0200 01000000'],
    ['set', 'less than one', '0800 0300  0c00 0f00'],
    ['setMasked', 'something behind its attribute', '1400 0b00  0c00 0f00 07000000 ff000000  00000000'],
    ['setMasked', 'halves of two sizes', '0d00 0b00  0900 0f00 07000000 ff 000000'],
  ])('keeps a %s that holds %s as unknown', (_which, _what, text) => {
    const bytes = hex(text)
    const value = decode(ActionAttributes, bytes)
    expect(value).toEqual([{ unknown: { number: bytes[2], bytes: bytes.slice(4, bytes[0]) } }])
    expect(encode(ActionAttributes, value)).toEqual(bytes)
  })

  it.each<[string, unknown, string]>([
    ['different members', { key: { skbMark: 1 }, mask: { priority: 1 } }, 'key and mask must have the same member'],
    ['no mask', { key: { skbMark: 1 } }, 'must have a key and a mask'],
    ['two members', { key: { skbMark: 1, priority: 1 }, mask: { skbMark: 1, priority: 1 } }, 'must have exactly one member'],
    ['nothing', null, 'must have a key and a mask'],
  ])('refuses %s', (_what, setMasked, reason) => {
    expect(refused(() => actions({ setMasked } as never)).reason).toBe(reason)
  })

  it('says which member there is not', () => {
    expect(refused(() => actions({ setMasked: { key: { skb_mark: 1 }, mask: { skb_mark: 1 } } } as never))).toMatchObject({ reason: 'there is no attribute "skb_mark" in OVS_KEY_ATTR_*', remedy: 'Write skbMark.' })
  })

  it('keeps a key attribute that is not known', () => {
    const value = { key: { unknown: [{ number: 99, bytes: hex('0102') }] }, mask: { unknown: [{ number: 99, bytes: hex('ffff') }] } }
    expect(decode(SetMaskedKey, encode(SetMaskedKey, value))).toEqual(value)
  })

  it('refuses bytes that do not fit', () => {
    expect(() => decode(SetMaskedKey, hex('0c00 0f00 07000000'))).toThrow(MalformedMessageError)
  })
})
