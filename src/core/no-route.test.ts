/** Releases without a route, or whose route is not there: they go by their pods alone, and say so; some have no Service. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { SeatWorld } from '#test/gen/seat-world.ts'
import { command, pass, phaseIs, reasonIs, settle, until, value } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'
import type { App } from './model/app.ts'
import { labels } from './render/names.ts'
import { writtenHash } from './revision.ts'

const [v1, v2, v3] = ['shop:v1', 'shop:v2', 'shop:v3'].map((image) => writtenHash(template(image)))
const steps = [{ weight: 50 }, { pause: {} }]

const podsOf = (world: SeatWorld, revision: string | undefined): number =>
  [...world.pods.values()].filter((pod) => pod.ready && pod.labels[labels.revision] === revision)
    .length

const kinds: readonly (readonly [string, () => World])[] = [
  [
    'by revision, without a route',
    () =>
      new World(
        release({ strategy: { canary: { steps } }, traffic: { router: 'none' } }),
        undefined,
      ),
  ],
  [
    'by revision, whose route is missing',
    () =>
      new World(
        release({ strategy: { canary: { steps } }, traffic: { route: 'shop', optional: true } }),
        undefined,
      ),
  ],
  [
    'by role, without a route',
    () =>
      new SeatWorld(
        release({
          strategy: { canary: { steps } },
          traffic: { router: 'none' },
          workloads: { kind: 'Deployment', naming: 'role' },
        }),
        undefined,
      ),
  ],
  [
    'by role, handed over without a route',
    () =>
      new SeatWorld(
        release({
          strategy: { canary: { steps } },
          traffic: { router: 'none' },
          workloads: { naming: 'role', promotion: 'handover' },
        }),
        undefined,
      ),
  ],
]

describe.each(kinds)('a release %s', (_name, make) => {
  function begun(): World {
    const world = make()
    until(world, phaseIs('Completed'))
    settle(world)
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    return world
  }

  test('goes its steps, is promoted, and takes the next', () => {
    const world = begun()
    const { imagined, weights } = world.release.status ?? {}
    expect([imagined, weights]).toEqual([{ stable: 50, canary: 50 }, '50/50'])
    command(world, 'promote')
    let least = Infinity
    until(world, (now) => {
      // Nobody is sent elsewhere: behind stable there are always the pods for everybody.
      least = Math.min(least, now.reachable('shop-stable'))
      return phaseIs('Completed')(now)
    })
    settle(world)
    expect(least).toBeGreaterThanOrEqual(4)
    expect(world.release.status?.stable?.revision).toBe(v2)
    expect([world.reachable('shop-stable'), world.release.status?.imagined?.['stable']]).toEqual([
      4, 100,
    ])
    world.ask({ template: template('shop:v3') })
    until(world, reasonIs('WaitingForApproval'))
    expect(world.release.status?.trials?.[0]?.revision).toBe(v3)
  })

  test('goes back when it is aborted, also after a crash', () => {
    const world = begun()
    command(world, 'abort')
    pass(world)
    world.crash()
    settle(world)
    expect([world.release.status?.phase, world.release.status?.stable?.revision]).toEqual([
      'Failed',
      v1,
    ])
    expect([world.reachable('shop-stable'), world.release.status?.imagined?.['stable']]).toEqual([
      4, 100,
    ])
  })

  test('whose pods do not come waits for them, and is turned back in time', () => {
    const world = make()
    until(world, phaseIs('Completed'))
    settle(world)
    world.ask({ template: template('shop:v2') })
    if (world instanceof SeatWorld) world.broken = v2 as string
    until(world, phaseIs('Failed'), { broken: v2 as string })
    expect(world.release.status?.reason?.type).toBe('ProgressDeadlineExceeded')
  })
})

describe('a route that may be missing', () => {
  const spec: Partial<ReleaseSpec> = {
    strategy: { canary: { steps } },
    traffic: { route: 'shop', optional: true },
  }
  const condition = (world: World) =>
    world.release.status?.conditions?.find(({ type }) => type === 'RouteAbsent')

  test('is told by a condition, as long as it is', () => {
    const world = new World(release(spec), undefined)
    until(world, phaseIs('Completed'))
    expect(condition(world)).toMatchObject({
      status: 'True',
      message: 'there is no HTTPRoute shop; the release goes by its pods alone until there is',
    })
    const { metadata, ...route } = httpRoute()
    world.route = { ...route, metadata: { ...metadata, uid: 'route', resourceVersion: '1' } }
    settle(world)
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    expect(condition(world)).toBeUndefined()
    expect(world.weights()).toEqual({ 'shop-stable': 50, 'shop-canary': 50 })
  })

  test('comes midway: its weights begin at stable, as they stand there', () => {
    const world = new World(release(spec), undefined)
    until(world, phaseIs('Completed'))
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    const { metadata, ...route } = httpRoute()
    world.route = { ...route, metadata: { ...metadata, uid: 'route', resourceVersion: '1' } }
    until(world, (now) => now.weights()['shop-canary'] === 50)
    expect(world.release.status?.imagined).toBeUndefined()
  })

  test('that goes midway leaves the pods as they are; the steps go on by them', () => {
    const world = new World(release(spec), httpRoute())
    until(world, phaseIs('Completed'))
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    world.route = undefined
    settle(world)
    command(world, 'promote')
    until(world, phaseIs('Completed'))
    expect(world.release.status?.stable?.revision).toBe(v2)
  })

  test('without that leave, a missing route is waited for', () => {
    const world = new World(release({ ...spec, traffic: { route: 'shop' } }), undefined)
    for (let passes = 0; passes < 10; passes += 1) pass(world)
    expect(world.release.status?.reason?.type).toBe('RouteMissing')
  })
})

describe('a release without Services, one workload under its own name', () => {
  const simple = (app: App): App => ({
    ...app,
    services: {},
    traffic: { router: 'none', route: '', settleMs: undefined },
    workloads: {
      kind: 'ReplicaSet',
      layout: {
        by: 'role',
        roles: {
          stable: { name: 'shop', labels: { type: 'simple', revision: 'stable' } },
          canary: { name: 'shop-{revision}', labels: { type: 'simple', revision: 'canary' } },
        },
        promotion: 'handover',
        idle: 'keep',
      },
      labels: { hash: '{revision}' },
    },
  })

  function serving(more: Partial<ReleaseSpec> = {}, list: object[] = [{ replicas: 4 }]): SeatWorld {
    const spec = { ...more, strategy: { canary: { steps: list } } } as Partial<ReleaseSpec>
    const world = new SeatWorld(release(spec), undefined)
    world.door = simple
    until(world, phaseIs('Completed'))
    settle(world)
    return world
  }

  test('serves at once under that name', () => {
    const world = serving()
    expect([...world.replicaSets.keys()]).toEqual(['shop'])
    expect([world.services.size, podsOf(world, v1)]).toEqual([0, 4])
    expect(world.release.status?.stable).toMatchObject({ replicas: 4, ready: 4 })
  })

  test('brings another template up beside it, and hands its pods to the name; again and again', () => {
    const world = serving()
    for (const [image, revision] of [
      ['shop:v2', v2],
      ['shop:v3', v3],
      ['shop:v1', v1],
    ] as const) {
      world.ask({ template: template(image) })
      const seen = new Set<string>()
      let least = Infinity
      until(world, (now) => {
        for (const name of now.replicaSets.keys()) seen.add(name)
        least = Math.min(
          least,
          [...(now as SeatWorld).pods.values()].filter(({ ready }) => ready).length,
        )
        return phaseIs('Completed')(now) && now.release.status?.stable?.revision === revision
      })
      settle(world)
      expect(seen.has(`shop-${revision}`), `${revision} beside it`).toBe(true)
      expect(least).toBeGreaterThanOrEqual(4)
      expect([[...world.replicaSets.keys()], podsOf(world, revision), world.pods.size]).toEqual([
        ['shop'],
        4,
        4,
      ])
    }
  })

  test('is judged by metrics of its own pods before it is handed over', () => {
    const list = [{ weight: 1, replicas: 4 }, { analysis: ['errors'] }]
    const judged = serving({ analysis: analysis() }, list)
    judged.ask({ template: template('shop:v2') })
    until(judged, phaseIs('Completed'), { metrics: () => value('0') })
    until(judged, (now) => now.release.status?.stable?.revision === v2, {
      metrics: () => value('0'),
    })
    const failing = serving({ analysis: analysis() }, list)
    failing.ask({ template: template('shop:v2') })
    until(failing, phaseIs('Failed'), { metrics: () => value('100') })
    settle(failing)
    expect([[...failing.replicaSets.keys()], podsOf(failing, v1)]).toEqual([['shop'], 4])
  })

  test('gives up one that is asked for no more, whole', () => {
    const world = serving({}, [{ replicas: 4 }, { pause: {} }])
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    world.ask({ template: template('shop:v3') })
    world.crash()
    until(world, (now) => now.release.status?.trials?.[0]?.revision === v3)
    until(world, reasonIs('WaitingForApproval'))
    settle(world)
    expect([...world.replicaSets.keys()].sort()).toEqual(['shop', `shop-${v3}`])
    expect(podsOf(world, v2)).toBe(0)
  })
})

test('a commanded candidate leaves with its Service where there is no route', () => {
  const world = new World(
    release({ strategy: { commanded: { candidates: [] } }, traffic: { router: 'none' } }),
    undefined,
  )
  until(world, phaseIs('Completed'))
  const candidate = { name: 'b', template: template('shop:b'), version: 1, weight: 25 }
  world.ask({ strategy: { commanded: { candidates: [candidate] } } })
  until(world, reasonIs('WaitingForCommand'))
  expect(world.services.has('shop-b')).toBe(true)
  world.ask({ strategy: { commanded: { candidates: [] } } })
  until(world, ({ services }) => !services.has('shop-b'))
  until(world, reasonIs('Serving'))
  expect(world.release.status?.trials ?? []).toEqual([])
})
