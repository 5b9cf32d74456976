import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const cwd = fileURLToPath(new URL('../..', import.meta.url))

test('npm run demo shows the switch at work and takes everything down', async () => {
  const { stdout } = await run('npm', ['run', '--silent', 'demo'], { cwd, env: { ...process.env, NO_COLOR: '1' } })
  expect(stdout).toMatch(/host4 10\.0\.0\.4 ── eth0 ═══ veth4 ── port 4 of demo/)
  expect(stdout).toMatch(/miss port 1: .*ARP who has 10\.0\.0\.2\?/)
  expect(stdout).not.toContain('no answer')
  expect(stdout.match(/in_port\(\d\),eth\(src=\S+,dst=\S+\)/g)).toHaveLength(12)
  expect(stdout).toContain('Taken down: no datapath is left')
})

test('the first examples print what they promise', async () => {
  const script = 'for (const each of process.argv.slice(1)) await import(each)'
  const examples = ['./examples/01-list-families.ts', './examples/02-first-flow.ts']
  const { stdout } = await run(process.execPath, ['dist/lab/cli.js', 'run', '--', process.execPath, '--import', 'tsx', '--input-type=module', '--eval', script, ...examples], { cwd })
  expect(stdout).toMatch(/^\d+\tovs_flow v1\t4 operations\tovs_flow$/m)
  expect(stdout).toMatch(/port 1: example1 \(internal\)\nin_port\(1\),eth\(\).*, packets:0, bytes:0, used:never, actions:0/)
})
