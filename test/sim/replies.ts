/** Answers that do not come from the server, or are no answers at all. */
import type { Workload } from '#core/k8s/workloads.ts'
import type { HttpRequest, HttpResponse, SendOptions } from '#kube/http.ts'
import { json } from '#local/api-server/answer.ts'
import { workloadShelves } from './truth.ts'
import type { WireParts } from './wire.ts'
import type { About } from './wire-request.ts'

type Reply = HttpResponse | 'silence' | 'broken' | undefined

/** What stands in the way of a request now; undefined lets it through. */
export function refusalFor(
  { strike, dice }: WireParts,
  about: About,
  { lane }: SendOptions,
): Reply {
  if (strike('outage') !== undefined || strike('restart') !== undefined) return 'broken'
  if (lane === 'lease' && strike('partition') !== undefined) return 'silence'
  if (about.shelf === 'routes' && strike('kind-missing') !== undefined) {
    return status(404, 'NotFound', 'the server could not find the requested resource')
  }
  const gone = strike('gone')
  if (gone !== undefined && about.isWatch) {
    const reply = expired(about, gone.variant)
    if (reply !== undefined) return reply
  }
  if (gone !== undefined && gone.variant % 4 === 2 && /continue=/.test(about.query)) {
    return status(410, 'Expired', 'The provided continue parameter is too old')
  }
  if (strike('conflict') !== undefined && about.isWrite && lane !== 'lease' && dice.chance(0.5)) {
    return status(409, 'Conflict', 'the object has been modified; please apply your changes')
  }
  const denied = strike('admission')
  if (denied !== undefined && isAdmitted(about) && dice.chance(0.6)) {
    const reply = denials[denied.variant % 3]?.(about.plural)
    if (reply !== undefined) return reply
  }
  const refused = strike('refused')
  if (refused === undefined || lane === 'lease' || !dice.chance(0.7)) return undefined
  return refusals[refused.variant % refusals.length]?.()
}

function expired(about: About, variant: number): Reply {
  const initial = about.query.includes('sendInitialEvents=true')
  switch (variant % 4) {
    case 0:
      return initial ? undefined : status(410, 'Expired', 'too old resource version')
    case 1: {
      if (initial) return undefined
      const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }]
      return status(504, 'Timeout', 'Too large resource version: 99999', { causes })
    }
    case 2:
      // A server that knows no WatchList: lists, page by page, with a token that expires.
      return initial ? status(422, 'Invalid', 'sendInitialEvents is forbidden') : undefined
    default:
      return undefined
  }
}

/** What webhooks are asked about. */
const isAdmitted = ({ isWrite, shelf }: About): boolean =>
  isWrite && shelf !== undefined && shelf !== 'leases' && shelf !== 'events'

/** The third kind lets everything through, but not as it came: see `injected`. */
const denials: readonly ((plural: string) => Reply)[] = [
  (plural) =>
    status(
      403,
      'Forbidden',
      `admission webhook "policy.example.com" denied the request: no ${plural} today`,
    ),
  () =>
    status(
      500,
      'InternalError',
      'failed calling webhook "policy.example.com": context deadline exceeded',
    ),
  () => undefined,
]

/** A workload as a mutating webhook leaves it: with a mark in its template. */
export function injected(request: HttpRequest, about: About): HttpRequest {
  if (request.method !== 'POST' || !workloadShelves.includes(about.shelf ?? 'events'))
    return request
  const object = JSON.parse(request.body ?? '{}') as Workload
  const { template } = object.spec
  const annotations = { ...template.metadata?.annotations, 'example.com/injected': 'true' }
  const metadata = { ...template.metadata, annotations }
  const spec = { ...object.spec, template: { ...template, metadata } }
  return { ...request, body: JSON.stringify({ ...object, spec }) }
}

const refusals: readonly (() => Reply)[] = [
  () => ({ ...status(429, 'TooManyRequests', 'slow down'), headers: { 'retry-after': '2' } }),
  () => status(429, 'TooManyRequests', 'slow down'),
  () => status(500, 'InternalError', 'etcdserver: request timed out'),
  () => ({ ...status(502, '', ''), body: texts('<html>bad gateway</html>') }),
  () => status(500, 'InternalError', 'etcdserver: mvcc: database space exceeded'),
  () => status(503, 'ServiceUnavailable', 'apiserver is shutting down'),
  () => status(504, 'Timeout', 'etcd is slow'),
  () => status(408, 'Timeout', 'request timed out'),
  () => status(401, 'Unauthorized', 'Unauthorized'),
  () => status(403, 'Forbidden', 'User "headgate" cannot do that'),
  () => 'broken',
  () => ({ ...status(200, '', ''), body: texts('{"kind":"Rel') }),
]

async function* texts(text: string): AsyncGenerator<string> {
  yield text
}

export function status(
  code: number,
  reason: string,
  message: string,
  details?: object,
): HttpResponse {
  return json(code, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
    ...(details === undefined ? {} : { details }),
  })
}
