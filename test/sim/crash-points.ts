/** The places between which a process can die: each kind of write that the controller makes. */
import { isByRole } from './objects.ts'
import type { State } from './plan.ts'
import type { Setting } from './stories/story.ts'
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

/** Those that a release comes by soon after it came into a state, the rarest first. */
export function pointsIn(state: State, setting: Setting): readonly string[] {
  const { router, topology, strategy } = setting
  const isByName = isByRole(setting)
  const hasWeights = router !== 'service' && strategy !== 'rolling'
  const routes = hasWeights ? ['change routes'] : []
  const made = router === 'nginx' && hasWeights ? ['create routes'] : []
  switch (state) {
    case 'installing':
      return ['create leases', 'create services', ...made, 'create workloads', 'create events']
    case 'weighing':
      return [...made, 'create workloads', ...routes, ...(isByName ? [] : ['change services'])]
    case 'promoting':
      return topology.includes('handover')
        ? ['delete pods', 'change pods', 'delete workloads']
        : ['change workloads', ...routes, ...(isByName ? [] : ['change services'])]
    case 'retreating':
      return strategy === 'commanded' ? ['delete services'] : ['change workloads', ...routes]
    case 'retiring':
      return [...(made.length > 0 ? ['delete routes'] : []), 'change releases']
    default:
      return ['write status', 'change leases', 'change releases']
  }
}

export function pointOf({ method, plural, shelf, name, subresource }: About): string {
  const what = shelf === undefined ? plural : workloadShelves.includes(shelf) ? 'workloads' : shelf
  if (method === 'DELETE') return `delete ${what}`
  if (subresource !== undefined) return `write ${subresource}`
  return name === undefined ? `create ${what}` : `change ${what}`
}
