/**
 * What our sources say in doc comments: a constant's name in the kernel, an attribute's direction.
 * They are read as text, by how this project writes them, because this runs in the lab's kernels as
 * well, where a compiler takes seconds to load.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const src = join(import.meta.dirname, '../../src')

/** Every file of `src`. */
export const sources: readonly string[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('lab/'))
  .map((path) => readFileSync(join(src, path), 'utf8'))

/** A declaration with the doc comment right before it, if there is one. */
interface Declaration {
  readonly comment: string
  /** Of a member, or of a constant. */
  readonly name: string
  readonly isMember: boolean
  /** What follows the name, up to the end of the line, without the comma. */
  readonly value: string
}

function declarations(text: string): Declaration[] {
  return [...text.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*\n)?^[ \t]*(?:(?:export )?const (\w+)(?:: \w+)? = |(\w+): )(.*?),?$/gm)].map(([, comment = '', constant, member = '', value = '']) => ({
    comment,
    name: constant ?? member,
    isMember: constant === undefined,
    value: value.replace(/ as const$/, ''),
  }))
}

/** Numbers: constants by their own names, and all by the first name of the kernel's in their doc comment. */
export function documentedNumbers(text: string): [string, number][] {
  return declarations(text).flatMap(({ comment, name, isMember, value }): [string, number][] => {
    const number = numberOf(value)
    if (number === undefined) return []
    const kernelName = (isMember ? /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/ : /^[\s*]*`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/).exec(comment)?.[1]
    return [...(isMember ? [] : [name]), ...(kernelName === undefined ? [] : [kernelName])].map((each) => [each, number])
  })
}

function numberOf(text: string): number | undefined {
  const [, left = '', operator, right = ''] = /^(-?\w+)(?: (<<|\*\*) (\w+))?$/.exec(text) ?? []
  const [first, second] = [left, right].map((part) => (/^-?(0x[\da-f_]+|[\d_]+)n?$/i.test(part) ? Number(part.replaceAll('_', '').replace(/(?<!^-?0x.*)n$/, '')) : undefined))
  if (first === undefined || operator === undefined) return first
  if (second === undefined) return undefined
  return operator === '<<' ? first * 2 ** second : first ** second
}

/** Which way an attribute goes, by its kernel name: as its table says, unless its own line does. */
export function documentedDirections(text: string): [string, readonly string[]][] {
  const found: [string, readonly string[]][] = []
  let prefix = ''
  let around: readonly string[] | undefined
  for (const { comment, isMember, value } of declarations(text)) {
    const own = /@direction ([a-z, ]+)/.exec(comment)?.[1]?.trim().split(/, */)
    if (!isMember) {
      prefix = /`(\w+)_\*`/.exec(comment)?.[1] ?? ''
      around = own
    }
    const kernelName = isMember ? /^\s*(?:\*\s*)?`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/.exec(comment)?.[1] : undefined
    const directions = own ?? around
    if (kernelName?.startsWith(`${prefix}_`) && value.startsWith('attribute(') && directions !== undefined) found.push([kernelName, directions])
  }
  return found
}
