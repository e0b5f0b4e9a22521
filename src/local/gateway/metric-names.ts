/** The names under which real deployments of each kind of router count requests, and the labels they give them. */
import type { Pod } from './objects.ts'
import type { BackendRef, RouteId, RouterKind } from './table.ts'

export type Answered = {
  readonly route: RouteId
  readonly backend: BackendRef
  readonly method: string
  readonly isGrpc: boolean
  /** False for an answer that the gateway gave in the backend's place. */
  readonly isAnswered: boolean
  readonly pod: Pod | undefined
  readonly status: number
  /** gRPC's own, empty for other requests. */
  readonly grpcStatus: string
  /** Envoy's response flags, `-` for none. */
  readonly flags: string
  readonly durationMs: number
}

export type Labels = Readonly<Record<string, string>>

/** One series: a counter, or a histogram to whose name `_bucket`, `_sum` and `_count` are appended. */
export type Series = { readonly name: string; readonly labels: Labels }

export type Family = {
  readonly counters: (request: Answered) => readonly Series[]
  readonly latencies: (request: Answered) => readonly Series[]
  readonly latencyUnit: 'ms' | 's'
  /** Upper bounds in the histogram's unit, without +Inf. */
  readonly buckets: readonly number[]
}

const envoyBuckets = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
] as const

const envoy: Family = {
  counters: (request) => {
    const labels = envoyLabels(request)
    const { status } = request
    return [
      { name: 'envoy_cluster_upstream_rq_total', labels },
      {
        name: 'envoy_cluster_upstream_rq_xx',
        labels: { ...labels, envoy_response_code_class: String(Math.floor(status / 100)) },
      },
      {
        name: 'envoy_cluster_upstream_rq',
        labels: { ...labels, envoy_response_code: String(status) },
      },
    ]
  },
  latencies: (request) => [
    { name: 'envoy_cluster_upstream_rq_time', labels: envoyLabels(request) },
  ],
  latencyUnit: 'ms',
  buckets: envoyBuckets,
}

function envoyLabels({ backend, route }: Answered): Labels {
  const { namespace, service, port } = backend
  return {
    namespace,
    service,
    route: route.name,
    envoy_cluster_name: `${namespace}_${service}_${port}`,
  }
}

const nginx: Family = {
  counters: (request) => [
    { name: 'nginx_ingress_controller_requests', labels: nginxLabels(request) },
  ],
  latencies: (request) => [
    { name: 'nginx_ingress_controller_request_duration_seconds', labels: nginxLabels(request) },
  ],
  latencyUnit: 's',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
}

// A canary's requests are counted under the main Ingress and its Service; only `canary` tells them apart.
function nginxLabels({ route, backend, method, status }: Answered): Labels {
  return {
    controller_class: 'k8s.io/ingress-nginx',
    controller_namespace: 'ingress-nginx',
    controller_pod: 'ingress-nginx-controller',
    namespace: route.namespace,
    ingress: route.name,
    service: backend.service,
    canary: '',
    ...backend.seriesLabels,
    method,
    status: String(status),
  }
}

const istio: Family = {
  counters: (request) => istioSeries('istio_requests_total', request),
  latencies: (request) => istioSeries('istio_request_duration_milliseconds', request),
  latencyUnit: 'ms',
  buckets: envoyBuckets,
}

// The gateway reports as source; the proxy beside a pod, which would report as destination, only what reached it.
function istioSeries(name: string, request: Answered): readonly Series[] {
  const labels = istioLabels(request)
  const source = { ...labels, reporter: 'source', connection_security_policy: 'unknown' }
  const destination = { ...labels, reporter: 'destination', connection_security_policy: 'none' }
  return [{ name, labels: source }, ...(request.isAnswered ? [{ name, labels: destination }] : [])]
}

function istioLabels({ backend, pod, status, isGrpc, grpcStatus, flags }: Answered): Labels {
  const { namespace, service } = backend
  const labels = pod?.metadata.labels ?? {}
  const version = labels['version'] ?? labels['app.kubernetes.io/version'] ?? 'unknown'
  const app = labels['app'] ?? labels['app.kubernetes.io/name'] ?? 'unknown'
  return {
    source_workload: 'istio-ingressgateway',
    source_workload_namespace: 'istio-system',
    source_app: 'istio-ingressgateway',
    destination_service: `${service}.${namespace}.svc.cluster.local`,
    destination_service_name: service,
    destination_service_namespace: namespace,
    destination_workload: pod === undefined ? 'unknown' : workloadOf(pod),
    destination_workload_namespace: pod === undefined ? 'unknown' : namespace,
    destination_app: app,
    destination_version: version,
    destination_canonical_service: labels['service.istio.io/canonical-name'] ?? app,
    destination_canonical_revision: labels['service.istio.io/canonical-revision'] ?? version,
    request_protocol: isGrpc ? 'grpc' : 'http',
    response_code: String(status),
    response_flags: flags,
    grpc_response_status: grpcStatus,
  }
}

// A ReplicaSet of a Deployment bears its name and the hash of the template.
function workloadOf({ metadata }: Pod): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  const hash = metadata.labels?.['pod-template-hash']
  if (owner === undefined) return metadata.name
  const suffix = `-${hash ?? ''}`
  return hash !== undefined && owner.name.endsWith(suffix)
    ? owner.name.slice(0, -suffix.length)
    : owner.name
}

/** Nobody counts what goes to a Service by its own name: kube-proxy passes packets. */
export const families: Readonly<Record<RouterKind, Family | undefined>> = {
  'gateway-api': envoy,
  nginx,
  istio,
  service: undefined,
}
