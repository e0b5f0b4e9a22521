/** The liveness laws: once nothing goes wrong any more, everything comes to an end within a bound, and then is quiet. */
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { annotations, labels } from '#core/render/names.ts'
import type { Scene } from './invariants/invariant.ts'
import { shop } from './invariants/invariant.ts'
import { matchRules } from './match-rules.ts'
import { isRoute, objectsOf } from './objects.ts'
import type { FaultKind } from './plan.ts'
import { trialOf } from './record.ts'
import { stateOf } from './states.ts'
import type { Pod, Truth } from './truth.ts'
import { backends, isReady, selected, workloadsIn } from './view.ts'
import type { World } from './world.ts'

export type Fault = { readonly id: string; readonly what: string }

/** Virtual time in which a healed cluster settles: pauses, the progress deadline, and watches that notice they are dead. */
const settleWithinMs = 420_000
const farewellWithinMs = 200_000
/** Longer than a request is waited for, and than a dead watch goes unnoticed; for one seed in so many. */
const quietMs = 62_000
const longQuietEvery = 8
/** Enough for everything that goes round in circles. */
const shortQuietMs = 12_000
const quietWithinMs = 200_000
/** So often something may be looked at again in that time though nothing happens. */
const passesWhenQuiet = 4

/** Undefined when all of them hold. */
export async function checkLiveness(world: World): Promise<Fault | undefined> {
  return (
    (await staysPaused(world)) ??
    (await settles(world)) ??
    givenUp(world) ??
    (await isQuiet(world)) ??
    lost(world) ??
    (world.plan.farewell ? await ends(world) : undefined)
  )
}

/** L3: an open pause survives restarts, and ends when somebody promotes. */
async function staysPaused(world: World): Promise<Fault | undefined> {
  const { cluster, journal } = world
  const asked = release(world)?.metadata.annotations?.[annotations.action]
  if (stateOf(release(world)) !== 'approving' || asked !== undefined) return undefined
  const step = trialOf(release(world))?.step
  journal.tell('L3: all instances restart in an open pause')
  for (const instance of world.instances) instance.crash()
  await cluster.time.advanceUntil(world.look, 20_000)
  const now = release(world)
  const trial = trialOf(now)
  const left = trial !== undefined && trial.step !== step
  return left && stateOf(now) !== 'retreating'
    ? { id: 'L3', what: 'an open pause ended by a restart' }
    : undefined
}

/** L1, L2, L5: all that was asked for is so, or is told to have failed. */
async function settles(world: World): Promise<Fault | undefined> {
  const { cluster } = world
  let answeredAt = -10_000
  let leadingSince = cluster.time.clock.monotonic()
  const done = (): boolean => {
    if (world.look()) return true
    const now = cluster.time.clock.monotonic()
    if (now - answeredAt > 5000) {
      answeredAt = now
      const state = stateOf(release(world))
      if (state === 'approving') world.people.goOn()
      if (state === 'held') world.people.command('resume')
      followAdvice(world)
    }
    if (!world.instances.some(({ isLeading }) => isLeading())) leadingSince = now
    return now - leadingSince >= 2000 && unsettled(world) === undefined
  }
  if (await cluster.time.advanceUntil(done, settleWithinMs)) return undefined
  return {
    id: 'L2',
    what: `${settleWithinMs / 1000} s after all faults healed ${unsettled(world)}`,
  }
}

/** A workload that somebody deleted took its template along; only people know it, and they are told to ask for it. */
function followAdvice(world: World): void {
  const { status } = release(world) ?? {}
  if (status?.reason?.type === 'ServiceTooWide') return world.people.tellApart()
  if (!/its template with it; ask for it again/.test(status?.reason?.message ?? '')) return
  const image = world.imageOf(status?.stable?.revision ?? '')
  if (image !== undefined) world.people.ask(image)
}

function release({ cluster }: World): Release | undefined {
  return cluster.truth().releases.get(shop)
}

/** What is not as it should be in the end. */
function unsettled({ cluster, scene }: Pick<World, 'cluster' | 'scene'>): string | undefined {
  const truth = cluster.truth()
  for (const { metadata } of truth.releases.values()) {
    if (metadata.deletionTimestamp !== undefined) return `${metadata.name} is still being deleted`
  }
  const held = truth.releases.get(shop)
  if (held === undefined) return undefined
  const { status, metadata, spec } = held
  if (isStalled(held, truth)) return undefined
  const why = `${status?.phase} (${status?.reason?.type}: ${status?.reason?.message})`
  if (!['Completed', 'Failed', 'Concluded'].includes(status?.phase ?? '') || status === undefined)
    return `it is ${why}`
  if (trialOf(held) !== undefined) return `a trial is under way: ${why}`
  if (status.observedGeneration !== metadata.generation) return `the spec is not observed: ${why}`
  if (metadata.annotations?.[annotations.action] !== undefined) return 'a command still stands'
  const at = {
    stable: status.stable?.revision ?? '',
    seat: status.seat ?? 'stable',
    previous: status.previous?.revision,
  }
  return misrouted(scene, truth, at, spec.replicas ?? scene.setting.replicas)
}

/** A first version whose pods never become ready: there is nothing to go back to, so it is told and waited for. */
function isStalled({ status, spec }: Release, truth: Truth): boolean {
  const { template } =
    spec.workloadRef === undefined ? spec : (truth.deployments.get(shop)?.spec ?? spec)
  const image = template?.spec.containers[0]?.image ?? ''
  const told = (status?.conditions ?? []).some(
    ({ type, status: value }) => type === 'Stalled' && value === 'True',
  )
  return told && image.includes('neverready') && (status?.stable?.revision ?? '') === ''
}

/** The revision that objects of others claim to be of; see monkey.ts. */
const strangers = '0000000000'

function misrouted(
  scene: Scene,
  truth: Truth,
  { stable, seat, previous }: { stable: string; seat: string; previous: string | undefined },
  replicas: number,
): string | undefined {
  for (const { role, service, weight } of backends(truth, scene)) {
    if (weight !== (role === seat ? 100 : 0)) return `${role} has ${weight} %`
    const own = selected(truth, service, scene)
    if (role === seat && own !== undefined && own !== stable)
      return `${service} selects ${own}, not ${stable}`
  }
  const [rule] = matchRules(truth, scene.setting.router)
  if (rule !== undefined) return `a rule still sends to ${rule.service}`
  const pods = [...truth.pods.values()].filter(isReady)
  const revisionOf = ({ metadata }: Pod): string | undefined => metadata.labels?.[labels.revision]
  const ready = pods.filter((pod) => revisionOf(pod) === stable).length
  if (ready < replicas) return `stable ${stable} has ${ready} of ${replicas} ready pods`
  const left = workloadsIn(truth).find(
    (held) =>
      held.metadata.labels?.[labels.release] === 'shop' &&
      !isLetGo(held) &&
      ![stable, previous, strangers].includes(held.metadata.labels[labels.revision]) &&
      (held.spec.replicas ?? 1) > 0,
  )
  return left === undefined ? undefined : `${left.metadata.name} still has pods`
}

/** A Deployment that somebody deleted without its pods leaves a ReplicaSet behind that is nobody's. */
function isLetGo({ metadata }: KubeObject): boolean {
  const isOfDeployment = metadata.labels?.['pod-template-hash'] !== undefined
  return isOfDeployment && (metadata.ownerReferences ?? []).length === 0
}

/** Faults that end by themselves well before a progress deadline does. */
const brief: readonly FaultKind[] = [
  'conflict',
  'malformed',
  'stale',
  'slow',
  'timed-out',
  'outage',
  'restart',
  'sigterm',
  'compaction',
  'gone',
  'odd-objects',
]

/** L2: a version that is well is not given up because nothing moves. */
function givenUp(world: World): Fault | undefined {
  const { strikes, deeds, isBad, setting } = world.plan
  const isPlain =
    !isBad &&
    setting.images[1] === 'shop:v2' &&
    strikes.every(({ fault }) => brief.includes(fault)) &&
    deeds.every(({ verb, value }) => verb === 'go-on' || (verb === 'image' && value === 1))
  if (!isPlain) return undefined
  const { phase, reason } = release(world)?.status ?? {}
  if (phase !== 'Failed' || reason?.type !== 'ProgressDeadlineExceeded') return undefined
  return {
    id: 'L2',
    what: `a version that is well is given up (${reason.type}: ${reason.message})`,
  }
}

/**
 * L4: there comes a while in which nothing changes any more, and hardly anything is looked at. Requests given up and
 * watches that died unheard may take their time before that; what goes round in circles never gets there.
 */
async function isQuiet(world: World): Promise<Fault | undefined> {
  const { cluster, instances, plan } = world
  const { clock } = cluster.time
  const enoughMs = plan.seed % longQuietEvery === 0 ? quietMs : shortQuietMs
  let [changes, passes, since] = [world.changes(), passesOf(instances), clock.monotonic()]
  const quiet = (): boolean => {
    if (world.look()) return true
    const looks = passesOf(instances) - passes
    if (world.changes() !== changes || looks > passesWhenQuiet)
      [changes, passes, since] = [world.changes(), passesOf(instances), clock.monotonic()]
    return clock.monotonic() - since >= enoughMs
  }
  if (await cluster.time.advanceUntil(quiet, quietWithinMs)) return undefined
  return { id: 'L4', what: 'changes or passes go on although nothing happens' }
}

/** L6: whoever deletes a release without its pods keeps them. */
function lost(world: World): Fault | undefined {
  if (!world.plan.deeds.some(({ verb }) => verb === 'leave')) return undefined
  if (release(world) !== undefined) return undefined
  const kept = workloadsIn(world.cluster.truth()).some(
    ({ metadata, spec }) =>
      metadata.labels?.[labels.release] === 'shop' && (spec.replicas ?? 1) > 0,
  )
  return kept
    ? undefined
    : { id: 'L6', what: 'the pods went with the release that was to leave them' }
}

function passesOf(instances: World['instances']): number {
  return instances.reduce((sum, { passes }) => sum + passes(), 0)
}

/** L6: a deletion ends, though what it would give back is gone. */
async function ends(world: World): Promise<Fault | undefined> {
  const { cluster, client, journal } = world
  if (release(world) === undefined) return undefined
  journal.tell('L6: the route is deleted, then the release')
  for (const [kind, { metadata }] of objectsOf(world.plan.setting)) {
    if (isRoute(kind.kind))
      await client
        .remove(kind, { namespace: 'default', name: metadata.name })
        .catch(() => undefined)
  }
  await client.remove(kinds.release, { namespace: 'default', name: 'shop' }).catch(() => undefined)
  const gone = (): boolean => world.look() || release(world) === undefined
  if (await cluster.time.advanceUntil(gone, farewellWithinMs)) return undefined
  return {
    id: 'L6',
    what: `the release is still there: ${JSON.stringify(release(world)?.status?.reason)}`,
  }
}
