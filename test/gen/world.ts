/**
 * A toy cluster for the pure core: it keeps what a release's decisions write and lets pods, endpoints and gateways follow
 * when it is told to. Everything a pass may look at is read from it, so that crashes, delays and lost writes are the
 * caller's to choose.
 */

import { type ReadResult, readRelease } from '#core/api/read.ts'
import type { Release } from '#core/api/release.ts'
import { notebookOf, statusOf } from '#core/api/status.ts'
import type { Decision, PatchOperation, Write } from '#core/decision.ts'
import { applyPatch } from '#core/forecast/json-patch.ts'
import type { HttpBackendRef, HttpRoute } from '#core/k8s/gateway-api.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { ReplicaSet, Service } from '#core/k8s/workloads.ts'
import { type App, withPlacesOf, workloadKinds } from '#core/model/app.ts'
import type { Acknowledged } from '#core/model/event.ts'
import { emptyMemo, type Memo, type Notebook } from '#core/model/notebook.ts'
import type {
  GateAnswer,
  MetricAnswer,
  Observed,
  PodSeen,
  ReadBack,
  Refusal,
  Remembered,
  Rival,
  ServiceSeen,
} from '#core/observed.ts'
import { annotations, labels } from '#core/render/names.ts'
import { routers } from '#core/traffic/register.ts'

export class World {
  release: Release
  now = Date.UTC(2026, 10, 21)
  memo: Memo = emptyMemo
  answers: MetricAnswer[] = []
  replies: GateAnswer[] = []
  rivals: Rival[] = []
  refusals: Refusal[] = []
  /** Events that were told; undefined while nobody tells any. */
  acknowledged: readonly Acknowledged[] | undefined
  readBacks: ReadBack[] = []
  remembered: Remembered[] = []
  /** Service → name of another controller that owns it. */
  readonly foreign = new Map<string, string>()
  readonly replicaSets = new Map<string, ReplicaSet>()
  readonly services = new Map<string, Service>()
  /** Anything else that was made, by `Kind/name`. */
  readonly objects = new Map<string, KubeObject>()
  /** Kinds that the cluster does not serve: nothing of them can be made. */
  absent: readonly string[] = []
  readonly ready = new Map<string, number>()
  /** Service → ReplicaSet → ready endpoints, as last published. */
  endpoints = new Map<string, Map<string, number>>()
  route: HttpRoute | undefined
  gone = false
  /** What a door says that a Release cannot. */
  door: (app: App, release: Release) => App = (app) => app
  /** When the gateway took up the route as it stands; undefined when it has not. */
  acceptedAt: number | undefined
  /** How often anything was written: the release's status, and everything else. */
  readonly written = { status: 0, objects: 0 }
  #version = 1
  #reading: { readonly of: Release; readonly result: ReadResult } | undefined

  constructor(release: Release, route: HttpRoute | undefined) {
    this.release = this.stamp(release)
    this.route = route === undefined ? undefined : this.stamp(route)
  }

  protected stamp<T extends KubeObject>(object: T): T {
    this.#version += 1
    const uid = object.metadata.uid ?? `uid-${this.#version}`
    return {
      ...object,
      metadata: { generation: 1, ...object.metadata, uid, resourceVersion: String(this.#version) },
    }
  }

  observe(): Observed {
    const found = this.#read()
    if (found.kind !== 'app') throw new Error(JSON.stringify(found.problems))
    const read = { app: this.door(found.app, this.release) }
    const services: Record<string, ServiceSeen> = {}
    for (const [name, { metadata, spec }] of this.services) {
      services[name] = {
        name,
        uid: metadata.uid ?? '',
        resourceVersion: metadata.resourceVersion ?? '',
        selector: spec.selector ?? {},
        ports: spec.ports ?? [],
        ours: metadata.ownerReferences?.some(({ uid }) => uid === read.app.uid) === true,
        foreign: this.foreign.get(name),
      }
    }
    const notebook = this.notebook()
    return {
      app: withPlacesOf(read.app, notebook),
      notebook,
      memo: this.memo,
      workloads: [...this.replicaSets.values()].map((replicaSet) => ({
        kind: 'ReplicaSet',
        name: replicaSet.metadata.name,
        resourceVersion: replicaSet.metadata.resourceVersion ?? '',
        uid: replicaSet.metadata.uid ?? '',
        revision: replicaSet.metadata.labels?.[labels.revision] ?? '',
        written: replicaSet.metadata.annotations?.[annotations.written] ?? '',
        template: replicaSet.spec.template,
        replicas: replicaSet.spec.replicas ?? 1,
        pods: this.ready.get(replicaSet.metadata.name) ?? 0,
        ready: this.ready.get(replicaSet.metadata.name) ?? 0,
        createdAt: Number(replicaSet.metadata.resourceVersion),
        deleting: false,
        owned: replicaSet.metadata.ownerReferences?.some(({ controller }) => controller) === true,
      })),
      services,
      endpoints: Object.fromEntries(
        [...this.endpoints].map(([name, counts]) => [name, Object.fromEntries(counts)]),
      ),
      routes: this.#routes(read.app),
      absent: this.absent,
      rivals: this.rivals,
      members: [],
      remembered: this.remembered,
      answers: this.answers,
      readBacks: this.readBacks,
      replies: this.replies,
      pods: this.#pods(),
      refusals: this.refusals,
      ...(this.acknowledged === undefined ? {} : { acknowledged: this.acknowledged }),
    }
  }

  #read(): ReadResult {
    if (this.#reading?.of !== this.release) {
      this.#reading = { of: this.release, result: readRelease(this.release) }
    }
    return this.#reading.result
  }

  #routes(app: App): Record<string, KubeObject> {
    const found = (routers[app.traffic.router]?.objects(app) ?? []).flatMap(({ kind, name }) => {
      const object = kind === 'Service' ? this.services.get(name) : this.route
      return object?.metadata.name === name && object.kind === kind
        ? [[`${kind}/${name}`, object] as const]
        : []
    })
    return { ...Object.fromEntries(this.objects), ...Object.fromEntries(found) }
  }

  /** The pods that any Service lists, as many as it counts. */
  #pods(): Record<string, readonly PodSeen[]> {
    const listed = new Map<string, number>()
    for (const counts of this.endpoints.values())
      for (const [name, count] of counts) listed.set(name, Math.max(count, listed.get(name) ?? 0))
    return Object.fromEntries(
      [...listed].map(([name, count]) => [
        name,
        Array.from({ length: count }, (_, index) => ({
          name: `${name}-${index}`,
          ip: `10.0.0.${index + 1}`,
          ready: true,
        })),
      ]),
    )
  }

  notebook(): Notebook | undefined {
    return notebookOf(this.release.status)
  }

  /** Keeps in memory what a pass leaves behind, as the shell does. */
  remember(decision: Decision): void {
    this.memo = decision.memo
    this.answers = []
    this.replies = []
  }

  crash(): void {
    this.memo = emptyMemo
    this.answers = []
    this.replies = []
  }

  /** Somebody changes the spec. */
  ask(changes: Partial<Release['spec']>): void {
    const { metadata, spec } = this.release
    const generation = (metadata.generation ?? 1) + 1
    this.release = this.stamp({
      ...this.release,
      metadata: { ...metadata, generation },
      spec: { ...spec, ...changes },
    })
  }

  /** Somebody puts a command on the object. */
  command(text: string): void {
    const { metadata } = this.release
    const all = { ...metadata.annotations, [annotations.action]: text }
    this.release = this.stamp({ ...this.release, metadata: { ...metadata, annotations: all } })
  }

  /** Somebody deletes the release: it stays as long as a finalizer stands on it. */
  remove(): void {
    const { metadata } = this.release
    if ((metadata.finalizers ?? []).length === 0) this.gone = true
    const deletionTimestamp = new Date(this.now).toISOString()
    this.release = this.stamp({ ...this.release, metadata: { ...metadata, deletionTimestamp } })
  }

  /** Somebody else writes weights into every rule that splits traffic. */
  editWeights(stable: number, candidate: number): void {
    if (this.route === undefined) return
    const rules = (this.route.spec.rules ?? []).map((rule) => ({
      ...rule,
      backendRefs: (rule.backendRefs ?? []).map((ref, at) => ({
        ...ref,
        weight: at === 0 ? stable : candidate,
      })),
    }))
    this.acceptedAt = undefined
    this.route = nextGeneration(this.stamp({ ...this.route, spec: { ...this.route.spec, rules } }))
  }

  /** Somebody else changes what a Service selects. */
  editSelector(service: string, selector: Readonly<Record<string, string>>): void {
    const before = this.services.get(service)
    if (before === undefined) return
    this.services.set(service, this.stamp({ ...before, spec: { ...before.spec, selector } }))
  }

  /** A Service that people wrote themselves. */
  addService(name: string, selector: Readonly<Record<string, string>>): void {
    const spec = { selector, ports: [{ port: 80, targetPort: 8080 }] }
    const metadata = { name, namespace: 'default' }
    this.services.set(name, this.stamp({ apiVersion: 'v1', kind: 'Service', metadata, spec }))
  }

  writeStatus(decision: Decision): void {
    this.written.status += 1
    const read = this.#read()
    const app = read.kind === 'app' ? read.app : undefined
    this.release = this.stamp({ ...this.release, status: statusOf(decision.notebook, app) })
  }

  write(write: Write): void {
    this.written.objects += 1
    if (write.kind === 'create') return this.#create(write.object)
    if (write.kind === 'delete') return this.remover(write)
    this.#patch(write.ref.kind, write.ref.name, write.patch)
  }

  /** A single pod, in worlds that have them. */
  protected pod(_name: string): KubeObject | undefined {
    return undefined
  }

  protected keepPod(_pod: KubeObject): void {}

  protected remover({ ref }: Write & { readonly kind: 'delete' }): void {
    if (this.objects.delete(`${ref.kind}/${ref.name}`)) return
    const place = ref.kind === 'Service' ? this.services : this.replicaSets
    place.delete(ref.name)
  }

  #create(object: KubeObject): void {
    const made = this.stamp(object)
    if (isWorkload(made.kind) && !this.replicaSets.has(made.metadata.name)) {
      this.replicaSets.set(made.metadata.name, made as ReplicaSet)
    }
    if (made.kind === 'Service' && !this.services.has(made.metadata.name)) {
      this.services.set(made.metadata.name, made as Service)
    }
    const key = `${made.kind}/${made.metadata.name}`
    const isOther = !isWorkload(made.kind) && made.kind !== 'Service'
    if (isOther && !this.absent.includes(made.kind) && !this.objects.has(key))
      this.objects.set(key, made)
  }

  #patch(kind: string, name: string, patch: readonly PatchOperation[]): void {
    const places: Record<string, () => KubeObject | undefined> = {
      ReplicaSet: () => this.replicaSets.get(name),
      Deployment: () => this.replicaSets.get(name),
      ReplicationController: () => this.replicaSets.get(name),
      Pod: () => this.pod(name),
      Service: () => this.services.get(name),
      HTTPRoute: () => this.route,
      Release: () => this.release,
    }
    const key = `${kind}/${name}`
    const before = this.objects.get(key) ?? places[kind]?.()
    if (before === undefined) return
    const patched = applyPatch(before, patch)
    // A precondition that does not hold refuses the write, as an API server would.
    if (patched === undefined) return
    const after = this.stamp(patched)
    if (this.objects.has(key)) return void this.objects.set(key, after)
    if (isWorkload(kind)) this.replicaSets.set(name, after as ReplicaSet)
    if (kind === 'Pod') this.keepPod(after)
    if (kind === 'Service') this.services.set(name, after as Service)
    if (kind === 'HTTPRoute') {
      this.route = nextGeneration(after as HttpRoute)
      this.acceptedAt = undefined
    }
    if (kind === 'Release') {
      this.release = after as Release
      const finalizers = after.metadata.finalizers ?? []
      if (after.metadata.deletionTimestamp !== undefined && finalizers.length === 0)
        this.gone = true
    }
  }

  /** Lets a ReplicaSet's pods follow its spec by at most `steps` pods; broken ones never become ready. */
  movePods(name: string, steps: number, broken: boolean): void {
    const wanted = this.replicaSets.get(name)?.spec.replicas ?? 0
    const ready = this.ready.get(name) ?? 0
    const next =
      ready < wanted && !broken ? Math.min(wanted, ready + steps) : Math.min(ready, wanted)
    this.ready.set(name, next)
  }

  /** Publishes the endpoints of all Services as they are now. */
  moveEndpoints(): void {
    for (const [name, service] of this.services) {
      const counts = new Map<string, number>()
      for (const replicaSet of this.replicaSets.values()) {
        const ready = this.ready.get(replicaSet.metadata.name) ?? 0
        if (isSelected(replicaSet, service) && ready > 0)
          counts.set(replicaSet.metadata.name, ready)
      }
      this.endpoints.set(name, counts)
    }
  }

  /** The gateway reports that it has read the route. */
  moveGateway(): void {
    if (this.route === undefined) return
    const generation = this.route.metadata.generation ?? 1
    const condition = (type: string) => ({
      type,
      status: 'True' as const,
      observedGeneration: generation,
      lastTransitionTime: '2026-11-21T00:00:00Z',
      reason: type,
      message: '',
    })
    const parents = [
      {
        parentRef: { name: 'gateway' },
        controllerName: 'headgate.dev/local-gateway',
        conditions: [condition('Accepted'), condition('ResolvedRefs')],
      },
    ]
    this.acceptedAt ??= this.now
    this.route = this.stamp({ ...this.route, status: { parents } })
  }

  weights(): Record<string, number> {
    const refs: readonly HttpBackendRef[] = this.route?.spec.rules?.[0]?.backendRefs ?? []
    return Object.fromEntries(refs.map(({ name, weight = 1 }) => [name, weight]))
  }

  /** Ready pods that a Service's selector reaches, by the store's truth. */
  reachable(service: string): number {
    const found = this.services.get(service)
    if (found === undefined) return 0
    return [...this.replicaSets.values()]
      .filter((replicaSet) => isSelected(replicaSet, found))
      .reduce((count, { metadata }) => count + (this.ready.get(metadata.name) ?? 0), 0)
  }
}

function isSelected({ spec: { template } }: ReplicaSet, { spec }: Service): boolean {
  return Object.entries(spec.selector ?? {}).every(
    ([key, value]) => template.metadata?.labels?.[key] === value,
  )
}

function isWorkload(kind: string): boolean {
  return workloadKinds.some((one) => one === kind)
}

function nextGeneration(route: HttpRoute): HttpRoute {
  return {
    ...route,
    metadata: { ...route.metadata, generation: (route.metadata.generation ?? 1) + 1 },
  }
}
