/** A first install that goes through its steps, both roles on the one template (decision 8); by default it just serves. */
import { describe, expect, test } from 'vitest'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { SeatWorld } from '#test/gen/seat-world.ts'
import { command, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import type { ReleaseSpec } from './api/release.ts'
import { podsFor } from './model/weights.ts'
import { writtenHash } from './revision.ts'

const [v1, v2] = ['shop:v1', 'shop:v2'].map((image) => writtenHash(template(image)))

function begun(spec: Partial<ReleaseSpec> = {}): SeatWorld {
  const steps = [{ weight: 50 }, { pause: {} }]
  const given = release({
    replicas: 3,
    workloads: { naming: 'role', split: true },
    strategy: { canary: { steps } },
    ...spec,
  })
  const world = new SeatWorld(given, httpRoute())
  world.door = (app) => ({ ...app, plan: { ...app.plan, firstInstall: 'steps' } })
  return world
}

const sizes = (world: SeatWorld): Record<string, number | undefined> =>
  Object.fromEntries(
    [...world.replicaSets].map(([name, { spec }]) => [name, spec.replicas] as const),
  )

const servesWhatItHas = (world: SeatWorld): void => {
  for (const [service, weight] of Object.entries(world.weights()))
    if (weight > 0 && world.release.status?.stable !== undefined)
      expect(world.reachable(service), service).toBeGreaterThanOrEqual(
        Math.min(1, podsFor(3, weight)),
      )
}

describe('a first install by steps', () => {
  test('stops at its pauses with both roles on the one template, and completes', () => {
    const world = begun()
    until(world, reasonIs('WaitingForApproval'))
    expect(world.release.status?.trials?.[0]?.revision).toBe(v1)
    expect(world.weights()).toEqual({ 'shop-stable': 50, 'shop-canary': 50 })
    expect(sizes(world)).toEqual({ 'shop-stable': 1, 'shop-canary': 2 })
    command(world, 'promote')
    until(world, (now) => {
      servesWhatItHas(now as SeatWorld)
      return phaseIs('Completed')(now)
    })
    settle(world)
    expect(world.weights()).toEqual({ 'shop-stable': 100, 'shop-canary': 0 })
    expect(sizes(world)).toEqual({ 'shop-stable': 3, 'shop-canary': 0 })
  })

  test('is not gone through again by the same template; another one is', () => {
    const world = begun()
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'promote')
    until(world, phaseIs('Completed'))
    settle(world)
    expect(world.release.status?.phase).toBe('Completed')
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    expect(world.release.status?.trials?.[0]?.revision).toBe(v2)
  })

  test('that was aborted is Failed and serves, until a retry goes through the steps again', () => {
    const world = begun()
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'abort')
    settle(world)
    expect([world.release.status?.phase, world.weights()]).toEqual([
      'Failed',
      { 'shop-stable': 100, 'shop-canary': 0 },
    ])
    expect(world.reachable('shop-stable')).toBe(3)
    command(world, 'retry')
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'promote')
    settle(world)
    expect(world.release.status?.phase).toBe('Completed')
  })

  test('gives way to another template midway', () => {
    const world = begun()
    until(world, reasonIs('WaitingForApproval'))
    world.ask({ template: template('shop:v2') })
    until(world, (now) => now.release.status?.trials?.[0]?.revision === v2)
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'promote')
    settle(world)
    expect([world.release.status?.phase, world.release.status?.stable?.revision]).toEqual([
      'Completed',
      v2,
    ])
  })

  test('of a blue-green whose pods stay where they were judged is promoted to the preview', () => {
    const strategy = { blueGreen: { scaleDownDelay: '0s' } }
    const world = begun({ workloads: { naming: 'role' }, strategy })
    world.late = true
    until(world, phaseIs('Preview'))
    until(world, reasonIs('WaitingForApproval'))
    expect(sizes(world)).toEqual({ 'shop-stable': 3, 'shop-preview': 3 })
    command(world, 'promote')
    settle(world)
    expect([world.release.status?.phase, world.weights()]).toEqual([
      'Completed',
      { 'shop-stable': 0, 'shop-canary': 100 },
    ])
    expect(sizes(world)).toEqual({ 'shop-stable': 0, 'shop-preview': 3 })
  })
})

test('by default a first install serves at once', () => {
  const world = begun()
  world.door = (app) => app
  until(world, phaseIs('Completed'))
  settle(world)
  expect(world.release.status?.decisions?.map(({ action }) => action)).toEqual(['Complete'])
})
