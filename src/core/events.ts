/** Events for decisions that were recorded. An id follows from the record, so that telling it again repeats the id. */
import { imageOf } from './decision.ts'
import { fnv1a } from './hash.ts'
import type { ReleaseEvent } from './model/event.ts'
import { type DecisionRecord, keep, type Notebook } from './model/notebook.ts'
import type { Observed } from './observed.ts'
import { cut } from './render/text.ts'

/** The transitions that a notebook records and the stored one does not: they may be told once it is stored. */
export function eventsOf(observed: Observed, book: Notebook): readonly ReleaseEvent[] {
  const before = observed.notebook?.decisions ?? []
  const { decisions } = book
  // Nearly every pass records nothing: then the records are the very ones that were read.
  if (decisions === before || decisions.at(-1) === before.at(-1)) return []
  const stored = new Set(before.map(identity))
  return decisions
    .filter((record) => !stored.has(identity(record)))
    .map((record) => eventOf(observed, book, record))
}

function eventOf(observed: Observed, book: Notebook, record: DecisionRecord): ReleaseEvent {
  const { at, action, reason, revision, step } = record
  const trials = [...book.trials, ...(observed.notebook?.trials ?? [])]
  const workload = observed.workloads.find((one) => one.revision === revision)
  return {
    id: fnv1a(JSON.stringify([observed.app.uid, identity(record)])),
    at,
    action,
    reason,
    message: cut(record.message, keep.eventText),
    revision,
    role: trials.find((trial) => trial.revision === revision)?.role,
    step,
    by: record.by === undefined ? undefined : cut(record.by, keep.eventText),
    image: cut(imageOf((workload ?? observed.app).template), keep.eventText),
    generation: observed.app.generation,
  }
}

// Several steps may be done in one instant, and several commands refused.
function identity({ at, action, revision, step, actionId, message }: DecisionRecord): string {
  return JSON.stringify([at, action, revision, step, actionId, message])
}
