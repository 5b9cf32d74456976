import { existsSync, readFileSync, readlinkSync } from 'node:fs'

/** What matters to the lab about the machine that it runs on. */
export interface HostSystem {
  /** `ID` of os-release: `debian`, `ubuntu`, … */
  id: string
  /** `VERSION_CODENAME`: `bookworm`, `trixie`, …; empty where a system names none. */
  suite: string
  name: string
  /** Debian's word for the architecture: `amd64`, `arm64`, … */
  architecture: string
  /** Whether `/bin` is `/usr/bin`, on which the lab's overlay rests. */
  usrMerged: boolean
  apt: boolean
  root: boolean
}

/** Parses the `KEY=value` lines of os-release(5). */
export function parseOsRelease(text: string): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const match = /^([A-Z0-9_]+)=(.*)$/.exec(line)
    if (match) fields[match[1]!] = match[2]!.trim().replace(/^(["'])(.*)\1$/, '$2').replace(/\\(["'$`\\])/g, '$1')
  }
  return fields
}

export function hostSystem(): HostSystem {
  const release = parseOsRelease(readIfThere('/etc/os-release') ?? readIfThere('/usr/lib/os-release') ?? '')
  return {
    id: release.ID ?? 'unknown',
    suite: release.VERSION_CODENAME ?? '',
    name: release.PRETTY_NAME ?? 'an unknown system',
    architecture: { x64: 'amd64', ia32: 'i386', arm: 'armhf' }[process.arch as string] ?? process.arch,
    usrMerged: isLink('/bin') && isLink('/lib'),
    apt: existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-deb'),
    root: process.getuid?.() === 0,
  }
}

/**
 * dpkg's status file reduced to the stanzas of installed packages and the
 * fields that apt needs to know what is there. Without their dependencies a
 * host whose packages are half upgraded or held back stays usable.
 */
export function installedStatus(status: string): string {
  const kept = /^(Package|Status|Version|Architecture|Multi-Arch|Provides|Essential|Maintainer):/
  const stanzas: string[] = []
  for (const stanza of status.split(/\n\n+/)) {
    if (!/^Status: \S+ \S+ installed$/m.test(stanza)) continue
    stanzas.push([...stanza.split('\n').filter((line) => kept.test(line)), 'Description: installed', ''].join('\n'))
  }
  return stanzas.join('\n')
}

/** Names of the installed packages, sorted. */
export function installedPackages(status: string): string[] {
  const names: string[] = []
  for (const stanza of status.split(/\n\n+/)) {
    if (/^Status: \S+ \S+ installed$/m.test(stanza)) names.push(/^Package: (.*)$/m.exec(stanza)?.[1] ?? '')
  }
  return names.toSorted()
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function isLink(path: string): boolean {
  try {
    return readlinkSync(path).includes('usr')
  } catch {
    return false
  }
}
