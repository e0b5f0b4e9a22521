/** Roles and their bindings, from rules. */
import type { PolicyRule } from '../../src/cli/rbac.ts'
import type { Feature, Rules } from './features.ts'
import { labelsOf, type Manifest, type Names } from './names.ts'

const group = 'rbac.authorization.k8s.io'

type Called = { readonly role: string; readonly binding: string; readonly names: Names }

function role(
  { role: name, names }: Called,
  namespace: string | undefined,
  rules: readonly PolicyRule[],
): Manifest {
  return {
    apiVersion: `${group}/v1`,
    kind: namespace === undefined ? 'ClusterRole' : 'Role',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels: labelsOf(names) },
    rules: rules.map((one) => ({ ...one })),
  }
}

function binding({ role: name, binding: own, names }: Called, namespace?: string): Manifest {
  return {
    apiVersion: `${group}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: {
      name: own,
      ...(namespace === undefined ? {} : { namespace }),
      labels: labelsOf(names),
    },
    roleRef: {
      apiGroup: group,
      kind: namespace === undefined ? 'ClusterRole' : 'Role',
      name,
    },
    subjects: [{ kind: 'ServiceAccount', name: names.account, namespace: names.namespace }],
  }
}

/** Nothing without rules. */
function bound(
  called: Called,
  namespace: string | undefined,
  rules: readonly PolicyRule[],
): readonly Manifest[] {
  return rules.length === 0 ? [] : [role(called, namespace, rules), binding(called, namespace)]
}

/** `headgate`, or `headgate-kulta` for a part of it. */
function ours({ role: name, binding: own }: Names, part: string | undefined) {
  const end = part === undefined ? '' : `-${part}`
  return { role: `${name}${end}`, binding: `${own}${end}` }
}

/**
 * Rights everywhere. Those on Secrets are a ClusterRole that is bound to nobody: a RoleBinding to it opens the Secrets of
 * one namespace.
 */
export function clusterRoles(names: Names, rules: Rules, part?: string): readonly Manifest[] {
  const called = { ...ours(names, part), names }
  const ownCalled = {
    ...ours({ ...names, role: names.ownRole, binding: names.ownBinding }, part),
    names,
  }
  return [
    ...bound(called, undefined, [...rules.releases, ...rules.cluster]),
    ...bound(ownCalled, names.namespace, rules.own),
    ...(rules.secrets.length === 0
      ? []
      : [role({ ...called, role: secretsRole(names, part) }, undefined, rules.secrets)]),
  ]
}

/** Rights in the one namespace where Headgate runs and looks. */
export function namespacedRoles(names: Names, rules: Rules, part?: string): readonly Manifest[] {
  const called = { ...ours(names, part), names }
  return bound(called, names.namespace, [...rules.releases, ...rules.own])
}

/** Rights on Secrets there. */
export function namespacedSecrets(names: Names, rules: Rules, part?: string): readonly Manifest[] {
  const name = secretsRole(names, part)
  return bound({ role: name, binding: name, names }, names.namespace, rules.secrets)
}

/** Rights on the lease of the program that a door stands in for, where that program is. */
export function formerRoles(names: Names, { name, rules }: Feature): readonly Manifest[] {
  return Object.entries(rules.former).flatMap(([namespace, own]) => {
    const called = { ...ours(names, `for-${name}`), names }
    return bound(called, namespace, own)
  })
}

function secretsRole({ role: name }: Names, part: string | undefined): string {
  return part === undefined ? `${name}-secrets` : `${name}-${part}-secrets`
}
