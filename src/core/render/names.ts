/** Names and labels of what we make, in one place. */

import { shortHash } from '../hash.ts'

export const labels = {
  /** Name of the revision a workload and its pods belong to. */
  revision: 'headgate.dev/revision',
  /** Name of the release a workload and its pods belong to. */
  release: 'headgate.dev/release',
  /** On Services: the role whose pods it selects. */
  role: 'headgate.dev/role',
  managedBy: 'app.kubernetes.io/managed-by',
} as const

export const annotations = {
  /** Hash of the pod template as its author wrote it. */
  written: 'headgate.dev/written',
  /** A command to a release: JSON with id, verb, uid, revision, step, by. */
  action: 'headgate.dev/action',
} as const

export const finalizer = 'headgate.dev/give-back'

export const managedBy = 'headgate'

/** Kubernetes cuts what comes before a pod's random suffix at 58 characters; names must stay whole within that. */
const longest = 44

/** The workload of a revision: revision-per-object, named by its hash. */
export function workloadName(release: string, revision: string): string {
  const start = release.slice(0, longest - 11).replace(/[^a-z0-9]+$/, '')
  const base = release.length <= longest ? release : `${start}-${shortHash(release)}`
  return `${base}-${revision}`
}

/** The workload that a pod belongs to, by the name Kubernetes gives to pods. */
export function workloadOfPod(pod: string): string {
  return pod.slice(0, Math.max(0, pod.lastIndexOf('-')))
}
