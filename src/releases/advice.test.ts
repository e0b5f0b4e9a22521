/** What people are told to do next is what would be obeyed. */
import { expect, test } from 'vitest'
import { adviceFor } from './advice.ts'
import type { Entry } from './entry.ts'

function entryOf(stage: string): Entry {
  const reason = { type: 'WaitingForAnalysis' }
  const book = { reason, trials: [{ role: 'canary', stage: { kind: stage } }] }
  const door = 'headgate'
  return { door, name: 'shop', namespace: 'default', problems: [], book } as unknown as Entry
}

test('who waits for samples may go past them, but not after the promotion', () => {
  expect(adviceFor(entryOf('steps'))).toMatch(/`headgate promote \S+ --full`/)
  expect(adviceFor(entryOf('verifying'))).not.toContain('promote')
  expect(adviceFor(entryOf('verifying'))).toMatch(/`headgate abort \S+`/)
})
