/** The places between which a process can die: each kind of write that the controller makes. */
import { hasRoute, isByRole, isTakenOver } from './objects.ts'
import type { State } from './plan.ts'
import type { Told } from './stories/register.ts'
import { workloadShelves } from './truth.ts'
import type { About } from './wire-request.ts'

/** A write that the store shall see: no dry run. */
export function isMutating(about: About): boolean {
  return about.isWrite && !about.isDryRun
}

/** Writes of every release, whatever its story. */
const usual = [
  'create workloads',
  'change workloads',
  'create services',
  'change releases',
  'write status',
  'create events',
  'create leases',
  'change leases',
] as const

/** Every write there is in a run, which is too short to forget workloads that are history; a run that crashes at another one has found a new place to list here. */
export const crashPoints = [
  ...usual,
  'change services',
  'change routes',
  'create routes',
  'delete routes',
  'delete services',
  'delete workloads',
  'change pods',
  'delete pods',
] as const

export const crashModes = ['before', 'applied', 'after'] as const

/** Writes by which a release comes when it is promoted. */
const ofPromotion: readonly string[] = [
  'delete pods',
  'change pods',
  'delete workloads',
  'change services',
  'change routes',
  'change workloads',
]

const atRest: readonly string[] = ['write status', 'change leases', 'change releases']

/** Those that a release comes by not long after it came into a state. */
const pointsAfter: Readonly<Record<State, readonly string[]>> = {
  installing: [
    'create leases',
    'create services',
    'create routes',
    'create workloads',
    'create events',
  ],
  weighing: [
    'create services',
    'change routes',
    'change services',
    'create workloads',
    'create routes',
  ],
  pausing: ofPromotion,
  approving: ofPromotion,
  analysing: ofPromotion,
  held: ofPromotion,
  promoting: ofPromotion,
  retreating: ['delete services', 'change workloads', 'change routes'],
  failed: atRest,
  serving: atRest,
  retiring: ['delete routes', 'change releases'],
}

/** The write around which a process is to die in a round over the table. Crashes that come on top die around any. */
export function aimIn(state: State, round: number): string | undefined {
  const points = pointsAfter[state]
  return points[round % points.length]
}

/** Whether a story comes by a write at all. */
export function comesBy(point: string, told: Told & { readonly isBad: boolean }): boolean {
  const splits = hasRoute(told) && told.strategy !== 'rolling'
  switch (point) {
    case 'create services':
      return !isTakenOver(told)
    case 'delete services':
      return told.strategy === 'commanded'
    case 'change services':
      return !isByRole(told)
    case 'create routes':
    case 'delete routes':
      return splits && told.router === 'nginx'
    case 'change routes':
      return splits
    case 'change pods':
    case 'delete pods':
    case 'delete workloads':
      return told.topology.includes('handover') && !told.isBad
    default:
      return true
  }
}

export function pointOf({ method, plural, shelf, name, subresource }: About): string {
  const what = shelf === undefined ? plural : workloadShelves.includes(shelf) ? 'workloads' : shelf
  if (method === 'DELETE') return `delete ${what}`
  if (subresource !== undefined) return `write ${subresource}`
  return name === undefined ? `create ${what}` : `change ${what}`
}
