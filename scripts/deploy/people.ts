/** Roles for people: who may read the resources of a door becomes part of view, who may write them part of edit and admin. */
import { definedKind } from '#core/api/definition.ts'
import type { Kind } from '#core/k8s/kinds.ts'
import { verbs } from '#core/model/app.ts'
import { faces } from '#doors/faces.ts'
import { doors } from '#doors/register.ts'
import type { PolicyRule } from '../../src/cli/rbac.ts'
import type { Manifest } from './names.ts'

const reading = ['get', 'list', 'watch'] as const
const writing = ['create', 'delete', 'patch', 'update'] as const

/** Checked by the dashboard and its API; with kubectl, `patch` is what counts. */
const commanding = verbs.filter((verb) => verb !== 'promote-full')

type Level = 'view' | 'edit'

/** A door whose document has names of its own for these roles keeps them. */
const namesOf: Readonly<Record<string, Readonly<Record<Level, string>>>> = {
  headgate: { view: 'headgate-view', edit: 'headgate-edit' },
  canaryapp: { view: 'canaryapp-viewer-role', edit: 'canaryapp-editor-role' },
}

/** Both roles of a door; undefined where nobody has anything to read there. */
export function peopleOf(name: string): readonly Manifest[] {
  const resources = resourcesOf(name)
  if (resources.length === 0) return []
  return (['view', 'edit'] as const).map((level) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: {
      name: namesOf[name]?.[level] ?? `headgate-${name}-${level}`,
      labels: { 'app.kubernetes.io/part-of': 'headgate', ...aggregated(level) },
    },
    rules: resources.flatMap((resource) => rulesFor(resource, level)),
  }))
}

function aggregated(level: Level): Readonly<Record<string, string>> {
  const to = level === 'view' ? ['view'] : ['admin', 'edit']
  return Object.fromEntries(
    to.map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']),
  )
}

type Resource = {
  readonly group: string
  readonly plural: string
  readonly verbs: readonly string[]
}

/** Records are written by their face; people write only what the face takes from them. */
const written: Readonly<Record<string, readonly string[]>> = {
  experiments: [],
  deploymentlogs: [],
  descriptors: writing,
  appdeployments: writing,
}

function resourcesOf(name: string): readonly Resource[] {
  const door = doors.find((one) => one.name === name)
  const kinds: readonly Pick<Kind, 'group' | 'plural'>[] =
    door === undefined ? definedBy(name) : [door.kind]
  return kinds.map(({ group, plural }) => ({
    group,
    plural,
    verbs: door === undefined ? (written[plural] ?? []) : [...writing, ...commanding],
  }))
}

function definedBy(name: string): readonly Pick<Kind, 'group' | 'plural'>[] {
  return (faces.find((face) => face.name === name)?.crds ?? []).map(definedKind)
}

function rulesFor({ group, plural, verbs: more }: Resource, level: Level): readonly PolicyRule[] {
  const rule = (resource: string, own: readonly string[]): PolicyRule => ({
    apiGroups: [group],
    resources: [resource],
    verbs: own,
  })
  return [
    rule(plural, level === 'view' ? reading : [...reading, ...more]),
    rule(`${plural}/status`, ['get']),
  ]
}
