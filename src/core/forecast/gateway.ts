/** Gateways that take up every route at once. */
import type { HttpRoute, RouteParentStatus } from '../k8s/gateway-api.ts'
import type { Condition, KubeObject } from '../k8s/meta.ts'

export function isGatewayRoute({ apiVersion }: KubeObject): boolean {
  return apiVersion.startsWith('gateway.networking.k8s.io/')
}

/** The route with its gateways' word that they have taken it up as it stands now. */
export function takenUp(object: KubeObject): KubeObject {
  const route = object as HttpRoute
  const generation = route.metadata.generation ?? 1
  const known = route.status?.parents ?? []
  const parents: readonly RouteParentStatus[] = (route.spec.parentRefs ?? []).map((parentRef) => {
    // Who governs a gateway decides how long it may follow behind its own word.
    const before = known.find((one) => one.parentRef.name === parentRef.name) ?? known[0]
    const controllerName = before?.controllerName ?? 'unknown'
    const conditions = ['Accepted', 'ResolvedRefs'].map((type) => told(type, generation))
    return { parentRef, controllerName, conditions }
  })
  return { ...route, status: { ...route.status, parents } } as KubeObject
}

function told(type: string, observedGeneration: number): Condition {
  const lastTransitionTime = '1970-01-01T00:00:00Z'
  return { type, status: 'True', observedGeneration, lastTransitionTime, reason: type, message: '' }
}
