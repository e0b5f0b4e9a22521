/** Watches Services with their pods, for the two controllers that publish endpoints. */
import { kinds } from '#core/k8s/kinds.ts'
import { keyOf } from '#kube/store.ts'
import type { Context } from './context.ts'
import { semanticEqual } from './equality.ts'
import { isReady } from './pods.ts'
import { matcher } from './selectors.ts'
import type { Node, Pod, Service } from './shapes.ts'
import { byNamespace } from './watches.ts'

/** What a change of a pod or Service means to those who publish endpoints. */
export type ServiceView = {
  readonly get: (key: string) => Service | undefined
  readonly podsOf: (service: Service) => readonly Pod[]
  readonly nodeKnown: (name: string) => boolean
}

/** `wake` gets the keys of Services whose endpoints may have changed. */
export function viewServices(context: Context, wake: (key: string) => void): ServiceView {
  const { watches } = context
  const podsByNamespace = watches.index<Pod>(kinds.pod, 'namespace', byNamespace)
  const servicesByNamespace = watches.index<Service>(kinds.service, 'namespace', byNamespace)
  const services = watches.of<Service>(kinds.service)
  const nodes = watches.of<Node>(kinds.node)
  const wakeServicesOf = (pod: Pod): void => {
    for (const service of servicesByNamespace.at(pod.metadata.namespace ?? '')) {
      if (selects(service, pod)) wake(keyOf(service))
    }
  }
  services.subscribe(({ key }) => wake(key))
  watches.of<Pod>(kinds.pod).subscribe((change) => {
    if (change.type === 'gone') return wakeServicesOf(change.before)
    if (change.before !== undefined) {
      if (!endpointChanged(change.before, change.now)) return
      wakeServicesOf(change.before)
    }
    wakeServicesOf(change.now)
  })
  // Pods may be seen before the node they run on.
  nodes.subscribe((change) => {
    if (change.type === 'put' && change.before !== undefined) return
    for (const service of services.values()) wake(keyOf(service))
  })
  return {
    get: (key) => services.get(key),
    podsOf: (service) =>
      podsByNamespace.at(service.metadata.namespace ?? '').filter((pod) => selects(service, pod)),
    nodeKnown: (name) => nodes.get(name) !== undefined,
  }
}

/** A Service without selector has endpoints that somebody else writes. */
export function hasSelector({ spec }: Service): boolean {
  return spec.type !== 'ExternalName' && Object.keys(spec.selector ?? {}).length > 0
}

function selects(service: Service, pod: Pod): boolean {
  if (!hasSelector(service)) return false
  return matcher({ matchLabels: service.spec.selector ?? {} })(pod.metadata.labels)
}

function endpointChanged(before: Pod, now: Pod): boolean {
  return (
    before.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    before.status?.podIP !== now.status?.podIP ||
    before.status?.phase !== now.status?.phase ||
    before.spec.nodeName !== now.spec.nodeName ||
    isReady(before) !== isReady(now) ||
    !semanticEqual(before.metadata.labels, now.metadata.labels)
  )
}
