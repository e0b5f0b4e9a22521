/**
 * Writes Kubernetes Events (core/v1, as kube-controller-manager and kubelet do). Never waited for: an Event that cannot
 * be written is dropped and hurts nobody. Repetitions raise the count of the one that exists.
 */
import type { Kind } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'
import type { Ports } from '#kube/ports.ts'
import { timestamp } from './times.ts'

const coreEvent: Kind = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
}

export type EventType = 'Normal' | 'Warning'

export type EventRecorder = {
  /** `fieldPath` points into the object: `spec.containers{app}`. */
  readonly record: (
    about: KubeObject,
    type: EventType,
    reason: string,
    message: string,
    fieldPath?: string,
  ) => void
  /** Writes what waits, then resolves. */
  readonly stop: () => Promise<void>
}

type EventObject = KubeObject & Readonly<Record<string, unknown>>
type Told = { readonly name: string; count: number }
type Pending = {
  readonly about: KubeObject
  readonly type: EventType
  readonly reason: string
  readonly message: string
  readonly fieldPath: string | undefined
  readonly at: number
}

const mostPending = 2_000
const mostRemembered = 4_096

/** `component` is the source shown by kubectl: `deployment-controller`, `kubelet`, … */
export function startEvents(
  cluster: Cluster,
  ports: Ports,
  source: { readonly component: string; readonly host?: string },
): EventRecorder {
  return new Recorder(cluster, ports, source)
}

class Recorder implements EventRecorder {
  readonly #cluster: Cluster
  readonly #ports: Ports
  readonly #source: { readonly component: string; readonly host?: string }
  readonly #pending: Pending[] = []
  readonly #told = new Map<string, Told>()
  #writing: Promise<void> | undefined

  constructor(
    cluster: Cluster,
    ports: Ports,
    source: { readonly component: string; readonly host?: string },
  ) {
    this.#cluster = cluster
    this.#ports = ports
    this.#source = source
  }

  readonly record: EventRecorder['record'] = (about, type, reason, message, fieldPath) => {
    if (this.#pending.length >= mostPending) return
    const at = this.#ports.clock.now()
    this.#pending.push({ about, type, reason, message, fieldPath, at })
    this.#writing ??= this.#drain()
  }

  readonly stop = async (): Promise<void> => {
    await this.#writing
  }

  async #drain(): Promise<void> {
    await Promise.resolve()
    for (;;) {
      const next = this.#pending.shift()
      if (next === undefined) break
      try {
        await this.#write(next)
      } catch {
        // Dropped: see the header.
      }
    }
    this.#writing = undefined
  }

  async #write(event: Pending): Promise<void> {
    const namespace = event.about.metadata.namespace ?? 'default'
    const { uid = '' } = event.about.metadata
    const identity = [namespace, uid, event.type, event.reason, event.message].join('\n')
    const told = this.#told.get(identity)
    if (told !== undefined) {
      told.count += 1
      const body = { count: told.count, lastTimestamp: timestamp(event.at) }
      try {
        await this.#cluster.patch(coreEvent, { namespace, name: told.name }, 'merge', body)
        return
      } catch (error) {
        if (!isKube(error, 'NotFound')) throw error
      }
    }
    const object = this.#compose(event, namespace)
    await this.#cluster.create(coreEvent, object)
    this.#remember(identity, object.metadata.name)
  }

  #remember(identity: string, name: string): void {
    this.#told.delete(identity)
    this.#told.set(identity, { name, count: 1 })
    if (this.#told.size <= mostRemembered) return
    const oldest = this.#told.keys().next().value
    if (oldest !== undefined) this.#told.delete(oldest)
  }

  #compose(
    { about, type, reason, message, fieldPath, at }: Pending,
    namespace: string,
  ): EventObject {
    const { metadata } = about
    const suffix = Math.floor(this.#ports.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${metadata.name}.${Math.floor(at).toString(16)}${suffix}`, namespace },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name: metadata.name,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
        ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
        ...(metadata.resourceVersion === undefined
          ? {}
          : { resourceVersion: metadata.resourceVersion }),
        ...(fieldPath === undefined ? {} : { fieldPath }),
      },
      type,
      reason,
      message,
      source: this.#source,
      reportingComponent: this.#source.component,
      reportingInstance: this.#source.host ?? '',
      firstTimestamp: timestamp(at),
      lastTimestamp: timestamp(at),
      count: 1,
      eventTime: null,
    }
  }
}
