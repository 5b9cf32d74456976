/**
 * What a header of the kernel's uapi defines, by its names: so that a new one is noticed. What stands
 * within `#ifdef __KERNEL__` is passed over, as it is when headers are installed for user space.
 */

/** `enum name { … }`. */
export interface Enumeration {
  /** `ovs_key_attr`; of one without a name, what its enumerators begin with: `OVS_VXLAN_EXT`. */
  readonly name: string
  readonly members: readonly string[]
}

/** `struct name { … }`. */
export interface Structure {
  readonly name: string
  /** Those of a union without a name stand among them. */
  readonly members: readonly string[]
}

/** All that one or several headers define. */
export interface Header {
  readonly enums: readonly Enumeration[]
  /** Macros without arguments that stand for something. */
  readonly macros: readonly string[]
  readonly structs: readonly Structure[]
}

/** Who compiles the lines within an `#if`. */
type Guard = 'kernel' | 'user' | 'both'

/** @throws Error where it meets what it does not understand, rather than pass over names. */
export function parseHeader(text: string): Header {
  const macros: string[] = []
  const tokens: string[] = []
  const guards: Guard[] = []
  for (const line of withoutComments(text).replaceAll(/\\\n/g, ' ').split('\n')) {
    const [, directive, rest = ''] = /^\s*#\s*(\w+)\s*(.*)$/.exec(line) ?? []
    if (directive !== undefined && /^(if|ifdef|ifndef|elif|else|endif)$/.test(directive)) turn(guards, directive, rest.trim())
    else if (guards.includes('kernel')) continue
    else if (directive === undefined) tokens.push(...(line.match(/\w+|"[^"]*"|<<|>>|\S/g) ?? []))
    else if (directive === 'define') {
      const [, name, value] = /^(\w+)(?!\()(?:\s+(.*?))?\s*$/.exec(rest) ?? []
      if (name !== undefined && value !== undefined && value !== '') macros.push(name)
    }
  }
  return { ...declarations(tokens), macros }
}

function turn(guards: Guard[], directive: string, condition: string): void {
  const about = /\b__KERNEL__\b/.test(condition)
  const opposite = { kernel: 'user', user: 'kernel', both: 'both' } as const
  if (directive === 'endif') guards.pop()
  else if (directive === 'else') guards.push(opposite[guards.pop() ?? 'both'])
  else if (directive === 'ifdef' || directive === 'ifndef') guards.push(about ? (directive === 'ifdef' ? 'kernel' : 'user') : 'both')
  else {
    if (about && (directive === 'elif' || !/^!?\s*defined\s*\(?\s*__KERNEL__\s*\)?$/.test(condition))) throw new Error(`#${directive} ${condition} is not understood`)
    if (directive === 'elif') guards.pop()
    guards.push(about ? (condition.startsWith('!') ? 'user' : 'kernel') : 'both')
  }
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
}

/** Looks only at enums and structs at the outermost level. */
function declarations(tokens: readonly string[]): Pick<Header, 'enums' | 'structs'> {
  const enums: Enumeration[] = []
  const structs: Structure[] = []
  for (let at = 0; at < tokens.length; at++) {
    const kind = tokens[at] as string
    if (kind === '{') at = closing(tokens, at)
    if (kind !== 'enum' && kind !== 'struct' && kind !== 'union') continue
    const name = tokens[at + 1] === '{' ? '' : (tokens[at + 1] as string)
    const open = at + (name === '' ? 1 : 2)
    if (tokens[open] !== '{') continue
    at = closing(tokens, open)
    const body = tokens.slice(open + 1, at)
    if (kind === 'enum') {
      const members = split(body, ',').map(([first = '']) => first)
      enums.push({ name: name === '' ? common(members) : name, members })
    } else if (name !== '') structs.push({ name, members: membersOf(body) })
  }
  return { enums, structs }
}

/** The place of the bracket that closes the one at `open`. */
function closing(tokens: readonly string[], open: number): number {
  let depth = 0
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at] === '{') depth++
    if (tokens[at] === '}' && --depth === 0) return at
  }
  throw new Error(`the bracket behind "${tokens[open - 1]}" is not closed`)
}

/** Parts between separators at the outermost level of brackets, without empty ones. */
function split(tokens: readonly string[], separator: string): string[][] {
  const parts: string[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    if ('({['.includes(token)) depth++
    if (')}]'.includes(token)) depth--
    if (token === separator && depth === 0) parts.push([])
    else parts.at(-1)?.push(token)
  }
  return parts.filter((part) => part.length > 0)
}

function membersOf(body: readonly string[]): string[] {
  return split(body, ';').flatMap((part) => {
    if (part.includes(':')) throw new Error(`bit fields are not understood: ${part.join(' ')}`)
    const open = part.indexOf('{')
    // A union or structure without a name: its members are as if they were the structure's own.
    if (open !== -1 && part.at(-1) === '}') return membersOf(part.slice(open + 1, -1))
    const declarator = open === -1 ? part : part.slice(part.lastIndexOf('}') + 1)
    return split(declarator, ',').map((each) => each.slice(0, each.includes('[') ? each.indexOf('[') : each.length).at(-1) as string)
  })
}

/** What all names begin with, as far as whole words go. */
function common(members: readonly string[]): string {
  const words = members.filter((name) => !name.startsWith('__')).map((name) => name.split('_'))
  const [first = []] = words
  const differs = first.findIndex((word, i) => words.some((each) => each[i] !== word))
  return first.slice(0, differs === -1 ? -1 : differs).join('_')
}
