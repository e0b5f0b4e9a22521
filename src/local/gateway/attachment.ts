/** Which listeners of which of our Gateways a route attaches to, under which host names, or why it does not. */
import type { Gateway, HttpRoute, Listener, ParentRef } from '#core/k8s/gateway-api.ts'
import type { LabelSelector, Labels } from '#core/k8s/meta.ts'

export type Attachment =
  | {
      readonly kind: 'attached'
      readonly parentRef: ParentRef
      readonly gateway: string
      readonly listeners: readonly string[]
      /** `*` for all, `*.example.com` or exact names, in lower case. */
      readonly hosts: readonly string[]
    }
  | {
      readonly kind: 'refused'
      readonly parentRef: ParentRef
      readonly reason: 'NoMatchingParent' | 'NotAllowedByListeners' | 'NoMatchingListenerHostname'
      readonly message: string
    }

export type Gateways = {
  /** Our Gateways by `namespace/name`. */
  readonly gateways: ReadonlyMap<string, Gateway>
  readonly namespaceLabels: (namespace: string) => Labels
}

/** True for the one protocol served here. */
export function isServed({ protocol }: Listener): boolean {
  return protocol === 'HTTP'
}

/** One attachment for each of the route's parents that is a Gateway of ours; foreign parents are left out. */
export function attachments(route: HttpRoute, ours: Gateways): readonly Attachment[] {
  return (route.spec.parentRefs ?? []).flatMap((parentRef) => {
    const { group = 'gateway.networking.k8s.io', kind = 'Gateway' } = parentRef
    if (group !== 'gateway.networking.k8s.io' || kind !== 'Gateway') return []
    const namespace = parentRef.namespace ?? route.metadata.namespace ?? 'default'
    const gateway = ours.gateways.get(`${namespace}/${parentRef.name}`)
    return gateway === undefined ? [] : [attach(route, parentRef, gateway, ours)]
  })
}

function attach(
  route: HttpRoute,
  parentRef: ParentRef,
  gateway: Gateway,
  ours: Gateways,
): Attachment {
  const named = gateway.spec.listeners.filter(
    (listener) =>
      isServed(listener) &&
      (parentRef.sectionName === undefined || parentRef.sectionName === listener.name) &&
      (parentRef.port === undefined || parentRef.port === listener.port),
  )
  if (named.length === 0) {
    const message = `Gateway ${gateway.metadata.name} has no HTTP listener that this parentRef names`
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
    hosts: [...new Set(matching.flatMap(({ hosts }) => hosts))],
  }
}

function isAllowed(
  { allowedRoutes }: Listener,
  route: HttpRoute,
  gateway: Gateway,
  { namespaceLabels }: Gateways,
): boolean {
  const kinds = allowedRoutes?.kinds ?? []
  if (kinds.length > 0 && !kinds.some(({ kind }) => kind === 'HTTPRoute')) return false
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

function hostsOn(route: HttpRoute, listener: Listener): readonly string[] {
  const outer = (listener.hostname ?? '').toLowerCase() || '*'
  const names = route.spec.hostnames ?? []
  if (names.length === 0) return [outer]
  return names.flatMap((name) => intersection(outer, name.toLowerCase()) ?? [])
}

// The more specific of two host names where one lies within the other.
function intersection(a: string, b: string): string | undefined {
  if (isWithin(b, a)) return b
  return isWithin(a, b) ? a : undefined
}

function isWithin(name: string, outer: string): boolean {
  if (outer === '*' || name === outer) return true
  return outer.startsWith('*.') && name.endsWith(outer.slice(1)) && name !== outer.slice(2)
}
