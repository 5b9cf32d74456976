import { describe, expect, it } from 'vitest'
import { aptError } from '../../src/lab/apt-errors.js'
import { parseUris } from '../../src/lab/apt.js'
import { installedPackages, installedStatus, parseOsRelease } from '../../src/lab/host.js'
import { statusWith } from '../../src/lab/setup.js'

const apt = { mirror: 'http://mirror.example/debian', sourceFiles: ['/etc/apt/sources.list'] }

// As apt 2.6 and 3.0 print them.
const messages: [string, string][] = [
  ['MIRROR_UNREACHABLE', 'E: Failed to fetch http://127.0.0.1:9/debian/dists/bookworm/InRelease  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)'],
  ['MIRROR_UNREACHABLE', 'E: Failed to fetch http://mirror.example/debian/dists/bookworm/InRelease  Temporary failure resolving \'mirror.example\''],
  ['MIRROR_UNREACHABLE', 'E: Failed to fetch https://mirror.example/debian/dists/bookworm/InRelease  Certificate verification failed: The certificate is NOT trusted.'],
  ['SIGNATURE_INVALID', 'W: GPG error: http://mirror.example/debian sid InRelease: The following signatures couldn\'t be verified because the public key is not available: NO_PUBKEY 6ED0E7B82643E131\nE: The repository \'http://mirror.example/debian sid InRelease\' is not signed.'],
  ['SIGNATURE_INVALID', 'E: OpenPGP signature verification failed: http://mirror.example/debian sid InRelease: Sub-process /usr/bin/sqv returned an error code (1), error message is: Missing key 225629DF75B188BD'],
  ['HASH_MISMATCH', 'E: Failed to fetch http://mirror.example/debian/pool/main/u/uml.deb  Hash Sum mismatch\n   Hashes of expected file:\n    - SHA256:00'],
  ['HASH_MISMATCH', 'E: Failed to fetch http://mirror.example/x.deb  File has unexpected size (10 != 20). Mirror sync in progress?'],
  ['RELEASE_EXPIRED', 'E: Release file for http://mirror.example/debian/dists/sid/InRelease is expired (invalid since 18d 14h 39min 10s). Updates for this repository will not be applied.'],
  ['NO_SUCH_SUITE', 'E: The repository \'http://mirror.example/debian sid Release\' does not have a Release file.'],
  ['NO_SUCH_PACKAGE', 'E: Unable to locate package user-mode-linux'],
  ['NO_SUCH_PACKAGE', 'E: Package \'user-mode-linux\' has no installation candidate'],
  ['DISK_FULL', 'E: You don\'t have enough free space in /home/u/.cache/ovs-lab/apt/sid/archives/.'],
  ['APT_FAILED', 'E: something that nobody has seen yet'],
]

describe('apt', () => {
  it.each(messages)('fails with %s where it says so', (code, stderr) => {
    const error = aptError(stderr, apt)
    expect(error.code).toBe(code)
    expect(error.message).toMatch(/\.$/)
    expect(error.remedy).toMatch(/\.$/)
    expect(error.details).toBe(stderr)
  })

  it('keeps a mirror\'s password to itself', () => {
    const error = aptError('E: Failed to fetch https://me:secret@mirror.example/x  Could not connect', { mirror: 'https://me:secret@mirror.example/debian', sourceFiles: [] })
    expect(`${error.message}${error.remedy}${error.details}`).not.toContain('secret')
    expect(error.message).toContain('https://mirror.example/debian')
  })

  it('says which archives it would fetch', () => {
    expect(parseUris('\'http://mirror.example/k.deb\' kmod_30%2b1_amd64.deb 92280 SHA256:ab\nInst kmod\n\'http://mirror.example/l.deb\' l.deb 1 \n')).toEqual([
      { file: 'kmod_30%2b1_amd64.deb', size: 92_280 }, { file: 'l.deb', size: 1 },
    ])
  })
})

const status = `Package: kmod
Status: install ok installed
Priority: important
Version: 30-1
Architecture: amd64
Depends: libc6 (>= 2.36)
Conffiles:
 /etc/init.d/kmod 123
Description: tools

Package: gone
Status: deinstall ok config-files
Version: 1
Architecture: amd64
`

describe('the host', () => {
  it('is told to apt by what is installed, without dependencies that could be broken', () => {
    expect(installedPackages(status)).toEqual(['kmod'])
    expect(installedStatus(status)).toBe('Package: kmod\nStatus: install ok installed\nVersion: 30-1\nArchitecture: amd64\nDescription: installed\n')
  })

  it('claims stand-ins only for what it has not', () => {
    const text = statusWith(status, ['kmod', 'python3'])
    expect(installedPackages(text)).toEqual(['kmod', 'python3'])
    expect(text.match(/^Package: kmod$/gm)).toHaveLength(1)
    expect(installedPackages(statusWith('', ['a']))).toEqual(['a'])
  })

  it('names itself in os-release', () => {
    expect(parseOsRelease('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n# x\n')).toEqual({
      PRETTY_NAME: 'Debian GNU/Linux 12 (bookworm)', ID: 'debian', VERSION_CODENAME: 'bookworm',
    })
  })
})
