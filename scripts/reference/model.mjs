export const isTable = (value) => typeof value?.prefix === 'string' && Array.isArray(value.entries)
export const isStructure = (value) => typeof value?.size === 'number' && typeof value.fields === 'object'
const isFamily = (value) => typeof value?.name === 'string' && isTable(value.attributes)
const isNumber = (value) => typeof value === 'number' || typeof value === 'bigint'
const isNumbers = (value) => isNumber(value) || (typeof value === 'object' && value !== null && Object.keys(value).length > 0 && Object.values(value).every(isNumber))

/** `struct ovs_dp_stats (32 bytes)` → `ovs_dp_stats`. */
export const structureName = (structure) => /^struct (\w+)/.exec(structure.describe)[1]

/** The name of a table, structure or family as its declaration gives it. */
const labelOf = (value) => value.prefix ?? (isStructure(value) ? structureName(value) : value.name)

/**
 * A table or structure on a page, with the line of another one that leads there.
 * @typedef {{ value: object, declaration: import('./declarations.mjs').Declaration, holder?: { part: Part, name: string } }} Part
 */

/** Puts families in the order in which they came, and those that came together in that of their names. */
function byAge(a, b) {
  const release = ({ attributes }) => /\d+\.\d+/.exec(attributes.doc.tags.get('since') ?? '')?.[0] ?? ''
  return release(a).localeCompare(release(b), 'en', { numeric: true }) || (a.family.name < b.family.name ? -1 : 1)
}

/**
 * Which table, structure or object of constants is described on which page: on that of the first
 * family that uses it.
 */
export function pagesOf(modules, declarations) {
  const exported = [...modules].flatMap(([file, module]) => Object.entries(module).map(([name, value]) => ({ file, name, value })))
  const labelled = new Map(exported.filter(({ value }) => isTable(value) || isStructure(value)).map(({ value }) => [labelOf(value), value]))

  /** By identity where the value is exported, else by the name that the kernel has for it; a structure that code makes has none. */
  function declarationOf(value) {
    const at = exported.find((each) => each.value === value)
    const declaration =
      (at && declarations.find(({ file, name }) => file === at.file && name === at.name)) ?? declarations.find(({ label }) => label !== undefined && label === labelOf(value))
    if (declaration === undefined && !isStructure(value)) throw new Error(`where is ${labelOf(value)} declared?`)
    return declaration
  }

  /** What is behind a codec, directly or by the names that its description mentions. */
  function behind(codec) {
    if (isTable(codec) || isStructure(codec)) return [codec]
    if (typeof codec.of === 'function') return behind(codec.of())
    const mentioned = [...codec.describe.matchAll(/\b([A-Z][A-Z0-9_]+)_\*|\bstruct (\w+)/g)].map(([, prefix, name]) => labelled.get(prefix ?? name))
    return mentioned.filter((each) => each !== undefined)
  }

  const families = exported.filter(({ value }) => isFamily(value)).map(({ value }) => ({ family: value, declaration: declarationOf(value), attributes: declarationOf(value.attributes) }))
  const placed = new Set()
  const pages = families.toSorted(byAge).map(({ family, declaration }) => {
    const tables = []
    const structures = []
    const queue = [{ value: family.attributes }, ...(family.header === undefined ? [] : [{ value: family.header }])]
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { value, holder } = next
      if (placed.has(value)) continue
      placed.add(value)
      const part = { value, declaration: declarationOf(value), holder }
      if (isTable(value)) tables.push(part)
      else if (part.declaration !== undefined) structures.push(part)
      const codecs = isTable(value) ? value.entries : Object.entries(value.fields).map(([name, { codec }]) => ({ name, codec }))
      for (const { name, codec } of codecs) queue.push(...behind(codec).map((each) => ({ value: each, holder: { part, name } })))
    }
    return { family, declaration, tables, structures, constants: [] }
  })

  // Constants stand where they are first mentioned, or where else their file is described.
  for (const declaration of declarations) {
    const { file, name } = declaration
    const value = modules.get(file)[name]
    if (!isNumbers(value)) continue
    const parts = (page) => [page, ...page.tables, ...page.structures].map((each) => each.declaration)
    const mentions = (page) => parts(page).some(({ members }) => [...members.values()].some(({ text }) => text.includes(`{@link ${name}}`)))
    const page = pages.find(mentions) ?? pages.find((each) => parts(each).some((part) => part.file === file))
    if (page === undefined) throw new Error(`no page describes ${name} of ${file}: mention it with {@link ${name}} where it is used`)
    page.constants.push({ value, declaration })
  }

  const missing = exported.filter(({ value }) => (isTable(value) || isStructure(value)) && !placed.has(value)).map(({ name }) => name)
  if (missing.length > 0) throw new Error(`no family's page describes ${missing.join(', ')}: nothing leads there`)
  return pages
}
