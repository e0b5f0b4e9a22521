/** Keeps the EndpointSlices of every Service that selects pods. */

import { kinds } from '#core/k8s/kinds.ts'
import { isKube } from '#kube/errors.ts'
import { lookAgainWhenBehindMs, OwnWrites } from '#kube/own-writes.ts'
import type { LookAgain } from '#kube/work-queue.ts'
import { type Context, type Controller, queueFor } from './context.ts'
import { semanticEqual } from './equality.ts'
import { controllerReference } from './owners.ts'
import { Pace } from './pace.ts'
import { backendsOf, headlessLabel, isHeadless, lastChangeTrigger } from './service-endpoints.ts'
import { hasSelector, type ServiceView, viewServices } from './services.ts'
import type { EndpointSlice, Service } from './shapes.ts'
import { planSlices, type SliceContent, type SlicePlan } from './slice-plan.ts'
import { timestamp } from './times.ts'

const managedBy = 'endpointslice.kubernetes.io/managed-by'
const us = 'endpointslice-controller.k8s.io'
const serviceName = 'kubernetes.io/service-name'

export function startEndpointSlices(context: Context): Controller {
  return new EndpointSlices(context)
}

class EndpointSlices implements Controller {
  readonly name = 'endpointslice-controller'
  readonly queue
  readonly #context: Context
  readonly #view: ServiceView
  readonly #own: OwnWrites
  readonly #pace: Pace
  readonly #slices
  readonly #slicesByService

  constructor(context: Context) {
    this.#context = context
    this.#own = new OwnWrites(context.ports.clock)
    this.#pace = new Pace(context.ports.clock)
    const { watches } = context
    this.#slicesByService = watches.index<EndpointSlice>(
      kinds.endpointSlice,
      'service',
      (slice) => {
        const service = ownService(slice)
        return service === undefined ? [] : [service]
      },
    )
    this.#slices = watches.of<EndpointSlice>(kinds.endpointSlice)
    this.queue = queueFor(context, this.name, this.#reconcile)
    this.#view = viewServices(context, (key) => this.queue.add(key))
    // Also the echo of our own writes, which unblocks the key; a hand-edited slice is repaired the same way.
    this.#slices.subscribe((change) => {
      const slice = change.type === 'put' ? change.now : change.before
      const service = ownService(slice)
      if (service !== undefined) this.queue.add(service)
    })
  }

  readonly #reconcile = async (key: string): Promise<LookAgain> => {
    const service = this.#view.get(key)
    if (service === undefined) {
      this.#pace.forget(key)
      return undefined
    }
    if (!hasSelector(service) || service.metadata.deletionTimestamp !== undefined) return undefined
    if (this.#own.behind(key)) return lookAgainWhenBehindMs
    const families = service.spec.ipFamilies ?? []
    if (families.length > 0 && !families.includes('IPv4')) return undefined
    const pods = this.#view.podsOf(service)
    const wait = this.#pace.wait(key, pods.length)
    if (wait !== undefined) return wait
    const backends = backendsOf(service, pods, this.#view.nodeKnown)
    const existing = this.#slicesByService.at(key)
    const plan = relabelled(service, existing, planSlices(backends, existing))
    for (const content of plan.create) await this.#create(key, service, content)
    for (const { slice, content } of plan.update) await this.#update(key, service, slice, content)
    for (const slice of plan.remove) await this.#remove(key, slice)
    if (plan.create.length + plan.update.length > 0) this.#pace.wrote(key)
    return undefined
  }

  async #create(key: string, service: Service, content: SliceContent): Promise<void> {
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: `${service.metadata.name}-`,
        namespace: service.metadata.namespace,
        labels: labelsOf(service),
        annotations: this.#trigger(),
        ownerReferences: [controllerReference(kinds.service, service)],
      },
      addressType: 'IPv4',
      ...content,
    } as unknown as EndpointSlice
    const made = await this.#context.cluster.create(kinds.endpointSlice, slice)
    this.#own.wrote(key, this.#slices, made)
  }

  async #update(
    key: string,
    service: Service,
    slice: EndpointSlice,
    content: SliceContent,
  ): Promise<void> {
    const annotations = { ...slice.metadata.annotations, ...this.#trigger() }
    const metadata = { ...slice.metadata, labels: labelsOf(service), annotations }
    const wanted = { ...slice, ...content, metadata }
    const written = await this.#context.cluster.replace(kinds.endpointSlice, wanted)
    this.#own.wrote(key, this.#slices, written)
  }

  async #remove(key: string, slice: EndpointSlice): Promise<void> {
    const { uid } = slice.metadata
    try {
      const options = uid === undefined ? {} : { uid }
      await this.#context.cluster.remove(kinds.endpointSlice, slice.metadata, options)
      this.#own.removed(key, this.#slices, slice)
    } catch (error) {
      if (!isKube(error, 'NotFound')) throw error
    }
  }

  #trigger() {
    return { [lastChangeTrigger]: timestamp(this.#context.ports.clock.now()) }
  }
}

/** Slices bear their Service's labels, also when nothing else of them changes. */
function relabelled(
  service: Service,
  existing: readonly EndpointSlice[],
  plan: SlicePlan,
): SlicePlan {
  const planned = new Set([...plan.update.map(({ slice }) => slice), ...plan.remove])
  const wanted = labelsOf(service)
  const stale = existing.filter(
    (slice) => !planned.has(slice) && !semanticEqual(slice.metadata.labels, wanted),
  )
  const update = stale.map((slice) => ({
    slice,
    content: { ports: slice.ports ?? [], endpoints: slice.endpoints ?? [] },
  }))
  return { ...plan, update: [...plan.update, ...update] }
}

/** The key of the Service whose slice this is, if it is one of ours. */
function ownService({ metadata }: EndpointSlice): string | undefined {
  const service = metadata.labels?.[serviceName]
  if (service === undefined || metadata.labels?.[managedBy] !== us) return undefined
  return `${metadata.namespace ?? ''}/${service}`
}

function labelsOf(service: Service) {
  return {
    ...service.metadata.labels,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    [serviceName]: service.metadata.name,
    [managedBy]: us,
  }
}
