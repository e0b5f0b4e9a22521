/** Golden answers, computed by hand from the documented algorithms. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { answerApi } from './api.ts'
import { aggregates } from './parse.ts'
import { signatures } from './signatures.ts'
import { seriesStore } from './store.ts'

const store = seriesStore(7_200_000)

/** One sample every ten seconds from t = 10 s on; `_` leaves one out, `stale` ends the series. */
function load(name: string, labels: Readonly<Record<string, string>>, values: string): void {
  const series = store.series({ ...labels, __name__: name })
  values.split(' ').forEach((text, index) => {
    const t = (index + 1) * 10_000
    if (text === 'stale') series.markStale(t)
    else if (text !== '_') series.append(t, Number(text))
  })
}

load('steady', { pod: 'a', role: 'stable' }, '10 20 30 40 50 60')
load('steady', { pod: 'b', role: 'canary' }, '0 2 4 6 8 10')
load('twin', { pod: 'b', role: 'canary' }, '1 2 3 4 5 6')
load('gap', {}, '_ _ 100 103')
load('reset', {}, '5 8 2 4')
load('ended', {}, '1 2 3 stale')
load('gauge', { pod: 'a', zone: 'x' }, '1 1 1 1 1 -1.5')
load('gauge', { pod: 'b', zone: 'x' }, '1 1 1 1 1 2.5')
load('gauge', { pod: 'c', zone: 'y' }, '1 1 1 1 1 10')
load('info', { zone: 'x', owner: 'anna' }, '1 1 1 1 1 1')
load('info', { zone: 'y', owner: 'ben' }, '1 1 1 1 1 1')
load('text', { line: 'a\nb' }, '1 1 1 1 1 1')
load('odd', { k: 'nan' }, '_ _ _ _ _ NaN')
load('odd', { k: 'inf' }, '_ _ _ _ _ Infinity')
for (const [le, count] of [
  ['1', 20],
  ['2', 60],
  ['5', 90],
  ['+Inf', 100],
] as const) {
  load('lat_bucket', { le, job: 'g' }, `_ _ _ _ _ ${count}`)
}

type Wire = {
  readonly data?: {
    readonly resultType: string
    readonly result: readonly { readonly metric: object; readonly value: [number, string] }[]
  }
  readonly errorType?: string
  readonly error?: string
}

function ask(query: string, time = 60): { readonly status: number; readonly wire: Wire } {
  const parameters = new URLSearchParams({ query, time: String(time) })
  const answer = answerApi(store, '/api/v1/query', parameters, 0)
  return { status: answer?.status ?? 0, wire: JSON.parse(answer?.body ?? '{}') as Wire }
}

function shown(query: string, time?: number): string {
  const { wire } = ask(query, time)
  if (wire.data === undefined) return `${wire.errorType}: ${wire.error}`
  const { resultType, result } = wire.data
  if (resultType !== 'vector') return String((result as unknown as [number, string])[1])
  return result
    .map(({ metric, value }) => `${JSON.stringify(metric).replaceAll('"', '')} ${value[1]}`)
    .join('; ')
}

const rows: readonly (readonly [query: string, answer: string, time?: number])[] = [
  ['steady{pod="a"}', '{pod:a,role:stable,__name__:steady} 60'],
  ['-steady{pod="a"} offset 20s', '{pod:a,role:stable} -40'],
  // An offset belongs to the selector right before it.
  ['10 + steady{pod="a"} offset 20s', '{pod:a,role:stable} 50'],
  ['1 + steady{pod="a"} offset 20s * 2', '{pod:a,role:stable} 81'],
  [
    'steady / on (pod, role) group_left steady offset -10s',
    '{pod:a,role:stable} 0.8; {pod:b,role:canary} 0.75',
    40,
  ],
  ['twin - on (pod) group_right steady offset 20s', '{pod:b,role:canary} 0'],
  // Nothing can match, so nothing can match twice.
  ['nothing + on (zone) gauge', ''],
  ['timestamp(steady{pod="a"})', '{pod:a,role:stable} 60', 65],
  ['timestamp(abs(steady{pod="a"}))', '{pod:a,role:stable} 65', 65],
  // As Go does: the infinite wins over what is no number.
  ['clamp(vector(1), Inf, NaN)', '{} +Inf'],
  ['clamp_max(vector(-Inf), NaN)', '{} -Inf'],
  ['-steady{pod="a"} ^ 2 * 2', '{pod:a,role:stable} -7200'],
  ['steady{role=~"can.*"}', '{pod:b,role:canary,__name__:steady} 10'],
  ['steady{pod!="a"} offset 20s', '{pod:b,role:canary,__name__:steady} 6'],
  ['steady{pod!~"b|c"}', '{pod:a,role:stable,__name__:steady} 60'],
  ['gauge{zone=~"x|"}', '{pod:a,zone:x,__name__:gauge} -1.5; {pod:b,zone:x,__name__:gauge} 2.5'],
  ['gauge{zone=~"(?i)Y"}', '{pod:c,zone:y,__name__:gauge} 10'],
  ['gauge{pod=~"(?P<name>a)"}', '{pod:a,zone:x,__name__:gauge} -1.5'],
  ['text{line=~"a.b"}', '{line:a\nb,__name__:text} 1'.replace('\n', '\\n')],
  ['{__name__=~"ga.*", pod="c"}', '{pod:c,zone:y,__name__:gauge} 10'],
  ['sum without (pod, zone) (gauge)', '{} 11'],
  ['avg by (zone) (gauge)', '{zone:x} 0.5; {zone:y} 10'],
  ['min without (pod) (gauge)', '{zone:x} -1.5; {zone:y} 10'],
  ['max by (zone) (gauge)', '{zone:x} 2.5; {zone:y} 10'],
  ['quantile by (zone) (1, gauge)', '{zone:x} 2.5; {zone:y} 10'],
  [
    'topk by (zone) (1, gauge)',
    '{pod:b,zone:x,__name__:gauge} 2.5; {pod:c,zone:y,__name__:gauge} 10',
  ],
  ['bottomk(1, gauge)', '{pod:a,zone:x,__name__:gauge} -1.5'],
  ['clamp_min(gauge{pod="a"}, 0)', '{pod:a,zone:x} 0'],
  ['clamp_max(gauge{pod="c"}, 3)', '{pod:c,zone:y} 3'],
  ['gauge == 10', '{pod:c,zone:y,__name__:gauge} 10'],
  ['gauge != bool 10', '{pod:a,zone:x} 1; {pod:b,zone:x} 1; {pod:c,zone:y} 0'],
  [
    'gauge and ignoring(pod, zone) vector(1)',
    '{pod:a,zone:x,__name__:gauge} -1.5; {pod:b,zone:x,__name__:gauge} 2.5; {pod:c,zone:y,__name__:gauge} 10',
  ],
  [
    'steady offset -10s',
    '{pod:a,role:stable,__name__:steady} 60; {pod:b,role:canary,__name__:steady} 10',
    50,
  ],
  ['rate(steady{pod="a"}[30s] offset 20s)', '{pod:a,role:stable} 1'],
  // (0, 60]: 50 over 50 s, extrapolated by the 10 s to the start, where the counter was zero.
  ['rate(steady{pod="a"}[1m])', '{pod:a,role:stable} 1'],
  ['increase(steady{pod="a"}[1m])', '{pod:a,role:stable} 60', 65],
  // Zero at the first sample already: nothing to extrapolate to the left, 10 over the range.
  ['increase(steady{pod="b"}[1m])', '{pod:b,role:canary} 10'],
  // Both edges farther than 1.1 intervals: half an interval each.
  ['increase(gap[1m])', '{} 6'],
  ['delta(gap[1m])', '{} 6'],
  ['increase(reset[45s])', '{} 10.5', 45],
  ['delta(reset[45s])', '{} -1.5', 45],
  ['irate(steady{pod="a"}[1m])', '{pod:a,role:stable} 1'],
  ['irate(reset[15s])', '{} 0.2', 30],
  ['rate(gap[5s])', ''],
  ['ended', '{__name__:ended} 3', 30],
  ['ended', '', 40],
  ['gap', '', 340],
  ['gap', '{__name__:gap} 103', 339.999],
  ['sum(rate(steady[1m])) by (role)', '{role:stable} 1; {role:canary} 0.16666666666666666'],
  ['sum without (pod) (gauge)', '{zone:x} 1; {zone:y} 10'],
  ['sum(gauge)', '{} 11'],
  ['avg(gauge)', '{} 3.6666666666666665'],
  ['min(gauge)', '{} -1.5'],
  ['max(gauge)', '{} 10'],
  ['count(gauge) by (zone)', '{zone:x} 2; {zone:y} 1'],
  ['quantile(0.5, gauge)', '{} 2.5'],
  ['quantile(0.75, gauge)', '{} 6.25'],
  ['topk(1, gauge)', '{pod:c,zone:y,__name__:gauge} 10'],
  ['histogram_quantile(0.5, lat_bucket)', '{job:g} 1.75'],
  ['histogram_quantile(0.1, lat_bucket)', '{job:g} 0.5'],
  ['histogram_quantile(0.95, lat_bucket)', '{job:g} 5'],
  ['histogram_quantile(2, lat_bucket)', '{job:g} +Inf'],
  ['histogram_quantile(0.9, gauge)', ''],
  ['abs(gauge{pod="a"})', '{pod:a,zone:x} 1.5'],
  ['ceil(gauge{pod="a"})', '{pod:a,zone:x} -1'],
  ['floor(gauge{pod="a"})', '{pod:a,zone:x} -2'],
  ['round(gauge{pod="b"})', '{pod:b,zone:x} 3'],
  ['round(gauge{pod="b"}, 2)', '{pod:b,zone:x} 2'],
  ['clamp(gauge{pod="c"}, 0, 5)', '{pod:c,zone:y} 5'],
  ['clamp(gauge, 5, 0)', ''],
  ['absent(gauge)', ''],
  ['absent(nothing{a="b", c=~"d"})', '{a:b} 1'],
  ['vector(7)', '{} 7'],
  ['scalar(gauge)', 'NaN'],
  ['scalar(gauge{pod="c"})', '10'],
  ['time()', '60'],
  ['timestamp(gauge{pod="c"})', '{pod:c,zone:y} 60', 65],
  ['1 + 2 * 3 ^ 2', '19'],
  ['-2 ^ 2', '-4'],
  ['2 ^ 3 ^ 2', '512'],
  ['5 % 3', '2'],
  ['-5 % 3', '-2'],
  ['1 / 0', '+Inf'],
  ['-1 / 0', '-Inf'],
  ['0 / 0', 'NaN'],
  ['1e-7', '1e-07'],
  ['1e21', '1e+21'],
  ['0x10', '16'],
  ['1 > bool 2', '0'],
  ['gauge > 2', '{pod:b,zone:x,__name__:gauge} 2.5; {pod:c,zone:y,__name__:gauge} 10'],
  ['gauge > bool 2', '{pod:a,zone:x} 0; {pod:b,zone:x} 1; {pod:c,zone:y} 1'],
  ['3 < gauge', '{pod:c,zone:y,__name__:gauge} 10'],
  ['odd > 1', '{k:inf,__name__:odd} +Inf'],
  ['odd{k="nan"}', '{k:nan,__name__:odd} NaN'],
  ['-gauge{pod="a"}', '{pod:a,zone:x} 1.5'],
  ['sum(gauge) by (zone) / on(zone) count(gauge) by (zone)', '{zone:x} 0.5; {zone:y} 10'],
  [
    'gauge * on(zone) group_left(owner) info',
    '{pod:a,zone:x,owner:anna} -1.5; {pod:b,zone:x,owner:anna} 2.5; {pod:c,zone:y,owner:ben} 10',
  ],
  [
    'info - on(zone) group_right() gauge',
    '{pod:a,zone:x} 2.5; {pod:b,zone:x} -1.5; {pod:c,zone:y} -9',
  ],
  ['steady / ignoring(role) gauge', ''],
  ['steady{pod="a"} / on(pod) gauge', '{pod:a} -40'],
  ['gauge and on(zone) info{zone="y"}', '{pod:c,zone:y,__name__:gauge} 10'],
  ['gauge unless on(zone) info{zone="x"}', '{pod:c,zone:y,__name__:gauge} 10'],
  ['info{zone="x"} or vector(0)', '{zone:x,owner:anna,__name__:info} 1; {} 0'],
  ['nothing or vector(0)', '{} 0'],
  ['"text"', 'text'],
]

for (const [query, answer, time] of rows) {
  test(`${query}${time === undefined ? '' : ` at ${time}`}`, () => {
    expect(shown(query, time)).toBe(answer)
  })
}

const refusals: readonly (readonly [query: string, status: number, error: RegExp])[] = [
  [
    'foo(gauge)',
    400,
    /^invalid parameter "query": 1:1: parse error: unknown function with name "foo"$/,
  ],
  [
    '1 + label_replace(gauge, "a", "b", "c", "d")',
    400,
    /1:5: parse error: unknown function with name "label_replace"/,
  ],
  ['stddev(gauge)', 400, /unknown function with name "stddev"/],
  ['rate(gauge)', 400, /expected type range vector in call to function "rate", got instant vector/],
  ['gauge[5m] + 1', 400, /binary expression must contain only scalar and instant vector types/],
  ['1 > 2', 400, /comparisons between scalars must use BOOL modifier/],
  ['gauge +', 400, /parse error: unexpected end of input/],
  ['sum(gauge', 400, /parse error: unexpected/],
  ['{}', 400, /vector selector must contain at least one non-empty matcher/],
  ['', 400, /parse error: no expression found in input/],
  ['gauge{zone=~"("}', 400, /parse error: error parsing regexp/],
  ['gauge{zone=~"(?=x)"}', 400, /parse error: error parsing regexp: .*look-around/],
  ['gauge{zone!~"(x)\\\\1"}', 400, /parse error: error parsing regexp: .*back-reference/],
  ['rate(gauge[5m:1m])', 400, /subqueries are not evaluated here/],
  ['gauge @ 5', 400, /@ modifier is not evaluated here/],
  [
    'info * on(zone) gauge',
    422,
    /found duplicate series for the match group \{zone="x"\} on the right hand-side/,
  ],
  [
    'gauge * on(zone) info',
    422,
    /multiple matches for labels: many-to-one matching must be explicit/,
  ],
  ['rate({role="canary"}[1m])', 422, /vector cannot contain metrics with the same labelset/],
]

for (const [query, status, error] of refusals) {
  test(`refuses ${query}`, () => {
    const answer = ask(query)
    expect(answer.wire.error).toMatch(error)
    expect(answer.status).toBe(status)
    expect(answer.wire.errorType).toBe(status === 400 ? 'bad_data' : 'execution')
  })
}

test('a range query has a point for each step that has one', () => {
  const parameters = new URLSearchParams({ query: 'ended', start: '10', end: '60', step: '10s' })
  const answer = answerApi(store, '/api/v1/query_range', parameters, 0)
  expect(JSON.parse(answer?.body ?? '').data.result).toEqual([
    {
      metric: { __name__: 'ended' },
      values: [
        [10, '1'],
        [20, '2'],
        [30, '3'],
      ],
    },
  ])
})

test('series, labels and label values', () => {
  const data = (path: string, given: Record<string, string>): unknown =>
    JSON.parse(answerApi(store, path, new URLSearchParams(given), 100_000)?.body ?? '').data
  expect(data('/api/v1/series', { 'match[]': 'info{zone="x"}' })).toEqual([
    { __name__: 'info', zone: 'x', owner: 'anna' },
  ])
  expect(data('/api/v1/labels', { 'match[]': 'gauge' })).toEqual(['__name__', 'pod', 'zone'])
  expect(data('/api/v1/label/zone/values', {})).toEqual(['x', 'y'])
})

test('the ring keeps what the retention allows and no more', () => {
  const small = seriesStore(1000)
  const series = small.series({ __name__: 'x' })
  for (let t = 1; t <= 5000; t += 10) series.append(t, t)
  expect(series.range(0, 10_000).length).toBe(101)
  expect(series.latest(10_000, 10_000)?.v).toBe(4991)
  small.expire(10_000)
  expect(small.size()).toBe(0)
  series.append(11_000, 1)
  expect(small.select([]).length).toBe(1)
  small.series({ __name__: 'new' })
  small.expire(11_000)
  expect(small.size()).toBe(2)
})

// All that Prometheus 3 knows and this does not.
const others = `absent_over_time acos acosh asin asinh atan atanh avg_over_time changes cos cosh
  count_over_time day_of_month day_of_week day_of_year days_in_month deg deriv double_exponential_smoothing exp
  histogram_avg histogram_count histogram_fraction histogram_stddev histogram_stdvar histogram_sum hour idelta info
  label_join label_replace last_over_time ln log10 log2 mad_over_time max_over_time min_over_time minute month pi
  predict_linear present_over_time quantile_over_time rad resets sgn sin sinh sort sort_by_label sort_by_label_desc
  sort_desc sqrt stddev_over_time stdvar_over_time sum_over_time tan tanh year
  count_values limit_ratio limitk stddev stdvar`.split(/\s+/)

test('every other function is unknown, never a number', () => {
  for (const name of others) {
    for (const query of [`${name}(gauge)`, `1 + ${name}(gauge[1m])`, `sum(${name}(0.5, gauge))`]) {
      expect(ask(query).status, query).toBe(400)
      expect(ask(query).wire.error, query).toContain(`unknown function with name "${name}"`)
    }
  }
})

test('an expression that would take exponential time takes none', () => {
  load('long', { text: `${'a'.repeat(40)}b` }, '1 1 1 1 1 1')
  expect(shown('count(long{text=~"(a+)+"} or vector(0))')).toBe('{} 1')
  expect(shown('long{text=~"((a+)+)+c"}')).toBe('')
})

test('what is evaluated is what the page says', () => {
  const page = readFileSync(new URL('../../../docs/local-prometheus.md', import.meta.url), 'utf8')
  const words = new Set([...page.matchAll(/`([a-z_]+)`/g)].map(([, word]) => word))
  for (const name of [...Object.keys(signatures), ...aggregates]) {
    expect(words, `docs/local-prometheus.md does not name ${name}`).toContain(name)
  }
  for (const name of others) expect(words, `the page names ${name}`).not.toContain(name)
})
