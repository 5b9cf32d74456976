import { existsSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { LabError } from './errors.js'

/**
 * The folder that a command run in `cwd` may write to: the checkout or package
 * around it, so that a test started in a subfolder can write a report at the
 * top; without one, `cwd` itself. Never a home folder that happens to hold a
 * `package.json`, unless it is `cwd`.
 */
export function projectFolder(cwd: string, home = homedir()): string {
  for (const marker of ['.git', 'package.json']) {
    for (let folder = cwd; folder !== dirname(folder); folder = dirname(folder)) {
      if (folder === home || home.startsWith(`${folder}/`)) break
      if (existsSync(join(folder, marker))) return folder
    }
  }
  return cwd
}

/** The folders to be written through, outermost first, without those that lie in another. Throws `BAD_OPTION`. */
export function sharedFolders(cwd: string, extra: readonly string[]): string[] {
  const folders = [projectFolder(cwd), ...extra].map((folder) => {
    try {
      return realpathSync(folder)
    } catch (cause) {
      throw new LabError('BAD_OPTION', `The folder "${folder}" cannot be shared with the lab.`, 'Name a folder that exists.', { cause })
    }
  })
  // Sharing the whole root would undo the protection of the host, and hide the lab's own packages.
  const sorted = [...new Set(folders)].filter((folder) => folder !== '/').toSorted()
  return sorted.filter((folder) => !sorted.some((other) => folder.startsWith(`${other}/`)))
}
