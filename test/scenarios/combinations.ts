/** Strategy × router × topology: which combinations there are, and in which words those are refused that cannot be. */
import type { ReleaseWorkloads } from '#core/api/workloads.ts'
import { type Strategy, strategies } from '#core/model/app.ts'
import { routerNames } from '#core/traffic/register.ts'

export const topologies = {
  'ReplicaSets by revision': { kind: 'ReplicaSet' },
  'Deployments by revision': { kind: 'Deployment' },
  'Deployments by role, replace': { kind: 'Deployment', naming: 'role', promotion: 'replace' },
  'ReplicaSets by role, replace': { kind: 'ReplicaSet', naming: 'role', promotion: 'replace' },
  'ReplicaSets by role, handover': { kind: 'ReplicaSet', naming: 'role', promotion: 'handover' },
  'ReplicationControllers by role, handover': {
    kind: 'ReplicationController',
    naming: 'role',
    promotion: 'handover',
  },
} as const satisfies Readonly<Record<string, ReleaseWorkloads>>
export type Topology = keyof typeof topologies

export type Combination = {
  readonly strategy: Strategy
  readonly router: string
  readonly topology: Topology
}

export const combinations: readonly Combination[] = strategies.flatMap((strategy) =>
  routerNames.flatMap((router) =>
    (Object.keys(topologies) as Topology[]).map((topology) => ({ strategy, router, topology })),
  ),
)

/** The candidate's role by strategy; a rolling update has none of its own. */
export const candidateRoles = {
  canary: 'canary',
  blueGreen: 'preview',
  experiment: 'b',
  commanded: 'b',
  rolling: undefined,
} as const satisfies Readonly<Record<Strategy, string | undefined>>

/** Words of the sentence that refuses a combination; undefined for one that is allowed. */
export function refusal({ strategy, router, topology }: Combination): string | undefined {
  if (!topology.includes('by role')) return undefined
  if (strategy === 'rolling')
    return 'rolling exchanges pods behind one Service, and workloads by role have no second place for them; write revision'
  if (router === 'service')
    return 'the router service splits traffic by the pods behind one Service, which selects one role alone; write revision, or take another router'
  if (router === 'none' && topology === 'ReplicaSets by role, replace')
    return 'without a route nobody is sent to the candidate while the stable role is filled anew; write handover, or take Deployments'
  return undefined
}
