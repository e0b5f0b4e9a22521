/** The page of events names everything that the engine tells, of the kind that it is told as. */
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { noteOf } from '#core/outbox/vocabulary.ts'

const page = readFileSync('docs/events.md', 'utf8')
const section = /## What is told\n([\s\S]*?)\n## /.exec(page)?.[1] ?? ''
const rows = [...section.matchAll(/^\| `(\w+)` +\| (\w+) +\|/gm)].map(
  ([, action = '', kind = '']) => [action, kind] as const,
)

/** As the engine's sources spell them: where a decision is recorded, and where a command is obeyed. */
function spoken(): readonly string[] {
  const sources = globSync('src/core/**/*.ts').filter((path) => !/\.(test|suite)\.ts$/.test(path))
  const text = sources.map((path) => readFileSync(path, 'utf8')).join('\n')
  const recorded = [...text.matchAll(/\baction: '([A-Z]\w+)'/g)]
  const obeyed = [...text.matchAll(/\bobeyed\([\s\S]{0,60}?'([A-Z]\w+)'/g)]
  return [...new Set([...recorded, ...obeyed].map(([, action = '']) => action))]
}

test('every action has its row, and every row is an action', () => {
  expect(spoken().length).toBeGreaterThan(12)
  expect(rows.map(([action]) => action).toSorted()).toEqual([...spoken()].toSorted())
})

test.each(rows.filter(([, kind]) => kind !== 'none'))('%s is told as %s', (action, kind) => {
  const event = { id: '', at: 0, reason: 'Serving', message: '', revision: '', image: '' } as const
  const more = { role: undefined, step: undefined, by: undefined }
  expect(noteOf({ ...event, ...more, action }).type).toBe(kind)
})
