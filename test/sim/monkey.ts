/** Somebody who means no harm, and does it: edits what is not theirs, at any instant. */
import { apiVersionOf, kinds } from '#core/k8s/kinds.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import { labels } from '#core/render/names.ts'
import type { Cluster } from './cluster.ts'
import { isByRole, isRoute, objectsOf, roleOf, workloadKind } from './objects.ts'
import type { Dice } from './random.ts'
import { reweighted } from './routes.ts'
import type { Setting } from './stories/story.ts'
import { workloadsIn } from './view.ts'

export type Monkey = {
  readonly act: (variant: number) => void
  /** Objects beside the release that nobody may touch. */
  readonly bystanders: () => Promise<void>
  readonly oddities: (variant: number) => void
  readonly leave: () => Promise<void>
}

export function monkeyOf(cluster: Cluster, setting: Setting, dice: Dice): Monkey {
  const client = cluster.person('monkey')
  const runs =
    Object.values(kinds).find(({ kind }) => kind === workloadKind(setting)) ?? kinds.replicaSet
  const routes = objectsOf(setting).filter(([{ kind }]) => isRoute(kind))
  const quietly = (doing: Promise<unknown>): void => {
    doing.catch(() => undefined)
  }
  const anyOf = <T>(shelf: ReadonlyMap<string, T>): T | undefined =>
    shelf.size === 0 ? undefined : dice.pick([...shelf.values()])
  const workload = (): Workload | undefined =>
    anyOf(
      new Map(
        workloadsIn(cluster.truth())
          .filter(({ metadata }) => labels.release in (metadata.labels ?? {}))
          .map((held) => [held.metadata.uid ?? '', held]),
      ),
    )
  const at = (object: { metadata: { namespace?: string; name: string } }) => ({
    namespace: object.metadata.namespace ?? 'default',
    name: object.metadata.name,
  })
  /** Patches one of the release's workloads, if it has any. */
  const upset = (body: object): void => {
    const held = workload()
    if (held !== undefined) quietly(client.patch(runs, at(held), 'merge', body))
  }
  const weights = (stable: number, canary: number): void => {
    for (const object of cluster.truth().routes.values()) {
      const body = reweighted(object, stable, canary)
      const [kind] = routes[0] ?? []
      if (body !== undefined && kind !== undefined)
        quietly(client.patch(kind, at(object), 'merge', body))
    }
  }
  const acts: readonly (() => void)[] = [
    () => weights(50, 50),
    // The original manifest again, as a sync would.
    () => weights(100, 0),
    () => weights(0, 100),
    () => {
      const service = anyOf(cluster.truth().services)
      const other = workload()?.metadata.labels?.[labels.revision] ?? 'none'
      if (service === undefined || service.metadata.name === 'kubernetes') return
      const changes =
        isByRole(setting) && dice.chance(0.5)
          ? { [labels.role]: null }
          : { [labels.revision]: other }
      const spec = { selector: { app: 'shop', ...changes } }
      quietly(client.patch(kinds.service, at(service), 'merge', { spec }))
    },
    () => {
      const held = workload()
      if (held !== undefined) quietly(client.remove(runs, at(held)))
    },
    () => upset({ spec: { replicas: dice.whole(0, 5) } }),
    () => upset({ metadata: { ownerReferences: null } }),
    () => {
      for (const service of cluster.truth().services.values()) {
        if (service.metadata.name === `shop-${roleOf(setting)}`)
          quietly(client.remove(kinds.service, at(service)))
      }
    },
    () => {
      const [kind, object] = routes[0] ?? []
      if (kind === undefined || object === undefined) return
      const annotations = { touched: String(dice.whole(0, 1e6)) }
      quietly(client.patch(kind, at(object), 'merge', { metadata: { annotations } }))
    },
    () => {
      const held = workload()
      if (held === undefined) return
      const { name, namespace, labels: own, annotations } = held.metadata
      const replicas = held.spec.replicas ?? 1
      const copy = {
        apiVersion: apiVersionOf(runs),
        kind: runs.kind,
        metadata: {
          name,
          namespace: namespace ?? 'default',
          labels: own ?? {},
          annotations: annotations ?? {},
        },
        spec: { ...held.spec, replicas },
      }
      // Gone and there again under the same name, but somebody else's.
      quietly(
        client
          .remove(runs, at(held), { propagation: 'Orphan' })
          .then(() => client.create(runs, copy)),
      )
    },
  ]
  const left = new Set<(typeof oddities)[number]>()
  return {
    act: (variant) => acts[variant % acts.length]?.(),
    bystanders: async () => {
      for (const object of bystanders) await client.create(kinds.replicaSet, object)
    },
    oddities: (variant) => {
      const odd = oddities[variant % oddities.length]
      if (odd === undefined) return
      left.add(odd)
      quietly(client.create(kinds.release, odd))
    },
    leave: async () => {
      for (const { metadata } of left) {
        await client.remove(kinds.release, at({ metadata })).catch(() => undefined)
      }
    },
  }
}

const odd = (name: string, spec: object, more: object = {}) => ({
  apiVersion: 'headgate.dev/v1alpha1',
  kind: 'Release',
  metadata: { name, namespace: 'default', ...more },
  spec,
})

const plain = (name: string) => ({
  replicas: 1,
  selector: { matchLabels: { app: name } },
  template: {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name: 'c', image: 'c:1' }] },
  },
  services: { stable: `${name}-s`, candidate: `${name}-c` },
  traffic: { route: name },
  strategy: { canary: { steps: [{ weight: 10 }] } },
})

/** Releases that make no sense, claim what is taken, or are large beyond reason. */
const oddities = [
  odd('odd-rival', {
    ...plain('odd-rival'),
    services: { stable: 'shop-stable', candidate: 'shop-canary' },
    traffic: { route: 'shop' },
  }),
  odd('odd-selector', { ...plain('odd-selector'), selector: { matchLabels: { app: 'another' } } }),
  odd('odd-deadline', { ...plain('odd-deadline'), progressDeadline: '1e9h' }),
  odd('odd-steps', {
    ...plain('odd-steps'),
    strategy: { canary: { steps: Array.from({ length: 60 }, () => ({ weight: 1 })) } },
  }),
  odd('odd-notes', plain('odd-notes'), {
    annotations: { big: 'x'.repeat(100_000), 'headgate.dev/action': '{"id":' },
  }),
  odd('odd-keys', JSON.parse('{"__proto__":{"x":1},"constructor":1}') as object),
  odd('odd-image', {
    ...plain('odd-image'),
    template: {
      metadata: { labels: { app: 'odd-image' } },
      spec: { containers: [{ name: 'NOT VALID', image: 'c:1' }] },
    },
  }),
]

const bystanders = ['shop-0000000000', 'other'].map((name) => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {
    name,
    namespace: 'default',
    labels: { [labels.release]: 'shop', [labels.revision]: '0000000000' },
    finalizers: ['example.com/theirs'],
  },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'bystander' } },
    template: {
      metadata: { labels: { app: 'bystander' } },
      spec: { containers: [{ name: 'c', image: 'bystander:1' }] },
    },
  },
}))
