/**
 * Workloads that become ours: those whose ownership somebody took off, as every controller of Kubernetes does, and those
 * that a door takes over from another controller. Only what tells them apart is written; their pods stay as they are.
 */
import type { Write } from '../decision.ts'
import type { Observed } from '../observed.ts'
import { annotations, labels, managedBy } from '../render/names.ts'
import { workloadRef } from '../render/workload.ts'

export function adopt(observed: Observed): readonly Write[] {
  return [...orphans(observed), ...takenOver(observed)]
}

function takenOver({ app, workloads }: Observed): readonly Write[] {
  return (app.takeOver ?? [])
    .filter(({ uid }) => !workloads.some((seen) => seen.uid === uid))
    .map(({ role, revision, written, name, uid, resourceVersion, ...has }) => ({
      kind: 'patch',
      ref: workloadRef(app, { kind: app.workloads.kind, name }),
      patch: [
        { op: 'test', path: '/metadata/uid', value: uid },
        { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
        {
          op: 'add',
          path: '/metadata/labels',
          value: {
            ...has.labels,
            [labels.release]: app.name,
            [labels.revision]: revision,
            [labels.seat]: role,
            [labels.managedBy]: managedBy,
          },
        },
        {
          op: 'add',
          path: '/metadata/annotations',
          value: { ...has.annotations, [annotations.written]: written },
        },
      ],
    }))
}

/**
 * Whoever deletes the release and lets its pods stay takes the ownership off just then: given back, they would go with it.
 * Watches of releases may be behind those of workloads, so that the server is asked, as Kubernetes' own controllers do.
 */
function orphans({ app, workloads }: Observed): readonly Write[] {
  if (app.deletedAt !== undefined) return []
  const { apiVersion, kind, name, uid } = app.owner
  const ref = { apiVersion, kind, namespace: app.namespace, name }
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
      whileStands: { ref, uid },
    }))
}
