import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../src/', import.meta.url))

/** What each folder may import of the others; entries directly under `src` may import all. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  netlink: [],
  genetlink: ['netlink'],
  rtnetlink: ['netlink'],
  libnl: ['netlink'],
  ovs: ['genetlink', 'netlink'],
  text: ['netlink', 'ovs'],
  testing: ['genetlink', 'netlink'],
  kernel: ['genetlink', 'libnl', 'netlink', 'rtnetlink'],
  client: ['genetlink', 'kernel', 'netlink', 'ovs', 'rtnetlink'],
  // It boots kernels, and asks one that has booted for its families.
  lab: ['kernel'],
}
/** These work without libnl, without privileges and without doing anything to the machine. */
const PURE = ['genetlink', 'netlink', 'ovs', 'rtnetlink', 'testing', 'text']
/** Node's modules that only compute or take turns. */
const HARMLESS = new Set(['node:buffer', 'node:net', 'node:os', 'node:timers/promises', 'node:util'])

interface Import {
  readonly from: string
  readonly to: string
  readonly typesOnly: boolean
  readonly names: readonly string[]
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .toSorted()

function importsOf(path: string): Import[] {
  const source = ts.createSourceFile(path, readFileSync(join(src, path), 'utf8'), ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, typesOnly: boolean, names: readonly string[]) => {
    if (specifier !== undefined && ts.isStringLiteral(specifier)) found.push({ from: path, to: specifier.text, typesOnly, names })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const named = node.importClause?.namedBindings
      const elements = named !== undefined && ts.isNamedImports(named) ? named.elements : []
      const onlyTypes = elements.length > 0 && elements.every((each) => each.isTypeOnly) && node.importClause?.name === undefined
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword || onlyTypes, elements.map((each) => (each.propertyName ?? each.name).text))
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly, [])
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false, [])
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true, [])
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const imports = files.flatMap(importsOf)
const folderOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')
const isOurs = ({ to }: Import) => to.startsWith('.')
const target = ({ from, to }: Import) => join(dirname(from), to).replace(/\.js$/, '.ts')
const shown = (each: Import) => `${each.from} imports ${each.to}`

describe('the files', () => {
  it('are found, and their imports as well', () => {
    expect(files).toContain('netlink/connection.ts')
    expect(imports.filter(({ from }) => from === 'client/upcalls.ts').map(({ to }) => to)).toContain('../netlink/listener.js')
  })

  it('are each in a folder that has its place, or are entries', () => {
    expect(files.map(folderOf).filter((folder) => folder !== '' && LAYERS[folder] === undefined)).toEqual([])
  })

  it('have one subject: at most 400 lines', () => {
    expect(files.filter((path) => readFileSync(join(src, path), 'utf8').split('\n').length > 400)).toEqual([])
  })

  it('import only files that there are', () => {
    expect(imports.filter((each) => isOurs(each) && !files.includes(target(each))).map(shown)).toEqual([])
  })
})

describe('imports', () => {
  it('go one way only', () => {
    const wrong = imports.filter((each) => {
      if (!isOurs(each)) return false
      const [from, to] = [folderOf(each.from), folderOf(target(each))]
      return from !== '' && from !== to && !LAYERS[from]?.includes(to)
    })
    expect(wrong.map(shown)).toEqual([])
  })

  it('of koffi are libnl\'s alone', () => {
    expect([...new Set(imports.filter(({ to }) => to === 'koffi').map(({ from }) => folderOf(from)))]).toEqual(['libnl'])
  })

  it('of the pure folders reach nothing of the machine', () => {
    const outward = imports.filter((each) => PURE.includes(folderOf(each.from)) && !isOurs(each))
    expect(outward.filter(({ to }) => !HARMLESS.has(to)).map(shown)).toEqual([])
    // Of these two, only what computes.
    const names = (to: string) => new Set(outward.filter((each) => each.to === to).flatMap((each) => each.names))
    expect([...names('node:net')].filter((name) => !name.startsWith('isIP'))).toEqual([])
    expect([...names('node:os')].filter((name) => name !== 'constants')).toEqual([])
  })

  it('of packages are those that package.json depends on', () => {
    const { dependencies } = JSON.parse(readFileSync(join(src, '../package.json'), 'utf8')) as { dependencies: Record<string, string> }
    const packages = new Set(imports.filter((each) => !isOurs(each) && !each.to.startsWith('node:')).map(({ to }) => to.split('/')[0] as string))
    expect([...packages].toSorted()).toEqual(Object.keys(dependencies).toSorted())
  })

  it('do not go in a circle, other than those of types', () => {
    const next = new Map<string, string[]>()
    for (const each of imports) if (isOurs(each) && !each.typesOnly) next.set(each.from, [...(next.get(each.from) ?? []), target(each)])
    const done = new Set<string>()
    const circles: string[] = []
    const follow = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '))
      if (done.has(path) || way.includes(path)) return
      for (const each of next.get(path) ?? []) follow(each, [...way, path])
      done.add(path)
    }
    for (const path of files) follow(path, [])
    expect(circles).toEqual([])
  })
})

describe('without libnl', () => {
  it.each(PURE.filter((folder) => files.includes(`${folder}/index.ts`)).map((folder) => `${folder}/index.ts`))('%s is loaded, and koffi is not', (entry) => {
    // All that the entry reaches, by its imports of values.
    const reached = new Set<string>()
    const outside = new Set<string>()
    const visit = (path: string): void => {
      if (reached.has(path)) return
      reached.add(path)
      for (const each of importsOf(path)) {
        if (each.typesOnly) continue
        if (isOurs(each)) visit(target(each))
        else outside.add(each.to)
      }
    }
    visit(entry)
    expect(reached.size).toBeGreaterThan(3)
    expect([...outside]).not.toContain('koffi')
    // And what a process that loads it has mapped.
    const loader = relative(process.cwd(), fileURLToPath(new URL('../node_modules/tsx/dist/loader.mjs', import.meta.url)))
    const code = `await import(${JSON.stringify(join(src, entry))}); console.log(process.report.getReport().sharedObjects.filter((each) => /koffi|libnl/.test(each)).length)`
    expect(execFileSync(process.execPath, ['--import', `./${loader}`, '--input-type=module', '-e', code], { encoding: 'utf8' }).trim()).toBe('0')
  })
})
