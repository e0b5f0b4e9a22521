/** K04: a split within bounds: never more pods than the surge allows, never fewer that serve than may be unavailable. */
import { describe, expect, test } from 'vitest'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { SeatWorld } from '#test/gen/seat-world.ts'
import { command, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { readRelease } from './api/read.ts'
import type { ReleaseSpec } from './api/release.ts'
import type { ReleaseWorkloads } from './api/workloads.ts'
import { podsFor } from './model/weights.ts'

const steps = [{ weight: 50 }, { pause: {} }, { weight: 80 }, { pause: {} }]

function serving(workloads: ReleaseWorkloads, replicas: number): SeatWorld {
  const given = release({
    replicas,
    strategy: { canary: { steps } },
    workloads: { naming: 'role', split: true, ...workloads },
  })
  const world = new SeatWorld(given, httpRoute())
  until(world, phaseIs('Completed'))
  settle(world)
  world.ask({ template: template('shop:v2') })
  return world
}

const asked = (world: World): number =>
  [...world.replicaSets.values()].reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0)

const ready = (world: SeatWorld): number =>
  [...world.pods.values()].filter((pod) => pod.ready).length

const rows = [
  [10, 1, 0],
  [10, '25%', 0],
  [10, 0, 2],
  [10, 3, '20%'],
  [4, 1, 0],
  [3, 0, 0],
  [1, 1, 0],
] as const

describe.each(rows)(
  '%i pods, %s more and %s fewer at most',
  (replicas, maxSurge, maxUnavailable) => {
    test('come and go within these bounds at each step, and end where they should', () => {
      const world = serving({ maxSurge, maxUnavailable }, replicas)
      const share = (given: number | string, round: (value: number) => number): number =>
        typeof given === 'number' ? given : round((Number.parseInt(given, 10) * replicas) / 100)
      const fewer = share(maxUnavailable, Math.floor)
      const more = share(maxSurge, Math.ceil) || (fewer === 0 ? 1 : 0)
      for (const [index, weight] of [
        [1, 50],
        [3, 80],
      ] as const) {
        let [most, least] = [0, Infinity]
        until(world, (now) => {
          most = Math.max(most, asked(now))
          least = Math.min(least, ready(now as SeatWorld))
          return reasonIs('WaitingForApproval')(now) && now.release.status?.step?.index === index
        })
        settle(world)
        expect(most, 'in all').toBeLessThanOrEqual(replicas + more)
        expect(least, 'that serve').toBeGreaterThanOrEqual(replicas - fewer)
        expect(world.weights()['shop-canary']).toBe(weight)
        const canary = podsFor(replicas, weight)
        expect([world.reachable('shop-canary'), world.reachable('shop-stable')]).toEqual([
          canary,
          replicas - canary,
        ])
        if (index === 1) command(world, 'promote')
      }
      command(world, 'promote')
      until(world, phaseIs('Completed'))
      settle(world)
      expect(world.reachable('shop-stable')).toBe(replicas)
    })

    test('hold up nobody on the way back', () => {
      const world = serving({ maxSurge, maxUnavailable }, replicas)
      until(world, reasonIs('WaitingForApproval'))
      command(world, 'abort')
      until(world, phaseIs('Failed'))
      settle(world)
      expect([world.weights()['shop-stable'], world.reachable('shop-stable')]).toEqual([
        100,
        replicas,
      ])
    })
  },
)

test('bounds that cannot be are told', () => {
  const problems = (workloads: ReleaseWorkloads): readonly string[] => {
    const spec: Partial<ReleaseSpec> = { workloads }
    const read = readRelease(release(spec))
    return read.kind === 'app'
      ? []
      : read.problems.map(({ path, message }) => `${path}: ${message}`)
  }
  expect(problems({ split: true, maxSurge: '101%' })).toEqual([
    'spec.workloads.maxSurge: "101%" is no count; write a whole number or a share from 0% to 100%',
  ])
  expect(problems({ maxUnavailable: 1 })).toEqual([
    'spec.workloads.maxSurge: bounds a split; write split: true, or leave it out',
  ])
})
