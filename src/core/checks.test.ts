/** Every reason there is, told in a story that ends in it; and which one is told where several hold. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { httpRoute, plainRoute, release, template } from '#test/gen/release.ts'
import {
  command,
  follow,
  installed,
  type Measured,
  noSeries,
  outage,
  type Pace,
  pass,
  phaseIs,
  reasonIs,
  settle,
  until,
  value,
} from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ReleaseGate } from './api/read-gate.ts'
import type { ReleaseSpec } from './api/release.ts'
import type { ReleaseMetric } from './api/release-analysis.ts'
import type { CommandedCandidate } from './api/strategy/commanded.ts'
import { decide } from './decide.ts'
import type { Observed } from './observed.ts'
import { type ReasonType, reasons } from './reasons.ts'
import { refuse } from './refuse.ts'

const steps = [{ weight: 25 }, { pause: {} }, { weight: 50 }]
const plan = { strategy: { canary: { steps } }, progressDeadline: '1m' }

function onTrial(changes: Parameters<typeof installed>[0] = {}): World {
  const world = installed({ ...plan, ...changes })
  world.ask({ template: template('shop:v2') })
  return world
}

function waiting(changes: Parameters<typeof installed>[0] = {}): World {
  const world = onTrial(changes)
  until(world, reasonIs('WaitingForApproval'))
  return world
}

function measured(changes: Partial<ReleaseMetric> = {}): World {
  const own = [{ weight: 25 }, { analysis: ['errors'] }, { weight: 50 }, { pause: {} }]
  return onTrial({ strategy: { canary: { steps: own } }, analysis: analysis(changes) })
}

const route = plainRoute()

/** A release with one candidate that somebody outside commands. */
function commanded(
  candidates: readonly CommandedCandidate[],
  changes: Partial<ReleaseSpec> = {},
): World {
  const spec = { strategy: { commanded: { candidates: [] } }, ...changes }
  const world = new World(release(spec), route)
  until(world, phaseIs('Completed'))
  const own = candidates.map((one) => ({ template: template('shop:b'), ...one }))
  world.ask({ strategy: { commanded: { candidates: own } } })
  return world
}

/** A canary that has to pass a gate. */
function gated(gate: ReleaseGate): World {
  return onTrial({ strategy: { canary: { steps: [{ weight: 25 }, { gate }] } } })
}

/** An experiment with one candidate. */
function compared(): World {
  const judge = { success: 'sum(x)', total: 'sum(y)', direction: 'higher' } as const
  const candidates = [{ name: 'b', weight: 50, template: template('shop:b') }]
  const experiment = { candidates, judge, maxDuration: '1h' }
  const spec = { strategy: { experiment }, analysis: { ...analysis(), metrics: [] } }
  return new World(release(spec), route)
}

const better = (): Measured => {
  const [stable, of] = [value('1000'), value('10000')]
  return { answer: value('1500'), companions: { count: of, stable, stableCount: of } }
}

/** The last thing that a pass after the story says. */
type Told = {
  readonly type: ReasonType
  readonly message: string
  readonly object: string | undefined
}

function after(world: World, pace: Pace = {}): Told {
  const { type, message, object } = pass(world, pace).reason
  return { type, message, object }
}

function reached(world: World, type: ReasonType, pace: Pace = {}, object?: string): Told {
  for (let passes = 0; passes < 100; passes += 1) {
    const { reason } = pass(world, pace)
    if (reason.type === type && (object ?? reason.object) === reason.object)
      return { type, message: reason.message, object: reason.object }
  }
  throw new Error(`never said ${type}, but ${JSON.stringify(world.release.status?.reason)}`)
}

/** Reasons of decisions that were written down, for those that do not last. */
function decided(world: World, type: ReasonType, pace: Pace = {}): Told {
  for (let passes = 0; passes < 100; passes += 1) {
    pass(world, pace)
    const found = world.release.status?.decisions?.find(({ reason }) => reason === type)
    if (found !== undefined) return { type, message: found.message, object: undefined }
  }
  throw new Error(`never decided for ${type}`)
}

const stories: Readonly<
  Record<ReasonType, readonly [story: string, tell: () => Told, message: RegExp, object?: string]>
> = {
  Serving: ['at rest', () => after(installed()), /^revision \w+ serves all traffic$/],
  WaitingForPods: [
    'pods do not come up',
    () => {
      const world = onTrial()
      pass(world, { broken: 'shop' })
      return reached(world, 'WaitingForPods', { broken: 'shop' })
    },
    /^0 of 1 pods of revision \w+ are ready$/,
    'ReplicaSet shop-',
  ],
  WaitingForEndpoints: [
    'endpoints are not listed',
    () => {
      const world = onTrial()
      for (;;) {
        const { reason, writes } = decide(world.observe(), world.now)
        if (reason.type === 'WaitingForEndpoints' && /has 0 of the 1/.test(reason.message))
          return reason
        const decision = decide(world.observe(), world.now)
        for (const write of writes) world.write(write)
        if (decision.write) world.writeStatus(decision)
        for (const name of world.replicaSets.keys()) world.movePods(name, 9, false)
        world.moveGateway()
      }
    },
    /^Service shop-canary has 0 of the 1 ready endpoints that weight 25 needs$/,
    'Service shop-canary',
  ],
  ShiftingTraffic: [
    'the gateway has not accepted',
    () => reached(onTrial(), 'ShiftingTraffic', { deadGateway: true }),
    /^weights go from stable 100, canary 0 to stable 75, canary 25$/,
    'HTTPRoute shop',
  ],
  Settling: [
    'the gateway is given time',
    () => reached(onTrial(), 'Settling', {}, 'HTTPRoute shop'),
    /^weights stable 75, canary 25 are accepted; the gateway is given time to follow$/,
    'HTTPRoute shop',
  ],
  Draining: [
    'a candidate that left',
    () => {
      const traffic = { route: 'shop', drain: '3s' }
      const world = commanded([{ name: 'b', version: 1, weight: 25 }], { traffic })
      until(world, reasonIs('WaitingForCommand'))
      world.ask({ strategy: { commanded: { candidates: [] } } })
      return reached(world, 'Draining')
    },
    /^Service shop-b of b, which left, goes once gateways have forgotten it$/,
    'Service shop-b',
  ],
  WaitingForPause: [
    'a timed pause',
    () =>
      reached(
        onTrial({ strategy: { canary: { steps: [{ weight: 25 }, { pause: '5m' }] } } }),
        'WaitingForPause',
      ),
    /^step 2 waits for 5m$/,
  ],
  WaitingForApproval: [
    'an open pause',
    () => reached(onTrial(), 'WaitingForApproval'),
    /^step 2 waits until somebody promotes$/,
  ],
  WaitingForAnalysis: [
    'too few samples',
    () => reached(measured(), 'WaitingForAnalysis'),
    /^metric errors has 0 of the 1 good samples it needs since the step began$/,
  ],
  WaitingForMetrics: [
    'the provider is away',
    () => reached(measured(), 'WaitingForMetrics', { metrics: () => outage }),
    /^metric errors: connection refused$/,
  ],
  WaitingForGate: [
    'a gate has not let it pass',
    () => reached(gated({ approval: {} }), 'WaitingForGate'),
    /^gate approval waits until somebody promotes$/,
  ],
  GateRefused: [
    'a gate refuses',
    () =>
      reached(gated({ webhook: { url: 'http://gate.team.svc/check' } }), 'GateRefused', {
        gates: () => ({ kind: 'answer', status: 200, body: '{"verdict":"fail"}' }),
      }),
    /was turned back: gate webhook refuses it$/,
  ],
  WaitingForJudgement: [
    'an experiment runs',
    () => reached(compared(), 'WaitingForJudgement'),
    /^b has not been compared with stable yet$/,
  ],
  DifferenceFound: [
    'the judge is sure',
    () => decided(compared(), 'DifferenceFound', { parts: better }),
    /^b beats stable: 15 % of 10000 against 10 % of 10000, confidence 100 %$/,
  ],
  MaxDurationReached: [
    'nobody won in time',
    () => decided(compared(), 'MaxDurationReached'),
    /^nobody won within 1h$/,
  ],
  ConcludedByHand: [
    'somebody chose',
    () => {
      const world = compared()
      until(world, reasonIs('WaitingForJudgement'))
      command(world, 'promote')
      return decided(world, 'ConcludedByHand')
    },
    /^b promoted by ann$/,
  ],
  StepCompleted: [
    'a step is done',
    () => decided(onTrial(), 'StepCompleted'),
    /^revision \w+ goes on trial beside \w+$/,
  ],
  Promoting: [
    'all steps are done',
    () => {
      const world = waiting()
      command(world, 'promote')
      return reached(world, 'Promoting')
    },
    /^all steps are done; revision \w+ takes over the stable role$/,
  ],
  Paused: [
    'somebody paused',
    () => {
      const world = waiting()
      command(world, 'pause')
      return reached(world, 'Paused')
    },
    /^paused by ann until somebody resumes$/,
  ],
  Retreating: [
    'traffic returns',
    () => {
      const world = waiting()
      command(world, 'abort')
      return reached(world, 'Retreating', { deadGateway: true })
    },
    /^aborted by ann; /,
  ],
  Aborted: [
    'somebody aborted',
    () => {
      const world = waiting()
      command(world, 'abort')
      return reached(world, 'Aborted')
    },
    /^revision \w+ was turned back: aborted by ann$/,
  ],
  AnalysisFailed: [
    'a metric is bad',
    () =>
      reached(measured({ failures: 2 }), 'AnalysisFailed', { metrics: () => value('7.123456') }),
    /was turned back: metric errors had 2 bad samples of at most 1: 7\.123, 7\.123 \(max 1\)$/,
  ],
  MetricsMissing: [
    'nothing to judge and the policy is to roll back',
    () =>
      reached(measured({ failures: 2, onNoData: 'rollback' }), 'MetricsMissing', {
        metrics: () => noSeries,
      }),
    /metric errors gave nothing to judge 2 times: the query matched no series$/,
  ],
  ProgressDeadlineExceeded: [
    'nothing moves',
    () => {
      const world = onTrial()
      const [first = ''] = world.replicaSets.keys()
      pass(world, { broken: 'shop' })
      pass(world, { broken: 'shop' })
      const broken = [...world.replicaSets.keys()].find((name) => name !== first) ?? ''
      return reached(world, 'ProgressDeadlineExceeded', { broken })
    },
    /was turned back: nothing moved for 1m: 0 of 1 pods/,
  ],
  WaitingForCommand: [
    'a candidate stands where it was told to',
    () => reached(commanded([{ name: 'b', version: 1, weight: 25 }]), 'WaitingForCommand'),
    /^b has weight 25 by command 1$/,
  ],
  CommandRefused: [
    'a command that nothing waits for',
    () => {
      const world = installed()
      command(world, 'promote')
      return decided(world, 'CommandRefused')
    },
    /^promote refused: no release waits for a promotion$/,
  ],
  TemplateChanged: [
    'somebody asks for another image',
    () => {
      const world = installed()
      world.ask({ template: template('shop:v2') })
      command(world, 'set-image')
      return decided(world, 'TemplateChanged')
    },
    /^image set by ann: revision \w+ is asked for$/,
  ],
  ExtrasLeftOut: [
    'the router cannot do what the route should do besides',
    () => {
      const traffic = { route: 'shop', extras: { compression: true } }
      return decided(installed({ traffic }), 'ExtrasLeftOut')
    },
    /^the router gateway-api cannot compress answers; it is left out: use a policy/,
  ],
  Withdrawn: [
    'a candidate is taken off the list',
    () => {
      const world = commanded([{ name: 'b', version: 1, weight: 25 }])
      until(world, reasonIs('WaitingForCommand'))
      world.ask({ strategy: { commanded: { candidates: [] } } })
      return decided(world, 'Withdrawn')
    },
    /^b is no candidate any more$/,
  ],
  Superseded: [
    'another revision is asked for',
    () => {
      const world = waiting()
      world.ask({ template: template('shop:v3') })
      return decided(world, 'Superseded')
    },
    /^revision \w+ is asked for now$/,
  ],
  ReturnedToStable: [
    'stable is asked for again',
    () => {
      const world = waiting()
      world.ask({ template: template('shop:v1') })
      return decided(world, 'ReturnedToStable')
    },
    /^revision \w+ is asked for again, which is stable$/,
  ],
  SpecInvalid: [
    'the spec makes no sense',
    () => {
      const world = installed()
      return refuse(
        [{ path: 'spec.replicas', message: 'is wrong' }],
        world.notebook(),
        2,
        world.now,
      ).notebook.reason
    },
    /^spec\.replicas: is wrong$/,
  ],
  RivalRelease: [
    'another release came first',
    () => {
      const world = installed()
      world.rivals = [{ claim: 'HTTPRoute shop', by: 'default/other' }]
      return after(world)
    },
    /^default\/other governs HTTPRoute shop already; give one of the two another name there, or delete it$/,
    'HTTPRoute shop',
  ],
  RouteMissing: [
    'there is no route',
    () => {
      const world = installed()
      world.route = undefined
      return after(world)
    },
    /^HTTPRoute shop does not exist in namespace default; create it with backendRefs to shop-stable and shop-canary$/,
    'HTTPRoute shop',
  ],
  RouteUnusable: [
    'the route serves others',
    () => {
      const world = installed()
      if (world.route !== undefined) world.route = { ...world.route, spec: { rules: [] } }
      return after(world)
    },
    /^no rule of the HTTPRoute shop has a backendRef to shop-stable; add one/,
    'HTTPRoute shop',
  ],
  RouteRefused: [
    'the gateway does not accept',
    () => {
      const world = installed()
      const { route } = world
      if (route === undefined) throw new Error('the builder gives a route')
      const [parent] = route.status?.parents ?? []
      const conditions = (parent?.conditions ?? []).map((one) => ({
        ...one,
        status: 'False' as const,
        reason: 'BackendNotFound',
      }))
      const parents = parent === undefined ? [] : [{ ...parent, conditions }]
      world.route = { ...route, status: { parents } }
      return after(world)
    },
    /^gateway gateway reports Accepted=False \(BackendNotFound\)$/,
    'HTTPRoute shop',
  ],
  ServiceTaken: [
    'a Service belongs to another controller',
    () => {
      const world = installed()
      world.foreign.set('shop-canary', 'Deployment other')
      return after(world)
    },
    /^Service shop-canary belongs to Deployment other; name another one in spec\.services$/,
    'Service shop-canary',
  ],
  ServiceTooWide: [
    'a Service selects the pods of two roles',
    () => {
      const world = new World(release({ workloads: { naming: 'role' } }), route)
      world.addService('shop-stable', { app: 'shop' })
      return after(world)
    },
    /^Service shop-stable selects the pods of canary too; add headgate\.dev\/role: stable to its selector$/,
    'Service shop-stable',
  ],
  WorkloadRefused: [
    'the server refuses the workload',
    () => {
      const world = onTrial()
      world.refusals = [{ object: 'ReplicaSet shop-x', message: 'exceeded quota', since: 0 }]
      return after(world)
    },
    /^the API server refuses ReplicaSet shop-x: exceeded quota$/,
    'ReplicaSet shop-x',
  ],
  WriteRefused: [
    'the server refuses a write',
    () => {
      const world = onTrial()
      world.refusals = [{ object: 'HTTPRoute shop', message: 'forbidden', since: 0 }]
      return after(world)
    },
    /^the API server refuses HTTPRoute shop: forbidden$/,
    'HTTPRoute shop',
  ],
  WaitingForRevision: [
    'the server is asked',
    () => {
      const world = installed()
      const { app, ...rest } = world.observe()
      return decide({ ...rest, app: { ...app, written: 'in other words' } }, world.now).reason
    },
    /^the template is spelt differently; the server is asked whether it means a revision that exists$/,
  ],
  Retiring: [
    'the release is deleted',
    () => {
      const world = installed()
      world.remove()
      return after(world)
    },
    /^nothing is on trial; the release may go$/,
  ],
}

describe('reasons', () => {
  for (const [type, [story, tell, message, object]] of Object.entries(stories)) {
    test(`${type}: ${story}`, () => {
      const told = tell()
      expect(told.type).toBe(type)
      expect(told.message).toMatch(message)
      if (object !== undefined) expect(told.object).toContain(object)
    })
  }

  test('all are told in a story, and each has a sentence', () => {
    expect(Object.keys(stories).sort()).toEqual(Object.keys(reasons).sort())
    for (const sentence of Object.values(reasons)) expect(sentence).toMatch(/^[A-Z].*\.$/)
  })
})

describe('the most urgent one is told', () => {
  const failing = {
    name: 'errors',
    verdict: 'failing' as const,
    good: 0,
    bad: 9,
    missing: 9,
    errors: 9,
    samples: [],
  }
  const missing = { ...failing, verdict: 'error' as const, bad: 0, missing: 0, errors: 1 }
  const tooOften = { ...missing, errors: 9 }

  /** A release on trial in which everything is wrong, from the most urgent on. */
  function troubled(): Observed {
    const world = waiting({ analysis: analysis({ onError: 'rollback', failures: 3 }) })
    command(world, 'pause')
    until(world, reasonIs('Paused'))
    world.rivals = [{ claim: 'HTTPRoute shop', by: 'default/other' }]
    world.foreign.set('shop-canary', 'Deployment other')
    world.refusals = [{ object: 'HTTPRoute shop', message: 'forbidden', since: 0 }]
    return world.observe()
  }
  const analysed = (one: Observed, metric: typeof failing | typeof missing): Observed => {
    const revision = one.notebook?.trials[0]?.revision ?? ''
    const trial = one.notebook?.trials[0]
    const book =
      one.notebook === undefined || trial === undefined
        ? undefined
        : {
            ...one.notebook,
            trials: [{ ...trial, trafficSince: 0 }],
            analyses: [{ role: trial.role, revision, metrics: [metric] }],
          }
    return { ...one, notebook: book, memo: { ...one.memo, analyses: [] } }
  }
  const unknown = (one: Observed): Observed => {
    const workloads = one.workloads.map((workload) => ({
      ...workload,
      template: { ...one.app.template, spec: { ...one.app.template.spec, dnsPolicy: 'Default' } },
      written: 'before',
    }))
    return { ...one, workloads }
  }

  const all = troubled()
  const noRival = { ...all, rivals: [] }
  const free = {
    ...noRival,
    services: Object.fromEntries(
      Object.entries(all.services).map(([name, service]) => [
        name,
        { ...service, foreign: undefined },
      ]),
    ),
  }
  const writable = { ...free, refusals: [] }
  const resumed = (one: Observed): Observed => ({
    ...one,
    notebook: one.notebook === undefined ? undefined : { ...one.notebook, paused: undefined },
  })

  const rows = [
    ['a rival before all', unknown(analysed(all, failing)), 'RivalRelease'],
    ['then a Service that is taken', unknown(analysed(noRival, failing)), 'ServiceTaken'],
    ['then a failed analysis', unknown(analysed(free, failing)), 'AnalysisFailed'],
    ['then metrics missing too often', unknown(analysed(free, tooOften)), 'MetricsMissing'],
    ['then a template nobody knows', unknown(analysed(free, missing)), 'WaitingForRevision'],
    ['then a refused write', analysed(free, missing), 'WriteRefused'],
    ['then a person who paused', analysed(writable, missing), 'Paused'],
    ['then metrics that are missing', resumed(analysed(writable, missing)), 'WaitingForMetrics'],
    ['and at last what the step waits for', resumed(writable), 'WaitingForApproval'],
  ] as const
  for (const [name, one, type] of rows) {
    test(name, () => {
      const { reason, notebook } = decide(one, 1e13)
      const { stage } = notebook.trials[0] ?? {}
      const cause = stage?.kind === 'retreating' ? stage.why.reason : reason.type
      expect(cause).toBe(type)
    })
  }
})

describe('what holds a release', () => {
  const gains = (world: World, pace: Pace = {}): number => {
    for (let passes = 0; passes < 10; passes += 1) pass(world, pace)
    return world.weights()['shop-canary'] ?? 0
  }

  test('a person who pauses before the pods are there keeps the weight of the step from coming', () => {
    const world = onTrial()
    pass(world, { broken: 'shop' })
    command(world, 'pause')
    expect(gains(world)).toBe(0)
    command(world, 'resume')
    until(world, reasonIs('WaitingForApproval'))
    expect(world.weights()['shop-canary']).toBe(25)
  })

  test('somebody who takes weight from a paused candidate is not overruled; somebody who gives is', () => {
    const world = waiting()
    command(world, 'pause')
    until(world, reasonIs('Paused'))
    world.editWeights(90, 10)
    expect(gains(world)).toBe(10)
    world.editWeights(20, 80)
    expect(gains(world)).toBe(25)
  })

  test('a provider that goes away keeps the next weight from coming', () => {
    const own = [{ weight: 25 }, { pause: '15s' }, { weight: 50 }, { pause: {} }]
    const world = onTrial({ strategy: { canary: { steps: own } }, analysis: analysis() })
    expect(gains(world, { metrics: () => outage })).toBe(25)
    until(world, reasonIs('WaitingForApproval'), { metrics: () => value('0') })
  })

  test('a provider that goes away in the middle of a promotion does not leave it half-way', () => {
    const world = waiting({ analysis: analysis() })
    const good = { metrics: () => value('0') }
    until(world, (now) => now.release.status?.measurements?.[0]?.verdict === 'passing', good)
    command(world, 'promote')
    until(world, reasonIs('Promoting'), good)
    until(
      world,
      (now) => phaseIs('Completed')(now) && now.release.status?.trials?.[0] === undefined,
      {
        metrics: () => outage,
      },
    )
  })

  test('a refused write is tried again, and what was refused before goes on', () => {
    const world = onTrial()
    pass(world)
    world.refusals = [{ object: 'HTTPRoute shop', message: 'forbidden', since: 0 }]
    pass(world)
    pass(world)
    follow(world)
    expect(
      decide(world.observe(), world.now).writes.length + (world.weights()['shop-canary'] ?? 0),
    ).toBeGreaterThan(0)
    world.refusals = []
    until(world, reasonIs('WaitingForApproval'))
  })

  test('an analysis is passed by what was seen during its step, not before', () => {
    const own = [
      { weight: 25 },
      { analysis: ['errors'] },
      { weight: 50 },
      { analysis: ['errors'] },
      { pause: {} },
    ]
    const world = onTrial({
      strategy: { canary: { steps: own } },
      analysis: analysis({ count: 3 }),
    })
    const pace = { metrics: () => value('0') }
    until(world, (now) => now.weights()['shop-canary'] === 50, pace)
    const good = world.release.status?.measurements?.[0]?.good ?? 0
    until(world, reasonIs('WaitingForApproval'), pace)
    expect((world.release.status?.measurements?.[0]?.good ?? 0) - good).toBeGreaterThanOrEqual(2)
    const { startedAt = '' } = world.release.status?.step ?? {}
    const started =
      world.release.status?.decisions?.filter(({ action }) => action === 'StepAdvance') ?? []
    const at50 = Date.parse(started.find(({ step }) => step === 2)?.at ?? '')
    expect(Date.parse(startedAt) - at50).toBeGreaterThanOrEqual(20_000)
  })

  test('a metric that wants more good samples than are kept passes all the same', () => {
    const own = [{ weight: 25 }, { analysis: ['errors'] }, { pause: {} }]
    const world = onTrial({
      strategy: { canary: { steps: own } },
      analysis: analysis({ count: 25 }),
    })
    until(world, reasonIs('WaitingForApproval'), { metrics: () => value('0') })
    expect(world.release.status?.measurements?.[0]?.good).toBeGreaterThanOrEqual(25)
  })
})

describe('what is wrong and then right again', () => {
  test('a new route without weights, or with all of them zero, is taken over', () => {
    for (const route of [httpRoute(1, 1), httpRoute(0, 0), httpRoute(0, 7)]) {
      const world = new World(release(), route)
      until(world, phaseIs('Completed'))
      settle(world)
      expect(world.weights()).toEqual({ 'shop-stable': 100, 'shop-canary': 0 })
    }
  })

  test('weights make a hundred in every write, even where a route sends nothing to anybody and few pods are there', () => {
    const world = waiting()
    command(world, 'abort')
    pass(world, { deadGateway: true })
    const [first = ''] = world.replicaSets.keys()
    world.ready.set(first, 2)
    world.moveEndpoints()
    world.editWeights(0, 0)
    const decision = decide(world.observe(), world.now)
    for (const write of decision.writes) world.write(write)
    const weights = Object.values(world.weights())
    expect([0, 100]).toContain(weights.reduce((sum, weight) => sum + weight, 0))
  })

  test('rules of one route that disagree are brought together only when all of it can be carried', () => {
    const world = waiting()
    const { route } = world
    if (route === undefined) throw new Error('the builder gives a route')
    const [rule] = route.spec.rules ?? []
    const other = {
      ...rule,
      backendRefs: (rule?.backendRefs ?? []).map((ref, at) => ({
        ...ref,
        weight: at === 0 ? 100 : 0,
      })),
    }
    world.route = { ...route, spec: { ...route.spec, rules: [rule ?? {}, other] } }
    const candidate = [...world.replicaSets.keys()].at(-1) ?? ''
    world.ready.set(candidate, 0)
    world.moveEndpoints()
    const { writes } = decide(world.observe(), world.now)
    expect(
      writes.filter((write) => write.kind === 'patch' && write.ref.kind === 'HTTPRoute'),
    ).toEqual([])
    until(world, reasonIs('WaitingForApproval'))
    settle(world)
    expect(
      world.route.spec.rules?.map((one) => one.backendRefs?.map(({ weight }) => weight)),
    ).toEqual([
      [75, 25],
      [75, 25],
    ])
  })
})
