import { kernelSuffix } from '../../src/netlink/attributes.js'
import type { Header } from './header.js'
import type { LeftOut } from './left-out.js'
import type { Numbers } from './program.js'
import { sameLayout, spreadMembers } from './left-out.js'
import { constants, structs } from './ours.js'

/** All names of a header, with the enumeration or the word `macros` that they stand in. */
export function namesOf({ enums, macros }: Header): [name: string, within: string][] {
  return [...enums.flatMap(({ name, members }) => members.map((member): [string, string] => [member, name])), ...macros.map((name): [string, string] => [name, 'macros'])]
}

/** The line of the list that leaves this name out. */
export function whyLeftOut(name: string, list: readonly LeftOut[]): LeftOut | undefined {
  return list.find((each) => (typeof each.name === 'string' ? each.name === name : each.name.test(name)))
}

/** What a list of names says wrong: neither ours nor left out, or both; and lines that leave nothing out. */
export function unaccounted(names: readonly string[], ours: (name: string) => boolean, list: readonly LeftOut[]): string[] {
  const unused = list.filter((line) => !names.some((name) => whyLeftOut(name, [line]) !== undefined))
  return [
    ...names.flatMap((name) => {
      const left = whyLeftOut(name, list) !== undefined
      if (ours(name) === left) return [left ? `${name} is left out, and ours` : `${name} is neither in a table nor left out`]
      return []
    }),
    ...unused.map(({ name }) => `${String(name)} leaves nothing out`),
  ]
}

/** Where our numbers are not the header's. */
export function differences(numbers: Numbers): string[] {
  return [...constants].flatMap(([name, ours]) => {
    const theirs = numbers.constants.get(name)
    if (theirs === undefined || String(theirs) === String(ours)) return []
    // A mask of bits is written in the width of the field that it is for.
    return typeof theirs === 'bigint' && typeof ours === 'number' && BigInt.asUintN(16, theirs) === BigInt(ours) ? [] : [`${name} is ${theirs}, ours is ${ours}`]
  })
}

/** Members of a structure that ours has elsewhere, in another size, under another name, or not at all. */
export function layoutProblems(numbers: Numbers, name: string, list: readonly LeftOut[]): string[] {
  const theirs = numbers.structs.get(name)
  const ours = structs.get(name) ?? structs.get(sameLayout.get(name) ?? '')
  if (theirs === undefined || ours === undefined) return [`struct ${name} is not there`]
  const left = new Set(Object.keys(ours.fields))
  const problems = theirs.size === ours.size ? [] : [`struct ${name} is ${theirs.size} bytes long, ours is ${ours.size}`]
  for (const [member, { offset, size }] of membersOf(numbers, name)) {
    if (whyLeftOut(`${name}.${member}`, list) !== undefined) continue
    const found = Object.entries(ours.fields).find(([, field]) => field.offset === offset)
    if (found === undefined || found[1].codec.least !== size) problems.push(`${name}.${member} is ${size} bytes at ${offset}, ours is ${found === undefined ? 'not there' : `${found[1].codec.least} bytes`}`)
    else if (!isNameOf(found[0], member)) problems.push(`${name}.${member} is called ${found[0]}`)
    if (found !== undefined) left.delete(found[0])
  }
  return [...problems, ...[...left].map((each) => `${name} has no member at our ${each}`)]
}

/** Members of a structure, with those of the structures among them that ours spreads. */
function membersOf({ structs: theirs }: Numbers, name: string): [string, { readonly offset: number; readonly size: number }][] {
  return [...(theirs.get(name)?.members ?? [])].flatMap(([member, place]): [string, { readonly offset: number; readonly size: number }][] => {
    const spread = theirs.get(spreadMembers.get(`${name}.${member}`) ?? '')
    if (spread === undefined) return [[member, place]]
    return [...spread.members].map(([inner, { offset, size }]) => [inner, { offset: place.offset + offset, size }])
  })
}

/** `ipv4_src` may be `src`, `n_mask_hit` `maskHit`: the kernel's name, or its end. */
function isNameOf(ours: string, theirs: string): boolean {
  const snake = kernelSuffix(ours).toLowerCase()
  return theirs === snake || theirs.endsWith(`_${snake}`)
}
