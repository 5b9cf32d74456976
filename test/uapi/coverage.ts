import { FlowKeyAttributes } from '../../src/ovs/key.js'
import { namesOf, whyLeftOut } from './check.js'
import type { Header } from './header.js'
import { type LeftOut, leftOutMasks, unproven } from './left-out.js'
import { constants, tables } from './ours.js'
import { documentedDirections, sources } from './sources.js'
import { placesOf } from './values.js'
import { inside, type Nest } from './walk.js'

/** What was seen of a kernel while its tests ran. */
export interface Recorded {
  /** As `uname -r` says it. */
  readonly release: string
  /** Names in requests that the kernel did not refuse. */
  readonly sent: readonly string[]
  /** Names in what the kernel sent. */
  readonly received: readonly string[]
  /** Names that came back with a payload that had been sent. */
  readonly same: readonly string[]
}

/** How a name is proven to mean the same to the kernel and to us. */
export type Proof = 'there and back' | 'to the kernel' | 'from the kernel' | 'a number'

/** What is known of one name of the header. */
export interface Name {
  readonly name: string
  /** The enumeration; `macros` of those that stand in none. */
  readonly within: string
  readonly modelled: boolean
  readonly proof: Proof
  /** Versions of kernels in which it was seen so. */
  readonly seen: readonly string[]
}

const directions: ReadonlyMap<string, readonly string[]> = new Map(sources.flatMap(documentedDirections))
const attributes = new Set(tables.flatMap(({ entries }) => entries.map(({ kernelName }) => kernelName)))
const keys = new Set(within(FlowKeyAttributes))

/** The attributes of a set, and of the sets within it. */
function within(table: Nest, known = new Set<Nest>()): string[] {
  if (known.has(table)) return []
  known.add(table)
  return table.entries.flatMap(({ kernelName, codec }) => {
    const found = inside(codec)
    return [kernelName, ...(found === undefined ? [] : within('nest' in found ? found.nest : found.each, known))]
  })
}

/** Which way a name must have gone. */
export function proofOf(name: string): Proof {
  if (attributes.has(name)) {
    const ways = directions.get(name) ?? ['request', 'reply']
    if (!ways.includes('request')) return 'from the kernel'
    return ways.some((way) => way !== 'request') ? 'there and back' : 'to the kernel'
  }
  if (/_CMD_/.test(name)) return /_CMD_(MISS|ACTION)$/.test(name) ? 'from the kernel' : 'to the kernel'
  const proofs = placesOf(name).map(proofOf)
  return proofs.includes('there and back') ? 'there and back' : (proofs[0] ?? 'a number')
}

function isProven(name: string, proof: Proof, { sent, received, same }: Recorded): boolean {
  if (proof === 'a number') return true
  return (proof === 'there and back' ? same : proof === 'to the kernel' ? sent : received).includes(name)
}

/** `6.1` of `6.1.176` and of `6.1.0-53-amd64`. */
export function versionOf({ release }: Recorded): string {
  return /^\d+\.\d+/.exec(release)?.[0] ?? release
}

/** Every name that is not left out, with what was seen of it; keys a second time, as masks. */
export function coverage(header: Header, list: readonly LeftOut[], kernels: readonly Recorded[]): Name[] {
  const names = namesOf(header).filter(([name]) => whyLeftOut(name, list) === undefined)
  const masks = names.filter(([name]) => keys.has(name) && whyLeftOut(name, leftOutMasks) === undefined).map(([name, each]): [string, string] => [`${name} as mask`, `${each} as masks`])
  return [...names, ...masks].map(([name, each]) => {
    const proof = name.endsWith(' as mask') ? 'there and back' : proofOf(name)
    const modelled = constants.has(name.replace(/ as mask$/, ''))
    return { name, within: each, modelled, proof, seen: modelled ? [...new Set(kernels.filter((kernel) => isProven(name, proof, kernel)).map(versionOf))] : [] }
  })
}

/** What is wrong: names without a place in our tables, and those that no kernel has proven. */
export function gaps(names: readonly Name[]): string[] {
  return names.flatMap(({ name, modelled, proof, seen }) => {
    if (!modelled) return [`${name} is not modelled`]
    return seen.length === 0 && whyLeftOut(name, unproven) === undefined ? [`${name} was not seen in any kernel (${proof})`] : []
  })
}

/** A line for each enumeration, and below it what was not seen, by kernel. */
export function formatCoverage(names: readonly Name[], versions: readonly string[], leftOut: ReadonlyMap<string, number>): string {
  const groups = [...new Set(names.map((each) => each.within))]
  const width = Math.max(...groups.map((each) => each.length))
  const cell = (text: string | number) => String(text).padStart(10)
  const lines = [`${'enumeration'.padEnd(width)}${['named', 'left out', 'modelled', ...versions].map(cell).join('')}`]
  for (const group of groups) {
    const members = names.filter((each) => each.within === group)
    const seen = (version: string) => members.filter((each) => each.seen.includes(version))
    const left = leftOut.get(group) ?? 0
    const counts = [members.length + left, left, members.filter(({ modelled }) => modelled).length, ...versions.map((version) => seen(version).length)]
    lines.push(`${group.padEnd(width)}${counts.map(cell).join('')}`)
    for (const version of versions) {
      const missing = members.filter((each) => each.modelled && !each.seen.includes(version)).map(({ name }) => name)
      if (missing.length > 0) lines.push(`    not in ${version}: ${missing.join(', ')}`)
    }
  }
  return lines.join('\n')
}
