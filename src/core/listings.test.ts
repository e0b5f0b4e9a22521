/** Gateways hear of endpoints later than slices say: what waits for that, and what does not. */
import { describe, expect, test } from 'vitest'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { SeatWorld } from '#test/gen/seat-world.ts'
import { command, pass, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'

const settleMs = 3000
const traffic: ReleaseSpec['traffic'] = { route: 'shop', settle: '3s' }
const canary = { canary: { steps: [{ weight: 25 }, { weight: 50 }, { pause: {} }] } }
const roles = { naming: 'role', kind: 'Deployment' } as const

function serving<W extends World>(world: W): W {
  until(world, phaseIs('Completed'))
  settle(world)
  world.ask({ template: template('shop:v2') })
  return world
}

const byRevision = (spec: Partial<ReleaseSpec> = {}): World =>
  serving(new World(release({ traffic, strategy: canary, ...spec }), httpRoute()))

const byRole = (spec: Partial<ReleaseSpec> = {}): SeatWorld =>
  serving(
    new SeatWorld(release({ traffic, strategy: canary, workloads: roles, ...spec }), httpRoute()),
  )

const listed = (world: World, service: string): readonly string[] =>
  [...(world.endpoints.get(service) ?? [])].flatMap(([set, count]) => (count > 0 ? [set] : []))

/** When something first holds. */
function instantOf(world: World, holds: (world: World) => boolean): number {
  until(world, holds)
  return world.now
}

const canaryHas = (weight: number) => (world: World) => world.weights()['shop-canary'] === weight

describe('a candidate', () => {
  test('has its first weight once the gateway knows its pods, and its further ones at once', () => {
    const world = byRevision()
    const there = instantOf(world, (now) => listed(now, 'shop-canary').length > 0)
    const first = instantOf(world, canaryHas(25))
    const second = instantOf(world, canaryHas(50))
    expect(first - there).toBeGreaterThanOrEqual(settleMs - 5)
    // The step's own settling, and nothing for the second pod.
    expect(second - first).toBeLessThan(settleMs + 100)
  })

  test('says what it waits for, and until when', () => {
    const world = byRevision()
    until(world, reasonIs('Settling'))
    const { reason } = world.release.status ?? {}
    expect(reason?.object).toBe('Service shop-canary')
    expect(reason?.message).toContain('the gateway is given time to hear of them')
  })

  test('waits anew after a crash: it is not known any more since when its pods are listed', () => {
    const world = byRevision()
    until(world, (now) => listed(now, 'shop-canary').length > 0)
    world.now += settleMs - 100
    world.crash()
    const since = world.now
    expect(instantOf(world, canaryHas(25)) - since).toBeGreaterThanOrEqual(settleMs - 5)
  })
})

describe('pods that a Service leaves', () => {
  test('stay until the gateway knows, also where no weight has changed', () => {
    const blueGreen = { scaleDownDelay: '0s' }
    const world = byRevision({ strategy: { blueGreen } })
    const [old = ''] = listed(world, 'shop-stable')
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'promote')
    const turned = instantOf(world, (now) => !listed(now, 'shop-stable').includes(old))
    const gone = instantOf(world, ({ replicaSets }) => replicaSets.get(old)?.spec.replicas === 0)
    expect(gone - turned).toBeGreaterThanOrEqual(settleMs - 5)
  })
})

describe('a Deployment by replace', () => {
  const oldLeave = (world: SeatWorld): boolean => world.listings['shop-stable']?.length === 1

  test('exchanges no pod under traffic, and has its weight again once the gateway knows the new ones', () => {
    const world = byRole()
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'promote')
    until(world, (now) => {
      const mixed = !oldLeave(now as SeatWorld)
      if (mixed) expect(now.weights()['shop-stable']).toBe(0)
      return mixed
    })
    const exchanged = instantOf(world, (now) => oldLeave(now as SeatWorld))
    const back = instantOf(world, canaryHas(0))
    expect(back - exchanged).toBeGreaterThanOrEqual(settleMs - 5)
    until(world, phaseIs('Completed'))
  })

  test('leaves traffic where it is when the plan keeps the candidate small', () => {
    const strategy = { canary: { steps: [{ weight: 50, replicas: 1 }, { pause: {} }] } }
    const world = byRole({ strategy })
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'promote')
    const most = { pods: 0, weight: 0 }
    until(world, (now) => {
      most.pods = Math.max(most.pods, now.replicaSets.get('shop-canary')?.spec.replicas ?? 0)
      most.weight = Math.max(most.weight, now.weights()['shop-canary'] ?? 0)
      return phaseIs('Completed')(now) && canaryHas(0)(now)
    })
    expect(most).toEqual({ pods: 1, weight: 50 })
  })
})

test('at rest nothing is looked at again', () => {
  const world = byRevision()
  until(world, reasonIs('WaitingForApproval'))
  command(world, 'promote')
  until(world, phaseIs('Completed'))
  settle(world)
  expect(pass(world).wakeAt).toBeUndefined()
})
