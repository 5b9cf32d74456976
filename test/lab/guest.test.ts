import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import * as guest from '../../src/lab/guest.js'
import { supervisorScript } from '../../src/lab/supervisor.js'

describe('the programs inside', () => {
  it.each(Object.entries(guest))('%s is free of errors that its interpreter can see', (name, script) => {
    const interpreter = script.startsWith('#!/bin/bash') ? ['bash', '-n'] : ['perl', '-wc']
    const result = spawnSync(interpreter[0]!, interpreter.slice(1), { input: script })
    expect(result.stderr.toString().replace('- syntax OK\n', '')).toBe('')
    expect(result.status, name).toBe(0)
  })

  it('has a supervisor that a plain sh can run', () => {
    expect(spawnSync('sh', ['-n'], { input: supervisorScript }).status).toBe(0)
  })
})

describe('the input\'s framing', () => {
  it('is undone byte for byte, and ends where it says', () => {
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 256))
    const framed = Buffer.concat([length(600), bytes.subarray(0, 600), length(400), bytes.subarray(600), length(0), Buffer.from('not read')])
    const result = spawnSync('perl', ['-e', guest.feedScript], { input: framed })
    expect(result.stdout.equals(bytes)).toBe(true)
  })
})

function length(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
