/**
 * The users: a steady stream of requests through the gateway's routing table to whatever serves. Counted without a timer,
 * from change to change: between two changes every share stays what it is.
 */
import { emptyTable, findEntry, type RequestView, type Table } from '#local/gateway/table.ts'
import type { Cluster } from './cluster.ts'
import { testHeader } from './match-rules.ts'
import { roleOf } from './objects.ts'
import type { Setting } from './stories/story.ts'
import type { Slice } from './truth.ts'
import { readyPods } from './view.ts'

export type Span = {
  readonly from: number
  readonly to: number
  /** Requests a second that reach a pod of this image. */
  readonly served: ReadonlyMap<string, number>
  /** Requests a second that nobody answered, and why. */
  readonly dropped: number
  readonly why: string
}

export type Traffic = {
  /** Looks whether anything changed since; ends the span if so. */
  readonly look: () => void
  readonly spans: () => readonly Span[]
}

const requestsPerSecond = 20
const testsPerSecond = 1

type Way = { readonly namespace: string; readonly service: string; readonly weight: number }
/** Where no gateway stands, requests go to the Service itself. */
const toService: readonly Way[] = [{ namespace: 'default', service: 'shop-stable', weight: 1 }]

const host = 'shop.example.com'
const request: RequestView = {
  method: 'POST',
  scheme: 'http',
  authority: host,
  path: '/',
  query: new URLSearchParams(),
  // What a call of gRPC says; other routes do not look at it.
  headers: { 'content-type': 'application/grpc' },
  client: '10.0.0.1',
}

type Ways = {
  readonly plain: readonly Way[]
  /** A Service that somebody tries out: a preview before it is promoted, or any candidate where no route sends to it. */
  readonly tried: string
}

/** Somebody whom a rule by match picks, where there is one. */
const tester: RequestView = {
  ...request,
  headers: { ...request.headers, [testHeader.name]: testHeader.value },
}

type Shares = Pick<Span, 'served' | 'dropped' | 'why'>

export function trafficOver(
  cluster: Cluster,
  setting: Setting,
  onDrop: (span: Span) => void,
): Traffic {
  const { clock } = cluster.time
  const spans: Span[] = []
  const plain = cluster.gateway === undefined ? toService : []
  const tried = setting.router === 'none' ? `shop-${roleOf(setting)}` : 'shop-preview'
  let since = clock.monotonic()
  let table: Table | undefined
  let slices: unknown
  let pods = 0
  let counted = -1
  let shares: Shares = { served: new Map(), dropped: 0, why: '' }
  cluster.pods.subscribe(() => {
    pods += 1
    look()
  })

  const look = (): void => {
    const now = clock.monotonic()
    const next = cluster.gateway?.serving().table ?? emptyTable
    const truth = cluster.truth()
    if (next === table && truth.slices === slices && pods === counted) return
    if (now > since) {
      const span = { from: since, to: now, ...shares }
      spans.push(span)
      if (span.dropped > 0) onDrop(span)
    }
    since = now
    table = next
    slices = truth.slices
    counted = pods
    shares = sharesOf(next, { plain, tried }, truth.slices, cluster.pods.serving)
  }
  return { look, spans: () => [...spans, { from: since, to: clock.monotonic(), ...shares }] }
}

/** Backends that get anything of so many requests a second. */
function rated(
  backends: readonly Way[],
  perSecond: number,
): readonly { readonly backend: Way; readonly rate: number }[] {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0)
  return backends
    .filter(({ weight }) => weight > 0)
    .map((backend) => ({ backend, rate: (perSecond * backend.weight) / total }))
}

function sharesOf(
  table: Table,
  { plain, tried }: Ways,
  slices: ReadonlyMap<string, Slice>,
  serving: ReadonlyMap<string, string>,
): Shares {
  const served = new Map<string, number>()
  let dropped = 0
  let why = ''
  const entry = findEntry(table, host, request)
  const special = findEntry(table, host, tester)
  const ways = [
    ...rated(entry?.backends ?? plain, requestsPerSecond),
    ...(special === entry ? [] : rated(special?.backends ?? [], testsPerSecond)),
  ]
  for (const { backend, rate } of ways) {
    const pods = readyPods(slices, `${backend.namespace}/`, backend.service)
    if (pods.length === 0) {
      dropped += rate
      why = `${backend.service} has no endpoint`
    }
    for (const pod of pods) {
      const image = serving.get(pod)
      if (image === undefined) {
        dropped += rate / pods.length
        why = `${pod} is gone`
      } else served.set(image, (served.get(image) ?? 0) + rate / pods.length)
    }
  }
  for (const pod of readyPods(slices, 'default/', tried)) {
    const image = serving.get(pod)
    if (image !== undefined) served.set(image, (served.get(image) ?? 0) + testsPerSecond)
  }
  return { served, dropped, why }
}
