/** The liveness laws: once nothing goes wrong any more, everything comes to an end within a bound, and then is quiet. */
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { annotations } from '#core/render/names.ts'
import type { Scene } from './invariants/invariant.ts'
import { shop } from './invariants/invariant.ts'
import { readyOf } from './invariants/s3.ts'
import { trialOf } from './record.ts'
import { stateOf } from './states.ts'
import type { World } from './world.ts'

export type Fault = { readonly id: string; readonly what: string }

/** Virtual time in which a healed cluster settles: pauses, the progress deadline, and watches that notice they are dead. */
export const settleWithinMs = 420_000
const farewellWithinMs = 200_000
/** Longer than a request is waited for, and than a dead watch goes unnoticed. */
const quietMs = 62_000
const quietWithinMs = 200_000
/** What may be looked at again in that time though nothing happens. */
const passesWhenQuiet = 8

/** Undefined when all of them hold. */
export async function checkLiveness(world: World): Promise<Fault | undefined> {
  return (
    (await staysPaused(world)) ??
    (await settles(world)) ??
    (await isQuiet(world)) ??
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
      if (state === 'approving') world.people.command('promote')
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
  if (!/its template with it; ask for it again/.test(status?.reason?.message ?? '')) return
  const image = world.imageOf(status?.stable?.revision ?? '')
  if (image !== undefined) world.people.ask(image)
}

function release({ cluster }: World): Release | undefined {
  return cluster.truth().releases.get(shop)
}

/** What is not as it should be in the end. */
export function unsettled({
  cluster,
  scene,
}: Pick<World, 'cluster' | 'scene'>): string | undefined {
  const truth = cluster.truth()
  for (const { metadata } of truth.releases.values()) {
    if (metadata.deletionTimestamp !== undefined) return `${metadata.name} is still being deleted`
  }
  const held = truth.releases.get(shop)
  if (held === undefined) return undefined
  const { status, metadata, spec } = held
  if (isStalled(held)) return undefined
  const why = `${status?.phase} (${status?.reason?.type}: ${status?.reason?.message})`
  if (status?.phase !== 'Completed' && status?.phase !== 'Failed') return `it is ${why}`
  if (trialOf(held) !== undefined) return `a trial is under way: ${why}`
  if (status.observedGeneration !== metadata.generation) return `the spec is not observed: ${why}`
  if (metadata.annotations?.[annotations.action] !== undefined) return 'a command still stands'
  return misrouted(scene, truth, status.stable?.revision ?? '', spec.replicas ?? 1)
}

/** A first version whose pods never become ready: there is nothing to go back to, so it is told and waited for. */
function isStalled({ status, spec }: Release): boolean {
  const image = spec.template.spec.containers[0]?.image ?? ''
  const told = (status?.conditions ?? []).some(
    ({ type, status: value }) => type === 'Stalled' && value === 'True',
  )
  return told && image.includes('neverready') && (status?.stable?.revision ?? '') === ''
}

function misrouted(
  { story, setting }: Scene,
  truth: Parameters<Scene['story']['backends']>[0],
  stable: string,
  replicas: number,
): string | undefined {
  for (const { role, service, weight } of story.backends(truth, setting)) {
    if (weight !== (role === 'stable' ? 100 : 0)) return `${role} has ${weight} %`
    if (role === 'stable' && story.selected(truth, service) !== stable)
      return `${service} selects ${story.selected(truth, service)}, not ${stable}`
  }
  const ready = readyOf(truth, stable)
  return ready >= replicas ? undefined : `stable ${stable} has ${ready} of ${replicas} ready pods`
}

/** L4: after a while nothing is written any more, and hardly anything looked at. Requests given up may take that while. */
async function isQuiet(world: World): Promise<Fault | undefined> {
  const { cluster, instances } = world
  const { clock } = cluster.time
  let [writes, passes, since] = [world.ownWrites(), passesOf(instances), clock.monotonic()]
  const quiet = (): boolean => {
    if (world.look()) return true
    const now = clock.monotonic()
    if (world.ownWrites() !== writes)
      [writes, passes, since] = [world.ownWrites(), passesOf(instances), now]
    return now - since >= quietMs
  }
  if (!(await cluster.time.advanceUntil(quiet, quietWithinMs)))
    return { id: 'L4', what: 'writes go on although nothing happens' }
  const looks = passesOf(instances) - passes
  if (looks > passesWhenQuiet) return { id: 'L4', what: `${looks} passes although nothing happens` }
  return undefined
}

function passesOf(instances: World['instances']): number {
  return instances.reduce((sum, { passes }) => sum + passes(), 0)
}

/** L6: a deletion ends, though what it would give back is gone. */
async function ends(world: World): Promise<Fault | undefined> {
  const { cluster, client, journal } = world
  if (release(world) === undefined) return undefined
  journal.tell('L6: the route is deleted, then the release')
  await client
    .remove(kinds.httpRoute, { namespace: 'default', name: 'shop' })
    .catch(() => undefined)
  await client.remove(kinds.release, { namespace: 'default', name: 'shop' }).catch(() => undefined)
  const gone = (): boolean => world.look() || release(world) === undefined
  if (await cluster.time.advanceUntil(gone, farewellWithinMs)) return undefined
  return {
    id: 'L6',
    what: `the release is still there: ${JSON.stringify(release(world)?.status?.reason)}`,
  }
}
