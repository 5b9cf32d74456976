// node scripts/record.mjs: records anew what each kernel sends while its tests run, for test/fixtures.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { prepare, root } from './prepare.mjs'

prepare()
const results = join(root, 'build/results')
const fixtures = join(root, 'test/fixtures')
rmSync(fixtures, { recursive: true, force: true })
mkdirSync(fixtures, { recursive: true })
for (const kernel of ['6.1', '6.12', 'newest']) {
  rmSync(results, { recursive: true, force: true })
  const vitest = [process.execPath, join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'kernel']
  const { status } = spawnSync(process.execPath, [join(root, 'dist/lab/cli.js'), 'run', '--kernel', kernel, '--', ...vitest], { cwd: root, stdio: 'inherit' })
  for (const name of readdirSync(results).filter((each) => each.startsWith('messages-'))) copyFileSync(join(results, name), join(fixtures, name))
  if (status !== 0) process.exit(status ?? 1)
}
