/** Several candidates beside stable where workloads belong to roles: experiments and commanded plans, in each topology. */
import { describe, expect, test } from 'vitest'
import { plainRoute, release, template } from '#test/gen/release.ts'
import { SeatWorld } from '#test/gen/seat-world.ts'
import { command, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'
import type { CommandedCandidate } from './api/strategy/commanded.ts'
import type { ExperimentStrategy } from './api/strategy/experiment.ts'
import type { ReleaseWorkloads } from './api/workloads.ts'
import { podsFor } from './model/weights.ts'
import { labels } from './render/names.ts'
import { writtenHash } from './revision.ts'

const route = plainRoute()

const revision = (name: string): string => writtenHash(template(`shop:${name}`))
const podsOf = (world: SeatWorld, name: string): number =>
  [...world.pods.values()].filter((pod) => pod.labels[labels.revision] === revision(name)).length

/** Weights of everybody's rule, and the Services that rules by match send to. */
function traffic(world: World): { weights: Record<string, number>; ruled: readonly string[] } {
  const rules = world.route?.spec.rules ?? []
  const isOurs = ({ matches = [] }: (typeof rules)[number]): boolean =>
    matches.some(({ headers = [] }) => headers.length > 0)
  const plain = rules.find((rule) => !isOurs(rule))
  const weights = (plain?.backendRefs ?? []).map(({ name, weight = 1 }) => [name, weight] as const)
  return {
    weights: Object.fromEntries(weights),
    ruled: rules
      .filter(isOurs)
      .flatMap(({ backendRefs = [] }) => backendRefs.map(({ name }) => name)),
  }
}

function checkCapacity(world: SeatWorld, replicas: number): void {
  const { weights, ruled } = traffic(world)
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  for (const [service, weight] of Object.entries(weights)) {
    if (weight === 0) continue
    const share = Math.floor((100 * weight) / total)
    expect(world.reachable(service), `${service} has ${share} %`).toBeGreaterThanOrEqual(
      podsFor(replicas, share),
    )
  }
  for (const service of ruled)
    expect(world.reachable(service), `${service} has a rule`).toBeGreaterThan(0)
}

const through = (world: SeatWorld, done: (now: World) => boolean): void =>
  until(world, (now) => {
    checkCapacity(now as SeatWorld, now.release.spec.replicas ?? 1)
    return done(now)
  })

const variants: readonly (readonly [string, ReleaseWorkloads])[] = [
  ['ReplicaSets by handover', { kind: 'ReplicaSet', promotion: 'handover' }],
  ['ReplicationControllers by handover', { kind: 'ReplicationController', promotion: 'handover' }],
  ['ReplicaSets by replace', { kind: 'ReplicaSet', promotion: 'replace' }],
  ['Deployments by replace', { kind: 'Deployment', promotion: 'replace' }],
]

function serving(workloads: ReleaseWorkloads, strategy: ReleaseSpec['strategy']): SeatWorld {
  const given = release({ workloads: { naming: 'role', ...workloads }, strategy })
  const world = new SeatWorld(given, route)
  until(world, (now) => now.release.status?.stable !== undefined)
  return world
}

const stableRuns = (name: string) => (world: World) =>
  world.release.status?.stable?.revision === revision(name)

describe.each(variants)('experiments: %s', (_name, workloads) => {
  const byWeight: ExperimentStrategy = {
    candidates: [
      { name: 'b', weight: 20, template: template('shop:b') },
      { name: 'c', weight: 30, template: template('shop:c') },
    ],
  }
  const byMatch: ExperimentStrategy = {
    candidates: [
      {
        name: 'b',
        match: [{ header: { name: 'x-variant', value: 'b' } }],
        template: template('shop:b'),
      },
    ],
  }
  const begun = (experiment: ExperimentStrategy): SeatWorld => {
    const world = serving(workloads, { experiment })
    until(world, reasonIs('WaitingForJudgement'))
    settle(world)
    return world
  }

  test('stand beside stable, each under the name of its role', () => {
    const world = begun(byWeight)
    expect([...world.replicaSets.keys()].sort()).toEqual(['shop-b', 'shop-c', 'shop-stable'])
    expect(traffic(world).weights).toEqual({ 'shop-stable': 50, 'shop-b': 20, 'shop-c': 30 })
    expect([podsOf(world, 'b'), podsOf(world, 'c'), podsOf(world, 'v1')]).toEqual([1, 2, 4])
  })

  test.each([
    ['by weight', byWeight],
    ['by match', byMatch],
  ])('the winner %s comes to live in the stable role, then the others go', (_how, experiment) => {
    const world = begun(experiment)
    command(world, 'promote', { candidate: 'b', revision: revision('b') })
    through(world, stableRuns('b'))
    settle(world)
    expect(world.replicaSets.get('shop-stable')?.metadata.labels?.[labels.revision]).toBe(
      revision('b'),
    )
    const { weights, ruled } = traffic(world)
    expect([weights['shop-stable'], ruled]).toEqual([100, []])
    expect([podsOf(world, 'b'), podsOf(world, 'c'), podsOf(world, 'v1')]).toEqual([4, 0, 0])
    expect(world.release.status?.phase).toBe('Completed')
  })

  test('nobody wins: all go home, stable is as it was', () => {
    const world = begun({ ...byWeight, maxDuration: '1h' })
    through(world, phaseIs('Completed'))
    settle(world)
    expect(traffic(world).weights['shop-stable']).toBe(100)
    expect([podsOf(world, 'b'), podsOf(world, 'c'), podsOf(world, 'v1')]).toEqual([0, 0, 4])
  })

  test('one is aborted; the other goes on', () => {
    const world = begun(byWeight)
    command(world, 'abort', { candidate: 'c', revision: revision('c') })
    through(world, ({ release: { status } }) => (status?.trials ?? []).length === 1)
    settle(world)
    expect(traffic(world).weights).toEqual({ 'shop-stable': 80, 'shop-b': 20, 'shop-c': 0 })
    expect([podsOf(world, 'b'), podsOf(world, 'c')]).toEqual([1, 0])
  })
})

describe.each(variants)('commanded candidates: %s', (_name, workloads) => {
  const own = (candidate: CommandedCandidate): CommandedCandidate => ({
    template: template(`shop:${candidate.name}`),
    ...candidate,
  })
  const begun = (): SeatWorld => serving(workloads, { commanded: { candidates: [] } })
  const ask = (world: SeatWorld, ...words: readonly CommandedCandidate[]): void =>
    world.ask({ strategy: { commanded: { candidates: words.map(own) } } })
  const say = (world: SeatWorld, ...words: readonly CommandedCandidate[]): void => {
    ask(world, ...words)
    settle(world)
  }

  test('have the weights they are given, and move one by one', () => {
    const world = begun()
    say(world, { name: 'b', version: 1, weight: 20 }, { name: 'c', version: 1, weight: 30 })
    expect(traffic(world).weights).toEqual({ 'shop-stable': 50, 'shop-b': 20, 'shop-c': 30 })
    say(world, { name: 'b', version: 2, weight: 60 }, { name: 'c', version: 1, weight: 30 })
    expect(traffic(world).weights).toEqual({ 'shop-stable': 10, 'shop-b': 60, 'shop-c': 30 })
    expect([podsOf(world, 'b'), podsOf(world, 'c')]).toEqual([3, 2])
  })

  test('one becomes stable while the other keeps its share all along', () => {
    const world = begun()
    say(world, { name: 'b', version: 1, weight: 20 }, { name: 'c', version: 1, weight: 30 })
    ask(
      world,
      { name: 'b', version: 2, weight: 20, promote: true },
      { name: 'c', version: 1, weight: 30 },
    )
    const shares = new Set<number | undefined>()
    through(world, (now) => {
      shares.add(traffic(now).weights['shop-c'])
      return stableRuns('b')(now)
    })
    settle(world)
    expect([...shares]).toEqual([30])
    expect(traffic(world).weights).toEqual({ 'shop-stable': 70, 'shop-b': 0, 'shop-c': 30 })
    expect([podsOf(world, 'b'), podsOf(world, 'c'), podsOf(world, 'v1')]).toEqual([4, 2, 0])
  })

  test('one that leaves loses traffic, Service and workload; nothing of it stays', () => {
    const world = begun()
    say(world, { name: 'b', version: 1, weight: 20 }, { name: 'c', version: 1, weight: 30 })
    ask(world, { name: 'c', version: 1, weight: 30 })
    through(world, ({ release: { status } }) => (status?.trials ?? []).length === 1)
    settle(world)
    expect(traffic(world).weights).toEqual({ 'shop-stable': 70, 'shop-c': 30 })
    expect([...world.services.keys()]).toEqual(['shop-stable', 'shop-c'])
    expect([...world.replicaSets.keys()].sort()).toEqual(['shop-c', 'shop-stable'])
    expect(podsOf(world, 'b')).toBe(0)
  })

  test('one that was promoted leaves as well', () => {
    const world = begun()
    say(world, { name: 'b', version: 1, weight: 20 })
    say(world, { name: 'b', version: 2, weight: 20, promote: true })
    say(world)
    expect(traffic(world).weights).toEqual({ 'shop-stable': 100 })
    expect([...world.services.keys()]).toEqual(['shop-stable'])
    expect([...world.replicaSets.keys()]).toEqual(['shop-stable'])
    expect([podsOf(world, 'b'), world.release.status?.candidates]).toEqual([4, []])
  })

  test('stays with its pods and no traffic where it is told to pause', () => {
    const world = begun()
    say(world, { name: 'b', version: 1, weight: 40 })
    say(world, { name: 'b', version: 2, weight: 0, replicas: 2 })
    expect([traffic(world).weights['shop-b'], podsOf(world, 'b')]).toEqual([0, 2])
    say(world, { name: 'b', version: 3, weight: 40 })
    expect([traffic(world).weights['shop-b'], podsOf(world, 'b')]).toEqual([40, 2])
  })
})

test('a candidate that was told to begin behind a Service too wide may be withdrawn', () => {
  const commanded = (candidates: readonly CommandedCandidate[]) => ({
    strategy: { commanded: { candidates } },
  })
  const workloads = { naming: 'role', kind: 'Deployment' } as const
  const services = { stable: 'shop-stable', candidates: { b: 'shop-b' } }
  const world = new SeatWorld(release({ workloads, services, ...commanded([]) }), route)
  until(world, phaseIs('Completed'))
  world.editSelector('shop-stable', { app: 'shop' })
  world.ask(commanded([{ name: 'b', version: 1, weight: 20, template: template('shop:v2') }]))
  until(world, ({ release: { status } }) => status?.trials?.length === 1)
  expect(world.release.status?.reason?.type).toBe('ServiceTooWide')
  // Somebody gives it traffic all the same.
  world.editWeights(0, 100)
  world.ask(commanded([]))
  until(world, phaseIs('Completed'))
})
