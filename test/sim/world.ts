/** A plan come to life: cluster, instances, people, the monkey, users; and everybody who watches them. */

import type { Release } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { parseInstant } from '#core/time.ts'
import type { Cluster as Client } from '#kube/cluster.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type Coverage, coverage } from './coverage.ts'
import { inTime } from './ground.ts'
import { type Instance, instanceOf } from './instance.ts'
import { type Scene, shop } from './invariants/invariant.ts'
import { invariants } from './invariants/register.ts'
import { type Journal, journalOver } from './journal.ts'
import { memoryOf } from './memory.ts'
import { metricsOver } from './metrics.ts'
import { type Monkey, monkeyOf } from './monkey.ts'
import { objectsOf } from './objects.ts'
import { type People, peopleOf } from './people.ts'
import type { Plan, Strike } from './plan.ts'
import { diceOf } from './random.ts'
import { stateOf } from './states.ts'
import { type Traffic, trafficOver } from './traffic.ts'
import type { Write } from './truth.ts'
import { type Weather, weatherOver } from './weather.ts'

export type Violation = { readonly id: string; readonly what: string; readonly at: number }

export type World = {
  readonly plan: Plan
  readonly cluster: Cluster
  readonly instances: readonly Instance[]
  readonly people: People
  readonly monkey: Monkey
  readonly weather: Weather
  readonly traffic: Traffic
  readonly journal: Journal
  readonly scene: Scene
  readonly coverage: Coverage
  readonly client: Client
  readonly violation: () => Violation | undefined
  readonly violate: (id: string, what: string) => void
  /** Looks at what has no event of its own; true once something is wrong. For conditions. */
  readonly look: () => boolean
  /** Writes of instances that took effect, leases and Events left out. */
  readonly ownWrites: () => number
  /** Everybody's writes, leases and Events left out. */
  readonly changes: () => number
  readonly struck: Strike[]
  /** The image of a revision that ever had a workload. */
  readonly imageOf: (revision: string) => string | undefined
}

export async function createWorld(plan: Plan): Promise<World> {
  const cluster = await startCluster(plan.seed, plan.setting)
  const { clock } = cluster.time
  const journal = journalOver(clock.monotonic)
  const people = peopleOf(cluster, plan.setting)
  const monkey = monkeyOf(cluster, plan.setting, diceOf(plan.seed, 'monkey'))
  const weather = weatherOver(clock)
  const seen = coverage()
  const struck: Strike[] = []
  let violation: Violation | undefined
  let ownWrites = 0
  let changes = 0
  const isCircling = circlesSeen()
  const violate = (id: string, what: string): void => {
    if (violation !== undefined) return
    violation = { id, what, at: clock.monotonic() }
    journal.tell(`✗ ${id}: ${what}`)
  }
  const memory = memoryOf(cluster, plan)
  const scene: Scene = {
    plan,
    setting: plan.setting,
    given: people.given,
    struck,
    acceptedAt: memory.acceptedAt,
    notes: new Map(),
    splitSince: memory.splitSince,
    podOf: memory.podOf,
    lastOwn: memory.lastOwn,
    lostLeaseAt: memory.lostLeaseAt,
    stampedBy: memory.stampedBy,
    wasGood: (at) => metrics.wasGood(at),
  }
  cluster.onWrite((write) => {
    journal.note(`${write.revision} ${write.cause.actor} ${write.type} ${write.shelf} ${write.key}`)
    memory.learn(write)
    seen.outcome(plan.setting, write)
    if (write.shelf !== 'leases' && write.shelf !== 'events') {
      changes += 1
      if (write.cause.ours) ownWrites += 1
      if (isCircling(write)) {
        violate('L4', `${mostAtOnce} writes at one instant`)
        // Else nothing would ever get its turn again.
        for (const instance of instances) instance.crash()
      }
    }
    if (write.shelf === 'releases' || write.cause.ours || write.cause.actor === 'monkey')
      narrate(journal, write)
    for (const { id, write: check } of invariants) {
      const problem = safely(() => check?.(write, scene))
      if (problem !== undefined) violate(id, `${write.cause.actor}: ${problem}`)
    }
  })
  const traffic = trafficOver(cluster, plan.setting, (span) => {
    journal.note(`dropped ${span.why}`)
    const status = cluster.truth().releases.get(shop)?.status
    // Before the first version serves there is nobody to be served.
    if ((status?.stable?.revision ?? '') === '' || installedAt(status) > span.from) return
    if (mayDrop(plan, scene)) return
    violate('S3', `users are not served: ${span.why}, for ${span.to - span.from} ms`)
  })
  const metrics = metricsOver(cluster, traffic, weather)
  const instances = (plan.instances === 1 ? (['A'] as const) : (['A', 'B'] as const)).map((name) =>
    instanceOf(name, {
      cluster,
      seed: plan.seed,
      latencyMs: plan.latencyMs,
      mayRepeat: plan.strikes.some(({ fault }) => fault === 'twisted-events'),
      weather,
      metrics,
      crashed: (point, mode) => {
        seen.point(`${point} ${mode}`)
        journal.tell(`${name} dies: ${point}, ${mode}`)
      },
      said: (text) => {
        journal.note(`${name} says ${text.length}`)
        for (const { id, said } of invariants) {
          const problem = said?.(text, scene)
          if (problem !== undefined) violate(id, problem)
        }
      },
      sent: (cause, about) => {
        for (const { id, sent } of invariants) {
          const problem = sent?.(cause, about, scene)
          if (problem !== undefined) violate(id, problem)
        }
      },
      answered: (cause, about, status, revision) => {
        journal.note(`${cause.actor} ${cause.method} ${about.plural} ${status}`)
        if (status < 300 && about.shelf !== undefined && about.name !== undefined)
          memory.own(cause.actor, about.shelf, `default/${about.name}`, revision)
      },
    }),
  )
  const client = cluster.person('user')
  const look = (): boolean => {
    traffic.look()
    return violation !== undefined
  }
  const world: World = {
    plan,
    cluster,
    instances,
    people,
    monkey,
    weather,
    traffic,
    journal,
    scene,
    coverage: seen,
    client,
    violation: () => violation,
    violate,
    look,
    ownWrites: () => ownWrites,
    changes: () => changes,
    struck,
    imageOf: memory.imageOf,
  }
  await inTime(cluster.time, setTheStage(world))
  return world
}

/** Where the server takes no time, writes that go round in circles do so at one instant. */
const mostAtOnce = 400

/** Told of every write; true once there are too many of instances at an instant. */
function circlesSeen(): (write: Write) => boolean {
  let [instant, count] = [-1, 0]
  return ({ at, cause }) => {
    if (!cause.ours) return false
    count = at === instant ? count + 1 : 1
    instant = at
    return count > mostAtOnce
  }
}

/** A law that cannot be judged is broken: here, in the simulator. */
function safely(judge: () => string | undefined): string | undefined {
  try {
    return judge()
  } catch (error) {
    return `cannot be judged: ${error instanceof Error ? error.stack : String(error)}`
  }
}

async function setTheStage({ monkey, client, scene }: World): Promise<void> {
  await monkey.bystanders()
  for (const [kind, object] of objectsOf(scene.setting)) await client.create(kind, object)
}

/** Users may go unserved where pods fail, people take them away, or somebody cuts what carries the traffic. */
function mayDrop({ deeds, strikes }: Plan, { setting }: Scene): boolean {
  const causes = ['interference', 'pods', 'user', 'odd-objects']
  return (
    strikes.some(({ fault }) => causes.includes(fault)) ||
    deeds.some(({ verb }) => verb === 'replicas' || verb === 'delete' || verb === 'recreate') ||
    setting.replicas === 0
  )
}

/** True milliseconds since the beginning at which the first version served. */
function installedAt(status: Release['status']): number {
  const done = (status?.decisions ?? []).find(({ action }) => action === 'Complete')
  return (parseInstant(done?.at) ?? 0) - Date.UTC(2026, 10, 21)
}

function narrate(journal: Journal, { cause, type, shelf, key, before, after, is }: Write): void {
  if (shelf === 'leases' || shelf === 'events') return
  const { actor } = cause
  if (shelf !== 'releases') return journal.tell(`${actor} ${type} ${shelf} ${key} ${gist(after)}`)
  const held = is.releases.get(key)
  const [was, now] = [stateOf(before as never), stateOf(held)]
  const { status, metadata } = held ?? {}
  const reason = status?.reason
  journal.tell(
    `${actor} ${type} ${key} gen ${metadata?.generation} ${was === now ? now : `${was} → ${now}`}: step ${status?.step?.index} ${reason?.type} ${reason?.message ?? ''}`,
  )
}

function gist(object: unknown): string {
  const { spec } = (object ?? {}) as {
    spec?: { replicas?: number; selector?: object; rules?: HttpRoute['spec']['rules'] }
  }
  if (spec?.rules !== undefined)
    return spec.rules
      .map(({ backendRefs = [] }) => backendRefs.map(({ weight }) => weight).join('/'))
      .join()
  return spec?.replicas === undefined
    ? JSON.stringify(spec?.selector ?? {})
    : `${spec.replicas} pods`
}
