import fc from 'fast-check'
import { expect } from 'vitest'
import { type Datapath, exact, type Flow, type FlowKey, FlowKeyAttributes, FlowMaskCodec, Ipv4Key, Ipv6Key, KernelError, maskedKey, type TunnelKey } from '../../../src/index.js'
import { Source } from '../../../src/netlink/bytes.js'
import { Writer } from '../../../src/netlink/writer.js'
import type { AnyCodec } from '../../../src/netlink/codec.js'
import { isZero } from '../../../src/text/form.js'
import { formatKey } from '../../../src/text/index.js'
import { all, dpctl } from './commands.js'
import { ethernet, type KeyCase } from './key-cases.js'

/** How ovs-dpctl 3.1.0 prints what it does not know: OVS_KEY_ATTR_IPV6_EXTHDRS. */
const EXTENSION_HEADERS = /,(key32|ipv6_exthdrs)\([^)]*\)/
/** And NSH without metadata: it takes their mask for exact, and their values for zeros. */
const NO_CONTEXTS = /,?c1=0x0,c2=0x0,c3=0x0,c4=0x0/
const compared = (text: string | undefined) => text?.replace(EXTENSION_HEADERS, '').replace(NO_CONTEXTS, '')

/** The matches that `ovs-dpctl dump-flows` prints, by their port. */
async function printed(name: string, ...options: string[]): Promise<Map<number, string>> {
  const lines = (await dpctl('dump-flows', ...options, name)).trimEnd().split('\n')
  return new Map(lines.map((line) => [Number(/in_port\((\d+)\)/.exec(line)?.[1]), line.slice(0, line.indexOf(', packets:')).replace(/^ufid:[-0-9a-f]*, /, '')]))
}

/** What a key and a mask are once they have been written and read. */
function asDecoded({ key, mask }: Pick<KeyCase, 'key' | 'mask'>): { key: FlowKey; mask: FlowKey } {
  const name = maskedKey(key, mask)
  const reduced = FlowKeyAttributes.read(new Source(name), 0, name.length)
  const writer = new Writer()
  FlowMaskCodec.write(writer, mask)
  return { key: withoutZeros(reduced), mask: withoutZeros(FlowKeyAttributes.readMask(new Source(writer.bytes), 0, writer.length, reduced)) }
}

/** What of a tunnel the kernel leaves out where it is zero. */
const LEFT_OUT: readonly (keyof TunnelKey)[] = ['ipv4Src', 'ipv4Dst', 'ipv6Src', 'ipv6Dst', 'tos', 'tpSrc', 'tpDst']

function withoutZeros(key: FlowKey): FlowKey {
  for (const member of LEFT_OUT) if (isZero(key.tunnel?.[member])) delete key.tunnel?.[member]
  return key
}

/** The dumped flow says what was put, and its mask no more than that. */
function expectSame({ what, key, mask }: KeyCase, inPort: number, flow: Flow | undefined): void {
  const put = asDecoded({ key: { ...key, inPort }, mask: { ...mask, inPort: exact } })
  // An attribute of zeros, or one that only says there is something, may come in full.
  expect({ what, ...flow }).toMatchObject({ what, key: put.key, mask: Object.fromEntries(Object.entries(put.mask).filter(([, bits]) => !isZero(bits))) })
  const beyond = Object.entries(flow?.mask ?? {}).filter(([member, bits]) => put.mask[member as keyof FlowKey] === undefined && !isZero(bits))
  expect({ what, beyond }).toEqual({ what, beyond: [] })
  expect(flow?.key?.unknown).toBeUndefined()
  expect(flow?.mask?.unknown).toBeUndefined()
}

/**
 * Puts each case into a datapath, dumps them all, and compares with what was put and with what `ovs-dpctl` shows; then puts
 * what was dumped under UFIDs into another, which reports keys without what their masks do not cover. Says whether this kernel has conntrack zones: one without
 * refuses them.
 */
export async function expectRoundTrip(dp: Datapath, other: Datapath, cases: readonly KeyCase[]): Promise<{ zones: boolean }> {
  await dp.putFlow({ key: { inPort: 1, ethernet }, mask: { inPort: exact }, actions: [] })
  const [probe] = await all(dp.flows())
  const zones = probe?.key?.ctZone !== undefined
  const taken = new Map<number, KeyCase>()
  for (const [i, each] of cases.entries()) {
    const inPort = i + 2
    const put = dp.putFlow({ key: { ...each.key, inPort }, mask: { ...each.mask, inPort: exact }, actions: [] })
    if (each.key.ctZone !== undefined && !zones) expect(await put.catch((error: unknown) => error), each.what).toBeInstanceOf(KernelError)
    else {
      await put
      taken.set(inPort, each)
    }
  }
  const [lines, verbose] = [await printed(dp.name), await printed(dp.name, '-m', '--no-names')]
  const flows = new Map((await all(dp.flows())).map((flow) => [flow.key?.inPort ?? 0, flow]))
  for (const [inPort, each] of taken) {
    const flow = flows.get(inPort)
    expectSame(each, inPort, flow)
    expect(compared(formatKey(flow?.key ?? {}, flow?.mask))).toBe(compared(lines.get(inPort)))
    expect(compared(formatKey(flow?.key ?? {}, flow?.mask, { verbose: true }))).toBe(compared(verbose.get(inPort)))
    await other.putFlow({ ufid: new Uint8Array(16).fill(inPort), key: flow?.key ?? {}, mask: flow?.mask, actions: [] })
    // What was dumped names the same flow.
    await dp.deleteFlow({ key: flow?.key ?? {}, mask: flow?.mask })
  }
  expect(await all(dp.flows())).toHaveLength(1)
  const otherLines = await printed(other.name)
  for (const { key, mask } of await all(other.flows())) expect(compared(formatKey(key ?? {}, mask))).toBe(compared(otherLines.get(key?.inPort ?? 0)))
  return { zones }
}

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const decoded = <T>(codec: AnyCodec, from: fc.Arbitrary<Uint8Array>): fc.Arbitrary<T> => from.map((each) => codec.read(new Source(each), 0, each.length) as T)
const byte = fc.integer({ min: 0, max: 0xff })
const short = fc.integer({ min: 0, max: 0xffff })
const word = fc.integer({ min: 0, max: 0xffff_ffff })
const big = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const { ethernet: eth, arp, ctOrigTupleIpv4, ctOrigTupleIpv6, mpls, nsh, ctLabels } = FlowKeyAttributes.table

/** A structure or binary key with a mask of its own. `allowed` makes of any bytes such as the kernel takes. */
function pair(member: string, codec: AnyCodec, base: object, allowed: (value: never) => unknown, mask: object = {}): fc.Arbitrary<KeyCase> {
  const any = decoded<never>(codec, bytes(codec.least))
  // Of a fragment, ovs-dpctl shows no partial mask; of ARP's operation, the kernel keeps eight bits; a tuple whose protocol
  // is 0 under its mask is not reported.
  const masks = decoded<{ frag?: number; op?: number; srcPort?: number; proto: number }>(codec, bytes(codec.least)).map((bits) => {
    if (bits.srcPort !== undefined) bits.proto |= 1
    if (bits.frag !== undefined) bits.frag = 0
    if (bits.op !== undefined) bits.op &= 0xff
    return bits
  })
  return fc.tuple(any, masks).map(([value, bits]) => ({ what: `any ${member}`, key: { ethernet, ...base, [member]: allowed(value) }, mask: { ...mask, [member]: bits } }))
}

const typed = (ethertype: number) => [{ ethertype }, { ethertype: exact }] as const
const [ipv4Type, ipv4Mask] = typed(0x0800)
const [ipv6Type, ipv6Mask] = typed(0x86dd)
const option = fc.integer({ min: 0, max: 3 }).chain((words) => fc.tuple(short, byte, bytes(words * 4), short, byte, bytes(words * 4)))
const geneve = fc.array(option, { minLength: 1, maxLength: 4 }).map((options) => ({
  key: { geneveOpts: options.map(([type, number, data]) => ({ class: type, type: number, data })) },
  mask: { geneveOpts: options.map((each) => ({ class: each[3], type: each[4], data: each[5] })) },
}))
const addresses = fc.tuple(fc.ipV4(), fc.ipV4(), fc.ipV4()).map(([ipv4Src, ipv4Dst, mask]) => ({ key: { ipv4Src, ipv4Dst: ipv4Dst === '0.0.0.0' ? '1.1.1.1' : ipv4Dst }, mask: { ipv4Src: mask, ipv4Dst: mask } }))
const numbers = fc.record({ id: big, tos: byte, ttl: byte, tpSrc: short, tpDst: short })
const tunnels = fc.tuple(addresses, numbers, numbers, geneve).map(([address, value, bits, options]): KeyCase => ({
  what: 'any tunnel',
  key: { ethernet, tunnel: { ...address.key, ...value, ...options.key } },
  mask: { tunnel: { ...address.mask, ...bits, ...options.mask } },
}))
const labels = fc.integer({ min: 1, max: 3 }).chain((count) => fc.tuple(decoded<object[]>(mpls.codec, bytes(count * 4)), decoded<object[]>(mpls.codec, bytes(count * 4)))).map(([value, mask]): KeyCase => ({ what: 'any labels', key: { ethernet, ethertype: 0x8847, mpls: value }, mask: { ethertype: exact, mpls: mask } }))
const headers = fc.tuple(...[0, 1].map(() => decoded<{ mdtype: number }>(nsh.codec.table.base.codec, bytes(8))), ...[0, 1].map(() => decoded<object>(nsh.codec.table.md1.codec, bytes(16)))).map(([base, baseMask, md1, md1Mask]): KeyCase => ({
  what: 'any NSH',
  key: { ethernet, ethertype: 0x894f, nsh: { base: { ...base, mdtype: 1 }, md1: md1 as never } },
  mask: { ethertype: exact, nsh: { base: { ...baseMask, mdtype: 0xff } as never, md1: md1Mask as never } },
}))
const numbersOfPacket = fc.tuple(word, word, word, word).map(([recircId, dpHash, priority, skbMark]) => ({ recircId, dpHash, priority, skbMark }))
const metadata = fc.tuple(numbersOfPacket, numbersOfPacket).map(([key, mask]): KeyCase => ({ what: 'any metadata', key: { ethernet, ...key }, mask }))

/** Values and masks of any bits, the same in each run. */
export function anyKeys(count: number): KeyCase[] {
  const kinds = [
    metadata,
    tunnels,
    labels,
    headers,
    pair('ethernet', eth.codec, {}, (value) => value),
    pair('ctLabels', ctLabels.codec, {}, (value) => value),
    pair('ipv4', Ipv4Key, ipv4Type, (value: object) => ({ ...value, proto: 89, frag: 2 }), ipv4Mask),
    pair('ipv6', Ipv6Key, ipv6Type, (value: { label: number }) => ({ ...value, label: value.label & 0xfffff, proto: 89, frag: 1 }), ipv6Mask),
    pair('arp', arp.codec, { ethertype: 0x0806 }, (value: { op: number }) => ({ ...value, op: value.op & 0xff }), { ethertype: exact }),
    pair('ctOrigTupleIpv4', ctOrigTupleIpv4.codec, { ...ipv4Type, ipv4: {} }, (value: { proto: number }) => ({ ...value, proto: value.proto | 1 }), ipv4Mask),
    pair('ctOrigTupleIpv6', ctOrigTupleIpv6.codec, { ...ipv6Type, ipv6: {} }, (value: { proto: number }) => ({ ...value, proto: value.proto | 1 }), ipv6Mask),
  ]
  return kinds.flatMap((kind) => fc.sample<KeyCase>(kind as fc.Arbitrary<KeyCase>, { numRuns: count, seed: 7 }))
}
