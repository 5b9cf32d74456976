import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { interpreterOf, withInterpreter } from '../../src/lab/elf.js'

describe('the interpreter of an ELF program', () => {
  it('is exchanged for a longer one without moving anything', () => {
    const program = readFileSync('/bin/true')
    const path = `/a/path/${'x'.repeat(200)}/ld.so`
    const patched = withInterpreter(program, path)
    expect(interpreterOf(patched)).toBe(path)
    expect(patched.length).toBe(program.length + path.length + 1)
    const changed = [...program.keys()].filter((at) => program[at] !== patched[at])
    expect(changed.length).toBeLessThanOrEqual(24)
  })

  it('is the one that the kernel then starts', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lab-elf-'))
    try {
      const linker = join(folder, 'a linker with a long name and spaces')
      symlinkSync(interpreterOf(readFileSync('/bin/echo'))!, linker)
      writeFileSync(join(folder, 'echo'), withInterpreter(readFileSync('/bin/echo'), linker), { mode: 0o755 })
      expect(execFileSync(join(folder, 'echo'), ['hello']).toString()).toBe('hello\n')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('cannot be set where there is none', () => {
    expect(() => withInterpreter(Buffer.from('#!/bin/sh\n'), '/x')).toThrow(RangeError)
    expect(() => withInterpreter(new Uint8Array(), '/x')).toThrow(RangeError)
  })
})
