import { spawn } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { bound, diskFull } from './process.js'
import { LabError } from './errors.js'

/**
 * Makes the folder that packages are unpacked into. On today's systems `/bin`
 * and its like are links into `/usr`; the folder has them too, so that packages
 * which still ship `/bin/x` land where an overlay over the host's root wants them.
 */
export async function prepareRoot(root: string): Promise<void> {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await mkdir(join(root, 'usr', name), { recursive: true })
    await symlink(`usr/${name}`, join(root, name))
  }
}

/** Unpacks a Debian archive's files. Its maintainer scripts are not run. */
export async function unpack(archive: string, root: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const source = spawn(...bound('dpkg-deb', ['--fsys-tarfile', archive]), { stdio: ['ignore', 'pipe', 'pipe'] })
    const target = spawn(...bound('tar', ['--extract', '--preserve-permissions', '--no-same-owner', '--keep-directory-symlink', '--warning=no-timestamp', '--directory', root]), {
      stdio: [source.stdout, 'ignore', 'pipe'],
    })
    // The reading end is tar's now: ours would keep dpkg-deb from hearing that tar has gone.
    source.stdout.destroy()
    let details = ''
    let running = 2
    let failed = false
    for (const child of [source, target]) {
      child.stderr!.on('data', (chunk: Buffer) => { details += chunk.toString() })
      child.on('error', (cause) => { failed = true; details += String(cause); done() })
      child.on('close', (status) => { failed ||= status !== 0; done() })
    }
    function done(): void {
      running -= 1
      if (running > 0) return
      if (!failed) resolve()
      else if (/No space left on device/.test(details)) reject(diskFull(details))
      else reject(new LabError('TOOL_FAILED', 'A package could not be unpacked.', 'Run the set-up again; its archives will be fetched anew.', { details }))
    }
  })
}
