/** What a Rollout means to the engine, and what it cannot mean. */
import { describe, expect, test } from 'vitest'
import type { App } from '#core/model/app.ts'
import { noProvider } from './analysis.ts'
import { readDuration } from './duration.ts'
import { readRollout, type Settings } from './read.ts'
import type { CanaryStrategy, Rollout, RolloutSpec } from './rollout.ts'
import { rolloutCrd } from './schema.ts'

const canary: CanaryStrategy = {
  stableService: 'shop-stable',
  canaryService: 'shop-canary',
  steps: [{ setWeight: 20, pause: {} }],
  trafficRouting: { gatewayAPI: { httpRoute: 'shop' } },
}

function rollout(spec: Partial<RolloutSpec> = {}, annotations = {}): Rollout {
  return {
    apiVersion: 'kulta.io/v1beta1',
    kind: 'Rollout',
    metadata: { name: 'shop', namespace: 'default', uid: 'u1', generation: 1, annotations },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'shop' } },
      template: {
        metadata: { labels: { app: 'shop' } },
        spec: { containers: [{ name: 'app', image: 'shop:v1' }] },
      },
      strategy: { canary },
      ...spec,
    },
  }
}

function appOf(spec: Partial<RolloutSpec> = {}, settings: Settings = {}, annotations = {}): App {
  const read = readRollout(rollout(spec, annotations), settings)
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems))
  return read.app
}

function problems(spec: Partial<RolloutSpec>): string {
  const read = readRollout(rollout(spec), {})
  return read.kind === 'app'
    ? 'none'
    : read.problems.map((one) => `${one.path}: ${one.message}`).join('; ')
}

const withCanary = (change: Partial<CanaryStrategy>): Partial<RolloutSpec> => ({
  strategy: { canary: { ...canary, ...change } },
})

describe('the definition', () => {
  const [alpha, beta] = rolloutCrd.spec.versions as unknown as readonly Readonly<
    Record<string, unknown>
  >[]

  test('serves v1alpha1 and v1beta1, which is stored, with a status subresource and no short names', () => {
    expect([alpha?.['name'], alpha?.['served'], alpha?.['storage']]).toEqual([
      'v1alpha1',
      true,
      false,
    ])
    expect([beta?.['name'], beta?.['served'], beta?.['storage']]).toEqual(['v1beta1', true, true])
    for (const version of [alpha, beta]) expect(version?.['subresources']).toEqual({ status: {} })
    expect(rolloutCrd.spec.names).not.toHaveProperty('shortNames')
  })

  test('has one schema for both, the advisor included, and the columns of the document', () => {
    expect(alpha?.['schema']).toBe(alpha?.['schema'])
    expect(JSON.stringify(alpha?.['schema'])).toBe(JSON.stringify(beta?.['schema']))
    expect(JSON.stringify(beta?.['schema'])).toContain('"advisor"')
    const columns = beta?.['additionalPrinterColumns'] as readonly {
      name: string
      jsonPath: string
    }[]
    expect(columns.map(({ name, jsonPath }) => [name, jsonPath])).toEqual([
      ['Desired', '.spec.replicas'],
      ['Current', '.status.replicas'],
      ['Ready', '.status.readyReplicas'],
      ['Phase', '.status.phase'],
      ['Weight', '.status.currentWeight'],
      ['Age', '.metadata.creationTimestamp'],
    ])
  })
})

describe('durations', () => {
  const good = [
    ['30s', 30_000],
    ['5m', 300_000],
    ['168h', 604_800_000],
    ['7d', 604_800_000],
  ] as const
  for (const [text, ms] of good)
    test(`${text} is ${ms} ms`, () => expect(readDuration(text)).toBe(ms))
  for (const text of [
    '0s',
    '',
    '5',
    '1.5h',
    '5 minutes',
    '-3s',
    '86401s',
    '1441m',
    '169h',
    '1h30m',
  ])
    test(`${JSON.stringify(text)} is refused`, () =>
      expect(readDuration(text)).toBeTypeOf('string'))
})

describe('strategies', () => {
  const blueGreen = { activeService: 'a', previewService: 'b' }
  const abTesting = {
    variantAService: 'a',
    variantBService: 'b',
    variantBMatch: {
      header: { name: 'x', value: 'b.*', type: 'RegularExpression' },
      cookie: { name: 'v', value: 'b' },
    },
  } as const

  test('of several the first counts: simple, blueGreen, abTesting, canary', () => {
    const names = (strategy: RolloutSpec['strategy']): string =>
      Object.values(
        appOf({ strategy }).workloads.layout.by === 'role' ? rolesOf(strategy) : {},
      ).join(' ')
    const rolesOf = (strategy: RolloutSpec['strategy']): Record<string, string> => {
      const { layout } = appOf({ strategy }).workloads
      if (layout.by !== 'role') return {}
      return Object.fromEntries(
        Object.entries(layout.roles).map(([role, { name }]) => [role, name]),
      )
    }
    expect(names({ simple: {}, blueGreen, abTesting, canary })).toBe('shop shop-{revision}')
    expect(names({ blueGreen, abTesting, canary })).toBe('shop-active shop-preview')
    expect(names({ abTesting, canary })).toBe('shop-variant-a shop-variant-b')
    expect(names({ canary })).toBe('shop-stable shop-canary')
  })

  test('a weight of 100 ends the steps, whatever comes after it', () => {
    const steps = [
      { setWeight: 20 },
      { pause: { duration: '1m' } },
      { setWeight: 100, pause: {} },
      { setWeight: 50 },
    ]
    expect(appOf(withCanary({ steps })).plan.candidates[0]?.steps).toEqual([
      { kind: 'weight', weight: 20, replicas: undefined },
      { kind: 'pause', durationMs: 60_000 },
    ])
  })

  test('an experiment takes header, by value or pattern, or cookie, under the names of the document', () => {
    const trafficRouting = { gatewayAPI: { httpRoute: 'shop' } }
    const { plan, traffic } = appOf({ strategy: { abTesting: { ...abTesting, trafficRouting } } })
    expect(plan.candidates[0]?.steps[1]).toEqual({
      kind: 'match',
      matches: [
        { kind: 'header', name: 'x', value: 'b.*', regex: true },
        { kind: 'cookie', name: 'v', value: 'b' },
      ],
    })
    expect(traffic.matchNames).toEqual({ 'variant-b': ['variant-b', 'variant-b-cookie'] })
  })

  test('a selector of expressions alone takes the labels of the template', () => {
    const selector = { matchExpressions: [{ key: 'app', operator: 'In', values: ['shop'] }] }
    expect(appOf({ selector }).selector).toEqual({ app: 'shop' })
    expect(problems({ selector: { matchLabels: { app: 'other' } } })).toMatch(
      /must have app: other/,
    )
  })

  const bad: readonly (readonly [string, Partial<RolloutSpec>, RegExp])[] = [
    ['nothing at all', { strategy: {} }, /must have canary, blueGreen, abTesting or simple/],
    ['a weight of 101', withCanary({ steps: [{ setWeight: 101 }] }), /101 is no weight/],
    ['a deadline below 0', { progressDeadlineSeconds: -1 }, /progressDeadlineSeconds/],
    ['half a pod', { replicas: 0.5 }, /no number of pods/],
    ['a share above 100 %', { maxUnavailable: '101%' }, /maxUnavailable/],
    [
      'blue-green that waits for no time that can be read',
      { strategy: { blueGreen: { ...blueGreen, analysis: { warmupDuration: 'soon' } } } },
      /warmupDuration/,
    ],
  ]
  for (const [name, spec, words] of bad)
    test(`${name} is told`, () => expect(problems(spec)).toMatch(words))
})

describe('analysis', () => {
  const metrics = [
    { name: 'error-rate', threshold: 5, minSampleSize: 50, failureThreshold: 3, interval: '10s' },
    { name: 'latency-p95', threshold: 500 },
  ]
  const analysed = (analysis: CanaryStrategy['analysis'], settings: Settings = {}) =>
    appOf(withCanary({ ...(analysis === undefined ? {} : { analysis }) }), settings).analysis

  test('asks the documented queries, by name and role of the pods and within the namespace', () => {
    const [errors, latency] = analysed({ metrics })?.metrics ?? []
    const textOf = (metric: typeof errors): string =>
      metric?.query.kind === 'text' ? metric.query.text : ''
    const own = 'rollout="{{rollout}}",revision="{{role}}",namespace="{{namespace}}"'
    expect(textOf(errors)).toContain(
      `sum(rate(http_requests_total{status=~"5..",${own}}[{{window}}]))`,
    )
    expect(textOf(errors)).toContain('* 100')
    expect(textOf(latency)).toContain(
      `1000 * histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{${own}}[{{window}}])))`,
    )
    expect(errors).toMatchObject({
      max: 5,
      windowMs: 120_000,
      minSamples: 50,
      failures: 3,
      intervalMs: 10_000,
    })
    expect(latency).toMatchObject({ max: 500, minSamples: 0, failures: 1, intervalMs: 30_000 })
  })

  for (const [policy, onError, onNoData] of [
    [undefined, 'hold', 'hold'],
    ['Pause', 'hold', 'hold'],
    ['Continue', 'continue', 'continue'],
    ['Rollback', 'rollback', 'hold'],
  ] as const) {
    test(`failurePolicy ${policy ?? 'left out'}: ${onError} on errors, ${onNoData} on no data`, () => {
      const given = analysed({
        metrics,
        ...(policy === undefined ? {} : { failurePolicy: policy }),
      })
      expect(given?.metrics[0]).toMatchObject({ onError, onNoData })
    })
  }

  test("the address is the Rollout's, else the controller's, else nobody's, never localhost", () => {
    const own = { metrics, prometheus: { address: 'prometheus.monitoring:9090/' } }
    const theirs = { prometheus: 'http://theirs:9090' }
    expect(analysed(own, theirs)?.provider.address).toBe('http://prometheus.monitoring:9090')
    expect(analysed({ metrics }, theirs)?.provider.address).toBe('http://theirs:9090')
    expect(analysed({ metrics })?.provider.address).toBe(noProvider)
  })

  test("no metrics are healthy, unknown ones are told, a query of one's own is taken", () => {
    expect(analysed({ metrics: [] })).toBeUndefined()
    const unknown = [{ name: 'conversion-rate', threshold: 1 }]
    expect(problems(withCanary({ analysis: { metrics: unknown } }))).toMatch(/no built-in metric/)
    const query = 'sum(rate(sales{pod=~"{{rollout}}.*"}[{{window}}]))'
    expect(analysed({ metrics: [{ name: 'sales', threshold: 1, query }] })?.metrics).toHaveLength(1)
    const latency99 = [{ name: 'latency-p99', threshold: 1 }]
    expect(analysed({ metrics: latency99 })?.metrics).toHaveLength(1)
  })

  test('the warm-up is counted from the beginning of a step', () => {
    expect(analysed({ metrics, warmupDuration: '1m' })).toMatchObject({
      warmupMs: 60_000,
      warmupFrom: 'step',
    })
  })

  test('an experiment counts by Service since it began, else by the labels of pods', () => {
    const abTesting = {
      variantAService: 'a',
      variantBService: 'b',
      variantBMatch: { cookie: { name: 'v', value: 'b' } },
      analysis: {
        metrics: [{ name: 'error-rate', direction: 'lower', minEffectSize: 0.1 }],
        minSampleSize: 100,
        confidenceLevel: 0.99,
      },
    } as const
    const [judge] = appOf({ strategy: { abTesting } }).plan.experiment?.judges ?? []
    expect(judge).toMatchObject({
      gives: 'count',
      options: {
        direction: 'lower',
        confidence: 0.99,
        minSamples: 100,
        minEffect: 0.1,
        looks: 'fixed',
      },
    })
    const query = judge?.metric.query.kind === 'text' ? judge.metric.query : undefined
    expect(query?.text).toContain(
      'increase(http_requests_total{status=~"5..",service="{{service}}"',
    )
    expect(query?.count).toContain('increase(http_requests_total{service="{{service}}"')
    const sequential = { ...abTesting, analysis: { ...abTesting.analysis, sequential: true } }
    expect(
      appOf({ strategy: { abTesting: sequential } }).plan.experiment?.judges[0]?.options.looks,
    ).toBe('sequential')
  })
})

describe('annotations', () => {
  const verbOf = (annotations: Record<string, string>): string | undefined => {
    const { action } = appOf({}, {}, annotations)
    return action?.kind === 'bare' ? action.verb : action?.kind
  }
  const rows = [
    ['promote', { 'kulta.io/promote': 'true' }],
    ['promote', { 'rollouts.kulta.io/promote': 'true' }],
    [undefined, { 'kulta.io/promote': 'false' }],
    ['abort', { 'kulta.io/promote': 'true', 'kulta.io/abort': 'true' }],
    ['pause', { 'kulta.io/pause': 'true' }],
    ['resume', { 'kulta.io/pause': 'false' }],
    ['retry', { 'kulta.io/retry': 'true' }],
    [undefined, { 'kulta.io/conclude-experiment': 'true' }],
    [undefined, { 'kulta.io/advance': 'true' }],
  ] as const
  for (const [verb, annotations] of rows)
    test(`${JSON.stringify(annotations)} is ${verb ?? 'nothing'}`, () =>
      expect(verbOf(annotations)).toBe(verb))
})
