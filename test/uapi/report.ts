/** `npm run coverage:uapi`: what of `linux/openvswitch.h` our tables have, and what of that was seen in each kernel. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setupLab } from '../../src/lab/index.js'
import { namesOf, whyLeftOut } from './check.js'
import { coverage, formatCoverage, gaps, type Recorded, versionOf } from './coverage.js'
import { parseHeader } from './header.js'
import { leftOut, leftOutMasks, unproven } from './left-out.js'

const results = join(import.meta.dirname, '../../build/results')
const files = existsSync(results) ? readdirSync(results).filter((name) => /^coverage-.*\.json$/.test(name)) : []
const kernels = files.map((name) => JSON.parse(readFileSync(join(results, name), 'utf8')) as Recorded)
const versions = [...new Set(kernels.map(versionOf))].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))

const [headers] = await setupLab(['uapi-newest'])
const header = parseHeader(readFileSync(join(headers!.path, 'root/usr/include/linux/openvswitch.h'), 'utf8'))
const left = namesOf(header).flatMap(([name, within]) => {
  const line = whyLeftOut(name, leftOut)
  return line === undefined ? [] : [{ name, within, reason: line.reason }]
})
const names = coverage(header, leftOut, kernels)
const counts = new Map(left.map(({ within }) => [within, left.filter((each) => each.within === within).length]))

const say = (line = '') => process.stdout.write(`${line}\n`)
say(`linux/openvswitch.h of ${headers!.manifest.archives.join(', ')}; kernels: ${kernels.map(({ release }) => release).join(', ') || 'none: run npm test first'}`)
say()
say(formatCoverage(names, versions, counts))
say()
say('Left out:')
for (const reason of new Set(left.map((each) => each.reason))) say(`  ${left.filter((each) => each.reason === reason).map(({ name }) => name).join(', ')}: ${reason}`)
for (const { name, reason } of leftOutMasks) say(`  ${String(name)} as mask: ${reason}`)
for (const { name, reason } of unproven) say(`  ${String(name)}, of what was seen: ${reason}`)
const wrong = gaps(names)
say()
for (const each of wrong) say(`GAP  ${each}`)
say(wrong.length === 0 ? 'No gaps.' : `${wrong.length} gaps.`)
process.exitCode = wrong.length === 0 ? 0 : 1
