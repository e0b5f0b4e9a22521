/** What an HTTPRoute's `status.parents` should say on behalf of this gateway. */
import type { HttpRoute, RouteParentStatus } from '#core/k8s/gateway-api.ts'
import type { Attachment } from './attachment.ts'
import { type Claim, conditions } from './conditions.ts'
import { isServiceRef } from './http-route.ts'

export type RouteFacts = {
  readonly controllerName: string
  readonly attachments: readonly Attachment[]
  /** Why the route cannot be translated, if it cannot. */
  readonly defect: string | undefined
  /** Undefined when the Service does not exist, else its ports. */
  readonly servicePorts: (namespace: string, name: string) => readonly number[] | undefined
  readonly now: number
}

/** Our entries for each parent that is ours, and the entries of other controllers untouched. */
export function routeParents(route: HttpRoute, facts: RouteFacts): readonly RouteParentStatus[] {
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

function resolvedRefs(route: HttpRoute, { servicePorts }: RouteFacts): Claim {
  const type = 'ResolvedRefs'
  const home = route.metadata.namespace ?? 'default'
  const refused = (reason: string, message: string): Claim => ({
    type,
    status: 'False',
    reason,
    message,
  })
  for (const rule of route.spec.rules ?? []) {
    for (const ref of rule.backendRefs ?? []) {
      const namespace = ref.namespace ?? home
      if (!isServiceRef(ref)) {
        return refused(
          'InvalidKind',
          `backend ${ref.name} is a ${ref.kind}; only Services are served`,
        )
      }
      if (namespace !== home) {
        return refused(
          'RefNotPermitted',
          `Service ${namespace}/${ref.name} is in another namespace than the route; grants are not read here`,
        )
      }
      const ports = servicePorts(namespace, ref.name)
      if (ports === undefined) {
        return refused('BackendNotFound', `Service ${namespace}/${ref.name} does not exist`)
      }
      if (ref.port === undefined || !ports.includes(ref.port)) {
        return refused(
          'BackendNotFound',
          `Service ${namespace}/${ref.name} has no port ${ref.port ?? '(none named)'}`,
        )
      }
    }
  }
  return { type, status: 'True', reason: 'ResolvedRefs', message: 'All references are resolved' }
}
