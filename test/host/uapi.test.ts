/** Our tables against the headers of the newest kernel, as a C compiler reads them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runInLab, setupLab } from '../../src/lab/index.js'
import { differences, layoutProblems, namesOf, unaccounted, whyLeftOut } from '../uapi/check.js'
import { type Header, parseHeader } from '../uapi/header.js'
import { leftOut, leftOutOfGeneric, leftOutStructures } from '../uapi/left-out.js'
import { constants, structs } from '../uapi/ours.js'
import { type Numbers, programFor, readNumbers } from '../uapi/program.js'

const headers = ['openvswitch', 'genetlink', 'netlink'] as const
/** Of these we have, by intent, little. */
const linkHeaders = ['if', 'if_link', 'if_tunnel', 'rtnetlink', 'veth'] as const
let parsed: Record<(typeof headers)[number] | (typeof linkHeaders)[number], Header>
let numbers: Numbers
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'uapi-'))
  const installed = await setupLab(['uapi-newest'])
  const include = join(installed.find(({ manifest }) => manifest.name === 'uapi-newest')!.path, 'root/usr/include')
  const read = (name: string) => parseHeader(readFileSync(join(include, `linux/${name}.h`), 'utf8'))
  parsed = Object.fromEntries([...headers.map((name) => [name, read(name)]), ...linkHeaders.map((name) => [name, ourPart(read(name))])]) as typeof parsed
  const all = Object.values(parsed)
  const together = { enums: all.flatMap(({ enums }) => enums), macros: all.flatMap(({ macros }) => macros), structs: all.flatMap(({ structs: each }) => each) }
  writeFileSync(join(folder, 'numbers.c'), programFor([...headers, ...linkHeaders].map((name) => `linux/${name}.h`), together))
  // The machine's own headers of the kernel are others.
  const compile = `cc -Wall -Werror -isystem ${include} -isystem ${include}/x86_64-linux-gnu numbers.c -o numbers && ./numbers`
  const { status, stdout, stderr } = await runInLab({ command: ['sh', '-c', compile], cwd: folder, kernel: 'newest', components: ['compiler'], timeout: 120 })
  if (status !== 0) throw new Error(`the program ended with ${status}: ${stderr}`)
  numbers = readNumbers(stdout.toString())
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Of the kernel's own net/openvswitch/datapath.h: bits of OVS_PACKET_ATTR_HASH, which no header for user space has. */
const unpublished = new Set(['OVS_PACKET_HASH_SW_BIT', 'OVS_PACKET_HASH_L4_BIT'])

/** What of a header we have as well. */
function ourPart({ enums, macros, structs: all }: Header): Header {
  return {
    enums: enums.map(({ name, members }) => ({ name, members: members.filter((each) => constants.has(each)) })),
    macros: macros.filter((each) => constants.has(each)),
    structs: all.filter(({ name }) => structs.has(name)),
  }
}

const names = (header: Header) => namesOf(header).map(([name]) => name)

describe('linux/openvswitch.h of the newest kernel', () => {
  test('says nothing that is neither in our tables nor left out with a reason', () => {
    expect(unaccounted(names(parsed.openvswitch), (name) => constants.has(name), leftOut)).toEqual([])
  })

  test('has every name of ours', () => {
    const theirs = new Set(names(parsed.openvswitch))
    expect([...constants.keys()].filter((name) => /^OVSP?_/.test(name) && !unpublished.has(name) && !theirs.has(name))).toEqual([])
    expect([...structs.keys()].filter((name) => name.startsWith('ovs_') && !numbers.structs.has(name))).toEqual([])
  })

  test('has our structures, in their sizes, with their members in their places', () => {
    const ours = parsed.openvswitch.structs.map(({ name }) => name).filter((name) => whyLeftOut(name, leftOutStructures) === undefined)
    expect(ours.flatMap((name) => layoutProblems(numbers, name, leftOutStructures))).toEqual([])
  })

  test('one more enumerator would be noticed', () => {
    const [first] = parsed.openvswitch.enums
    const doctored = { ...parsed.openvswitch, enums: [{ ...first!, members: [...first!.members, 'OVS_DP_CMD_RENAME'] }] }
    expect(unaccounted(names(doctored), (name) => constants.has(name), leftOut)).toContain('OVS_DP_CMD_RENAME is neither in a table nor left out')
  })
})

describe('linux/genetlink.h and linux/netlink.h of the newest kernel', () => {
  test('have nothing of the controller that is neither ours nor left out with a reason', () => {
    expect(unaccounted(names(parsed.genetlink), (name) => constants.has(name), leftOutOfGeneric)).toEqual([])
  })

  test.each(['nlmsgerr_attrs', 'netlink_attribute_type', 'netlink_policy_type_attr'])('have no enumerator of %s that we have not', (name) => {
    const { members } = parsed.netlink.enums.find((each) => each.name === name)!
    expect(members.filter((each) => !constants.has(each) && !/_(MAX|PAD|UNSPEC|UNUSED|INVALID)$/.test(each))).toEqual([])
  })

  test('have every name of ours', () => {
    const theirs = new Set([...names(parsed.genetlink), ...names(parsed.netlink)])
    expect([...constants.keys()].filter((name) => /^(CTRL_|GENL_[A-Z]+_|NL_|NLM_|NLMSGERR_)/.test(name) && !theirs.has(name))).toEqual([])
  })
})

describe('the headers of network devices', () => {
  test('have every name of ours', () => {
    const theirs = new Set(linkHeaders.flatMap((name) => names(parsed[name])))
    expect([...constants.keys()].filter((name) => /^(IFLA|VETH_INFO|IFF|RTM)_/.test(name) && !theirs.has(name))).toEqual([])
    expect(theirs.size).toBeGreaterThan(90)
  })

  test.each([
    ['ifinfomsg', ['ifinfomsg.__ifi_pad is 1 bytes at 1, ours is not there']],
    // It has grown, and what older kernels have is enough: the rest is its tail.
    ['rtnl_link_stats64', ['struct rtnl_link_stats64 is 200 bytes long, ours is 192', 'rtnl_link_stats64.rx_otherhost_dropped is 8 bytes at 192, ours is not there']],
    ['ifla_vxlan_port_range', []],
  ])('have struct %s with our members in their places, but for what is known', (name, but) => {
    expect(layoutProblems(numbers, name, leftOutStructures)).toEqual(but)
  })
})

test('our numbers are the headers\'', () => {
  expect(numbers.constants.size).toBeGreaterThan(350)
  expect([...constants.keys()].filter((name) => numbers.constants.has(name)).length).toBeGreaterThan(100)
  expect(differences(numbers)).toEqual([])
})
