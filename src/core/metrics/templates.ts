/**
 * The built-in queries, written out for each who may have counted the requests: the app itself, Envoy behind a Gateway
 * API route, ingress-nginx, Istio. Rates are per cent of requests, latencies milliseconds whatever the source's unit.
 *
 * Each ends in `and on() (time() - max(timestamp(…)) < …)`: without it, a rate goes on repeating the last thing that was
 * scraped until the window has passed, and a dead scrape would look like a calm candidate.
 */
import type { MetricSource } from '../model/analysis.ts'

type Source = {
  /** Counter of answered requests. */
  readonly total: string
  /** Matchers of the answers that are errors, and of those that are not. */
  readonly failed: string
  readonly fine: string
  /** Histogram of latencies, with its `_bucket`, and what makes milliseconds of its unit. */
  readonly latency: string
  readonly toMilliseconds: string
  /** Matchers of one role's requests. Where requests of one role come under several sets of labels, one line each. */
  readonly matchers: readonly string[]
}

const sources: Readonly<Record<MetricSource, Source>> = {
  app: {
    total: 'http_requests_total',
    failed: 'status=~"5.."',
    fine: 'status!~"5.."',
    latency: 'http_request_duration_seconds',
    toMilliseconds: '1000 * ',
    matchers: ['{{labels}}'],
  },
  'gateway-api': {
    total: 'envoy_cluster_upstream_rq_xx',
    failed: 'envoy_response_code_class="5"',
    fine: 'envoy_response_code_class!="5"',
    latency: 'envoy_cluster_upstream_rq_time',
    toMilliseconds: '',
    matchers: ['envoy_cluster_name=~"{{namespace}}_{{service}}_[0-9]+"'],
  },
  // ingress-nginx counts what a canary Ingress took under the main Ingress's service, with the canary's upstream as
  // `canary`; a Service with an Ingress of its own is counted under its own name.
  nginx: {
    total: 'nginx_ingress_controller_requests',
    failed: 'status=~"5.."',
    fine: 'status!~"5.."',
    latency: 'nginx_ingress_controller_request_duration_seconds',
    toMilliseconds: '1000 * ',
    matchers: [
      'namespace="{{namespace}}", service="{{service}}", canary=""',
      'namespace="{{namespace}}", canary=~"{{namespace}}-{{service}}-[a-z0-9]+"',
    ],
  },
  istio: {
    total: 'istio_requests_total',
    failed: 'response_code=~"5.."',
    fine: 'response_code!~"5.."',
    latency: 'istio_request_duration_milliseconds',
    toMilliseconds: '',
    matchers: [
      'reporter="source", destination_service_namespace="{{namespace}}", destination_service_name="{{service}}"',
    ],
  },
}

const builders: Readonly<Record<string, (source: Source) => string>> = {
  'error-rate': (source) => share(source, source.failed),
  'success-rate': (source) => share(source, source.fine),
  'latency-p50': (source) => latency(source, 0.5),
  'latency-p90': (source) => latency(source, 0.9),
  'latency-p95': (source) => latency(source, 0.95),
  'latency-p99': (source) => latency(source, 0.99),
}

export const templateNames: readonly string[] = Object.keys(builders)

/** The query of a built-in template; undefined for a name that is none. */
export function templateText(template: string, source: MetricSource): string | undefined {
  return Object.hasOwn(builders, template) ? builders[template]?.(sources[source]) : undefined
}

/** How many requests a window had, whichever template they are judged by. */
export function templateCount(source: MetricSource): string {
  const { total, matchers } = sources[source]
  return `sum(${overWindow('increase', total, matchers)})`
}

function share(source: Source, which: string): string {
  const { total, matchers } = source
  const some = matchers.map((own) => `${own}, ${which}`)
  const part = `(sum(${overWindow('rate', total, some)}) or vector(0))`
  const value = `100 * ${part} / sum(${overWindow('rate', total, matchers)})`
  return whileFresh(value, total, source)
}

function latency(source: Source, quantile: number): string {
  const buckets = `${source.latency}_bucket`
  const rates = `sum by (le) (${overWindow('rate', buckets, source.matchers)})`
  const value = `${source.toMilliseconds}histogram_quantile(${quantile}, ${rates})`
  return whileFresh(value, buckets, source)
}

function overWindow(how: string, series: string, matchers: readonly string[]): string {
  return matchers.map((own) => `${how}(${series}{${own}}[{{window}}])`).join(' or ')
}

function whileFresh(value: string, series: string, { matchers }: Source): string {
  const newest = matchers.map((own) => `timestamp(${series}{${own}})`).join(' or ')
  return `(${value}) and on() (time() - max(${newest}) < {{fresh}})`
}
