/** The Superposition door at work: its listener, its records, and while this process leads, its releases. */
import { readFileSync } from 'node:fs'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { listen } from '#http/listen.ts'
import { type SignIn, secretSignIn } from '#http/sign-in.ts'
import { serviceIn } from '#kube/address-guard.ts'
import type { Cache } from '#kube/cluster.ts'
import { reachThrough } from '#kube/reach.ts'
import { sendDirect } from '#kube/transport.ts'
import type { Ground, RunningFace } from '../face.ts'
import { noteConfig } from './config-event.ts'
import type { SuperpositionEvent } from './event.ts'
import { type Experiment, experimentKind } from './experiment.ts'
import { eventServer } from './listener.ts'
import { doorLabel, doorName } from './names.ts'
import { startResync } from './resync.ts'
import { type Auth, authOf, hostFor, type Settings, settingsOf } from './settings.ts'
import { type Recorded, record, type StoreParts } from './store.ts'
import { superpositionApi } from './superposition-api.ts'
import { variantsFrom } from './variants.ts'
import { startWork, type Work } from './work.ts'

/** Starts listening and watching. @throws Error when an option makes no sense, or the address cannot be had. */
export async function start(ground: Ground): Promise<RunningFace> {
  const settings = settingsOf(ground)
  const auth = authOf(ground)
  const { host, why } = hostFor(auth, ground.address.host)
  if (why !== undefined) ground.log.warn({ asked: ground.address.host }, why)
  const { cluster, clock, log } = ground
  const within = ground.namespace === undefined ? {} : { namespace: ground.namespace }
  const records = cluster.watch<Experiment>(experimentKind, {
    ...within,
    project: (object) => object as Experiment,
  })
  const releases = cluster.watch<Release>(kinds.release, {
    ...within,
    project: (object) => object as Release,
  })
  const store: StoreParts = { cluster, clock, settings, records, releases, only: ground.namespace }
  const server = eventServer({
    signIn: signInBy(auth),
    isLoopbackOnly: auth.kind === 'loopback',
    record: (event) => taken(store, event),
    clock,
    log,
  })
  const listening = await listen(server, { ...ground.address, host }, clock)
  const led = leading(ground, settings, store, { records, releases })
  return {
    port: listening.port,
    // Events are written down whatever is watched so far.
    isReady: () => true,
    lead: led.lead,
    standBy: led.standBy,
    stop: async () => {
      await led.standBy()
      await listening.stop()
      await Promise.all([records.stop(), releases.stop()])
    },
  }
}

function taken(
  store: StoreParts,
  event: Exclude<SuperpositionEvent, { kind: 'ignored' }>,
): Promise<Recorded> {
  return event.kind === 'config' ? noteConfig(store, event) : record(store, event)
}

type Caches = { readonly records: Cache<Experiment>; readonly releases: Cache<Release> }

/** The work that only the leader does; it begins once the caches are filled. */
function leading(
  ground: Ground,
  settings: Settings,
  store: StoreParts,
  { records, releases }: Caches,
): Pick<RunningFace, 'lead' | 'standBy'> {
  const { cluster, clock, log, instance } = ground
  const api = superpositionApi({ settings, ask: askFor(ground, settings), cluster, clock })
  const variants = variantsFrom(api, cluster, settings)
  const parts = {
    cluster,
    clock,
    settings,
    records,
    releases: ofDoor(releases),
    variants,
    log,
    instance,
  }
  let term = 0
  let stops: (() => Promise<void>)[] = []
  return {
    lead: (isLeader) => {
      term += 1
      const own = term
      const begin = (): void => {
        if (own !== term) return
        const work: Work = startWork(parts, isLeader)
        const resync = startResync({ store, api, settings, clock, log }, isLeader)
        stops = [work.stop, resync.stop]
      }
      Promise.all([records.synced(), releases.synced()]).then(begin, () => undefined)
    },
    standBy: async () => {
      term += 1
      const ending = stops
      stops = []
      await Promise.all(ending.map((stop) => stop()))
    },
  }
}

/** Releases of other doors wake nobody here; that one has the name of a service is still seen. */
function ofDoor(releases: Cache<Release>): Cache<Release> {
  return {
    ...releases,
    subscribe: (listener) =>
      releases.subscribe((change) => {
        const object = change.type === 'put' ? change.now : change.before
        if (object.metadata.labels?.[doorLabel] === doorName) listener(change)
      }),
  }
}

/** Secrets of files, a line each, read anew for every request so that they can be exchanged. */
function signInBy(auth: Auth): SignIn | undefined {
  if (auth.kind !== 'secret') return undefined
  const secrets = (): readonly string[] =>
    auth.files.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((line) => line.trim()),
    )
  // A file that is missing from the start should not be found out by the first event.
  secrets()
  return secretSignIn(secrets, auth.header)
}

/**
 * Superposition's address is the administrator's word, unlike those that stand in resources: it may be anywhere. Only a
 * Service that we cannot reach from here goes through the API server.
 */
function askFor(ground: Ground, { url }: Settings): Ground['reach']['url'] {
  if (url === undefined) return ground.reach.url
  const { hostname } = new URL(url)
  if (ground.reach.way === 'proxy' && serviceIn(hostname) !== undefined) return ground.reach.url
  const rules = { allow: [hostname.replace(/^\[|\]$/g, '')], loopback: true, apiServer: [] }
  const { cluster } = ground
  return reachThrough({ cluster, way: 'direct', rules, direct: sendDirect }).url
}
