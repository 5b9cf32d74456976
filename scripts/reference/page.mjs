import { isStructure, isTable, structureName } from './model.mjs'

const DIRECTIONS = ['request', 'reply', 'notification', 'upcall']
const SINCE = /^((?:≤ )?\d+\.\d+), (".+"|[\w./-]+\.[ch])$/

/** The file of a family's page. */
export const pageName = (family) => `${family.name}.md`
const tableHeading = (value) => value.prefix
const structureHeading = (value) => `struct ${structureName(value)}`
/** What GitHub makes of a heading of ours. */
const anchor = (heading) => heading.toLowerCase().replaceAll(' ', '-')

const newer = (a, b) => a !== '' && b !== '' && a.replace('≤ ', '').localeCompare(b.replace('≤ ', ''), 'en', { numeric: true }) > 0
const capital = (text) => text.replace(/^[a-z]/, (letter) => letter.toUpperCase())
const fileLink = (file) => `[src/ovs/${file}](../../src/ovs/${file})`

/** Where everything that has a heading stands: by itself, and by the names under which it is spoken of. */
export function linksOf(pages) {
  const links = new Map()
  for (const { family, declaration, tables, structures, constants } of pages) {
    const page = pageName(family)
    links.set(declaration.name, { page, anchor: '' })
    for (const { value, declaration: { name } } of tables) {
      for (const key of [value, name, `${value.prefix}_*`]) links.set(key, { page, anchor: anchor(tableHeading(value)) })
    }
    for (const { value, declaration: { name } } of structures) {
      for (const key of [value, name, structureHeading(value)]) links.set(key, { page, anchor: anchor(structureHeading(value)) })
    }
    for (const { declaration: { name } } of constants) links.set(name, { page, anchor: anchor(name) })
  }
  return links
}

/** A family's page, as Markdown. What is missing or contradicts itself is added to `problems`. */
export function pageOf({ family, declaration, tables, structures, constants }, links, problems) {
  const page = pageName(family)
  const sources = []

  const link = (text, key) => {
    const target = links.get(key)
    if (target === undefined) return undefined
    const fragment = target.anchor === '' ? '' : `#${target.anchor}`
    return `[${text}](${target.page === page ? fragment || page : `${target.page}${fragment}`})`
  }
  const prose = (text) => text.replaceAll(/\{@link ([\w.]+)\}/g, (_, name) => link(`\`${name}\``, name) ?? link(`\`${name}\``, name.split('.')[0]) ?? `\`${name}\``)
  function typeOf(codec) {
    if (isStructure(codec) && !links.has(structureHeading(codec))) return Object.entries(codec.fields).map(([name, field]) => `${name} (${typeOf(field.codec)})`).join(', ')
    const behind = isTable(codec) || isStructure(codec) ? codec : codec.of?.()
    // Two tables can have one prefix: where it is known which one is meant, it is that.
    return codec.describe.replaceAll(/\b[A-Z][A-Z0-9_]+_\*|\bstruct \w+/g, (name) => link(`\`${name}\``, behind) ?? link(`\`${name}\``, name) ?? `\`${name}\``)
  }

  /** The comments that may say a line's direction: its own, its table's, then those of the line that leads to the table. */
  const chain = (part, name) => (part === undefined ? [] : [part.declaration.members.get(name), part.declaration.doc, ...chain(part.holder?.part, part.holder?.name)])

  /** The kernel only adds at the end of an enumeration: what has a higher number cannot be older, so a tag is missing there. */
  function inOrder(what, rows) {
    let newest = ''
    let newestName = ''
    for (const { name, release } of rows) {
      if (newer(newest, release)) problems.push(`${what}.${name}: @since ${release}, but ${newestName}, of a lower number, is only since ${newest}`)
      else [newest, newestName] = [release, name]
    }
  }

  /** The kernel's name, with which a comment begins, and the rest. */
  function split({ text }) {
    const [, kernelName, rest] = /^`([\w.]+)`[:,]?\s*(.*)$/.exec(text) ?? []
    return kernelName === undefined ? { kernelName: '', rest: prose(text) } : { kernelName: `\`${kernelName}\``, rest: prose(capital(rest)) }
  }

  const tagOf = (docs, tag) => docs.map((doc) => doc?.tags.get(tag)).find((each) => each !== undefined)
  const releaseOf = (docs) => SINCE.exec(tagOf(docs, 'since') ?? '')?.[1] ?? ''

  /** `5.9` with a footnote that says where it is known from. */
  function since(what, docs) {
    const tag = tagOf(docs, 'since')
    const [, release, source] = SINCE.exec(tag ?? '') ?? []
    if (release === undefined) {
      problems.push(`${what}: @since must be a release and its source, not ${JSON.stringify(tag)}`)
      return ''
    }
    if (!sources.includes(source)) sources.push(source)
    return `${release}[^${sources.indexOf(source) + 1}]`
  }

  function direction(what, docs) {
    const tag = tagOf(docs, 'direction')
    const words = tag?.split(', ') ?? []
    const sorted = DIRECTIONS.filter((word) => words.includes(word))
    if (words.length === 0 || sorted.join() !== words.join()) problems.push(`${what}: @direction must be some of ${DIRECTIONS.join(', ')}, not ${JSON.stringify(tag)}`)
    return words.join(', ')
  }

  const lines = []
  const write = (...more) => lines.push(...more)
  function table(columns, rows) {
    const cell = (text) => String(text).replaceAll('|', String.raw`\|`)
    // A column in which nothing stands would only take room.
    const used = columns.map((_, i) => i).filter((i) => rows.some((row) => row[i] !== ''))
    const row = (cells) => `| ${used.map((i) => cell(cells[i])).join(' | ')} |`
    write(row(columns), row(columns.map(() => '---')), ...rows.map(row), '')
  }
  /** A comment's text, without the name where the heading is that name. */
  function intro({ text }, named = true) {
    const rest = named ? text : text.replace(/^`[^`]+`(?: \(`linux\/openvswitch\.h`\))?(?:: |$)/, '')
    if (rest !== '') write(prose(capital(rest)), '')
  }

  write(`# ${family.name}`, '', '<!-- Written by scripts/reference.mjs. Changes made here are lost. -->', '')
  write(`Generated from ${fileLink(declaration.file)} and what it uses by \`npm run reference\`, never edited by hand. [How to read it](index.md#how-to-read-the-pages).`, '')
  intro(declaration.doc, false)
  const header = family.header === undefined ? 'none' : typeOf(family.header)
  table(
    ['Since', 'Version', 'Header', 'Attributes', 'Multicast groups'],
    [[since(family.name, [tables[0].declaration.doc]), family.version, header, link(`\`${family.attributes.prefix}_*\``, family.attributes), (family.groups ?? []).map((name) => `\`${name}\``).join(', ') || 'none']],
  )
  write('## Commands', '')
  table(
    ['Name', 'Kernel name', 'Number', 'What it is'],
    Object.entries(family.commands).map(([name, number]) => {
      const { kernelName, rest } = split(declaration.members.get(name) ?? { text: '' })
      if (kernelName === '') problems.push(`${family.name}.${name}: its doc comment must begin with the kernel's name`)
      return [`\`${name}\``, kernelName, number, rest]
    }),
  )

  write('## Attributes', '')
  for (const part of tables) {
    const { value, declaration: { doc, file, members, name: set } } = part
    write(`### ${tableHeading(value)}`, '')
    intro(doc, false)
    if (file !== declaration.file) write(`From ${fileLink(file)}.`, '')
    const entries = value.entries.toSorted((a, b) => a.number - b.number)
    const rows = entries.map(({ name, kernelName, number, codec }) => {
      const own = members.get(name)
      const what = `${set}.${name}`
      const said = split(own ?? { text: '' })
      if (said.kernelName !== `\`${kernelName}\``) problems.push(`${what}: its doc comment must begin with \`${kernelName}\`, not ${said.kernelName || 'without a name'}`)
      return [`\`${name}\``, `\`${kernelName}\``, number, typeOf(codec), own?.tags.get('unit') ?? '', direction(what, chain(part, name)), since(what, [own, doc]), said.rest]
    })
    table(['Name', 'Kernel name', 'Number', 'Type', 'Unit', 'Direction', 'Since', 'What it is'], rows)
    inOrder(set, entries.map(({ name }) => ({ name, release: releaseOf([members.get(name), doc]) })))
  }

  if (structures.length > 0) write('## Structures', '')
  for (const { value, declaration: { doc, members, name: structure } } of structures) {
    write(`### ${structureHeading(value)}`, '')
    intro(doc, false)
    write(`${value.size} bytes.`, '')
    table(
      ['Offset', 'Name', 'Kernel name', 'Type', 'Unit', 'Since', 'What it is'],
      Object.entries(value.fields)
        .toSorted(([, a], [, b]) => a.offset - b.offset)
        .map(([name, { offset, codec }]) => {
          const own = members.get(name)
          const { kernelName, rest } = split(own ?? { text: '' })
          if (kernelName === '') problems.push(`${structure}.${name}: its doc comment must begin with the kernel's name`)
          return [offset, `\`${name}\``, kernelName, typeOf(codec), own?.tags.get('unit') ?? '', own?.tags.has('since') ? since(`${structure}.${name}`, [own]) : '', rest]
        }),
    )
  }

  if (constants.length > 0) write('## Constants', '')
  for (const { value, declaration: { doc, members, name: group } } of constants) {
    write(`### ${group}`, '')
    const single = typeof value !== 'object'
    if (!single) intro(doc)
    table(
      ['Name', 'Kernel name', 'Value', 'Since', 'What it is'],
      Object.entries(single ? { [group]: value } : value).map(([name, number]) => {
        const docs = single ? [doc] : [members.get(name), doc]
        const { kernelName, rest } = split(docs[0] ?? { text: '' })
        return [`\`${name}\``, kernelName, number, docs.some((each) => each?.tags.has('since')) ? since(`${group}.${name}`, docs) : '', rest]
      }),
    )
  }

  sources.forEach((source, i) => write(`[^${i + 1}]: ${source}`))
  return `${lines.join('\n').trimEnd()}\n`
}
