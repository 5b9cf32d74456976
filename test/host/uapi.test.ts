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
let parsed: Record<(typeof headers)[number], Header>
let numbers: Numbers
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'uapi-'))
  const installed = await setupLab(['uapi-newest'])
  const include = join(installed.find(({ manifest }) => manifest.name === 'uapi-newest')!.path, 'root/usr/include')
  parsed = Object.fromEntries(headers.map((name) => [name, parseHeader(readFileSync(join(include, `linux/${name}.h`), 'utf8'))])) as typeof parsed
  const all = Object.values(parsed)
  const together = { enums: all.flatMap(({ enums }) => enums), macros: all.flatMap(({ macros }) => macros), structs: all.flatMap(({ structs: each }) => each) }
  writeFileSync(join(folder, 'numbers.c'), programFor(headers.map((name) => `linux/${name}.h`), together))
  // The machine's own headers of the kernel are others.
  const compile = `cc -Wall -Werror -isystem ${include} -isystem ${include}/x86_64-linux-gnu numbers.c -o numbers && ./numbers`
  const { status, stdout, stderr } = await runInLab({ command: ['sh', '-c', compile], cwd: folder, kernel: 'newest', components: ['compiler'], timeout: 120 })
  if (status !== 0) throw new Error(`the program ended with ${status}: ${stderr}`)
  numbers = readNumbers(stdout.toString())
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Of the kernel's own net/openvswitch/datapath.h: bits of OVS_PACKET_ATTR_HASH, which no header for user space has. */
const unpublished = new Set(['OVS_PACKET_HASH_SW_BIT', 'OVS_PACKET_HASH_L4_BIT'])

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

test('our numbers are the headers\'', () => {
  expect(numbers.constants.size).toBeGreaterThan(350)
  expect([...constants.keys()].filter((name) => numbers.constants.has(name)).length).toBeGreaterThan(100)
  expect(differences(numbers)).toEqual([])
})
