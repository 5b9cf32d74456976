import { readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { LabError } from './errors.js'

interface Place {
  path: string
  free: number
  executable: boolean
  /** In memory: what is written there is never written to a disk. */
  memory: boolean
}

/** Parses a size such as `512M` or `2G` into bytes. Throws `BAD_OPTION`. */
export function parseSize(text: string): number {
  const match = /^(\d+)([kKmMgG])?(i?B)?$/.exec(text)
  const bytes = match ? Number(match[1]) * 1024 ** { k: 1, m: 2, g: 3 }[(match[2] ?? 'm').toLowerCase() as 'k' | 'm' | 'g'] : 0
  if (!Number.isSafeInteger(bytes) || bytes < 128 * 1024 ** 2) {
    throw new LabError('BAD_OPTION', `"${text}" is no memory size for a kernel.`, 'Say at least 128M, for example --memory 1G.')
  }
  return bytes
}

/** Where UML may keep its memory: a file that is removed as soon as it is open, mapped executable. */
export function memoryPlaces(): Place[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n').map(parseMount)
  const paths = [...new Set(['/dev/shm', process.env.XDG_RUNTIME_DIR ?? '', tmpdir(), '/tmp', '/var/tmp'])].filter((path) => path.startsWith('/'))
  return paths.flatMap((path): Place[] => {
    try {
      const { bavail, bsize } = statfsSync(path)
      // In a chroot the root may be no mount of its own.
      const mount = mounts.filter(({ point }) => point === '/' || path === point || path.startsWith(`${point}/`))
        .reduce((a, b) => (b.point.length >= a.point.length ? b : a), { point: '', options: [] as string[], type: '' })
      return [{ path, free: bavail * bsize, executable: !mount.options.includes('noexec'), memory: mount.type === 'tmpfs' }]
    } catch {
      return []
    }
  })
}

function parseMount(line: string): { point: string; options: string[]; type: string } {
  const [left = '', right = ''] = line.split(' - ')
  const fields = left.split(' ')
  const point = fields[4]!.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  return { point, options: fields[5]!.split(','), type: right.split(' ')[0]! }
}

/**
 * The folder for UML's memory file. `/dev/shm` is best, but containers often
 * give it 64 MB, or mount it noexec; a kernel that outgrows it dies of SIGBUS.
 *
 * Throws `DISK_FULL` when no place is big enough.
 */
export function memoryFolder(bytes: number, places = memoryPlaces()): string {
  const fit = places.filter((place) => place.executable && place.free >= bytes)
  const best = fit.find((place) => place.memory) ?? fit[0]
  if (best) return best.path
  const seen = places.map((place) => `${place.path}: ${Math.floor(place.free / 1024 ** 2)} MB free${place.executable ? '' : ', noexec'}`).join('\n')
  throw new LabError(
    'DISK_FULL', `No folder is big enough for a kernel with ${Math.floor(bytes / 1024 ** 2)} MB of memory.`,
    'Ask for less (--memory 512M), give the container a larger /dev/shm (docker run --shm-size=2g), or set TMPDIR to a roomy folder.',
    { details: seen },
  )
}
