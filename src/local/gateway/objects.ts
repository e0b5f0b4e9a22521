/** The parts of Services, EndpointSlices and Pods that the data plane looks at, trimmed as they arrive. */
import type { KubeObject, ObjectMeta } from '#core/k8s/meta.ts'

export type ServicePort = {
  readonly name?: string
  readonly port: number
  readonly protocol?: string
  readonly targetPort?: number | string
  readonly appProtocol?: string
}

export type Service = KubeObject & {
  readonly spec?: {
    readonly ports?: readonly ServicePort[]
    readonly type?: string
  }
}

export type Endpoint = {
  readonly addresses: readonly string[]
  readonly conditions?: {
    readonly ready?: boolean | null
    readonly serving?: boolean | null
    readonly terminating?: boolean | null
  }
  readonly targetRef?: {
    readonly kind?: string
    readonly namespace?: string
    readonly name?: string
    readonly uid?: string
  }
}

export type EndpointSlice = KubeObject & {
  readonly addressType?: string
  readonly endpoints?: readonly Endpoint[] | null
  readonly ports?:
    | readonly { readonly name?: string | null; readonly port?: number | null }[]
    | null
}

export type ContainerPort = { readonly name?: string; readonly containerPort: number }

export type Pod = KubeObject & {
  readonly spec?: {
    readonly containers?: readonly {
      readonly name: string
      readonly ports?: readonly ContainerPort[]
    }[]
  }
  readonly status?: { readonly phase?: string; readonly podIP?: string }
}

/** The label by which a slice names its Service. */
export const serviceNameLabel = 'kubernetes.io/service-name'

/** Keeps of a Pod what is needed to reach it and to label its series. */
export function trimPod(object: KubeObject): Pod {
  const pod = object as Pod
  return {
    ...trimmed(pod),
    spec: {
      containers: (pod.spec?.containers ?? []).map(({ name, ports }) => ({
        name,
        ...(ports === undefined ? {} : { ports }),
      })),
    },
    status: pick(pod.status, ['phase', 'podIP']),
  }
}

/** Keeps of a Service its ports. */
export function trimService(object: KubeObject): Service {
  const service = object as Service
  return { ...trimmed(service), spec: pick(service.spec, ['ports', 'type']) }
}

function trimmed({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const kept: (keyof ObjectMeta)[] = [
    'name',
    'namespace',
    'uid',
    'resourceVersion',
    'deletionTimestamp',
    'labels',
    'annotations',
    'ownerReferences',
  ]
  return { apiVersion, kind, metadata: pick(metadata, kept) as ObjectMeta }
}

function pick<T extends object, K extends keyof T>(from: T | undefined, keys: readonly K[]) {
  const kept: Partial<Pick<T, K>> = {}
  if (from === undefined) return kept
  for (const key of keys) if (from[key] !== undefined) kept[key] = from[key]
  return kept
}

/** A Secret that may hold a certificate; values are base64. */
export type Secret = KubeObject & { readonly data?: Readonly<Record<string, string>> }

export type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> }

/** Keeps of a Secret what a TLS listener needs; nothing at all of other Secrets. */
export function trimSecret(object: KubeObject): Secret {
  const { data } = object as Secret
  return { ...trimmed(object), ...(data === undefined ? {} : { data: pick(data, tlsKeys) as {} }) }
}

const tlsKeys = ['tls.crt', 'tls.key']

/** Keeps of a ConfigMap its text. */
export function trimConfigMap(object: KubeObject): ConfigMap {
  const { data } = object as ConfigMap
  return { ...trimmed(object), ...(data === undefined ? {} : { data }) }
}

/** `namespace/name`, the way caches call it. */
export function keyOf({ metadata }: KubeObject): string {
  return `${namespaceOf({ metadata })}/${metadata.name}`
}

export function namespaceOf({ metadata }: Pick<KubeObject, 'metadata'>): string {
  return metadata.namespace ?? 'default'
}

/** The older object first, as all gateways have it; among those of one second by key. */
export function byAge(a: KubeObject, b: KubeObject): number {
  const [left, right] = [a, b].map(
    (object) => `${object.metadata.creationTimestamp ?? ''} ${keyOf(object)}`,
  ) as [string, string]
  return left < right ? -1 : left > right ? 1 : 0
}
