/** The record of an experiment in the cluster: what was said of it last, and what became of that. */
import type { Kind } from '#core/k8s/kinds.ts'
import type { Condition, KubeObject } from '#core/k8s/meta.ts'
import type { Dimensions } from './context.ts'
import type { State, VariantType } from './event.ts'

export const experimentKind: Kind = {
  group: 'superposition.headgate.dev',
  version: 'v1alpha1',
  kind: 'Experiment',
  plural: 'experiments',
  namespaced: true,
}

export type Experiment = KubeObject & {
  readonly spec: ExperimentSpec
  readonly status?: ExperimentStatus
}

export type Variant = {
  readonly id: string
  /** In the names of its objects. */
  readonly name: string
  readonly type: VariantType
}

export type ExperimentSpec = {
  readonly organisation: string
  readonly workspace: string
  /** The workspace in the names of objects. */
  readonly service: string
  /** Its id; senders of old say none, and its variants stand for it. */
  readonly experiment?: string
  readonly name?: string
  /** Dimensions and their values. */
  readonly context: Dimensions
  /** Nobody said it: it is the configured default. */
  readonly namespaceAssumed?: boolean
  readonly state: State
  readonly trafficPercentage: number
  readonly variants: readonly Variant[]
  readonly chosenVariant?: string
  /** It was under way once. */
  readonly started: boolean
  readonly configVersion?: string
  readonly createdAt?: string
  /** RFC 3339 with microseconds; nothing older than this changes anything. */
  readonly lastModified: string
  readonly event: {
    readonly name: string
    /** When it was sent, as it says itself. */
    readonly time?: string
    readonly receivedAt: string
  }
}

export const phases = [
  'Pending',
  'Progressing',
  'Running',
  'Paused',
  'Promoting',
  'Concluded',
  'Discarded',
  'Refused',
  'Failed',
] as const
export type Phase = (typeof phases)[number]

export type ExperimentStatus = {
  readonly observedGeneration?: number
  readonly phase: Phase
  readonly message: string
  readonly release?: string
  /** What each variant gets: `variant-123=10`. */
  readonly weights?: string
  /** Names of the variants, for a printer column. */
  readonly variants?: string
  readonly outcome?: 'experimentalWon' | 'controlWon' | 'discarded'
  /** What went wrong last and is not over, if anything. */
  readonly error?: string
  readonly conditions?: readonly Condition[]
}
