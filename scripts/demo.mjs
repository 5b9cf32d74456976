// npm run demo: makes everything ready, and runs the demo in the lab.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { prepare, root } from './prepare.mjs'

prepare()
const color = process.stdout.isTTY && process.env.NO_COLOR === undefined ? { FORCE_COLOR: '1' } : {}
const lab = spawn(
  process.execPath,
  [join(root, 'dist/lab/cli.js'), 'run', ...process.argv.slice(2), '--', process.execPath, '--import', 'tsx', 'examples/demo/demo.ts'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ...color } },
)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
lab.on('exit', (status) => {
  process.exitCode = status ?? 1
})
