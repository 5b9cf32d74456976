import { describe, expect, it } from 'vitest'
import { FamilyCodec } from '../../src/genetlink/family.js'
import { Source } from '../../src/netlink/bytes.js'
import { Writer } from '../../src/netlink/writer.js'
import { type MeterMessage, OvsMeter } from '../../src/ovs/index.js'
import { hex } from '../netlink/helpers.js'

const codec = new FamilyCodec(OvsMeter)
const stats = { packets: 1n, bytes: 60n }

/** What Linux 6.1 (x86-64) was sent and sent back for `meters.set(5, { unit: 'kbps', rate: 1000, burst: 200 })`, and then for the others, from `struct genlmsghdr` on. */
const RECORDED: [string, keyof typeof OvsMeter.commands, string, MeterMessage][] = [
  ['features', 'features', '0101000005000000 08000700400d0300 0800080001000000 10000400 0c000000 0800010001000000', { dpIfindex: 5, maxMeters: 200_000, maxBands: 1, bands: [{ type: 1 }] }],
  [
    'a set',
    'set',
    '0201000005000000 0800010005000000 04000200 20000400 1c000000 0800010001000000 08000200e8030000 08000300c8000000',
    { dpIfindex: 5, id: 5, kbps: true, bands: [{ type: 1, rate: 1000, burst: 200 }] },
  ],
  ['the reply to a set', 'set', '0201000005000000 0800010005000000', { dpIfindex: 5, id: 5 }],
  [
    'the reply to a get',
    'get',
    '0401000005000000 0800010005000000 14000300 0100000000000000 3c00000000000000 0c000500 e323000000000000 1c000400 18000000 14000400 00000000000000000000000000000000',
    { dpIfindex: 5, id: 5, stats, used: 9187n, bands: [{ stats: { packets: 0n, bytes: 0n } }] },
  ],
]

describe('recorded bytes', () => {
  it.each(RECORDED)('of %s are those values, and those values are these bytes', (_what, command, text, value) => {
    const bytes = hex(text)
    const source = new Source(bytes)
    expect(codec.commandName(codec.commandIn(source, 0, bytes.length))).toBe(command)
    const decoded = codec.read(source, 0, bytes.length)
    expect(decoded).toEqual(value)
    const writer = new Writer(1)
    codec.write(writer, OvsMeter.commands[command], decoded)
    expect(Buffer.from(writer.copy()).toString('hex')).toBe(Buffer.from(bytes).toString('hex'))
  })
})
