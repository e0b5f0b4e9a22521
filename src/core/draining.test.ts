/** Two times: steps go on when gateways usually follow, what traffic has left goes when they do so at their slowest. */
import { expect, test } from 'vitest'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { command, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'
import { istioFollows } from './traffic/follows.ts'

const settleMs = 3000
const steps = [{ weight: 25 }, { weight: 50 }, { pause: {} }]

function trial(traffic: Partial<ReleaseSpec['traffic']>): World {
  const spec = { traffic: { route: 'shop', ...traffic }, strategy: { canary: { steps } } }
  const world = new World(release(spec), httpRoute())
  until(world, phaseIs('Completed'))
  settle(world)
  world.ask({ template: template('shop:v2') })
  return world
}

/** Milliseconds from the first instant to the second. */
function between(world: World, from: Holds, to: Holds): number {
  until(world, from)
  const since = world.now
  until(world, to)
  return world.now - since
}

type Holds = (world: World) => boolean

const weightIs =
  (weight: number): Holds =>
  (world) =>
    world.weights()['shop-canary'] === weight
const pods = ({ replicaSets }: World): number =>
  [...replicaSets.values()].reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0)
const isSmall: Holds = (world) => pods(world) === world.release.spec.replicas

const rows = [
  ['what is said', { settle: '3s', drain: '12s' }, 12_000],
  ['never less than the settle time', { settle: '3s', drain: '1s' }, settleMs],
  ['as long as settling, where that alone is said', { settle: '3s' }, settleMs],
] as const

for (const [name, traffic, drainMs] of rows) {
  test(`pods that traffic has left stay: ${name}`, () => {
    const world = trial(traffic)
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'abort')
    const took = between(world, weightIs(0), isSmall)
    expect(took).toBeGreaterThanOrEqual(drainMs - 5)
    expect(took).toBeLessThan(drainMs + 100)
  })

  test(`weights rise after the settle time alone: ${name}`, () => {
    const world = trial(traffic)
    const took = between(world, weightIs(25), weightIs(50))
    expect(took).toBeGreaterThanOrEqual(settleMs - 5)
    expect(took).toBeLessThan(settleMs + 100)
  })
}

test('a promotion takes old pods away once they are drained, and ends', () => {
  const world = trial({ settle: '3s', drain: '12s' })
  until(world, reasonIs('WaitingForApproval'))
  command(world, 'promote')
  expect(between(world, phaseIs('Completed'), isSmall)).toBeGreaterThan(settleMs)
  settle(world)
  expect(pods(world)).toBe(world.release.spec.replicas)
})

test('Istio drains for as long as its pilot may gather changes', () => {
  expect(istioFollows.drainMs).toBeGreaterThan(10_000)
})
