/** Somebody who means no harm, and does it: edits what is not theirs, at any instant. */
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { labels } from '#core/render/names.ts'
import type { Cluster } from './cluster.ts'
import type { Dice } from './random.ts'

export type Monkey = {
  readonly act: (variant: number) => void
  /** Objects beside the release that nobody may touch. */
  readonly bystanders: () => Promise<void>
  readonly oddities: (variant: number) => void
  readonly leave: () => Promise<void>
}

export function monkeyOf(cluster: Cluster, dice: Dice): Monkey {
  const client = cluster.person('monkey')
  const quietly = (doing: Promise<unknown>): void => {
    doing.catch(() => undefined)
  }
  const anyOf = <T>(shelf: ReadonlyMap<string, T>): T | undefined =>
    shelf.size === 0 ? undefined : dice.pick([...shelf.values()])
  const workload = () =>
    anyOf(
      new Map(
        [...cluster.truth().workloads].filter(
          ([, { metadata }]) => labels.release in (metadata.labels ?? {}),
        ),
      ),
    )
  const at = (object: { metadata: { namespace?: string; name: string } }) => ({
    namespace: object.metadata.namespace ?? 'default',
    name: object.metadata.name,
  })
  const route = { namespace: 'default', name: 'shop' }

  const weights = (stable: number, canary: number): void => {
    const held: HttpRoute | undefined = cluster.truth().routes.get('default/shop')
    const rules = (held?.spec.rules ?? []).map((rule) => ({
      ...rule,
      backendRefs: (rule.backendRefs ?? []).map((ref) => ({
        ...ref,
        weight: ref.name === 'shop-stable' ? stable : canary,
      })),
    }))
    quietly(client.patch(kinds.httpRoute, route, 'merge', { spec: { rules } }))
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
      const spec = { selector: { app: 'shop', [labels.revision]: other } }
      quietly(client.patch(kinds.service, at(service), 'merge', { spec }))
    },
    () => {
      const held = workload()
      if (held !== undefined) quietly(client.remove(kinds.replicaSet, at(held)))
    },
    () => {
      const held = workload()
      if (held === undefined) return
      const replicas = dice.whole(0, 5)
      quietly(client.patch(kinds.replicaSet, at(held), 'merge', { spec: { replicas } }))
    },
    () => {
      const held = workload()
      if (held === undefined) return
      quietly(
        client.patch(kinds.replicaSet, at(held), 'merge', { metadata: { ownerReferences: null } }),
      )
    },
    () => {
      for (const service of cluster.truth().services.values()) {
        if (service.metadata.name === 'shop-canary')
          quietly(client.remove(kinds.service, at(service)))
      }
    },
    () => {
      quietly(
        client.patch(kinds.httpRoute, route, 'merge', {
          metadata: { annotations: { touched: String(dice.whole(0, 1e6)) } },
        }),
      )
    },
    () => {
      const held = workload()
      if (held === undefined) return
      const { name, namespace, labels: own, annotations } = held.metadata
      const replicas = held.spec.replicas ?? 1
      const copy = {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
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
          .remove(kinds.replicaSet, at(held), { propagation: 'Orphan' })
          .then(() => client.create(kinds.replicaSet, copy)),
      )
    },
  ]
  return {
    act: (variant) => acts[variant % acts.length]?.(),
    bystanders: async () => {
      for (const object of bystanders) await client.create(kinds.replicaSet, object)
    },
    oddities: (variant) => {
      const odd = oddities[variant % oddities.length]
      if (odd !== undefined) quietly(client.create(kinds.release, odd))
    },
    leave: async () => {
      for (const { metadata } of oddities) {
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
