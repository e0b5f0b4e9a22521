/** `headgate.dev/v1alpha1` Release as it stands on the wire. */
import type { Condition, KubeObject, Labels } from '../k8s/meta.ts'
import type { PodTemplate, ServicePort } from '../k8s/workloads.ts'
import type { RoleSeat, Verb } from '../model/app.ts'
import type { Finished, Phase, Taken, Trial, Verdict } from '../model/notebook.ts'
import type { Weights } from '../model/weights.ts'
import type { ReleaseExtras } from './extras.ts'
import type { ReleaseAnalysis } from './release-analysis.ts'
import type { BlueGreenStrategy } from './strategy/blue-green.ts'
import type { CanaryStrategy } from './strategy/canary.ts'
import type { CommandedStrategy } from './strategy/commanded.ts'
import type { ExperimentStrategy } from './strategy/experiment.ts'
import type { RollingStrategy } from './strategy/rolling.ts'

import type { ReleaseWorkloads } from './workloads.ts'

export const releaseApiVersion = 'headgate.dev/v1alpha1'

export type Release = KubeObject & { readonly spec: ReleaseSpec; readonly status?: ReleaseStatus }

export type ReleaseSpec = {
  readonly replicas?: number
  /** Instead of selector and template, which are taken from it then; see reference.ts. */
  readonly workloadRef?: { readonly kind?: 'Deployment'; readonly name: string }
  readonly selector: { readonly matchLabels: Labels }
  readonly template: PodTemplate
  /** The name that the template's revision gets; its hash where it is left out. */
  readonly revision?: string
  readonly workloads?: ReleaseWorkloads
  readonly services: {
    readonly stable: string
    readonly candidate?: string
    readonly candidates?: Readonly<Record<string, string>>
    /** How Services look that are not there yet. */
    readonly make?: {
      readonly labels?: Labels
      readonly selector?: Labels
      readonly ports?: readonly ServicePort[]
    }
  }
  readonly traffic: {
    readonly router?: string
    readonly route?: string
    readonly optional?: boolean
    /** Names of the routing objects of candidates, for routers that need one for each. */
    readonly names?: Readonly<Record<string, string>>
    readonly settle?: string
    readonly drain?: string
    readonly extras?: ReleaseExtras
  }
  readonly strategy: ReleaseStrategy
  readonly analysis?: ReleaseAnalysis
  readonly progressDeadline?: string
  /** Which commands people may give, and who commands instead of them. */
  readonly actions?: { readonly allow: readonly Verb[]; readonly instead?: string }
}

/** Exactly one of these. */
export type ReleaseStrategy = {
  readonly canary?: CanaryStrategy
  readonly blueGreen?: BlueGreenStrategy
  readonly rolling?: RollingStrategy
  readonly commanded?: CommandedStrategy
  readonly experiment?: ExperimentStrategy
}

export type ReleaseStatus = {
  readonly observedGeneration?: number
  readonly phase?: Phase
  readonly reason?: {
    readonly type: string
    readonly message: string
    readonly object?: string
    readonly since: string
    readonly next?: string
  }
  readonly step?: {
    /** From 0. */
    readonly index: number
    readonly of: number
    /** As people count: `2/4`; past the last step, what comes after it. */
    readonly text?: string
    readonly startedAt?: string
  }
  readonly stable?: RoleStatus
  readonly candidates?: readonly CandidateStatus[]
  /** Where the stable revision lives, if not in its own role. */
  readonly seat?: string
  readonly previous?: { readonly revision: string; readonly until: string }
  readonly trials?: readonly TrialStatus[]
  readonly failed?: readonly FailureStatus[]
  readonly paused?: { readonly at: string; readonly by: string }
  readonly measurements?: readonly MeasurementStatus[]
  readonly looks?: readonly LookStatus[]
  readonly concluded?: ConclusionStatus
  readonly taken?: Taken
  readonly finished?: readonly Finished[]
  readonly imagined?: Weights
  readonly decisions?: readonly DecisionStatus[]
  readonly conditions?: readonly Condition[]
  readonly outbox?: OutboxStatus
  /** Pods of stable and the labels of all pods, for the scale subresource. */
  readonly replicas?: number
  readonly selector?: string
  /** `20/100`, for a printer column. */
  readonly weights?: string
}

export type RoleStatus = {
  readonly revision: string
  readonly replicas: number
  readonly ready: number
  readonly weight: { readonly wanted: number; readonly confirmed: number }
  /** First image of the revision. */
  readonly image?: string
}

export type CandidateStatus = RoleStatus & {
  readonly name: string
  readonly service?: string
  /** Its workload, where workloads belong to roles. */
  readonly seat?: RoleSeat
}

export type FailureStatus = {
  readonly candidate: string
  readonly revision: string
  readonly reason: string
  readonly message: string
  readonly at: string
  readonly command?: number
}

export type TrialStatus = {
  readonly candidate: string
  readonly revision: string
  readonly service: string
  readonly step: number
  readonly stepStartedAt: string
  readonly startedAt: string
  readonly stage: Trial['stage']['kind']
  readonly outcome?: 'failed' | 'forget'
  readonly why?: FailureStatus
  readonly trafficSince?: string
  readonly command?: CommandStatus
}

export type CommandStatus = {
  readonly version: number
  readonly weight: number
  readonly replicas?: number
  readonly promote: boolean
}

export type MeasurementStatus = {
  readonly metric: string
  readonly candidate: string
  readonly revision: string
  readonly verdict: Verdict
  readonly good: number
  readonly bad: number
  readonly missing: number
  readonly errors: number
  readonly samples?: readonly {
    readonly at: string
    readonly verdict: Verdict
    readonly value?: number
    readonly message?: string
  }[]
}

/** The newest look at a candidate of an experiment: what was counted of it and of stable, and how sure the judge is. */
export type LookStatus = {
  readonly candidate: string
  readonly metric: string
  readonly revision: string
  readonly at: string
  readonly looks: number
  readonly counted?: CountedStatus
  readonly stable?: CountedStatus
  readonly confidence?: number
  readonly effect?: number
  readonly message?: string
}

export type CountedStatus = { readonly hits: number; readonly of: number; readonly rate: number }

export type ConclusionStatus = {
  readonly at: string
  readonly winner?: string
  readonly reason: string
  readonly message: string
  readonly sign: string
  readonly open: boolean
}

export type DecisionStatus = {
  readonly at: string
  readonly action: string
  readonly reason: string
  readonly message: string
  readonly revision: string
  readonly step?: number
  readonly by?: string
  readonly actionId?: string
}

export type OutboxStatus = {
  readonly pending?: readonly EventStatus[]
  /** Given up, because too many were pending. */
  readonly dropped?: number
}

export type EventStatus = {
  readonly id: string
  readonly at: string
  readonly action: string
  readonly reason: string
  readonly message: string
  readonly revision: string
  readonly candidate?: string
  readonly step?: number
  readonly by?: string
  readonly image: string
  readonly generation?: number
}
