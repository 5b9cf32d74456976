/**
 * The whole way of a generic netlink family of one's own: examples/gennl_ins is built for Debian's
 * stock kernel, loaded into that kernel in the lab, talked to, and unloaded. Building and talking
 * each take one boot; the tests then read the one report that came out.
 */
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cachePath, type Installed, runInLab, setupLab } from '../../src/lab/index.js'
import type { Finished, Outcome, Report } from './gennl_ins/probe.js'

const root = join(import.meta.dirname, '../..')
const example = join(root, 'examples/gennl_ins')
const hello = 'Hello world from kernel space'
const kernel = '6.1'
const stock = `stock-${kernel}`
const headers = `headers-${kernel}`

let folder: string
let report: Report

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gennl_ins-'))
  try {
    const [release, built] = await matching()
    userSide()
    await kernelSide(release, built)
    report = await talk()
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}, 600_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The release of the stock kernel, and the headers of exactly that. */
async function matching(): Promise<[string, Installed]> {
  let found = await pair(false)
  // Set up at two times, between which the archive moved.
  if (!found.releases.includes(found.release)) found = await pair(true)
  const { release, releases, tree } = found
  if (releases.includes(release)) return [release, tree]
  throw new Error(
    `the lab has the stock kernel ${release} and the headers of ${releases.join(', ')}, and a module loads only into the kernel that it was built for; `
      + `the archive is between two versions, so try again later: ovs-lab setup --update ${stock} ${headers}`,
  )
}

async function pair(update: boolean): Promise<{ release: string; releases: string[]; tree: Installed }> {
  const installed = await setupLab([stock, headers], { update })
  const named = (name: string) => installed.find(({ manifest }) => manifest.name === name) as Installed
  const tree = named(headers)
  return { release: named(stock).manifest.release as string, releases: readdirSync(join(tree.path, 'root/usr/lib/modules')), tree }
}

/** What make's target user-build does, with everything that is written in `folder`; and the probe beside it. */
function userSide(): void {
  execFileSync(process.execPath, ['--input-type=module', '-e', 'import { prepare } from "./scripts/prepare.mjs"; prepare()'], { cwd: root })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/ovs-datapath'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(example, 'user'), '--outDir', folder])
  const probe = ts.transpileModule(readFileSync(join(import.meta.dirname, 'gennl_ins/probe.ts'), 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
  })
  writeFileSync(join(folder, 'probe.js'), probe.outputText)
}

/**
 * Builds the module, with the compiler and the headers of the lab; or takes what was built before
 * from the same source with the same headers. The fastest of the kernels does it: a compilation is
 * mostly programs that start, and those cost the older ones three times as much.
 */
async function kernelSide(release: string, { path }: Installed): Promise<void> {
  const tree = join(folder, 'gennl_ins')
  const sources = ['Makefile', 'kernel/Kbuild', 'kernel/netlink_instance.c', 'pub/genl_ins_pub.h']
  for (const source of sources) cpSync(join(example, source), join(tree, source))
  const hash = createHash('sha256').update(JSON.stringify([release, basename(path), sources.map((source) => readFileSync(join(tree, source), 'utf8'))]))
  const kept = join(cachePath(), 'gennl_ins', `${hash.digest('hex').slice(0, 16)}.ko`)
  const module = join(tree, 'kernel/netlink_instance.ko')
  if (!existsSync(kept)) {
    // Debian's headers name a compiler by its version, which is another one on a newer Debian. BTF needs a vmlinux.
    const make = ['make', '-C', tree, 'kernel-build', `KDIR=/lib/modules/${release}/build`, 'CC=gcc', 'CONFIG_DEBUG_INFO_BTF_MODULES=']
    const { status, stdout, stderr } = await runInLab({ command: make, cwd: folder, kernel: 'newest', components: ['compiler', headers], timeout: 300 })
    if (status !== 0) throw new Error(`the module was not built, make ended with ${status}:\n${stdout}${stderr}`)
    mkdirSync(join(kept, '..'), { recursive: true })
    // Whoever finds it finds all of it.
    cpSync(module, `${kept}.${process.pid}`)
    renameSync(`${kept}.${process.pid}`, kept)
  }
  cpSync(kept, module)
}

/** Everything that is done with the loaded module. */
async function talk(): Promise<Report> {
  const command = [process.execPath, 'probe.js', 'gennl_ins', 'client.js']
  // One CPU: emulating two costs a third more in all, and nothing here runs side by side. The compiler brings make.
  const { status, stdout, stderr, log } = await runInLab({ command, cwd: folder, kernel, backend: 'qemu', cpus: 1, components: ['compiler'], timeout: 300 })
  if (status !== 0) throw new Error(`the probe ended with ${status}:\n${stdout}${stderr}\nThe kernel's log ends with:\n${log.slice(-2000)}`)
  return JSON.parse(stdout.toString()) as Report
}

/** The lines that the module logged, without what the kernel puts before them. */
function received(): string[] {
  return report.log.split('\n').flatMap((line) => /^<\d+>\[ *[\d.]+\] netlink_instance: received: (.*)$/.exec(line)?.[1] ?? [])
}

function refusal(name: string): Outcome {
  return report.outcomes[name] as Outcome
}

const succeeded = (stdout: string): Finished => ({ status: 0, stdout, stderr: '' })

describe('the client', () => {
  test('prints what the kernel answers', () => {
    expect(report.install).toEqual(succeeded(''))
    expect(report.client).toEqual(succeeded(`${hello}\n`))
  })

  test('and from a network namespace of its own', () => {
    expect(report.clientElsewhere).toEqual(succeeded(`${hello}\n`))
    const [here, there] = report.namespaces
    expect(there).toMatch(/^net:\[\d+\]$/)
    expect(there).not.toBe(here)
  })
})

describe('the family', () => {
  test('is what its header says', () => {
    // Flags 10: the command does something (2), and has a policy (8); anybody may use it (not 1).
    expect(report.family).toMatchObject({ name: 'gennl_ins', version: 1, headerSize: 0, maxAttribute: 1, operations: [{ command: 1, flags: 10 }] })
  })

  test('answers with the sequence number and the port of the request', () => {
    expect(report.outcomes.roundTrip).toEqual({ answer: { msg: hello } })
    const [asked, answered, ...rest] = report.trace
    expect(rest).toEqual([])
    const [, request] = /^> (\d+ #\d+) gennl_ins echo flags 0x1 \{"msg":"Hello World!"\}$/.exec(asked ?? '') ?? []
    expect(request).toBeDefined()
    expect(answered).toBe(`< ${request} gennl_ins echo flags 0x0 {"msg":"${hello}"}`)
  })

  test('answers and acknowledges where both are asked for', () => {
    expect(report.outcomes.acknowledged).toEqual({})
  })

  test('answers a user who may do nothing else', () => {
    expect(report.outcomes.anybody).toEqual({ answer: { msg: hello } })
  })

  test('takes text from nothing at all to 127 bytes', () => {
    expect(report.outcomes.emptyText).toEqual({ answer: { msg: hello } })
    expect(report.outcomes.longest).toEqual({ answer: { msg: hello } })
  })
})

describe('the kernel logs', () => {
  test('what it received, and nothing of what it refused', () => {
    expect(received()).toEqual([
      'Hello World!',
      'Hello World!',
      'Hello World!',
      'with an acknowledgement',
      'y'.repeat(127),
      String.raw`\e[31mred`.concat('\u00c2', String.raw`\2330m\nreceived: forged\a%s%n`),
      '',
      'from nobody',
      'still there?',
    ])
  })

  test('nothing that a terminal would obey', () => {
    // oxlint-disable-next-line no-control-regex
    expect(report.log).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })
})

describe('the client\'s own codec refuses', () => {
  test.each([
    ['codecLong', 'INSTANCE_A_MSG: must be at most 127 bytes long, not 128'],
    ['codecNul', 'INSTANCE_A_MSG: must not contain a NUL'],
    ['codecType', 'INSTANCE_A_MSG: must be text, got 5'],
    ['codecName', 'there is no attribute "message" in INSTANCE_A_*'],
  ])('%s', (name, message) => {
    expect(refusal(name)).toMatchObject({ error: 'InvalidValueError', code: 'OVS_INVALID_VALUE', message: expect.stringContaining(message) })
  })

  test('before anything is sent', () => {
    expect(report.sentWhileRefusing).toBe(0)
  })
})

describe('the kernel refuses', () => {
  test.each(['commandUnspec', 'commandNext', 'commandLast', 'dump'])('an operation that it does not have: %s', (name) => {
    expect(refusal(name)).toMatchObject({ error: 'KernelError', code: 'EOPNOTSUPP', errno: 95 })
  })

  test('a message without the attribute, and says which', () => {
    expect(refusal('missing')).toMatchObject({
      error: 'KernelError',
      code: 'EINVAL',
      kernelMessage: 'INSTANCE_A_MSG is missing',
      message: expect.stringContaining('(missing: INSTANCE_A_MSG)'),
    })
  })

  test.each([
    ['noNul', 'EINVAL'],
    ['empty', 'EINVAL'],
    ['tooLong', 'EINVAL'],
    ['hugeNoNul', 'EINVAL'],
    ['longBehindNul', 'ERANGE'],
  ])('a string that is not as the policy wants it: %s', (name, code) => {
    expect(refusal(name)).toMatchObject({ error: 'KernelError', code, kernelMessage: 'Attribute failed policy validation', attribute: ['INSTANCE_A_MSG'] })
  })

  test('an attribute that it does not know', () => {
    expect(refusal('unknownAttribute')).toMatchObject({ error: 'KernelError', code: 'EINVAL', kernelMessage: 'Unknown attribute type', attribute: ['attribute 9'] })
  })

  test('flags that mean nothing here', () => {
    expect(refusal('flags')).toMatchObject({ error: 'KernelError', code: 'EINVAL', kernelMessage: 'ambiguous or reserved bits set in nlmsg_flags' })
  })

  test('and still answers afterwards', () => {
    expect(report.outcomes.afterwards).toEqual({ answer: { msg: hello } })
  })
})

test('unloaded, the family is gone', () => {
  expect(report.uninstall).toEqual(succeeded(''))
  expect(report.afterUnload.lookup).toMatchObject({ error: 'FamilyNotFoundError', code: 'OVS_NO_FAMILY' })
  // Its number is nobody's any more.
  expect(report.afterUnload.bound).toMatchObject({ error: 'KernelError', code: 'ENOENT' })
})
