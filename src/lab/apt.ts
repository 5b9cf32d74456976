import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { aptError } from './apt-errors.js'
import { bound, collect } from './process.js'
import { formatSources, type Source } from './sources.js'

/** An apt of the lab's own: its lists, archives, status and sources lie in one folder, and the host's stay untouched. */
export interface Apt {
  folder: string
  /** What errors call the place: the sources' URIs. */
  mirror: string
  /** The files that the sources were read from. */
  sourceFiles: string[]
  environment: NodeJS.ProcessEnv
}

/** An archive that is to be fetched. */
export interface PlannedArchive {
  file: string
  size: number
}

// How the machine reaches its mirror (proxies, certificates, retries) is the host's to say; what it does with it is ours.
const foreign = /^Acquire::(IndexTargets|Languages|GzipIndexes|CompressionTypes|Changelogs|cdrom|By-Hash)\b/

export async function openApt(folder: string, sources: Source[], status: string, sourceFiles: string[]): Promise<Apt> {
  for (const name of ['lists/partial', 'archives/partial', 'log']) mkdirSync(join(folder, name), { recursive: true })
  const path = (name: string): string => `"${join(folder, name).replace(/["\\]/g, '\\$&')}"`
  const dump = await collect('apt-config', ['dump'], { env: toolEnvironment() })
  const host = dump.stdout.split('\n').filter((line) => line.startsWith('Acquire::') && !foreign.test(line))
  writeFileSync(join(folder, 'sources.sources'), formatSources(sources))
  writeFileSync(join(folder, 'status'), status)
  writeFileSync(join(folder, 'apt.conf'), [
    // The host's own fragments may run programs after an update, so none of them is read.
    'Dir::Etc::Parts "/dev/null";',
    'Dir::Etc::Main "/dev/null";',
    'Dir::Etc::Preferences "/dev/null";',
    'Dir::Etc::PreferencesParts "/dev/null";',
    'Dir::Etc::SourceParts "/dev/null";',
    `Dir::Etc::SourceList ${path('sources.sources')};`,
    `Dir::State ${path('.')};`,
    `Dir::State::Lists ${path('lists')};`,
    `Dir::State::status ${path('status')};`,
    `Dir::Cache ${path('.')};`,
    `Dir::Cache::archives ${path('archives')};`,
    `Dir::Log ${path('log')};`,
    'Acquire::Languages "none";',
    'Acquire::GzipIndexes "true";',
    'APT::Architecture "amd64";',
    'APT::Architectures { "amd64"; };',
    'APT::Update::Error-Mode "any";',
    'APT::Get::Always-Include-Phased-Updates "true";',
    ...host,
    '',
  ].join('\n'))
  return {
    folder,
    sourceFiles,
    mirror: [...new Set(sources.flatMap((source) => source.uris))].join(', '),
    environment: { ...toolEnvironment(), APT_CONFIG: join(folder, 'apt.conf') },
  }
}

// Messages are recognised by their English text.
function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C.UTF-8', LANGUAGE: 'C', DEBIAN_FRONTEND: 'noninteractive' }
}

/** Fetches the package lists. Throws the {@link LabError} that fits what apt says. */
export async function updateLists(apt: Apt): Promise<void> {
  const result = await collect(...bound('apt-get', ['update']), { env: apt.environment })
  if (result.status !== 0) throw aptError(result.stderr, apt)
}

const install = ['install', '--yes', '--no-install-recommends', '--no-remove', '--no-upgrade']

/** Which archives bring `packages` and what they need, given what the status says is there. */
export async function planInstall(apt: Apt, packages: string[]): Promise<PlannedArchive[]> {
  const result = await collect(...bound('apt-get', [...install, '--print-uris', '--quiet=2', ...packages]), { env: apt.environment })
  if (result.status !== 0) throw aptError(result.stderr, apt)
  return parseUris(result.stdout)
}

/** Parses the lines `'URI' FILE SIZE HASH` of `--print-uris`. */
export function parseUris(text: string): PlannedArchive[] {
  const planned: PlannedArchive[] = []
  for (const line of text.split('\n')) {
    const match = /^'[^']*' (\S+) (\d+)( \S*)?$/.exec(line)
    if (match) planned.push({ file: match[1]!, size: Number(match[2]) })
  }
  return planned
}

/** Downloads what {@link planInstall} planned into `archives/`, verified by apt. `onPercent` gets 0 to 100. */
export async function download(apt: Apt, packages: string[], onPercent: (percent: number) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(...bound('apt-get', [...install, '--download-only', '--quiet=2', '-o', 'APT::Status-Fd=3', ...packages]), {
      env: apt.environment, stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    child.stderr!.on('data', (chunk: Buffer) => { stderr += chunk.toString() })
    const decoder = new StringDecoder()
    let pending = ''
    child.stdio[3]!.on('data', (chunk: Buffer) => {
      const lines = (pending + decoder.write(chunk)).split('\n')
      pending = lines.pop()!
      for (const line of lines) {
        const match = /^dlstatus:\d+:([\d.]+):/.exec(line)
        if (match) onPercent(Number(match[1]))
      }
    })
    child.on('error', reject)
    child.on('close', (status) => {
      if (status === 0) resolve()
      else reject(aptError(stderr, apt))
    })
  })
}
