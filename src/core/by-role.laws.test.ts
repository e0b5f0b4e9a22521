/**
 * Laws of workloads under fixed names by role, whatever plan they serve: canaries, experiments by weight and by match,
 * commanded candidates. People, pods and gateways do anything at any instant; writes are lost, memory too. After every
 * single write the store's truth is asked whether everybody who is sent somewhere finds pods there.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { plainRoute, release, template } from '#test/gen/release.ts'
import { SeatWorld } from '#test/gen/seat-world.ts'
import { command, pass, until } from '#test/gen/story.ts'
import type { ReleaseSpec } from './api/release.ts'
import type { ReleaseWorkloads } from './api/workloads.ts'
import { decide } from './decide.ts'
import type { Workload } from './k8s/workloads.ts'
import type { Verb } from './model/app.ts'
import { podsFor } from './model/weights.ts'

const runs = Number(process.env['RUNS'] ?? 3000) / 10
const { SEED: seed, WAY: way } = process.env
const replay =
  seed === undefined
    ? {}
    : { seed: Number(seed), endOnFailure: true, ...(way === undefined ? {} : { path: way }) }
const settleMs = 200
const total = 4

const route = plainRoute()

type Word = {
  readonly weight: number
  readonly promote: boolean
  readonly gone: boolean
  readonly paused: boolean
}

type Happening =
  | { readonly kind: 'wait'; readonly later: number }
  | { readonly kind: 'pods'; readonly pods: number }
  | { readonly kind: 'endpoints' | 'gateway' | 'crash' }
  | { readonly kind: 'command'; readonly verb: Verb; readonly candidate: string }
  | { readonly kind: 'template'; readonly image: string }
  | { readonly kind: 'word'; readonly name: string; readonly word: Word }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      later: fc.constantFrom(1, 100, 300, 1000, 60_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pods' as const),
      pods: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constantFrom('endpoints' as const, 'gateway' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('command' as const),
      verb: fc.constantFrom<Verb>('pause', 'resume', 'promote', 'promote-full', 'abort', 'retry'),
      candidate: fc.constantFrom('b', 'c', 'canary'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('template' as const),
      image: fc.constantFrom('shop:v1', 'shop:v2', 'shop:v3'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('word' as const),
      name: fc.constantFrom('b', 'c'),
      word: fc.record({
        weight: fc.constantFrom(0, 10, 25, 50),
        promote: fc.nat(4).map((one) => one === 0),
        gone: fc.nat(4).map((one) => one === 0),
        paused: fc.boolean(),
      }),
    }),
  },
)

const plans = ['canary', 'commanded', 'by weight', 'by match', 'without a route'] as const
const kinds: readonly ReleaseWorkloads[] = [
  { kind: 'ReplicaSet', promotion: 'handover' },
  { kind: 'ReplicaSet', promotion: 'replace' },
  { kind: 'Deployment', promotion: 'replace' },
]
const story = fc.record({
  plan: fc.constantFrom(...plans),
  workloads: fc.constantFrom(...kinds),
  idle: fc.constantFrom('keep' as const, 'delete' as const),
  events: fc.array(
    fc.record({
      happening,
      lost: fc.oneof(
        { weight: 3, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.nat(255) },
      ),
    }),
    { minLength: 10, maxLength: 60 },
  ),
})
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

function strategyOf(plan: Story['plan']): ReleaseSpec['strategy'] {
  const own = (name: string) => ({ name, template: template(`shop:${name}`) })
  const match = [{ header: { name: 'x-variant', value: 'b' } }]
  switch (plan) {
    case 'canary':
    case 'without a route':
      return { canary: { steps: [{ weight: 25 }, { pause: '5s' }, { weight: 50 }, { pause: {} }] } }
    case 'commanded':
      return { commanded: { candidates: [] } }
    case 'by weight':
      return {
        experiment: {
          candidates: [
            { ...own('b'), weight: 25 },
            { ...own('c'), weight: 25 },
          ],
          maxDuration: '1h',
        },
      }
    case 'by match':
      return { experiment: { candidates: [{ ...own('b'), match }], maxDuration: '1h' } }
  }
}

let version = 0

function say(world: SeatWorld, name: string, { weight, promote, gone, paused }: Word): void {
  const { commanded } = world.release.spec.strategy
  if (commanded === undefined) return
  version += 1
  const others = commanded.candidates.filter((one) => one.name !== name)
  const word = {
    name,
    template: template(`shop:${name}`),
    version,
    weight: paused ? 0 : weight,
    ...(paused ? { replicas: 1 } : {}),
    promote,
  }
  world.ask({ strategy: { commanded: { candidates: gone ? others : [...others, word] } } })
}

function happen(world: SeatWorld, one: Happening): void {
  switch (one.kind) {
    case 'wait':
      world.now += one.later
      break
    case 'pods':
      for (const name of world.replicaSets.keys()) world.movePods(name, one.pods)
      break
    case 'endpoints':
      world.moveEndpoints()
      break
    case 'gateway':
      world.moveGateway()
      break
    case 'crash':
      world.crash()
      break
    case 'command': {
      const { trials = [], failed = [] } = world.release.status ?? {}
      const named = [...trials, ...failed].find(({ candidate }) => candidate === one.candidate)
      const more = named === undefined ? {} : { candidate: one.candidate, revision: named.revision }
      command(world, one.verb, more)
      break
    }
    case 'template':
      if (world.release.spec.strategy.commanded === undefined)
        world.ask({ template: template(one.image) })
      break
    case 'word':
      say(world, one.name, one.word)
      break
  }
  world.now += 1
}

type Sent = { readonly shares: ReadonlyMap<string, number>; readonly ruled: ReadonlySet<string> }

/** Where the route as it is written sends whom. */
function sentBy(world: SeatWorld): Sent {
  // Without a route everybody comes to stable.
  if (world.route === undefined)
    return { shares: new Map([['shop-stable', 100]]), ruled: new Set() }
  const rules = world.route?.spec.rules ?? []
  const isOurs = ({ matches = [] }: (typeof rules)[number]): boolean =>
    matches.some(({ headers = [] }) => headers.length > 0)
  const refs = rules.find((rule) => !isOurs(rule))?.backendRefs ?? []
  const sum = refs.reduce((all, { weight = 1 }) => all + weight, 0)
  return {
    shares: new Map(
      refs.map(({ name, weight = 1 }) => [name, sum === 0 ? 0 : (100 * weight) / sum]),
    ),
    ruled: new Set(
      rules.filter(isOurs).flatMap(({ backendRefs = [] }) => backendRefs.map(({ name }) => name)),
    ),
  }
}

/** Ready pods behind a Service, once every workload has as many as it is told to have. */
function capacity(world: SeatWorld, service: string): number {
  const selector = Object.entries(world.services.get(service)?.spec.selector ?? {})
  const own = [...world.pods.values()].filter(
    (pod) => pod.ready && selector.every(([key, value]) => pod.labels[key] === value),
  )
  const free = own.filter(({ owner }) => owner === undefined).length
  return [...world.replicaSets.values()].reduce((sum, one) => {
    const { metadata, spec } = one as Workload
    const mine = own.filter(({ owner }) => owner === metadata.name).length
    return sum + Math.min(mine, spec.replicas ?? 1)
  }, free)
}

class Law {
  readonly world: SeatWorld
  /** Where the gateway sends people: it follows what is written some time after it has taken it up. */
  #followed: Sent

  constructor(world: SeatWorld) {
    this.world = world
    this.#followed = sentBy(world)
  }

  follow(): void {
    const { acceptedAt, now } = this.world
    if (acceptedAt !== undefined && now - acceptedAt >= settleMs)
      this.#followed = sentBy(this.world)
  }

  /** What each Service has, and what it needs for whom it is sent now or by what is written. */
  look(): ReadonlyMap<string, { readonly has: number; readonly needs: number }> {
    const written = sentBy(this.world)
    return new Map(
      [...this.world.services.keys()].map((service) => {
        const needs = [written, this.#followed].map(({ shares, ruled }) =>
          Math.max(
            podsFor(total, Math.floor(shares.get(service) ?? 0)),
            ruled.has(service) ? 1 : 0,
          ),
        )
        return [service, { has: capacity(this.world, service), needs: Math.max(...needs) }]
      }),
    )
  }

  check(before: ReturnType<Law['look']>, what: string): void {
    for (const [service, { has, needs }] of this.look()) {
      const was = before.get(service)
      const worse = was === undefined || has < was.has || needs > was.needs
      if (worse && needs > 0)
        expect(
          has,
          `${service} has ${has} pods and needs ${needs}, after ${what}`,
        ).toBeGreaterThanOrEqual(
          Math.min(needs, was === undefined || needs > was.needs ? needs : was.has),
        )
    }
    const sum = [...sentBy(this.world).shares.values()].reduce((all, share) => all + share, 0)
    expect(Math.round(sum), 'S1').toBe(100)
  }
}

function oneEvent(law: Law, { happening: first, lost }: Story['events'][number]): void {
  const { world } = law
  happen(world, first)
  law.follow()
  const decision = decide(world.observe(), world.now)
  world.remember(decision)
  decision.writes.forEach((write, index) => {
    if ((lost >> (index % 7)) & 1) return
    const before = law.look()
    world.write(write)
    law.check(before, JSON.stringify(write))
  })
  if (decision.write && ((lost >> 7) & 1) === 0) world.writeStatus(decision)
}

/** Nothing goes wrong any more, and somebody promotes and resumes whatever waits for it. */
function heal(world: SeatWorld): void {
  let quiet = 0
  for (let passes = 0; passes < 400; passes += 1) {
    const decision = pass(world)
    const { type } = decision.reason
    if (type === 'Paused') command(world, 'resume')
    if (type === 'WaitingForApproval' || type === 'WaitingForJudgement') {
      const [trial] = world.release.status?.trials ?? []
      if (trial !== undefined)
        command(world, 'promote', { candidate: trial.candidate, revision: trial.revision })
    }
    const { status, metadata } = world.release
    const still = decision.writes.length === 0 && !decision.write && decision.wakeAt === undefined
    const rests = (status?.trials ?? []).length === 0 || type === 'WaitingForCommand'
    const done = still && rests && status?.observedGeneration === metadata.generation
    // What followed the last pass has to be looked at once more.
    quiet = done ? quiet + 1 : 0
    if (quiet > 1) return
  }
  const { phase, reason, trials } = world.release.status ?? {}
  throw new Error(`does not come to rest: ${JSON.stringify([phase, reason, trials])}`)
}

function begun({ plan, workloads: given, idle }: Omit<Story, 'events'>): SeatWorld {
  const alone = plan === 'without a route'
  const workloads = alone && given.kind === 'ReplicaSet' ? { kind: 'ReplicaSet' as const } : given
  const made = release({
    replicas: total,
    ...(alone ? { traffic: { router: 'none' } } : {}),
    workloads: { naming: 'role', idle, ...workloads },
    strategy: strategyOf(plan),
  })
  const world = new SeatWorld(made, alone ? undefined : route)
  until(world, ({ release: { status } }) => status?.stable !== undefined)
  for (let passes = 0; passes < 5; passes += 1) pass(world)
  if (plan === 'canary' || alone) world.ask({ template: template('shop:v2') })
  return world
}

test('everybody finds pods where they are sent, and it comes to rest once it stops', () => {
  fc.assert(
    fc.property(story, ({ events, ...given }) => {
      const law = new Law(begun(given))
      for (const one of events) oneEvent(law, one)
      heal(law.world)
      const stable = [...law.look()].find(([service]) => service === 'shop-stable')?.[1]
      expect(stable?.has, 'stable has the pods for its share').toBeGreaterThanOrEqual(
        stable?.needs ?? 0,
      )
      const { trials = [] } = law.world.release.status ?? {}
      if (trials.length === 0) expect(law.world.pods.size).toBe(total)
    }),
    { numRuns: runs, ...replay },
  )
})
