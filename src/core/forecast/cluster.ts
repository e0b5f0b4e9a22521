/**
 * A model of a cluster in which everything follows at once: pods are ready, endpoints listed, routes accepted. It begins
 * as what was seen of a real one, takes the engine's writes as an API server would, and is looked at by the engine again.
 */
import { type PatchOperation, pointer, type Write } from '../decision.ts'
import type { KubeObject, Labels } from '../k8s/meta.ts'
import type { PodTemplate, Service, Workload } from '../k8s/workloads.ts'
import { type App, withPlacesOf, workloadKinds } from '../model/app.ts'
import type { Memo, Notebook } from '../model/notebook.ts'
import type {
  GateAnswer,
  MetricAnswer,
  Observed,
  PodSeen,
  ReadBack,
  ServiceSeen,
  WorkloadSeen,
} from '../observed.ts'
import { annotations, labels, workloadOfPod } from '../render/names.ts'
import { isGatewayRoute, takenUp } from './gateway.ts'
import { applyPatch } from './json-patch.ts'
import { keyOf, objectsOf, type Pod } from './objects.ts'

export class VirtualCluster {
  app: App
  notebook: Notebook | undefined
  memo: Memo
  answers: MetricAnswer[] = []
  replies: GateAnswer[] = []
  readonly readBacks: ReadBack[]
  readonly #start: Observed
  /** By `Kind/name`; pods apart. */
  readonly #objects: Map<string, KubeObject>
  #pods: Pod[]
  #version = 1_000_000

  constructor(start: Observed) {
    this.app = start.app
    this.notebook = start.notebook
    this.memo = start.memo
    this.readBacks = [...start.readBacks]
    this.#start = start
    const { objects, pods } = objectsOf(start)
    this.#objects = new Map(
      objects.map((object) => [keyOf(object.kind, object.metadata.name), object]),
    )
    this.#pods = [...pods]
    this.follow()
  }

  observe(): Observed {
    const app = withPlacesOf(this.app, this.notebook)
    const workloads = this.#workloads()
    const names = workloads.map(({ name }) => name)
    return {
      ...this.#start,
      app,
      notebook: this.notebook,
      memo: this.memo,
      workloads: workloads.map((object) => this.#seen(object.object)),
      services: this.#services(app),
      endpoints: this.#endpoints(app, names),
      routes: Object.fromEntries(this.#objects),
      members: this.#members(app),
      answers: this.answers,
      replies: this.replies,
      pods: this.#listed(app, names),
      readBacks: this.readBacks,
    }
  }

  /** The object as it stands; undefined where there is none. */
  find(kind: string, name: string): KubeObject | undefined {
    if (kind !== 'Pod') return this.#objects.get(keyOf(kind, name))
    const pod = this.#pods.find((one) => one.name === name)
    return pod === undefined ? undefined : podObject(pod)
  }

  /** False where a precondition did not hold, as an API server would refuse the write. */
  write(write: Write): boolean {
    switch (write.kind) {
      case 'create':
        return this.#create(write.object)
      case 'delete':
        return this.#remove(write.ref.kind, write.ref.name, write.orphans === true)
      case 'patch':
        return this.#patch(write.ref.kind, write.ref.name, write.patch)
    }
  }

  #stamp<T extends KubeObject>(object: T, changed: boolean): T {
    this.#version += 1
    const { uid = `forecast-${this.#version}`, generation = 0 } = object.metadata
    const metadata = {
      ...object.metadata,
      uid,
      resourceVersion: String(this.#version),
      generation: changed ? generation + 1 : generation,
    }
    return { ...object, metadata }
  }

  #create(object: KubeObject): boolean {
    const key = keyOf(object.kind, object.metadata.name)
    if (this.#objects.has(key)) return false
    this.#objects.set(key, this.#stamp(object, true))
    return true
  }

  #remove(kind: string, name: string, orphans: boolean): boolean {
    if (kind === 'Pod') return this.#removePod(name)
    if (!this.#objects.delete(keyOf(kind, name))) return false
    const isOwn = (pod: Pod): boolean => pod.owner === keyOf(kind, name)
    if (orphans) for (const pod of this.#pods.filter(isOwn)) pod.owner = undefined
    else this.#pods = this.#pods.filter((pod) => !isOwn(pod))
    return true
  }

  #removePod(name: string): boolean {
    const before = this.#pods.length
    this.#pods = this.#pods.filter((pod) => pod.name !== name)
    return this.#pods.length < before
  }

  #patch(kind: string, name: string, patch: readonly PatchOperation[]): boolean {
    const { owner } = this.app
    if (kind === owner.kind && name === owner.name) return this.#patchOwner(patch)
    const before = this.find(kind, name)
    const after = before === undefined ? undefined : applyPatch(before, patch)
    if (before === undefined || after === undefined) return false
    const pod = kind === 'Pod' ? this.#pods.find((one) => one.name === name) : undefined
    if (pod !== undefined) {
      pod.labels = after.metadata.labels ?? {}
      pod.version += 1
      return true
    }
    const respecified = JSON.stringify(specOf(before)) !== JSON.stringify(specOf(after))
    this.#objects.set(keyOf(kind, name), this.#stamp(after, respecified))
    return true
  }

  /** Of the object itself, finalizers and a consumed command are all that is written beside its status. */
  #patchOwner(patch: readonly PatchOperation[]): boolean {
    const command = pointer('metadata', 'annotations', annotations.action)
    for (const operation of patch) {
      if (operation.op === 'test') continue
      if (operation.path === '/metadata/finalizers' && operation.op !== 'remove')
        this.app = { ...this.app, finalizers: operation.value as readonly string[] }
      if (operation.path === command) this.app = { ...this.app, action: undefined }
    }
    return true
  }

  /** Pods come and go as their workloads ask, and gateways take up what stands in their routes. */
  follow(): void {
    for (const { object, name } of this.#workloads()) this.#fill(object, keyOf(object.kind, name))
    for (const [key, object] of this.#objects)
      if (isGatewayRoute(object)) this.#objects.set(key, takenUp(object))
  }

  #fill(object: Workload, owner: string): void {
    const { template, replicas = 1 } = object.spec
    const worn = template.metadata?.labels ?? {}
    const selector = selectorOf(object)
    for (const pod of this.#pods)
      if (pod.owner === undefined && matches(selector, pod.labels)) pod.owner = owner
    // A Deployment exchanges pods of another template; a ReplicaSet keeps what it has.
    const isOld = (pod: Pod): boolean =>
      object.kind === 'Deployment' && pod.labels[labels.revision] !== worn[labels.revision]
    const kept = this.#pods.filter((pod) => pod.owner === owner && !isOld(pod)).slice(0, replicas)
    const others = this.#pods.filter((pod) => pod.owner !== owner)
    while (kept.length < replicas) {
      this.#version += 1
      const name = `${object.metadata.name}-${this.#version}`
      kept.push({ name, uid: `forecast-${this.#version}`, labels: worn, version: 1, owner })
    }
    this.#pods = [...others, ...kept]
  }

  #workloads(): readonly { readonly name: string; readonly object: Workload }[] {
    return [...this.#objects.values()]
      .filter(({ kind }) => workloadKinds.some((known) => known === kind))
      .map((object) => ({ name: object.metadata.name, object: object as Workload }))
      .sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  #seen({ kind, metadata, spec }: Workload): WorkloadSeen {
    const own = this.#pods.filter(({ owner }) => owner === keyOf(kind, metadata.name))
    return {
      kind: kind as WorkloadSeen['kind'],
      name: metadata.name,
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
      revision: metadata.labels?.[labels.revision] ?? '',
      written: metadata.annotations?.[annotations.written] ?? '',
      template: spec.template as PodTemplate,
      replicas: spec.replicas ?? 1,
      pods: own.length,
      ready: own.length,
      createdAt: Number(metadata.resourceVersion ?? 0),
      deleting: false,
      owned: metadata.ownerReferences?.some(({ uid }) => uid === this.app.uid) === true,
    }
  }

  #services(app: App): Record<string, ServiceSeen> {
    const found = Object.values(app.services).flatMap((name) => {
      const service = this.#objects.get(keyOf('Service', name)) as Service | undefined
      if (service === undefined) return []
      const { metadata, spec } = service
      const seen: ServiceSeen = {
        name,
        uid: metadata.uid ?? '',
        resourceVersion: metadata.resourceVersion ?? '',
        selector: spec.selector ?? {},
        ports: spec.ports ?? [],
        ours: metadata.ownerReferences?.some(({ uid }) => uid === app.uid) === true,
        foreign: this.#start.services[name]?.foreign,
      }
      return [[name, seen] as const]
    })
    return Object.fromEntries(found)
  }

  #behind(service: string): readonly Pod[] {
    const selector = (this.#objects.get(keyOf('Service', service)) as Service | undefined)?.spec
      .selector
    if (selector === undefined) return []
    return this.#pods.filter((pod) => matches(selector, pod.labels))
  }

  #endpoints(app: App, workloads: readonly string[]): Observed['endpoints'] {
    const counted = Object.values(app.services).map((service) => {
      const counts: Record<string, number> = {}
      for (const { name } of this.#behind(service)) {
        const workload = workloadOfPod(name, workloads) ?? ''
        counts[workload] = (counts[workload] ?? 0) + 1
      }
      return [service, counts] as const
    })
    return Object.fromEntries(counted)
  }

  #listed(app: App, workloads: readonly string[]): Observed['pods'] {
    const found: Record<string, PodSeen[]> = {}
    const pods = new Set(Object.values(app.services).flatMap((name) => this.#behind(name)))
    for (const { name } of pods) {
      const workload = workloadOfPod(name, workloads) ?? ''
      found[workload] = [...(found[workload] ?? []), { name, ip: '10.0.0.1', ready: true }]
    }
    return found
  }

  #members({ workloads }: App): Observed['members'] {
    if (workloads.layout.by !== 'role') return []
    return this.#pods.map(({ name, uid, labels: worn, version }) => {
      const revision = worn[labels.revision] ?? ''
      const seen = { name, uid, resourceVersion: String(version), labels: worn, revision }
      return { ...seen, ready: true, createdAt: 0 }
    })
  }
}

function podObject({ name, uid, version, labels: worn }: Pod): KubeObject {
  const metadata = { name, uid, resourceVersion: String(version), labels: worn }
  return { apiVersion: 'v1', kind: 'Pod', metadata }
}

function specOf(object: KubeObject): unknown {
  return (object as { readonly spec?: unknown }).spec
}

function selectorOf({ spec }: Workload): Labels {
  const selector = spec.selector as { readonly matchLabels?: Labels } | Labels | undefined
  return ((selector as { matchLabels?: Labels } | undefined)?.matchLabels ??
    selector ??
    {}) as Labels
}

function matches(selector: Labels, worn: Labels): boolean {
  const entries = Object.entries(selector)
  return entries.length > 0 && entries.every(([key, value]) => worn[key] === value)
}
