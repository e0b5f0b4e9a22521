/** An experiment: candidates beside stable that are compared with it until somebody or something says which is best. */
import type { ReasonType } from '../reasons.ts'
import type { Instant } from '../time.ts'
import type { Metric } from './analysis.ts'
import type { Counted, JudgeOptions } from './statistics.ts'
import type { RoleName } from './weights.ts'

export type Experiment = {
  /** Nobody wins by statistics before all that counts has been counted for so long. */
  readonly minDurationMs: number
  /** After so long all return, and nobody has won; undefined lasts until it is concluded otherwise. */
  readonly maxDurationMs: number | undefined
  /** None where only time, a person or a command concludes. Of several, all that are sure have to agree. */
  readonly judges: readonly Judge[]
  /** `promote`: a winner takes over at once. `wait`: nothing more happens before somebody promotes. */
  readonly onConclusion: 'promote' | 'wait'
  /** A command from outside that it is over; `winner` undefined, or stable, sends all candidates home. */
  readonly conclude: { readonly winner: RoleName | undefined } | undefined
}

/** What is counted of each candidate and of stable, and what makes one better. */
export type Judge = {
  /** Asked with its companions: the value and the count of candidate and stable, since the candidate has had traffic. */
  readonly metric: Metric
  /** What the value is: successes themselves, or their share of the count in per cent. */
  readonly gives: 'count' | 'percent'
  readonly options: Required<JudgeOptions>
}

/** The newest look at one candidate's counts beside stable's. */
export type Look = {
  readonly role: RoleName
  /** What was counted: the name of a judge's metric. */
  readonly metric: string
  readonly revision: string
  readonly at: Instant
  /** How often there were counts to judge. */
  readonly looks: number
  /** As they were when there last were any. */
  readonly candidate: Counted | undefined
  readonly stable: Counted | undefined
  /** That the two differ, by the judge's own test; of many candidates, before the others are allowed for. */
  readonly confidence: number | undefined
  /** (candidate − stable) / stable, of the rates. */
  readonly effect: number | undefined
  /** Why there was nothing to judge this time. */
  readonly message: string | undefined
}

/** How an experiment ended. */
export type Conclusion = {
  readonly at: Instant
  /** A candidate, or stable where all candidates are worse; undefined where nobody won. */
  readonly winner: RoleName | undefined
  readonly reason: ReasonType
  readonly message: string
  /** Stands for the templates that were compared: the same do not begin again. */
  readonly sign: string
  /** Whether it waits for somebody to promote. */
  readonly open: boolean
}

const judging = 'judge:'

/** A judge's metric is told apart from the one of an analysis that it may have been taken from. */
export function judgeMetricName(name: string): string {
  return `${judging}${name}`
}

/** And back, as people wrote it. */
export function judgedName(metric: string): string {
  return metric.startsWith(judging) ? metric.slice(judging.length) : metric
}
