/** The whole core against a toy cluster: stories told pass by pass, and laws under random crashes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { World } from '#test/gen/world.ts'
import type { Release } from './api/release.ts'
import type { ReleaseStep } from './api/strategy/canary.ts'
import { decide } from './decide.ts'
import type { Decision, Write } from './decision.ts'
import { podsFor } from './model/weights.ts'

/** One pass with everything applied and followed at once; time goes to the next alarm when nothing else happens. */
function pass(world: World, broken = ''): Decision {
  const decision = decide(world.observe(), world.now)
  world.remember(decision)
  for (const write of decision.writes) world.write(write)
  if (decision.write) world.writeStatus(decision)
  for (const name of world.replicaSets.keys())
    world.movePods(name, 100, broken !== '' && name.includes(broken))
  world.moveEndpoints()
  world.moveGateway()
  const quiet = decision.writes.length === 0 && !decision.write
  world.now = Math.max(world.now + 1, quiet ? (decision.wakeAt ?? world.now) : world.now)
  return decision
}

function until(world: World, done: (world: World) => boolean, broken = '', limit = 200): void {
  for (let passes = 0; passes < limit; passes += 1) {
    if (done(world)) return
    pass(world, broken)
  }
  throw new Error(
    `did not come about; the release waits: ${JSON.stringify(world.release.status?.reason)}`,
  )
}

const phaseIs = (phase: string) => (world: World) => world.release.status?.phase === phase

function installed(spec: Parameters<typeof release>[0] = {}): World {
  const world = new World(release(spec), httpRoute())
  until(world, phaseIs('Completed'))
  return world
}

function ask(world: World, changes: Partial<Release['spec']>): void {
  const { metadata, spec } = world.release
  const generation = (metadata.generation ?? 1) + 1
  world.release = {
    ...world.release,
    metadata: { ...metadata, generation },
    spec: { ...spec, ...changes },
  }
}

describe('a canary', () => {
  test('goes straight to serving on its first install', () => {
    const world = installed()
    expect(world.weights()).toEqual({ 'shop-stable': 100, 'shop-canary': 0 })
    expect(world.reachable('shop-stable')).toBe(4)
    expect(world.release.status?.conditions?.map(({ type, status }) => [type, status])).toEqual([
      ['Ready', 'True'],
    ])
  })

  test('moves step by step and hands the stable role over without starting a pod twice', () => {
    const world = installed()
    ask(world, { template: template('shop:v2') })
    const seen: string[] = []
    until(world, (now) => {
      const { 'shop-canary': canary } = now.weights()
      if (seen.at(-1) !== String(canary)) seen.push(String(canary))
      return (
        phaseIs('Completed')(now) &&
        now.release.status?.observedGeneration === 2 &&
        now.release.status.trials === undefined &&
        seen.length > 3
      )
    })
    expect(seen).toEqual(['0', '25', '50', '100', '0'])
    pass(world)
    expect(world.reachable('shop-stable')).toBe(4)
    expect([...world.replicaSets.values()].map(({ spec }) => spec.replicas).sort()).toEqual([0, 4])
    expect(world.release.status?.decisions?.map(({ action }) => action)).toEqual([
      'Complete',
      'Start',
      'StepAdvance',
      'StepAdvance',
      'StepAdvance',
      'Complete',
    ])
  })

  test('comes to rest: after the end, a pass writes nothing and sets no alarm', () => {
    const world = installed()
    for (let more = 0; more < 5; more += 1) pass(world)
    const decision = pass(world)
    expect([decision.writes, decision.write, decision.wakeAt, decision.reason.type]).toEqual([
      [],
      false,
      undefined,
      'Serving',
    ])
  })

  test('turns back when its pods never come up, and stays Failed', () => {
    const world = installed({ progressDeadline: '1m' })
    const [first = ''] = world.replicaSets.keys()
    ask(world, { template: template('shop:v2') })
    until(world, (now) => now.replicaSets.size === 2, 'shop')
    const candidate = [...world.replicaSets.keys()].find((name) => name !== first) ?? ''
    until(world, phaseIs('Failed'), candidate)
    expect(world.release.status?.reason?.type).toBe('ProgressDeadlineExceeded')
    expect(world.weights()).toEqual({ 'shop-stable': 100, 'shop-canary': 0 })
    for (let more = 0; more < 10; more += 1) pass(world)
    expect(world.release.status?.phase).toBe('Failed')
    expect(world.replicaSets.get(candidate)?.spec.replicas).toBe(0)
  })
})

type Fault = {
  readonly lost: number
  readonly crash: boolean
  readonly pods: number
  readonly endpoints: boolean
  readonly gateway: boolean
  readonly later: number
}

const fault: fc.Arbitrary<Fault> = fc.record({
  /** Bits of the writes that are lost; the last bit is the status. */
  lost: fc.nat(63),
  crash: fc.boolean(),
  pods: fc.nat(3),
  endpoints: fc.boolean(),
  gateway: fc.boolean(),
  later: fc.constantFrom(0, 1, 100, 1000, 15_000),
})

const someSteps: fc.Arbitrary<ReleaseStep[]> = fc.array(
  fc.oneof(
    fc.record({ weight: fc.integer({ min: 0, max: 100 }) }),
    fc.record({
      weight: fc.integer({ min: 1, max: 100 }),
      replicas: fc.integer({ min: 1, max: 6 }),
    }),
    fc.constant<ReleaseStep>({ pause: '5s' }),
    fc.record({ replicas: fc.integer({ min: 1, max: 5 }) }),
  ),
  { minLength: 1, maxLength: 5 },
)

/** The laws that hold after every single write, by the store's truth. */
function checkSafe(world: World, write: Write | undefined, hasServed: boolean): void {
  const weights = Object.values(world.weights())
  expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(100)
  if (write === undefined || !hasServed) return
  if (write.kind === 'patch' && write.ref.kind === 'HTTPRoute') {
    const replicas = world.release.spec.replicas ?? 1
    const limit = Math.max(
      ...(world.release.spec.strategy.canary?.steps ?? [])
        .map((step) => step.replicas ?? Infinity)
        .filter(Number.isFinite),
      0,
    )
    const canary = world.weights()['shop-canary'] ?? 0
    const needed = podsFor(replicas, canary)
    const reachable = world.reachable('shop-canary')
    // A plan may ask for fewer pods than the rule: then those are what the weight needs.
    expect(reachable, `candidate weight ${canary} with ${reachable} pods`).toBeGreaterThanOrEqual(
      limit > 0 ? Math.min(needed, 1) : needed,
    )
  }
  // Whoever has traffic keeps pods: stable always carries what its weight needs.
  const stable = world.weights()['shop-stable'] ?? 0
  if (stable > 0) expect(world.reachable('shop-stable')).toBeGreaterThan(0)
}

function faultyPass(
  world: World,
  { lost, crash, pods, endpoints, gateway, later }: Fault,
  hasServed: boolean,
): void {
  const decision = decide(world.observe(), world.now)
  world.remember(decision)
  decision.writes.forEach((write, index) => {
    if ((lost >> index) & 1) return
    world.write(write)
    checkSafe(world, write, hasServed)
  })
  if (decision.write && ((lost >> 5) & 1) === 0) world.writeStatus(decision)
  if (crash) world.crash()
  for (const name of world.replicaSets.keys()) world.movePods(name, pods, false)
  if (endpoints) world.moveEndpoints()
  if (gateway) world.moveGateway()
  world.now += later
}

test('any subset of any decision is safe, and what is left undone is done later', () => {
  fc.assert(
    fc.property(
      someSteps,
      fc.array(fault, { minLength: 5, maxLength: 30 }),
      fc.array(fault, { maxLength: 15 }),
      fc.constantFrom('stay', 'back', 'other'),
      fc.integer({ min: 1, max: 6 }),
      (steps, first, second, turn, replicas) => {
        const world = installed({ replicas, strategy: { canary: { steps } } })
        ask(world, { template: template('shop:v2') })
        for (const one of first) faultyPass(world, one, true)
        if (turn === 'back') ask(world, { template: template('shop:v1') })
        if (turn === 'other') ask(world, { template: template('shop:v3') })
        for (const one of second) faultyPass(world, one, true)
        const wanted = { stay: 'shop:v2', back: 'shop:v1', other: 'shop:v3' }[turn]
        until(
          world,
          (now) =>
            phaseIs('Completed')(now) &&
            now.release.status?.observedGeneration === now.release.metadata.generation &&
            imageServed(now) === wanted,
        )
        for (let more = 0; more < 4; more += 1) pass(world)
        expect(world.weights()).toEqual({ 'shop-stable': 100, 'shop-canary': 0 })
        expect(world.reachable('shop-stable')).toBe(replicas)
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 10_000) },
  )
})

function imageServed(world: World): string | undefined {
  const selector = world.services.get('shop-stable')?.spec.selector ?? {}
  const revision = selector['headgate.dev/revision']
  const serving = [...world.replicaSets.values()].find(
    ({ metadata }) => metadata.labels?.['headgate.dev/revision'] === revision,
  )
  return serving?.spec.template.spec.containers[0]?.image
}

test('equal snapshots and instants give equal decisions, to the byte', () => {
  const world = installed()
  ask(world, { template: template('shop:v2') })
  for (let passes = 0; passes < 12; passes += 1) {
    const observed = world.observe()
    expect(JSON.stringify(decide(observed, world.now))).toBe(
      JSON.stringify(decide(structuredClone(observed), world.now)),
    )
    pass(world)
  }
})
