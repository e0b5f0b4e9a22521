/**
 * What the controller may do in a cluster, as rules for its roles: what it does and nothing beside. The cluster lane runs
 * it with exactly these and reads in the audit log that nothing was refused and that no rule stayed unused.
 */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { Door } from '#doors/door.ts'

/** As in rbac.authorization.k8s.io/v1. */
export type PolicyRule = {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

export type ControllerRules = {
  /** Wherever releases may be: of a ClusterRole, or of a Role in the one namespace that is watched. */
  readonly releases: readonly PolicyRule[]
  /** Of a ClusterRole, since what they name belongs to no namespace. */
  readonly cluster: readonly PolicyRule[]
  /** Of a Role in the namespace of the lease. */
  readonly lease: readonly PolicyRule[]
  /** Of a Role in each namespace in which a door stands for the lease of another program. */
  readonly formerLeases: Readonly<Record<string, readonly PolicyRule[]>>
  /** Of a Role in each namespace whose Secrets metrics and gates may name. */
  readonly secrets: readonly PolicyRule[]
  /**
   * Asked for by no request: where the admission plugin OwnerReferencesPermissionEnforcement is on, it lets only those
   * make objects that hold their owner back who may write the owner's finalizers.
   */
  readonly owners: readonly PolicyRule[]
}

/** The definition by which the controller sees that Istio's kinds have come. */
const istioDefinition = 'virtualservices.networking.istio.io'

const seen = ['list', 'watch']

const istioGateway: Kind = { ...kinds.virtualService, kind: 'Gateway', plural: 'gateways' }

const reviewKind = { version: 'v1', kind: 'Review', namespaced: false }

/** What single doors make beside what all of them need, by their names. */
const furtherOf: Readonly<Record<string, readonly PolicyRule[]>> = {
  canaryapp: [rule(istioGateway, [...seen, 'create', 'patch'])],
}

/** The rules of a controller with these doors, as long as none of them listens. */
export function controllerRules(doors: readonly Door[]): ControllerRules {
  const former = new Map<string, readonly PolicyRule[]>()
  for (const { lease } of doors) {
    if (lease !== undefined) former.set(lease.namespace, leaseRules(lease.name))
  }
  return {
    releases: [
      ...doors.map(({ kind }) => rule(kind, [...seen, 'patch'])),
      ...doors.map(({ kind }) => rule({ ...kind, plural: `${kind.plural}/status` }, ['patch'])),
      ...[kinds.replicaSet, kinds.deployment, kinds.replicationController].map((kind) =>
        rule(kind, [...seen, 'create', 'patch', 'delete']),
      ),
      rule(kinds.pod, [...seen, 'patch', 'delete']),
      rule(kinds.service, [...seen, 'create', 'patch', 'delete']),
      rule(kinds.endpointSlice, seen),
      rule(kinds.event, ['create']),
      // People's own are changed; those beside them are ours.
      ...[
        kinds.httpRoute,
        kinds.grpcRoute,
        kinds.ingress,
        kinds.virtualService,
        kinds.destinationRule,
      ].map((kind) => rule(kind, [...seen, 'create', 'patch', 'delete'])),
      ...doors.flatMap(({ name }) => furtherOf[name] ?? []),
    ],
    cluster: [
      { ...rule(kinds.customResourceDefinition, seen), resourceNames: [istioDefinition] },
      ...(former.size === 0
        ? []
        : [{ ...rule(kinds.namespace, [...seen, 'get']), resourceNames: [...former.keys()] }]),
    ],
    lease: leaseRules('headgate'),
    formerLeases: Object.fromEntries(former),
    secrets: [rule(kinds.secret, ['get'])],
    owners: doors.map(({ kind }) =>
      rule({ ...kind, plural: `${kind.plural}/finalizers` }, ['update']),
    ),
  }
}

/** What it needs besides to serve webhooks with certificates of its own. */
export function webhookRules(
  doors: readonly Door[],
  secret: string,
): {
  /** Of a ClusterRole. */
  readonly cluster: readonly PolicyRule[]
  /** Of a Role in the namespace of the webhooks' Service. */
  readonly secrets: readonly PolicyRule[]
} {
  const definitions = doors.flatMap(({ kind, conversion }) =>
    conversion === undefined ? [] : [`${kind.plural}.${kind.group}`],
  )
  const configurations = doors.flatMap(({ validation }) =>
    validation === undefined ? [] : [validation.configuration],
  )
  const kept = [...seen, 'patch']
  const configuration = kinds.validatingWebhookConfiguration
  return {
    cluster: [
      { ...rule(kinds.customResourceDefinition, kept), resourceNames: definitions },
      { ...rule(configuration, kept), resourceNames: configurations },
      rule(configuration, ['create']),
    ],
    secrets: [
      { ...rule(kinds.secret, [...kept, 'get']), resourceNames: [secret] },
      rule(kinds.secret, ['create']),
    ],
  }
}

/** Asking the cluster who somebody is and what they may do; of a ClusterRole, since neither belongs to a namespace. */
export const reviewRules: readonly PolicyRule[] = [
  rule({ ...reviewKind, group: 'authentication.k8s.io', plural: 'tokenreviews' }, ['create']),
  rule({ ...reviewKind, group: 'authorization.k8s.io', plural: 'subjectaccessreviews' }, [
    'create',
  ]),
]

/** What it needs besides to serve the dashboard: to tell who asks and what they may, and to look at single objects. */
export function dashboardRules(doors: readonly Door[]): {
  readonly releases: readonly PolicyRule[]
  /** Of a ClusterRole. */
  readonly cluster: readonly PolicyRule[]
} {
  const named = [
    ...doors.map(({ kind }) => kind),
    ...[kinds.deployment, kinds.httpRoute, kinds.grpcRoute, kinds.ingress],
    ...[kinds.virtualService, kinds.destinationRule, kinds.service],
  ]
  // What a preview says of an object that a door makes, it says of the one that is there.
  const made = doors.flatMap(({ name }) => furtherOf[name] ?? [])
  return {
    releases: [
      ...named.map((kind) => rule(kind, ['get'])),
      ...made.map((one) => ({ ...one, verbs: ['get'] })),
    ],
    cluster: reviewRules,
  }
}

/** A name cannot be asked of who creates: it is not known by then. */
function leaseRules(name: string): readonly PolicyRule[] {
  return [
    rule(kinds.lease, ['create']),
    { ...rule(kinds.lease, [...seen, 'get', 'update']), resourceNames: [name] },
  ]
}

export function rule({ group, plural }: Kind, verbs: readonly string[]): PolicyRule {
  return { apiGroups: [group], resources: [plural], verbs }
}
