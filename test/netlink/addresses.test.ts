import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatIpv6, ipv4, ipv6, mac, parseIpv6 } from '../../src/netlink/addresses.js'
import { exact } from '../../src/netlink/codec.js'
import { decode, encode, encodeMask, hex, refused } from './helpers.js'

const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 })
/** Addresses with runs of zeros, which are what the short form is about. */
const sparse = fc.array(fc.constantFrom(0, 0, 0, 1, 0xff, 0xabcd), { minLength: 8, maxLength: 8 }).map((words) => new Uint8Array(words.flatMap((word) => [word >> 8, word & 0xff])))
const isMapped = (bytes: Uint8Array) => bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff

describe('mac', () => {
  it('is six bytes', () => {
    expect(encode(mac, 'aa:bb:cc:dd:ee:0F')).toEqual(hex('aabbccddee0f'))
    expect(decode(mac, hex('0a0bccddee0f'))).toBe('0a:0b:cc:dd:ee:0f')
  })

  it('comes back from its bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
      expect(encode(mac, decode(mac, bytes))).toEqual(bytes)
    }))
  })

  it.each(['', 'aa:bb:cc:dd:ee', 'aa:bb:cc:dd:ee:ff:00', 'aa-bb-cc-dd-ee-ff', 'a:b:c:d:e:f', 'ga:bb:cc:dd:ee:ff', 'aa:bb:cc:dd:ee:ff\n', 6, null])('refuses %j', (value) => {
    expect(refused(() => encode(mac, value as string))).toMatchObject({ reason: 'must be a MAC address', remedy: 'Write it as aa:bb:cc:dd:ee:ff.' })
  })

  it('is exact as ones', () => {
    expect(encodeMask(mac, exact)).toEqual(hex('ffffffffffff'))
  })
})

describe('ipv4', () => {
  it('comes back from its bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
      expect(encode(ipv4, decode(ipv4, bytes))).toEqual(bytes)
    }))
  })

  it('is the four numbers of its text', () => {
    fc.assert(fc.property(fc.ipV4(), (value) => {
      expect(encode(ipv4, value)).toEqual(new Uint8Array(value.split('.').map(Number)))
    }))
  })

  it.each(['', '10.0.0', '10.0.0.256', '10.0.0.1.2', '10.0.0.01', ' 10.0.0.1', '10.0.0.1/8', '::1', 0x0a000001])('refuses %j', (value) => {
    expect(refused(() => encode(ipv4, value as string)).reason).toBe('must be an IPv4 address')
  })
})

describe('ipv6', () => {
  it.each([
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['fe800000000000000000000000000000', 'fe80::'],
    // The longest run is cut, of two equal ones the first; a single zero is not (RFC 5952, 4.2).
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010000000000010000000000000001', '2001:0:0:1::1'],
    ['00000000000000000000ffff0a000001', '::ffff:10.0.0.1'],
  ])('%s is %s', (bytes, text) => {
    expect(decode(ipv6, hex(bytes))).toBe(text)
    expect(encode(ipv6, text)).toEqual(hex(bytes))
  })

  it('is written as the URL standard writes it, which has the same rules', () => {
    fc.assert(
      fc.property(fc.oneof(sixteen, sparse), (bytes) => {
        fc.pre(!isMapped(bytes))
        expect(`[${formatIpv6(bytes)}]`).toBe(new URL(`http://[${formatIpv6(bytes)}]`).hostname)
      }),
    )
  })

  it('comes back from its bytes', () => {
    fc.assert(fc.property(fc.oneof(sixteen, sparse), (bytes) => {
      expect(encode(ipv6, decode(ipv6, bytes))).toEqual(bytes)
    }))
  })

  it('is read in every form that there is', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const bytes = parseIpv6(text)
        expect(bytes).toBeDefined()
        // Node's own reading of the same text.
        expect(new URL(`http://[${formatIpv6(bytes as Uint8Array)}]`).hostname).toBe(new URL(`http://[${text}]`).hostname)
      }),
    )
  })

  it('takes nothing that node does not take, and everything but zones that it does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: fc.constantFrom(...':0123456789abcdefF.') }), fc.ipV6()), (text) => {
        expect(parseIpv6(text) !== undefined).toBe(isIPv6(text))
      }),
    )
  })

  it.each(['', ':', ':::', '1', 'fe80::1%eth0', '::1/128', '[::1]', '1:2:3:4:5:6:7:8:9', 6])('refuses %j', (value) => {
    expect(refused(() => encode(ipv6, value as string)).reason).toBe('must be an IPv6 address')
  })
})
