import ts from 'typescript'

/**
 * A doc comment: what it says, and its tags by name.
 * @typedef {{ text: string, tags: Map<string, string> }} Doc
 */

/**
 * A constant of a source file.
 * @typedef {{ file: string, name: string, doc: Doc, label: string | undefined, members: Map<string, Doc> }} Declaration
 */

const NOTHING = { text: '', tags: new Map() }

/** The doc comment of a node. Lines are joined: Markdown takes them for one paragraph. */
function docOf(node) {
  const block = node.jsDoc?.at(-1)
  if (block === undefined) return NOTHING
  const plain = (comment) => (ts.getTextOfJSDocComment(comment) ?? '').replaceAll(/\s+/g, ' ').trim()
  return { text: plain(block.comment), tags: new Map((block.tags ?? []).map((tag) => [tag.tagName.text, plain(tag.comment)])) }
}

const isNumber = (node) => ts.isNumericLiteral(node) || (ts.isPrefixUnaryExpression(node) && ts.isNumericLiteral(node.operand))

function unwrap(node) {
  while (ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isParenthesizedExpression(node)) node = node.expression
  return node
}

/**
 * Every constant at the top of the files that is a table, a structure, a family or an object of
 * numbers, with the doc comments of its lines. `sources` are texts by path.
 *
 * @param {ReadonlyMap<string, string>} sources
 * @returns {Declaration[]}
 */
export function declarationsIn(sources) {
  const constants = []
  for (const [file, text] of sources) {
    for (const statement of ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true).statements) {
      if (!ts.isVariableStatement(statement)) continue
      for (const { name, initializer } of statement.declarationList.declarations) {
        if (initializer !== undefined) constants.push({ file, name: name.getText(), value: unwrap(initializer), doc: docOf(statement) })
      }
    }
  }
  const valueOf = (name, file) => (constants.find((each) => each.name === name && each.file === file) ?? constants.find((each) => each.name === name))?.value

  /** The members of an object literal, those of spread constants among them. */
  function membersOf(node, file) {
    const object = node && unwrap(node)
    if (object === undefined) return undefined
    if (ts.isIdentifier(object)) return membersOf(valueOf(object.text, file), file)
    if (!ts.isObjectLiteralExpression(object)) return undefined
    const members = new Map()
    for (const property of object.properties) {
      if (ts.isSpreadAssignment(property)) for (const [name, doc] of membersOf(property.expression, file) ?? []) members.set(name, doc)
      else members.set(property.name.text, docOf(property))
    }
    return members
  }

  const found = []
  for (const { file, name, value, doc } of constants) {
    const call = ts.isCallExpression(value) ? value : undefined
    const callee = call?.expression.getText()
    const [first, second, third] = call?.arguments ?? []
    const label = first !== undefined && ts.isStringLiteral(first) ? first.text : undefined
    let members
    if (callee === 'attributes' || callee === 'attributeList') members = membersOf(second, file)
    else if (callee === 'struct') members = membersOf(third, file)
    else if (callee === 'family') members = membersOf(first.properties.find((each) => each.name?.text === 'commands')?.initializer, file)
    else if (call === undefined) members = isNumber(value) ? new Map() : membersOf(value, file)
    if (members !== undefined) found.push({ file, name, doc, label, members })
  }
  return found
}
