import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { NAMES, snippets } from '../kernel/support/cookbook.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('every snippet of docs/flows.md has the types of the SDK', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.check.json'), ts.sys.readFile.bind(ts.sys)) as { config: object }
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: ['src/index.ts'] }, ts.sys, root)
  const path = join(root, 'examples/snippets.ts')
  const text = [
    `import { type Datapath, ${NAMES.join(', ')} } from 'ovs-datapath'`,
    `void [${NAMES.join(', ')}]`,
    ...snippets().map(({ what, code }, i) => `// ${what}\nexport const snippet${i} = async (dp: Datapath): Promise<void> => {\n${code}}`),
  ].join('\n')
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile } = host
  host.fileExists = (name) => name === path || fileExists(name)
  host.getSourceFile = (name, ...rest) => (name === path ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest))
  const program = ts.createProgram([path], options, host)
  const checked = program.getSourceFile(path)
  expect(checked?.text).toBe(text)
  const problems = [...program.getSyntacticDiagnostics(checked), ...program.getSemanticDiagnostics(checked)].map(({ messageText, file, start = 0 }) => {
    const line = file?.getLineAndCharacterOfPosition(start).line ?? 0
    return `${ts.flattenDiagnosticMessageText(messageText, ' ')}: ${text.split('\n')[line]}`
  })
  expect(problems).toEqual([])
}, 60_000)
