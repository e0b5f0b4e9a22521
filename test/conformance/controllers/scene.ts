/** One namespace in which a story is told: moves, waiting until all is quiet, and the picture of what is there then. */
import type { Answer, Bench, Deep } from './bench.ts'

/** Every kind that controllers write, by its collection. */
const collections = {
  deployments: 'apis/apps/v1',
  replicasets: 'apis/apps/v1',
  replicationcontrollers: 'api/v1',
  pods: 'api/v1',
  endpoints: 'api/v1',
  endpointslices: 'apis/discovery.k8s.io/v1',
  configmaps: 'api/v1',
} as const

type Collection = keyof typeof collections

const quietMs = 1_500
const longMs = 60_000

export type Picture = Readonly<Record<string, readonly unknown[]>>

export class Scene {
  readonly #bench: Bench
  readonly namespace: string

  constructor(bench: Bench, namespace: string) {
    this.#bench = bench
    this.namespace = namespace
  }

  path(collection: Collection | 'services', name = ''): string {
    const root = collection === 'services' ? 'api/v1' : collections[collection]
    return `/${root}/namespaces/${this.namespace}/${collection}${name === '' ? '' : `/${name}`}`
  }

  async open(): Promise<void> {
    await this.#bench.ask('POST', '/api/v1/namespaces', { metadata: { name: this.namespace } })
    // Pods are refused until the namespace has its account.
    const account = `/api/v1/namespaces/${this.namespace}/serviceaccounts/default`
    await this.until(async () => (await this.#bench.ask('GET', account)).status === 200)
  }

  async make(collection: Collection | 'services', object: unknown): Promise<Deep> {
    return this.#fine(await this.#bench.ask('POST', this.path(collection), object))
  }

  async change(collection: Collection | 'services', name: string, patch: unknown): Promise<Deep> {
    return this.#fine(await this.#bench.ask('PATCH', this.path(collection, name), patch))
  }

  async remove(
    collection: Collection | 'services',
    name: string,
    options: unknown = {},
  ): Promise<void> {
    this.#fine(await this.#bench.ask('DELETE', this.path(collection, name), options))
  }

  async removeNamespace(): Promise<void> {
    await this.#bench.ask('DELETE', `/api/v1/namespaces/${this.namespace}`)
    await this.until(
      async () =>
        (await this.#bench.ask('GET', `/api/v1/namespaces/${this.namespace}`)).status === 404,
    )
  }

  async items(collection: Collection): Promise<readonly Deep[]> {
    return (await this.#bench.ask('GET', this.path(collection))).body.items as Deep[]
  }

  async until(holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + longMs
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error(`${this.namespace}: ${holds} never held`)
      await pause(30)
    }
  }

  /** Until nothing was written for a while. */
  async settles(): Promise<void> {
    const deadline = performance.now() + longMs
    let before = ''
    let since = performance.now()
    while (performance.now() - since < quietMs) {
      const now = await this.#versions()
      if (now !== before) {
        before = now
        since = performance.now()
      }
      if (performance.now() > deadline) throw new Error(`${this.namespace} never came to rest`)
      await pause(60)
    }
  }

  async #versions(): Promise<string> {
    const all = await this.#all()
    return all.map(([, items]) => items.map(({ metadata }) => metadata.resourceVersion)).join()
  }

  async #all(): Promise<readonly (readonly [Collection, readonly Deep[]])[]> {
    const names = Object.keys(collections) as Collection[]
    return Promise.all(names.map(async (name) => [name, (await this.items(name)) ?? []] as const))
  }

  /** What is there, without what differs from run to run. */
  async picture(): Promise<Picture> {
    await this.settles()
    const all = await this.#all()
    const marks = new Marks(this.namespace)
    for (const { metadata } of byAge(all.find(([name]) => name === 'replicasets')?.[1] ?? [])) {
      marks.hash(metadata.labels?.['pod-template-hash'])
    }
    return Object.fromEntries(
      all.map(([name, items]) => [
        name,
        items
          .filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
          .map((item) => marks.value(trimmed(name, item)))
          .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      ]),
    )
  }

  #fine({ status, body }: Answer): Deep {
    if (status >= 300) throw new Error(`${this.namespace}: ${status} ${body.message}`)
    return body
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const byAge = (items: readonly Deep[]): readonly Deep[] =>
  [...items].sort((a, b) => revisionOf(a) - revisionOf(b))

const revisionOf = ({ metadata }: Deep): number =>
  Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0)

function trimmed(collection: Collection, { metadata, spec, status, ...rest }: Deep): Deep {
  const { labels, annotations, ownerReferences, finalizers, generation, name } = metadata
  const own = annotations === undefined ? {} : { ...annotations }
  // Where a pod really listens is our kubelet's own business.
  for (const key of Object.keys(own)) if (key.startsWith('local.headgate.dev/')) delete own[key]
  delete own['endpoints.kubernetes.io/last-change-trigger-time']
  return {
    ...rest,
    metadata: {
      name: collection === 'pods' ? '<pod>' : name,
      ...(labels === undefined ? {} : { labels }),
      ...(Object.keys(own).length === 0 ? {} : { annotations: own }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...(ownerReferences === undefined
        ? {}
        : { ownerReferences: ownerReferences.map(({ uid: _uid, ...owner }: Deep) => owner) }),
      ...(generation === undefined || paced.includes(collection) ? {} : { generation }),
    },
    ...(spec === undefined ? {} : { spec: collection === 'pods' ? podSpec(spec) : spec }),
    ...(status === undefined ? {} : { status: statusOf(collection, status, generation) }),
  }
}

/** How often these were written is a matter of pace. */
const paced: readonly Collection[] = ['endpointslices', 'replicasets']

function statusOf(collection: Collection, status: Deep, generation: number): Deep {
  if (collection === 'pods') return podStatus(status)
  if (collection !== 'replicasets') return status
  const { observedGeneration, ...rest } = status
  return { ...rest, seen: observedGeneration === generation }
}

/** Tokens are mounted on a real cluster alone: pods here are processes. */
function podSpec({ volumes: _volumes, containers, ...spec }: Deep): Deep {
  return {
    ...spec,
    containers: containers.map(({ volumeMounts: _mounts, ...container }: Deep) => container),
  }
}

const podStatus = ({ phase, conditions }: Deep): Deep => ({
  phase,
  ready: conditions?.find(({ type }: Deep) => type === 'Ready')?.status,
})

const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const instant = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g
const podAddress = /10\.244\.\d+\.\d+/g
const podName = /([a-z]+(?:-<hash \d+>)?-)[bcdfghjklmnpqrstvwxz2456789]{5}\b/g

class Marks {
  readonly #namespace: string
  readonly #hashes: string[] = []

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  hash(text: string | undefined): void {
    if (text !== undefined && !this.#hashes.includes(text)) this.#hashes.push(text)
  }

  value(value: Deep): Deep {
    if (typeof value === 'string') return this.#text(value)
    if (Array.isArray(value)) return this.#list(value)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, this.value(item)]),
    )
  }

  /** Controllers hold endpoints and conditions in the order of maps. */
  #list(list: readonly Deep[]): Deep {
    const marked = list.map((item) => this.value(item))
    const unordered = list.some(
      (item) => item?.addresses ?? item?.targetRef ?? item?.lastTransitionTime ?? item?.protocol,
    )
    return unordered
      ? marked.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : marked
  }

  #text(text: string): string {
    let marked = text.replaceAll(this.#namespace, '$ns')
    for (const [index, hash] of this.#hashes.entries()) {
      marked = marked.replaceAll(hash, `<hash ${index + 1}>`)
    }
    return marked
      .replace(uuid, '<uid>')
      .replace(instant, '<time>')
      .replace(podAddress, '<address>')
      .replace(podName, '$1<random>')
  }
}
