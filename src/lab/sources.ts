import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from './errors.js'

/** One entry of apt's sources, whichever of the two formats it was written in. */
export interface Source {
  types: string[]
  uris: string[]
  suites: string[]
  components: string[]
  /** Path of a keyring, key ids, or an embedded key of many lines. */
  signedBy?: string
  /** Other options, in their deb822 spelling. */
  options: Record<string, string>
}

const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
// Options that say how to trust or verify, which must keep their effect when the suite is exchanged.
const carried = ['Trusted', 'Check-Valid-Until', 'Check-Date', 'Valid-Until-Min', 'Valid-Until-Max', 'By-Hash', 'Allow-Insecure', 'Allow-Weak', 'Date-Max-Future']

const suites: Record<string, string[]> = {
  debian: ['bullseye', 'bookworm', 'trixie', 'forky', 'duke', 'sid', 'oldoldstable', 'oldstable', 'stable', 'testing', 'unstable'],
}

/** Parses one-line (`deb [options] uri suite component…`) sources. */
export function parseOneLine(text: string): Source[] {
  const sources: Source[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)\s*(?:#.*)?$/.exec(line)
    if (!match) continue
    const source: Source = {
      types: [match[1]!], uris: [match[3]!], suites: [match[4]!], components: match[5]!.split(/\s+/).filter(Boolean), options: {},
    }
    for (const option of (match[2] ?? '').split(/\s+/).filter(Boolean)) {
      const [key = '', value = ''] = option.split(/[+-]?=(.*)/s)
      setOption(source, key, value.replaceAll(',', ' '))
    }
    sources.push(source)
  }
  return sources
}

/** Parses deb822 sources (`*.sources`), leaving out entries that say `Enabled: no`. */
export function parseDeb822(text: string): Source[] {
  const sources: Source[] = []
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  for (const stanza of lines.join('\n').split(/\n\s*\n/)) {
    const fields = new Map<string, string>()
    let last = ''
    for (const line of stanza.split('\n')) {
      const match = /^([A-Za-z0-9-]+)\s*:\s*(.*)$/.exec(line)
      if (match) {
        last = match[1]!
        fields.set(last.toLowerCase(), match[2]!)
      } else if (/^\s/.test(line) && last !== '') {
        fields.set(last.toLowerCase(), `${fields.get(last.toLowerCase())!}\n${line}`)
      }
    }
    if (!fields.has('types') || /^(no|false|0|off)$/i.test(fields.get('enabled') ?? '')) continue
    const words = (key: string): string[] => (fields.get(key) ?? '').split(/\s+/).filter(Boolean)
    const source: Source = { types: words('types'), uris: words('uris'), suites: words('suites'), components: words('components'), options: {} }
    for (const [key, value] of fields) setOption(source, key, value)
    sources.push(source)
  }
  return sources
}

function setOption(source: Source, key: string, value: string): void {
  if (key.toLowerCase() === 'signed-by') source.signedBy = value.includes('\n') ? value : value.trim()
  const name = carried.find((option) => option.toLowerCase() === key.toLowerCase())
  if (name !== undefined) source.options[name] = value
}

export function parseSources(text: string, path: string): Source[] {
  return path.endsWith('.sources') || /^Types\s*:/im.test(text) ? parseDeb822(text) : parseOneLine(text)
}

/** Sources as apt's deb822 format says them. */
export function formatSources(sources: Source[]): string {
  return sources.map((source) => {
    const lines = [
      `Types: deb`, `URIs: ${source.uris.join(' ')}`, `Suites: ${source.suites.join(' ')}`,
      `Components: ${source.components.join(' ')}`, 'Architectures: amd64',
    ]
    if (source.signedBy !== undefined) lines.push(`Signed-By: ${source.signedBy}`)
    for (const [key, value] of Object.entries(source.options)) lines.push(`${key}: ${value}`)
    return `${lines.join('\n')}\n`
  }).join('\n')
}

/**
 * The entries by which a machine gets its own distribution: their suite is one
 * of the distribution's (or its `-updates` or `-security`), they have `main`
 * (the only part the lab takes), and they are signed by the distribution's
 * keyring or name none. Everything else on the machine is a third party's; in a
 * file that the user wrote for the lab (`configured`), the keyring is his to say.
 */
export function distributionSources(sources: Source[], system: { id: string; suite: string }, configured = false): Source[] {
  const known = new Set([...(suites[system.id] ?? []), system.suite])
  const own: Source[] = []
  for (const source of sources) {
    const wanted = source.suites.filter((suite) => known.has(suite.replace(/(-updates|-security|\/updates)$/, '')))
    if (!source.types.includes('deb') || wanted.length === 0 || !source.components.includes('main')) continue
    if (!configured && !signedByDistribution(source, system.id)) continue
    const components = source.components.filter((component) => ['main', 'universe'].includes(component))
    own.push({ ...source, types: ['deb'], suites: wanted, components })
  }
  const named = own.filter((source) => source.signedBy !== undefined || source.uris.some((uri) => new RegExp(`/${system.id}(-[a-z]+)?/*$`).test(uri)))
  return named.length > 0 ? named : own
}

function signedByDistribution(source: Source, id: string): boolean {
  if (source.signedBy === undefined || source.signedBy.includes('BEGIN PGP')) return true
  return source.signedBy.split(/\s+/).every((part) => !part.includes('/') || part.includes(`/${id}-archive`))
}

/**
 * The main archive of Debian for another of its suites: the same mirror, the
 * suite's name exchanged, verified by the archive's keyring.
 */
export function foreignSuite(sources: Source[], suite: string, configured: boolean): Source[] {
  const known = suites.debian!
  const main = distributionSources(sources, { id: 'debian', suite: '' }, configured)
    .filter((source) => source.suites.some((name) => known.includes(name)))
    .filter((source, index, all) => all.findIndex((other) => other.uris.join() === source.uris.join()) === index)
  // A keyring for one release only would not verify another's; the whole one does.
  const keyring = existsSync(debianKeyring) ? debianKeyring : undefined
  const verified: Source[] = []
  for (const source of main) {
    const narrow = source.signedBy === undefined || source.signedBy.startsWith('/usr/share/keyrings/debian-archive-')
    const signedBy = narrow && !(configured && source.signedBy !== undefined) ? keyring ?? source.signedBy : source.signedBy
    const other: Source = { types: ['deb'], uris: source.uris, suites: [suite], components: ['main'], options: source.options }
    if (signedBy !== undefined) other.signedBy = signedBy
    verified.push(other)
  }
  return verified
}

export interface SourcesOptions {
  /** A sources file in place of the machine's own; default `OVS_LAB_SOURCES`. */
  sources?: string | undefined
}

export interface FoundSources {
  sources: Source[]
  /** The files that were read. */
  files: string[]
  /** Whether they come from the user's configuration rather than from the machine's. */
  configured: boolean
}

/** Reads the user's sources file when there is one, else the machine's own sources. Throws `SOURCES_UNREADABLE`. */
export function readSources(options: SourcesOptions = {}): FoundSources {
  const configured = options.sources ?? process.env.OVS_LAB_SOURCES
  if (configured !== undefined && configured !== '') {
    return { sources: parseFile(configured), files: [configured], configured: true }
  }
  return machineSources()
}

/** The sources that the machine itself is kept up to date from. */
export function machineSources(etc = '/etc/apt'): FoundSources {
  const parts = join(etc, 'sources.list.d')
  const files = [join(etc, 'sources.list')]
  if (existsSync(parts)) files.push(...readdirSync(parts).filter((name) => /\.(list|sources)$/.test(name)).toSorted().map((name) => join(parts, name)))
  const present = files.filter((file) => existsSync(file))
  return { sources: present.flatMap(parseFile), files: present, configured: false }
}

function parseFile(path: string): Source[] {
  try {
    return parseSources(readFileSync(path, 'utf8'), path)
  } catch (cause) {
    throw new LabError(
      'SOURCES_UNREADABLE', `The apt sources in ${path} cannot be read.`,
      'Name a readable sources file with --sources FILE or OVS_LAB_SOURCES.', { cause, details: String(cause) },
    )
  }
}
