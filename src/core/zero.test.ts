/** K31: releases that ask for no pods at all, in every topology: they come to their end, and begin to serve when asked to. */
import { describe, expect, test } from 'vitest'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { SeatWorld } from '#test/gen/seat-world.ts'
import { command, pass, phaseIs, settle, until } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'
import { writtenHash } from './revision.ts'

const v2 = writtenHash(template('shop:v2'))

const topologies: readonly (readonly [string, Partial<ReleaseSpec>])[] = [
  ['by revision', {}],
  ['ReplicaSets by handover', { workloads: { naming: 'role' } }],
  ['ReplicaSets by replace', { workloads: { naming: 'role', promotion: 'replace' } }],
  ['Deployments by replace', { workloads: { naming: 'role', kind: 'Deployment' } }],
  ['by handover without a route', { workloads: { naming: 'role' }, traffic: { router: 'none' } }],
]

describe.each(topologies)('no pods, %s', (_name, spec) => {
  function installed(replicas: number): World {
    const strategy = { canary: { steps: [{ weight: 50 }, { pause: {} }] } }
    const given = release({ replicas, strategy, ...spec })
    const route = spec.traffic === undefined ? httpRoute() : undefined
    const world =
      spec.workloads === undefined ? new World(given, route) : new SeatWorld(given, route)
    until(world, phaseIs('Completed'))
    settle(world)
    return world
  }

  function finish(world: World): void {
    until(world, (now) => {
      if (now.release.status?.reason?.type === 'WaitingForApproval') command(now, 'promote')
      return now.release.status?.stable?.revision === v2 && phaseIs('Completed')(now)
    })
    settle(world)
  }

  test('another template comes to its end, and serves once pods are asked for', () => {
    const world = installed(0)
    world.ask({ template: template('shop:v2') })
    finish(world)
    world.ask({ replicas: 3 })
    until(world, (now) => now.reachable('shop-stable') === 3)
    settle(world)
    expect(world.release.status?.stable?.revision).toBe(v2)
  })

  test('pods that are taken away midway hold up nobody', () => {
    const world = installed(3)
    world.ask({ template: template('shop:v2') })
    for (let passes = 0; passes < 6; passes += 1) pass(world)
    world.ask({ replicas: 0 })
    finish(world)
    expect(world.reachable('shop-stable')).toBe(0)
  })
})
