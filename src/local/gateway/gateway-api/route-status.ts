/** What a route's `status.parents` should say on behalf of this gateway. */
import type { HttpBackendRef, RouteParentStatus } from '#core/k8s/gateway-api.ts'
import type { Attachment } from './attachment.ts'
import { isServiceRef } from './backends.ts'
import { type Claim, conditions } from './conditions.ts'
import type { IsGranted } from './grants.ts'
import type { AnyRoute } from './wire.ts'

export type RouteFacts = {
  readonly controllerName: string
  readonly attachments: readonly Attachment[]
  /** Why the route cannot be translated, if it cannot. */
  readonly defect: string | undefined
  /** Undefined when the Service does not exist, else its ports. */
  readonly servicePorts: (namespace: string, name: string) => readonly number[] | undefined
  readonly isGranted: IsGranted
  readonly now: number
}

/** Our entries for each parent that is ours, and the entries of other controllers untouched. */
export function routeParents(route: AnyRoute, facts: RouteFacts): readonly RouteParentStatus[] {
  const before = route.status?.parents ?? []
  const foreign = before.filter(({ controllerName }) => controllerName !== facts.controllerName)
  const resolved = resolvedRefs(route, facts)
  const own = facts.attachments.map((attachment): RouteParentStatus => {
    const last = before.find(
      ({ controllerName, parentRef }) =>
        controllerName === facts.controllerName &&
        JSON.stringify(sorted(parentRef)) === JSON.stringify(sorted(attachment.parentRef)),
    )
    return {
      parentRef: attachment.parentRef,
      controllerName: facts.controllerName,
      conditions: conditions(
        [accepted(attachment, facts.defect), resolved],
        last?.conditions,
        route.metadata.generation,
        facts.now,
      ),
    }
  })
  return [...foreign, ...own]
}

// Servers may hand the fields back in another order than they were written.
function sorted(ref: object): readonly [string, unknown][] {
  return Object.entries(ref).sort(([a], [b]) => (a < b ? -1 : 1))
}

function accepted(attachment: Attachment, defect: string | undefined): Claim {
  const type = 'Accepted'
  if (attachment.kind === 'refused') {
    return { type, status: 'False', reason: attachment.reason, message: attachment.message }
  }
  if (defect !== undefined) {
    return { type, status: 'False', reason: 'UnsupportedValue', message: defect }
  }
  return { type, status: 'True', reason: 'Accepted', message: 'Route is accepted' }
}

function resolvedRefs(route: AnyRoute, facts: RouteFacts): Claim {
  const refs = (route.spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs)
  for (const ref of refs) {
    const problem = refProblem(route, ref, facts)
    if (problem !== undefined) return { type: 'ResolvedRefs', status: 'False', ...problem }
  }
  return {
    type: 'ResolvedRefs',
    status: 'True',
    reason: 'ResolvedRefs',
    message: 'All references are resolved',
  }
}

function refProblem(
  route: AnyRoute,
  ref: HttpBackendRef,
  { servicePorts, isGranted }: RouteFacts,
): Pick<Claim, 'reason' | 'message'> | undefined {
  const home = route.metadata.namespace ?? 'default'
  const namespace = ref.namespace ?? home
  const from = { group: 'gateway.networking.k8s.io', kind: route.kind, namespace: home }
  if (!isServiceRef(ref)) {
    const message = `backend ${ref.name} is a ${ref.kind}; only Services are served`
    return { reason: 'InvalidKind', message }
  }
  if (!isGranted(from, { group: '', kind: 'Service', namespace, name: ref.name })) {
    const message = `Service ${namespace}/${ref.name} is in another namespace than the route, and no ReferenceGrant there allows it`
    return { reason: 'RefNotPermitted', message }
  }
  const ports = servicePorts(namespace, ref.name)
  if (ports === undefined) {
    const message = `Service ${namespace}/${ref.name} does not exist`
    return { reason: 'BackendNotFound', message }
  }
  if (ref.port === undefined || !ports.includes(ref.port)) {
    const message = `Service ${namespace}/${ref.name} has no port ${ref.port ?? '(none named)'}`
    return { reason: 'BackendNotFound', message }
  }
  return undefined
}
