import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'docs/reference')

interface Generator {
  readonly tableFiles: () => string[]
  readonly reference: (modules: ReadonlyMap<string, object>, textOf?: (path: string) => string) => { pages: ReadonlyMap<string, string>; problems: readonly string[] }
}

describe('docs/reference', () => {
  const modules = new Map<string, object>()
  let generator: Generator
  let made: ReturnType<Generator['reference']>

  beforeAll(async () => {
    generator = (await import(join(root, 'scripts/reference.mjs'))) as Generator
    for (const path of generator.tableFiles()) modules.set(path, (await import(join(root, 'src/ovs', path))) as object)
    made = generator.reference(modules)
  })

  test('each line of a table says since which kernel it is, in which direction, and what the kernel calls it', () => {
    expect(made.problems).toEqual([])
  })

  test.each([
    ['a line newer than its table without its tag', /@since 6\.1, "[^"]+" @direction request/, '', 'DatapathAttributes.ifindex: @since 3.3, but perCpuPids, of a lower number, is only since 5.15'],
    ['a release without a source', /@since 5\.9, "net: openvswitch: make[^"]+"/, '@since 5.9', 'DatapathAttributes.masksCacheSize: @since must be a release and its source, not "5.9"'],
    ['a direction that there is not', '@direction request, reply, notification', '@direction both', 'DatapathAttributes.name: @direction must be some of request, reply, notification, upcall, not "both"'],
    ['another name than the kernel has', '`OVS_DP_ATTR_STATS`', '`OVS_DP_ATTR_STATE`', 'DatapathAttributes.stats: its doc comment must begin with `OVS_DP_ATTR_STATS`, not `OVS_DP_ATTR_STATE`'],
  ])('is not written with %s', (_what, pattern, instead, problem) => {
    const textOf = (path: string) => {
      const text = readFileSync(join(root, 'src/ovs', path), 'utf8')
      return path === 'datapath.ts' ? text.replace(pattern, instead) : text
    }
    expect(generator.reference(modules, textOf).problems).toContain(problem)
  })

  test('is what "npm run reference" writes', () => {
    expect(readdirSync(folder).toSorted(), 'write them with "npm run reference"').toEqual([...made.pages.keys()].toSorted())
    for (const [name, text] of made.pages) expect(readFileSync(join(folder, name), 'utf8'), `${name}: write it with "npm run reference"`).toBe(text)
  })

  test('a cell cannot break its table', () => {
    for (const [name, text] of made.pages) {
      const rows = text.split('\n').filter((line) => line.startsWith('|'))
      const columns = rows.map((row) => row.replaceAll('\\|', '').split('|').length)
      const heads = rows.map((_, i) => (rows[i + 1]?.startsWith('| ---') ? (columns[i] as number) : 0))
      let head = 0
      rows.forEach((row, i) => {
        head = heads[i] || head
        expect(columns[i], `${name}: ${row}`).toBe(head)
      })
    }
  })
})
