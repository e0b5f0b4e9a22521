/**
 * Laws of experiments under anything that people, clusters and metric providers do at any instant, with writes lost and
 * crashes. Each is looked at after every single write, on the store's truth.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainRoute, release, template } from '#test/gen/release.ts'
import { command, pass, settle, stamped, until, value } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ExperimentCandidate } from './api/strategy/experiment.ts'
import { decide } from './decide.ts'
import type { Decision } from './decision.ts'
import type { HttpAnswer } from './http-ask.ts'
import { labels } from './render/names.ts'
import { writtenHash } from './revision.ts'

const runs = Number(process.env['RUNS'] ?? 3000) / 10

const route = plainRoute()

const variants = ['b', 'c'] as const
const declared = (weights: boolean): readonly ExperimentCandidate[] =>
  variants.map((name, index) => ({
    name,
    template: template(`shop:${name}`),
    ...(weights
      ? { weight: 20 + 10 * index }
      : { match: [{ header: { name: 'x-variant', value: name } }], replicas: 2 }),
  }))
const revisionOf = (name: string): string => writtenHash(template(`shop:${name}`))

const verbs = ['pause', 'resume', 'promote', 'abort', 'retry'] as const
const event = fc.record({
  later: fc.constantFrom(1, 100, 1000, 30_000, 120_000),
  pods: fc.integer({ min: 0, max: 5 }),
  endpoints: fc.boolean(),
  gateway: fc.boolean(),
  crash: fc.nat(9).map((one) => one === 0),
  verb: fc.option(fc.constantFrom(...verbs), { nil: undefined, freq: 8 }),
  conclude: fc.nat(30).map((one) => one === 0),
  lost: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(63) }),
  answers: fc.constantFrom('even', 'even', 'winning', 'nan', 'none'),
})
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never

function brought(
  kind: string,
): { readonly hits: HttpAnswer; readonly own: HttpAnswer } | undefined {
  if (kind === 'none') return undefined
  if (kind === 'nan') return { hits: value('NaN'), own: value('100') }
  return { hits: value(kind === 'winning' ? '160' : '100'), own: value('100') }
}

function answer(world: World, decision: Decision, kind: string): void {
  const found = brought(kind)
  if (found === undefined) return
  for (const { id, role, metric, revision, at } of decision.measure) {
    const [of, stable] = [stamped(value('1000'), at), stamped(found.own, at)]
    world.answers.push({
      id,
      role,
      metric,
      revision,
      at,
      returnedAt: world.now,
      answer: stamped(found.hits, at),
      companions: { count: of, stable, stableCount: of },
    })
  }
}

/** Weights and rules by Service, as they stand in the route. */
function traffic(world: World): { weights: Record<string, number>; ruled: readonly string[] } {
  const rules = world.route?.spec.rules ?? []
  const isOurs = ({ matches = [] }: (typeof rules)[number]): boolean =>
    matches.some(({ headers = [] }) => headers.length > 0)
  const plain = rules.find((rule) => !isOurs(rule))
  return {
    weights: Object.fromEntries(
      (plain?.backendRefs ?? []).map(({ name, weight = 1 }) => [name, weight]),
    ),
    ruled: rules
      .filter(isOurs)
      .flatMap(({ backendRefs = [] }) => backendRefs.map(({ name }) => name)),
  }
}

/** Who is picked by a rule is picked before everybody is: rules by match stand above the one for all. */
function checkOrder(world: World): void {
  const rules = world.route?.spec.rules ?? []
  const isOurs = rules.map(({ matches = [] }) =>
    matches.some(({ headers = [] }) => headers.length > 0),
  )
  const plain = isOurs.indexOf(false)
  expect(isOurs.lastIndexOf(true), 'rules by match come first').toBeLessThan(
    plain < 0 ? rules.length : plain,
  )
}

function check(world: World, byWeight: boolean): void {
  checkOrder(world)
  const { weights, ruled } = traffic(world)
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0)
  // S1, also of a route that has but one backend and no weights yet.
  if (Object.keys(weights).length > 1) expect(sum).toBe(100)
  const trials = world.release.status?.trials ?? []
  for (const [name, set] of world.replicaSets) {
    // Replica sets are the templates declared, and no others.
    const revision = set.metadata.labels?.[labels.revision] ?? ''
    expect([revisionOf('v1'), ...variants.map(revisionOf)], name).toContain(revision)
  }
  for (const role of variants) {
    const service = `shop-${role}`
    const selected = world.services.get(service)?.spec.selector?.[labels.revision]
    const wanted = [...world.replicaSets.values()].find(
      ({ metadata }) => metadata.labels?.[labels.revision] === selected,
    )?.spec.replicas
    // The rule is gone before the variant is scaled down, and sends nobody to a revision of something else.
    if (ruled.includes(service)) {
      expect(selected).toBe(revisionOf(role))
      expect(wanted).toBeGreaterThanOrEqual(2)
    }
    const trial = trials.find(({ candidate }) => candidate === role)
    // Everybody else stays with stable, unless the winner takes all.
    const winning = trial?.stage === 'promoting' || world.release.status?.concluded !== undefined
    if (!byWeight && !winning) expect(weights[service] ?? 0).toBe(0)
    if (byWeight && !winning) expect(weights[service] ?? 0).toBeLessThanOrEqual(30)
  }
}

function happen(world: World, given: Event, step: number, byWeight: boolean): void {
  if (given.crash) world.crash()
  const [trial] = world.release.status?.trials ?? []
  if (given.verb !== undefined) {
    const candidate = trial?.candidate
    command(world, given.verb, candidate === undefined ? {} : { candidate })
  }
  if (given.conclude) world.ask({ strategy: { experiment: spec(byWeight, { conclude: {} }) } })
  for (const name of world.replicaSets.keys()) world.movePods(name, given.pods, false)
  if (given.endpoints) world.moveEndpoints()
  if (given.gateway) world.moveGateway()
  const decision = decide(world.observe(), world.now)
  world.remember(decision)
  decision.writes.forEach((write, index) => {
    if ((given.lost & (1 << (index % 5))) !== 0) return
    world.write(write)
    check(world, byWeight)
  })
  if (decision.write && (given.lost & 32) === 0) world.writeStatus(decision)
  answer(world, decision, given.answers)
  world.now += given.later + step
}

function spec(byWeight: boolean, more: object = {}) {
  const judge = { success: 'sum(x)', total: 'sum(y)', direction: 'higher' } as const
  return { candidates: declared(byWeight), judge, maxDuration: '20m', ...more }
}

function begun(byWeight: boolean): World {
  const provider = { prometheus: { address: 'http://prometheus.monitoring.svc:9090' } }
  const analysis = { provider, metrics: [] }
  return new World(release({ strategy: { experiment: spec(byWeight) }, analysis }), route)
}

for (const byWeight of [true, false]) {
  test(`whatever happens to an experiment by ${byWeight ? 'weight' : 'match'}, its laws hold and it ends`, () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const world = begun(byWeight)
        events.forEach((one, step) => happen(world, one, step, byWeight))
        // Everything heals, and time passes: it comes to rest with one revision and no rule.
        if (world.release.status?.paused !== undefined) command(world, 'resume')
        until(world, ({ release: { status } }) => {
          if (status?.paused !== undefined) command(world, 'resume')
          return (
            status?.trials === undefined && ['Completed', 'Failed'].includes(status?.phase ?? '')
          )
        })
        settle(world)
        expect(traffic(world).ruled).toEqual([])
        const stable = world.release.status?.stable?.revision
        for (const set of world.replicaSets.values()) {
          const own = set.metadata.labels?.[labels.revision] === stable
          expect(set.spec.replicas).toBe(own ? 4 : 0)
        }
        pass(world)
      }),
      { numRuns: runs },
    )
  }, 120_000)
}
