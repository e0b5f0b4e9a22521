/** The judge step: a candidate of an experiment stays where it is until the experiment is concluded. */
import type { Experiment, Look } from '../model/experiment.ts'
import type { Notebook, Trial } from '../model/notebook.ts'
import { waitingFor } from '../move/waiting.ts'
import type { Pass } from '../pass.ts'
import { formatDuration, type Instant } from '../time.ts'
import type { Outcome } from './step.ts'

export function judgeOutcome({ observed, book, now }: Pass, trial: Trial): Outcome {
  // A conclusion moves the trial to another stage; only one that waits for somebody leaves it here.
  if (book.concluded !== undefined) return waitingFor('WaitingForApproval', book.concluded.message)
  const { experiment } = observed.app.plan
  const message =
    experiment === undefined || experiment.judges.length === 0
      ? unjudged(trial, experiment)
      : comparedSoFar(book, trial)
  return waitingFor('WaitingForJudgement', message, undefined, nextLook(experiment, trial, now))
}

/** What the newest looks at a candidate come to. */
export function comparedSoFar({ looks }: Pick<Notebook, 'looks'>, trial: Trial): string {
  return judged(trial, telling(looks.filter(({ role }) => role === trial.role)))
}

function unjudged({ role }: Trial, experiment: Experiment | undefined): string {
  const max = experiment?.maxDurationMs
  const end = max === undefined ? 'somebody concludes' : `${formatDuration(max)} are over`
  return `${role} stands beside stable until ${end}`
}

/** What says most: why there is nothing to judge, else the surest. */
function telling(looks: readonly Look[]): Look | undefined {
  const missing = looks.find(({ message }) => message !== undefined)
  const sure = looks.toSorted((one, other) => (other.confidence ?? 0) - (one.confidence ?? 0))
  return missing ?? sure[0]
}

function judged({ role }: Trial, look: Look | undefined): string {
  if (look === undefined) return `${role} has not been compared with stable yet`
  if (look.message !== undefined) return `${role}: ${look.message}`
  const sure = ((look.confidence ?? 0) * 100).toFixed(1)
  const counts = `${Math.round(look.candidate?.of ?? 0)} against ${Math.round(look.stable?.of ?? 0)}`
  return `${role} differs from stable with a confidence of ${sure} %, after ${counts} observations`
}

/** When time alone makes a difference: at the end of the least and of the longest time. */
function nextLook(
  experiment: Experiment | undefined,
  { stepStartedAt }: Trial,
  now: Instant,
): Instant | undefined {
  const times = [experiment?.minDurationMs, experiment?.maxDurationMs]
  const instants = times.flatMap((time) => (time === undefined ? [] : [stepStartedAt + time]))
  const next = instants.filter((instant) => instant > now)
  return next.length === 0 ? undefined : Math.min(...next)
}
