/** The notebook as a status, and back. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { template } from '#test/gen/release.ts'
import { command, installed, pass, reasonIs, settle, until, value } from '#test/gen/story.ts'
import type { Condition } from '../k8s/meta.ts'
import type { Conclusion, Look } from '../model/experiment.ts'
import {
  type AnalysisState,
  type DecisionRecord,
  type Failure,
  keep,
  type Notebook,
  phases,
  type RoleState,
  type Trial,
} from '../model/notebook.ts'
import { type ReasonType, reasons } from '../reasons.ts'
import { isWorthWriting } from '../worth.ts'
import type { ReleaseStatus } from './release.ts'
import { notebookOf, statusOf } from './status.ts'

const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(one, { nil: undefined })
const instant = fc.integer({ min: 0, max: 4_000_000_000_000 })
const reasonType = fc.constantFrom(...(Object.keys(reasons) as ReasonType[]))
const revision = fc.stringMatching(/^[0-9a-f]{10}$/)
const candidate = fc.constantFrom('canary', 'b', 'c')
const failure: fc.Arbitrary<Failure> = fc.record(
  {
    role: candidate,
    revision,
    reason: reasonType,
    message: fc.string(),
    at: instant,
    command: fc.nat(),
  },
  { requiredKeys: ['role', 'revision', 'reason', 'message', 'at'] },
)
const trial: fc.Arbitrary<Trial> = fc.record({
  role: candidate,
  revision,
  startedAt: instant,
  stage: fc.oneof(
    fc.constant({ kind: 'steps' as const }),
    fc.constant({ kind: 'promoting' as const }),
    fc.constant({ kind: 'verifying' as const }),
    fc.record({
      kind: fc.constant('retreating' as const),
      why: failure,
      outcome: fc.constantFrom('failed' as const, 'forget' as const),
    }),
  ),
  step: fc.nat(50),
  stepStartedAt: instant,
  trafficSince: maybe(instant),
  service: fc.string(),
  command: maybe(
    fc.record({
      version: fc.nat(),
      weight: fc.nat(100),
      replicas: maybe(fc.nat(100)),
      promote: fc.boolean(),
    }),
  ),
})
const count = fc.nat(1000)
const analysisState: fc.Arbitrary<AnalysisState> = fc.record({
  role: candidate,
  revision,
  metrics: fc.uniqueArray(
    fc.record({
      name: fc.string(),
      verdict: fc.constantFrom(
        'passing' as const,
        'failing' as const,
        'needMoreData' as const,
        'noData' as const,
        'error' as const,
      ),
      good: count,
      bad: count,
      missing: count,
      errors: count,
      samples: fc.array(
        fc.record({
          at: instant,
          verdict: fc.constantFrom(
            'passing' as const,
            'failing' as const,
            'noData' as const,
            'error' as const,
          ),
          value: maybe(fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0)),
          message: maybe(fc.string()),
        }),
        { maxLength: keep.samples },
      ),
    }),
    { minLength: 1, maxLength: 3, selector: ({ name }) => name },
  ),
})
const record: fc.Arbitrary<DecisionRecord> = fc.record({
  at: instant,
  action: fc.string(),
  reason: reasonType,
  message: fc.string(),
  revision: fc.string(),
  step: maybe(fc.nat(50)),
  by: maybe(fc.string()),
  actionId: maybe(fc.string()),
})
const share = fc.double({ min: 0, max: 1, noNaN: true })
const counted = maybe(fc.record({ hits: count, of: count }))
const look: fc.Arbitrary<Look> = fc.record({
  role: candidate,
  metric: fc.string(),
  revision,
  at: instant,
  looks: fc.nat(1000),
  candidate: counted,
  stable: counted,
  confidence: maybe(share),
  effect: maybe(share),
  message: maybe(fc.string()),
})
const conclusion: fc.Arbitrary<Conclusion> = fc.record({
  at: instant,
  winner: maybe(candidate),
  reason: reasonType,
  message: fc.string(),
  sign: fc.string(),
  open: fc.boolean(),
})
const condition: fc.Arbitrary<Condition> = fc.record({
  type: fc.constantFrom('Ready', 'Stalled', 'Reconciling'),
  status: fc.constantFrom('True' as const, 'False' as const),
  observedGeneration: fc.nat(),
  lastTransitionTime: fc.constant('2026-11-21T00:00:00Z'),
  reason: reasonType,
  message: fc.string(),
})
const role = (name: string, own: fc.Arbitrary<string>): fc.Arbitrary<RoleState> =>
  fc.record({
    role: fc.constant(name),
    revision: own,
    replicas: count,
    ready: count,
    wanted: fc.nat(100),
    confirmed: fc.nat(100),
  })

const place = fc.record(
  {
    image: fc.string(),
    service: fc.string(),
    seat: fc.record({ name: fc.string(), labels: fc.constant({ role: 'canary' }) }),
  },
  { requiredKeys: [] },
)

/** Notebooks as a pass leaves them: what is said of the stable role is said of the stable revision. */
const notebook: fc.Arbitrary<Notebook> = maybe(revision).chain((own) =>
  fc.record({
    observedGeneration: fc.nat(),
    phase: fc.constantFrom(...phases),
    reason: fc.record({
      type: reasonType,
      message: fc.string(),
      object: maybe(fc.string()),
      since: instant,
      next: maybe(instant),
    }),
    stable: fc.constant(own),
    seat: maybe(candidate),
    previous: maybe(fc.record({ revision, until: instant })),
    trials: fc.uniqueArray(trial, { selector: ({ role: own }) => own, maxLength: 3 }),
    failed: fc.uniqueArray(failure, { selector: ({ role: own }) => own, maxLength: 3 }),
    paused: maybe(fc.record({ at: instant, by: fc.string() })),
    analyses: fc.uniqueArray(analysisState, { selector: ({ role: own }) => own, maxLength: 3 }),
    looks: fc.array(look, { maxLength: 3 }),
    concluded: maybe(conclusion),
    roles:
      own === undefined
        ? fc.constant([])
        : fc
            .tuple(role('stable', fc.constant(own)), role('canary', revision), place)
            .map(([first, second, at]) => [first, { ...second, ...at }]),
    decisions: fc.array(record, { maxLength: keep.decisions }),
    conditions: fc.array(condition, { maxLength: 3 }),
  }),
)

/** What the API server keeps of a status. */
const onTheWire = (status: ReleaseStatus): ReleaseStatus =>
  JSON.parse(JSON.stringify(status)) as ReleaseStatus

describe('a notebook', () => {
  test('says the same after it was a status', () => {
    fc.assert(
      fc.property(notebook, (book) => {
        const back = notebookOf(onTheWire(statusOf(book, undefined)))
        expect(back).toEqual(book)
        expect(isWorthWriting(book, back)).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  test('says the same after every pass of a whole release', () => {
    const steps = [
      { weight: 25 },
      { pause: '5s' },
      { analysis: ['errors'] },
      { weight: 50 },
      { pause: {} },
    ]
    const world = installed({ strategy: { canary: { steps } }, analysis: analysis() })
    const check = (): void => {
      const decision = pass(world, { metrics: () => value('0') })
      const { app } = world.observe()
      const back = notebookOf(onTheWire(statusOf(decision.notebook, app)))
      expect(back).toEqual({ ...decision.notebook, roles: back?.roles })
    }
    world.ask({ template: template('shop:v2') })
    while (!reasonIs('WaitingForApproval')(world)) check()
    command(world, 'abort')
    for (let passes = 0; passes < 10; passes += 1) check()
  })

  test('that was never written is none', () => {
    expect([notebookOf(undefined), notebookOf({})]).toEqual([undefined, undefined])
  })

  test('has no revision where none is known', () => {
    const status: ReleaseStatus = {
      phase: 'Initializing',
      stable: { revision: '', replicas: 0, ready: 0, weight: { wanted: 0, confirmed: 0 } },
    }
    expect(notebookOf(status)?.stable).toBeUndefined()
  })

  test('whose clock of a step was lost waits the step out again', () => {
    const world = installed({ strategy: { canary: { steps: [{ weight: 25 }, { pause: '1h' }] } } })
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForPause'))
    const { startedAt: _startedAt, ...step } = world.release.status?.step ?? { index: 0, of: 0 }
    world.release = { ...world.release, status: { ...world.release.status, step } }
    pass(world)
    expect(world.release.status?.reason?.type).toBe('WaitingForPause')
  })
})

describe('a status', () => {
  const seen = (): ReleaseStatus => {
    const world = installed({ strategy: { canary: { steps: [{ weight: 25 }, { pause: {} }] } } })
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    settle(world)
    return world.release.status ?? {}
  }

  test('shows roles, weights and the step as people read them', () => {
    const { stable, candidates, weights, step, phase } = seen()
    expect([stable, candidates, weights, step, phase]).toMatchObject([
      { replicas: 4, ready: 4, weight: { wanted: 75, confirmed: 75 } },
      [{ name: 'canary', replicas: 1, ready: 1, weight: { wanted: 25, confirmed: 25 } }],
      '75/25',
      { index: 1, of: 2 },
      'Paused',
    ])
  })

  test('has no member that is undefined, which a JSON Patch could not write', () => {
    const absent = (value: unknown): boolean =>
      value === undefined ||
      (typeof value === 'object' && value !== null && Object.values(value).some(absent))
    expect(absent(seen())).toBe(false)
  })

  test('stays below 64 KiB whatever stands in it', () => {
    const long = 'x'.repeat(100_000)
    const metrics = Array.from({ length: 16 }, (_, index) => ({
      ...analysis().metrics[0],
      name: `m${index}`,
      interval: '1s',
    }))
    const steps = [{ weight: 25 }, { pause: {} }]
    const world = installed({
      strategy: { canary: { steps } },
      analysis: { ...analysis(), metrics: metrics as never },
    })
    world.ask({ template: template('shop:v2') })
    for (let passes = 0; passes < 300; passes += 1) {
      pass(world, { metrics: () => ({ kind: 'failed', message: long }) })
      if (passes % 5 === 0) command(world, 'pause', { by: long, revision: 'r'.repeat(63) })
      if (passes % 5 === 2) world.command(`{"id":"${passes}","verb":"${long}"}`)
      if (passes % 20 === 0) world.ask({ template: template(`shop:${long.slice(0, 60)}${passes}`) })
      expect(JSON.stringify(world.release.status).length).toBeLessThan(65_536)
    }
  })
})
