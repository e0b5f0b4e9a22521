/** From a Service and a port to the pods that may get a new request now. */
import type { Cache } from '#kube/cluster.ts'
import { annotatedAddress, podAddress, type SocketAddress, type StandIn } from './addresses.ts'
import type { Endpoint, EndpointSlice, Pod, Service } from './objects.ts'
import { serviceNameLabel } from './objects.ts'

/** One way to a pod. Two with the same id lead to the same process. */
export type Upstream = SocketAddress & { readonly id: string }

export type Resolved =
  | { readonly kind: 'endpoints'; readonly ready: readonly Upstream[] }
  | { readonly kind: 'missing'; readonly message: string }

export type EndpointIndex = {
  readonly resolve: (namespace: string, service: string, port: number) => Resolved
  /** True while any Service offers this way for new requests. */
  readonly isOffered: (upstreamId: string) => boolean
  /** Calls back after the offers may have changed. */
  readonly subscribe: (listener: () => void) => () => void
}

/** Answers are remembered until an object changes, so that a request costs two look-ups. */
export function endpointIndex(
  caches: {
    readonly services: Cache<Service>
    readonly slices: Cache<EndpointSlice>
    readonly pods: Cache<Pod>
  },
  standIn: StandIn,
): EndpointIndex {
  const { services, slices, pods } = caches
  const byService = new Map<string, Map<string, EndpointSlice>>()
  const answers = new Map<string, Resolved>()
  let offered: ReadonlySet<string> | undefined
  const listeners = new Set<() => void>()
  const changed = (): void => {
    answers.clear()
    offered = undefined
    for (const listener of listeners) listener()
  }

  slices.subscribe((change) => {
    const { before } = change
    if (before !== undefined) byService.get(ownerOf(before))?.delete(change.key)
    if (change.type === 'put') {
      const owner = ownerOf(change.now)
      const held = byService.get(owner) ?? new Map<string, EndpointSlice>()
      byService.set(owner, held.set(change.key, change.now))
    }
    changed()
  })
  pods.subscribe(changed)
  services.subscribe(changed)

  const upstreamsOf = (owner: string, portName: string): readonly Upstream[] =>
    [...(byService.get(owner)?.values() ?? [])].flatMap((slice) => {
      const found = slice.ports?.find(({ name }) => (name ?? '') === portName)
      if (found?.port === undefined || found.port === null) return []
      const { port } = found
      return (slice.endpoints ?? []).filter(isReady).flatMap((endpoint) => {
        const upstream = upstreamTo(endpoint, port, slice.metadata.namespace ?? 'default')
        return upstream === undefined ? [] : [upstream]
      })
    })

  const upstreamTo = (endpoint: Endpoint, port: number, home: string): Upstream | undefined => {
    const { targetRef } = endpoint
    const ip = endpoint.addresses[0] ?? ''
    const pod =
      targetRef?.kind === 'Pod'
        ? pods.get(`${targetRef.namespace ?? home}/${targetRef.name ?? ''}`)
        : undefined
    const address = podAddress(pod, port, ip, standIn)
    if (address === undefined) return undefined
    // A pod recreated under the same name and port is another process: its uid keeps their connections apart.
    return { ...address, id: `${pod?.metadata.uid ?? ''}@${address.host}:${address.port}` }
  }

  const lookUp = (namespace: string, name: string, port: number): Resolved => {
    const service = services.get(`${namespace}/${name}`)
    if (service === undefined) return missing(`Service ${namespace}/${name} does not exist`)
    const direct = annotatedAddress(service, port)
    if (direct !== undefined) {
      return { kind: 'endpoints', ready: [{ ...direct, id: `@${direct.host}:${direct.port}` }] }
    }
    const servicePort = service.spec?.ports?.find((candidate) => candidate.port === port)
    if (servicePort === undefined)
      return missing(`Service ${namespace}/${name} has no port ${port}`)
    return {
      kind: 'endpoints',
      ready: upstreamsOf(`${namespace}/${name}`, servicePort.name ?? ''),
    }
  }

  return {
    resolve: (namespace, service, port) => {
      const key = `${namespace}/${service}:${port}`
      const known = answers.get(key) ?? lookUp(namespace, service, port)
      answers.set(key, known)
      return known
    },
    isOffered: (id) => {
      offered ??= allOffered()
      return offered.has(id)
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }

  function allOffered(): ReadonlySet<string> {
    const ids = new Set<string>()
    for (const service of services.values()) {
      const { namespace = 'default', name } = service.metadata
      for (const { port } of service.spec?.ports ?? []) {
        const resolved = lookUp(namespace, name, port)
        if (resolved.kind === 'endpoints') for (const { id } of resolved.ready) ids.add(id)
      }
    }
    return ids
  }
}

function ownerOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace ?? 'default'}/${metadata.labels?.[serviceNameLabel] ?? ''}`
}

// As the API has it: an unknown readiness counts as ready; a terminating endpoint never gets new requests.
function isReady({ conditions, addresses }: Endpoint): boolean {
  return addresses.length > 0 && (conditions?.ready ?? true) && conditions?.terminating !== true
}

function missing(message: string): Resolved {
  return { kind: 'missing', message }
}
