/** Kubernetes Events for transitions. Named after the transition, so that a repeat is the same Event. */
import type { ReleaseEvent } from '#core/decision.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { formatMicroTime } from '#core/time.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube } from '#kube/errors.ts'

const controllerName = 'headgate.dev/controller'

export async function announce(
  cluster: Cluster,
  object: KubeObject,
  event: ReleaseEvent,
  instance: string,
): Promise<void> {
  const { metadata, apiVersion, kind } = object
  const namespace = metadata.namespace ?? 'default'
  const body = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${metadata.name.slice(0, 200)}.${event.id}`, namespace },
    regarding: { apiVersion, kind, namespace, name: metadata.name, uid: metadata.uid },
    eventTime: formatMicroTime(event.at),
    type: event.type,
    action: event.action,
    reason: event.reason,
    note: event.message,
    reportingController: controllerName,
    reportingInstance: instance.slice(0, 128),
  }
  try {
    await cluster.create(kinds.event, body)
  } catch (error) {
    if (!isKube(error, 'AlreadyExists')) throw error
  }
}
