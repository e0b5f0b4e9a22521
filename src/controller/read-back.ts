/** Asks the server, without effect, what it makes of a template: once for each way of writing it. */
import type { Decision } from '#core/decision.ts'
import { kindOf } from '#core/k8s/kinds.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import type { ReadBack } from '#core/observed.ts'
import type { Cluster } from '#kube/cluster.ts'
import { KubeError } from '#kube/errors.ts'
import type { Few } from './few.ts'
import type { KeyState } from './state.ts'

export function askReadBack(
  cluster: Cluster,
  state: KeyState,
  decision: Decision,
  now: number,
  again: () => void,
): void {
  const question = decision.readBack
  if (question === undefined || state.asking || state.readBacks.has(question.written)) return
  const { written, object } = question
  const named = `${object.kind} ${object.metadata.name}`
  // What was refused once is refused again, until the object changes and its refusals are forgotten.
  if (state.refusals.has(named)) return
  state.asking = true
  cluster
    .create(kindOf(object.kind), object, { dryRun: true })
    .then((served) => {
      keepBounded(state.readBacks, { written, template: (served as Workload).spec.template })
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

/** Ways of writing a template that are remembered of each release: as many as it has candidates, and some history. */
const most = 16

function keepBounded(known: Few<ReadBack>, found: ReadBack): void {
  known.set(found.written, found)
  const [oldest] = known.keys()
  if (known.size > most && oldest !== undefined) known.delete(oldest)
}
