import { readFileSync } from 'node:fs'

/** A snippet of docs/flows.md. */
export interface Snippet {
  /** The heading that it stands below, and which one there. */
  readonly what: string
  readonly code: string
  /** The first release that takes it. */
  readonly since: readonly [major: number, minor: number]
  readonly needsZones: boolean
}

/** What snippets use without saying so. */
export const NAMES = ['CtStateFlags', 'exact', 'HashAlg', 'vlanTci'] as const

/** All snippets, in order. */
export function snippets(): Snippet[] {
  const sections = readFileSync(new URL('../../../docs/flows.md', import.meta.url), 'utf8').split(/^## /m)
  return sections.flatMap((section) => {
    const heading = section.slice(0, section.indexOf('\n'))
    return [...section.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ''], i) => {
      const [, major, minor] = /^\/\/ Linux (\d+)\.(\d+)$/m.exec(code) ?? []
      return { what: `${heading} ${i + 1}`, code, since: [Number(major ?? 0), Number(minor ?? 0)] as const, needsZones: /^\/\/ conntrack zones$/m.test(code) }
    })
  })
}
