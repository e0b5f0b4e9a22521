/**
 * The leader's work: for each service, the records of its experiments become one Release, and what becomes of that is
 * told on the records. Every pass begins from what is there; nothing is kept between passes but caches.
 */
import type { Release } from '#core/api/release.ts'
import { canonicalJson } from '#core/hash.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import type { Log } from '#kube/log.ts'
import { lookAgainWhenBehindMs, OwnWrites } from '#kube/own-writes.ts'
import type { Clock } from '#kube/ports.ts'
import { type LookAgain, type WorkQueue, workQueue } from '#kube/work-queue.ts'
import { type Built, build } from './build.ts'
import { type Experiment, experimentKind } from './experiment.ts'
import { expired } from './expiry.ts'
import { lacksRoute, makeIngress } from './main-objects.ts'
import { isOurs, type Place, promoteAgainMs, standingOf } from './release.ts'
import { tellReverted } from './reverted.ts'
import type { Settings } from './settings.ts'
import { statusOf } from './status.ts'
import type { Variants } from './variants.ts'

export type WorkParts = {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly settings: Settings
  readonly records: Cache<Experiment>
  readonly releases: Cache<Release>
  readonly variants: Variants
  readonly log: Log
  readonly instance: string
}

export type Work = {
  /** True when nothing is due or under way. */
  readonly idle: () => boolean
  readonly stop: () => Promise<void>
}

/** What cannot be done now is tried again after so long. */
const tryAgainMs = 15_000
/** Failures are of the network mostly: soon at first, never later than this. */
const retry = { firstMs: 100, mostMs: 30_000, perSecond: 50 }

/** Changes come in bursts: a pass sees what came within this time. */
const soon = { afterMs: 20 }

/** Begins with everything that is there. `isLeader` is asked before each write. */
export function startWork(parts: WorkParts, isLeader: () => boolean): Work {
  const { records, releases, log, clock } = parts
  const own = new OwnWrites(clock)
  const queue: WorkQueue = workQueue({
    clock,
    reconcile: (key) => pass(parts, own, isLeader, key),
    onError: (key, error, retryInMs) =>
      log.warn({ service: key, error: messageOf(error), retryInMs }, 'a service is tried again'),
    retry,
  })
  const stops = [
    records.subscribe((change) => {
      const record = change.type === 'put' ? change.now : change.before
      queue.add(keyFor(record), soon)
    }),
    releases.subscribe(({ key }) => queue.add(key, soon)),
  ]
  for (const record of records.values()) queue.add(keyFor(record), { low: true })
  for (const key of releases.keys()) queue.add(key, { low: true })
  return {
    idle: queue.idle,
    stop: async () => {
      for (const stop of stops) stop()
      await queue.stop()
    },
  }
}

function keyFor({ metadata, spec }: Experiment): string {
  return `${metadata.namespace ?? 'default'}/${spec.service}`
}

async function pass(
  parts: WorkParts,
  own: OwnWrites,
  isLeader: () => boolean,
  key: string,
): Promise<LookAgain> {
  if (!isLeader()) return undefined
  if (own.behind(key)) return lookAgainWhenBehindMs
  const [namespace = '', service = ''] = key.split('/')
  const place = { namespace, service }
  const records = [...parts.records.values()].filter((record) => keyFor(record) === key)
  const release = parts.releases.get(key)
  if (
    release === undefined ? records.length === 0 : release.metadata.deletionTimestamp !== undefined
  )
    return undefined
  const built = await build(parts, place, records, release)
  const now = await deliver(parts, own, isLeader, { place, release, built })
  await tell(parts, own, isLeader, { key, records, release: now, built })
  await forget(parts, own, isLeader, key, records)
  if (Object.keys(built.problems).length > 0) return tryAgainMs
  return (now?.status?.failed ?? []).length > 0 ? promoteAgainMs : undefined
}

type Delivery = {
  readonly place: Place
  readonly release: Release | undefined
  readonly built: Built
}

/** Writes the Release where it is not so yet. */
async function deliver(
  { cluster, releases, log, instance, clock, settings }: WorkParts,
  own: OwnWrites,
  isLeader: () => boolean,
  { place, release, built }: Delivery,
): Promise<Release | undefined> {
  const { wanted } = built
  if (wanted === undefined || !isLeader()) return release
  const key = `${place.namespace}/${place.service}`
  const facts = { release: key, candidates: candidatesIn(wanted) }
  if (release === undefined) {
    const made = await cluster.create<Release>(kinds.release, wanted)
    own.wrote(key, releases, made)
    if (settings.router === 'nginx') await makeIngress(cluster, made, settings)
    log.info(facts, 'release created; its deployment, service and ingress follow')
    return made
  }
  if (settings.router === 'nginx' && lacksRoute(release))
    await makeIngress(cluster, release, settings)
  const next = laidOver(release, wanted)
  if (canonicalJson(next) === canonicalJson(release)) return release
  const changed = await cluster.replace<Release>(kinds.release, next)
  own.wrote(key, releases, changed)
  const isReverted = built.edited && canonicalJson(next.spec) !== canonicalJson(release.spec)
  if (isReverted) await tellReverted({ cluster, log, instance, now: clock.now() }, changed)
  log.info(facts, 'release updated')
  return changed
}

/** What others wrote into labels and annotations stays. */
function laidOver(release: Release, { metadata, spec }: Release): Release {
  const labels = { ...release.metadata.labels, ...metadata.labels }
  const annotations = { ...release.metadata.annotations, ...metadata.annotations }
  return { ...release, metadata: { ...release.metadata, labels, annotations }, spec }
}

function candidatesIn({ spec }: Release): readonly string[] {
  const candidates = spec.strategy.commanded?.candidates ?? []
  return candidates.map(
    ({ name, weight, promote }) => `${name}=${weight}${promote === true ? ' promoted' : ''}`,
  )
}

type Telling = {
  readonly key: string
  readonly records: readonly Experiment[]
  readonly release: Release | undefined
  readonly built: Built
}

/** Writes what became of each experiment on its record, where that changed. */
async function tell(
  { cluster, clock, log, records: cache }: WorkParts,
  own: OwnWrites,
  isLeader: () => boolean,
  { key, records, release, built }: Telling,
): Promise<void> {
  const ours = release !== undefined && isOurs(release) ? release : undefined
  const concluded = ours === undefined ? 0 : (standingOf(ours)?.concluded ?? 0)
  for (const record of records) {
    const { name } = record.metadata
    const known = {
      release: ours,
      concluded,
      refused: built.refused[name],
      problem: built.problems[name],
    }
    const status = statusOf(record, known, clock.now())
    if (canonicalJson(status) === canonicalJson(record.status) || !isLeader()) continue
    const at = { subresource: 'status' }
    const told = await cluster.replace<Experiment>(experimentKind, { ...record, status }, at)
    own.wrote(key, cache, told)
    if (status.phase === record.status?.phase && status.error === record.status.error) continue
    const facts = { experiment: `${record.metadata.namespace}/${name}`, phase: status.phase }
    if (status.error === undefined) log.info(facts, status.message)
    else log.warn(facts, status.error)
  }
}

/** Records of experiments that ended long ago go. */
async function forget(
  { cluster, clock, records: cache }: WorkParts,
  own: OwnWrites,
  isLeader: () => boolean,
  key: string,
  records: readonly Experiment[],
): Promise<void> {
  for (const record of expired(records, clock.now())) {
    if (!isLeader()) return
    const { namespace = '', name, uid } = record.metadata
    const at = { namespace, name }
    await cluster.remove(experimentKind, at, uid === undefined ? {} : { uid })
    own.removed(key, cache, record)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
