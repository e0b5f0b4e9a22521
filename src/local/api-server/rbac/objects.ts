/** The roles and bindings of a cluster, read once each and again only when they change. */
import { asObject, asString, type Obj, objectsOf } from '#core/schema/json.ts'
import type { Machine } from '../machine.ts'
import { type Rule, rulesOf } from './rules.ts'

export const rbacGroup = 'rbac.authorization.k8s.io'
export const clusterRoles = `${rbacGroup}/clusterroles`
const roles = `${rbacGroup}/roles`
const clusterBindings = `${rbacGroup}/clusterrolebindings`
const bindings = `${rbacGroup}/rolebindings`

export type Subject = {
  readonly kind: string
  readonly name: string
  readonly namespace: string
}

export type RoleRef = { readonly kind: string; readonly name: string }

export type Binding = {
  readonly name: string
  /** '' for a ClusterRoleBinding. */
  readonly namespace: string
  readonly roleRef: RoleRef
  readonly subjects: readonly Subject[]
}

export type RbacObjects = {
  /** undefined for a role that is not there. `namespace` is that of the binding. */
  readonly rulesOf: (ref: RoleRef, namespace: string) => readonly Rule[] | undefined
  /** ClusterRoleBindings for '', else the RoleBindings of a namespace; by name. */
  readonly bindings: (namespace: string) => readonly Binding[]
  /** Grows with every change of any of them. */
  readonly generation: () => number
}

/** Reads through to the store; what was read is kept for as long as it is true. */
export function rbacObjects({ store }: Pick<Machine, 'store'>): RbacObjects {
  const rules = new Map<string, readonly Rule[]>()
  const bound = new Map<string, readonly Binding[]>()
  let generation = 0
  for (const storage of [roles, clusterRoles]) {
    store.listen(storage, ({ entry }) => {
      generation += 1
      rules.delete(`${storage} ${entry.key}`)
    })
  }
  for (const storage of [bindings, clusterBindings]) {
    store.listen(storage, ({ entry }) => {
      generation += 1
      bound.delete(storage === bindings ? (entry.key.split('/')[0] as string) : '')
    })
  }
  const readBindings = (namespace: string): readonly Binding[] =>
    (namespace === '' ? store.list(clusterBindings) : store.list(bindings, `${namespace}/`)).map(
      ({ text }) => bindingOf(JSON.parse(text) as Obj),
    )
  return {
    generation: () => generation,
    rulesOf: ({ kind, name }, namespace) => {
      const storage = kind === 'Role' ? roles : clusterRoles
      const key = kind === 'Role' ? `${namespace}/${name}` : name
      const id = `${storage} ${key}`
      let known = rules.get(id)
      if (known === undefined) {
        const entry = store.get(storage, key)
        if (entry === undefined) return undefined
        known = rulesOf(JSON.parse(entry.text) as Obj)
        rules.set(id, known)
      }
      return known
    },
    bindings: (namespace) => {
      let known = bound.get(namespace)
      if (known === undefined) {
        known = readBindings(namespace)
        bound.set(namespace, known)
      }
      return known
    },
  }
}

/** A binding as far as authorization needs it. */
function bindingOf(object: Obj): Binding {
  const metadata = asObject(object.metadata) ?? {}
  return {
    name: asString(metadata.name) ?? '',
    namespace: asString(metadata.namespace) ?? '',
    roleRef: roleRefOf(object),
    subjects: objectsOf(object.subjects).map(({ kind, name, namespace }) => ({
      kind: asString(kind) ?? '',
      name: asString(name) ?? '',
      namespace: asString(namespace) ?? '',
    })),
  }
}

export function roleRefOf(binding: Obj): RoleRef {
  const { kind, name } = asObject(binding.roleRef) ?? {}
  return { kind: asString(kind) ?? '', name: asString(name) ?? '' }
}
