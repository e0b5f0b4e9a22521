/** What a metric provider is: a question turned into an HTTP request, and an answer turned into a number. Both pure. */

import type { HttpAnswer, UrlAsk } from '../http-ask.ts'
import type { Metric, MetricProviderRef } from '../model/analysis.ts'
import type { Instant } from '../time.ts'

/** A number, or why there is none. `message` never holds any part of an answer's body. */
export type Reading =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'noData'; readonly message: string }
  | { readonly kind: 'error'; readonly message: string }

/** Whose requests are asked for. */
export type Subject = {
  readonly namespace: string
  readonly rollout: string
  readonly revision: string
  readonly role: string
  /** The Service that carries them. */
  readonly service: string
}

export type Question = {
  readonly metric: Metric
  /** Its value, or the number of requests behind it. */
  readonly part: 'value' | 'count'
  readonly subject: Subject
  /** How far back it looks: the metric's window, clipped to the candidate's life. */
  readonly windowMs: number
  readonly at: Instant
}

/** What of a question its answer is read by. */
export type Asked = Pick<Question, 'metric' | 'part' | 'at'>

export type MetricProvider = {
  readonly ask: (ref: MetricProviderRef, question: Question) => UrlAsk
  readonly read: (answer: HttpAnswer, asked: Asked) => Reading
  /** A sentence when the query cannot be asked: an unknown template, an unknown argument. */
  readonly problem: (metric: Metric) => string | undefined
}
