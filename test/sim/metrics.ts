/** The Prometheus endpoint of a run, over what users saw; and its table of bad answers. */
import type { Ask } from '#controller/ask.ts'
import type { HttpAnswer } from '#core/http-ask.ts'
import { labels } from '#core/render/names.ts'
import { answerApi } from '#local/prometheus/api.ts'
import { seriesStore } from '#local/prometheus/store.ts'
import { behaviourOf, tagOf } from '#local/sample-app/behaviour.ts'
import type { Cluster } from './cluster.ts'
import { secretToken } from './invariants/s12.ts'
import { mostErrors } from './objects.ts'
import type { Strike } from './plan.ts'
import type { Traffic } from './traffic.ts'
import { workloadsIn } from './view.ts'
import type { Weather } from './weather.ts'

export type Metrics = {
  /** Whether a good value was the answer to a question about this instant, milliseconds since the epoch. */
  readonly wasGood: (at: number) => boolean
  readonly ask: (question: Parameters<Ask>[0], instance: string) => Promise<HttpAnswer>
}

const scrapeMs = 2_000
const answerMs = 5
/** Stands in bad answers for the instant that was asked about. */
const now = 'now'

export function metricsOver(cluster: Cluster, traffic: Traffic, weather: Weather): Metrics {
  const { clock } = cluster.time
  const store = seriesStore(600_000)
  const totals = new Map<string, { good: number; bad: number }>()
  let scrapedAt = 0
  let spanIndex = 0
  const startedAt = clock.now() - clock.monotonic()
  const good = new Set<number>()
  let badCount = 0

  /** Adds up what happened until then, scrape by scrape. */
  const scrape = (): void => {
    const spans = traffic.spans()
    const now = clock.monotonic()
    for (let at = scrapedAt + scrapeMs; at <= now; at += scrapeMs) {
      while (spanIndex < spans.length) {
        const span = spans[spanIndex]
        if (span === undefined || span.from >= at) break
        add(span, Math.max(span.from, scrapedAt), Math.min(span.to, at))
        if (span.to > at || spanIndex === spans.length - 1) break
        spanIndex += 1
      }
      scrapedAt = at
      record(at)
    }
  }
  const add = (
    { served }: { served: ReadonlyMap<string, number> },
    from: number,
    to: number,
  ): void => {
    for (const [image, rate] of served) {
      const bad = (behaviourOf(image, {}).errorRate / 100) * rate
      const total = totals.get(image) ?? { good: 0, bad: 0 }
      totals.set(image, total)
      total.bad += (bad * (to - from)) / 1000
      total.good += ((rate - bad) * (to - from)) / 1000
    }
  }
  const record = (at: number): void => {
    for (const [image, { good, bad }] of totals) {
      const revision = revisionOf(cluster, image)
      if (revision === undefined) continue
      for (const [status, value] of [
        ['200', good],
        ['500', bad],
      ] as const) {
        const own = { namespace: 'default', rollout: 'shop', revision, status, image: tagOf(image) }
        store.series({ __name__: 'http_requests_total', ...own }).append(startedAt + at, value)
      }
    }
  }

  return {
    wasGood: (at) => good.has(at),
    ask: async (question, instance) => {
      const { timeoutMs } = question
      if (question.kind !== 'url') return { kind: 'failed', message: 'pods are not asked here' }
      const { pathname, searchParams } = new URL(question.url)
      const strike = weather.of('metrics', instance)
      const asked = Number(searchParams.get('time') ?? 0)
      if (weather.of('flapping', instance) !== undefined) {
        badCount += 1
        const body = vector(String(badCount % 2 === 0 ? mostErrors - 1 : mostErrors + 1))
        if (isGood(body.replaceAll(JSON.stringify(now), String(asked))))
          good.add(Math.round(asked * 1000))
        return {
          kind: 'answer',
          status: 200,
          body: body.replaceAll(JSON.stringify(now), String(asked)),
        }
      }
      const bad = strike === undefined ? undefined : badAnswer(strike, badCount++, asked)
      const wait = bad?.afterMs ?? answerMs
      await new Promise<void>((resolve) => clock.after(Math.min(wait, timeoutMs), resolve))
      if (wait >= timeoutMs) return { kind: 'failed', message: `no answer within ${timeoutMs} ms` }
      if (bad !== undefined) return bad.answer
      traffic.look()
      scrape()
      const answer = answerApi(store, pathname, searchParams, clock.now())
      const body = answer?.body ?? 'not found'
      if (isGood(body)) good.add(Math.round(asked * 1000))
      return { kind: 'answer', status: answer?.status ?? 404, body }
    },
  }
}

/** The name of the revision that an image belongs to, as its pods are labelled. */
function revisionOf(cluster: Cluster, image: string): string | undefined {
  for (const { spec } of workloadsIn(cluster.truth())) {
    const own = spec.template.metadata?.labels?.[labels.revision]
    if (own !== undefined && spec.template.spec.containers[0]?.image === image) return own
  }
  return undefined
}

/** One number, and not more than what stories allow. */
function isGood(body: string): boolean {
  const value = /"result":\[\{"metric":\{\},"value":\[[\d.]+,"([\d.e-]+)"\]\}\]/.exec(body)?.[1]
  return value !== undefined && Number(value) <= mostErrors
}

const vector = (...values: readonly unknown[]): string =>
  JSON.stringify({
    status: 'success',
    data: {
      resultType: 'vector',
      result: values.map((value) => ({
        metric: {},
        value: value === undefined ? [now] : [now, value],
      })),
    },
  })

const bodies: readonly (readonly [status: number, body: string])[] = [
  [200, `{"status":"error","errorType":"timeout","error":"${secretToken}"}`],
  [200, vector('NaN')],
  // A sample from long ago.
  [200, vector('0').replace('"now"', '1700000000')],
  [200, vector('+Inf')],
  [200, vector('-Inf')],
  [200, vector()],
  [200, vector('0', '0')],
  [200, vector('zero')],
  [200, vector(undefined)],
  [200, vector(0)],
  [200, '{"status":"success","data":{"resultType":"string","result":[0,"0"]}}'],
  [200, `${secretToken} <html>`],
  [503, 'unavailable'],
  [302, ''],
]

/** How many ways there are in which Prometheus answers badly. */
const badAnswers = bodies.length + 2

function badAnswer(
  { variant }: Strike,
  turn: number,
  asked: number,
): { readonly afterMs?: number; readonly answer: HttpAnswer } {
  // A bad provider is bad in more than one way.
  const pick = (variant + turn) % badAnswers
  const [status, text] = bodies[pick] ?? [0, '']
  const body = text.replaceAll(JSON.stringify(now), String(asked))
  if (status > 0) return { answer: { kind: 'answer', status, body } }
  const failed = { kind: 'failed', message: 'connect ECONNREFUSED' } as const
  return pick === bodies.length ? { answer: failed } : { afterMs: 60_000, answer: failed }
}
