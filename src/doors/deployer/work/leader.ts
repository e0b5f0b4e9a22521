/** The leader's work: a queue of applications, woken by what changes of their records, Releases, pods and endpoints. */
import type { Release } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache } from '#kube/cluster.ts'
import { OwnWrites } from '#kube/own-writes.ts'
import { workQueue } from '#kube/work-queue.ts'
import type { Ground } from '../../face.ts'
import { environmentFor } from '../environment/environment.ts'
import { type EtcdClient, etcdClient } from '../environment/etcd.ts'
import { logWriter } from '../log-writer.ts'
import { doorSelector } from '../names.ts'
import type { Records } from '../records.ts'
import type { Settings } from '../settings.ts'
import { appIndex } from './app-index.ts'
import { heldPod } from './pods.ts'
import { reconcile } from './reconcile.ts'
import type { Slice, Work } from './work.ts'

export type Leading = { readonly stop: () => Promise<void> }

type Given = {
  readonly records: Records
  readonly settings: Settings
  readonly isLeader: () => boolean
}

/** Begins the work as soon as all caches are filled; nothing is done before. */
export function startLeading(ground: Ground, given: Given): Leading {
  const caches = watched(ground, given.settings)
  const all: readonly Cache<unknown>[] = Object.values(caches).filter((one) => one !== undefined)
  let isStopped = false
  const begun = begin(ground, given, caches, () => isStopped).catch((error: unknown) => {
    if (!isStopped) ground.log.error({ error: String(error) }, 'the deployer cannot begin its work')
    return undefined
  })
  return {
    stop: async () => {
      isStopped = true
      // Those who wait for a first list hear that there will be none.
      const stopped = Promise.all(all.map((cache) => cache.stop()))
      await (await begun)?.()
      await stopped
    },
  }
}

/** What ends it again. */
async function begin(
  ground: Ground,
  { records, settings, isLeader }: Given,
  caches: Caches,
  isStopped: () => boolean,
): Promise<() => Promise<void>> {
  const { cluster, clock, log } = ground
  const filled = Object.values(caches).filter((one) => one !== undefined)
  await Promise.all([records.deployments, ...filled].map((cache) => cache.synced()))
  const etcd = await etcdOf(settings)
  const work: Work = {
    ...ground,
    ...caches,
    settings,
    records,
    apps: appIndex(records.deployments),
    writer: logWriter(cluster, clock),
    environment: (namespace) => environmentFor({ cluster, etcd }, settings.environment, namespace),
    own: new OwnWrites(clock),
    isLeader: () => isLeader() && !isStopped(),
    notes: new Map(),
    tidied: new Map(),
    takenBack: new Map(),
  }
  const queue = workQueue({
    clock,
    reconcile: (key) => reconcile(work, key),
    onError: (key, error, retryInMs, times) =>
      log.warn({ app: key, error: String(error), retryInMs, times }, 'a deployment is tried again'),
  })
  const ends = wakeOnChange(work, (key) => queue.add(key))
  for (const key of work.apps.keys()) queue.add(key, { low: true })
  return async () => {
    for (const end of ends) end()
    await queue.stop()
    work.apps.stop()
    await etcd?.close()
  }
}

type Caches = Pick<Work, 'releases' | 'pods' | 'slices' | 'routes'>

function watched({ cluster, namespace }: Ground, { front }: Settings): Caches {
  const ours = {
    labelSelector: doorSelector,
    ...(namespace === undefined ? {} : { namespace }),
  }
  return {
    releases: cluster.watch<Release>(kinds.release, {
      ...ours,
      project: (object) => object as Release,
    }),
    pods: cluster.watch(kinds.pod, { ...ours, project: heldPod }),
    slices: cluster.watch<Slice>(kinds.endpointSlice, {
      ...ours,
      project: (object) => object as Slice,
    }),
    routes:
      front.provider === 'nginx'
        ? undefined
        : cluster.watch<HttpRoute>(kinds.httpRoute, {
            ...ours,
            project: (object) => object as HttpRoute,
          }),
  }
}

function wakeOnChange(work: Work, wake: (key: string) => void): readonly (() => void)[] {
  const byName = (cache: Cache<KubeObject> | undefined): readonly (() => void)[] =>
    cache === undefined ? [] : [cache.subscribe(({ key }) => wake(key))]
  return [
    work.records.deployments.subscribe((change) => {
      const { metadata, appName } = change.type === 'put' ? change.now : change.before
      wake(`${metadata.namespace}/${appName}`)
    }),
    work.pods.subscribe((change) => {
      const { metadata, app } = change.type === 'put' ? change.now : change.before
      wake(`${metadata.namespace}/${app}`)
    }),
    work.slices.subscribe((change) => {
      const { metadata } = change.type === 'put' ? change.now : change.before
      const app = metadata.labels?.['app']
      if (app !== undefined) wake(`${metadata.namespace}/${app}`)
    }),
    ...byName(work.releases),
    ...byName(work.routes),
  ]
}

async function etcdOf({ environment }: Settings): Promise<EtcdClient | undefined> {
  return environment.etcd === undefined ? undefined : etcdClient(environment.etcd)
}
