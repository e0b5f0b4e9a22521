/**
 * Writes the type library that src/core compiles against: the language's own, less everything that would let
 * core read a clock, draw a random number or wait. What is not declared does not compile, so a `Date.now()` in
 * core is an error of the compiler, not of a reviewer.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import ts from 'typescript'

export const coreLibPath = 'node_modules/.cache/headgate/core-lib.d.ts'

const libFolder = 'node_modules/@typescript/old/lib'
/** Names that core must not see: clocks, promises and what is built on them, and code from strings. */
const hidden = new Set([
  'Date',
  'DateConstructor',
  'Promise',
  'PromiseConstructor',
  'PromiseConstructorLike',
  'eval',
  'Intl',
  'Atomics',
  'SharedArrayBuffer',
  'SharedArrayBufferConstructor',
])
const leftOut =
  /(intl|promise|date|async|sharedmemory|dom|scripthost|webworker|decorators|full|temporal|disposable)/

function files(): string[] {
  return readdirSync(libFolder)
    .filter((name) => /^lib\.(es5|es20(1\d|2[0-4])\.[\w.]+)\.d\.ts$/.test(name))
    .filter((name) => !leftOut.test(name))
    .sort()
}

/** The declarations of one lib file that core may see, as text. */
function visible(text: string): string {
  const source = ts.createSourceFile('lib.d.ts', text, ts.ScriptTarget.Latest, true)
  return source.statements
    .filter((statement) => !ts.isExportDeclaration(statement))
    .filter((statement) => !namesOf(statement).some((name) => hidden.has(name)))
    .map((statement) => statement.getText(source))
    .join('\n')
    .replace(/^\s*random\(\): number;$/m, '')
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((declaration) => declaration.name.getText())
  }
  const named = statement as unknown as { name?: { text?: string } }
  return named.name?.text === undefined ? [] : [named.name.text]
}

export function writeCoreLib(): void {
  const parts = files().map(
    (name) => `// ${name}\n${visible(readFileSync(`${libFolder}/${name}`, 'utf8'))}`,
  )
  mkdirSync(dirname(coreLibPath), { recursive: true })
  writeFileSync(coreLibPath, parts.join('\n'))
}

if (import.meta.main) writeCoreLib()
