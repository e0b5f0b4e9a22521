/**
 * The end of an experiment: by a command from outside, by its longest duration, by the judge, or by a person. It is put
 * on record with a sign of what was compared, so that the same does not begin again; the winner goes on to its promotion,
 * and the others' traffic goes home.
 */
import { holdFinding } from '../checks.ts'
import { shortHash } from '../hash.ts'
import type { Action, App } from '../model/app.ts'
import type { Conclusion, Experiment, Judge } from '../model/experiment.ts'
import { keep, lookOf, type Trial, trialOf } from '../model/notebook.ts'
import { type RoleName, stable } from '../model/weights.ts'
import { note, type Pass, retreat, withBook, withTrial } from '../pass.ts'
import { cut } from '../render/text.ts'
import { formatDuration } from '../time.ts'
import { isJudged } from './looks.ts'
import { type Verdict, verdictOf } from './verdict.ts'

/** Stands for all templates that are asked for; undefined where that cannot be told now, or there is no experiment. */
export function signOf({ observed, facts }: Pass): string | undefined {
  if (observed.app.plan.experiment === undefined) return undefined
  const targets = [facts.target, ...Object.values(facts.targets)]
  const revisions = targets.flatMap((target) => (target.kind === 'ask' ? [] : [target.revision]))
  if (revisions.length < targets.length) return undefined
  return shortHash([Object.keys(facts.targets), revisions])
}

/** Forgets a conclusion about other templates than those that are asked for now. */
export function forgetConclusion(pass: Pass): Pass {
  const { concluded } = pass.book
  if (concluded === undefined) return pass
  const isExperiment = pass.observed.app.plan.experiment !== undefined
  const sign = signOf(pass)
  // While the server is asked what a template means, nobody knows.
  if (isExperiment && (sign === undefined || sign === concluded.sign)) return pass
  return withBook(pass, { concluded: undefined, ...(isExperiment ? {} : { looks: [] }) })
}

/** Concludes a running experiment where anything but a person says so. */
export function concludeExperiment(pass: Pass): Pass {
  const { experiment } = pass.observed.app.plan
  if (experiment === undefined || pass.book.concluded !== undefined) return pass
  const running = inExperiment(pass)
  if (running.length === 0) return pass
  const ending = commanded(experiment, running) ?? byTime(pass, experiment, running)
  const found = ending ?? byJudges(pass, experiment, running)
  return found === undefined ? pass : conclude(pass, found)
}

/** A person chose a candidate, whatever the statistics say. */
export function concludedBy(pass: Pass, role: RoleName, by: string): Pass {
  const message = `${role} was chosen by ${by}`
  const { concluded } = pass.book
  if (concluded !== undefined) return closed(pass, concluded)
  return conclude(pass, { winner: role, reason: 'ConcludedByHand', message, atOnce: true })
}

/** Somebody has taken note of a conclusion that waited: its winner, if there is one, takes over. */
function closed(pass: Pass, concluded: Conclusion): Pass {
  const taken = withBook(pass, { concluded: { ...concluded, open: false } })
  const { winner } = concluded
  return winner === undefined || winner === stable ? taken : promoting(taken, winner)
}

/** The same where no candidate is left that could be meant. */
export function acknowledge(pass: Pass): Pass {
  const { concluded } = pass.book
  return concluded === undefined ? pass : closed(pass, concluded)
}

/** Somebody ended it, and nobody won. */
export function concludedWithout(pass: Pass, { id: actionId, by }: Action): Pass {
  const message = `concluded by ${by}, without a winner`
  const reason = 'ConcludedByHand'
  return conclude(pass, { winner: undefined, reason, message, atOnce: false }, { actionId, by })
}

/** Whether candidates are being compared now. */
export function isUnderWay(pass: Pass): boolean {
  return inExperiment(pass).length > 0
}

/** Candidates that are compared and go forward; a new baseline that comes in beside them is none. */
function inExperiment({ observed, book }: Pass): readonly Trial[] {
  return book.trials.filter(
    ({ role, stage }) => stage.kind === 'steps' && isVariant(observed.app, role),
  )
}

export function isVariant(app: App, role: RoleName): boolean {
  return variantsOf(app).includes(role)
}

function variantsOf({ plan }: App): readonly RoleName[] {
  return plan.candidates
    .filter(({ steps }) => steps.some(({ kind }) => kind === 'judge'))
    .map(({ role }) => role)
}

type Ending = Pick<Conclusion, 'winner' | 'reason' | 'message'> & {
  /** Somebody has said so: nobody has to be waited for. */
  readonly atOnce: boolean
}

function commanded(
  { conclude: command }: Experiment,
  running: readonly Trial[],
): Ending | undefined {
  if (command === undefined) return undefined
  const { winner } = command
  const named =
    winner === undefined || winner === stable || running.some(({ role }) => role === winner)
  if (!named) return undefined
  const whom = winner === undefined ? 'no winner' : `winner ${winner}`
  const message = `concluded from outside with ${whom}`
  return { winner, reason: 'ConcludedByHand', message, atOnce: true }
}

// The time that somebody holds the release does not count: the steps' clocks stand still.
function byTime(pass: Pass, experiment: Experiment, running: readonly Trial[]): Ending | undefined {
  const { maxDurationMs } = experiment
  if (maxDurationMs === undefined || pass.book.paused !== undefined) return undefined
  const judged = running.filter((trial) => isJudged(pass.observed.app, trial))
  if (!judged.some(({ stepStartedAt }) => pass.now >= stepStartedAt + maxDurationMs))
    return undefined
  const message = `nobody won within ${formatDuration(maxDurationMs)}`
  return { winner: undefined, reason: 'MaxDurationReached', message, atOnce: false }
}

/** Of several judges, those that are sure have to agree (K41). */
function byJudges(
  pass: Pass,
  experiment: Experiment,
  running: readonly Trial[],
): Ending | undefined {
  const ready = running.filter(
    (trial) =>
      isJudged(pass.observed.app, trial) &&
      pass.now >= trial.stepStartedAt + experiment.minDurationMs &&
      holdFinding(pass, trial) === undefined,
  )
  const verdicts = experiment.judges
    .map((judge) => judged(pass, judge, ready, running.length))
    .filter(({ winner }) => winner !== undefined)
  const [first] = verdicts
  if (first === undefined || verdicts.some(({ winner }) => winner !== first.winner))
    return undefined
  const message = verdicts.map((verdict) => verdict.message).join('; ')
  return { winner: first.winner, reason: 'DifferenceFound', message, atOnce: false }
}

function judged(pass: Pass, judge: Judge, ready: readonly Trial[], running: number): Verdict {
  const looks = ready.flatMap(({ role }) => {
    const look = lookOf(pass.book, role, judge.metric.name)
    return look !== undefined && isFresh(pass, judge, look.at) ? [look] : []
  })
  const verdict = verdictOf(judge, looks, variantsOf(pass.observed.app).length)
  // Stable wins only over all that are in the race.
  const alone = verdict.winner === stable && looks.length < running
  return alone ? { ...verdict, winner: undefined } : verdict
}

/** A provider that went silent says nothing any more: its last word is not acted upon. */
function isFresh({ now }: Pass, { metric }: Judge, at: number): boolean {
  return now - at <= 2 * metric.intervalMs
}

function conclude(
  pass: Pass,
  { winner, reason, message, atOnce }: Ending,
  asked: { readonly actionId?: string; readonly by?: string } = {},
): Pass {
  const { experiment } = pass.observed.app.plan
  const sign = signOf(pass)
  if (experiment === undefined || sign === undefined) return pass
  const open = experiment.onConclusion === 'wait' && !atOnce
  const told = note(pass, { action: 'Conclude', reason, message, ...asked })
  const text = cut(message, keep.message)
  const concluded: Conclusion = { at: pass.now, winner, reason, message: text, sign, open }
  const losers = inExperiment(told).filter(({ role }) => role !== winner)
  const without = losers.reduce(
    (before, { role }) => retreat(before, role, { reason, message }, 'forget'),
    withBook(told, { concluded }),
  )
  return winner === undefined || winner === stable || open ? without : promoting(without, winner)
}

function promoting(pass: Pass, role: RoleName): Pass {
  const trial = trialOf(pass.book, role)
  if (trial?.stage.kind !== 'steps') return pass
  return withTrial(pass, role, { stage: { kind: 'promoting' }, stepStartedAt: pass.now })
}
