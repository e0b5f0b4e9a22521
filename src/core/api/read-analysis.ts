/** Reads the `analysis:` block of a Release: whom to ask, what, and what counts as good. */
import { metricProviders } from '../metrics/register.ts'
import type { Analysis, Metric, MetricProviderRef, MetricRange } from '../model/analysis.ts'
import type { Notes } from './notes.ts'
import type { ReleaseAnalysis, ReleaseMetric, ReleasePrometheus } from './release-analysis.ts'

const base = 'spec.analysis'

/** What is wrong goes to the notes, with its path; what is returned counts only if there is none. */
export function readAnalysis(analysis: ReleaseAnalysis, notes: Notes): Analysis {
  const names = new Set(analysis.metrics.map(({ name }) => name))
  if (names.size < analysis.metrics.length) notes.add(`${base}.metrics`, 'names must differ')
  return {
    provider: providerOf(analysis.provider.prometheus, notes),
    warmupMs: notes.duration(`${base}.warmup`, analysis.warmup, 0),
    ...(analysis.warmupFrom === undefined ? {} : { warmupFrom: analysis.warmupFrom }),
    metrics: analysis.metrics.map((metric, index) =>
      metricOf(metric, `${base}.metrics[${index}]`, notes),
    ),
  }
}

/** Credentials have their place in a Secret; other headers could make a request another one. */
const headerAllowed = /^(x-(?!forwarded|remote|real-ip|original)[a-z0-9-]+|thanos-tenant)$/

/** Whether a release may set a header on the requests that are made for it. Names in lower case. */
export function isHeaderAllowed(name: string): boolean {
  return headerAllowed.test(name)
}

function providerOf(given: ReleasePrometheus, notes: Notes): MetricProviderRef {
  const path = `${base}.provider.prometheus`
  const { address, headers = {}, secretRef, caBundle } = given
  if (!/^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/.test(address)) {
    notes.add(
      `${path}.address`,
      `${JSON.stringify(address)} is no http or https address; write one like http://prometheus.monitoring.svc:9090, without user, query or fragment`,
    )
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!isHeaderAllowed(name.toLowerCase()))
      notes.add(
        `${path}.headers.${name}`,
        'is not a header that may be set; allowed are X-… and THANOS-TENANT, and credentials go into the Secret of secretRef',
      )
    if (!/^[\x20-\x7e]*$/.test(value))
      notes.add(`${path}.headers.${name}`, 'may hold printable ASCII characters only')
  }
  if (caBundle !== undefined && !address.startsWith('https:'))
    notes.add(`${path}.caBundle`, 'has no use for an http address; write https or leave it out')
  if (caBundle !== undefined && !caBundle.includes('-----BEGIN CERTIFICATE-----'))
    notes.add(
      `${path}.caBundle`,
      'is no PEM certificate; it begins with -----BEGIN CERTIFICATE-----',
    )
  return {
    kind: 'prometheus',
    address,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    secret: secretRef?.name,
    caBundle,
  }
}

function metricOf(given: ReleaseMetric, path: string, notes: Notes): Metric {
  checkShape(given, path, notes)
  const windowMs = notes.duration(`${path}.window`, given.window, 120_000)
  const metric: Metric = {
    name: given.name,
    query: queryOf(given),
    range: rangeOf(given, windowMs, path, notes),
    compare: given.compare,
    ...(given.counts === undefined ? {} : { counts: given.counts }),
    max: given.max,
    min: given.min,
    intervalMs: Math.max(1000, notes.duration(`${path}.interval`, given.interval, 30_000)),
    windowMs,
    failures: given.failures ?? 1,
    count: given.count ?? 1,
    minSamples: given.minSamples ?? 0,
    onNoData: given.onNoData ?? 'hold',
    onError: given.onError ?? 'hold',
    consecutiveErrors: given.consecutiveErrors,
  }
  const problem = metricProviders.prometheus.problem(metric)
  if (problem !== undefined) notes.add(path, problem)
  return metric
}

function checkShape(given: ReleaseMetric, path: string, notes: Notes): void {
  const { min, max, template, query } = given
  if ((template === undefined) === (query === undefined))
    notes.add(path, 'must have either template or query')
  if (max === undefined && min === undefined) notes.add(path, 'must have max, min or both')
  if (min !== undefined && max !== undefined && min > max)
    notes.add(path, `min ${min} is above max ${max}, so that every sample would be bad`)
  for (const name of ['countQuery', 'arguments'] as const) {
    if (given[name] !== undefined && query === undefined)
      notes.add(`${path}.${name}`, 'belongs to a query; a template brings its own')
  }
  if (given.counts !== undefined && (query === undefined || given.compare !== undefined))
    notes.add(`${path}.counts`, 'belongs to a query that is not compared')
  if (given.source !== undefined && template === undefined)
    notes.add(`${path}.source`, 'belongs to a template; a query names its series itself')
}

function queryOf({
  template,
  source,
  query,
  countQuery,
  ...given
}: ReleaseMetric): Metric['query'] {
  return query === undefined
    ? { kind: 'template', template: template ?? '', source: source ?? 'app' }
    : { kind: 'text', text: query, count: countQuery, arguments: given.arguments ?? {} }
}

const mostPoints = 1000

function rangeOf(
  { range }: ReleaseMetric,
  windowMs: number,
  path: string,
  notes: Notes,
): MetricRange | undefined {
  if (range === undefined) return undefined
  const given = notes.duration(`${path}.range.step`, range.step, 15_000)
  const stepMs = Math.max(1000, given)
  if (stepMs > windowMs)
    notes.add(`${path}.range.step`, `${range.step} is longer than the window; write a shorter one`)
  if (windowMs / stepMs > mostPoints)
    notes.add(`${path}.range.step`, `makes more than ${mostPoints} points; write a longer one`)
  return { stepMs, reduce: range.reduce ?? 'last' }
}
