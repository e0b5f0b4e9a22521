/** Which pods are scraped, and the labels their series get. */
import type { Labels } from '#core/k8s/meta.ts'
import type { Cache } from '#kube/cluster.ts'
import { podAddress, type SocketAddress, type StandIn } from '../gateway/addresses.ts'
import { type EndpointSlice, type Pod, type Service, serviceNameLabel } from '../gateway/objects.ts'
import type { SeriesLabels } from './store.ts'

export type Target = {
  /** The same as long as it is the same process. */
  readonly id: string
  readonly labels: SeriesLabels
  readonly from:
    | { readonly kind: 'http'; readonly address: SocketAddress; readonly path: string }
    | { readonly kind: 'function'; readonly read: () => string }
}

const roleLabel = 'headgate.dev/role'
const scrape = (what: string): string => `prometheus.io/${what}`

/** Running pods with a known address, one target a container port, unless `prometheus.io/scrape` is `false`. */
export function podTargets(
  caches: {
    readonly pods: Cache<Pod>
    readonly slices: Cache<EndpointSlice>
    readonly services: Cache<Service>
  },
  standIn: StandIn,
): readonly Target[] {
  const roles = rolesByService(caches.slices, caches.services)
  return [...caches.pods.values()].flatMap((pod) => {
    const annotations = pod.metadata.annotations ?? {}
    if (pod.status?.phase !== 'Running' || annotations[scrape('scrape')] === 'false') return []
    const only = annotations[scrape('port')]
    const path = annotations[scrape('path')] ?? '/metrics'
    return (pod.spec?.containers ?? []).flatMap((container, position) =>
      portsOf(container.ports, position).flatMap(({ containerPort }): Target[] => {
        if (only !== undefined && only !== String(containerPort)) return []
        const ip = pod.status?.podIP ?? ''
        const address = podAddress(pod, containerPort, ip, standIn)
        if (address === undefined) return []
        const labels = {
          ...podLabels(pod, roles.get(keyOf(pod))),
          container: container.name,
          job: 'pods',
          instance: `${ip === '' ? address.host : ip}:${containerPort}`,
        }
        const id = `${pod.metadata.uid ?? keyOf(pod)}:${containerPort}`
        return [{ id, labels: present(labels), from: { kind: 'http', address, path } }]
      }),
    )
  })
}

/** A container that declares none is asked at the port where the sample app listens then. */
function portsOf<T extends { readonly containerPort: number }>(
  declared: readonly T[] | undefined,
  position: number,
): readonly { readonly containerPort: number }[] {
  return declared ?? (position === 0 ? [{ containerPort: 8080 }] : [])
}

/** pod, namespace, rollout, revision, role and app, as far as the pod and its Service say them; its own words first. */
function podLabels({ metadata }: Pod, roleOfService: string | undefined): SeriesLabels {
  const labels: Labels = metadata.labels ?? {}
  return present({
    pod: metadata.name,
    namespace: metadata.namespace ?? 'default',
    rollout:
      labels['headgate.dev/release'] ?? labels['rollouts.kulta.io/rollout'] ?? labels['rollout'],
    revision:
      labels['revision'] ?? labels['headgate.dev/revision'] ?? labels['rollouts.kulta.io/type'],
    role: labels[roleLabel] ?? labels['rollouts.kulta.io/type'] ?? roleOfService,
    app: labels['app'],
  })
}

function rolesByService(
  slices: Cache<EndpointSlice>,
  services: Cache<Service>,
): ReadonlyMap<string, string> {
  const roles = new Map<string, string>()
  for (const { metadata, endpoints } of slices.values()) {
    const namespace = metadata.namespace ?? 'default'
    const service = services.get(`${namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`)
    const role = service?.metadata.labels?.[roleLabel]
    if (role === undefined) continue
    for (const { targetRef } of endpoints ?? []) {
      if (targetRef?.kind === 'Pod') {
        roles.set(`${targetRef.namespace ?? namespace}/${targetRef.name ?? ''}`, role)
      }
    }
  }
  return roles
}

function keyOf({ metadata }: Pod): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`
}

function present(labels: Readonly<Record<string, string | undefined>>): SeriesLabels {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(labels)) {
    if (value !== undefined && value !== '') kept[name] = value
  }
  return kept
}
