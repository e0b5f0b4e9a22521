/**
 * Laws of the whole core under anything that people, clusters and metric providers do at any instant, with any write
 * lost and a crash after any pass. Each law looks at the store's truth after every single write, never at what the
 * core believed. Names such as S2 are those of the invariants in ARCHITECTURE.md.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { Publications } from '#test/gen/publications.ts'
import { template } from '#test/gen/release.ts'
import { command, installed, noSeries, outage, pass, stamped, value } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import type { ReleaseStep } from './api/strategy/canary.ts'
import { decide } from './decide.ts'
import type { Decision, Write } from './decision.ts'
import type { HttpAnswer } from './http-ask.ts'
import type { HttpRoute } from './k8s/gateway-api.ts'
import { type App, type Step, stepsOf, type Verb } from './model/app.ts'
import { keep, type Notebook } from './model/notebook.ts'
import { podsFor } from './model/weights.ts'
import { labels } from './render/names.ts'
import { positionAt } from './steps/step.ts'

const runs = Number(process.env['RUNS'] ?? 3000)
/** A failure is run again by what it printed: SEED and WAY. */
const { SEED: seed, WAY: way } = process.env
const replay =
  seed === undefined
    ? {}
    : { seed: Number(seed), endOnFailure: true, ...(way === undefined ? {} : { path: way }) }
const settleMs = 200
const roles = { stable: 'shop-stable', canary: 'shop-canary' } as const

// What happens between two passes.
type Happening =
  | { readonly kind: 'wait'; readonly later: number }
  | { readonly kind: 'pods'; readonly pods: number }
  | { readonly kind: 'endpoints' }
  | { readonly kind: 'gateway' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'command'; readonly verb: Verb; readonly stale: boolean }
  | { readonly kind: 'template'; readonly image: string }
  | { readonly kind: 'replicas'; readonly replicas: number }
  | { readonly kind: 'weights'; readonly stable: number; readonly canary: number }
  | { readonly kind: 'selector'; readonly role: 'stable' | 'canary'; readonly pick: number }

const answers = {
  good: value('0'),
  bad: value('9'),
  notANumber: value('NaN'),
  noSeries,
  outage,
  pending: undefined,
} as const satisfies Record<string, HttpAnswer | undefined>

type Event = {
  readonly happening: Happening
  /** Bits of the writes of the pass after it that are lost; the sixth is the status. */
  readonly lost: number
  readonly metrics: keyof typeof answers
}

const verbs: readonly Verb[] = ['pause', 'resume', 'promote', 'promote-full', 'abort', 'retry']
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      later: fc.constantFrom(1, 100, 1000, 10_000, 60_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pods' as const),
      pods: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 6, arbitrary: fc.constant({ kind: 'endpoints' as const }) },
  { weight: 6, arbitrary: fc.constant({ kind: 'gateway' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('command' as const),
      verb: fc.constantFrom(...verbs),
      stale: fc.nat(3).map((one) => one === 0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('template' as const),
      image: fc.constantFrom('shop:v1', 'shop:v2', 'shop:v3'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('replicas' as const),
      replicas: fc.integer({ min: 0, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('weights' as const),
      stable: fc.nat(100),
      canary: fc.nat(100),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('selector' as const),
      role: fc.constantFrom('stable' as const, 'canary' as const),
      pick: fc.nat(3),
    }),
  },
)
const event: fc.Arbitrary<Event> = fc.record({
  happening,
  lost: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(63) }),
  metrics: fc.oneof(
    { weight: 4, arbitrary: fc.constant('good' as const) },
    { weight: 1, arbitrary: fc.constantFrom('bad', 'notANumber', 'noSeries', 'outage', 'pending') },
  ),
})
const step: fc.Arbitrary<ReleaseStep> = fc.oneof(
  fc.record({ weight: fc.integer({ min: 0, max: 100 }) }),
  fc.record({ weight: fc.integer({ min: 1, max: 100 }), replicas: fc.integer({ min: 1, max: 6 }) }),
  fc.constantFrom<ReleaseStep>({ pause: '5s' }, { pause: {} }, { analysis: ['errors'] }),
  fc.record({ replicas: fc.integer({ min: 1, max: 5 }) }),
)
const steps: fc.Arbitrary<ReleaseStep[]> = fc
  .tuple(
    fc.array(fc.constantFrom<ReleaseStep>({ replicas: 1 }, { pause: '5s' }, { weight: 0 }), {
      maxLength: 1,
    }),
    fc.record({ weight: fc.integer({ min: 1, max: 100 }) }),
    fc.array(step, { maxLength: 4 }),
  )
  .map(([before, first, after]) => [...before, first, ...after])
const story = fc.record({
  replicas: fc.integer({ min: 1, max: 6 }),
  steps,
  failures: fc.integer({ min: 1, max: 2 }),
  count: fc.integer({ min: 1, max: 2 }),
  policy: fc.constantFrom('hold' as const, 'continue' as const, 'rollback' as const),
  events: fc.array(event, { minLength: 10, maxLength: 40 }),
})

type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

function happen(world: World, one: Happening): void {
  switch (one.kind) {
    case 'wait':
      world.now += one.later
      break
    case 'pods':
      for (const name of world.replicaSets.keys()) world.movePods(name, one.pods, false)
      break
    case 'endpoints':
      world.moveEndpoints()
      break
    case 'gateway':
      world.moveGateway()
      break
    case 'crash':
      world.crash()
      break
    case 'command':
      command(world, one.verb, one.stale ? { revision: 'another' } : {})
      break
    case 'template':
      world.ask({ template: template(one.image) })
      break
    case 'replicas':
      world.ask({ replicas: one.replicas })
      break
    case 'weights':
      world.editWeights(one.stable, one.canary)
      break
    case 'selector': {
      const known = [...world.replicaSets.values()].map(
        ({ metadata }) => metadata.labels?.[labels.revision] ?? '',
      )
      const revision = known[one.pick % known.length] ?? ''
      world.editSelector(roles[one.role], { app: 'shop', [labels.revision]: revision })
      break
    }
  }
  world.now += 1
}

// The store's truth.

function selected(world: World, role: 'stable' | 'canary'): string | undefined {
  return world.services.get(roles[role])?.spec.selector?.[labels.revision]
}

/** Shares of the traffic by role, in per cent. */
function shares(world: World): { readonly stable: number; readonly canary: number } {
  const { [roles.stable]: one = 0, [roles.canary]: other = 0 } = world.weights()
  const sum = one + other
  return sum === 0
    ? { stable: 0, canary: 0 }
    : { stable: (100 * one) / sum, canary: (100 * other) / sum }
}

function exposure(world: World, revision: string): number {
  const share = shares(world)
  return (['stable', 'canary'] as const)
    .filter((role) => selected(world, role) === revision)
    .reduce((sum, role) => sum + share[role], 0)
}

function replicasOf(world: World, revision: string): number {
  return [...world.replicaSets.values()]
    .filter(({ metadata }) => metadata.labels?.[labels.revision] === revision)
    .reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0)
}

function foreignParts(route: HttpRoute | undefined): unknown {
  const rules = route?.spec.rules?.map(({ backendRefs, ...rest }) => ({
    ...rest,
    backendRefs: backendRefs?.map(({ weight: _weight, ...ref }) => ref),
  }))
  return { ...route?.spec, rules, name: route?.metadata.name }
}

type Before = {
  readonly stored: Notebook | undefined
  readonly app: App
  readonly now: number
  readonly exposed: ReadonlyMap<string, number>
  readonly share: { readonly stable: number; readonly canary: number }
  readonly replicas: ReadonlyMap<string, number>
}

function look(world: World, stored: Notebook | undefined, app: App): Before {
  const revisions = [...world.replicaSets.values()].map(
    ({ metadata }) => metadata.labels?.[labels.revision] ?? '',
  )
  return {
    stored,
    app,
    now: world.now,
    exposed: new Map(revisions.map((revision) => [revision, exposure(world, revision)])),
    share: shares(world),
    replicas: new Map(revisions.map((revision) => [revision, replicasOf(world, revision)])),
  }
}

// The laws.

/** What a revision may have of the traffic by what is on record; everything for what is stable. */
function declared({ stored, app }: Before, revision: string): number {
  if (stored?.stable === undefined || stored.stable === revision) return 100
  const [trial] = stored.trials
  if (trial?.revision !== revision) return 0
  if (trial.stage.kind === 'promoting') return 100
  if (trial.stage.kind === 'retreating') return 0
  return positionAt(stepsOf(app, trial.role), trial.step).weight
}

function isHeld({ notebook }: Decision, app: App): boolean {
  if (notebook.paused !== undefined) return true
  const [trial] = notebook.trials
  if (trial?.stage.kind !== 'steps') return trial?.stage.kind === 'retreating'
  return (app.analysis?.metrics ?? []).some(({ name, onNoData, onError }) => {
    const verdict = notebook.analyses[0]?.metrics.find((metric) => metric.name === name)?.verdict
    return (
      verdict === 'failing' ||
      (verdict === 'noData' && onNoData !== 'continue') ||
      (verdict === 'error' && onError !== 'continue')
    )
  })
}

function checkExposure(world: World, before: Before, decision: Decision, write: Write): void {
  for (const [revision, was] of before.exposed) {
    const is = exposure(world, revision)
    if (is <= was) continue
    expect(is, `S2: exposure of ${revision} above what is on record`).toBeLessThanOrEqual(
      declared(before, revision),
    )
  }
  const onRoute = write.kind === 'patch' && write.ref.kind === 'HTTPRoute'
  if (onRoute && isHeld(decision, before.app)) {
    expect(
      shares(world).canary,
      'S2: the candidate gains while the release is held',
    ).toBeLessThanOrEqual(before.share.canary)
  }
}

function checkCapacity(world: World, before: Before, write: Write): void {
  const share = shares(world)
  if (write.kind === 'patch' && write.ref.kind === 'HTTPRoute') {
    for (const role of ['stable', 'canary'] as const) {
      if (share[role] <= before.share[role]) continue
      const asked =
        role === 'canary' ? Math.min(...stepsOf(before.app, role).map(podsAsked)) : Infinity
      const needed = Math.min(podsFor(before.app.replicas, share[role]), asked)
      expect(
        world.reachable(roles[role]),
        `S3: ${role} gains ${share[role]} without the pods`,
      ).toBeGreaterThanOrEqual(needed)
    }
  }
  if (write.kind === 'patch' && write.ref.kind === 'Service' && before.app.replicas > 0) {
    expect(
      world.reachable(write.ref.name),
      'S3: a selector points at no ready pod',
    ).toBeGreaterThan(0)
  }
}

/** Gateways hear of endpoints later than they are listed: until then nobody new is sent there, and nobody they know goes. */
function checkKnown(world: World, before: Before, publications: Publications, write: Write): void {
  if (world.acceptedAt === undefined) return
  if (write.kind === 'patch' && write.ref.kind === 'HTTPRoute') {
    if (shares(world).canary <= before.share.canary) return
    expect(
      publications.age(world, roles.canary),
      'S3: the candidate gains before its pods are known',
    ).toBeGreaterThanOrEqual(settleMs)
  }
  for (const [revision, was] of before.replicas) {
    if (replicasOf(world, revision) > 0 || was === 0 || before.app.replicas === 0) continue
    for (const role of ['stable', 'canary'] as const) {
      if (selected(world, role) === revision) continue
      expect(
        publications.age(world, roles[role]),
        `S5: pods go before it is known that ${role} lists them no more`,
      ).toBeGreaterThanOrEqual(settleMs)
    }
  }
}

function podsAsked(step: Step): number {
  return step.kind === 'weight' || step.kind === 'replicas' ? (step.replicas ?? Infinity) : Infinity
}

function checkRemoval(world: World, before: Before): void {
  for (const [revision, was] of before.replicas) {
    const is = replicasOf(world, revision)
    if (is >= was) continue
    expect(world.acceptedAt, 'S5: pods go before the route is accepted').toBeDefined()
    expect(
      world.now - (world.acceptedAt ?? 0),
      'S5: pods go before the gateway follows',
    ).toBeGreaterThanOrEqual(settleMs)
    const { stored, app } = before
    if (stored?.stable === revision) {
      expect(is, 'S6: stable loses pods it may need').toBeGreaterThanOrEqual(app.replicas)
    }
    const asked = Math.min(...stepsOf(app, 'canary').map(podsAsked))
    for (const role of ['stable', 'canary'] as const) {
      const share = shares(world)[role]
      if (share === 0) continue
      const name = [...world.replicaSets.values()].find(
        ({ metadata }) => metadata.labels?.[labels.revision] === revision,
      )?.metadata.name
      const listed = world.endpoints.get(roles[role])?.get(name ?? '') ?? 0
      if (selected(world, role) !== revision && listed === 0) continue
      const needed = Math.min(podsFor(app.replicas, share), asked)
      expect(is, `S5: ${role} has ${share} % on pods that go`).toBeGreaterThanOrEqual(needed)
    }
  }
}

function checkRecord(before: Before, decision: Decision): void {
  const { stored, app, now } = before
  const next = decision.notebook
  const known = new Set(stored?.decisions.map((record) => JSON.stringify(record)))
  const told = next.decisions.filter((record) => !known.has(JSON.stringify(record)))
  const has = (action: string): boolean => told.some((record) => record.action === action)
  const [trial] = next.trials
  const [earlier] = stored?.trials ?? []
  if (earlier !== undefined && trial?.revision === earlier.revision && !has('Start')) {
    const full = has('PromoteFull')
    for (let step = earlier.step; step < trial.step && !full; step += 1) {
      const asked = stepsOf(app, trial.role)[step]
      const since = step === earlier.step ? earlier.stepStartedAt : now
      expect(
        isExplained(asked, {
          next,
          now,
          since,
          promoted: has('Promote') && step === earlier.step,
        }),
        `S7: step ${step} is not explained`,
      ).toBe(true)
    }
    if (earlier.stage.kind === 'steps' && trial.stage.kind === 'promoting' && !full) {
      const metric = next.analyses[0]?.metrics[0]
      const policy = app.analysis?.metrics[0]?.onError
      expect(
        metric?.verdict === 'passing' || policy === 'continue',
        'S7: promoted without a passed analysis',
      ).toBe(true)
    }
  }
  if (earlier !== undefined && trial?.startedAt === earlier.startedAt) checkCounts(stored, next)
  const [failed] = stored?.failed ?? []
  if (failed !== undefined && earlier === undefined && trial?.revision === failed.revision) {
    expect(has('Retry'), 'S10: a failed revision is back without a retry').toBe(true)
  }
  if (next.stable !== stored?.stable && stored?.stable !== undefined) {
    expect(
      earlier?.stage.kind === 'promoting' && next.stable === earlier.revision,
      'S7: another revision is stable',
    ).toBe(true)
  }
}

/** What was counted of one trial never falls. */
function checkCounts(stored: Notebook | undefined, next: Notebook): void {
  for (const { revision, metrics } of stored?.analyses ?? []) {
    const later = next.analyses.find((one) => one.revision === revision)
    for (const { name, ...was } of metrics) {
      const is = later?.metrics.find((one) => one.name === name)
      for (const count of ['good', 'bad', 'missing', 'errors'] as const)
        if (is !== undefined)
          expect(is[count], `analysis: ${name} ${count}`).toBeGreaterThanOrEqual(was[count])
      expect(is?.samples.length ?? 0, 'analysis: samples are bounded').toBeLessThanOrEqual(
        keep.samples,
      )
    }
  }
}

function isExplained(
  step: Step | undefined,
  { next, now, since, promoted }: { next: Notebook; now: number; since: number; promoted: boolean },
): boolean {
  if (promoted || step === undefined || step.kind === 'weight' || step.kind === 'replicas')
    return true
  if (step.kind === 'pause') return step.durationMs !== undefined && now - since >= step.durationMs
  const metric = next.analyses[0]?.metrics[0]
  if (metric?.verdict === 'passing')
    return metric.samples.some(({ at, verdict }) => verdict === 'passing' && at > since)
  return true
}

function oneEvent(
  world: World,
  publications: Publications,
  { happening: first, lost, metrics }: Event,
): void {
  happen(world, first)
  publications.note(world)
  const observed = world.observe()
  const decision = decide(observed, world.now)
  world.remember(decision)
  const { app, notebook } = observed
  checkRecord(look(world, notebook, app), decision)
  decision.writes.forEach((write, index) => {
    if ((lost >> index) & 1) return
    const before = look(world, notebook, app)
    const foreign = foreignParts(world.route)
    world.write(write)
    expect(foreignParts(world.route), 'S1: fields of others').toEqual(foreign)
    if (write.kind === 'patch' && write.ref.kind === 'HTTPRoute') {
      const sum = Object.values(world.weights()).reduce((total, weight) => total + weight, 0)
      expect(sum, 'S1: weights make 100').toBe(100)
    }
    checkExposure(world, before, decision, write)
    checkCapacity(world, before, write)
    checkRemoval(world, before)
    checkKnown(world, before, publications, write)
  })
  if (decision.write && ((lost >> 5) & 1) === 0) world.writeStatus(decision)
  expect(JSON.stringify(world.release.status ?? {}).length, 'S11').toBeLessThan(65_536)
  const answer = answers[metrics]
  if (answer === undefined) return
  for (const { id, role, metric, revision, at } of decision.measure) {
    const found = stamped(answer, at)
    world.answers.push({ id, role, metric, revision, at, returnedAt: world.now, answer: found })
  }
}

/** Whether the release has come to an end: all traffic at one revision with all its pods, nothing left to do. */
function isDone(world: World): boolean {
  const { status, metadata, spec } = world.release
  const done = status?.phase === 'Completed' || status?.phase === 'Failed'
  return (
    done &&
    (status.trials ?? []).length === 0 &&
    status.observedGeneration === metadata.generation &&
    shares(world).stable === 100 &&
    world.reachable(roles.stable) === (spec.replicas ?? 1)
  )
}

/** Nothing goes wrong any more, and somebody promotes and resumes whatever waits for it. */
function heal(world: World): void {
  const pace = { metrics: () => value('0') }
  for (let passes = 0; passes < 300; passes += 1) {
    const decision = pass(world, pace)
    const { type } = decision.reason
    if (type === 'Paused') command(world, 'resume')
    if (type === 'WaitingForApproval') command(world, 'promote')
    if (
      isDone(world) &&
      decision.writes.length === 0 &&
      !decision.write &&
      decision.wakeAt === undefined
    )
      return
  }
  const { phase, reason, trials } = world.release.status ?? {}
  throw new Error(
    `L2: does not come to an end: ${JSON.stringify([phase, reason, trials, world.weights()])}`,
  )
}

function begun({ replicas, steps: plan, failures, count, policy }: Omit<Story, 'events'>): World {
  const world = installed({
    replicas,
    strategy: { canary: { steps: plan } },
    analysis: analysis({ failures, count, onNoData: policy, onError: policy, interval: '5s' }),
    progressDeadline: '5m',
  })
  world.ask({ template: template('shop:v2') })
  return world
}

test('all laws hold whatever happens, and the release comes to an end once it stops', () => {
  fc.assert(
    fc.property(story, ({ events, ...given }) => {
      const world = begun(given)
      const publications = new Publications()
      publications.note(world)
      for (const one of events) oneEvent(world, publications, one)
      heal(world)
    }),
    { numRuns: runs, ...replay },
  )
})
