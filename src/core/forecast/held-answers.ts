/** A world in which metrics that give nothing to judge now go on giving nothing, and all else is well. */
import { metricState } from '../analysis/judge.ts'
import { standingOf } from '../analysis/standing.ts'
import type { HttpAnswer } from '../http-ask.ts'
import type { App } from '../model/app.ts'
import { analysisOf, type Notebook, type Sample } from '../model/notebook.ts'
import type { Observed } from '../observed.ts'
import type { Instant } from '../time.ts'
import type { Answerer } from './forecast.ts'
import { goodAnswer, listOf } from './good-answers.ts'

/** Undefined where no metric holds the release. */
export function heldAnswers({ app, notebook }: Observed): Answerer | undefined {
  const held = notebook === undefined ? [] : heldBy(app, notebook)
  if (held.length === 0) return undefined
  return (asker, asked, now) => {
    const good = goodAnswer(asker, asked, now)
    const own = held.find(
      ({ role, revision, metric }) =>
        role === asked.role && revision === asked.revision && metric === asked.metric,
    )
    return own === undefined ? good : { ...good, answer: again(own, asked.at) }
  }
}

type Held = {
  readonly role: string
  readonly revision: string
  readonly metric: string
  readonly range: boolean
  readonly last: Sample | undefined
}

function heldBy({ analysis }: App, book: Notebook): readonly Held[] {
  return book.trials.flatMap(({ role, revision }) =>
    (analysis?.metrics ?? []).flatMap((metric) => {
      const state = metricState(analysisOf(book, role), metric.name)
      if (standingOf(metric, state).kind !== 'holds') return []
      return [
        {
          role,
          revision,
          metric: metric.name,
          range: metric.range !== undefined,
          last: state.samples.at(-1),
        },
      ]
    }),
  )
}

/** An answer that is judged like the last one. */
function again({ last, range }: Held, at: Instant): HttpAnswer {
  if (last?.verdict === 'error')
    return { kind: 'failed', message: last.message ?? 'nothing to judge' }
  return listOf(0, at, range)
}
