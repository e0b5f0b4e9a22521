/** Every line of the client's contract is in docs/kube-client.md, and every test named there exists. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { test } from 'vitest'

const page = new URL('../../docs/kube-client.md', import.meta.url)

/** The lines of the contract, as the page must have them. */
const contract = [
  'First read',
  'Bookmarks',
  'Watch end',
  '410 Gone and Expired',
  'Too large resource version',
  '429 on a watch',
  'Back-off',
  'Work queue',
  'In-order, atomic batches',
  'Staleness of own writes',
  'Leader election',
  'Consistent list',
  'Every watch aborted after 30 seconds',
  'No bookmarks asked for',
  'An error that is no 410 ends it',
  'A failed list is not retried',
  'Lines that do not parse and handlers that throw are swallowed',
  'Delete and recreate looks like an update',
  'An older version overwrites a newer one',
  'A long list spread into one call',
  'Informers that go quiet after an hour',
  'Request storms after a reconnect',
  'Leaks',
  'Events missed without a word, and forced relists',
  'Half-open streams noticed within 60 s',
  'Malformed and truncated lines, split UTF-8, 5 MiB lines',
  'HTTP/1.1 connections',
  'Stop that awaits',
  'Adaptive request limit',
  'Requests repeated only where that can do no harm',
  'Lease renewals never behind other requests',
  'Kubeconfig',
  'Credential plugins',
  'In-cluster configuration with a rotating token',
  'Soak',
  'The local API server is one that other clients are at home in',
]

type Proof = { readonly file: string; readonly title: string }

/** Sections of the page with the tests they name. */
function sections(): ReadonlyMap<string, readonly Proof[]> {
  const found = new Map<string, Proof[]>()
  let proofs: Proof[] = []
  for (const line of readFileSync(page, 'utf8').split('\n')) {
    const heading = /^### (.+)$/.exec(line)?.[1]
    if (heading !== undefined) {
      proofs = []
      found.set(heading, proofs)
    }
    const [, file, title] = /^- `([^`]+\.test\.ts)`: (.+)$/.exec(line) ?? []
    if (file !== undefined && title !== undefined) proofs.push({ file, title })
    else assert.ok(!line.startsWith('- '), `not a test: ${line}`)
  }
  return found
}

type Titles = {
  readonly source: string
  readonly fixed: ReadonlySet<string>
  readonly made: readonly RegExp[]
}

const known = new Map<string, Titles>()

/** What a file's tests are called: texts, and patterns where a title is made from a row. */
function titlesOf(file: string): Titles {
  const before = known.get(file)
  if (before !== undefined) return before
  const source = readFileSync(new URL(file, import.meta.url), 'utf8')
  const fixed = new Set<string>()
  const made: RegExp[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) fixed.add(node.text)
    const isTitle = ts.isTemplateExpression(node) && ts.isCallExpression(node.parent)
    if (isTitle && node.parent.expression.getText() === 'test') {
      const parts = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]
      made.push(new RegExp(`^${parts.map(escaped).join('(.+?)')}$`))
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true))
  const titles = { source, fixed, made }
  known.set(file, titles)
  return titles
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** A made title counts only with words that the file itself has. */
function exists({ file, title }: Proof): boolean {
  const { source, fixed, made } = titlesOf(file)
  if (fixed.has(title)) return true
  return made.some((pattern) => {
    const words = pattern.exec(title)?.slice(1)
    return words?.every((word) => source.includes(word)) === true
  })
}

test('the page has every line of the contract, each with a test, and no other', () => {
  const found = sections()
  assert.deepEqual([...found.keys()], contract)
  const bare = [...found].filter(([, proofs]) => proofs.length === 0).map(([line]) => line)
  assert.deepEqual(bare, [])
})

test('every test that the page names exists and is not skipped', () => {
  const proofs = [...sections().values()].flat()
  const missing = proofs.filter((proof) => !exists(proof))
  assert.deepEqual(missing, [])
  const skipped = [...known].filter(([, { source }]) =>
    /\btest\.(skip|todo|only|fails)\b/.test(source),
  )
  assert.deepEqual(
    skipped.map(([file]) => file),
    [],
  )
})

test('a test that does not exist is noticed', () => {
  assert.equal(exists({ file: 'cache.test.ts', title: 'no such test' }), false)
  const invented = 'a version that is gone, as a rumour, leads to one fresh list'
  assert.equal(exists({ file: 'cache.test.ts', title: invented }), false)
})
