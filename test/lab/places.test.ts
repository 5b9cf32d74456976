import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cachePath, openCache } from '../../src/lab/cache.js'
import { leastUsedCpu, parseCpuList } from '../../src/lab/cpu.js'
import { LabError, printable } from '../../src/lab/errors.js'
import { cpio, moduleFiles } from '../../src/lab/initramfs.js'
import { memoryFolder, parseSize } from '../../src/lab/memory.js'
import { projectFolder, sharedFolders } from '../../src/lab/share.js'
import { environmentWords, exactArguments, joinWords } from '../../src/lab/words.js'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'lab-places-')) })
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the cache', () => {
  it('lies where the user says, else where such things lie', () => {
    expect(cachePath({ OVS_LAB_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a')
    expect(cachePath({ XDG_CACHE_HOME: '/b' })).toBe('/b/ovs-lab')
    expect(cachePath({ XDG_CACHE_HOME: 'relative' })).toMatch(/\/\.cache\/ovs-lab$/)
  })

  it('says so when it cannot be written', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => openCache(join(folder, 'file/cache'))).toThrow(LabError)
    expect(() => openCache('/with:colon')).toThrow(/colon/)
    expect(() => openCache('/proc/none/cache')).toThrow(/cannot write there/)
    expect(() => cachePath({ OVS_LAB_CACHE: 'relative' })).toThrow(/begin with a slash/)
  })
})

describe('memory', () => {
  const gigabyte = 1024 ** 3
  it('is said as 512M or 2G', () => {
    expect(parseSize('2G')).toBe(2 * gigabyte)
    expect(parseSize('512')).toBe(gigabyte / 2)
    expect(() => parseSize('1M')).toThrow(LabError)
    expect(() => parseSize('lots')).toThrow(LabError)
  })

  it('goes to a place that is big enough and lets it run, and rather not to a disk', () => {
    const shm = { path: '/dev/shm', free: gigabyte / 16, executable: true, memory: true }
    const disk = { path: '/tmp', free: 9 * gigabyte, executable: true, memory: false }
    expect(memoryFolder(gigabyte, [shm, disk])).toBe('/tmp')
    expect(memoryFolder(gigabyte, [{ ...shm, free: 2 * gigabyte }, disk])).toBe('/dev/shm')
    expect(memoryFolder(gigabyte, [{ ...shm, free: 2 * gigabyte, executable: false }, disk])).toBe('/tmp')
    expect(() => memoryFolder(gigabyte, [shm])).toThrow(/No folder is big enough/)
  })
})

describe('shared folders', () => {
  it('are the checkout or package around the current one', () => {
    const deep = join(folder, 'project/packages/one/src')
    mkdirSync(deep, { recursive: true })
    expect(projectFolder(deep)).toBe(deep)
    writeFileSync(join(folder, 'project/packages/one/package.json'), '{}')
    expect(projectFolder(deep)).toBe(join(folder, 'project/packages/one'))
    mkdirSync(join(folder, 'project/.git'))
    expect(projectFolder(deep)).toBe(join(folder, 'project'))
    expect(projectFolder(deep, join(folder, 'project'))).toBe(join(folder, 'project/packages/one'))
  })

  it('are each mounted once', () => {
    mkdirSync(join(folder, 'a/b'), { recursive: true })
    mkdirSync(join(folder, 'ab'))
    expect(sharedFolders(join(folder, 'a'), [join(folder, 'a/b'), join(folder, 'ab'), '/'])).toEqual([join(folder, 'a'), join(folder, 'ab')])
    expect(() => sharedFolders(folder, [join(folder, 'none')])).toThrow(LabError)
  })
})

describe('words', () => {
  it('are told apart by NULs, which they cannot hold', () => {
    expect(joinWords(['a b', '', 'ü'])).toEqual(Buffer.from('a b\0\0ü\0'))
    expect(() => joinWords(['a\0b'])).toThrow(RangeError)
  })

  it('keep bytes that are no UTF-8', () => {
    const raw = Buffer.from('node\0cli\0run\0caf\xe9\0x\0', 'latin1')
    expect(exactArguments(['caf\ufffd', 'x'], raw)).toEqual([Buffer.from('caf\xe9', 'latin1'), Buffer.from('x')])
    expect(environmentWords({ A: '\ufffd', B: undefined, C: 'c' }, Buffer.from('A=\xe9\0', 'latin1'))).toEqual([Buffer.from('A=\xe9', 'latin1'), 'C=c'])
  })

  it('lead a path to the tools of root', () => {
    expect(environmentWords({ PATH: '/bin:/sbin' })).toEqual(['PATH=/bin:/sbin:/usr/local/sbin:/usr/sbin'])
  })

  it('from outside are harmless to a terminal', () => {
    expect(printable('a\u001b[2Jb\r\nc\u202e')).toBe('a\\u{1b}[2Jb\\u{d}\nc\\u{202e}')
  })
})

describe('CPUs', () => {
  it('are listed as the kernel does', () => {
    expect(parseCpuList('0-2,5\n')).toEqual([0, 1, 2, 5])
  })

  it('are chosen so that labs share none while another is free', () => {
    const first = leastUsedCpu([])
    mkdirSync(join(folder, 'run'))
    writeFileSync(join(folder, 'run/cpu'), `${first}\n`)
    const second = leastUsedCpu([join(folder, 'run'), join(folder, 'gone')])
    const only = leastUsedCpu([]) === second
    expect(only || second !== first).toBe(true)
  })
})

describe('the initramfs', () => {
  it('holds the modules in an order in which they load', () => {
    writeFileSync(join(folder, 'modules.dep'), 'kernel/a-b.ko.xz: kernel/c.ko.xz kernel/d.ko.xz\nkernel/c.ko.xz: kernel/d.ko.xz\nkernel/d.ko.xz:\n')
    mkdirSync(join(folder, 'kernel'))
    for (const name of ['a-b', 'c', 'd']) writeFileSync(join(folder, `kernel/${name}.ko.xz`), '')
    expect(moduleFiles(folder, ['built_in', 'a_b', 'c']).map((path) => path.replace(/^.*\//, ''))).toEqual(['d.ko.xz', 'c.ko.xz', 'a-b.ko.xz'])
  })

  it('is a newc archive, its parts aligned', () => {
    const archive = cpio([{ path: 'init', mode: 0o100_755, content: Buffer.from('#!') }])
    expect(archive.toString('latin1', 0, 6)).toBe('070701')
    expect(archive.toString('latin1', 14, 22)).toBe('000081ed')
    expect(archive.length % 4).toBe(0)
    expect(archive.includes('TRAILER!!!')).toBe(true)
  })
})
