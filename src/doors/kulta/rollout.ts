/** The Rollout of KULTA as it stands on the wire; v1alpha1 and v1beta1 say the same with the same fields. */
import type { KubeObject, Labels } from '#core/k8s/meta.ts'
import type { PodTemplate } from '#core/k8s/workloads.ts'

export const group = 'kulta.io'
export const versions = ['v1alpha1', 'v1beta1'] as const
/** The version that is stored, and in which the controller reads and writes. */
export const storedVersion = 'v1beta1'

export type Rollout = KubeObject & {
  readonly spec: RolloutSpec
  readonly status?: unknown
}

export type RolloutSpec = {
  readonly replicas?: number
  readonly selector: { readonly matchLabels?: Labels; readonly matchExpressions?: unknown }
  readonly template: PodTemplate
  readonly strategy: RolloutStrategy
  readonly maxSurge?: string
  readonly maxUnavailable?: string
  readonly progressDeadlineSeconds?: number
  readonly advisor?: Advisor
}

type Advisor = {
  readonly level?: 'Off' | 'Context' | 'Advised' | 'Planned' | 'Driven'
  readonly endpoint?: string
  readonly timeoutSeconds?: number
}

/** Of several, the first counts: simple, blueGreen, abTesting, canary. */
type RolloutStrategy = {
  readonly simple?: SimpleStrategy
  readonly blueGreen?: BlueGreenStrategy
  readonly abTesting?: AbTestingStrategy
  readonly canary?: CanaryStrategy
}

export type SimpleStrategy = { readonly analysis?: RolloutAnalysis }

export type CanaryStrategy = {
  readonly canaryService: string
  readonly stableService: string
  readonly port?: number
  readonly steps?: readonly CanaryStep[]
  readonly trafficRouting?: TrafficRouting
  readonly analysis?: RolloutAnalysis
}

type CanaryStep = {
  readonly setWeight?: number
  /** Without a duration it waits until somebody promotes. */
  readonly pause?: { readonly duration?: string }
}

export type BlueGreenStrategy = {
  readonly activeService: string
  readonly previewService: string
  readonly port?: number
  readonly autoPromotionEnabled?: boolean
  readonly autoPromotionSeconds?: number
  readonly trafficRouting?: TrafficRouting
  readonly analysis?: RolloutAnalysis
}

export type AbTestingStrategy = {
  readonly variantAService: string
  readonly variantBService: string
  readonly variantBMatch: {
    readonly header?: {
      readonly name: string
      readonly value: string
      readonly type?: 'Exact' | 'RegularExpression'
    }
    readonly cookie?: { readonly name: string; readonly value: string }
  }
  readonly port?: number
  readonly trafficRouting?: TrafficRouting
  readonly maxDuration?: string
  readonly analysis?: AbAnalysis
}

type TrafficRouting = { readonly gatewayAPI?: { readonly httpRoute: string } }

export type RolloutAnalysis = {
  readonly prometheus?: { readonly address?: string }
  readonly failurePolicy?: FailurePolicy
  readonly warmupDuration?: string
  readonly metrics?: readonly RolloutMetric[]
}

export type FailurePolicy = 'Pause' | 'Continue' | 'Rollback'

export type RolloutMetric = {
  readonly name: string
  readonly threshold: number
  readonly interval?: string
  readonly failureThreshold?: number
  readonly minSampleSize?: number
  /** PromQL of one's own instead of the built-in query of this name. */
  readonly query?: string
}

export type AbAnalysis = {
  readonly prometheus?: { readonly address?: string }
  readonly metrics?: readonly AbMetric[]
  readonly minDuration?: string
  readonly minSampleSize?: number
  readonly confidenceLevel?: number
  /** The confidence holds however often is looked; KULTA's own test holds for one look. */
  readonly sequential?: boolean
}

export type AbMetric = {
  readonly name: string
  readonly direction: 'lower' | 'higher'
  readonly minEffectSize?: number
  /** PromQL of one's own for what is counted, and for out of how many. */
  readonly query?: string
  readonly totalQuery?: string
}

export type StrategyName = 'simple' | 'blue-green' | 'ab-testing' | 'canary'

/** The strategy that counts, by the name that events give it. */
export function strategyOf({ strategy }: RolloutSpec): StrategyName {
  if (strategy.simple !== undefined) return 'simple'
  if (strategy.blueGreen !== undefined) return 'blue-green'
  if (strategy.abTesting !== undefined) return 'ab-testing'
  return 'canary'
}

export const concludeAnnotation = 'kulta.io/conclude-experiment'

export const labels = {
  type: 'rollouts.kulta.io/type',
  managed: 'rollouts.kulta.io/managed',
  rollout: 'rollouts.kulta.io/rollout',
  hash: 'pod-template-hash',
} as const
