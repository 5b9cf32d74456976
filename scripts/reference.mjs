// npm run reference: writes docs/reference from the tables of src/ovs: what they are at runtime, and what their doc comments say.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { declarationsIn } from './reference/declarations.mjs'
import { indexOf } from './reference/index-page.mjs'
import { pagesOf } from './reference/model.mjs'
import { linksOf, pageName, pageOf } from './reference/page.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'docs/reference')

/**
 * The pages by their names in docs/reference, and what the tables lack. `modules` are what the files
 * of src/ovs export, by path below that folder; `textOf` gives such a file's text.
 */
export function reference(modules, textOf = (path) => readFileSync(join(root, 'src/ovs', path), 'utf8')) {
  const sources = new Map([...modules.keys()].map((path) => [path, textOf(path)]))
  const pages = pagesOf(modules, declarationsIn(sources))
  const links = linksOf(pages)
  const problems = []
  const written = new Map(pages.map((page) => [pageName(page.family), pageOf(page, links, problems)]))
  return { pages: new Map([['index.md', indexOf(pages, links)], ...written]), problems }
}

/** The files below src/ovs. */
export const tableFiles = () =>
  readdirSync(join(root, 'src/ovs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('index.ts'))
    .toSorted()

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const modules = new Map()
  for (const path of tableFiles()) modules.set(path, await import(pathToFileURL(join(root, 'dist/ovs', path.replace(/\.ts$/, '.js'))).href))
  const { pages, problems } = reference(modules)
  for (const problem of problems) process.stderr.write(`reference: ${problem}\n`)
  if (problems.length > 0) process.exit(1)
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(join(folder, name))
  let changed = 0
  for (const [name, text] of pages) {
    const path = join(folder, name)
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
    writeFileSync(path, text)
    changed++
  }
  process.stdout.write(`reference: ${pages.size} pages in docs/reference, ${changed} of them changed\n`)
}
