/** What a metric provider is: a question turned into an HTTP request, and an answer turned into a number. Both pure. */

import type { Labels } from '../k8s/meta.ts'
import type { Metric } from '../model/app.ts'
import type { Instant } from '../time.ts'

/** An HTTP request that the shell performs on the release's behalf. */
export type HttpAsk = {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** What came of it. */
export type HttpAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'failed'; readonly message: string }

/** A number, or why there is none. `message` never holds any part of an answer's body. */
export type Reading =
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'noData'; readonly message: string }
  | { readonly kind: 'error'; readonly message: string }

export type Question = {
  readonly metric: Metric
  /** Labels of the series of the revision on trial, quoted by the provider. */
  readonly labels: Labels
  readonly windowMs: number
  readonly at: Instant
}

export type MetricProvider = {
  readonly ask: (address: string, question: Question) => HttpAsk
  readonly read: (answer: HttpAnswer) => Reading
  /** A sentence when the query cannot be asked: an unknown template, an unknown argument. */
  readonly problem: (metric: Metric) => string | undefined
}
