/** Wire shapes of workloads, Services and endpoints, as far as we look at them. */
import type { KubeObject, LabelSelector, Labels } from './meta.ts'

export type Container = {
  readonly name: string
  readonly image?: string
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
  readonly [field: string]: unknown
}

/** A pod template as somebody wrote it; what we do not know is kept. */
export type PodTemplate = {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels }
  readonly spec: { readonly containers: readonly Container[]; readonly [field: string]: unknown }
}

export type ReplicaSet = KubeObject & {
  readonly spec: {
    readonly replicas?: number
    readonly minReadySeconds?: number
    readonly selector: LabelSelector
    readonly template: PodTemplate
  }
  readonly status?: {
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly availableReplicas?: number
    readonly observedGeneration?: number
  }
}

/** A Deployment, ReplicaSet or ReplicationController, as far as they are alike. */
export type Workload = KubeObject & {
  readonly spec: {
    readonly replicas?: number
    readonly selector?: unknown
    readonly template: PodTemplate
    readonly paused?: boolean
  }
  readonly status?: {
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly availableReplicas?: number
    readonly updatedReplicas?: number
    readonly observedGeneration?: number
  }
}

export type ServicePort = {
  readonly name?: string
  readonly port: number
  readonly targetPort?: number | string
  readonly protocol?: string
}

export type Service = KubeObject & {
  readonly spec: { readonly selector?: Labels; readonly ports?: readonly ServicePort[] }
}
