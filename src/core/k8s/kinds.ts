/** The kinds we talk about, once, with what a request needs to know of them. */
import { assert } from '../assert.ts'
import type { KubeObject } from './meta.ts'

/** What a URL needs to know of a kind. `group` is empty for the core group. */
export type Kind = {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
}

const kind = (
  group: string,
  version: string,
  name: string,
  plural: string,
  namespaced = true,
): Kind => ({
  group,
  version,
  kind: name,
  plural,
  namespaced,
})

export const kinds = {
  namespace: kind('', 'v1', 'Namespace', 'namespaces', false),
  node: kind('', 'v1', 'Node', 'nodes', false),
  pod: kind('', 'v1', 'Pod', 'pods'),
  service: kind('', 'v1', 'Service', 'services'),
  endpoints: kind('', 'v1', 'Endpoints', 'endpoints'),
  secret: kind('', 'v1', 'Secret', 'secrets'),
  configMap: kind('', 'v1', 'ConfigMap', 'configmaps'),
  serviceAccount: kind('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  replicationController: kind('', 'v1', 'ReplicationController', 'replicationcontrollers'),
  deployment: kind('apps', 'v1', 'Deployment', 'deployments'),
  replicaSet: kind('apps', 'v1', 'ReplicaSet', 'replicasets'),
  endpointSlice: kind('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  lease: kind('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  event: kind('events.k8s.io', 'v1', 'Event', 'events'),
  ingress: kind('networking.k8s.io', 'v1', 'Ingress', 'ingresses'),
  ingressClass: kind('networking.k8s.io', 'v1', 'IngressClass', 'ingressclasses', false),
  customResourceDefinition: kind(
    'apiextensions.k8s.io',
    'v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    false,
  ),
  validatingWebhookConfiguration: kind(
    'admissionregistration.k8s.io',
    'v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    false,
  ),
  gatewayClass: kind('gateway.networking.k8s.io', 'v1', 'GatewayClass', 'gatewayclasses', false),
  gateway: kind('gateway.networking.k8s.io', 'v1', 'Gateway', 'gateways'),
  httpRoute: kind('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes'),
  grpcRoute: kind('gateway.networking.k8s.io', 'v1', 'GRPCRoute', 'grpcroutes'),
  // Served in several versions: an object names its own.
  virtualService: kind('networking.istio.io', 'v1', 'VirtualService', 'virtualservices'),
  destinationRule: kind('networking.istio.io', 'v1', 'DestinationRule', 'destinationrules'),
  release: kind('headgate.dev', 'v1alpha1', 'Release', 'releases'),
  canaryApp: kind('canary.atze.io', 'v1', 'CanaryApp', 'canaryapps'),
  rollout: kind('kulta.io', 'v1beta1', 'Rollout', 'rollouts'),
} as const satisfies Record<string, Kind>

/** `apps/v1` or `v1`. */
export function apiVersionOf({ group, version }: Kind): string {
  return group === '' ? version : `${group}/${version}`
}

/** An object as it speaks for itself: items of lists name neither their kind nor their version. */
export function typed(kind: Kind, object: KubeObject): KubeObject {
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind }
}

const byName: ReadonlyMap<string, Kind> = new Map(
  Object.values(kinds).map((known) => [known.kind, known]),
)

/**
 * The kind that an object is of, in the version that it speaks where it says one.
 * @throws Bug when no request is known for it.
 */
export function kindOf(name: string, apiVersion = ''): Kind {
  const known = byName.get(name)
  assert(known !== undefined, `no request is known for the kind ${name}`)
  if (apiVersion === '') return known
  const [group = '', version] = apiVersion.split('/')
  return version === undefined
    ? { ...known, group: '', version: group }
    : { ...known, group, version }
}
