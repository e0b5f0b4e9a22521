/** Conditions in the manner of kstatus: what tools that know nothing of releases read. */
import { describe, expect, test } from 'vitest'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { command, installed, pass, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { Condition } from './k8s/meta.ts'
import { refuse } from './refuse.ts'

const steps = [{ weight: 25 }, { pause: {} }]
const spec = { strategy: { canary: { steps } }, progressDeadline: '1m' }

function onTrial(): World {
  const world = installed(spec)
  world.ask({ template: template('shop:v2') })
  until(world, reasonIs('WaitingForApproval'))
  return world
}

function failed(): World {
  const world = onTrial()
  command(world, 'abort')
  until(world, phaseIs('Failed'))
  return world
}

const shape = (conditions: readonly Condition[] = []): Record<string, string> =>
  Object.fromEntries(conditions.map(({ type, status }) => [type, status]))
const of = (world: World): Record<string, string> => shape(world.release.status?.conditions)

const ready = { Ready: 'True' }
const working = { Ready: 'False', Reconciling: 'True' }
const stalled = { Ready: 'False', Stalled: 'True' }

describe('conditions', () => {
  const rows: readonly (readonly [string, () => World, Record<string, string>])[] = [
    ['a release that serves is ready', () => installed(spec), ready],
    ['a release on trial is being worked on', onTrial, working],
    ['a release that was turned back is stalled', failed, stalled],
    [
      'a first install is being worked on',
      () => {
        const world = new World(release(), httpRoute())
        pass(world)
        return world
      },
      working,
    ],
    [
      'a rival stalls it',
      () => {
        const world = installed(spec)
        world.rivals = [{ claim: 'HTTPRoute shop', by: 'Release other' }]
        pass(world)
        return world
      },
      stalled,
    ],
    [
      'a Service that is taken stalls it',
      () => {
        const world = installed(spec)
        world.foreign.set('shop-stable', 'Deployment other')
        pass(world)
        return world
      },
      stalled,
    ],
    [
      'a refused write stalls it',
      () => {
        const world = onTrial()
        world.refusals = [{ object: 'Service shop-canary', message: 'no', since: 0 }]
        pass(world)
        return world
      },
      stalled,
    ],
    [
      'a route that serves others stalls it',
      () => {
        const world = installed(spec)
        if (world.route !== undefined) world.route = { ...world.route, spec: { rules: [] } }
        pass(world)
        return world
      },
      stalled,
    ],
    [
      'a missing route is waited for',
      () => {
        const world = installed(spec)
        world.route = undefined
        pass(world)
        return world
      },
      working,
    ],
    [
      'a release being deleted is being worked on',
      () => {
        const world = onTrial()
        world.remove()
        pass(world, { deadGateway: true })
        return world
      },
      working,
    ],
  ]
  for (const [name, begin, expected] of rows)
    test(name, () => expect(of(begin())).toEqual(expected))

  test('a release that makes no sense is stalled, for its own generation, and told why', () => {
    const world = installed(spec)
    const { notebook, write } = refuse(
      [{ path: 'spec.x', message: 'is wrong' }],
      world.notebook(),
      7,
      world.now,
    )
    expect([shape(notebook.conditions), write]).toEqual([stalled, true])
    expect(notebook.conditions[0]).toMatchObject({
      observedGeneration: 7,
      reason: 'SpecInvalid',
      message: 'spec.x: is wrong',
    })
    expect(
      refuse([{ path: 'spec.x', message: 'is wrong' }], notebook, 7, world.now + 5).write,
    ).toBe(false)
    expect(
      refuse([{ path: 'spec.y', message: 'is wrong' }], notebook, 7, world.now + 5).write,
    ).toBe(true)
  })

  test('one that never was anything and makes no sense is told so too', () => {
    const { notebook, write } = refuse([{ path: 'spec', message: 'is required' }], undefined, 1, 0)
    expect([shape(notebook.conditions), write, notebook.phase]).toEqual([
      stalled,
      true,
      'Initializing',
    ])
  })
})

describe('laws', () => {
  test('in a whole life, ready is said only of the generation that serves, and never beside the others', () => {
    const world = new World(release(spec), httpRoute())
    const look = (): void => {
      const { notebook } = pass(world)
      const { status, metadata } = world.release
      const said = shape(status?.conditions)
      expect(said['Reconciling'] === 'True' && said['Stalled'] === 'True').toBe(false)
      expect(Object.values(said).filter((one) => one === 'True')).toHaveLength(1)
      for (const one of notebook.conditions) {
        expect(one.observedGeneration).toBe(metadata.generation)
        expect(one.reason).toMatch(/^[A-Za-z]+$/)
        expect(one.lastTransitionTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      }
      if (shape(notebook.conditions)['Ready'] !== 'True') return
      const serving = world.services.get('shop-stable')?.spec.selector?.['headgate.dev/revision']
      const image = [...world.replicaSets.values()].find(
        (one) => one.metadata.labels?.['headgate.dev/revision'] === serving,
      )?.spec.template.spec.containers[0]?.image
      expect(image).toBe(world.release.spec.template.spec.containers[0]?.image)
      expect(world.weights()).toEqual({ 'shop-stable': 100, 'shop-canary': 0 })
    }
    for (const [image, verb] of [
      ['shop:v1', undefined],
      ['shop:v2', 'promote'],
      ['shop:v3', 'abort'],
      ['shop:v1', 'promote'],
    ] as const) {
      world.ask({ template: template(image) })
      for (let passes = 0; passes < 25; passes += 1) look()
      if (verb !== undefined) command(world, verb)
      for (let passes = 0; passes < 25; passes += 1) look()
    }
  })

  test('the time of a transition stays while the status stays', () => {
    const world = onTrial()
    const time = (): string | undefined => world.release.status?.conditions?.[0]?.lastTransitionTime
    const before = time()
    world.now += 3_600_000
    command(world, 'promote')
    until(world, reasonIs('Promoting'))
    expect(time()).toBe(before)
    until(world, phaseIs('Completed'))
    settle(world)
    expect(time()).not.toBe(before)
  })

  test('a spec nobody has looked at yet is visible: its generation is not the observed one', () => {
    const world = installed(spec)
    world.ask({ template: template('shop:v2') })
    expect(world.release.status?.conditions?.[0]?.observedGeneration).toBe(1)
    pass(world)
    expect(world.release.status?.conditions?.[0]).toMatchObject({
      observedGeneration: 2,
      status: 'False',
    })
  })
})
