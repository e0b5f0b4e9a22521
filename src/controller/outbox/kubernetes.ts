/** Tells transitions as Events of Kubernetes. Named after the transition, so that a repeat is the same object. */
import { kinds } from '#core/k8s/kinds.ts'
import { kubernetesEvent } from '#core/outbox/vocabulary.ts'
import type { Cluster } from '#kube/cluster.ts'
import { isKube, KubeError } from '#kube/errors.ts'
import { delivered, type Outcome, type Sink } from './sink.ts'

export function kubernetesSink(cluster: Cluster, instance: string): Sink {
  return {
    name: 'kubernetes',
    atOnce: 4,
    attempts: ({ kubernetes }, { object, event }) =>
      kubernetes.map((note, index) => async () => {
        const id = index === 0 ? event.id : `${event.id}-${index + 1}`
        try {
          await cluster.create(
            kinds.event,
            kubernetesEvent(object, { id, at: event.at }, note, instance),
          )
          return delivered
        } catch (error) {
          return outcomeOf(error)
        }
      }),
  }
}

function outcomeOf(error: unknown): Outcome {
  if (isKube(error, 'AlreadyExists')) return delivered
  const why = error instanceof Error ? error.message : 'the Event could not be written'
  // What is malformed stays so; a namespace that goes or is gone takes no Events any more.
  const never = error instanceof KubeError && [400, 404, 413, 422].includes(error.code)
  return never || isKube(error, 'Invalid') || isTerminating(error)
    ? { kind: 'refused', why }
    : { kind: 'later', why }
}

function isTerminating(error: unknown): boolean {
  return isKube(error, 'Forbidden') && /being terminated/.test(error.message)
}
