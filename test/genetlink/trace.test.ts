import { describe, expect, it } from 'vitest'
import { GenericNetlink } from '../../src/genetlink/generic-netlink.js'
import { Trace, traceFromEnvironment } from '../../src/netlink/trace.js'
import { Source } from '../../src/netlink/bytes.js'
import { FakeKernel, Refusal } from '../../src/testing/index.js'
import { Box } from './families.js'

async function traced(call: (box: Awaited<ReturnType<typeof family>>) => Promise<unknown>): Promise<string[]> {
  const lines: string[] = []
  const box = await family(lines)
  lines.length = 0
  await call(box).catch(() => {})
  return lines.map((line) => line.replace(/#\d+/, '#N'))
}

async function family(lines: string[]) {
  const kernel = new FakeKernel().serve(Box, {
    get: () => ({ shelf: 1, label: 'a\u001b[2J\u009bb', bytes: new Uint8Array([1, 255]), count: 2n ** 63n }),
    set: () => undefined,
    del: () => {
      throw new Refusal(22, { message: 'no\u009b' })
    },
  })
  return new GenericNetlink(kernel.dial, { trace: new Trace((line) => lines.push(line)) }).family(Box)
}

describe('a trace', () => {
  it('has a line for each message, decoded', async () => {
    expect(await traced((box) => box.call('set', { shelf: 7, label: 'x' }))).toEqual(['> 1000 #N box set flags 0x5 {"shelf":7,"label":"x"}', '< 1000 #N ack'])
  })

  it('has bytes as hex, large numbers whole, and nothing that a terminal would obey', async () => {
    const lines = await traced((box) => box.ask('get', {}))
    expect(lines[1]).toBe('< 1000 #N box get flags 0x0 {"shelf":1,"label":"a\\u001b[2J\\u009bb","bytes":"0x01ff","count":"9223372036854775808"}')
  })

  it('says what the kernel says', async () => {
    expect((await traced((box) => box.call('del', {})))[1]).toBe('< 1000 #N ack EINVAL "no\\u009b"')
  })

  it('has the look-up of the family too', async () => {
    const lines: string[] = []
    await family(lines)
    expect(lines[0]).toMatch(/^> 1000 #\d+ nlctrl getfamily flags 0x1 \{"familyName":"box"\}$/)
  })

  it.each([
    ['a family that it does not know', '14000000 6300 0200 07000000 00000000 aabbccdd', '> 5 #7 type 99 flags 0x2 aabbccdd'],
    ['what is malformed', '0102030405', '> 5 malformed: 5 bytes are left behind the last message 0102030405'],
    ['the end of a dump', '14000000 0300 0200 07000000 00000000 00000000', '> 5 #7 done'],
  ])('shows %s', (_what, bytes, line) => {
    const lines: string[] = []
    const datagram = Buffer.from(bytes.replaceAll(' ', ''), 'hex')
    new Trace((each) => lines.push(each)).datagram('>', 5, new Source(datagram), 0, datagram.length)
    expect(lines).toEqual([line])
  })

  it.each<[string | undefined, boolean]>([
    [undefined, false],
    ['', false],
    ['0', false],
    ['1', true],
  ])('with OVS_DATAPATH_TRACE=%s is %s', (value, on) => {
    expect(traceFromEnvironment({ OVS_DATAPATH_TRACE: value }) !== undefined).toBe(on)
  })
})
