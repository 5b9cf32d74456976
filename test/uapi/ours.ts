/** What of the kernel's headers our sources have, found in the tables themselves and in what their doc comments name. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import * as controller from '../../src/genetlink/controller.js'
import type { AnyFamily } from '../../src/genetlink/family.js'
import { AttributeList } from '../../src/netlink/attribute-list.js'
import { AttributeSet } from '../../src/netlink/attributes.js'
import type { AnyCodec } from '../../src/netlink/codec.js'
import type { Field, Struct } from '../../src/netlink/struct.js'
import * as ovs from '../../src/ovs/index.js'

// oxlint-disable-next-line no-explicit-any
export type Nest = AttributeSet<any> | AttributeList<any>
type AnyStruct = Struct<Record<string, Field<AnyCodec>>>

const src = join(import.meta.dirname, '../../src')
const exported: readonly unknown[] = [...Object.values(ovs), ...Object.values(controller)]

/** The set or list that a codec is, or stands for. */
export function nestIn(codec: AnyCodec & { of?: () => AnyCodec }): Nest | undefined {
  const inner = codec.of?.() ?? codec
  return inner instanceof AttributeSet || inner instanceof AttributeList ? inner : undefined
}

/** The structure that a codec is. */
export function structIn(codec: AnyCodec): AnyStruct | undefined {
  return 'fields' in codec ? (codec as AnyStruct) : undefined
}

export const families: readonly AnyFamily[] = exported.filter((each): each is AnyFamily => typeof each === 'object' && each !== null && 'commands' in each && 'attributes' in each)

/** All tables: those that are exported, and what can stand within them. */
export const tables: readonly Nest[] = reachable()

function reachable(): Nest[] {
  const found = new Set<Nest>(exported.flatMap((each) => (each instanceof AttributeSet || each instanceof AttributeList ? [each as Nest] : [])))
  for (const table of found) for (const { codec } of table.entries) found.add(nestIn(codec) ?? table)
  return [...found]
}

/** Structures by their C names. */
export const structs: ReadonlyMap<string, AnyStruct> = new Map(
  [...exported, ...families.map(({ header }) => header), ...tables.flatMap(({ entries }) => entries.map(({ codec }) => codec))]
    .flatMap((each) => (typeof each === 'object' && each !== null ? (structIn(each as AnyCodec) ?? []) : []))
    .map((each) => [/^struct (\w+)/.exec(each.describe)?.[1] ?? '', each]),
)

/** Numbers by their kernel names: attributes, commands, values, bits. */
export const constants: ReadonlyMap<string, number | string> = new Map<string, number | string>([
  ...tables.flatMap(({ entries }) => entries.map(({ kernelName, number }) => [kernelName, number] as const)),
  ...families.map(({ name }) => [`${name.toUpperCase()}_FAMILY`, name] as const),
  ...families.map(({ name, version }) => [`${name.toUpperCase()}_VERSION`, version] as const),
  ...families.flatMap(({ name, groups = [] }) => groups.map((group) => [`${name.toUpperCase()}_MCGROUP`, group] as const)),
  // Sizes that codecs hold.
  ['OVS_CT_LABELS_LEN', ovs.FlowKeyAttributes.table.ctLabels.codec.least],
  ...readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => documented(path, readFileSync(join(src, path), 'utf8'))),
])

/** Numbers in a source: constants by their own names, members by the first name of the kernel's in their doc comment. */
export function documented(path: string, text: string): [string, number][] {
  const found: [string, number][] = []
  const visit = (node: ts.Node): void => {
    const value = (ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)) && node.initializer !== undefined ? numberOf(node.initializer) : undefined
    if (value !== undefined) {
      const comment = ts.getJSDocCommentsAndTags(node).map((each) => each.getText()).join('')
      const name = ts.isVariableDeclaration(node) ? node.name.getText() : /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/.exec(comment)?.[1]
      if (name !== undefined) found.push([name, value])
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  return found
}

function numberOf(node: ts.Expression): number | undefined {
  if (ts.isAsExpression(node) || ts.isParenthesizedExpression(node)) return numberOf(node.expression)
  if (ts.isNumericLiteral(node)) return Number(node.text)
  if (ts.isBigIntLiteral(node)) return Number(node.text.slice(0, -1))
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) return -(numberOf(node.operand) ?? Number.NaN)
  if (ts.isBinaryExpression(node) && [ts.SyntaxKind.LessThanLessThanToken, ts.SyntaxKind.AsteriskAsteriskToken].includes(node.operatorToken.kind)) {
    const [left, right] = [numberOf(node.left), numberOf(node.right)]
    if (left === undefined || right === undefined) return undefined
    return node.operatorToken.kind === ts.SyntaxKind.AsteriskAsteriskToken ? left ** right : left * 2 ** right
  }
  return undefined
}
