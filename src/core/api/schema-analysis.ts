/** The schema of a Release's `analysis:` block. */

import { metricSources, reducers } from '../model/analysis.ts'
import { keep } from '../model/notebook.ts'
import {
  count,
  duration,
  list,
  name,
  object,
  oneOf,
  rule,
  rules,
  type Schema,
  text,
  texts,
} from './schema-parts.ts'

const prometheus = object(
  {
    address: text('http://NAME.NAMESPACE.svc:PORT'),
    headers: texts('Headers such as X-Scope-OrgID; nothing secret.', 256),
    secretRef: object(
      { name: text('A Secret of this namespace that is bound to the address.', { minLength: 1 }) },
      { required: ['name'], description: 'Credentials; see docs/analysis.md.' },
    ),
    caBundle: text('PEM certificates to trust for https.', { maxLength: 65_536 }),
  },
  { required: ['address'] },
)

const range = object(
  {
    step: duration('Between two points; each looks back one step.'),
    reduce: oneOf(reducers, 'What makes one number of the points.', 'last'),
  },
  { required: ['step'], description: 'Asks for a row of points over the window instead of one.' },
)

const policy = (when: string): Schema =>
  oneOf(['hold', 'continue', 'rollback'], `When ${when}.`, 'hold')

const metric = object(
  {
    name: name('How steps and status call it.'),
    template: name(
      'A built-in query: error-rate, success-rate (per cent), latency-p50, -p90, -p95, -p99 (milliseconds).',
    ),
    source: oneOf(metricSources, 'Who counted the requests of a template.', undefined),
    query: text(
      'PromQL that ends in one number; {{labels}}, {{window}}, {{namespace}}, {{rollout}}, {{revision}}, {{service}} and your own arguments are filled in.',
      { maxLength: 4096 },
    ),
    countQuery: text('PromQL for the number of requests behind the query.', { maxLength: 4096 }),
    arguments: texts('Your own arguments of the query, put in as text.', 1024),
    range,
    compare: oneOf(
      ['ratio', 'difference'],
      "Judges the candidate's value against the stable revision's: divided by it, or less it.",
      undefined,
    ),
    counts: oneOf(
      ['series'],
      'The value is the number of series that the query matches, so that no match is 0.',
      undefined,
    ),
    max: { type: 'number', description: 'A sample above is bad.' },
    min: { type: 'number', description: 'A sample below is bad.' },
    interval: duration('Between two samples.', { default: '30s' }),
    window: duration('How far a sample looks back, at most to when the candidate got traffic.', {
      default: '2m',
    }),
    failures: count('So many bad samples turn the release back.', 1, { default: 1 }),
    count: count('So many good samples make it pass.', 1, { default: 1 }),
    minSamples: count('A sample of fewer requests is not judged.', 1),
    onNoData: policy('there is nothing to judge'),
    onError: policy('the provider fails'),
    consecutiveErrors: count('onError applies from so many errors in a row; fewer hold.', 1, {
      maximum: keep.samples,
    }),
  },
  {
    required: ['name'],
    ...rules(
      rule('has(self.template) != has(self.query)', 'write either template or query'),
      rule(
        'has(self.max) || has(self.min)',
        'write max, min or both; without them every sample would be good',
      ),
    ),
  },
)

export const analysisSchema = object(
  {
    provider: object({ prometheus }, { required: ['prometheus'] }),
    warmup: duration('Nothing is measured before the candidate has had traffic for so long.', {
      default: '0s',
    }),
    warmupFrom: oneOf(
      ['traffic', 'step'],
      'Since when: since the candidate has traffic, or besides after the beginning of each step.',
      'traffic',
    ),
    metrics: list(metric, {
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    }),
  },
  { required: ['provider', 'metrics'] },
)
