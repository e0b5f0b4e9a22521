/** `spec.workloads` of a Release: which objects run the pods, under which names, and how the judged ones become stable. */
import {
  type Bounds,
  type Layout,
  type WorkloadKind,
  type Workloads,
  workloadKinds,
} from '../model/app.ts'
import { type RoleName, stable } from '../model/weights.ts'
import { labels } from '../render/names.ts'
import type { Notes } from './notes.ts'
import { count, name, object, oneOf, type Schema, texts } from './schema-parts.ts'

export type ReleaseWorkloads = {
  readonly kind?: WorkloadKind
  readonly naming?: 'revision' | 'role'
  readonly names?: Readonly<Record<RoleName, string>>
  readonly promotion?: 'replace' | 'handover'
  readonly idle?: 'keep' | 'delete'
  readonly split?: boolean
  readonly maxSurge?: number | string
  readonly maxUnavailable?: number | string
  readonly prefix?: string
  readonly telling?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly history?: number
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
    maxSurge: {
      'x-kubernetes-int-or-string': true,
      description: 'With split: pods more than wanted while it is split anew, a number or a share.',
    },
    maxUnavailable: {
      'x-kubernetes-int-or-string': true,
      description: 'With split: pods fewer than wanted meanwhile, a number or a share.',
    },
    prefix: name(
      'With naming revision: workloads are PREFIX-REVISION; left out, RELEASE-REVISION.',
    ),
    telling: texts(
      'With naming revision: the labels by which Services tell revisions apart, with {revision} in a value.',
      63,
    ),
    labels: texts(
      'Further labels of workloads and pods; {release}, {role} and {revision} are put in.',
      63,
    ),
    annotations: texts('Annotations of workloads, with the same put in.', 1024),
    history: count('With naming revision: workloads without pods that are kept.', 0, {
      default: 10,
    }),
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
  const { labels: more, annotations, history } = given ?? {}
  return {
    kind,
    layout: layoutOf(given ?? {}, kind, release, roles, notes),
    ...(more === undefined ? {} : { labels: more }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(history === undefined ? {} : { history }),
  }
}

/** Bounds of a split, where either is written. */
export function readBounds(given: ReleaseWorkloads | undefined, notes: Notes): Bounds | undefined {
  const { split, maxSurge, maxUnavailable } = given ?? {}
  if (maxSurge === undefined && maxUnavailable === undefined) return undefined
  for (const [field, value] of Object.entries({ maxSurge, maxUnavailable })) {
    if (value === undefined || isCount(value)) continue
    const hint = 'write a whole number or a share from 0% to 100%'
    notes.add(`spec.workloads.${field}`, `${JSON.stringify(value)} is no count; ${hint}`)
  }
  if (split !== true)
    notes.add('spec.workloads.maxSurge', 'bounds a split; write split: true, or leave it out')
  return { maxSurge: maxSurge ?? '25%', maxUnavailable: maxUnavailable ?? 0 }
}

function isCount(given: number | string): boolean {
  if (typeof given === 'number') return Number.isInteger(given) && given >= 0
  return /^(100|\d{1,2})%$/.test(given)
}

function layoutOf(
  given: ReleaseWorkloads,
  kind: WorkloadKind,
  release: string,
  roles: readonly RoleName[],
  notes: Notes,
): Layout {
  if (given.naming !== 'role') {
    const telling = given.telling ?? { [labels.revision]: '{revision}' }
    if (!Object.values(telling).some((value) => value.includes('{revision}')))
      notes.add(
        'spec.workloads.telling',
        'tells nothing apart; write {revision} in one of the values',
      )
    return { by: 'revision', prefix: given.prefix ?? release, labels: telling }
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
