/**
 * Lives of experiments, sent as Superposition sends them: at least once, up to three retries with back-off, in any
 * order; the receiver is killed again and again, in the middle of whatever it does. In the end everything is as if every
 * event had come once and in order. In virtual time, from a seed.
 */
import { expect, test } from 'vitest'
import type { Release, ReleaseStatus } from '#core/api/release.ts'
import { canonicalJson } from '#core/hash.ts'
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { Json, KubeObject } from '#core/k8s/meta.ts'
import { headgateDoor } from '#doors/headgate/door.ts'
import { superpositionFace } from '#doors/superposition/entry.ts'
import { readEvent, type SuperpositionEvent } from '#doors/superposition/event.ts'
import { type Experiment, experimentKind } from '#doors/superposition/experiment.ts'
import { startResync } from '#doors/superposition/resync.ts'
import { plainSettings } from '#doors/superposition/settings.ts'
import { type Recorded, record } from '#doors/superposition/store.ts'
import { superpositionApi } from '#doors/superposition/superposition-api.ts'
import { variantsFrom } from '#doors/superposition/variants.ts'
import { startWork } from '#doors/superposition/work.ts'
import type { Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import { isKube, KubeError } from '#kube/errors.ts'
import type { Transport } from '#kube/http.ts'
import { silentLog } from '#kube/log.ts'
import { type Ports, sleep } from '#kube/ports.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import { type RunningApiServer, startApiServer } from '#local/api-server/start.ts'
import { established } from '#local/definitions.ts'

/** A generator of chance that begins anew with each seed. */
function chance(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) | 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
}

type Sent = { readonly body: Record<string, unknown>; readonly at: number }
type Life = { readonly workspace: string; readonly events: readonly Sent[] }

const beginning = Date.UTC(2026, 10, 21)

/** One or two experiments of a workspace, one after the other or overlapping, each with a random life. */
function lifeOf(seed: number): Life {
  const random = chance(seed)
  const below = (most: number): number => Math.floor(random() * most)
  const workspace = `shop-${seed}`
  const all: { name: string; payload: Record<string, unknown>; seconds: number }[] = []
  for (let number = 1; number <= 1 + below(2); number += 1) {
    const id = `${seed}00${number}`
    const tried = random() < 0.4 ? ['blue', 'red'] : ['blue']
    const most = Math.floor(100 / (tried.length + 1))
    let seconds = number * 100 + below(200)
    let payload: Record<string, unknown> = {
      id,
      created_at: new Date(beginning + number * 1000).toISOString(),
      variants: ['control', ...tried].map((name, index) => ({
        id: `${id}-${name}`,
        variant_type: index === 0 ? 'CONTROL' : 'EXPERIMENTAL',
      })),
      started_at: null,
      chosen_variant: null,
      traffic_percentage: 0,
      status: 'CREATED',
    }
    const say = (name: string, change: Record<string, unknown>): void => {
      seconds += 1 + below(40)
      payload = {
        ...payload,
        ...change,
        last_modified: new Date(beginning + seconds * 1000).toISOString(),
      }
      all.push({ name: `Experiment${name}`, payload, seconds })
    }
    say('Created', {})
    if (random() < 0.3) say('Updated', {})
    if (random() < 0.9) {
      say('Started', { status: 'INPROGRESS', started_at: 'then', traffic_percentage: below(26) })
      for (let ramps = below(4); ramps > 0; ramps -= 1) {
        say('Inprogress', { status: 'INPROGRESS', traffic_percentage: 1 + below(most) })
        if (random() < 0.3) say('Paused', { status: 'PAUSED' })
        if (payload['status'] === 'PAUSED') say('Inprogress', { status: 'INPROGRESS' })
      }
      if (random() < 0.7)
        say('Concluded', {
          status: 'CONCLUDED',
          chosen_variant: `${id}-${random() < 0.7 ? tried[below(tried.length)] : 'control'}`,
        })
    }
    if (payload['status'] !== 'CONCLUDED' && random() < 0.6)
      say('Discarded', { status: 'DISCARDED' })
  }
  const events = all
    .toSorted((one, other) => one.seconds - other.seconds)
    .map(({ name, payload, seconds }, index) => ({
      at: seconds * 1000,
      body: {
        event_info: {
          webhook_event: name,
          workspace_id: workspace,
          organisation_id: 'localorg',
          config_version: name.endsWith('Paused') ? null : String(index),
        },
        payload,
      },
    }))
  return { workspace, events }
}

function inNamespace({ body }: Sent, namespace: string): string {
  const payload = body['payload'] as Record<string, unknown>
  return JSON.stringify({ ...body, payload: { ...payload, context: { namespace } } })
}

/** What Superposition holds after each event: variants while their experiment runs, then the winner in the base. */
function imageAt({ events }: Life, version: number, variant: string | undefined): string {
  let base = 'base'
  const running = new Map<string, boolean>()
  for (const { body } of events.slice(0, version + 1)) {
    const payload = body['payload'] as Record<string, string>
    const isOver = payload['status'] === 'CONCLUDED' || payload['status'] === 'DISCARDED'
    running.set(payload['id'] ?? '', !isOver)
    const chosen = payload['chosen_variant']
    if (payload['status'] === 'CONCLUDED' && isTried(chosen)) base = chosen
  }
  const id = variant?.split('-')[0] ?? ''
  return isTried(variant) && running.get(id) === true ? variant : base
}

function isTried(variant: string | undefined): variant is string {
  return variant !== undefined && !variant.endsWith('-control')
}

/** The engine's word about a release, as far as the door hears it: everything is so at once. */
function asIfDone(release: Release): ReleaseStatus {
  const candidates = release.spec.strategy.commanded?.candidates ?? []
  const promoted = candidates.find(({ promote }) => promote === true)
  const stable = release.status?.stable?.revision ?? release.spec.revision ?? ''
  const seat = (revision: string, weight: number) => ({
    revision,
    replicas: 1,
    ready: 1,
    weight: { wanted: weight, confirmed: weight },
  })
  return {
    observedGeneration: release.metadata.generation ?? 0,
    phase: candidates.length === 0 || promoted !== undefined ? 'Completed' : 'Progressing',
    reason: { type: 'Completed', message: 'done', since: '2026-11-21T00:00:00Z' },
    stable: seat(promoted?.revision ?? stable, 100),
    candidates: candidates
      .filter((one) => one !== promoted)
      .map(({ name, revision = name, weight }) => ({ name, ...seat(revision, weight) })),
  }
}

type World = {
  readonly ports: Ports
  readonly advance: (ms: number) => Promise<void>
  readonly server: RunningApiServer
  readonly admin: Cluster
  readonly random: () => number
  readonly lives: readonly Life[]
}

/** The receiver as one process: killed, none of its requests is answered any more, whether it was carried out or not. */
function instance({ ports, server, lives: all }: World) {
  const inner = server.transport()
  let dead = false
  const gone = (): KubeError => new KubeError({ reason: 'Unreachable', code: 0, message: 'killed' })
  const transport: Transport = {
    ...inner,
    send: async (request, options) => {
      if (dead) throw gone()
      const answer = await inner.send(request, options)
      if (dead) throw gone()
      return answer
    },
  }
  const cluster = connectTo(transport, ports)
  const project = <T>(object: KubeObject): T => object as unknown as T
  const records = cluster.watch<Experiment>(experimentKind, { project })
  const releases = cluster.watch<Release>(kinds.release, { project })
  const settings = {
    ...plainSettings,
    url: 'http://superposition',
    router: 'gateway-api' as const,
    resyncMs: 150_000,
  }
  const byWorkspace = new Map(all.map((life) => [life.workspace, life]))
  const ask = async (
    url: string,
    options: { headers?: Readonly<Record<string, string>>; body?: string } = {},
  ) => {
    const life = byWorkspace.get(options.headers?.['x-workspace'] ?? '') as Life
    const { pathname, searchParams } = new URL(url)
    const [, id] = /^\/experiments\/(.+)$/.exec(pathname) ?? []
    if (id !== undefined) {
      const last = life.events.findLast(
        ({ body, at }) =>
          (body['payload'] as { id: string }).id === id && at <= ports.clock.now() - beginning,
      )
      const payload = (last?.body['payload'] ?? {}) as Json
      const own = { ...(payload as object), context: { namespace: 'real' } }
      return { status: last === undefined ? 404 : 200, headers: {}, body: JSON.stringify(own) }
    }
    const { context } = JSON.parse(options.body ?? '{}') as { context: { variantIds?: string[] } }
    const version = Number(searchParams.get('version') ?? life.events.length)
    const image = imageAt(life, version, context.variantIds?.[0])
    return {
      status: 200,
      headers: {},
      body: JSON.stringify({ replicas: 1, 'container.image': image }),
    }
  }
  const { clock } = ports
  const api = superpositionApi({ settings, ask, cluster, clock })
  const store = { cluster, clock, settings, records, releases, only: undefined }
  const variants = variantsFrom(api, cluster, settings)
  const parts = {
    cluster,
    clock,
    settings,
    records,
    releases,
    variants,
    log: silentLog,
    instance: 'a',
  }
  let work: { stop: () => Promise<void> }[] = []
  Promise.all([records.synced(), releases.synced()]).then(
    () => {
      work = [
        startWork(parts, () => !dead),
        startResync({ store, api, settings, clock, log: silentLog }, () => !dead),
      ]
    },
    () => undefined,
  )
  return {
    receive: async (text: string): Promise<Recorded | undefined> => {
      const event = readEvent(text) as Extract<SuperpositionEvent, { kind: 'experiment' }>
      if (dead) return undefined
      const outcome = await record(store, event)
      return dead ? undefined : outcome
    },
    kill: async (): Promise<void> => {
      dead = true
      await Promise.all(work.map((one) => one.stop()))
      await cluster.close()
    },
  }
}

async function openWorld(seed: number, lives: number): Promise<World> {
  const time = virtualClock(beginning)
  const random = chance(seed)
  let ids = 0
  const newId = (): string => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`
  const ports: Ports = { clock: time.clock, random, newId }
  const server = await startApiServer({ ports })
  const admin = connectTo(server.transport(), ports)
  const crds = [...headgateDoor.crds, ...superpositionFace.crds]
  for (const crd of crds) await admin.create(kinds.customResourceDefinition, crd)
  const ready = established(
    admin,
    crds.map(({ metadata }) => metadata.name),
  )
  await time.advance(2000)
  await ready
  for (const name of ['real', 'perfect'])
    await admin.create(kinds.namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const first = seed * 1000
  const all = Array.from({ length: lives }, (_, index) => lifeOf(first + index))
  return { ports, advance: time.advance, server, admin, random, lives: all }
}

/** Tells every release that it is done, some time after it was changed. */
function startEngine({ admin, ports, random }: World): void {
  const cache = admin.watch<Release>(kinds.release, { project: (object) => object as Release })
  cache.subscribe((change) => {
    if (
      change.type === 'gone' ||
      change.now.status?.observedGeneration === change.now.metadata.generation
    )
      return
    const { namespace = '', name } = change.now.metadata
    ports.clock.after(random() * 5000, () => {
      const now = cache.get(`${namespace}/${name}`)
      if (now === undefined) return
      admin
        .replace<Release>(
          kinds.release,
          { ...now, status: asIfDone(now) },
          { subresource: 'status' },
        )
        .catch((error: unknown) => {
          if (!isKube(error, 'Conflict')) throw error
        })
    })
  })
}

/** Superposition's side: each event is tried until it is answered, four times at most, and now and then once too often. */
async function deliver(
  { ports, random }: World,
  current: () => ReturnType<typeof instance>,
  event: Sent,
  acknowledged: (text: string) => void,
): Promise<void> {
  const text = inNamespace(event, 'real')
  await sleep(ports.clock, event.at + random() * 60_000)
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const outcome = await current().receive(text)
    const isHeard = outcome?.kind === 'recorded' || outcome?.kind === 'unchanged'
    if (isHeard) acknowledged(text)
    // An answer that is lost on its way is no answer.
    if (isHeard && random() < 0.8) return
    await sleep(ports.clock, Math.min(30_000, 1000 * 2 ** attempt))
  }
}

async function everything<T extends KubeObject>(
  world: World,
  kind: Kind,
  namespace: string,
): Promise<readonly T[]> {
  const listed = world.admin.list<T>(kind, { namespace })
  await world.advance(1)
  return (await listed).items
}

/** What counts of the records and releases of a namespace. */
async function outcomeIn(world: World, namespace: string): Promise<Map<string, unknown>> {
  const records = await everything<Experiment>(world, experimentKind, namespace)
  const releases = await everything<Release>(world, kinds.release, namespace)
  const stable = ({ spec }: Release): unknown[] => [
    // Which control came first depends on the order; what it runs does not.
    spec.revision?.endsWith('-control') === true ? 'control' : spec.revision,
    spec.template.spec.containers[0]?.image,
  ]
  return new Map<string, unknown>([
    ...records.map(({ metadata, spec, status }) => {
      // An event that was lost for good is read again, without a version.
      const { event: _event, context: _context, configVersion: _version, ...rest } = spec
      return [
        `record ${metadata.name}`,
        { ...rest, phase: status?.phase, outcome: status?.outcome, weights: status?.weights },
      ] as const
    }),
    ...releases.map((release) => {
      const candidates = release.spec.strategy.commanded?.candidates ?? []
      const told = candidates.map(({ name, weight, promote }) => ({ name, weight, promote }))
      return [`release ${release.metadata.name}`, { stable: stable(release), told }] as const
    }),
  ])
}

/** Of the events that were answered 2xx, those that the records know nothing of. */
async function forgotten(world: World, heard: readonly string[]): Promise<readonly string[]> {
  const records = await everything<Experiment>(world, experimentKind, 'real')
  const known = new Map(records.map(({ spec }) => [spec.experiment, spec.lastModified]))
  return heard.filter((text) => {
    const { payload } = JSON.parse(text) as { payload: { id: string; last_modified: string } }
    return (known.get(payload.id) ?? '').slice(0, 23) < payload.last_modified.slice(0, 23)
  })
}

/** Plays so many lives of each of these seeds. */
export function livesOf(seeds: readonly number[], lives: number): void {
  test.each(seeds)(
    'lives of seed %i end as in perfect order, and nothing that was answered is lost',
    async (seed) => {
      const world = await openWorld(seed, lives)
      startEngine(world)
      let receiver = instance(world)
      await world.advance(1000)

      const heard: string[] = []
      const running = world.lives.flatMap(({ events }) =>
        events.map((event) =>
          deliver(
            world,
            () => receiver,
            event,
            (text) => heard.push(text),
          ),
        ),
      )
      let ended = false
      void Promise.all(running).then(() => {
        ended = true
      })
      let kills = 0
      while (!ended) {
        await world.advance(5000 + world.random() * 40_000)
        const dying = receiver.kill()
        await world.advance(1 + world.random() * 2000)
        await dying
        kills += 1
        receiver = instance(world)
      }
      await world.advance(10 * 60_000)

      // In order, one after the other, and each answered before the next.
      for (const round of Array.from({ length: 30 }, (_, index) => index)) {
        const events = world.lives.flatMap((life) => life.events.slice(round, round + 1))
        if (events.length === 0) break
        const told = Promise.all(
          events.map((event) => receiver.receive(inNamespace(event, 'perfect'))),
        )
        await world.advance(15_000)
        const outcomes = (await told).filter((one) => one !== undefined)
        expect(outcomes.filter(({ kind }) => kind !== 'recorded' && kind !== 'unchanged')).toEqual(
          [],
        )
      }
      await world.advance(10 * 60_000)

      expect(await forgotten(world, heard)).toEqual([])
      const [real, perfect] = [await outcomeIn(world, 'real'), await outcomeIn(world, 'perfect')]
      const different = [...perfect].filter(
        ([key, value]) => canonicalJson(real.get(key)) !== canonicalJson(value),
      )
      const told = different.map(
        ([key, value]) =>
          `${key}: ${JSON.stringify(value)} became ${JSON.stringify(real.get(key))}`,
      )
      expect(told).toEqual([])
      expect([...real.keys()].sort()).toEqual([...perfect.keys()].sort())
      expect(kills).toBeGreaterThan(15)
      expect(heard.length).toBeGreaterThan(4 * lives)
      expect(real.size).toBeGreaterThan(lives)
    },
    300_000,
  )
}
