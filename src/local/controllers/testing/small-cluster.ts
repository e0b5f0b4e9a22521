/** For tests: an API server in memory with the controllers and simulated pods, in virtual time. */
import { type Kind, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject, Labels } from '#core/k8s/meta.ts'
import type { Cache, Cluster } from '#kube/cluster.ts'
import { connectTo } from '#kube/connect.ts'
import type { Transport } from '#kube/http.ts'
import type { Clock, Ports } from '#kube/ports.ts'
import { type VirtualClock, virtualClock } from '#kube/virtual-clock.ts'
import { startApiServer } from '../../api-server/start.ts'
import { type SimulatedOptions, simulatedRuntime } from '../../kubelet/simulated-runtime.ts'
import { startKubelet } from '../../kubelet/start.ts'
import type { Deployment, Pod, PodSpec, ReplicaSet, Service } from '../shapes.ts'
import { startWorkloads } from '../start.ts'

export type SmallCluster = {
  readonly api: Cluster
  readonly time: VirtualClock
  /** Lets virtual time pass until the condition holds; fails the test after `withinMs`, 60 s by default. */
  readonly until: (what: string, condition: () => boolean, withinMs?: number) => Promise<void>
  /** A live view for conditions. */
  readonly see: <T extends KubeObject>(kind: Kind) => Promise<Cache<T>>
  /** Reasons and messages of all Events, in no special order. */
  readonly events: () => Promise<readonly string[]>
  /** What went wrong and was tried again. */
  readonly troubles: readonly string[]
  readonly stop: () => Promise<void>
}

export type SmallOptions = {
  readonly kubelet?: boolean
  readonly pods?: SimulatedOptions
  readonly nodes?: readonly string[]
  /** Stands between the controllers and the API server. */
  readonly through?: (transport: Transport, clock: Clock) => Transport
}

export async function startSmallCluster(options: SmallOptions = {}): Promise<SmallCluster> {
  const time = virtualClock()
  const ports: Ports = { clock: time.clock, random: seeded(), newId: counted() }
  const server = await startApiServer({ ports })
  const through = options.through ?? ((transport) => transport)
  const api = connectTo(server.transport(), ports)
  const client = connectTo(through(server.transport(), time.clock), ports)
  const troubles: string[] = []
  const note = (where: string, error: unknown): void => {
    troubles.push(`${where}: ${error instanceof Error ? error.message : String(error)}`)
  }
  const workloads = await startWorkloads(client, ports, {
    report: ({ controller, key, error }) => note(`${controller} ${key}`, error),
  })
  const kubelet =
    options.kubelet === false
      ? undefined
      : await startKubelet(client, ports, {
          runtime: simulatedRuntime(time.clock, options.pods),
          serveLogs: false,
          report: note,
          ...(options.nodes === undefined ? {} : { nodes: options.nodes }),
        })
  return {
    api,
    time,
    troubles,
    until: async (what, condition, withinMs = 60_000) => {
      if (await time.advanceUntil(condition, withinMs)) return
      throw new Error(
        `in ${withinMs} ms it did not come true that ${what}; ${troubles.slice(-3).join('; ')}`,
      )
    },
    see: async <T extends KubeObject>(kind: Kind) => {
      const cache = api.watch<T>(kind)
      await cache.synced()
      return cache
    },
    events: async () => {
      const { items } = await api.list<KubeObject & { reason: string; note: string }>(kinds.event)
      return items.map(({ reason, note: said }) => `${reason}: ${said}`)
    },
    stop: async () => {
      await Promise.all([workloads.stop(), kubelet?.stop()])
      await Promise.all([api.close(), client.close()])
      await server.close()
    },
  }
}

// A small generator is enough: tests only want the same numbers on every run.
function seeded(): () => number {
  let state = 42
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function counted(): () => string {
  let count = 0
  return () => {
    count += 1
    return `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`
  }
}

export const inDefault = (name: string): string => `default/${name}`

const container = (image: string): PodSpec['containers'][number] => ({
  name: 'app',
  image,
  ports: [{ name: 'http', containerPort: 8080 }],
})

export function podSpec(image = 'shop:v1', more: Partial<PodSpec> = {}): PodSpec {
  return { containers: [container(image)], ...more }
}

export function pod(name: string, labels: Labels = {}, spec: PodSpec = podSpec()): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels },
    spec,
  }
}

export function replicaSet(
  name: string,
  replicas: number,
  more: Partial<ReplicaSet['spec']> = {},
): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: podSpec() },
      ...more,
    },
  }
}

export function deployment(
  name: string,
  replicas: number,
  more: Partial<Deployment['spec']> = {},
  image = 'shop:v1',
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: podSpec(image) },
      ...more,
    },
  }
}

export function service(name: string, more: Partial<Service['spec']> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...more },
  }
}

/** Objects of a view that are not on their way out. */
export function alive<T extends KubeObject>(view: Cache<T>): readonly T[] {
  return [...view.values()].filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}
