import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { NAMES, snippets } from '../kernel/support/cookbook.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('every snippet of docs/flows.md has the types of the SDK', () => {
  const { config } = ts.readConfigFile(`${root}/tsconfig.check.json`, ts.sys.readFile.bind(ts.sys)) as { config: object }
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: ['src/index.ts'] }, ts.sys, root)
  const path = `${root}/examples/snippets.ts`
  const found = snippets()
  const head = `import { type Datapath, ${NAMES.join(', ')} } from 'ovs-datapath'\nvoid [${NAMES.join(', ')}]\n`
  const text = found.map(({ what, code }) => `// ${what}\nexport const _${found.findIndex((each) => each.what === what)} = async (dp: Datapath) => {\n${code}}\n`).join('')
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile } = host
  host.fileExists = (name) => name === path || fileExists(name)
  host.getSourceFile = (name, ...rest) => (name === path ? ts.createSourceFile(name, head + text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest))
  const program = ts.createProgram([path], options, host)
  const problems = program.getSemanticDiagnostics(program.getSourceFile(path)).map(({ messageText, file, start = 0 }) => {
    const line = file?.getLineAndCharacterOfPosition(start).line ?? 0
    return `${ts.flattenDiagnosticMessageText(messageText, ' ')}: ${(head + text).split('\n')[line]}`
  })
  expect(problems).toEqual([])
}, 60_000)
