/** Random expressions of the subset that docs/local-prometheus.md states. */
import fc from 'fast-check'

type Text = fc.Arbitrary<string>

const of = (...texts: readonly string[]): Text => fc.constantFrom(...texts)

const matchers = of(
  '',
  '{role="stable"}',
  '{pod!="a"}',
  '{pod=~"a|c"}',
  '{role!~"can.*"}',
  '{status=~"5..",pod="b"}',
  '{status!="200"}',
  '{none=""}',
  '{pod="nobody"}',
)
const offset = of('', '', '', ' offset 1m', ' offset -20s')
const gauges = of('temperature', 'limit', 'http_requests_total')
const selector: Text = fc
  .tuple(gauges, matchers, offset)
  .map(([name, own, moved]) => `${name}${own}${moved}`)
const range = (...names: readonly string[]): Text =>
  fc
    .tuple(of(...names), matchers, of('12s', '1m', '3m'), offset)
    .map(([name, own, width, moved]) => `${name}${own}[${width}]${moved}`)
const number = of('0', '1', '2.5', '-3', '1e3', '0.1', 'Inf', 'NaN')
const labels = of('role', 'pod', 'status', 'role, pod', '')
const grouping: Text = fc
  .tuple(of(' by ', ' without '), labels)
  .map(([word, names]) => `${word}(${names}) `)

/** Of counters that have run for a while: where one began, and what falls below zero, versions do not agree. */
const rated: Text = fc.oneof(
  fc
    .tuple(of('rate', 'irate', 'increase'), range('http_requests_total'))
    .map(([name, inner]) => `${name}(${inner})`),
  range('http_requests_total', 'temperature').map((inner) => `delta(${inner})`),
)

const quantiles: Text = fc
  .tuple(of('0', '0.5', '0.9', '1', '1.5', '-1', 'NaN'), of('1m', '3m'), of('le', 'le, role'))
  .map(
    ([share, width, by]) =>
      `histogram_quantile(${share}, sum by (${by}) (rate(latency_bucket[${width}])))`,
  )

const arithmeticOrComparison = of('+', '-', '*', '/', '%', '^', '==', '!=', '>', '<', '>=', '<=')
const matching = of(
  '',
  'on (role) ',
  'ignoring (status) ',
  'on (pod, role) ',
  'on (role) group_left ',
  'on (role) group_right ',
  'ignoring (status, pod) group_left (pod) ',
)
const sets = of('', 'on (role) ', 'ignoring (status) ', 'on (pod) ')

function isComparison(op: string): boolean {
  return /[=<>]/.test(op)
}

const vector: Text = fc.letrec<{ vector: string; scalar: string }>((tie) => ({
  scalar: fc.oneof(
    { maxDepth: 2 },
    number,
    of('time()'),
    tie('vector').map((inner) => `scalar(${inner})`),
    fc
      .tuple(tie('scalar'), of('+', '-', '*', '/', '%', '^'), tie('scalar'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
  ),
  vector: fc.oneof(
    { maxDepth: 3 },
    selector,
    rated,
    quantiles,
    fc
      .tuple(of('abs', 'ceil', 'floor', 'round', 'timestamp', 'absent'), tie('vector'))
      .map(([name, inner]) => `${name}(${inner})`),
    fc
      .tuple(of('clamp_min', 'clamp_max', 'round'), tie('vector'), number)
      .map(([name, inner, limit]) => `${name}(${inner}, ${limit})`),
    fc
      .tuple(tie('vector'), number, number)
      .map(([inner, low, high]) => `clamp(${inner}, ${low}, ${high})`),
    tie('scalar').map((inner) => `vector(${inner})`),
    fc
      .tuple(of('sum', 'avg', 'min', 'max', 'count', 'group'), grouping, tie('vector'))
      .map(([name, by, inner]) => `${name}${by}(${inner})`),
    fc
      .tuple(of('0', '0.3', '0.9', '1', '2'), grouping, tie('vector'))
      .map(([share, by, inner]) => `quantile${by}(${share}, ${inner})`),
    fc
      // Of equal values it is chance which are taken.
      .tuple(of('topk', 'bottomk'), of(' by (role) ', ''), of('1', '2', '9'), matchers)
      .map(([name, by, most, own]) => `${name}${by}(${most}, temperature${own})`),
    fc
      .tuple(tie('vector'), arithmeticOrComparison, of('', '', 'bool '), tie('scalar'))
      .map(([a, op, bool, b]) => `(${a} ${op} ${isComparison(op) ? bool : ''}${b})`),
    fc
      .tuple(tie('vector'), arithmeticOrComparison, matching, tie('vector'))
      .map(([a, op, on, b]) => `(${a} ${op} ${on}${b})`),
    fc
      .tuple(tie('vector'), of('and', 'or', 'unless'), sets, tie('vector'))
      .map(([a, op, on, b]) => `(${a} ${op} ${on}${b})`),
    tie('vector').map((inner) => `-${inner}`),
  ),
})).vector

export const expressions: Text = vector
