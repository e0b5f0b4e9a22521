/** The wire shapes of the built-in kinds, as far as the local cluster's controllers and kubelet look at them. */
import type { Condition, KubeObject, LabelSelector, Labels, ObjectMeta } from '#core/k8s/meta.ts'

type ContainerPort = {
  readonly name?: string
  readonly containerPort: number
  readonly protocol?: string
}

type HttpGet = {
  readonly path?: string
  readonly port: number | string
  readonly host?: string
  readonly scheme?: string
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[]
}

export type Probe = {
  readonly httpGet?: HttpGet
  readonly tcpSocket?: { readonly port: number | string }
  readonly exec?: { readonly command?: readonly string[] }
  readonly grpc?: { readonly port: number }
  readonly initialDelaySeconds?: number
  readonly periodSeconds?: number
  readonly timeoutSeconds?: number
  readonly successThreshold?: number
  readonly failureThreshold?: number
  readonly terminationGracePeriodSeconds?: number
}

export type EnvVar = {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string }
    readonly configMapKeyRef?: {
      readonly name: string
      readonly key: string
      readonly optional?: boolean
    }
    readonly secretKeyRef?: {
      readonly name: string
      readonly key: string
      readonly optional?: boolean
    }
  }
}

export type EnvSource = {
  readonly prefix?: string
  readonly configMapRef?: { readonly name: string; readonly optional?: boolean }
  readonly secretRef?: { readonly name: string; readonly optional?: boolean }
}

export type Container = {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly EnvSource[]
  readonly ports?: readonly ContainerPort[]
  readonly readinessProbe?: Probe
  readonly livenessProbe?: Probe
  readonly startupProbe?: Probe
  readonly restartPolicy?: string
  readonly lifecycle?: {
    readonly preStop?: {
      readonly sleep?: { readonly seconds: number }
      readonly exec?: { readonly command?: readonly string[] }
      readonly httpGet?: HttpGet
    }
  }
}

export type PodSpec = {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly nodeName?: string
  readonly nodeSelector?: Labels
  readonly tolerations?: readonly Toleration[]
  readonly restartPolicy?: string
  readonly hostname?: string
  readonly subdomain?: string
  readonly schedulerName?: string
  readonly serviceAccountName?: string
  readonly terminationGracePeriodSeconds?: number
  readonly readinessGates?: readonly { readonly conditionType: string }[]
}

export type PodCondition = Omit<Condition, 'lastTransitionTime' | 'reason' | 'message'> & {
  readonly lastTransitionTime?: string
  readonly reason?: string
  readonly message?: string
}

export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated }

export type Terminated = {
  readonly exitCode: number
  readonly signal?: number
  readonly reason: string
  readonly message?: string
  readonly startedAt: string
  readonly finishedAt: string
  readonly containerID?: string
}

export type ContainerStatus = {
  readonly name: string
  readonly image: string
  readonly imageID: string
  readonly containerID?: string
  readonly ready: boolean
  readonly started: boolean
  readonly restartCount: number
  readonly state: ContainerState
  readonly lastState: Partial<{ readonly terminated: Terminated }>
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'

export type PodStatus = {
  readonly phase?: PodPhase
  readonly reason?: string
  readonly message?: string
  readonly observedGeneration?: number
  readonly conditions?: readonly PodCondition[]
  readonly hostIP?: string
  readonly hostIPs?: readonly { readonly ip: string }[]
  readonly podIP?: string
  readonly podIPs?: readonly { readonly ip: string }[]
  readonly startTime?: string
  readonly qosClass?: string
  readonly containerStatuses?: readonly ContainerStatus[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
}

export type Pod = KubeObject & { readonly spec: PodSpec; readonly status?: PodStatus }

export type PodTemplate = {
  readonly metadata?: Partial<ObjectMeta>
  readonly spec: PodSpec
}

export type WorkloadCondition = {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly lastUpdateTime?: string
  readonly lastTransitionTime?: string
  readonly reason?: string
  readonly message?: string
}

export type ReplicaStatus = {
  readonly replicas: number
  readonly fullyLabeledReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly observedGeneration?: number
  readonly conditions?: readonly WorkloadCondition[]
}

export type ReplicaSet = KubeObject & {
  readonly spec: {
    readonly replicas?: number
    readonly minReadySeconds?: number
    readonly selector: LabelSelector
    readonly template: PodTemplate
  }
  readonly status?: ReplicaStatus
}

export type ReplicationController = KubeObject & {
  readonly spec: {
    readonly replicas?: number
    readonly minReadySeconds?: number
    readonly selector?: Labels
    readonly template?: PodTemplate
  }
  readonly status?: ReplicaStatus
}

export type IntOrPercent = number | string

type DeploymentSpec = {
  readonly replicas?: number
  readonly minReadySeconds?: number
  readonly progressDeadlineSeconds?: number
  readonly revisionHistoryLimit?: number
  readonly paused?: boolean
  readonly selector: LabelSelector
  readonly template: PodTemplate
  readonly strategy?: {
    readonly type?: string
    readonly rollingUpdate?: {
      readonly maxSurge?: IntOrPercent
      readonly maxUnavailable?: IntOrPercent
    }
  }
}

export type DeploymentStatus = {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly unavailableReplicas?: number
  readonly collisionCount?: number
  readonly conditions?: readonly WorkloadCondition[]
}

export type Deployment = KubeObject & {
  readonly spec: DeploymentSpec
  readonly status?: DeploymentStatus
}

type ServicePort = {
  readonly name?: string
  readonly port: number
  readonly targetPort?: number | string
  readonly protocol?: string
  readonly appProtocol?: string
}

export type Service = KubeObject & {
  readonly spec: {
    readonly type?: string
    readonly clusterIP?: string
    readonly selector?: Labels
    readonly ports?: readonly ServicePort[]
    readonly publishNotReadyAddresses?: boolean
    readonly ipFamilies?: readonly string[]
  }
}

type TargetRef = {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly uid?: string
}

export type SliceEndpoint = {
  readonly addresses: readonly string[]
  readonly conditions: {
    readonly ready?: boolean
    readonly serving?: boolean
    readonly terminating?: boolean
  }
  readonly hostname?: string
  readonly targetRef?: TargetRef
  readonly nodeName?: string
  readonly zone?: string
}

export type SlicePort = {
  readonly name?: string
  readonly port?: number
  readonly protocol?: string
  readonly appProtocol?: string
}

export type EndpointSlice = KubeObject & {
  readonly addressType: string
  readonly endpoints?: readonly SliceEndpoint[] | null
  readonly ports?: readonly SlicePort[] | null
}

export type EndpointAddress = {
  readonly ip: string
  readonly hostname?: string
  readonly nodeName?: string
  readonly targetRef?: TargetRef
}

export type EndpointSubset = {
  readonly addresses?: readonly EndpointAddress[]
  readonly notReadyAddresses?: readonly EndpointAddress[]
  readonly ports?: readonly SlicePort[]
}

export type Endpoints = KubeObject & { readonly subsets?: readonly EndpointSubset[] | null }

export type Namespace = KubeObject & {
  readonly spec?: { readonly finalizers?: readonly string[] }
  readonly status?: { readonly phase?: string; readonly conditions?: readonly PodCondition[] }
}

export type Taint = {
  readonly key: string
  readonly value?: string
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

export type Toleration = {
  readonly key?: string
  readonly operator?: 'Exists' | 'Equal'
  readonly value?: string
  readonly effect?: string
}

export type Node = KubeObject & {
  readonly spec?: {
    readonly unschedulable?: boolean
    readonly podCIDR?: string
    readonly taints?: readonly Taint[]
  }
  readonly status?: {
    readonly conditions?: readonly (PodCondition & { readonly lastHeartbeatTime?: string })[]
    readonly addresses?: readonly { readonly type: string; readonly address: string }[]
    readonly capacity?: Labels
    readonly allocatable?: Labels
    readonly nodeInfo?: Labels
    readonly daemonEndpoints?: unknown
  }
}
