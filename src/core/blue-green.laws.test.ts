/**
 * Laws of a blue-green release under anything that people, pods and gateways do at any instant, with writes lost and
 * memory gone. Each is looked at after every single write, on the store's truth.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { command, pass, phaseIs, settle, until } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'
import { decide } from './decide.ts'
import type { Write } from './decision.ts'
import type { Verb } from './model/app.ts'
import type { Notebook } from './model/notebook.ts'
import { labels } from './render/names.ts'

const runs = Number(process.env['RUNS'] ?? 3000) / 10
const total = 3

type Happening =
  | { readonly kind: 'wait'; readonly later: number }
  | { readonly kind: 'pods'; readonly pods: number }
  | { readonly kind: 'endpoints' | 'gateway' | 'crash' }
  | { readonly kind: 'command'; readonly verb: Verb }
  | { readonly kind: 'template'; readonly image: string }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      later: fc.constantFrom(1, 100, 1000, 5000, 30_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('pods' as const),
      pods: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom('endpoints' as const, 'gateway' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('command' as const),
      verb: fc.constantFrom<Verb>('pause', 'resume', 'promote', 'promote-full', 'abort', 'retry'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('template' as const),
      image: fc.constantFrom('shop:v1', 'shop:v2', 'shop:v3'),
    }),
  },
)
const story = fc.record({
  router: fc.constantFrom('gateway-api', 'service'),
  delay: fc.constantFrom('0s', '10s', '1m'),
  auto: fc.option(fc.constantFrom('0s', '2s'), { nil: undefined }),
  events: fc.array(
    fc.record({
      happening,
      lost: fc.oneof(
        { weight: 3, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.nat(63) },
      ),
    }),
    { minLength: 10, maxLength: 60 },
  ),
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
      command(world, one.verb)
      break
    case 'template':
      world.ask({ template: template(one.image) })
      break
  }
  world.now += 1
}

const active = (world: World): string | undefined =>
  world.services.get('shop-stable')?.spec.selector?.[labels.revision]

function wanted(world: World, revision: string | undefined): number {
  const found = [...world.replicaSets.values()].find(
    ({ metadata }) => metadata.labels?.[labels.revision] === revision,
  )
  return found?.spec.replicas ?? 0
}

function ready(world: World, revision: string | undefined): number {
  const found = [...world.replicaSets.values()].find(
    ({ metadata }) => metadata.labels?.[labels.revision] === revision,
  )
  return found === undefined ? 0 : (world.ready.get(found.metadata.name) ?? 0)
}

/**
 * How often the active Service was turned to a revision on trial, by the trial, since somebody last said something. Who takes
 * a word back by another one gets both turns, also where the record of the first was lost.
 */
type Flips = Map<string, number>

function check(
  world: World,
  stored: Notebook | undefined,
  before: { active: string | undefined; old: number },
  flips: Flips,
  write: Write,
): void {
  const what = JSON.stringify(write)
  const now = active(world)
  const [trial] = stored?.trials ?? []
  const known = [stored?.stable, trial?.revision]
  if (stored?.stable !== undefined)
    expect(known, `active is one of two, after ${what}`).toContain(now)
  // Nobody is sent to the preview before its promotion is on record, neither by the Service nor by the route.
  if (trial?.stage.kind === 'steps' && now !== before.active)
    expect(now, `nobody sees the preview, after ${what}`).not.toBe(trial.revision)
  expect(world.weights()['shop-canary'] ?? 0, `the preview has no weight, after ${what}`).toBe(0)
  if (now !== before.active && now !== undefined) {
    expect(ready(world, now), `all pods are there, after ${what}`).toBeGreaterThanOrEqual(total)
    if (trial !== undefined && trial.revision === now) {
      const key = `${trial.revision} ${trial.startedAt}`
      flips.set(key, (flips.get(key) ?? 0) + 1)
      expect(flips.get(key), `${key} flips once`).toBe(1)
    }
  }
  // The old colour stays as long as it is the way back.
  const { previous } = stored ?? {}
  if (previous !== undefined && world.now < previous.until && trial === undefined)
    expect(
      wanted(world, previous.revision),
      `the way back stays, after ${what}`,
    ).toBeGreaterThanOrEqual(before.old)
}

function oneEvent(
  world: World,
  flips: Flips,
  { happening: first, lost }: Story['events'][number],
): void {
  happen(world, first)
  if (first.kind === 'command' || first.kind === 'template') flips.clear()
  const observed = world.observe()
  const decision = decide(observed, world.now)
  world.remember(decision)
  decision.writes.forEach((write, index) => {
    if ((lost >> index) & 1) return
    const { notebook } = observed
    const before = { active: active(world), old: wanted(world, notebook?.previous?.revision) }
    world.write(write)
    check(world, notebook, before, flips, write)
  })
  if (decision.write && ((lost >> 5) & 1) === 0) world.writeStatus(decision)
}

function heal(world: World): void {
  let quiet = 0
  for (let passes = 0; passes < 300; passes += 1) {
    const decision = pass(world)
    const { type } = decision.reason
    if (type === 'Paused') command(world, 'resume')
    if (type === 'WaitingForApproval') command(world, 'promote')
    const { status, metadata } = world.release
    const still = decision.writes.length === 0 && !decision.write && decision.wakeAt === undefined
    const rests = (status?.trials ?? []).length === 0
    const done = still && rests && status?.observedGeneration === metadata.generation
    // What followed the last pass has to be looked at once more.
    quiet = done ? quiet + 1 : 0
    if (quiet > 1) return
  }
  throw new Error(`does not come to rest: ${JSON.stringify(world.release.status?.reason)}`)
}

function begun({ router, delay, auto }: Omit<Story, 'events'>): World {
  const blueGreen = {
    scaleDownDelay: delay,
    ...(auto === undefined ? {} : { autoPromoteAfter: auto }),
  }
  const traffic: ReleaseSpec['traffic'] =
    router === 'service' ? { router } : { router, route: 'shop' }
  const given = release({ replicas: total, traffic, strategy: { blueGreen } })
  const world = new World(given, router === 'service' ? undefined : httpRoute())
  until(world, phaseIs('Completed'))
  settle(world)
  world.ask({ template: template('shop:v2') })
  return world
}

test('the preview stays unseen until it is promoted at once; the way back stays as long as it is promised', () => {
  fc.assert(
    fc.property(story, ({ events, ...given }) => {
      const world = begun(given)
      const flips: Flips = new Map()
      for (const one of events) oneEvent(world, flips, one)
      heal(world)
      const { stable } = world.release.status ?? {}
      expect([active(world), world.reachable('shop-stable')]).toEqual([stable?.revision, total])
      const total2 = [...world.replicaSets.values()].reduce(
        (sum, { spec }) => sum + (spec.replicas ?? 0),
        0,
      )
      expect(total2).toBe(total)
    }),
    { numRuns: runs },
  )
})
