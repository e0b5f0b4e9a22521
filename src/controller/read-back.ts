/** Asks the server, without effect, what it makes of a template: once for each way of writing it. */
import type { Decision } from '#core/decision.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { ReplicaSet } from '#core/k8s/workloads.ts'
import type { Cluster } from '#kube/cluster.ts'
import { KubeError } from '#kube/errors.ts'
import type { KeyState } from './state.ts'

export function askReadBack(
  cluster: Cluster,
  state: KeyState,
  decision: Decision,
  now: number,
  again: () => void,
): void {
  const question = decision.readBack
  if (question === undefined || state.asking || state.readBack?.written === question.written) return
  const { written, object } = question
  const named = `ReplicaSet ${object.metadata.name}`
  // What was refused once is refused again, until the object changes and its refusals are forgotten.
  if (state.refusals.has(named)) return
  state.asking = true
  cluster
    .create(kinds.replicaSet, object as ReplicaSet, { dryRun: true })
    .then((served) => {
      state.readBack = { written, template: served.spec.template }
      state.refusals.delete(named)
    })
    .catch((error: unknown) => {
      if (error instanceof KubeError && !error.retryable) {
        state.refusals.set(named, { object: named, message: error.message, since: now })
      }
    })
    .finally(() => {
      state.asking = false
      again()
    })
}
