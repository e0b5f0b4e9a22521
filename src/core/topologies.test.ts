/** Workloads under fixed names by role: what was judged comes to live in the stable role, with capacity at every moment. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { SeatWorld } from '#test/gen/seat-world.ts'
import { command, pass, phaseIs, reasonIs, settle, until, value } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'
import type { ReleaseWorkloads } from './api/workloads.ts'
import { podsFor } from './model/weights.ts'
import { labels } from './render/names.ts'
import { writtenHash } from './revision.ts'

const [v1, v2, v3] = ['shop:v1', 'shop:v2', 'shop:v3'].map((image) => writtenHash(template(image)))
const steps = [{ weight: 50 }, { pause: {} }]

function serving(workloads: ReleaseWorkloads, spec: Partial<ReleaseSpec> = {}): SeatWorld {
  const strategy = { canary: { steps } }
  const world = new SeatWorld(
    release({ workloads: { naming: 'role', ...workloads }, strategy, ...spec }),
    httpRoute(),
  )
  until(world, phaseIs('Completed'))
  settle(world)
  return world
}

function judged(workloads: ReleaseWorkloads, spec: Partial<ReleaseSpec> = {}): SeatWorld {
  const world = serving(workloads, spec)
  world.ask({ template: template('shop:v2') })
  until(world, reasonIs('WaitingForApproval'))
  return world
}

/** What every moment must fulfil: no weight without the pods for it, and pods for all of the traffic. */
function checkCapacity(world: SeatWorld): void {
  const weights = world.weights()
  const replicas = world.release.spec.replicas ?? 1
  for (const [service, weight] of Object.entries(weights)) {
    if (weight === 0) continue
    expect(
      world.reachable(service),
      `${service} has ${weight} % of the traffic`,
    ).toBeGreaterThanOrEqual(podsFor(replicas, weight))
  }
}

function promote(world: SeatWorld): void {
  command(world, 'promote')
  until(world, (now) => {
    checkCapacity(now as SeatWorld)
    return now.release.status?.stable?.revision === v2
  })
  settle(world)
}

/** The pods have no workload at the moment. */
const isOnTheWay = ({ replicaSets }: World): boolean =>
  !replicaSets.has('shop-canary') && !replicaSets.has('shop-stable')

const podNames = (world: SeatWorld, revision: string | undefined): readonly string[] =>
  [...world.pods.values()]
    .filter((pod) => pod.labels[labels.revision] === revision)
    .map(({ name }) => name)
    .sort()

const variants = [
  ['ReplicaSets by handover', { kind: 'ReplicaSet', promotion: 'handover' }],
  ['ReplicationControllers by handover', { kind: 'ReplicationController', promotion: 'handover' }],
  ['ReplicaSets by replace', { kind: 'ReplicaSet', promotion: 'replace' }],
  ['Deployments by replace', { kind: 'Deployment', promotion: 'replace' }],
] as const

for (const [name, workloads] of variants) {
  describe(`${name}`, () => {
    test('are made under the names of their roles', () => {
      const world = judged(workloads)
      expect([...world.replicaSets.keys()].sort()).toEqual(['shop-canary', 'shop-stable'])
      expect(world.weights()).toEqual({ 'shop-stable': 50, 'shop-canary': 50 })
      expect(world.reachable('shop-canary')).toBe(2)
    })

    test('come to run what was judged in the stable role, with the pods for all traffic at every moment', () => {
      const world = judged(workloads)
      promote(world)
      const stable = world.replicaSets.get('shop-stable')
      expect(stable?.metadata.labels?.[labels.revision]).toBe(v2)
      expect(world.weights()).toEqual({ 'shop-stable': 100, 'shop-canary': 0 })
      expect(world.reachable('shop-stable')).toBe(4)
      expect(podNames(world, v1)).toEqual([])
      expect(world.pods.size).toBe(4)
    })

    test('take the next release after it', () => {
      const world = judged(workloads)
      promote(world)
      world.ask({ template: template('shop:v3') })
      until(world, reasonIs('WaitingForApproval'))
      expect(podNames(world, v3).length).toBe(2)
      command(world, 'promote')
      until(world, (now) => {
        checkCapacity(now as SeatWorld)
        return now.release.status?.stable?.revision === v3
      })
      settle(world)
      expect([podNames(world, v3).length, world.pods.size]).toEqual([4, 4])
    })

    test('go back when they are aborted, to the pods that were there', () => {
      const world = judged(workloads)
      const before = podNames(world, v1)
      command(world, 'abort')
      settle(world)
      expect([world.weights()['shop-stable'], podNames(world, v1)]).toEqual([100, before])
      expect(podNames(world, v2)).toEqual([])
    })

    test('end well wherever a crash loses the memory and half of the writes', () => {
      for (let lost = 1; lost < 12; lost += 1) {
        const world = judged(workloads)
        command(world, 'promote')
        let passes = 0
        until(world, (now) => {
          passes += 1
          if (passes % 7 === lost % 7) now.crash()
          checkCapacity(now as SeatWorld)
          return now.release.status?.stable?.revision === v2
        })
        settle(world)
        expect([world.weights()['shop-stable'], world.pods.size]).toEqual([100, 4])
      }
    })

    test('give up their idle candidate where the plan says so', () => {
      const world = judged({ ...workloads, idle: 'delete' })
      promote(world)
      expect([...world.replicaSets.keys()]).toEqual(['shop-stable'])
    })
  })
}

describe('a handover', () => {
  test('starts no pod twice: those that were judged are those that serve', () => {
    const world = judged(variants[0][1], {
      strategy: { canary: { steps: [{ weight: 100 }, { pause: {} }] } },
    })
    const before = podNames(world, v2)
    promote(world)
    const after = podNames(world, v2)
    expect(before.length).toBe(4)
    expect(after.filter((name) => before.includes(name)).length).toBeGreaterThanOrEqual(3)
    expect(world.made.filter((name) => after.includes(name)).length).toBe(4)
  })

  test('goes on when a pod dies on the way', () => {
    const world = judged(variants[0][1])
    command(world, 'promote')
    until(world, isOnTheWay)
    const [first = ''] = world.pods.keys()
    world.pods.delete(first)
    until(world, (now) => now.release.status?.stable?.revision === v2)
    settle(world)
    expect([world.weights()['shop-stable'], world.reachable('shop-stable')]).toEqual([100, 4])
  })

  test('cannot be aborted any more once the stable pods are gone, and says so', () => {
    const world = judged(variants[0][1])
    command(world, 'promote')
    until(world, isOnTheWay)
    command(world, 'abort')
    until(world, (now) => now.release.status?.stable?.revision === v2)
    const refused = world.release.status?.decisions?.find(({ action }) => action === 'Refuse')
    expect(refused?.message).toContain('its pods are becoming the stable ones')
  })
})

describe.each([1, 2, 3, 6, 7, 13])('a handover of %i pods', (replicas) => {
  test('ends, with the pods for all traffic at every moment', () => {
    const world = judged(variants[0][1], { replicas })
    command(world, 'promote')
    until(world, (now) => {
      checkCapacity(now as SeatWorld)
      return now.release.status?.stable?.revision === v2
    })
    settle(world)
    expect([world.weights()['shop-stable'], world.pods.size]).toEqual([100, replicas])
  })
})

describe('a split', () => {
  test('takes the pods of candidates from stable, and gives them back', () => {
    const world = judged({ kind: 'ReplicaSet', split: true }, { replicas: 3 })
    expect([podNames(world, v1).length, podNames(world, v2).length]).toEqual([1, 2])
    command(world, 'abort')
    settle(world)
    expect([podNames(world, v1).length, podNames(world, v2).length]).toEqual([3, 0])
    pass(world)
  })
})

describe('a blue-green release whose pods stay where they were judged, and must prove themselves there', () => {
  const names = { kind: 'ReplicaSet', promotion: 'handover', naming: 'role' } as const
  const metrics = (text: string) => ({ metrics: () => value(text) })

  function promoted(): SeatWorld {
    const blueGreen = { scaleDownDelay: '0s' }
    const given = release({ workloads: names, strategy: { blueGreen }, analysis: analysis() })
    const world = new SeatWorld(given, httpRoute())
    world.late = true
    world.door = (app) => {
      const promotion = { ...app.plan.promotion, verify: ['errors'] }
      return { ...app, plan: { ...app.plan, promotion } }
    }
    until(world, phaseIs('Completed'))
    settle(world)
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'), metrics('0'))
    command(world, 'promote')
    until(world, (now) => now.release.status?.trials?.[0]?.stage === 'verifying', metrics('0'))
    expect(world.weights()).toEqual({ 'shop-stable': 0, 'shop-canary': 100 })
    return world
  }

  const always = (world: SeatWorld, done: (now: World) => boolean, text: string): void =>
    until(
      world,
      (now) => {
        checkCapacity(now as SeatWorld)
        return done(now)
      },
      metrics(text),
    )

  test('keeps all traffic and the old pods until it has, then completes there', () => {
    const world = promoted()
    expect([podNames(world, v1).length, podNames(world, v2).length]).toEqual([4, 4])
    always(world, phaseIs('Completed'), '0')
    settle(world)
    expect(world.weights()).toEqual({ 'shop-stable': 0, 'shop-canary': 100 })
    expect([podNames(world, v1).length, podNames(world, v2).length]).toEqual([0, 4])
  })

  test('goes back to the old pods when it fails, at once', () => {
    const world = promoted()
    const before = podNames(world, v1)
    always(world, phaseIs('Failed'), '90')
    settle(world)
    expect(world.weights()).toEqual({ 'shop-stable': 100, 'shop-canary': 0 })
    expect([podNames(world, v1), podNames(world, v2).length]).toEqual([before, 0])
  })
})

describe('a blue-green release whose pods stay where they were judged', () => {
  const late = (world: SeatWorld): SeatWorld => {
    world.late = true
    return world
  }

  test('serves from the preview role; the next release first brings them home', () => {
    const spec = { strategy: { blueGreen: { scaleDownDelay: '0s' } } }
    const names = { kind: 'ReplicaSet', promotion: 'handover', naming: 'role' } as const
    const world = late(new SeatWorld(release({ ...spec, workloads: names }), httpRoute()))
    until(world, phaseIs('Completed'))
    settle(world)
    for (const image of ['shop:v2', 'shop:v3', 'shop:v1']) {
      world.ask({ template: template(image) })
      until(world, reasonIs('WaitingForApproval'))
      expect(world.weights()).toEqual({ 'shop-stable': 100, 'shop-canary': 0 })
      command(world, 'promote')
      until(world, (now) => {
        checkCapacity(now as SeatWorld)
        const { status } = now.release
        return status?.stable?.revision === writtenHash(template(image))
      })
      settle(world)
      expect(world.weights()).toEqual({ 'shop-stable': 0, 'shop-canary': 100 })
      expect([world.reachable('shop-stable'), world.reachable('shop-canary')]).toEqual([0, 4])
    }
  })
})

describe('a Service of people that does not tell roles apart', () => {
  const wide = { app: 'shop' }
  const message =
    /^Service shop-stable selects the pods of canary too; add headgate\.dev\/role: stable/
  const spec = (): ReleaseSpec =>
    release({ workloads: { naming: 'role', kind: 'ReplicaSet' }, strategy: { canary: { steps } } })
      .spec

  test('is told before anything is made, and the release goes on when it is mended', () => {
    const world = new SeatWorld(release(spec()), httpRoute())
    world.addService('shop-stable', wide)
    for (let passes = 0; passes < 10; passes += 1) pass(world)
    expect(world.release.status?.reason?.message).toMatch(message)
    expect([...world.replicaSets.keys()]).toEqual([])
    world.editSelector('shop-stable', { ...wide, [labels.role]: 'stable' })
    until(world, phaseIs('Completed'))
  })

  test('lets nothing new come up, but stable follows its replicas', () => {
    const world = serving({ kind: 'ReplicaSet' })
    world.editSelector('shop-stable', wide)
    until(world, reasonIs('ServiceTooWide'))
    world.ask({ replicas: 6 })
    for (let passes = 0; passes < 20; passes += 1) pass(world)
    expect(world.replicaSets.get('shop-stable')?.spec.replicas).toBe(6)
    world.ask({ template: template('shop:v2') })
    for (let passes = 0; passes < 20; passes += 1) pass(world)
    expect(podNames(world, v2)).toEqual([])
    world.editSelector('shop-stable', { ...wide, [labels.role]: 'stable' })
    until(world, reasonIs('WaitingForApproval'))
  })

  test('keeps nobody from the way back', () => {
    const world = judged({ kind: 'ReplicaSet' })
    world.editSelector('shop-stable', wide)
    until(world, reasonIs('ServiceTooWide'))
    command(world, 'abort')
    until(world, phaseIs('Failed'))
    expect(podNames(world, v2)).toEqual([])
  })

  test('of one revision alone is told too', () => {
    const world = serving({ kind: 'ReplicaSet' })
    world.editSelector('shop-stable', { [labels.role]: 'stable', [labels.revision]: 'other' })
    until(world, reasonIs('ServiceTooWide'))
    expect(world.release.status?.reason?.message).toMatch(/take headgate\.dev\/revision out/)
  })
})

test('promote-full of a version that never becomes ready ends by the progress deadline, though it stays small', () => {
  const small = [{ weight: 25, replicas: 1 }, { pause: {} }]
  const strategy = { canary: { steps: small } }
  const world = serving({ kind: 'Deployment' }, { strategy, progressDeadline: '30s' })
  world.ask({ template: template('shop:v2') })
  world.broken = v2 ?? ''
  pass(world)
  command(world, 'promote-full')
  for (let passes = 0; passes < 60 && world.release.status?.phase !== 'Failed'; passes += 1)
    pass(world)
  expect(world.release.status?.failed?.map(({ reason }) => reason)).toEqual([
    'ProgressDeadlineExceeded',
  ])
  expect(podNames(world, v1).length).toBe(4)
})
