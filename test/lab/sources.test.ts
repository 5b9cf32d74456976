import { describe, expect, it } from 'vitest'
import { distributionSources, foreignSuite, formatSources, parseDeb822, parseOneLine, parseSources } from '../../src/lab/sources.js'

const debian822 = `# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Check-Valid-Until: no
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://old.example/debian
Suites: bookworm
Components: main
`

const thirdParties = `Types: deb
URIs: https://packages.example/node
Suites: nodistro
Components: main
Signed-By: /usr/share/keyrings/node.gpg

Types: deb
URIs: https://apt.example/tool
Suites: bookworm
Components: main
Signed-By: /etc/apt/keyrings/tool.gpg
`

const bookworm = { id: 'debian', suite: 'bookworm' }

describe('apt sources', () => {
  it('are read in the deb822 format, without what is disabled', () => {
    expect(parseDeb822(debian822)).toEqual([
      { types: ['deb', 'deb-src'], uris: ['http://mirror.example/debian'], suites: ['bookworm', 'bookworm-updates', 'bookworm-backports'], components: ['main', 'contrib'], signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg', options: {} },
      { types: ['deb'], uris: ['http://mirror.example/debian-security'], suites: ['bookworm-security'], components: ['main'], signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg', options: { 'Check-Valid-Until': 'no' } },
    ])
  })

  it('are read in the one-line format, with options and comments', () => {
    expect(parseOneLine(`
# deb http://off.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # our mirror
deb [arch=amd64,arm64 signed-by=/etc/keys/debian-archive.gpg check-valid-until=no] https://mirror.example/debian trixie main
deb-src http://mirror.example/debian bookworm main
`)).toEqual([
      { types: ['deb'], uris: ['http://mirror.example/debian'], suites: ['bookworm'], components: ['main', 'contrib'], options: {} },
      { types: ['deb'], uris: ['https://mirror.example/debian'], suites: ['trixie'], components: ['main'], signedBy: '/etc/keys/debian-archive.gpg', options: { 'Check-Valid-Until': 'no' } },
      { types: ['deb-src'], uris: ['http://mirror.example/debian'], suites: ['bookworm'], components: ['main'], options: {} },
    ])
  })

  it('keep a key that is written into them', () => {
    const text = 'Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY865UxYJ\n -----END PGP PUBLIC KEY BLOCK-----\n'
    const [source] = parseDeb822(text)
    expect(source!.signedBy).toContain('mDMEY865UxYJ')
    expect(parseDeb822(formatSources([source!]))).toEqual([source])
  })

  it('are the distribution\'s where suite, component and keyring are', () => {
    const own = distributionSources([...parseDeb822(debian822), ...parseDeb822(thirdParties)], bookworm)
    expect(own.map(({ uris, suites, components }) => ({ uris, suites, components }))).toEqual([
      { uris: ['http://mirror.example/debian'], suites: ['bookworm', 'bookworm-updates'], components: ['main'] },
      { uris: ['http://mirror.example/debian-security'], suites: ['bookworm-security'], components: ['main'] },
    ])
  })

  it('prefer what is named like the distribution when nothing names a keyring', () => {
    const own = distributionSources(parseOneLine('deb https://packages.example/prod bookworm main\ndeb http://mirror.example/debian/ bookworm main\n'), bookworm)
    expect(own.map(({ uris }) => uris)).toEqual([['http://mirror.example/debian/']])
  })

  it('give another suite from the same mirror, verified by the whole keyring', () => {
    const [source, ...more] = foreignSuite(parseDeb822(debian822), 'sid', false)
    expect(more).toEqual([])
    expect(source).toMatchObject({ types: ['deb'], uris: ['http://mirror.example/debian'], suites: ['sid'], components: ['main'] })
    expect(source!.signedBy).toContain('debian-archive-keyring')
  })

  it('on Ubuntu are its own for tools, and those that the user names for kernels', () => {
    const ubuntu = parseSources('Types: deb\nURIs: http://ubuntu.example/ubuntu/\nSuites: noble noble-updates\nComponents: main universe\nSigned-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n', 'ubuntu.sources')
    expect(distributionSources(ubuntu, { id: 'ubuntu', suite: 'noble' })).toHaveLength(1)
    expect(foreignSuite(ubuntu, 'bookworm', false)).toEqual([])
    const named = parseSources('deb [signed-by=/home/u/debian.gpg] http://mirror.example/debian bookworm main', 'debian.list')
    expect(foreignSuite(named, 'sid', true)).toMatchObject([{ uris: ['http://mirror.example/debian'], suites: ['sid'], signedBy: '/home/u/debian.gpg' }])
  })
})
