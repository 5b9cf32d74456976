import { describe, expect, it } from 'vitest'
import { CtLimitAttributes, DEFAULT_ZONE } from '../../src/ovs/index.js'
import { decode, encode, hex } from '../netlink/helpers.js'

/** What Linux 6.1 (x86-64) sent back of `ct-set-limits default=7 zone=5,limit=3`, behind `struct ovs_header`. */
const RECORDED = hex('1c000100 ffffffff 07000000 00000000 05000000 03000000 00000000')
const VALUE = { zoneLimit: [{ zoneId: DEFAULT_ZONE, limit: 7, count: 0 }, { zoneId: 5, limit: 3, count: 0 }] }

describe('limits of zones', () => {
  it('are structures without headers of their own', () => {
    expect(decode(CtLimitAttributes, RECORDED)).toEqual(VALUE)
    expect(encode(CtLimitAttributes, VALUE)).toEqual(RECORDED)
  })

  it('whose last is not whole are kept as they came', () => {
    expect(decode(CtLimitAttributes, hex('18000100 ffffffff 07000000 00000000 05000000 03000000'))).toEqual({ unknown: [{ number: 1, bytes: hex('ffffffff 07000000 00000000 05000000 03000000') }] })
  })
})
