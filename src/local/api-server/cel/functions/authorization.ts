/** Questions to the authorizer: may somebody do something? Each step of such a question is a value of its own. */
import type { Attributes } from '../../rbac/attributes.ts'
import type { Bodies } from '../functions.ts'
import { EvalError, Extension, noOverload, type Value } from '../values.ts'

type Decided = { readonly allowed: boolean; readonly reason: string }

/** Somebody who may be allowed things. */
export type Actor = {
  readonly may: (asked: Attributes) => Decided
  /** A service account instead. Throws an EvalError for what cannot be one's name. */
  readonly account: (namespace: string, name: string) => Actor
}

abstract class Step extends Extension {
  readonly size = 1

  equals(): boolean {
    throw noOverload()
  }
}

/** `authorizer`: the questions about one user. */
export class AuthorizerValue extends Step {
  readonly typeName = 'kubernetes.authorization.Authorizer'
  readonly actor: Actor

  constructor(actor: Actor) {
    super()
    this.actor = actor
  }
}

class PathCheck extends Step {
  readonly typeName = 'kubernetes.authorization.PathCheck'
  readonly actor: Actor
  readonly path: string

  constructor(actor: Actor, path: string) {
    super()
    this.actor = actor
    this.path = path
  }
}

class GroupCheck extends Step {
  readonly typeName = 'kubernetes.authorization.GroupCheck'
  readonly actor: Actor
  readonly group: string

  constructor(actor: Actor, group: string) {
    super()
    this.actor = actor
    this.group = group
  }
}

/** What a question is about, but for the verb. */
export type Place = {
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
}

export class ResourceCheck extends Step {
  readonly typeName = 'kubernetes.authorization.ResourceCheck'
  readonly actor: Actor
  readonly place: Place

  constructor(actor: Actor, place: Place) {
    super()
    this.actor = actor
    this.place = place
  }

  with(change: Partial<Place>): ResourceCheck {
    return new ResourceCheck(this.actor, { ...this.place, ...change })
  }
}

class Decision extends Step {
  readonly typeName = 'kubernetes.authorization.Decision'
  readonly decided: Decided

  constructor(decided: Decided) {
    super()
    this.decided = decided
  }
}

function said(value: Value | undefined, what: string): string {
  const text = value as string
  if (text.trim() === '') throw new EvalError(`${what} must not be empty`)
  return text
}

function resourceOf([check, resource]: readonly Value[]): Value {
  const { actor, group } = check as GroupCheck
  const named = said(resource, 'resource')
  return new ResourceCheck(actor, {
    group,
    resource: named,
    subresource: '',
    namespace: '',
    name: '',
  })
}

const narrowed =
  (field: keyof Place) =>
  ([check, value]: readonly Value[]): Value =>
    (check as ResourceCheck).with({ [field]: value as string })

/** Roles say nothing of selectors: with one or without, a question has the same answer. */
const unchanged = ([check]: readonly Value[]): Value => check as Value

export const authorizationFunctions: Bodies = {
  authorizer_path: ([value, path]) =>
    new PathCheck((value as AuthorizerValue).actor, said(path, 'path')),
  authorizer_group: ([value, group]) =>
    new GroupCheck((value as AuthorizerValue).actor, group as string),
  authorizer_serviceaccount: ([value, namespace, name]) => {
    const { actor } = value as AuthorizerValue
    return new AuthorizerValue(actor.account(namespace as string, name as string))
  },
  groupcheck_resource: resourceOf,
  resourcecheck_subresource: narrowed('subresource'),
  resourcecheck_namespace: narrowed('namespace'),
  resourcecheck_name: narrowed('name'),
  authorizer_fieldselector: unchanged,
  authorizer_labelselector: unchanged,
  pathcheck_check: ([check, verb]) => {
    const { actor, path } = check as PathCheck
    return new Decision(actor.may({ kind: 'path', verb: verb as string, path }))
  },
  resourcecheck_check: ([check, verb]) => {
    const { actor, place } = check as ResourceCheck
    return new Decision(actor.may({ kind: 'resource', verb: verb as string, ...place }))
  },
  decision_errored: () => false,
  decision_error: () => '',
  decision_allowed: ([decision]) => (decision as Decision).decided.allowed,
  decision_reason: ([decision]) => (decision as Decision).decided.reason,
}
