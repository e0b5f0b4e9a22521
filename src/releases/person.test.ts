/** What waits for a person, and what goes on by itself. */
import { expect, test } from 'vitest'
import type { Entry } from './entry.ts'
import { waitsForPerson } from './person.ts'

type Case = {
  readonly type?: string
  readonly stage?: string
  readonly gates?: readonly string[]
  readonly promotion?: readonly string[]
  readonly approvedAt?: number
  readonly approvedStep?: number
}

function entryOf(given: Case): Entry {
  const { type = 'WaitingForGate', stage = 'steps', approvedAt, approvedStep = 0 } = given
  const gates = (kinds: readonly string[] = []): readonly object[] =>
    kinds.map((kind) => ({ kind, name: kind }))
  const trial = { role: 'canary', revision: 'r', step: 0, stage: { kind: stage } }
  const record = { action: 'Promote', revision: 'r', step: approvedStep, at: approvedAt, by: 'ann' }
  return {
    app: {
      plan: {
        strategy: 'canary',
        promotion: { gates: gates(given.promotion) },
        candidates: [{ role: 'canary', steps: [{ kind: 'gate', gates: gates(given.gates) }] }],
      },
    },
    book: {
      phase: 'Progressing',
      reason: { type },
      trials: [{ ...trial, stepStartedAt: 1000 }],
      decisions: approvedAt === undefined ? [] : [record],
    },
  } as unknown as Entry
}

const rows: readonly (readonly [string, Case, boolean])[] = [
  ['a pause without end', { type: 'WaitingForApproval' }, true],
  ['an approval', { gates: ['approval'] }, true],
  ['an approval beside a program', { gates: ['webhook', 'approval'] }, true],
  ['an approval of the end', { stage: 'verifying', promotion: ['approval'] }, true],
  ['an approval of an earlier turn', { gates: ['approval'], approvedAt: 999 }, true],
  ['an approval of another step', { gates: ['approval'], approvedAt: 1001, approvedStep: 1 }, true],
  ['a program, once approved', { gates: ['webhook', 'approval'], approvedAt: 1001 }, false],
  ['a program', { gates: ['webhook', 'health'] }, false],
  ['what comes before the gate', { type: 'WaitingForPods', gates: ['approval'] }, false],
]
for (const [name, given, waits] of rows)
  test(`${name} waits for ${waits ? 'a person' : 'nobody'}`, () =>
    expect(waitsForPerson(entryOf(given))).toBe(waits))

test('what no controller has looked at waits for nobody', () => {
  expect(waitsForPerson({ ...entryOf({}), book: undefined })).toBe(false)
})
