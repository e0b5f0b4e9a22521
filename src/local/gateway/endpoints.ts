/** From a Service and a port to the pods that may get a new request now. */
import type { Cache } from '#kube/cluster.ts'
import { annotatedAddress, podAddress, type SocketAddress, type StandIn } from './addresses.ts'
import type { Endpoint, EndpointSlice, Pod, Service, ServicePort } from './objects.ts'
import { serviceNameLabel } from './objects.ts'
import type { BackendRef, Protocol } from './table.ts'

/** One way to a pod. Two with the same id lead to the same process. */
export type Upstream = SocketAddress & {
  readonly id: string
  /** Undefined for an address that no pod stands behind. */
  readonly pod: Pod | undefined
}

export type Resolved =
  | {
      readonly kind: 'endpoints'
      readonly ready: readonly Upstream[]
      /** What the Service says its pods speak, if it says so. */
      readonly protocol: Protocol | undefined
    }
  | { readonly kind: 'missing'; readonly message: string }

/** The part of a reference that says where it leads. */
export type Destination = Pick<BackendRef, 'namespace' | 'service' | 'port' | 'podLabels'>

export type EndpointIndex = {
  readonly resolve: (to: Destination) => Resolved
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
    return { ...address, pod, id: `${pod?.metadata.uid ?? ''}@${address.host}:${address.port}` }
  }

  const lookUp = (namespace: string, name: string, port: number): Resolved => {
    const service = services.get(`${namespace}/${name}`)
    if (service === undefined) return missing(`Service ${namespace}/${name} does not exist`)
    const direct = annotatedAddress(service, port)
    if (direct !== undefined) {
      const only = { ...direct, pod: undefined, id: `@${direct.host}:${direct.port}` }
      return { kind: 'endpoints', ready: [only], protocol: undefined }
    }
    const servicePort = service.spec?.ports?.find((candidate) => candidate.port === port)
    if (servicePort === undefined)
      return missing(`Service ${namespace}/${name} has no port ${port}`)
    return {
      kind: 'endpoints',
      ready: upstreamsOf(`${namespace}/${name}`, servicePort.name ?? ''),
      protocol: protocolOf(servicePort),
    }
  }

  return {
    resolve: (to) => {
      const key = destinationKey(to)
      const known = answers.get(key) ?? chosen(lookUp(to.namespace, to.service, to.port), to)
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

/** The same for two references that lead to the same pods. */
export function destinationKey({ namespace, service, port, podLabels }: Destination): string {
  const labels = podLabels === undefined ? '' : ` ${JSON.stringify(podLabels)}`
  return `${namespace}/${service}:${port}${labels}`
}

function chosen(resolved: Resolved, { podLabels }: Destination): Resolved {
  if (podLabels === undefined || resolved.kind === 'missing') return resolved
  const wanted = Object.entries(podLabels)
  const ready = resolved.ready.filter(({ pod }) =>
    wanted.every(([name, value]) => pod?.metadata.labels?.[name] === value),
  )
  return { ...resolved, ready }
}

// By the names that Kubernetes and Istio have for it.
function protocolOf({ appProtocol = '', name = '' }: ServicePort): Protocol | undefined {
  const said = appProtocol === '' ? (name.split('-')[0] ?? '') : appProtocol
  return /^(kubernetes\.io\/h2c|grpc|http2|h2c)$/i.test(said) ? 'h2c' : undefined
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
