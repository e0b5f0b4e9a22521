/** `canary.atze.io/v1` CanaryApp as it stands on the wire, and the names of all that is made for one. */
import type { ReleaseStatus } from '#core/api/release.ts'
import type { Condition, KubeObject, Labels } from '#core/k8s/meta.ts'
import type { Container, PodTemplate } from '#core/k8s/workloads.ts'
import type { RoleName } from '#core/model/weights.ts'

/** The role, and the Istio subset, of the image on trial; the engine's `stable` is the subset `primary`. */
export const secondary: RoleName = 'secondary'

/** Any value of this annotation has the image tested again that failed; it is taken off when it is obeyed. */
export const retryAnnotation = 'canary.atze.io/retry'

/** Times are whole seconds. */
export type CanaryAppSpec = {
  readonly image: string
  readonly imageListenPort: number
  readonly replicas: number
  readonly testReplicas: number
  /** Any series in its answer means that the image on trial is bad. Empty: nobody is asked. */
  readonly prometheusQuery: string
  readonly prometheusURL: string
  readonly failWhenPrometheusFails?: boolean
  readonly trafficShiftUpdateInterval?: number
  readonly deploymentReadyWaitTime?: number
  // From here on, what the original had not.
  readonly deploymentReadyTimeout?: number
  readonly trafficShiftStep?: number
  readonly trafficShiftLimit?: number
  readonly trafficSettleTime?: number
  readonly prometheusScrapeInterval?: number
  readonly prometheusSecret?: string
  readonly prometheusCABundle?: string
  readonly hosts?: readonly string[]
  readonly template?: TemplateExtras
}

/** What pods have beyond image and port. The container named like the CanaryApp is the one that runs the image. */
export type TemplateExtras = {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels }
  readonly spec?: {
    readonly containers?: readonly Container[]
    readonly [field: string]: unknown
  }
}

export type FailedImage = {
  readonly image: string
  readonly at: string
  readonly reason: string
  readonly message: string
}

export type CanaryAppStatus = {
  readonly successfulRelease: boolean
  readonly testRunning: boolean
  /** Per cent of the traffic that the image on trial has. */
  readonly trafficShift: number
  /** A whole image reference; empty where none has failed since the last success. */
  readonly lastFailedTag: string
  readonly lastTrafficShift?: string
  readonly lastFailedImage?: string
  /** Newest last, bounded. */
  readonly failedImages?: readonly FailedImage[]
  /** The image that users trust, and the one on trial. */
  readonly primaryImage?: string
  readonly testedImage?: string
  readonly observedGeneration?: number
  readonly phase?: string
  readonly reason?: string
  readonly message?: string
  readonly readyReplicas?: number
  readonly conditions?: readonly Condition[]
  /** Images by the revisions that `headgate` speaks of. */
  readonly images?: Readonly<Record<string, string>>
  /** The engine's notebook. */
  readonly headgate?: ReleaseStatus
}

export type CanaryApp = KubeObject & {
  readonly spec: CanaryAppSpec
  readonly status?: CanaryAppStatus
}

/** Names of its Deployments; of both VirtualServices, where the first is also that of all else. */
export const namesOf = (name: string) =>
  ({ primary: `${name}-primary`, secondary: `${name}-secondary`, mesh: `${name}-mesh` }) as const

/** What all its pods have in common, and by what each role's are told apart. */
export const podLabels = (name: string) =>
  ({
    all: { app: name, owner: 'canaryop' },
    primary: { service: 'primary' },
    secondary: { service: 'secondary' },
  }) as const

/** Seconds between ending a pod and stopping it: gateways hear of its end a little later. */
const lingerSeconds = 5

/**
 * The pods that run an image: one container named like the CanaryApp with one port named http, and what the optional
 * template adds to it.
 */
export function podTemplate({ metadata, spec }: CanaryApp, image: string): PodTemplate {
  const { containers = [], ...rest } = spec.template?.spec ?? {}
  const { name } = metadata
  const own = containers.find((one) => one.name === name)
  const lifecycle = { preStop: { sleep: { seconds: lingerSeconds } } }
  const main: Container = {
    lifecycle,
    ...own,
    name,
    image,
    ports: portsOf(own, spec.imageListenPort),
  }
  const { labels = {}, annotations } = spec.template?.metadata ?? {}
  return {
    metadata: {
      labels: { ...labels, ...podLabels(name).all },
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: { ...rest, containers: [main, ...containers.filter((one) => one !== own)] },
  }
}

type Ports = NonNullable<Container['ports']>

function portsOf(own: Container | undefined, port: number): Ports {
  const others = (own?.ports ?? []).filter(
    ({ name, containerPort }) => name !== 'http' && containerPort !== port,
  )
  return [{ name: 'http', containerPort: port }, ...others]
}

/** A sentence of the engine's in which images stand for the revisions that run them. */
export function withImages(text: string, images: Readonly<Record<string, string>> = {}): string {
  return Object.entries(images).reduce(
    (told, [revision, image]) => told.replaceAll(`revision ${revision}`, image),
    text,
  )
}

/** The image of a template's first container, which is the one that podTemplate puts there. */
export function imageIn({ spec }: PodTemplate): string {
  return spec.containers[0]?.image ?? ''
}
