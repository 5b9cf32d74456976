import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { LabError } from './errors.js'

/** Raised when what a component folder holds, or how, changes: older folders are then set up anew. */
export const cacheFormat = 1

/** What was unpacked into a component's folder, and from what. */
export interface Manifest {
  format: number
  name: string
  /** Where the folder lies: some of its files name it, so that a moved cache is set up anew. */
  path: string
  /** The suite that the packages are from; for the host's own, its codename. */
  suite: string
  /** The packages asked for. */
  packages: string[]
  /** The archives unpacked, with their versions. */
  archives: string[]
  /** The host's packages that were there, and left out for that reason; absent where the host does not matter. */
  hostPackages?: string[]
  /** A kernel's release, as `uname -r` says it. */
  release?: string
  created: string
}

/** A component that is ready for use. */
export interface Installed {
  path: string
  manifest: Manifest
}

/** The cache folder by the user's configuration: `OVS_LAB_CACHE`, else `XDG_CACHE_HOME/ovs-lab`, else `~/.cache/ovs-lab`. Throws `CACHE_UNUSABLE`. */
export function cachePath(env: NodeJS.ProcessEnv = process.env): string {
  const named = env.OVS_LAB_CACHE
  if (named !== undefined && named !== '') {
    if (isAbsolute(named)) return named
    throw new LabError('CACHE_UNUSABLE', 'OVS_LAB_CACHE does not begin with a slash.', 'Name the folder by its whole path.', { details: named })
  }
  const parent = env.XDG_CACHE_HOME !== undefined && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : join(homedir(), '.cache')
  return join(parent, 'ovs-lab')
}

/** Node's own recursive mkdir never ends below a folder in which nothing can be made, such as /proc. */
function makeFolders(path: string): void {
  if (existsSync(path)) return
  makeFolders(dirname(path))
  try {
    mkdirSync(path, { mode: 0o755 })
  } catch (error) {
    // Another set-up may have been quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Makes the cache folder if it is not there. Throws `CACHE_UNUSABLE` when it cannot be written. */
export function openCache(path = cachePath()): string {
  if (/[:\0\n]/.test(path)) {
    throw new LabError(
      'CACHE_UNUSABLE', 'The path of the lab\'s cache holds a colon or a line end, which the dynamic linker cannot be told.',
      'Name another folder with OVS_LAB_CACHE=/path.', { details: path },
    )
  }
  try {
    makeFolders(join(path, 'components'))
    accessSync(path, constants.W_OK)
    return path
  } catch (cause) {
    throw new LabError(
      'CACHE_UNUSABLE', `The lab keeps what it downloads in ${path}, and cannot write there.`,
      'Set HOME to a folder that is yours, or name a folder with OVS_LAB_CACHE=/path.', { cause, details: String(cause) },
    )
  }
}

/** The complete component folders of `name`, newest first. Whether they suit this host is not asked here. */
export function installedComponents(cache: string, name?: string): Installed[] {
  const found: Installed[] = []
  const folder = join(cache, 'components')
  if (!existsSync(folder)) return found
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry)
    try {
      const manifest = JSON.parse(readFileSync(join(path, 'component.json'), 'utf8')) as Manifest
      const usable = manifest.format === cacheFormat && manifest.path === path
      if (usable && (name === undefined || manifest.name === name)) found.push({ path, manifest })
    } catch {
      // Being unpacked, or left by a set-up that was killed: not a component.
    }
  }
  return found.toSorted((a, b) => b.manifest.created.localeCompare(a.manifest.created))
}
