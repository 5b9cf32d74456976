import type { Header } from './header.js'

/** The numbers of a header, as a C compiler has them. */
export interface Numbers {
  /** Enumerators and macros; text of those that stand for text. */
  readonly constants: ReadonlyMap<string, bigint | string>
  readonly structs: ReadonlyMap<string, { readonly size: number; readonly members: ReadonlyMap<string, { readonly offset: number; readonly size: number }> }>
}

/** A C program that prints every constant, and every structure with its members, one a line. */
export function programFor(includes: readonly string[], { enums, macros, structs }: Header): string {
  return `${includes.map((name) => `#include <${name}>`).join('\n')}
#include <stdio.h>
#include <stddef.h>
static void text(const char *name, const char *value) { printf("text %s %s\\n", name, value); }
static void number(const char *name, long long value) { printf("number %s %lld\\n", name, value); }
#define CONSTANT(x) _Generic((x), char *: text, const char *: text, default: number)(#x, x);
#define STRUCT(s) printf("struct %s %zu\\n", #s, sizeof(struct s));
#define MEMBER(s, m) printf("member %s %s %zu %zu\\n", #s, #m, offsetof(struct s, m), sizeof(((struct s *)0)->m));
int main(void)
{
${[...enums.flatMap(({ members }) => members), ...macros].map((name) => `\tCONSTANT(${name})`).join('\n')}
${structs.flatMap(({ name, members }) => [`\tSTRUCT(${name})`, ...members.map((member) => `\tMEMBER(${name}, ${member})`)]).join('\n')}
\treturn 0;
}
`
}

/** What the program printed. */
export function readNumbers(output: string): Numbers {
  const constants = new Map<string, bigint | string>()
  const structs = new Map<string, { size: number; members: Map<string, { offset: number; size: number }> }>()
  for (const line of output.trimEnd().split('\n')) {
    const [kind, name = '', ...rest] = line.split(' ')
    if (kind === 'text') constants.set(name, rest.join(' '))
    else if (kind === 'number') constants.set(name, BigInt(rest[0] as string))
    else if (kind === 'struct') structs.set(name, { size: Number(rest[0]), members: new Map() })
    else if (kind === 'member') structs.get(name)?.members.set(rest[0] as string, { offset: Number(rest[1]), size: Number(rest[2]) })
    else throw new Error(`the program printed ${JSON.stringify(line)}`)
  }
  return { constants, structs }
}
