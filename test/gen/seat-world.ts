/**
 * The toy cluster with pods one by one: workloads of all kinds make, adopt, exchange and remove them, and Services list
 * those whose labels they select. For releases whose workloads belong to roles.
 */
import type { Write } from '#core/decision.ts'
import type { KubeObject, Labels } from '#core/k8s/meta.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import type { Observed, WorkloadSeen } from '#core/observed.ts'
import { annotations, labels } from '#core/render/names.ts'
import { World } from './world.ts'

type ToyPod = {
  name: string
  version: number
  labels: Record<string, string>
  owner: string | undefined
  ready: boolean
}

export class SeatWorld extends World {
  readonly pods = new Map<string, ToyPod>()
  /** Workloads whose pods never become ready, by a part of the revision's name. */
  broken = ''
  /** Names of pods that were ever made, in order. */
  readonly made: string[] = []
  /** A door that leaves judged pods in the candidate's role. */
  late = false
  #counter = 0
  /** Service → whose pods it lists, as last published: a Deployment has a set for each template. */
  listings: Record<string, readonly string[]> = {}

  override observe(): Observed {
    const observed = super.observe()
    const { app } = observed
    const promotion = { ...app.plan.promotion, late: this.late }
    return {
      ...observed,
      app: { ...app, plan: { ...app.plan, promotion } },
      workloads: [...this.replicaSets.values()].map((one) => this.#seen(one as Workload)),
      listings: this.listings,
      members: [...this.pods.values()].map((pod) => ({
        name: pod.name,
        uid: `uid-${pod.name}`,
        resourceVersion: String(pod.version),
        labels: { ...pod.labels },
        revision: pod.labels[labels.revision] ?? '',
        ready: pod.ready,
        createdAt: this.made.indexOf(pod.name),
      })),
    }
  }

  #seen(workload: Workload): WorkloadSeen {
    const { metadata, spec } = workload
    const revision = metadata.labels?.[labels.revision] ?? ''
    const own = this.#podsOf(metadata.name)
    return {
      kind: workload.kind as WorkloadSeen['kind'],
      name: metadata.name,
      uid: metadata.uid ?? '',
      resourceVersion: metadata.resourceVersion ?? '',
      revision,
      written: metadata.annotations?.[annotations.written] ?? '',
      template: spec.template,
      replicas: spec.replicas ?? 1,
      pods: own.length,
      ready: own.filter((pod) => pod.ready && pod.labels[labels.revision] === revision).length,
      createdAt: Number(metadata.resourceVersion),
      deleting: false,
      owned: true,
    }
  }

  #podsOf(workload: string): readonly ToyPod[] {
    return [...this.pods.values()].filter(({ owner }) => owner === workload)
  }

  protected override pod(name: string): KubeObject | undefined {
    const pod = this.pods.get(name)
    if (pod === undefined) return undefined
    const metadata = {
      name,
      uid: `uid-${name}`,
      resourceVersion: String(pod.version),
      labels: pod.labels,
    }
    return { apiVersion: 'v1', kind: 'Pod', metadata }
  }

  protected override keepPod({ metadata }: KubeObject): void {
    const pod = this.pods.get(metadata.name)
    if (pod === undefined) return
    pod.labels = { ...metadata.labels }
    pod.version += 1
  }

  protected override remover(write: Write & { readonly kind: 'delete' }): void {
    const { name, kind } = write.ref
    if (kind === 'Pod') return void this.pods.delete(name)
    super.remover(write)
    if (kind === 'Service') return
    for (const pod of this.#podsOf(name)) {
      if (write.orphans === true) pod.owner = undefined
      else this.pods.delete(pod.name)
    }
  }

  override movePods(name: string, steps: number): void {
    const workload = this.replicaSets.get(name) as Workload | undefined
    if (workload === undefined) return
    this.#adopt(workload)
    this.#exchange(workload)
    this.#fit(workload, steps)
  }

  #adopt({ metadata, spec }: Workload): void {
    const wanted = selectorOf(spec.selector)
    for (const pod of this.pods.values())
      if (pod.owner === undefined && matches(pod.labels, wanted)) pod.owner = metadata.name
  }

  /** A Deployment exchanges pods of an old template one by one, the new one first. */
  #exchange({ kind, metadata, spec }: Workload): void {
    if (kind !== 'Deployment') return
    const revision = spec.template.metadata?.labels?.[labels.revision]
    const own = this.#podsOf(metadata.name)
    const old = own.filter((pod) => pod.labels[labels.revision] !== revision)
    const wanted = spec.replicas ?? 1
    const [first] = old
    if (first === undefined) return
    const ready = own.filter((pod) => pod.ready).length
    if (ready > wanted) this.pods.delete(first.name)
    else if (own.length <= wanted) this.#make(metadata.name, spec.template.metadata?.labels ?? {})
  }

  #fit({ kind, metadata, spec }: Workload, steps: number): void {
    const own = this.#podsOf(metadata.name)
    const wanted = spec.replicas ?? 1
    const revision = spec.template.metadata?.labels?.[labels.revision]
    const mixed = own.some((pod) => pod.labels[labels.revision] !== revision)
    for (const pod of own) {
      const isBroken = this.broken !== '' && pod.labels[labels.revision]?.includes(this.broken)
      if (isBroken !== true) pod.ready = true
    }
    if (kind === 'Deployment' && mixed) return
    for (let count = own.length; count < Math.min(wanted, own.length + steps); count += 1)
      this.#make(metadata.name, spec.template.metadata?.labels ?? {})
    for (const pod of own.slice(wanted)) this.pods.delete(pod.name)
  }

  #make(workload: string, given: Labels): void {
    this.#counter += 1
    const name = `${workload}-${this.#counter}`
    this.made.push(name)
    const own = { ...given }
    this.pods.set(name, { name, version: 1, labels: own, owner: workload, ready: false })
  }

  override moveEndpoints(): void {
    for (const [name, { spec }] of this.services) {
      const counts = new Map<string, number>()
      const sets = new Set<string>()
      for (const pod of this.pods.values()) {
        if (!pod.ready || !matches(pod.labels, spec.selector ?? {})) continue
        const owner = pod.owner ?? ''
        counts.set(owner, (counts.get(owner) ?? 0) + 1)
        // A pod is called after whoever made it, also where it changes hands.
        sets.add(`${pod.name.slice(0, pod.name.lastIndexOf('-'))}-${pod.labels[labels.revision]}`)
      }
      this.listings[name] = [...sets]
      this.endpoints.set(name, counts)
    }
  }

  /** Ready pods behind a Service, by the store's truth. */
  override reachable(service: string): number {
    const selector = this.services.get(service)?.spec.selector ?? {}
    return [...this.pods.values()].filter((pod) => pod.ready && matches(pod.labels, selector))
      .length
  }
}

function selectorOf(selector: unknown): Labels {
  const given = selector as { readonly matchLabels?: Labels }
  return given.matchLabels ?? (selector as Labels)
}

function matches(own: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => own[key] === value)
}
