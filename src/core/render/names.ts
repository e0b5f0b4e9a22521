/** Names and labels of what we make, in one place. */

import { assert } from '../assert.ts'
import { entry } from '../entry.ts'
import { shortHash } from '../hash.ts'
import type { Labels } from '../k8s/meta.ts'
import type { App, Layout, RoleSeat } from '../model/app.ts'
import type { RoleName } from '../model/weights.ts'

export const labels = {
  /** Name of the revision a workload and its pods belong to. */
  revision: 'headgate.dev/revision',
  /** Name of the release a workload and its pods belong to. */
  release: 'headgate.dev/release',
  /** On Services: the role whose pods it selects. */
  role: 'headgate.dev/role',
  /** On pods of workloads that belong to roles: the role; such pods are watched one by one. */
  seat: 'headgate.dev/seat',
  /** On a workload without pods that only keeps the template of a revision. */
  keeper: 'headgate.dev/keeper',
  managedBy: 'app.kubernetes.io/managed-by',
} as const

export const annotations = {
  /** Hash of the pod template as its author wrote it. */
  written: 'headgate.dev/written',
  /** On a Deployment whose pods a release took over: how many it had. */
  replicas: 'headgate.dev/replicas',
  /** A command to a release: JSON with id, verb, uid, revision, step, by. */
  action: 'headgate.dev/action',
  /** On routes: signs of our rules by match, for servers that drop the names of rules. */
  rules: 'headgate.dev/match-rules',
  /** On routes: the extras that we wrote, so that just those are taken back. */
  extras: 'headgate.dev/extras',
} as const

export const finalizer = 'headgate.dev/give-back'

export const managedBy = 'headgate'

/** Kubernetes cuts what comes before a pod's random suffix at 58 characters; names must stay whole within that. */
const longest = 44

/** The name of the workload that runs a revision for a role. */
export function workloadName({ workloads }: Layouts, role: RoleName, revision: string): string {
  const { layout } = workloads
  if (layout.by === 'role') return seatName(seatOf(layout, role), revision)
  const { prefix } = layout
  const start = prefix.slice(0, longest - 11).replace(/[^a-z0-9]+$/, '')
  const base = prefix.length <= longest ? prefix : `${start}-${shortHash(prefix)}`
  return `${base}-${revision}`
}

type Layouts = Pick<App, 'workloads'>
type ByRole = Extract<Layout, { by: 'role' }>

export function seatOf({ roles }: ByRole, role: RoleName): RoleSeat {
  const seat = entry(roles, role)
  assert(seat !== undefined, `the door gave every role a workload, also ${role}`)
  return seat
}

/** The name of a role's workload, which may hold that of the revision. */
export function seatName({ name }: RoleSeat, revision: string): string {
  return name.replace(placeholder, revision)
}

/** Whether a role has a workload for each revision. */
export function isPerRevision({ name }: RoleSeat): boolean {
  return name.includes(placeholder)
}

/** The labels by which a role's Service tells its pods from others of the app. */
export function tellingLabels({ workloads }: Layouts, role: RoleName, revision: string): Labels {
  const { layout } = workloads
  if (layout.by === 'role') return seatOf(layout, role).labels
  return mapLabels(layout.labels, (value) => value.replace(placeholder, revision))
}

/** Whether a role's Service is that of another role too, so that something else tells their pods apart. */
export function isShared({ services }: Pick<App, 'services'>, role: RoleName): boolean {
  const own = services[role]
  return Object.entries(services).some(([other, name]) => other !== role && name === own)
}

/** The keys of those labels, over all roles. */
export function tellingKeys({ workloads }: Layouts): readonly string[] {
  const { layout } = workloads
  if (layout.by === 'revision') return Object.keys(layout.labels)
  return Object.values(layout.roles).flatMap((seat) => Object.keys(seat.labels))
}

const placeholder = '{revision}'

/** Which revision a selector picks, by the labels of a layout; undefined where it picks none in particular. */
export function revisionIn(pattern: Labels, selector: Labels): string | undefined {
  const found = Object.entries(pattern).find(([, value]) => value.includes(placeholder))
  if (found === undefined) return undefined
  const [key, value] = found
  const [before = '', after = ''] = value.split(placeholder)
  const text = entry(selector, key)
  if (text === undefined || !text.startsWith(before) || !text.endsWith(after)) return undefined
  const name = text.slice(before.length, text.length - after.length)
  return name === '' ? undefined : name
}

function mapLabels(given: Labels, change: (value: string) => string): Labels {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, change(value)]))
}

/** The workload among these that a pod belongs to, by the names Kubernetes gives to pods: the longest that fits. */
export function workloadOfPod(pod: string, workloads: readonly string[]): string | undefined {
  return workloads
    .filter((name) => pod.startsWith(`${name}-`))
    .reduce<string | undefined>(
      (best, name) => (best === undefined || name.length > best.length ? name : best),
      undefined,
    )
}
