/** Prometheus' instant and range queries: questions that nobody can bend. How answers are read is in prometheus-answer.ts. */
import { askLimits, type UrlAsk } from '../http-ask.ts'
import type { Metric, MetricProviderRef } from '../model/analysis.ts'
import { readPrometheus } from './prometheus-answer.ts'
import { fill, matcher, type Place, placesOf } from './promql.ts'
import type { MetricProvider, Question } from './provider.ts'
import { templateCount, templateNames, templateText } from './templates.ts'

export const prometheus: MetricProvider = { ask, read: readPrometheus, problem }

/** Arguments that only we fill in, outside of literals: matchers, a duration, a number of seconds. */
const ownArguments = ['labels', 'window', 'fresh'] as const
/** Names, put in as text. */
const nameArguments = ['namespace', 'rollout', 'revision', 'service'] as const
/** The same, unless somebody has an argument of that name. */
const freeArguments = ['role'] as const

function ask(ref: MetricProviderRef, question: Question): UrlAsk {
  const query = filled(queryOf(question.metric, question.part) ?? '', question)
  const { path, parameters } = request(question, query)
  const { namespace } = question.subject
  return {
    kind: 'url',
    method: 'GET',
    url: `${ref.address.replace(/\/+$/, '')}/api/v1/${path}?${parameters}`,
    headers: { ...ref.headers, accept: 'application/json' },
    body: undefined,
    secret: ref.secret === undefined ? undefined : { namespace, name: ref.secret },
    caBundle: ref.caBundle,
    ...askLimits,
  }
}

function request(question: Question, query: string): { path: string; parameters: string } {
  const text = `query=${encodeURIComponent(query)}`
  const { range } = question.metric
  if (range === undefined || question.part === 'count')
    return { path: 'query', parameters: `${text}&time=${seconds(question.at)}` }
  // The first point looks back one step, or as far as the query does, so that it does not look past the beginning.
  const start = question.at - Math.max(0, question.windowMs - (range.lookBackMs ?? range.stepMs))
  const times = `start=${seconds(start)}&end=${seconds(question.at)}&step=${seconds(range.stepMs)}`
  return { path: 'query_range', parameters: `${text}&${times}` }
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3)
}

/** The text of a metric's query, before its arguments are filled in; undefined where there is none. */
export function queryOf({ query }: Metric, part: Question['part']): string | undefined {
  if (query.kind === 'text') return part === 'value' ? query.text : query.count
  return part === 'value' ? templateText(query.template, query.source) : templateCount(query.source)
}

/** A query as it is asked. */
function filled(text: string, question: Question): string {
  const { metric, subject, part } = question
  const step = part === 'value' ? metric.range?.stepMs : undefined
  const point = step === undefined ? undefined : Math.min(step, question.windowMs)
  const windowSeconds = wholeSeconds(point ?? question.windowMs)
  // A window must hold two scrapes to give a rate, so that the newest is seldom older than half of it.
  const fresh = Math.ceil(wholeSeconds(step ?? metric.windowMs) * 0.75)
  const { namespace, rollout, revision } = subject
  const labels = Object.entries({ namespace, rollout, revision })
  return fill(text, {
    own: {
      labels: labels.map(([name, value]) => matcher(name, value)).join(', '),
      window: `${windowSeconds}s`,
      fresh: String(fresh),
    },
    texts: {
      ...subject,
      ...(metric.query.kind === 'text' ? metric.query.arguments : {}),
      ...{ namespace, rollout, revision, service: subject.service },
    },
  })
}

function wholeSeconds(milliseconds: number): number {
  return Math.max(1, Math.round(milliseconds / 1000))
}

function problem(metric: Metric): string | undefined {
  const { query } = metric
  const text = queryOf(metric, 'value')
  if (text === undefined) {
    return `metric ${metric.name} names an unknown template; known ones are ${templateNames.join(', ')}`
  }
  if (query.kind === 'template') return undefined
  if (metric.minSamples > 0 && query.count === undefined)
    return `metric ${metric.name} has minSamples but no countQuery; write one that counts its requests`
  const clash = [...ownArguments, ...nameArguments].find((name) =>
    Object.hasOwn(query.arguments, name),
  )
  if (clash !== undefined)
    return `metric ${metric.name} has the argument ${clash}, which is filled in anyway; choose another name`
  for (const place of [...placesOf(text), ...placesOf(query.count ?? '')]) {
    const wrong = misplaced(place, query.arguments)
    if (wrong !== undefined) return `metric ${metric.name} ${wrong}`
  }
  return undefined
}

function misplaced(
  { name, quote }: Place,
  own: Readonly<Record<string, string>>,
): string | undefined {
  const named = [...ownArguments, ...nameArguments, ...freeArguments]
  const known: readonly string[] = [...new Set([...named, ...Object.keys(own)])]
  if (!known.includes(name))
    return `uses the unknown argument {{${name}}}; known ones are ${known.join(', ')}`
  const ours = (ownArguments as readonly string[]).includes(name)
  if (ours && quote !== undefined) return `has {{${name}}} within quotes; write it without`
  if (!ours && quote === undefined)
    return `has {{${name}}} outside of quotes; write it within, like x="{{${name}}}"`
  if (quote === '`' && own[name]?.includes('`') === true)
    return `puts a backquote between backquotes by {{${name}}}; quote it with "`
  return undefined
}
