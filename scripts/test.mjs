// npm test: makes everything ready, then checks and tests everything, on two lanes at once. --quick leaves out what boots a kernel.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { prepare, root } from './prepare.mjs'

const quick = process.argv.includes('--quick')
const results = join(root, 'build/results')
const bin = (path) => join(root, 'node_modules', path)
const lab = join(root, 'dist/lab/cli.js')
const KERNELS = ['6.1', '6.12', 'newest']
/** The kernels, what the module of examples/gennl_ins is built with and tried in, and the header that the tables are held against. */
const COMPONENTS = ['base', ...KERNELS.map((kernel) => `kernel-${kernel}`), 'compiler', 'headers-6.1', 'stock-6.1', 'qemu', 'uapi-newest']

const check = (name, args) => ({ name, args })
const suite = (name, project, before = []) => ({
  name,
  report: join(results, `${name}.json`),
  args: [...before, bin('vitest/vitest.mjs'), 'run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${join(results, `${name}.json`)}`],
})
const inLab = (kernel, name = `kernel-${kernel}`, project = 'kernel', options = []) => suite(name, project, [lab, 'run', '--kernel', kernel, ...options, '--timeout', '900', '--', process.execPath])

prepare()
rmSync(results, { recursive: true, force: true })
mkdirSync(results, { recursive: true })

const checks = [
  check('types', [bin('typescript/bin/tsc'), '-p', 'tsconfig.check.json']),
  check('lint', [bin('oxlint/bin/oxlint'), '--deny-warnings']),
]
const unit = suite('unit', 'unit')
/** What User-Mode Linux has not; without KVM on an emulated machine, which takes longer. */
const stock = inLab('6.1', 'stock-6.1', 'stock', ['--backend', 'qemu', '--cpus', '2'])
const docs = check('docs', [bin('typedoc/bin/typedoc'), '--emit', 'none'])

const finished = []
if (quick) await lane([...checks, unit])
else {
  await setUpLab()
  await Promise.all([lane([...KERNELS.map((kernel) => inLab(kernel)), inLab('newest', 'libnl', 'libnl'), unit]), lane([...checks, docs, stock, suite('host', 'host')])])
  // What the kernels' tests have noted, all of them together.
  await lane([check('coverage', ['--import', 'tsx', join(root, 'test/uapi/report.ts')])])
}

const sum = (of) => finished.reduce((total, each) => total + each[of], 0)
const counts = { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
process.stdout.write('\n')
for (const { name, passed, failed, seconds } of finished) process.stdout.write(`${failed === 0 ? 'ok    ' : 'FAILED'}  ${name}: ${passed} passed, ${failed} failed, in ${seconds.toFixed(0)} s\n`)
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}\n`)
process.exitCode = counts.failed === 0 ? 0 : 1

/** Fetching is shown as it happens; everything else when it is over. */
async function setUpLab() {
  const { status } = await run([lab, 'setup', ...COMPONENTS], 'inherit')
  if (status !== 0) {
    process.stderr.write('ovs-datapath: the lab could not be set up; "npx ovs-lab doctor" says more. "npm run test:quick" needs none.\n0 passed, 1 failed\n')
    process.exit(1)
  }
}

async function lane(jobs) {
  for (const job of jobs) {
    const started = performance.now()
    process.stdout.write(`ovs-datapath: ${job.name} …\n`)
    const { status, output } = await run(job.args, 'pipe')
    const outcome = count(job, status)
    const seconds = (performance.now() - started) / 1000
    if (outcome.failed > 0 || process.env.CI === undefined) process.stdout.write(`\n── ${job.name} ${'─'.repeat(60 - job.name.length)}\n${output}\n`)
    finished.push({ name: job.name, seconds, ...outcome })
  }
}

/** A suite that ends badly without a failed test has failed all the same; a check is one test. */
function count({ report }, status) {
  if (report === undefined) return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 }
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0 } = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {}
  const failed = numFailedTests === 0 && (status !== 0 || numPassedTests === 0) ? 1 : numFailedTests
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests }
}

function run(args, how) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', how, how] })
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk) => (output += chunk))
    child.stderr?.setEncoding('utf8').on('data', (chunk) => (output += chunk))
    child.on('error', (error) => resolve({ status: 1, output: String(error) }))
    child.on('close', (status) => resolve({ status: status ?? 1, output }))
  })
}
