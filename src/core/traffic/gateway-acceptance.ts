/** What gateways say of a route of the Gateway API: taken up, refused, or nothing yet. */
import type { HttpRoute, ParentRef, RouteParentStatus } from '../k8s/gateway-api.ts'
import type { Condition, KubeObject } from '../k8s/meta.ts'
import { type Follows, istioFollows, slowest } from './follows.ts'
import type { Acceptance } from './router.ts'

/** Decision 13: how long a gateway may follow behind its own Accepted, by its controller's name. */
const follows: readonly (readonly [RegExp, Follows])[] = [
  [/^headgate\.dev\/local-gateway$/, { settleMs: 200 }],
  [/^projectcontour\.io\//, { settleMs: 250 }],
  [/^gateway\.envoyproxy\.io\//, { settleMs: 250 }],
  [/^istio\.io\//, istioFollows],
]
export const settleUnknownMs = 3000

/** Whether a route is one of the Gateway API that no gateway has taken up yet. */
export function isOfUnknownGateway({ apiVersion, ...rest }: KubeObject): boolean {
  const { status } = rest as Pick<HttpRoute, 'status'>
  return apiVersion.startsWith('gateway.networking.k8s.io/') && (status?.parents ?? []).length === 0
}

export function acceptanceOf(route: HttpRoute): Acceptance {
  const parents = route.status?.parents ?? []
  const wanted = route.spec.parentRefs ?? []
  const generation = route.metadata.generation ?? 0
  const reports = wanted.map((ref) => reportOf(route, ref, parents, generation))
  const finding = reports.find((report) => report?.finding !== undefined)?.finding
  if (finding !== undefined) return finding
  const taken = reports.flatMap((report) => report?.follows ?? [])
  if (taken.length === 0 || taken.length < wanted.length) {
    const message = `${taken.length} of ${wanted.length} gateways have taken up the ${route.kind} ${route.metadata.name}`
    return { kind: 'waiting', message }
  }
  return {
    kind: 'accepted',
    token: `${route.metadata.uid}/${generation}`,
    ...slowest(taken),
  }
}

type Report = { readonly finding: Acceptance | undefined; readonly follows: Follows }

/**
 * What is said of one of the route's own parents; undefined where nothing is. Reports about gateways that the route no
 * longer names stay behind when their controller is gone, and so do reports of a controller that was replaced.
 */
function reportOf(
  route: HttpRoute,
  ref: ParentRef,
  parents: readonly RouteParentStatus[],
  generation: number,
): Report | undefined {
  const reports = parents
    .filter(({ parentRef }) => parentKey(parentRef, route) === parentKey(ref, route))
    .map((parent) => ({
      finding: parentFinding(parent, generation),
      follows: followsOf(parent.controllerName),
    }))
  return (
    reports.find(({ finding }) => finding?.kind === 'refused') ??
    reports.find(({ finding }) => finding === undefined) ??
    reports[0]
  )
}

function parentKey(ref: ParentRef, { metadata }: HttpRoute): string {
  const { group = 'gateway.networking.k8s.io', kind = 'Gateway', name, sectionName, port } = ref
  return JSON.stringify([group, kind, ref.namespace ?? metadata.namespace, name, sectionName, port])
}

// Accepted alone says only that the route was read: it stays True when a backend does not exist.
function parentFinding(parent: RouteParentStatus, generation: number): Acceptance | undefined {
  for (const type of ['Accepted', 'ResolvedRefs']) {
    const condition = parent.conditions?.find((one) => one.type === type)
    const gateway = `gateway ${parent.parentRef.name}`
    if (condition === undefined || isStale(condition, generation)) {
      return {
        kind: 'waiting',
        message: `${gateway} has not yet reported ${type} for the new weights`,
      }
    }
    if (condition.status !== 'True') {
      return {
        kind: 'refused',
        message: `${gateway} reports ${type}=${condition.status} (${condition.reason})`,
      }
    }
  }
  return undefined
}

function isStale(condition: Condition, generation: number): boolean {
  return (condition.observedGeneration ?? 0) < generation
}

function followsOf(controllerName: string): Follows {
  const found = follows.find(([pattern]) => pattern.test(controllerName))
  return found?.[1] ?? { settleMs: settleUnknownMs }
}
