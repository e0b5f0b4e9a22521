/**
 * What is remembered of a release between passes and cannot be observed: where it stands, since when, what was
 * measured, who asked for what. It is kept in the object's status; everything else is read from the cluster.
 */
import type { Condition } from '../k8s/meta.ts'
import type { ReasonType } from '../reasons.ts'
import type { Instant } from '../time.ts'
import type { Command, RoleSeat } from './app.ts'
import type { Outbox } from './event.ts'
import type { Conclusion, Look } from './experiment.ts'
import type { GateState } from './gate.ts'
import type { RoleName, Weights } from './weights.ts'

export const phases = [
  'Initializing',
  'Progressing',
  'Paused',
  'Preview',
  'Experimenting',
  'Concluded',
  'Completed',
  'Failed',
  'Retiring',
  'Retired',
] as const
export type Phase = (typeof phases)[number]

export type Notebook = {
  readonly observedGeneration: number
  readonly phase: Phase
  readonly reason: Reason
  /** The revision users trust; undefined until a first one served. */
  readonly stable: string | undefined
  /** The candidate's role in which the stable revision lives still, if it has not come home. */
  readonly seat: RoleName | undefined
  /** The revision that was stable before, whose pods stay for a while as an instant way back. */
  readonly previous: { readonly revision: string; readonly until: Instant } | undefined
  /** What is on trial: at most one revision for each candidate of the plan. */
  readonly trials: readonly Trial[]
  /**
   * Revisions of each candidate that were turned back, newest last: the last one, or as many as the plan says. They stay
   * so until a retry or a success.
   */
  readonly failed: readonly Failure[]
  readonly paused: { readonly at: Instant; readonly by: string } | undefined
  /** One for each candidate that was measured. */
  readonly analyses: readonly AnalysisState[]
  /** The newest look at each candidate of an experiment, also after its end. */
  readonly looks: readonly Look[]
  /** How the experiment ended, until other templates are asked for. */
  readonly concluded: Conclusion | undefined
  /** What was seen of each role when this was written. */
  readonly roles: readonly RoleState[]
  readonly decisions: readonly DecisionRecord[]
  readonly conditions: readonly Condition[]
  /** Weights as far as pods could carry them, where no route has any; see traffic/none.ts. */
  readonly imagined?: Weights | undefined
  /** Words from outside that were carried out to their end: a candidate that became stable begins anew by a newer one. */
  readonly finished?: readonly Finished[] | undefined
  /** The bare command that was obeyed last, as long as its annotation may still stand. */
  readonly taken?: Taken | undefined
  /** What was decided and not yet told everybody; absent where there is nothing. */
  readonly outbox?: Outbox | undefined
}

/** The version of the word that a candidate's promotion was asked for by. */
export type Finished = { readonly role: RoleName; readonly version: number }

/** A command that says of itself neither what it means nor who it is: it is known by where it stands. */
export type Taken = { readonly annotation: string; readonly text: string; readonly id: string }

/** The one reason why the release is where it is. */
export type Reason = {
  readonly type: ReasonType
  readonly message: string
  readonly object: string | undefined
  readonly since: Instant
  /** When it will be looked at again without anything happening. */
  readonly next: Instant | undefined
}

export type Trial = {
  readonly role: RoleName
  readonly revision: string
  readonly startedAt: Instant
  readonly stage:
    | { readonly kind: 'steps' }
    | { readonly kind: 'promoting' }
    /** It has all the traffic and must prove itself once more; `stepStartedAt` says since when. */
    | { readonly kind: 'verifying' }
    | { readonly kind: 'retreating'; readonly why: Failure; readonly outcome: 'failed' | 'forget' }
  /** Index into the candidate's steps; their number once all are done. */
  readonly step: number
  readonly stepStartedAt: Instant
  /** Since when the candidate has had traffic; metric windows begin here. */
  readonly trafficSince: Instant | undefined
  /** The Service of its role, also where the plan does not name it any more. */
  readonly service: string
  /** The newest command obeyed, where somebody outside commands the steps. */
  readonly command: Command | undefined
}

export type Failure = {
  readonly role: RoleName
  readonly revision: string
  readonly reason: ReasonType
  readonly message: string
  readonly at: Instant
  /** Version of the command that it had, where somebody outside commands it: a newer one begins anew. */
  readonly command?: number | undefined
}

export type Verdict = 'passing' | 'failing' | 'needMoreData' | 'noData' | 'error'

/** Everything measured of one revision on trial. Counts never fall. */
export type AnalysisState = {
  readonly role: RoleName
  readonly revision: string
  readonly metrics: readonly MetricState[]
}

export type MetricState = {
  readonly name: string
  readonly verdict: Verdict
  readonly good: number
  readonly bad: number
  readonly missing: number
  readonly errors: number
  /** Newest last, bounded. */
  readonly samples: readonly Sample[]
}

export type Sample = {
  readonly at: Instant
  /** `needMoreData` of a sample that stands for too few requests; it counts nothing. */
  readonly verdict: Verdict
  readonly value: number | undefined
  readonly message: string | undefined
}

export type RoleState = {
  readonly role: RoleName
  readonly revision: string
  readonly replicas: number
  readonly ready: number
  readonly wanted: number
  readonly confirmed: number
  /** First image of the revision, where it is known: what people tell versions apart by. */
  readonly image?: string | undefined
  /** Where a candidate has its Service and its workload, also when the plan does not name it any more. */
  readonly service?: string | undefined
  readonly seat?: RoleSeat | undefined
}

export type DecisionRecord = {
  readonly at: Instant
  readonly action: string
  readonly reason: ReasonType
  readonly message: string
  readonly revision: string
  readonly step: number | undefined
  readonly by: string | undefined
  /** The id of the command that it answers, so that none is consumed twice. */
  readonly actionId: string | undefined
}

/** Bounds of what is kept, so that status stays far below 64 KiB. */
export const keep = {
  decisions: 24,
  failures: 8,
  samples: 10,
  message: 512,
  sampleMessage: 96,
  events: 32,
  eventText: 256,
} as const

/** What a candidate's trial has come to; undefined where none is under way. */
export function trialOf({ trials }: Pick<Notebook, 'trials'>, role: RoleName): Trial | undefined {
  return trials.find((trial) => trial.role === role)
}

/** What was measured of a candidate. */
export function analysisOf(
  { analyses }: Pick<Notebook, 'analyses'>,
  role: RoleName,
): AnalysisState | undefined {
  return analyses.find((one) => one.role === role)
}

/** The newest look at one count of a candidate. */
export function lookOf(
  { looks }: Pick<Notebook, 'looks'>,
  role: RoleName,
  metric: string,
): Look | undefined {
  return looks.find((one) => one.role === role && one.metric === metric)
}

/** A state, and when this process first saw it. */
export type Since = { readonly token: string; readonly at: Instant }

/** What the shell keeps in memory between passes and may lose at any time: losing it only makes us wait again. */
export type Memo = {
  /** When this process first saw the route accepted in this shape. */
  readonly accepted: Since | undefined
  /** Whose pods each Service lists. */
  readonly listings: readonly (Since & { readonly service: string })[]
  /** When anything last moved, for each candidate under way. */
  readonly progress: readonly {
    readonly role: RoleName
    readonly sign: string
    readonly at: Instant
  }[]
  readonly reason: { readonly sign: string; readonly since: Instant } | undefined
  readonly analyses: readonly AnalysisState[]
  readonly looks: readonly Look[]
  /** What the gates of present steps were answered. */
  readonly gates: readonly GateState[]
}

export const emptyMemo: Memo = {
  accepted: undefined,
  listings: [],
  progress: [],
  reason: undefined,
  analyses: [],
  looks: [],
  gates: [],
}
