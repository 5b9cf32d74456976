import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application, LogLevel, ReflectionKind } from 'typedoc'
import { beforeAll, describe, expect, test } from 'vitest'
import { FamilyCodec } from '../src/genetlink/family.js'
import { Source } from '../src/netlink/bytes.js'
import { NLMSG_ERROR, NLMSG_HEADER } from '../src/netlink/constants.js'
import { eachMessage, readAcknowledgement } from '../src/netlink/message.js'
import { Writer } from '../src/netlink/writer.js'
import { OvsVport } from '../src/ovs/vport.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = ['README.md', ...['docs', 'docs/reference'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))].filter((path) => path.endsWith('.md') && existsSync(join(root, path)))

/** What GitHub makes of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}

function anchors(page: string): Set<string> {
  const prose = read(page).replaceAll(/^```[\s\S]*?^```/gm, '')
  return new Set([...prose.matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) => anchor(heading)))
}

describe.each(pages)('%s', (page) => {
  const prose = read(page).replaceAll(/^```[\s\S]*?^```/gm, '')

  test('every relative link leads to a file, and to a heading of it', () => {
    const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) return []
      const [path = '', fragment] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(root, target))) return [link]
      return fragment !== undefined && target.endsWith('.md') && !anchors(target).has(fragment) ? [link] : []
    })
    expect(broken).toEqual([])
  })

  test('every file of ours that it names exists', () => {
    const named = [...read(page).matchAll(/(?<![\w/.-])(?:src|test|examples|scripts)\/[\w./-]*\w/g)].map(([path]) => path)
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })
})

describe('the bytes in docs/generic-netlink.md', () => {
  const section = read('docs/generic-netlink.md').split(/^## /m).find((part) => part.startsWith('A request and its reply')) ?? ''
  const [request, reply, refusal] = [...section.matchAll(/^```\n([\s\S]*?)^```/gm)].map(([, block = '']) => {
    const lines = [...block.matchAll(/^((?:[0-9a-f]{2} )*[0-9a-f]{2})(?:$| {2,})/gm)]
    return new Uint8Array(lines.flatMap(([, bytes = '']) => bytes.split(' ').map((byte) => Number.parseInt(byte, 16))))
  }) as [Uint8Array, Uint8Array, Uint8Array]
  const codec = new FamilyCodec(OvsVport)

  test('the request is what we send', () => {
    const writer = new Writer()
    const at = writer.openMessage(27, 1, 0x7bbbf15e)
    codec.write(writer, OvsVport.commands.get, { dpIfindex: 5, portNo: 1 })
    writer.closeMessage(at)
    expect(writer.copy()).toEqual(request)
  })

  test('the reply is what we read', () => {
    expect(reply).toHaveLength(136)
    const none = { rxPackets: 0n, txPackets: 0n, rxBytes: 0n, txBytes: 0n, rxErrors: 0n, txErrors: 0n, rxDropped: 0n, txDropped: 0n }
    expect(codec.read(new Source(reply), NLMSG_HEADER, reply.length)).toEqual({ dpIfindex: 5, portNo: 1, type: 2, name: 'p1', ifindex: 6, stats: none, upcallPid: [0] })
  })

  test('the refusal is ENODEV', () => {
    const source = new Source(refusal)
    const seen: unknown[] = []
    eachMessage(source, 0, refusal.length, (type, flags, _sequence, start, end) => seen.push([type, readAcknowledgement(source, flags, start, end, true).errno]))
    expect(seen).toEqual([[NLMSG_ERROR, 19]])
  })
})

describe('the API reference', () => {
  const problems: string[] = []
  let documented = new Map<string, string>()

  beforeAll(async () => {
    const { $schema: _, entryPoints, ...options } = JSON.parse(read('typedoc.json')) as Record<string, unknown>
    const app = await Application.bootstrap({
      ...options,
      // The lab describes its functions; what is held here is what talks to the kernel.
      entryPoints: (entryPoints as string[]).filter((path) => !path.includes('lab')).map((path) => join(root, path)),
      tsconfig: join(root, 'tsconfig.json'),
      readme: 'none',
      validation: { notExported: true, invalidLink: true, notDocumented: true },
      logLevel: LogLevel.Warn,
    })
    app.logger.log = (message, level) => void (level >= LogLevel.Warn && problems.push(message))
    const project = await app.convert()
    if (project === undefined) throw new Error(problems.join('\n'))
    app.validate(project)
    documented = new Map(
      project.getReflectionsByKind(ReflectionKind.Property).map((each) => [each.getFullName(), (each.comment?.summary ?? []).map((part) => part.text).join('')]),
    )
  }, 120_000)

  test('everything public is described', () => {
    expect(problems).toEqual([])
  })

  test.each([
    ['index.VportMessage.portNo', 'OVS_VPORT_ATTR_PORT_NO'],
    ['index.VportRequest.upcallPid', 'OVS_VPORT_ATTR_UPCALL_PID'],
    ['index.DatapathMessage.userFeatures', 'OVS_DP_ATTR_USER_FEATURES'],
    ['index.FlowKey.ethertype', 'OVS_KEY_ATTR_ETHERTYPE'],
    ['index.FlowMask.vlan', 'OVS_KEY_ATTR_VLAN'],
    ['index.PortStats.rxPackets', 'rx_packets'],
  ])('a line of a table is described where its type is inferred: %s', (name, words) => {
    expect(documented.get(name)).toContain(words)
  })
})
