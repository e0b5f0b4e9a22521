/** What a door understood of its input: one application, the revision asked for, and the plan to get there. */
import type { Labels, OwnerReference } from '../k8s/meta.ts'
import type { PodTemplate } from '../k8s/workloads.ts'
import type { Instant } from '../time.ts'
import type { RoleName } from './weights.ts'

export type App = {
  /** The door that owns it, by its name in the register. */
  readonly door: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly createdAt: Instant
  /** When somebody asked for its deletion, if somebody did. */
  readonly deletedAt: Instant | undefined
  readonly resourceVersion: string
  readonly finalizers: readonly string[]
  readonly owner: OwnerReference
  readonly template: PodTemplate
  /** Hash of the template as its author wrote it; see revision.ts. */
  readonly written: string
  readonly replicas: number
  /** Labels that select the app's pods; every workload adds its revision to them. */
  readonly selector: Labels
  /** The Service of each role. */
  readonly services: Readonly<Record<RoleName, string>>
  readonly traffic: Traffic
  readonly plan: Plan
  readonly analysis: Analysis | undefined
  readonly progressDeadlineMs: number
  /** What somebody asks for now, if anything. */
  readonly action: ActionAsked | undefined
}

export type Traffic = {
  /** Name of a traffic router in its register. */
  readonly router: string
  /** Name of the routing object, in the app's namespace. */
  readonly route: string
  /** Overrides the router's own settle time. */
  readonly settleMs: number | undefined
}

/** How revisions trade places. More kinds join here. */
export type Plan = {
  readonly kind: 'canary'
  readonly candidate: RoleName
  readonly steps: readonly Step[]
}

export type Step =
  | { readonly kind: 'weight'; readonly weight: number; readonly replicas: number | undefined }
  | { readonly kind: 'replicas'; readonly replicas: number }
  | { readonly kind: 'pause'; readonly durationMs: number | undefined }
  | { readonly kind: 'analysis'; readonly metrics: readonly string[] }

export type Analysis = {
  readonly provider: MetricProviderRef
  /** Nothing is measured before the candidate has had traffic for this long. */
  readonly warmupMs: number
  readonly metrics: readonly Metric[]
}

export type MetricProviderRef = { readonly kind: 'prometheus'; readonly address: string }

/** What to do while there is nothing to judge. */
export type Policy = 'hold' | 'continue' | 'rollback'

export type Metric = {
  readonly name: string
  readonly query: MetricQuery
  /** A sample is good when min ≤ value ≤ max. */
  readonly max: number | undefined
  readonly min: number | undefined
  readonly intervalMs: number
  /** The stretch of time a sample looks back on; clipped to the candidate's life with traffic. */
  readonly windowMs: number
  /** So many bad samples turn the release back. */
  readonly failures: number
  /** So many good samples make it pass. */
  readonly count: number
  readonly onNoData: Policy
  readonly onError: Policy
}

export type MetricQuery =
  | { readonly kind: 'template'; readonly template: string }
  | { readonly kind: 'text'; readonly text: string }

export const verbs = [
  'pause',
  'resume',
  'promote',
  'promote-full',
  'abort',
  'retry',
  'undo',
  'restart',
] as const
export type Verb = (typeof verbs)[number]

/** A command from a person or a program, as it stands on the object. `problem` says why it cannot be one. */
export type ActionAsked =
  | { readonly kind: 'action'; readonly text: string; readonly action: Action }
  | {
      readonly kind: 'malformed'
      readonly text: string
      readonly id: string
      readonly problem: string
    }

/** The id under which it is written down what became of a command. */
export function actionId(asked: ActionAsked): string {
  return asked.kind === 'action' ? asked.action.id : asked.id
}

export type Action = {
  readonly id: string
  readonly verb: Verb
  readonly uid: string
  readonly revision: string
  readonly step: number | undefined
  readonly by: string
}
