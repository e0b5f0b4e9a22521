/** Which changes of the notebook are worth a write: those that must survive a crash, and those that people wait for. */
import type { Condition } from './k8s/meta.ts'
import type { AnalysisState, Notebook } from './model/notebook.ts'

export function isWorthWriting(next: Notebook, stored: Notebook | undefined): boolean {
  return stored === undefined || sign(next) !== sign(stored)
}

function sign(book: Notebook): string {
  return JSON.stringify([
    book.observedGeneration,
    book.phase,
    book.stable,
    book.previous,
    book.seat,
    book.trials,
    book.failed,
    book.paused,
    book.concluded,
    book.taken,
    book.finished,
    book.imagined,
    book.looks.map(({ role, metric, message }) => [role, metric, message === undefined]),
    book.decisions.at(-1),
    book.analyses.map(verdicts),
    book.conditions.map(shape),
  ])
}

function verdicts({ metrics }: AnalysisState): unknown {
  return metrics.map(({ name, verdict, bad }) => [name, verdict, bad])
}

// A condition's reason may change as often as ours does; it rides along with the next write.
function shape({ type, status }: Condition): unknown {
  return [type, status]
}
