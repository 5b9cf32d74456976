import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { download, openApt, planInstall, updateLists, type Apt } from './apt.js'
import { cacheFormat, installedComponents, openCache, type Installed, type Manifest } from './cache.js'
import { componentNamed, defaultComponents, verifyUml, type Component } from './components.js'
import { LabError } from './errors.js'
import { hostSystem, installedPackages, installedStatus } from './host.js'
import { acquire } from './lock.js'
import { collect } from './process.js'
import { distributionSources, foreignSuite, machineSources, readSources, type FoundSources } from './sources.js'
import { prepareRoot, unpack } from './unpack.js'

/** What a set-up is doing at a moment. */
export type SetupProgress =
  | { step: 'waiting' }
  | { step: 'lists'; suite: string }
  | { step: 'download'; component: string; percent: number; bytes: number }
  | { step: 'unpack'; component: string; done: number; total: number }
  | { step: 'ready'; component: string; path: string; fresh: boolean }

export interface SetupOptions {
  /** The cache folder; default as {@link cachePath} says. */
  cache?: string | undefined
  /** An apt sources file to use in place of the machine's own. */
  sources?: string | undefined
  /** Ask the mirror even for what is there, and take what is newer. */
  update?: boolean | undefined
  onProgress?: ((progress: SetupProgress) => void) | undefined
  signal?: AbortSignal | undefined
}

const dpkgStatus = '/var/lib/dpkg/status'

/**
 * The ready component of that name that suits this host, or `undefined`. It
 * asks no apt and no network, so it is cheap enough for every run. A component
 * that leaves out what the host has is fit as long as the host still has it.
 */
export async function readyComponent(cache: string, component: Component): Promise<Installed | undefined> {
  const candidates = installedComponents(cache, component.name)
  if (candidates.length === 0) return undefined
  const suite = suiteOf(component)
  const present = component.suite === 'host' ? new Set(installedPackages(await hostStatus())) : undefined
  return candidates.find(({ manifest }) =>
    manifest.suite === suite
    && manifest.packages.join() === component.packages.join()
    && (present === undefined || manifest.hostPackages?.every((name) => present.has(name)) === true))
}

/**
 * Brings components into the cache: downloads the distribution's packages and
 * unpacks them there. Nothing is installed and the host is not changed. What is
 * ready already costs nothing; parallel set-ups wait for one another; a killed
 * one leaves nothing that a later one would take for complete.
 *
 * Throws {@link LabError}.
 */
export async function setupLab(names: readonly string[] = defaultComponents, options: SetupOptions = {}): Promise<Installed[]> {
  const wanted = names.map(componentNamed).flatMap((component) => (component.after === undefined ? [component] : [componentNamed(component.after), component]))
    .filter((component, index, all) => all.indexOf(component) === index)
  const cache = openCache(options.cache)
  const report = options.onProgress ?? (() => {})
  const ready = await Promise.all(wanted.map((component) => readyComponent(cache, component)))
  if (options.update !== true && ready.every((installed) => installed !== undefined)) return ready

  refuseUnsupported()
  const lock = await acquire(join(cache, 'setup.lock'), {
    onWait: () => report({ step: 'waiting' }), ...(options.signal ? { signal: options.signal } : {}),
  })
  try {
    await sweep(cache)
    const apts = new Map<string, Apt>()
    const installed: Installed[] = []
    for (const component of wanted) {
      options.signal?.throwIfAborted()
      const there = options.update === true ? undefined : await readyComponent(cache, component)
      installed.push(there ?? await install(cache, component, apts, options))
    }
    await dropSuperseded(cache, installed)
    // Package lists are large, and would be stale the next time.
    await rm(join(cache, 'apt'), { recursive: true, force: true })
    return installed
  } finally {
    await lock.release()
  }
}

function refuseUnsupported(): void {
  const system = hostSystem()
  if (!system.apt) {
    throw new LabError('UNSUPPORTED_SYSTEM', `The lab fetches its kernels with apt, which ${system.name} has not.`, 'Use Debian 12 or 13, or a container of it; `ovs-lab doctor` says what works here.')
  }
  if (system.architecture !== 'amd64') {
    throw new LabError('UNSUPPORTED_SYSTEM', `The lab's kernels are built for amd64, and this machine is ${system.architecture}.`, 'Use an x86-64 machine; `ovs-lab doctor` says what works here.')
  }
  if (!system.usrMerged) {
    throw new LabError('UNSUPPORTED_SYSTEM', 'The lab lays packages over the host\'s root, which needs /bin and /lib to be links into /usr.', 'Install the package usrmerge, or use Debian 12 or 13.')
  }
}

async function install(cache: string, component: Component, apts: Map<string, Apt>, options: SetupOptions): Promise<Installed> {
  const report = options.onProgress ?? (() => {})
  const status = component.suite === 'host' ? await hostStatus() : ''
  const apt = await aptFor(cache, component, status, apts, options)
  await rm(join(apt.folder, 'archives'), { recursive: true, force: true })
  await mkdir(join(apt.folder, 'archives/partial'), { recursive: true })
  await writeFile(join(apt.folder, 'status'), statusWith(status, component.standIns))

  const archives = await planInstall(apt, component.packages)
  const names = archives.map((archive) => archive.file)
  const key = createHash('sha256').update(JSON.stringify([cacheFormat, suiteOf(component), component.packages, names.toSorted()])).digest('hex').slice(0, 12)
  const final = join(cache, 'components', `${component.name}-${key}`)
  const manifest: Manifest = {
    format: cacheFormat, name: component.name, path: final, suite: suiteOf(component), packages: component.packages,
    archives: names.toSorted(), ...(component.suite === 'host' ? { hostPackages: installedPackages(status) } : {}),
    created: new Date().toISOString(),
  }
  const existing = installedComponents(cache, component.name).find((candidate) => candidate.path === final)
  if (existing) {
    // The same archives as before: only what was found on the host, and when, is new.
    const renewed = { ...existing.manifest, ...manifest }
    await writeWhole(join(final, 'component.json'), JSON.stringify(renewed, undefined, 2))
    report({ step: 'ready', component: component.name, path: final, fresh: false })
    return { path: final, manifest: renewed }
  }

  const bytes = archives.reduce((sum, archive) => sum + archive.size, 0)
  if (archives.length > 0) {
    report({ step: 'download', component: component.name, percent: 0, bytes })
    await download(apt, component.packages, (percent) => report({ step: 'download', component: component.name, percent, bytes }))
  }
  const staging = join(cache, 'components', `.partial-${randomBytes(6).toString('hex')}`)
  await prepareRoot(join(staging, 'root'))
  for (const [index, archive] of archives.entries()) {
    options.signal?.throwIfAborted()
    report({ step: 'unpack', component: component.name, done: index, total: archives.length })
    await unpack(join(apt.folder, 'archives', archive.file), join(staging, 'root'))
  }
  const release = await component.finish?.(staging, final, cache)
  if (release !== undefined) manifest.release = release
  await writeFile(join(staging, 'component.json'), JSON.stringify(manifest, undefined, 2))
  // A folder that is renamed before its files have reached the disk could be found empty after a crash.
  await collect('sync', ['--file-system', staging])
  await rm(final, { recursive: true, force: true })
  await rename(staging, final)
  if (existsSync(join(final, 'linux.uml'))) {
    await verifyUml(final).catch(async (error: unknown) => {
      await rm(final, { recursive: true, force: true })
      throw error
    })
  }
  await rm(join(apt.folder, 'archives'), { recursive: true, force: true })
  report({ step: 'ready', component: component.name, path: final, fresh: true })
  return { path: final, manifest }
}

/** One apt per suite, its lists fetched once per set-up. */
async function aptFor(cache: string, component: Component, status: string, apts: Map<string, Apt>, options: SetupOptions): Promise<Apt> {
  const known = apts.get(component.suite)
  if (known) return known
  const found = readSources({ sources: options.sources })
  const sources = component.suite === 'host' ? hostSources(found) : foreignSuite(found.sources, component.suite, found.configured)
  if (sources.length === 0) throw noSources(found, component)
  const apt = await openApt(join(cache, 'apt', component.suite), sources, status, found.files)
  options.onProgress?.({ step: 'lists', suite: suiteOf(component) })
  await updateLists(apt)
  apts.set(component.suite, apt)
  return apt
}

/** The user's sources where they speak of the host's distribution, else the machine's own. */
function hostSources(found: FoundSources): ReturnType<typeof distributionSources> {
  const system = hostSystem()
  const configured = distributionSources(found.sources, system, found.configured)
  return configured.length > 0 || !found.configured || system.id === 'debian' ? configured : distributionSources(machineSources().sources, system)
}

function noSources(found: FoundSources, component: Component): LabError {
  const wanted = component.suite === 'host' ? `${hostSystem().name}'s own archive` : 'a Debian archive'
  const files = found.files.join(', ') || '/etc/apt'
  return new LabError(
    'NO_SOURCES', `The apt sources in ${files} name no mirror of ${wanted}, from which the component ${component.name} comes.`,
    'Write a sources file with a Debian mirror ("Types: deb", "URIs: …", "Suites: bookworm", "Components: main", "Signed-By: KEYRING") and name it with --sources FILE or OVS_LAB_SOURCES.',
  )
}

function suiteOf(component: Component): string {
  if (component.suite !== 'host') return component.suite
  const system = hostSystem()
  return `${system.id}-${system.suite}`
}

async function hostStatus(): Promise<string> {
  return existsSync(dpkgStatus) ? await readFile(dpkgStatus, 'utf8') : ''
}

/** A dpkg status that also claims `standIns` to be installed, in a version that satisfies whatever asks for them. */
export function statusWith(status: string, standIns: string[]): string {
  const present = new Set(installedPackages(status))
  const claims = standIns.filter((name) => !present.has(name)).map((name) => [
    `Package: ${name}`, 'Status: install ok installed', 'Multi-Arch: allowed', 'Architecture: amd64',
    'Maintainer: none <none@invalid>', 'Version: 9999', 'Description: stand-in', '',
  ].join('\n'))
  return [installedStatus(status), ...claims].filter((part) => part !== '').join('\n')
}

async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.${randomBytes(4).toString('hex')}`
  await writeFile(partial, text)
  await rename(partial, path)
}

/** Removes what a killed set-up left. Only the holder of the lock may do it. */
async function sweep(cache: string): Promise<void> {
  for (const entry of await readdir(join(cache, 'components'))) {
    if (entry.startsWith('.partial-')) await rm(join(cache, 'components', entry), { recursive: true, force: true })
  }
}

/** Removes older folders of the components just set up, unless a running lab holds the cache. */
async function dropSuperseded(cache: string, installed: Installed[]): Promise<void> {
  const old = installed.flatMap(({ path, manifest }) => installedComponents(cache, manifest.name).filter((other) => other.path !== path).map((other) => other.path))
  if (old.length === 0) return
  await collect('flock', ['--exclusive', '--nonblock', join(cache, 'use.lock'), 'rm', '-rf', '--', ...old])
}
