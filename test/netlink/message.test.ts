import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Source } from '../../src/netlink/bytes.js'
import { MalformedMessageError } from '../../src/netlink/errors.js'
import { eachMessage, readAcknowledgement } from '../../src/netlink/message.js'
import { hex } from './helpers.js'

const one = '14000000 2000 0200 07000000 090000f0 aabbccdd'
// 17 bytes long, three of padding.
const odd = '11000000 2100 0000 08000000 00000000 ee 000000'

function messages(bytes: Uint8Array): number[][] {
  const found: number[][] = []
  eachMessage(new Source(bytes), 0, bytes.length, (...message) => found.push(message))
  return found
}

describe('eachMessage', () => {
  it('gives type, flags, sequence number, the payload\'s bounds and the port id', () => {
    expect(messages(hex(one))).toEqual([[0x20, 2, 7, 16, 20, 0xf000_0009]])
  })

  it('goes from one message to the next, over its padding', () => {
    expect(messages(hex(odd + one)).map(([type, , , start, end]) => [type, start, end])).toEqual([[0x21, 16, 17], [0x20, 36, 40]])
  })

  it('does not need the padding behind the last message', () => {
    expect(messages(hex(odd).subarray(0, 17))).toHaveLength(1)
  })

  it.each([
    ['is shorter than its header', '0f000000 2000 0200 07000000 00000000', 'a message says it is 15 bytes long where 16 are left'],
    ['is longer than the datagram', '15000000 2000 0200 07000000 00000000 aabbccdd', 'a message says it is 21 bytes long where 20 are left'],
    ['says a length beyond 2 ** 31', 'ffffffff 2000 0200 07000000 00000000', 'a message says it is 4294967295 bytes long where 16 are left'],
  ])('refuses a message that %s', (_what, bytes, sentence) => {
    expect(() => messages(hex(bytes))).toThrow(new MalformedMessageError(sentence))
  })

  it('refuses a rest that is no message', () => {
    expect(() => messages(hex(`${one} 0102030405`))).toThrow(new MalformedMessageError('5 bytes are left behind the last message'))
  })

  it('of any bytes throws nothing but MalformedMessageError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          messages(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessageError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

function acknowledgement(bytes: Uint8Array, flags: number, repeats = true) {
  return readAcknowledgement(new Source(bytes), flags, 0, bytes.length, repeats)
}

describe('readAcknowledgement', () => {
  const header = '14000000 2000 0500 07000000 00000000'

  it('without an errno says 0', () => {
    expect(acknowledgement(hex(`00000000 ${header}`), 0x100)).toEqual({ errno: 0 })
  })

  it('gives the errno as a positive number', () => {
    expect(acknowledgement(hex(`efffffff ${header}`), 0x100)).toEqual({ errno: 17 })
  })

  it('finds what the kernel says behind a capped request', () => {
    // NLM_F_CAPPED | NLM_F_ACK_TLVS: only the request's header is repeated, though it says 20 bytes.
    const bytes = hex(`eaffffff ${header} 0700 0100 6e6f00 00 0800 0200 14000000 0800 0500 03000000 0800 0600 18000000`)
    expect(acknowledgement(bytes, 0x300)).toEqual({ errno: 22, message: 'no', offset: 20, missing: 3, missingIn: 24 })
  })

  it('finds what the kernel says behind a whole request', () => {
    expect(acknowledgement(hex(`eaffffff ${header} aabbccdd 0700 0100 6e6f00 00`), 0x200)).toEqual({ errno: 22, message: 'no' })
  })

  it('finds what the kernel says at a dump\'s end, which repeats nothing', () => {
    expect(acknowledgement(hex('eaffffff 0700 0100 6e6f00 00'), 0x202, false)).toEqual({ errno: 22, message: 'no' })
  })

  it('does not look for it where the flags do not say so', () => {
    expect(acknowledgement(hex(`eaffffff ${header} 0700 0100 6e6f00 00`), 0x100)).toEqual({ errno: 22 })
  })

  it('takes a dump\'s end without an errno for a good one', () => {
    expect(acknowledgement(hex(''), 2, false)).toEqual({ errno: 0 })
  })

  it('does not follow a repeated request that says it is longer than the message', () => {
    expect(acknowledgement(hex('eaffffff fcffffff 2000 0500 07000000 00000000 0700 0100 6e6f00 00'), 0x200)).toEqual({ errno: 22 })
  })

  it('of any bytes throws nothing but MalformedMessageError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 48 }), fc.constantFrom(0, 0x100, 0x200, 0x300), fc.boolean(), (bytes, flags, repeats) => {
        try {
          acknowledgement(bytes, flags, repeats)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessageError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
