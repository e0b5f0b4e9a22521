/** Kubernetes Events for decisions that people want to hear of. Ids repeat with the transition, never anew. */
import type { ReleaseEvent } from './decision.ts'
import { shortHash } from './hash.ts'
import type { DecisionRecord, Notebook } from './model/notebook.ts'
import type { Observed } from './observed.ts'

// Steps are told by status; an Event for each would double what a release costs the API server.
const quiet: ReadonlySet<string> = new Set(['StepAdvance'])
const warnings: ReadonlySet<string> = new Set(['Retreat', 'Return', 'Refuse', 'Abort'])

export function eventsOf(observed: Observed, book: Notebook): readonly ReleaseEvent[] {
  const stored = new Set((observed.notebook?.decisions ?? []).map(identity))
  return book.decisions
    .filter((record) => !quiet.has(record.action) && !stored.has(identity(record)))
    .map((record) => ({
      id: shortHash([observed.app.uid, identity(record)]),
      type: warnings.has(record.action) ? 'Warning' : 'Normal',
      action: record.action,
      reason: record.reason,
      message: record.message,
      at: record.at,
    }))
}

function identity({ at, action, revision, step, actionId, message }: DecisionRecord): string {
  return JSON.stringify([at, action, revision, step, actionId, message])
}
