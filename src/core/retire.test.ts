/** Deletion: traffic goes home first, what was borrowed is given back, and it finishes always. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { httpRoute, release, template } from '#test/gen/release.ts'
import {
  command,
  installed,
  type Pace,
  pass,
  phaseIs,
  reasonIs,
  settle,
  until,
} from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { Release } from './api/release.ts'
import { decide } from './decide.ts'
import { finalizer, labels } from './render/names.ts'
import { letGo } from './retire.ts'

const steps = [{ weight: 25 }, { pause: {} }]
const spec = { strategy: { canary: { steps } }, progressDeadline: '1m' }

function onTrial(): World {
  const world = installed(spec)
  world.ask({ template: template('shop:v2') })
  until(world, reasonIs('WaitingForApproval'))
  return world
}

/** A release whose Services people wrote themselves. */
function borrowing(): World {
  const world = new World(release(spec), httpRoute())
  world.addService('shop-stable', { app: 'shop', tier: 'web' })
  world.addService('shop-canary', {})
  until(world, phaseIs('Completed'))
  settle(world)
  return world
}

const gone = (world: World): boolean => world.gone
const selectorOf = (world: World, name: string) => world.services.get(name)?.spec.selector

describe('the finalizer', () => {
  test('comes on in the first pass', () => {
    const world = new World(release(), httpRoute())
    pass(world)
    expect(world.release.metadata.finalizers).toEqual([finalizer])
  })

  test('is on before anything of other people is written', () => {
    const world = new World(release(), httpRoute(3, 1))
    world.addService('shop-stable', { app: 'shop' })
    world.addService('shop-canary', { app: 'shop' })
    for (let passes = 0; passes < 30; passes += 1) pass(world, { refuses: 'Release' })
    expect(world.release.metadata.finalizers ?? []).toEqual([])
    expect(selectorOf(world, 'shop-stable')).toEqual({ app: 'shop' })
    expect(world.weights()).toEqual({ 'shop-stable': 3, 'shop-canary': 1 })
    until(world, phaseIs('Completed'))
    expect(selectorOf(world, 'shop-stable')).toHaveProperty([labels.revision])
  })

  test('stands beside those of others, and goes alone', () => {
    const plain = release()
    const metadata = { ...plain.metadata, finalizers: ['others.example.com/one'] }
    const world = new World({ ...plain, metadata }, httpRoute())
    until(world, phaseIs('Completed'))
    expect(world.release.metadata.finalizers).toEqual(['others.example.com/one', finalizer])
    world.remove()
    for (let passes = 0; passes < 5; passes += 1) pass(world)
    expect(world.release.metadata.finalizers).toEqual(['others.example.com/one'])
  })
})

describe('a deletion', () => {
  const rows: readonly (readonly [string, () => World])[] = [
    ['at rest', () => installed(spec)],
    ['in the middle of a trial', onTrial],
    [
      'of a paused release',
      () => {
        const world = onTrial()
        command(world, 'pause')
        until(world, reasonIs('Paused'))
        return world
      },
    ],
    [
      'in the middle of a promotion',
      () => {
        const world = onTrial()
        command(world, 'promote')
        until(world, (now) => now.weights()['shop-canary'] === 100)
        return world
      },
    ],
    [
      'on the way back',
      () => {
        const world = onTrial()
        command(world, 'abort')
        pass(world)
        return world
      },
    ],
    [
      'before the first revision served',
      () => {
        const world = new World(release(spec), httpRoute())
        pass(world)
        return world
      },
    ],
  ]
  for (const [name, begin] of rows) {
    test(`${name} brings all traffic to stable, settled, and then ends`, () => {
      const world = begin()
      world.remove()
      until(world, (now) => {
        if (!now.gone) return false
        expect(now.weights()).toEqual({ 'shop-stable': 100, 'shop-canary': 0 })
        return true
      })
    })
  }

  test('of a trial waits until the gateway follows', () => {
    const world = onTrial()
    world.remove()
    until(world, reasonIs('Retreating'), { deadGateway: true })
    expect(world.gone).toBe(false)
    expect(world.release.status).toMatchObject({
      phase: 'Retiring',
      reason: { type: 'Retreating' },
    })
    world.moveGateway()
    const accepted = world.now
    until(world, gone)
    expect(world.now - accepted).toBeGreaterThanOrEqual(200)
    expect(world.now - accepted).toBeLessThan(1000)
  })

  const hopeless: readonly (readonly [string, (world: World) => Pace])[] = [
    ['whose gateway is dead', () => ({ deadGateway: true })],
    [
      'whose route is gone',
      (world) => {
        world.route = undefined
        return {}
      },
    ],
    [
      'whose route serves others now',
      (world) => {
        if (world.route !== undefined) world.route = { ...world.route, spec: { rules: [] } }
        return {}
      },
    ],
    [
      'whose stable pods are gone',
      (world) => {
        const revision = world.release.status?.stable?.revision ?? ''
        for (const name of world.replicaSets.keys())
          if (name.endsWith(revision)) world.replicaSets.delete(name)
        return {}
      },
    ],
    ['whose writes are all refused', () => ({ refuses: 'HTTPRoute' })],
  ]
  for (const [name, spoil] of hopeless) {
    test(`of a trial ${name} ends at the progress deadline`, () => {
      const world = onTrial()
      const pace = spoil(world)
      world.remove()
      const since = world.now
      until(world, gone, pace)
      expect(world.now - since).toBeGreaterThanOrEqual(60_000)
      expect(world.now - since).toBeLessThan(62_000)
    })
  }

  test('that lets its pods stay takes no owner back that was taken off just then', () => {
    const world = onTrial()
    world.remove()
    for (const [name, { metadata, ...rest }] of world.replicaSets)
      world.replicaSets.set(name, { ...rest, metadata: { ...metadata, ownerReferences: [] } })
    until(world, gone)
    const owners = [...world.replicaSets.values()].map(({ metadata }) => metadata.ownerReferences)
    expect(owners).toEqual([[], []])
  })

  test('while another release governs the same object ends at once, and touches nothing', () => {
    const world = onTrial()
    world.rivals = [{ claim: 'HTTPRoute shop', by: 'Release other' }]
    const weights = world.weights()
    world.remove()
    until(world, gone)
    expect(world.weights()).toEqual(weights)
  })

  test('while a Service belongs to another controller ends at once', () => {
    const world = onTrial()
    world.foreign.set('shop-canary', 'Deployment other')
    world.remove()
    until(world, gone)
  })

  test('while a server is asked about the template turns the trial back', () => {
    const world = onTrial()
    const { written: _written, ...app } = world.observe().app
    const respelt = { ...app, written: 'in other words', deletedAt: world.now }
    const decision = decide({ ...world.observe(), app: respelt }, world.now)
    expect(decision.notebook.trials[0]?.stage.kind).toBe('retreating')
  })

  test('of a release that makes no sense any more ends at once', () => {
    const world = onTrial()
    world.remove()
    expect(letGo(world.release)).toMatchObject([
      { kind: 'patch', ref: { kind: 'Release', name: 'shop' } },
    ])
    for (const write of letGo(world.release)) world.write(write)
    expect(world.gone).toBe(true)
    expect(letGo(world.release)).toEqual([])
    expect(letGo(installed().release)).toEqual([])
  })
})

test('the place of a commanded candidate goes from the route with the release', () => {
  const { spec: own, ...rest } = httpRoute()
  const alone = [{ backendRefs: [{ name: 'shop-stable', port: 80 }] }]
  const written = { ...rest, spec: { ...own, rules: alone } }
  const world = new World(release({ strategy: { commanded: { candidates: [] } } }), written)
  until(world, phaseIs('Completed'))
  const candidate = { name: 'b', template: template('shop:b'), version: 1, weight: 25 }
  world.ask({ strategy: { commanded: { candidates: [candidate] } } })
  until(world, reasonIs('WaitingForCommand'))
  expect(world.weights()).toEqual({ 'shop-stable': 75, 'shop-b': 25 })
  world.remove()
  until(world, gone)
  expect(world.weights()).toEqual({ 'shop-stable': 100 })
})

describe('Services that people wrote', () => {
  test('keep selectors that tell roles apart: by role nothing was added to them', () => {
    const apart = { app: 'shop', [labels.role]: 'stable' }
    const byRole = { naming: 'role', kind: 'Deployment' } as const
    const world = new World(release({ ...spec, workloads: byRole }), httpRoute())
    world.addService('shop-stable', apart)
    until(world, phaseIs('Completed'))
    world.remove()
    until(world, gone)
    expect(selectorOf(world, 'shop-stable')).toEqual(apart)
  })

  test('have their own selectors again, ours added nothing else', () => {
    const world = borrowing()
    expect(selectorOf(world, 'shop-stable')).toMatchObject({
      app: 'shop',
      tier: 'web',
      [labels.revision]: expect.any(String),
    })
    world.remove()
    until(world, gone)
    expect(selectorOf(world, 'shop-stable')).toEqual({ app: 'shop', tier: 'web' })
    expect(selectorOf(world, 'shop-canary')).toEqual({})
  })

  test('are given back before the finalizer goes', () => {
    const world = borrowing()
    world.remove()
    pass(world, { refuses: 'Service' })
    pass(world, { refuses: 'Service' })
    expect(world.gone).toBe(false)
  })

  test('that cannot be given back hold the deletion no longer than the deadline', () => {
    const world = borrowing()
    world.remove()
    const since = world.now
    until(world, gone, { refuses: 'Service' })
    expect(world.now - since).toBeLessThan(62_000)
  })

  test('those that are ours stay as they are: they go with their owner', () => {
    const world = installed(spec)
    const before = selectorOf(world, 'shop-stable')
    world.remove()
    until(world, gone)
    expect(selectorOf(world, 'shop-stable')).toEqual(before)
  })
})

test('a deletion at any instant, with any write lost, comes to its end', () => {
  const fault = fc.record({
    lost: fc.nat(63),
    crash: fc.boolean(),
    follow: fc.boolean(),
    later: fc.constantFrom(1, 100, 5000),
  })
  const change = fc.constantFrom<Partial<Release['spec']>>(
    { template: template('shop:v3') },
    { template: template('shop:v1') },
    { replicas: 2 },
    { replicas: 0 },
  )
  fc.assert(
    fc.property(
      fc.nat(20),
      fc.array(fault, { maxLength: 20 }),
      change,
      fc.boolean(),
      (before, faults, spoilt, deadGateway) => {
        const world = installed({ ...spec, analysis: analysis() })
        world.ask({ template: template('shop:v2') })
        for (let passes = 0; passes < before; passes += 1) pass(world)
        world.ask(spoilt)
        world.remove()
        const since = world.now
        for (const { lost, crash, follow, later } of faults) {
          const decision = decide(world.observe(), world.now)
          world.remember(decision)
          for (const [index, write] of decision.writes.entries())
            if (((lost >> index) & 1) === 0) world.write(write)
          if (decision.write && lost < 32) world.writeStatus(decision)
          if (crash) world.crash()
          if (follow) world.moveEndpoints()
          world.now += later
        }
        const rest = world.now - since
        until(world, gone, { deadGateway })
        expect(world.now - since - rest).toBeLessThan(62_000)
      },
    ),
    { numRuns: 300 },
  )
})
