/** Which listeners of which of our Gateways a route attaches to, under which host names, or why it does not. */
import type { Listener, ParentRef } from '#core/k8s/gateway-api.ts'
import type { LabelSelector, Labels } from '#core/k8s/meta.ts'
import { narrower } from '../host-names.ts'
import type { Scheme } from '../table.ts'
import type { AnyRoute, ServedGateway, TlsListener } from './wire.ts'

/** `*` for all, `*.example.com` or an exact name, in lower case, and how it may be asked for. */
export type Reach = { readonly host: string; readonly scheme: Scheme }

export type Attachment =
  | {
      readonly kind: 'attached'
      readonly parentRef: ParentRef
      readonly gateway: string
      readonly listeners: readonly string[]
      readonly reach: readonly Reach[]
    }
  | {
      readonly kind: 'refused'
      readonly parentRef: ParentRef
      readonly reason: 'NoMatchingParent' | 'NotAllowedByListeners' | 'NoMatchingListenerHostname'
      readonly message: string
    }

export type Gateways = {
  /** Our Gateways by `namespace/name`. */
  readonly gateways: ReadonlyMap<string, ServedGateway>
  readonly namespaceLabels: (namespace: string) => Labels
}

/** How a listener of ours is asked; undefined for one that is not served. */
export function schemeOf({ protocol, tls }: TlsListener): Scheme | undefined {
  if (protocol === 'HTTP') return 'http'
  return protocol === 'HTTPS' && (tls?.mode ?? 'Terminate') === 'Terminate' ? 'https' : undefined
}

/** One attachment for each of the route's parents that is a Gateway of ours; foreign parents are left out. */
export function attachments(route: AnyRoute, ours: Gateways): readonly Attachment[] {
  return (route.spec.parentRefs ?? []).flatMap((parentRef) => {
    const { group = 'gateway.networking.k8s.io', kind = 'Gateway' } = parentRef
    if (group !== 'gateway.networking.k8s.io' || kind !== 'Gateway') return []
    const namespace = parentRef.namespace ?? route.metadata.namespace ?? 'default'
    const gateway = ours.gateways.get(`${namespace}/${parentRef.name}`)
    return gateway === undefined ? [] : [attach(route, parentRef, gateway, ours)]
  })
}

function attach(
  route: AnyRoute,
  parentRef: ParentRef,
  gateway: ServedGateway,
  ours: Gateways,
): Attachment {
  const named = gateway.spec.listeners.filter(
    (listener) =>
      schemeOf(listener) !== undefined &&
      (parentRef.sectionName === undefined || parentRef.sectionName === listener.name) &&
      (parentRef.port === undefined || parentRef.port === listener.port),
  )
  if (named.length === 0) {
    const message = `Gateway ${gateway.metadata.name} has no HTTP or HTTPS listener that this parentRef names`
    return { kind: 'refused', parentRef, reason: 'NoMatchingParent', message }
  }
  const allowed = named.filter((listener) => isAllowed(listener, route, gateway, ours))
  if (allowed.length === 0) {
    const message = `No listener of Gateway ${gateway.metadata.name} admits routes of this namespace and kind`
    return { kind: 'refused', parentRef, reason: 'NotAllowedByListeners', message }
  }
  const byListener = allowed.map((listener) => ({ listener, hosts: hostsOn(route, listener) }))
  const matching = byListener.filter(({ hosts }) => hosts.length > 0)
  if (matching.length === 0) {
    const message = `No hostname of the route is within a listener of Gateway ${gateway.metadata.name}`
    return { kind: 'refused', parentRef, reason: 'NoMatchingListenerHostname', message }
  }
  return {
    kind: 'attached',
    parentRef,
    gateway: `${gateway.metadata.namespace ?? 'default'}/${gateway.metadata.name}`,
    listeners: matching.map(({ listener }) => listener.name),
    reach: matching.flatMap(({ listener, hosts }) =>
      hosts.map((host) => ({ host, scheme: schemeOf(listener) ?? 'http' })),
    ),
  }
}

function isAllowed(
  { allowedRoutes }: Listener,
  route: AnyRoute,
  gateway: ServedGateway,
  { namespaceLabels }: Gateways,
): boolean {
  const kinds = allowedRoutes?.kinds ?? []
  if (kinds.length > 0 && !kinds.some(({ kind }) => kind === route.kind)) return false
  const namespace = route.metadata.namespace ?? 'default'
  const { from = 'Same', selector } = allowedRoutes?.namespaces ?? {}
  switch (from) {
    case 'All':
      return true
    case 'Same':
      return namespace === (gateway.metadata.namespace ?? 'default')
    case 'Selector':
      return selects(selector ?? {}, namespaceLabels(namespace))
    default:
      return false
  }
}

function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels) {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      if (operator === 'Exists') return value !== undefined
      if (operator === 'DoesNotExist') return value === undefined
      const isIn = value !== undefined && values.includes(value)
      return operator === 'In' ? isIn : !isIn
    })
  )
}

function hostsOn(route: AnyRoute, listener: Listener): readonly string[] {
  const outer = (listener.hostname ?? '').toLowerCase() || '*'
  const names = route.spec.hostnames ?? []
  if (names.length === 0) return [outer]
  return names.flatMap((name) => narrower(outer, name.toLowerCase()) ?? [])
}
