/** The names under which real deployments of each kind of router count requests: one table, no logic. */
import type { RouterKind } from './table.ts'

export type Family = {
  /** Counter of answered requests. */
  readonly total: string
  /** Counter with a label for the class of the status code, where the deployment has one. */
  readonly byClass?: string
  readonly classLabel?: string
  /** The label of `total` that holds the status code, where it has one. */
  readonly codeLabel?: string
  /** Counter of its own with the status code, where the deployment has one. */
  readonly byCode?: { readonly name: string; readonly label: string }
  /** Histogram of latencies; `_bucket`, `_sum` and `_count` are appended. */
  readonly latency: string
  readonly latencyUnit: 'ms' | 's'
  /** Upper bounds in the histogram's unit, without +Inf. */
  readonly buckets: readonly number[]
  /** Labels that name the backend in the deployment's own way. */
  readonly labels: (backend: {
    readonly namespace: string
    readonly service: string
    readonly port: number
    readonly route: string
  }) => Readonly<Record<string, string>>
}

const envoyBuckets = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
] as const

export const families: Readonly<Record<RouterKind, Family>> = {
  'gateway-api': {
    total: 'envoy_cluster_upstream_rq_total',
    byClass: 'envoy_cluster_upstream_rq_xx',
    classLabel: 'envoy_response_code_class',
    byCode: { name: 'envoy_cluster_upstream_rq', label: 'envoy_response_code' },
    latency: 'envoy_cluster_upstream_rq_time',
    latencyUnit: 'ms',
    buckets: envoyBuckets,
    labels: ({ namespace, service, port }) => ({
      envoy_cluster_name: `${namespace}_${service}_${port}`,
    }),
  },
  nginx: {
    total: 'nginx_ingress_controller_requests',
    codeLabel: 'status',
    latency: 'nginx_ingress_controller_request_duration_seconds',
    latencyUnit: 's',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    labels: ({ route }) => ({ ingress: route }),
  },
  istio: {
    total: 'istio_requests_total',
    codeLabel: 'response_code',
    latency: 'istio_request_duration_milliseconds',
    latencyUnit: 'ms',
    buckets: envoyBuckets,
    labels: ({ namespace, service }) => ({
      reporter: 'source',
      destination_service: `${service}.${namespace}.svc.cluster.local`,
      destination_service_name: service,
      destination_service_namespace: namespace,
    }),
  },
}
