// Makes a fresh clone ready: installs what package-lock.json names, and builds dist/, each only where it is out of date.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

export function prepare() {
  if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node 20.20 or newer is needed, this is ${process.versions.node}.`)
  if (process.platform !== 'linux') fail('The kernel side of this project is Linux only.')
  const installed = join(root, 'node_modules/.package-lock.json')
  if (newest(join(root, 'package-lock.json')) > newest(installed)) {
    step('installing the packages that package-lock.json names')
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  }
  const built = join(root, 'dist/index.js')
  if (Math.max(newest(join(root, 'src')), newest(join(root, 'tsconfig.json'))) > newest(built)) {
    step('building dist/')
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.json')])
    // tsc makes no file executable, and leaves alone what did not change.
    chmodSync(join(root, 'dist/lab/cli.js'), 0o755)
    utimesSync(built, new Date(), new Date())
  }
}

function newest(path) {
  if (!existsSync(path)) return 0
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

function step(text) {
  process.stderr.write(`ovs-datapath: ${text}\n`)
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 'inherit'] })
  if (error) fail(`${command} could not be run: ${error.message}`)
  if (status !== 0) fail(`${command} ${args.join(' ')} failed with status ${status}.`)
}

function fail(text) {
  process.stderr.write(`ovs-datapath: ${text}\n`)
  process.exit(1)
}
