/** From a Release to an app: every sentence that tells what to write instead, and nothing that breaks the reader. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { World } from '#test/gen/world.ts'
import { decide } from '../decide.ts'
import type { App } from '../model/app.ts'
import { labels, workloadName } from '../render/names.ts'
import { readRelease } from './read.ts'
import type { Release, ReleaseSpec } from './release.ts'
import type { ReleaseMetric } from './release-analysis.ts'
import type { ReleaseStep } from './strategy/canary.ts'

type Changes = Readonly<Record<string, unknown>>

/** A release with parts of its spec changed, in whatever shape. */
const given = (changes: Changes): Release =>
  JSON.parse(JSON.stringify(release(changes as Partial<ReleaseSpec>))) as Release
const withSteps = (...steps: readonly unknown[]): Release =>
  given({ strategy: { canary: { steps } } })
const withMetric = (changes: Changes): Release =>
  given({ analysis: analysis(changes as Partial<ReleaseMetric>) })
const without = (name: string): Release => given({ [name]: undefined })

function app(one: Release): App {
  const read = readRelease(one)
  if (read.kind !== 'app') throw new Error(JSON.stringify(read.problems))
  return read.app
}

describe('a release that can be', () => {
  test('has defaults where nothing is said', () => {
    const { replicas: _replicas, ...spec } = release().spec
    expect(app({ ...release(), spec })).toMatchObject({
      door: 'headgate',
      namespace: 'default',
      replicas: 1,
      traffic: { router: 'gateway-api', route: 'shop', settleMs: undefined },
      services: { stable: 'shop-stable', canary: 'shop-canary' },
      analysis: undefined,
      progressDeadlineMs: 600_000,
      action: undefined,
      deletedAt: undefined,
    })
    expect(
      app(given({ analysis: analysis({ interval: undefined } as never) })).analysis?.metrics,
    ).toMatchObject([
      {
        intervalMs: 30_000,
        windowMs: 120_000,
        failures: 1,
        count: 1,
        onNoData: 'hold',
        onError: 'hold',
      },
    ])
  })

  const steps = [
    [{ weight: 20 }, { kind: 'weight', weight: 20, replicas: undefined }],
    [{ weight: 0 }, { kind: 'weight', weight: 0, replicas: undefined }],
    [
      { weight: 50, replicas: 3 },
      { kind: 'weight', weight: 50, replicas: 3 },
    ],
    [{ replicas: 0 }, { kind: 'replicas', replicas: 0 }],
    [{ pause: '5m' }, { kind: 'pause', durationMs: 300_000 }],
    [{ pause: {} }, { kind: 'pause', durationMs: undefined }],
  ] as const
  for (const [step, expected] of steps)
    test(`step ${JSON.stringify(step)} is understood`, () =>
      expect(app(withSteps(step)).plan.candidates[0]?.steps).toEqual([expected]))

  test('a step that analyses is understood', () => {
    const read = app(
      given({
        analysis: analysis(),
        strategy: { canary: { steps: [{ weight: 1 }, { analysis: ['errors'] }] } },
      }),
    )
    expect(read.plan.candidates[0]?.steps[1]).toEqual({ kind: 'analysis', metrics: ['errors'] })
  })

  test('nobody measures more often than once a second', () => {
    expect(app(withMetric({ interval: '10ms' })).analysis?.metrics[0]?.intervalMs).toBe(1000)
  })
})

describe('a release that cannot be is told what to write', () => {
  const selector = { matchLabels: { app: 'shop', tier: 'web' } }
  const rows: readonly (readonly [string, Release, string, string])[] = [
    ['no selector', without('selector'), 'spec.selector', 'Required value'],
    [
      'no labels in the selector',
      given({ selector: {} }),
      'spec.selector.matchLabels',
      'Required value',
    ],
    ['no template', without('template'), 'spec.template', 'Required value'],
    [
      'no containers',
      given({ template: { metadata: { labels: {} }, spec: {} } }),
      'spec.template.spec.containers',
      'Required value',
    ],
    ['no services', without('services'), 'spec.services', 'Required value'],
    [
      'no stable Service',
      given({ services: { candidate: 'b' } }),
      'spec.services.stable',
      'Required value',
    ],
    ['no route', given({ traffic: {} }), 'spec.traffic.route', 'Required value'],
    ['no strategy', without('strategy'), 'spec.strategy', 'Required value'],
    [
      'no steps',
      given({ strategy: { canary: {} } }),
      'spec.strategy.canary.steps',
      'Required value',
    ],
    [
      'an empty list of steps',
      withSteps(),
      'spec.strategy.canary.steps',
      'should have at least 1 items',
    ],
    ['no spec', JSON.parse('{"metadata":{"name":"shop"}}') as Release, 'spec', 'Required value'],
    [
      'a name longer than a label',
      { ...release(), metadata: { ...release().metadata, name: 'a'.repeat(64) } },
      'metadata.name',
      'has 64 characters; at most 63 fit into a label',
    ],
    ['replicas as a text', given({ replicas: '4' }), 'spec.replicas', 'must be of type integer'],
    [
      'replicas below zero',
      given({ replicas: -1 }),
      'spec.replicas',
      'should be greater than or equal to 0',
    ],
    ['half a replica', given({ replicas: 1.5 }), 'spec.replicas', 'must be of type integer'],
    [
      'a label that the template lacks',
      given({ selector }),
      'spec.template.metadata.labels',
      'must have tier: web, which spec.selector asks for',
    ],
    [
      'one Service for both',
      given({ services: { stable: 'a', candidate: 'a' } }),
      'spec.services',
      'stable and candidate must be two different Services',
    ],
    [
      'an unknown router',
      given({ traffic: { route: 'shop', router: 'pigeon' } }),
      'spec.traffic.router',
      '"pigeon" is unknown; write one of gateway-api',
    ],
    [
      'a router that every object has',
      given({ traffic: { route: 'shop', router: 'constructor' } }),
      'spec.traffic.router',
      '"constructor" is unknown; write one of gateway-api',
    ],
    [
      'a settle time that is none',
      given({ traffic: { route: 'shop', settle: '-3s' } }),
      'spec.traffic.settle',
      '"-3s" is no duration; write one like 30s, 5m or 1h30m',
    ],
    [
      'a deadline that is none',
      given({ progressDeadline: '1e9h' }),
      'spec.progressDeadline',
      '"1e9h" is no duration',
    ],
    [
      'a warm-up that is none',
      given({ analysis: analysis({}, 'soon') }),
      'spec.analysis.warmup',
      '"soon" is no duration',
    ],
    [
      'a pause that is none',
      withSteps({ pause: '' }),
      'spec.strategy.canary.steps[0].pause',
      '"" is no duration',
    ],
    [
      'a pause that is a number',
      withSteps({ pause: 5 }),
      'spec.strategy.canary.steps[0].pause',
      '5 is no duration; write one like 30s, 5m or 1h30m, or {} to wait until somebody promotes',
    ],
    [
      'a pause in the manner of others',
      withSteps({ pause: { duration: '5m' } }),
      'spec.strategy.canary.steps[0].pause',
      '{"duration":"5m"} is no duration; write one like 30s, 5m or 1h30m, or {} to wait until somebody promotes',
    ],
    [
      'a step of nothing',
      withSteps({}),
      'spec.strategy.canary.steps[0]',
      'must have exactly one of weight',
    ],
    [
      'a step of two things',
      withSteps({ weight: 1 }, { weight: 5, pause: '1s' }),
      'spec.strategy.canary.steps[1]',
      'must have exactly one of weight',
    ],
    [
      'a weight above 100',
      withSteps({ weight: 101 }),
      'spec.strategy.canary.steps[0].weight',
      '101 is no weight; write a whole number from 0 to 100',
    ],
    [
      'a weight below 0',
      withSteps({ weight: -1 }),
      'spec.strategy.canary.steps[0].weight',
      '-1 is no weight',
    ],
    [
      'half a per cent',
      withSteps({ weight: 0.5 }),
      'spec.strategy.canary.steps[0].weight',
      'must be of type integer',
    ],
    [
      'a weight as a text',
      withSteps({ weight: '20%' }),
      'spec.strategy.canary.steps[0].weight',
      'must be of type integer',
    ],
    [
      'a weight without pods',
      withSteps({ weight: 50, replicas: 0 }),
      'spec.strategy.canary.steps[0].replicas',
      'weight 50 needs at least one pod; write 1 or more',
    ],
    [
      'no pods under a weight',
      withSteps({ weight: 50 }, { replicas: 0 }),
      'spec.strategy.canary.steps[1].replicas',
      'weight 50 needs at least one pod',
    ],
    [
      'an analysis of nothing known',
      withSteps({ weight: 1 }, { analysis: ['errors'] }),
      'spec.strategy.canary.steps',
      'analysis of errors, which spec.analysis.metrics does not define',
    ],
    [
      'an analysis without traffic',
      given({ analysis: analysis(), strategy: { canary: { steps: [{ replicas: 1 }] } } }),
      'spec.strategy.canary.steps',
      'give the candidate no traffic, so that nothing could be measured; add a step with a weight',
    ],
    [
      'an analysis before the traffic',
      given({
        analysis: analysis(),
        strategy: { canary: { steps: [{ analysis: ['errors'] }, { weight: 5 }] } },
      }),
      'spec.strategy.canary.steps[0].analysis',
      'comes before the candidate has traffic; put a step with a weight before it',
    ],
    [
      'an address that is none',
      given({
        analysis: { ...analysis(), provider: { prometheus: { address: 'prometheus:9090' } } },
      }),
      'spec.analysis.provider.prometheus.address',
      '"prometheus:9090" is no http or https address; write one like http://prometheus.monitoring.svc:9090',
    ],
    [
      'an address that hides its path',
      given({
        analysis: {
          ...analysis(),
          provider: { prometheus: { address: 'http://kubernetes.default.svc/secret?a=' } },
        },
      }),
      'spec.analysis.provider.prometheus.address',
      'without user, query or fragment',
    ],
    [
      'an address with a password',
      given({
        analysis: { ...analysis(), provider: { prometheus: { address: 'http://a:b@prometheus' } } },
      }),
      'spec.analysis.provider.prometheus.address',
      'without user, query or fragment',
    ],
    [
      'an analysis without metrics',
      given({ analysis: { ...analysis(), metrics: [] } }),
      'spec.analysis.metrics',
      'is empty; only an experiment with a judge can do without',
    ],
    [
      'an analysis without provider',
      given({ analysis: { metrics: analysis().metrics } }),
      'spec.analysis.provider',
      'Required value',
    ],
    [
      'two metrics of one name',
      given({
        analysis: { ...analysis(), metrics: [...analysis().metrics, ...analysis().metrics] },
      }),
      'spec.analysis.metrics',
      'names must differ',
    ],
    [
      'a metric with neither template nor query',
      withMetric({ template: undefined }),
      'spec.analysis.metrics[0]',
      'must have either template or query',
    ],
    [
      'a metric with both',
      withMetric({ query: 'up' }),
      'spec.analysis.metrics[0]',
      'must have either template or query',
    ],
    [
      'a metric without limits',
      withMetric({ max: undefined }),
      'spec.analysis.metrics[0]',
      'must have max, min or both',
    ],
    [
      'a metric whose limits leave nothing',
      withMetric({ max: 1, min: 2 }),
      'spec.analysis.metrics[0]',
      'min 2 is above max 1, so that every sample would be bad',
    ],
    [
      'an unknown template',
      withMetric({ template: 'errors' }),
      'spec.analysis.metrics[0]',
      'names an unknown template; known ones are',
    ],
    [
      'a template that every object has',
      withMetric({ template: 'constructor' }),
      'spec.analysis.metrics[0]',
      'names an unknown template; known ones are',
    ],
    [
      'an unknown argument',
      withMetric({ template: undefined, query: 'up{a="{{pod}}"}' }),
      'spec.analysis.metrics[0]',
      'uses the unknown argument {{pod}}',
    ],
    [
      'an interval that is none',
      withMetric({ interval: '5' }),
      'spec.analysis.metrics[0].interval',
      '"5" is no duration',
    ],
    [
      'a window that is none',
      withMetric({ window: '5' }),
      'spec.analysis.metrics[0].window',
      '"5" is no duration',
    ],
    [
      'no failure allowed',
      withMetric({ failures: 0 }),
      'spec.analysis.metrics[0].failures',
      'should be greater than or equal to 1',
    ],
    [
      'an unknown policy',
      withMetric({ onError: 'ignore' }),
      'spec.analysis.metrics[0].onError',
      'Unsupported value',
    ],
  ]
  for (const [name, one, path, message] of rows) {
    test(name, () => {
      const read = readRelease(one)
      if (read.kind !== 'problems') throw new Error('it was taken')
      const found = read.problems.find((problem) => problem.path === path)
      expect(found?.message ?? JSON.stringify(read.problems)).toContain(message)
    })
  }

  test('of several problems all are told, each once', () => {
    const read = readRelease(withSteps({ weight: 101 }, { weight: -1 }, { pause: 'x' }))
    expect(read.kind === 'problems' ? read.problems.map(({ path }) => path) : []).toEqual([
      'spec.strategy.canary.steps[0].weight',
      'spec.strategy.canary.steps[1].weight',
      'spec.strategy.canary.steps[2].pause',
    ])
  })
})

/** A copy with the value at a path, given by indices into whatever is there, replaced. */
function spoilt(value: unknown, way: readonly number[], by: unknown): unknown {
  if (way.length === 0 || typeof value !== 'object' || value === null) return by
  const [first = 0, ...rest] = way
  if (Array.isArray(value)) {
    const at = first % (value.length + 1)
    const copy: unknown[] = [...value]
    copy[at] = spoilt(copy[at], rest, by)
    return copy
  }
  const keys = [...Object.keys(value), 'constructor']
  const key = keys[first % keys.length] as string
  const record = value as Record<string, unknown>
  return {
    ...record,
    [key]: spoilt(Object.hasOwn(record, key) ? record[key] : undefined, rest, by),
  }
}

describe('any spec at all', () => {
  const full = release({
    analysis: analysis(),
    strategy: {
      canary: {
        steps: [
          { weight: 25 },
          { pause: '10s' },
          { analysis: ['errors'] },
          { weight: 50, replicas: 2 },
        ],
      },
    },
  })
  const junk = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      undefined,
      '',
      '__proto__',
      'constructor',
      -1,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      2 ** 60,
      [],
      {},
      [null],
      [[]],
      { length: -1 },
    ),
    fc.jsonValue({ maxDepth: 2 }),
  )

  test('is read or told its problems, and what is read can be decided on', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(fc.nat(12), { maxLength: 7 }), junk), {
          minLength: 1,
          maxLength: 3,
        }),
        (changes) => {
          const spec = changes.reduce<unknown>(
            (value, [way, by]) => spoilt(value, way, by),
            full.spec,
          )
          const one = JSON.parse(JSON.stringify({ ...full, spec })) as Release
          const read = readRelease(one)
          if (read.kind === 'problems') {
            for (const { path, message } of read.problems)
              expect(`${path}: ${message}`.length).toBeLessThan(4000)
            return
          }
          const world = new World(one, httpRoute())
          for (let passes = 0; passes < 3; passes += 1) {
            const decision = decide(world.observe(), world.now)
            for (const write of decision.writes) world.write(write)
            world.writeStatus(decision)
            world.now += 1000
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('an image that is none is for the server to refuse', () => {
    const image = {} as unknown as string
    const world = new World(release({ template: template(image) }), httpRoute())
    for (let passes = 0; passes < 3; passes += 1) {
      const decision = decide(world.observe(), world.now)
      expect(decision.notebook.roles.every(({ image: told }) => told === undefined)).toBe(true)
      for (const write of decision.writes) world.write(write)
      world.writeStatus(decision)
    }
  })

  test('a Service may be called constructor', () => {
    const world = new World(
      release({ services: { stable: 'constructor', candidate: 'b' } }),
      undefined,
    )
    expect(() => decide(world.observe(), world.now)).not.toThrow()
  })
})

describe('names of workloads', () => {
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/)
  const name = fc
    .array(label, { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join('.').slice(0, 253))
    .filter((text) => /[a-z0-9]$/.test(text))

  const nameOf = (prefix: string): string => {
    const layout = { by: 'revision', prefix, labels: {} } as const
    return workloadName({ workloads: { kind: 'ReplicaSet', layout } }, 'stable', '0123456789-ask')
  }

  test('are names that Kubernetes takes, short enough to stand whole in a pod, and differ', () => {
    fc.assert(
      fc.property(name, name, (one, other) => {
        const made = nameOf(one)
        expect(made).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
        expect(made.length).toBeLessThanOrEqual(58 + '-ask'.length)
        if (one !== other) expect(nameOf(other)).not.toBe(made)
      }),
      { numRuns: 1000 },
    )
  })

  test('labels of what is made say whose it is', () => {
    const world = new World(release(), httpRoute())
    const created = decide(world.observe(), world.now).writes.flatMap((write) =>
      write.kind === 'create' ? [write.object] : [],
    )
    expect(created.map(({ kind, metadata }) => [kind, metadata.labels?.[labels.release]])).toEqual([
      ['ReplicaSet', 'shop'],
      ['Service', 'shop'],
      ['Service', 'shop'],
    ])
    for (const { metadata } of created)
      expect(metadata.ownerReferences).toMatchObject([{ uid: 'release-uid', controller: true }])
  })
})

test('steps and templates of the builder are what the wire has', () => {
  const step: ReleaseStep = { weight: 1 }
  expect(app(withSteps(step)).template).toEqual(template('shop:v1'))
})
