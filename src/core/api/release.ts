/** `headgate.dev/v1alpha1` Release as it stands on the wire. */
import type { Condition, KubeObject, Labels } from '../k8s/meta.ts'
import type { PodTemplate } from '../k8s/workloads.ts'
import type { Policy } from '../model/app.ts'
import type { Phase, Verdict } from '../model/notebook.ts'

export const releaseApiVersion = 'headgate.dev/v1alpha1'

export type Release = KubeObject & { readonly spec: ReleaseSpec; readonly status?: ReleaseStatus }

export type ReleaseSpec = {
  readonly replicas?: number
  readonly selector: { readonly matchLabels: Labels }
  readonly template: PodTemplate
  readonly services: { readonly stable: string; readonly candidate: string }
  readonly traffic: { readonly router?: string; readonly route: string; readonly settle?: string }
  readonly strategy: { readonly canary: { readonly steps: readonly ReleaseStep[] } }
  readonly analysis?: ReleaseAnalysis
  readonly progressDeadline?: string
}

/** One of weight (with replicas or not), replicas, pause, analysis. `pause` is a duration or `{}` for open. */
export type ReleaseStep = {
  readonly weight?: number
  readonly replicas?: number
  readonly pause?: string | Readonly<Record<string, never>>
  readonly analysis?: readonly string[]
}

export type ReleaseAnalysis = {
  readonly provider: { readonly prometheus: { readonly address: string } }
  readonly warmup?: string
  readonly metrics: readonly ReleaseMetric[]
}

export type ReleaseMetric = {
  readonly name: string
  readonly template?: string
  readonly query?: string
  readonly max?: number
  readonly min?: number
  readonly interval?: string
  readonly window?: string
  readonly failures?: number
  readonly count?: number
  readonly onNoData?: Policy
  readonly onError?: Policy
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
  readonly step?: { readonly index: number; readonly of: number; readonly startedAt?: string }
  readonly stable?: RoleStatus
  readonly candidates?: readonly (RoleStatus & { readonly name: string })[]
  readonly trial?: TrialStatus
  readonly failed?: FailureStatus
  readonly paused?: { readonly at: string; readonly by: string }
  readonly measurements?: readonly MeasurementStatus[]
  readonly decisions?: readonly DecisionStatus[]
  readonly conditions?: readonly Condition[]
  /** `20/100`, for a printer column. */
  readonly weights?: string
}

export type RoleStatus = {
  readonly revision: string
  readonly replicas: number
  readonly ready: number
  readonly weight: { readonly wanted: number; readonly confirmed: number }
}

export type FailureStatus = {
  readonly revision: string
  readonly reason: string
  readonly message: string
  readonly at: string
}

export type TrialStatus = {
  readonly revision: string
  readonly startedAt: string
  readonly stage: 'steps' | 'promoting' | 'retreating'
  readonly outcome?: 'failed' | 'forget'
  readonly why?: FailureStatus
  readonly trafficSince?: string
}

export type MeasurementStatus = {
  readonly metric: string
  readonly revision: string
  readonly verdict: Verdict
  readonly good: number
  readonly bad: number
  readonly missing: number
  readonly errors: number
  readonly samples?: readonly {
    readonly at: string
    readonly verdict: 'passing' | 'failing' | 'noData' | 'error'
    readonly value?: number
    readonly message?: string
  }[]
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
