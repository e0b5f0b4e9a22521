/** Keeps the legacy Endpoints object of every Service that selects pods. */
import { kinds } from '#core/k8s/kinds.ts'
import { isKube } from '#kube/errors.ts'
import { lookAgainWhenBehindMs, OwnWrites } from '#kube/own-writes.ts'
import { placeOf } from '#kube/store.ts'
import type { LookAgain } from '#kube/work-queue.ts'
import { type Context, type Controller, queueFor } from './context.ts'
import { semanticEqual } from './equality.ts'
import { Pace } from './pace.ts'
import {
  type Backend,
  backendsOf,
  headlessLabel,
  isHeadless,
  lastChangeTrigger,
} from './service-endpoints.ts'
import { hasSelector, type ServiceView, viewServices } from './services.ts'
import type { EndpointAddress, EndpointSubset, Endpoints, Service, SlicePort } from './shapes.ts'
import { timestamp } from './times.ts'

const managedBy = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' }

export function startEndpoints(context: Context): Controller {
  return new EndpointsController(context)
}

class EndpointsController implements Controller {
  readonly name = 'endpoints-controller'
  readonly queue
  readonly #context: Context
  readonly #view: ServiceView
  readonly #own: OwnWrites
  readonly #pace: Pace
  readonly #endpoints

  constructor(context: Context) {
    this.#context = context
    this.#own = new OwnWrites(context.ports.clock)
    this.#pace = new Pace(context.ports.clock)
    this.#endpoints = context.watches.of<Endpoints>(kinds.endpoints)
    this.queue = queueFor(context, this.name, this.#reconcile)
    this.#view = viewServices(context, (key) => this.queue.add(key))
    this.#endpoints.subscribe(({ key }) => this.queue.add(key))
  }

  readonly #reconcile = async (key: string): Promise<LookAgain> => {
    if (this.#own.behind(key)) return lookAgainWhenBehindMs
    const service = this.#view.get(key)
    if (service === undefined) return this.#forget(key)
    if (!hasSelector(service) || service.metadata.deletionTimestamp !== undefined) return undefined
    const pods = this.#view.podsOf(service)
    const wait = this.#pace.wait(key, pods.length)
    if (wait !== undefined) return wait
    const backends = backendsOf(service, pods, this.#view.nodeKnown)
    await this.#write(key, service, subsetsOf(backends))
    return undefined
  }

  async #write(key: string, service: Service, subsets: readonly EndpointSubset[]): Promise<void> {
    const existing = this.#endpoints.get(key)
    const labels = {
      ...service.metadata.labels,
      ...managedBy,
      ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    }
    if (
      existing !== undefined &&
      semanticEqual(existing.subsets, subsets) &&
      semanticEqual(existing.metadata.labels, labels)
    )
      return
    const annotations = {
      ...existing?.metadata.annotations,
      [lastChangeTrigger]: timestamp(this.#context.ports.clock.now()),
    }
    const { name, namespace = '' } = service.metadata
    const metadata = { ...(existing?.metadata ?? { name, namespace }), labels, annotations }
    const wanted: Endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets }
    const { cluster } = this.#context
    const written = await (existing === undefined
      ? cluster.create(kinds.endpoints, wanted)
      : cluster.replace(kinds.endpoints, wanted))
    this.#own.wrote(key, this.#endpoints, written)
    this.#pace.wrote(key)
  }

  // Endpoints have no owner reference; ours go when their Service is gone, other people's stay.
  async #forget(key: string): Promise<LookAgain> {
    this.#pace.forget(key)
    const existing = this.#endpoints.get(key)
    const manager = existing?.metadata.labels?.['endpoints.kubernetes.io/managed-by']
    if (existing === undefined || manager !== 'endpoint-controller') return undefined
    try {
      const { uid } = existing.metadata
      const options = uid === undefined ? {} : { uid }
      await this.#context.cluster.remove(kinds.endpoints, placeOf(key), options)
      this.#own.removed(key, this.#endpoints, existing)
    } catch (error) {
      if (!isKube(error, 'NotFound')) throw error
    }
    return undefined
  }
}

type Subset = {
  readonly ports: readonly SlicePort[]
  readonly ready: EndpointAddress[]
  readonly notReady: EndpointAddress[]
}

/** Pods with the same ports share a subset; terminating pods stand in none. */
function subsetsOf(backends: readonly Backend[]): readonly EndpointSubset[] {
  const subsets = new Map<string, Subset>()
  for (const { ip, ports, endpoint } of backends) {
    const { terminating, ready } = endpoint.conditions
    if (terminating === true) continue
    const id = JSON.stringify(ports)
    const subset = subsets.get(id) ?? { ports, ready: [], notReady: [] }
    subsets.set(id, subset)
    const { hostname, nodeName, targetRef } = endpoint
    const address = {
      ip,
      ...(hostname === undefined ? {} : { hostname }),
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(targetRef === undefined ? {} : { targetRef }),
    }
    if (ready === true) subset.ready.push(address)
    else subset.notReady.push(address)
  }
  return [...subsets.values()].map(({ ports, ready, notReady }) => ({
    ...(ready.length > 0 ? { addresses: ready.toSorted(byAddress) } : {}),
    ...(notReady.length > 0 ? { notReadyAddresses: notReady.toSorted(byAddress) } : {}),
    ports: ports.map(({ name, ...port }) => (name ? { name, ...port } : port)),
  }))
}

function byAddress(left: EndpointAddress, right: EndpointAddress): number {
  return left.ip < right.ip ? -1 : left.ip > right.ip ? 1 : 0
}
