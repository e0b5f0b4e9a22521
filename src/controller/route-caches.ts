/**
 * Watches of routing objects. One begins when the first release asks for its kind, so that a cluster without Istio is
 * never asked for VirtualServices; a kind that the cluster does not serve holds nobody up: its objects are missing.
 */
import { type Kind, kindOf, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, ObjectRef } from '#core/k8s/meta.ts'
import type { App } from '#core/model/app.ts'
import { routers } from '#core/traffic/register.ts'
import { backoff } from '#kube/backoff.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import type { Cancel } from '#kube/ports.ts'
import { HeldObject } from './held.ts'

export type RouteCaches = {
  /** Begins to watch what the app's router reads, if nobody asked for it before. */
  readonly need: (app: App) => void
  readonly get: (ref: ObjectRef) => HeldObject | undefined
  readonly of: (kind: string, apiVersion?: string) => Cache<HeldObject> | undefined
  /** Whether the first list of anything that the app's router reads is still on its way. */
  readonly behind: (app: App) => boolean
  /** Kinds that the app's router or door needs and the cluster does not serve. */
  readonly absent: (app: App) => readonly string[]
  /** The app with the version in which its routing objects are served, where there are several. */
  readonly versioned: (app: App) => App
  /** Told of each change, and with an empty key when a kind has been listed for the first time. */
  readonly subscribe: (listener: (kind: string, key: string) => void) => void
  readonly all: () => readonly Cache<HeldObject>[]
  readonly stop: () => Promise<void>
}

/** Which group has several versions, the one that we like best first, and the definition that shows that it came. */
const several = {
  group: 'networking.istio.io',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
  definition: 'virtualservices.networking.istio.io',
} as const

type Watched = { readonly kind: Kind; cache: Cache<HeldObject> | undefined }

export function routeCaches(cluster: Cluster, scope: { readonly namespace?: string }): RouteCaches {
  const watched = new Map<string, Watched>()
  const listeners: ((kind: string, key: string) => void)[] = []
  const tell = (kind: string, key: string): void => {
    for (const listener of listeners) listener(kind, key)
  }
  const istio = servedVersion(cluster, () => {
    for (const one of watched.values()) if (one.kind.group === several.group) begin(one)
    tell('', '')
  })

  const begin = (one: Watched): void => {
    if (one.cache !== undefined) return
    const isSeveral = one.kind.group === several.group
    const version = isSeveral ? istio.version() : one.kind.version
    if (version === undefined) return
    const cache = cluster.watch(
      { ...one.kind, version },
      {
        ...scope,
        project: (object) => new HeldObject(object),
      },
    )
    one.cache = cache
    cache.subscribe(({ key }) => tell(one.kind.kind, key))
    // A cache that is stopped before it has listed anything has nothing to tell.
    cache.synced().then(
      () => tell(one.kind.kind, ''),
      () => undefined,
    )
  }

  return {
    need: (app) => {
      for (const { kind: name, apiVersion } of refsOf(app)) {
        const key = keyOf(name, apiVersion)
        if (name === kinds.service.kind || watched.has(key)) continue
        const one: Watched = { kind: kindOf(name, apiVersion), cache: undefined }
        watched.set(key, one)
        if (one.kind.group === several.group) istio.ask()
        begin(one)
      }
    },
    get: ({ kind, apiVersion, namespace, name }) =>
      watched.get(keyOf(kind, apiVersion))?.cache?.get(`${namespace}/${name}`),
    of: (kind, apiVersion) =>
      apiVersion === undefined
        ? [...watched.values()].find((one) => one.kind.kind === kind)?.cache
        : watched.get(keyOf(kind, apiVersion))?.cache,
    behind: (app) =>
      refsOf(app).some(({ kind, apiVersion }) => {
        const one = watched.get(keyOf(kind, apiVersion))
        if (one === undefined) return false
        return one.cache === undefined ? !istio.isAbsent() : isComing(one.cache)
      }),
    absent: (app) => {
      const missing = refsOf(app).filter(({ kind, apiVersion }) => {
        const one = watched.get(keyOf(kind, apiVersion))
        if (one === undefined) return false
        return one.cache === undefined ? istio.isAbsent() : isUnknown(one.cache)
      })
      return [...new Set(missing.map(({ kind }) => kind))]
    },
    versioned: (app) => {
      const version = istio.version()
      const { made, traffic } = app
      if (version === undefined || (traffic.router !== 'istio' && made?.objects === undefined))
        return app
      const apiVersion = `${several.group}/${version}`
      const spoken = (object: KubeObject): KubeObject =>
        object.apiVersion.startsWith(`${several.group}/`) ? { ...object, apiVersion } : object
      const objects = made?.objects?.map(spoken)
      return {
        ...app,
        traffic: traffic.router === 'istio' ? { ...traffic, apiVersion } : traffic,
        ...(objects === undefined ? {} : { made: { ...made, objects } }),
      }
    },
    subscribe: (listener) => void listeners.push(listener),
    all: () => [...watched.values()].flatMap(({ cache }) => cache ?? []),
    stop: async () => {
      await istio.stop()
      await Promise.all([...watched.values()].map(async ({ cache }) => cache?.stop()))
    },
  }
}

/** All objects that an app's router reads, people's and ours, and those that its door wants beside them. */
export function refsOf(app: App): readonly ObjectRef[] {
  const router = routers[app.traffic.router]
  const made = (app.made?.objects ?? []).map(({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind,
    namespace: app.namespace,
    name: metadata.name,
  }))
  return router === undefined ? made : [...router.objects(app), ...router.beside(app), ...made]
}

/** Kinds of several groups may have one name, and one kind several versions. */
function keyOf(kind: string, apiVersion: string): string {
  const [group = ''] = apiVersion.split('/')
  return [group, kind].join('/')
}

function isUnknown(cache: Cache<HeldObject>): boolean {
  return !cache.isSynced() && isKube(cache.trouble()?.error, 'NotFound')
}

// What the cluster does not know, or keeps from us, will not come by waiting.
function isComing(cache: Cache<HeldObject>): boolean {
  return !cache.isSynced() && !isKube(cache.trouble()?.error, 'NotFound', 'Forbidden')
}

type Served = {
  readonly ask: () => void
  readonly version: () => string | undefined
  /** Whether the server said that it has none. */
  readonly isAbsent: () => boolean
  readonly stop: () => Promise<void>
}

/** Asks which versions are served until the server says so, and again whenever the definition changes. */
function servedVersion(cluster: Cluster, found: () => void): Served {
  let version: string | undefined
  let absent = false
  let definitions: Cache<KubeObject> | undefined
  let cancel: Cancel | undefined
  let stopped = false
  const pause = backoff(cluster.ports)
  const look = async (): Promise<void> => {
    if (version !== undefined) return
    const { status, body } = await cluster.raw({ path: `/apis/${several.group}` })
    absent = status === 404 || status === 403
    version = status === 200 ? bestOf(body) : undefined
    if (version !== undefined || absent) found()
    else if (status !== 200) again()
  }
  const tryToLook = (): void => void look().catch(again)
  // Without an answer nothing is known, and the watch of the definition may have told all it has to tell.
  const again = (): void => {
    if (stopped || cancel !== undefined) return
    cancel = cluster.ports.clock.after(pause.next(), () => {
      cancel = undefined
      tryToLook()
    })
  }
  return {
    ask: () => {
      if (definitions !== undefined) return
      definitions = cluster.watch(kinds.customResourceDefinition, {
        fieldSelector: `metadata.name=${several.definition}`,
      })
      definitions.subscribe(tryToLook)
      definitions.synced().then(tryToLook, () => undefined)
      tryToLook()
    },
    version: () => version,
    isAbsent: () => absent,
    stop: async () => {
      stopped = true
      cancel?.()
      await definitions?.stop()
    },
  }
}

function bestOf(body: string): string | undefined {
  const { versions = [] } = JSON.parse(body) as { versions?: readonly { version?: string }[] }
  const served = versions.map((one) => one.version)
  return several.versions.find((one) => served.includes(one))
}
