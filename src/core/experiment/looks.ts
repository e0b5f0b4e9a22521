/** Looks at what an experiment counts: which are due, and what came of those that were asked for. */
import { emptyMetric } from '../analysis/judge.ts'
import { readingsOf, type Schedule, schedule } from '../analysis/schedule.ts'
import type { Reading } from '../metrics/provider.ts'
import type { Analysis } from '../model/analysis.ts'
import { type App, stepsOf } from '../model/app.ts'
import type { Judge, Look } from '../model/experiment.ts'
import { keep, lookOf, type Trial } from '../model/notebook.ts'
import { type Counted, judgeProportions } from '../model/statistics.ts'
import type { MetricAnswer } from '../observed.ts'
import { type Pass, withBook } from '../pass.ts'
import { cut } from '../render/text.ts'

/** The pass with the newest look at each candidate. Looks at candidates that are on trial no more stay as they are. */
export function withLooks(pass: Pass): Pass {
  const { app, memo } = pass.observed
  const { analysis, plan } = app
  const judges = plan.experiment?.judges ?? []
  if (judges.length === 0 || analysis === undefined) return pass
  const others = pass.book.looks.filter(
    ({ role }) => !pass.book.trials.some((trial) => trial.role === role),
  )
  const looks = pass.book.trials.flatMap((trial) =>
    judges.flatMap((judge) => {
      const known = [memo, pass.book].map((book) => lookOf(book, trial.role, judge.metric.name))
      return newest(judge, analysis, trial, { known, answers: pass.observed.answers }) ?? []
    }),
  )
  return withBook(pass, { looks: [...others, ...looks] })
}

/** What to ask now of a candidate that is being judged. */
export function lookSchedule(pass: Pass, trial: Trial): Schedule {
  const { app } = pass.observed
  const judges = app.plan.experiment?.judges ?? []
  if (judges.length === 0 || app.analysis === undefined || !isJudged(app, trial)) return nothing
  if (pass.book.concluded !== undefined) return nothing
  const { role, revision } = trial
  const metrics = judges.map(({ metric: { name } }) => {
    const at = lookOf(pass.book, role, name)?.at
    const samples = at === undefined ? [] : [{ at, verdict: 'needMoreData', ...unsaid } as const]
    return { ...emptyMetric(name), samples }
  })
  const alone = { ...app, analysis: { ...app.analysis, metrics: judges.map((one) => one.metric) } }
  const { stable } = pass.book
  return schedule({ app: alone, trial, stable, state: { role, revision, metrics } }, pass.now)
}

const nothing: Schedule = { asks: [], next: undefined }
const unsaid = { value: undefined, message: undefined }

/** Whether a candidate has come to where it is judged. */
export function isJudged(app: App, { role, stage, step }: Trial): boolean {
  return stage.kind === 'steps' && stepsOf(app, role)[step]?.kind === 'judge'
}

type Given = {
  readonly known: readonly (Look | undefined)[]
  readonly answers: readonly MetricAnswer[]
}

/** Answers and looks of another revision, or from before its present life with traffic, say nothing. */
function newest(
  judge: Judge,
  analysis: Analysis,
  { role, revision, trafficSince = Infinity }: Trial,
  { known, answers }: Given,
): Look | undefined {
  const before = known
    .filter((look) => look !== undefined)
    .filter((look) => look.revision === revision && look.at >= trafficSince)
    .toSorted((one, other) => other.at - one.at)[0]
  return answers
    .filter(
      (answer) =>
        answer.role === role &&
        answer.revision === revision &&
        answer.metric === judge.metric.name &&
        answer.at >= trafficSince,
    )
    .toSorted((one, other) => one.at - other.at)
    .reduce<Look | undefined>(
      (look, answer) =>
        look !== undefined && answer.at <= look.at ? look : lookAt(judge, analysis, look, answer),
      before,
    )
}

function lookAt(
  judge: Judge,
  analysis: Analysis,
  before: Look | undefined,
  answer: MetricAnswer,
): Look {
  const { role, revision, metric, at } = answer
  const { value, count, stable, stableCount } = readingsOf(analysis, judge.metric, answer)
  const candidate = counted(judge, value, count)
  const own = counted(judge, stable, stableCount)
  const looks = (before?.looks ?? 0) + 1
  if ('message' in candidate) return seenNothing(before, answer, looks, candidate.message)
  if ('message' in own) return seenNothing(before, answer, looks, `stable: ${own.message}`)
  return { role, metric, revision, at, looks, ...compared(judge, own, candidate) }
}

/** What was counted before stays to be seen, and is judged no more. */
function seenNothing(
  before: Look | undefined,
  { role, revision, metric, at }: MetricAnswer,
  looks: number,
  why: string,
): Look {
  const message = cut(why, keep.sampleMessage)
  return { ...(before ?? { metric, ...unseen(role, revision) }), at, looks, message }
}

function unseen(role: string, revision: string): Omit<Look, 'metric' | 'at' | 'looks' | 'message'> {
  const not = undefined
  return { role, revision, candidate: not, stable: not, confidence: not, effect: not }
}

function compared(
  { options }: Judge,
  stable: Counted,
  candidate: Counted,
): Pick<Look, 'candidate' | 'stable' | 'confidence' | 'effect' | 'message'> {
  const found = judgeProportions(stable, candidate, options)
  return {
    candidate,
    stable,
    confidence: found?.confidence,
    effect: found?.effect,
    message: found === undefined ? 'the counts do not allow a comparison yet' : undefined,
  }
}

/** Counts out of two readings. What is not a number of things out of as many or more is no count. */
function counted(
  { gives }: Judge,
  value: Reading = unanswered,
  count: Reading = unanswered,
): Counted | { readonly message: string } {
  // No series is no zero: whoever counts errors by it would win by not being scraped.
  if (value.kind !== 'value') return { message: value.message }
  if (count.kind !== 'value') return { message: count.message }
  const of = Math.max(0, count.value)
  const hits = gives === 'percent' ? (value.value / 100) * of : value.value
  if (hits < 0 || hits > of * slack) return { message: `${hits} successes out of ${of}` }
  return { hits: Math.min(hits, of), of }
}

/** Providers estimate counts; two estimates of the same number may differ by so much. */
const slack = 1.02

const unanswered: Reading = { kind: 'error', message: 'a part of the answer is missing' }
