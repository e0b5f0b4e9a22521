/** The places between which a process can die: each kind of write that the controller makes. */
import type { About } from './wire-request.ts'

/** A write that the store shall see: no dry run. */
export function isMutating(about: About): boolean {
  return about.isWrite && !about.isDryRun
}

/** Every write there is in a run, which is too short to forget workloads that are history; a run that crashes at another one has found a new place to list here. */
export const crashPoints = [
  'create replicasets',
  'scale or change replicasets',
  'create services',
  'change services',
  'change httproutes',
  'change releases',
  'write releases/status',
  'create events',
  'create leases',
  'change leases',
] as const

export const crashModes = ['before', 'applied', 'after'] as const

export function pointOf({ method, plural, name, subresource }: About): string {
  if (method === 'DELETE') return `delete ${plural}`
  if (subresource !== undefined) return `write ${plural}/${subresource}`
  if (name === undefined) return `create ${plural}`
  return plural === 'replicasets' ? 'scale or change replicasets' : `change ${plural}`
}
