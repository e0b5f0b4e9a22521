/** `spec.workloads` of a Release: which objects run the pods, under which names, and how the judged ones become stable. */
import { type Layout, type WorkloadKind, type Workloads, workloadKinds } from '../model/app.ts'
import { type RoleName, stable } from '../model/weights.ts'
import { labels } from '../render/names.ts'
import type { Notes } from './notes.ts'
import { name, object, oneOf, type Schema } from './schema-parts.ts'

export type ReleaseWorkloads = {
  readonly kind?: WorkloadKind
  readonly naming?: 'revision' | 'role'
  readonly names?: Readonly<Record<RoleName, string>>
  readonly promotion?: 'replace' | 'handover'
  readonly idle?: 'keep' | 'delete'
  readonly split?: boolean
}

export const workloadsSchema: Schema = object(
  {
    kind: oneOf(workloadKinds, 'What runs the pods.', 'ReplicaSet'),
    naming: oneOf(
      ['revision', 'role'],
      'One workload for each revision, or one for each role under a fixed name.',
      'revision',
    ),
    names: {
      type: 'object',
      maxProperties: 17,
      additionalProperties: name('Its workload.'),
      description: 'With naming role: workloads by role; left out, RELEASE-ROLE.',
    },
    promotion: {
      type: 'string',
      enum: ['replace', 'handover'],
      description:
        'With naming role: fill the stable workload anew, or hand the judged pods over to it. Left out, replace for Deployments, else handover.',
    },
    idle: oneOf(['keep', 'delete'], 'With naming role: what becomes of idle candidates.', 'keep'),
    split: {
      type: 'boolean',
      description: 'Stable gives up the pods that candidates take.',
    },
  },
  { description: 'Which objects run the pods.' },
)

export function readWorkloads(
  given: ReleaseWorkloads | undefined,
  release: string,
  roles: readonly RoleName[],
  notes: Notes,
): Workloads {
  const kind = given?.kind ?? 'ReplicaSet'
  return { kind, layout: layoutOf(given ?? {}, kind, release, roles, notes) }
}

function layoutOf(
  given: ReleaseWorkloads,
  kind: WorkloadKind,
  release: string,
  roles: readonly RoleName[],
  notes: Notes,
): Layout {
  if (given.naming !== 'role') {
    return { by: 'revision', prefix: release, labels: { [labels.revision]: '{revision}' } }
  }
  const promotion = given.promotion ?? (kind === 'Deployment' ? 'replace' : 'handover')
  if (promotion === 'handover' && kind === 'Deployment') {
    const message =
      'handover needs ReplicaSets or ReplicationControllers: a Deployment does not let its pods go; write replace'
    notes.add('spec.workloads.promotion', message)
  }
  const seats = [stable, ...roles].map((role) => {
    const seat = {
      name: given.names?.[role] ?? `${release}-${role}`,
      labels: { [labels.role]: role },
    }
    return [role, seat] as const
  })
  if (new Set(seats.map(([, seat]) => seat.name)).size < seats.length) {
    notes.add('spec.workloads.names', 'each role needs a workload of its own')
  }
  return {
    by: 'role',
    roles: Object.fromEntries(seats),
    promotion,
    idle: given.idle ?? 'keep',
  }
}
