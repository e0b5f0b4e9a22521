/**
 * What is remembered of a release between passes and cannot be observed: where it stands, since when, what was
 * measured, who asked for what. It is kept in the object's status; everything else is read from the cluster.
 */
import type { Condition } from '../k8s/meta.ts'
import type { ReasonType } from '../reasons.ts'
import type { Instant } from '../time.ts'
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
  /** The revision on trial, if any. */
  readonly trial: Trial | undefined
  /** The last revision that was turned back; it stays so until another target or a retry. */
  readonly failed: Failure | undefined
  readonly paused: { readonly at: Instant; readonly by: string } | undefined
  readonly analysis: AnalysisState | undefined
  /** What was seen of each role when this was written. */
  readonly roles: readonly RoleState[]
  readonly decisions: readonly DecisionRecord[]
  readonly conditions: readonly Condition[]
}

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
  readonly revision: string
  readonly startedAt: Instant
  readonly stage:
    | { readonly kind: 'steps' }
    | { readonly kind: 'promoting' }
    | { readonly kind: 'retreating'; readonly why: Failure; readonly outcome: 'failed' | 'forget' }
  /** Index into the plan's steps; their number once all are done. */
  readonly step: number
  readonly stepStartedAt: Instant
  /** Since when the candidate has had traffic; metric windows begin here. */
  readonly trafficSince: Instant | undefined
}

export type Failure = {
  readonly revision: string
  readonly reason: ReasonType
  readonly message: string
  readonly at: Instant
}

export type Verdict = 'passing' | 'failing' | 'needMoreData' | 'noData' | 'error'

/** Everything measured of one revision on trial. Counts never fall. */
export type AnalysisState = {
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
  readonly verdict: 'passing' | 'failing' | 'noData' | 'error'
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
export const keep = { decisions: 24, samples: 10, message: 512, sampleMessage: 96 } as const

/** What the shell keeps in memory between passes and may lose at any time: losing it only makes us wait again. */
export type Memo = {
  /** When this process first saw the route accepted in this shape. */
  readonly accepted: { readonly token: string; readonly at: Instant } | undefined
  /** When anything last moved. */
  readonly progress: { readonly sign: string; readonly at: Instant } | undefined
  readonly reason: { readonly sign: string; readonly since: Instant } | undefined
  readonly analysis: AnalysisState | undefined
}

export const emptyMemo: Memo = {
  accepted: undefined,
  progress: undefined,
  reason: undefined,
  analysis: undefined,
}

/** What was asked for of the weights, with who confirmed it. */
export type WeightsSeen = { readonly wanted: Weights; readonly confirmed: Weights }
