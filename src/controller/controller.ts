/** The controller: watches name keys, the queue orders them, each pass decides one release. */
import type { Decision } from '#core/decision.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Observed } from '#core/observed.ts'
import { labels } from '#core/render/names.ts'
import type { Door, Meter } from '#doors/door.ts'
import type { Cache, Change, Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import type { Log } from '#kube/log.ts'
import type { Clock } from '#kube/ports.ts'
import { type WorkQueue, workQueue } from '#kube/work-queue.ts'
import { Outdated } from './apply.ts'
import type { Ask } from './ask.ts'
import { nothingSpent } from './budget.ts'
import { type Caches, watchAll } from './caches.ts'
import { besideOf, type Claims, claimOf, emptyClaims } from './claims.ts'
import type { DecisionLog } from './decision-log.ts'
import type { HeldObject, WorkloadHeld } from './held.ts'
import { indexOf } from './indexes.ts'
import { kubernetesSink } from './outbox/kubernetes.ts'
import { outbox } from './outbox/outbox.ts'
import type { Sink } from './outbox/sink.ts'
import { readSafely, withLeaving } from './readings.ts'
import { reconcile, type Shell } from './reconcile.ts'
import { type References, references } from './references.ts'
import { emptyState, type KeyState } from './state.ts'
import type { Telemetry } from './telemetry.ts'
import { noteInSpan, spanned } from './traces.ts'

export type ControllerOptions = {
  readonly cluster: Cluster
  readonly doors: readonly Door[]
  /** Time as releases know it; it may run faster than the world that the connection lives in. */
  readonly clock: Clock
  /** Only this namespace; all where left out. */
  readonly namespace?: string
  readonly ask: Ask
  readonly log: Log
  readonly telemetry: Telemetry
  readonly decisionLog?: DecisionLog
  /** Who we are, in Events. */
  readonly instance: string
  /** Where transitions are told. Default: Kubernetes Events. */
  readonly sinks?: readonly Sink[]
  /** Whether a door's releases may be acted on at all, now that this process leads. Default: yes. */
  readonly mayAct?: (door: Door) => boolean
  /** Releases worked on at the same time. Default 16. */
  readonly workers?: number
}

export type Controller = {
  /** Resolves once all that is needed has been listed. */
  readonly synced: () => Promise<void>
  readonly isSynced: () => boolean
  /** Resolves once the cluster serves a door's resource. Rejects only when the controller stops before. */
  readonly opened: (door: Door) => Promise<void>
  /** Looks at all releases of a door again: it may be acted on from now on. */
  readonly wake: (door: Door) => void
  /** Begins to act; before that, it only watches. */
  readonly lead: (mayWrite: () => boolean) => void
  /** Stops acting and awaits what is under way; goes on watching. */
  readonly standBy: () => Promise<void>
  readonly stop: () => Promise<void>
}

type Entry = { readonly door: Door; readonly objectKey: string; readonly state: KeyState }

export function startController(options: ControllerOptions): Controller {
  const { cluster, doors, telemetry } = options
  const caches = watchAll(cluster, doors, options.namespace)
  const meters = new Map(doors.map((door) => [door, door.meter?.(telemetry.registry)] as const))
  const claims = emptyClaims()
  const index = indexOf(caches)
  const entries = new Map<string, Entry>()
  let queue: WorkQueue | undefined
  const again = (key: string): void => queue?.add(key)

  const claim = (key: string, door: Door, object: KubeObject): void => {
    const result = readSafely(door, object, named.get)
    const before = claims.held(key)
    const app = result.kind === 'app' ? result.app : undefined
    claims.set(key, app && withLeaving(door, object, app, named.get))
    if (result.kind === 'app') caches.routes.need(result.app)
    for (const other of claims.sharing(key, before)) again(other)
  }
  const scope = options.namespace === undefined ? {} : { namespace: options.namespace }
  const named = references(cluster, scope, (key) => {
    const entry = entries.get(key)
    const held =
      entry === undefined ? undefined : caches.doors.get(entry.door)?.get(entry.objectKey)
    if (entry !== undefined && held !== undefined) claim(key, entry.door, held.read())
    again(key)
  })

  const note = (door: Door, change: Change<HeldObject>): void => {
    // Joined, not added up: a sum of texts is kept with its parts.
    const key = [door.name, change.key].join('/')
    if (change.type === 'gone') {
      entries.delete(key)
      const before = claims.held(key)
      claims.set(key, undefined)
      for (const other of claims.sharing(key, before)) again(other)
      named.set(key, [])
      queue?.drop(key)
      telemetry.forgotten(nameOf(door, change.key))
      meters.get(door)?.forgotten(change.key)
      return
    }
    const sameObject = change.before?.uid === change.now.uid
    const known = sameObject ? entries.get(key) : undefined
    const entry = known ?? { door, objectKey: change.key, state: emptyState() }
    entries.set(key, entry)
    if (change.before?.generation !== change.now.generation) {
      entry.state.refusals.clear()
      entry.state.spent = nothingSpent
      const object = change.now.read()
      named.set(key, door.related?.(object) ?? [])
      claim(key, door, object)
    }
    again(key)
  }
  for (const [door, cache] of caches.doors) cache.subscribe((change) => note(door, change))
  wakeOnChange(caches, claims, entries, again)

  const letters = outbox({
    sinks: options.sinks ?? [kubernetesSink(cluster, options.instance)],
    ports: cluster.ports,
    now: options.clock.now,
    again,
    log: options.log,
    telemetry,
  })

  const shell = (mayWrite: () => boolean): Shell => ({
    caches,
    claims,
    index,
    named,
    delivery: { cluster, cacheOf: cacheFinder(caches, named), mayWrite, now: options.clock.now },
    ask: options.ask,
    now: options.clock.now,
    again,
    outbox: letters,
    slowed: (release, waitMs) =>
      options.log.warn({ release, waitMs }, 'writes too often: is somebody undoing them?'),
    decided: (key, observed, now, decision) => {
      options.decisionLog?.write(key, observed, now, decision)
      telemetry.decided(observed.app, decision)
      const { phase, reason } = decision.notebook
      noteInSpan({ 'headgate.phase': phase, 'headgate.reason': reason.type })
      telemetry.dropped(droppedBy(observed, decision))
    },
    recorded: (object, { events }) => {
      const { name: release, namespace } = object.metadata
      for (const { action, reason, message } of events)
        options.log.info({ release, namespace, action, reason }, message)
    },
  })

  const start = (mayWrite: () => boolean): WorkQueue => {
    const parts = shell(mayWrite)
    return workQueue({
      clock: options.clock,
      workers: options.workers ?? 16,
      retry,
      reconcile: (key) => {
        const entry = entries.get(key)
        const meter = entry === undefined ? undefined : meters.get(entry.door)
        if (entry === undefined || options.mayAct?.(entry.door) !== false)
          return runPass(parts, entries, key, { telemetry, meter })
        const held = caches.doors.get(entry.door)?.get(entry.objectKey)
        if (held !== undefined) meter?.pass(held.read(), 0, 'standBy')
        return Promise.resolve(undefined)
      },
      onError: (key, error, retryInMs, times) =>
        tellFailure(options, { key, error, retryInMs, times }),
    })
  }

  telemetry.queueDepth(() => queue?.depth() ?? 0)
  return {
    synced: () => synced(caches),
    isSynced: () => caches.all.every((cache) => cache.isSynced() || isAbsent(cache)),
    opened: async (door) => caches.doors.get(door)?.synced(),
    wake: (door) => {
      for (const [key, entry] of entries) if (entry.door === door) again(key)
    },
    lead: (mayWrite) => {
      letters.open(mayWrite)
      queue = start(mayWrite)
      // What happens from now on goes first; most of what exists is settled.
      for (const key of entries.keys()) queue.add(key, { low: true })
    },
    standBy: async () => {
      const ending = queue
      queue = undefined
      letters.close()
      await ending?.stop()
    },
    stop: async () => {
      letters.close()
      await queue?.stop()
      await Promise.all([
        ...caches.all.map((cache) => cache.stop()),
        caches.routes.stop(),
        named.stop(),
      ])
    },
  }
}

// Counted with the write that gives them up, as nearly as a process that may die can.
function droppedBy({ notebook }: Observed, decision: Decision): number {
  if (!decision.write) return 0
  return Math.max(0, (decision.notebook.outbox?.dropped ?? 0) - (notebook?.outbox?.dropped ?? 0))
}

/** In which cache the echo of a write is to be seen: Deployments that bear no label of ours are watched by themselves. */
function cacheFinder(caches: Caches, named: References) {
  return ({ apiVersion, kind, metadata }: KubeObject): Cache<unknown> | undefined => {
    const isOurs = metadata.labels?.[labels.release] !== undefined
    return (isOurs ? undefined : named.of(kind)) ?? caches.of(kind, apiVersion)
  }
}

function nameOf(door: Door, objectKey: string): { door: string; namespace: string; name: string } {
  const [namespace = '', name = ''] = objectKey.split('/')
  return { door: door.name, namespace, name }
}

/** Changes of what a release looks at lead to the release; their content is read in the pass, never here. */
function wakeOnChange(
  caches: Caches,
  claims: Claims,
  entries: ReadonlyMap<string, Entry>,
  again: (key: string) => void,
): void {
  const wake = (kind: string, namespace: string | undefined, name: string): void => {
    for (const key of claims.holders(claimOf(kind, namespace, name))) again(key)
  }
  caches.services.subscribe(({ key }) => wake('Service', ...split(key)))
  caches.routes.subscribe((kind, key) => {
    if (key === '') for (const one of entries.keys()) again(one)
    else wake(kind, ...split(key))
    wake(besideOf(kind), ...split(key))
  })
  caches.slices.subscribe((change) => {
    const slice = change.type === 'put' ? change.now : change.before
    wake('Service', slice.namespace, slice.service)
  })
  const wakeRelease = (change: Change<{ namespace: string; release: string }>): void => {
    const held = change.type === 'put' ? change.now : change.before
    for (const door of caches.doors.keys()) {
      const key = `${door.name}/${held.namespace}/${held.release}`
      if (entries.has(key)) again(key)
    }
  }
  for (const cache of caches.workloads) {
    cache.subscribe((change) => {
      if (change.type === 'gone') remember(caches, entries, change.before)
      wakeRelease(change)
    })
  }
  caches.members.subscribe(wakeRelease)
}

/** So many templates of each release are remembered. */
const mostRemembered = 4

/** What somebody else deletes may be needed again, and its template is nowhere else. */
function remember(caches: Caches, entries: ReadonlyMap<string, Entry>, held: WorkloadHeld): void {
  for (const door of caches.doors.keys()) {
    const state = entries.get(`${door.name}/${held.namespace}/${held.release}`)?.state
    if (state === undefined) continue
    const { revision, written, template } = held.seen()
    state.remembered.set(revision, { revision, written, template })
    const [oldest] = state.remembered.keys()
    if (state.remembered.size > mostRemembered && oldest !== undefined)
      state.remembered.delete(oldest)
  }
}

function split(key: string): [string | undefined, string] {
  const [namespace, name] = key.split('/')
  return name === undefined ? [undefined, key] : [namespace, name]
}

async function runPass(
  shell: Shell,
  entries: ReadonlyMap<string, Entry>,
  key: string,
  { telemetry, meter }: { readonly telemetry: Telemetry; readonly meter: Meter | undefined },
): Promise<number | undefined> {
  const entry = entries.get(key)
  const held =
    entry === undefined ? undefined : shell.caches.doors.get(entry.door)?.get(entry.objectKey)
  if (entry === undefined || held === undefined) return undefined
  const object = held.read()
  const startedAt = shell.delivery.cluster.ports.clock.monotonic()
  let result: 'success' | 'outdated' | 'error' = 'success'
  try {
    const pass = { key, door: entry.door, object, state: entry.state }
    const wakeAt = await spanned('headgate.pass', { 'headgate.release': key }, () =>
      reconcile(shell, pass),
    )
    return wakeAt === undefined ? undefined : wakeAt - shell.now()
  } catch (error) {
    result = error instanceof Outdated ? 'outdated' : 'error'
    throw error
  } finally {
    const seconds = (shell.delivery.cluster.ports.clock.monotonic() - startedAt) / 1000
    telemetry.pass(seconds, result)
    meter?.pass(object, seconds, result)
  }
}

/**
 * A release that waited 1000 s for its retry, as client-go would have it, would be the last to notice that
 * the server is back; and what limits all requests together is how fast the server answers.
 */
const retry = { mostMs: 30_000, perSecond: 100, burst: 1000 } as const

type Failure = {
  readonly key: string
  readonly error: unknown
  readonly retryInMs: number
  readonly times: number
}

function tellFailure({ log }: ControllerOptions, failure: Failure): void {
  const { key, error, retryInMs, times } = failure
  const message = error instanceof Error ? error.message : String(error)
  const facts = { release: key, error: message, retryInMs }
  if (error instanceof Outdated && times < 4)
    log.debug(facts, 'the cluster moved on; deciding again')
  else log.warn(facts, 'a pass failed')
}

// A kind that the cluster does not know yet is watched for, and holds nobody up: to its releases its objects are missing.
function isAbsent(cache: Cache<unknown>): boolean {
  return isKube(cache.trouble()?.error, 'NotFound')
}

async function synced(caches: Caches): Promise<void> {
  await Promise.all(caches.all.map((cache) => cache.answered()))
}
