/** Workloads of ours whose ownership somebody took off: it is put back, as every controller of Kubernetes does. */
import type { Write } from '../decision.ts'
import type { Observed } from '../observed.ts'
import { workloadRef } from '../render/workload.ts'

export function adopt({ app, workloads }: Observed): readonly Write[] {
  return workloads
    .filter(({ owned, deleting }) => !owned && !deleting)
    .map((seen) => ({
      kind: 'patch',
      ref: workloadRef(app, seen),
      patch: [
        { op: 'test', path: '/metadata/uid', value: seen.uid },
        { op: 'test', path: '/metadata/resourceVersion', value: seen.resourceVersion },
        { op: 'add', path: '/metadata/ownerReferences', value: [app.owner] },
      ],
    }))
}
