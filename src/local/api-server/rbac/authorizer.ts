/**
 * Who may do what: members of system:masters everything, others what the roles bound to them allow. What is bound to a
 * user is resolved once and kept until a role or binding changes, so that asking costs next to nothing.
 */

import { mastersGroup } from '../auth/users.ts'
import type { Machine, User } from '../machine.ts'
import type { Attributes } from './attributes.ts'
import {
  type Binding,
  type RbacObjects,
  type RoleRef,
  rbacGroup,
  rbacObjects,
  type Subject,
} from './objects.ts'
import { allows, type Rule } from './rules.ts'

type Decision = {
  readonly allowed: boolean
  /** Which binding allows it, or what went wrong in looking; often ''. */
  readonly reason: string
}

/** Everything that is bound to a user, cluster-wide and in one namespace. */
type Grants = {
  readonly granted: readonly {
    readonly rule: Rule
    readonly binding: Binding
    readonly subject: Subject
  }[]
  /** Roles that bindings name and that are not there. */
  readonly missing: readonly RoleRef[]
}

export type Authorizer = {
  readonly authorize: (user: User, asked: Attributes) => Decision
  /** `namespace` '' for what is bound cluster-wide alone. */
  readonly grantsOf: (user: User, namespace: string) => Grants
  readonly rulesOf: RbacObjects['rulesOf']
}

const known = new WeakMap<Machine, Authorizer>()

/** The authorizer of a server. */
export function authorizerOf(machine: Machine): Authorizer {
  let authorizer = known.get(machine)
  if (authorizer === undefined) {
    authorizer = createAuthorizer(rbacObjects(machine))
    known.set(machine, authorizer)
  }
  return authorizer
}

export function isMaster({ groups }: User): boolean {
  return groups.includes(mastersGroup)
}

/** Users times namespaces whose grants are kept; beyond that all are resolved anew. */
const keptGrants = 2000
const everything: Decision = { allowed: true, reason: '' }

function createAuthorizer(objects: RbacObjects): Authorizer {
  const grants = new Map<string, Grants>()
  let generation = -1
  const grantsOf = (user: User, namespace: string): Grants => {
    if (generation !== objects.generation() || grants.size > keptGrants) {
      grants.clear()
      generation = objects.generation()
    }
    const key = `${namespace}\n${identityOf(user)}`
    let resolved = grants.get(key)
    if (resolved === undefined) {
      resolved = resolve(objects, user, namespace)
      grants.set(key, resolved)
    }
    return resolved
  }
  return {
    grantsOf,
    rulesOf: objects.rulesOf,
    authorize: (user, asked) =>
      isMaster(user)
        ? everything
        : decide(grantsOf(user, asked.kind === 'resource' ? asked.namespace : ''), asked),
  }
}

const identities = new WeakMap<User, string>()

function identityOf(user: User): string {
  let identity = identities.get(user)
  if (identity === undefined) {
    identity = JSON.stringify([user.name, ...user.groups])
    identities.set(user, identity)
  }
  return identity
}

function decide({ granted, missing }: Grants, asked: Attributes): Decision {
  const by = granted.find(({ rule }) => allows(rule, asked))
  if (by !== undefined) {
    return { allowed: true, reason: `RBAC: allowed by ${sourceText(by.binding, by.subject)}` }
  }
  return { allowed: false, reason: missing.length === 0 ? '' : `RBAC: ${missingText(missing)}` }
}

/**
 * The roles that are not there, as Go's aggregates tell errors: each once, in brackets when there are several.
 * @param plural What to call them all; by default each by its kind.
 */
export function missingText(missing: readonly RoleRef[], plural?: string): string {
  const lines = missing.map(
    ({ kind, name }) =>
      `${plural ?? kind.toLowerCase()}.${rbacGroup} ${JSON.stringify(name)} not found`,
  )
  const unique = [...new Set(lines)]
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`
}

function resolve(objects: RbacObjects, user: User, namespace: string): Grants {
  const granted: Grants['granted'][number][] = []
  const missing: RoleRef[] = []
  for (const scope of namespace === '' ? [''] : ['', namespace]) {
    for (const binding of objects.bindings(scope)) {
      const subject = binding.subjects.find((one) => isAbout(one, user, scope))
      if (subject === undefined) continue
      const rules = objects.rulesOf(binding.roleRef, scope)
      if (rules === undefined) missing.push(binding.roleRef)
      else granted.push(...rules.map((rule) => ({ rule, binding, subject })))
    }
  }
  return { granted, missing }
}

function isAbout({ kind, name, namespace }: Subject, user: User, scope: string): boolean {
  switch (kind) {
    case 'User':
      return user.name === name
    case 'Group':
      return user.groups.includes(name)
    case 'ServiceAccount': {
      // In a RoleBinding, an account without namespace is one of the binding's own.
      const home = namespace === '' ? scope : namespace
      return home !== '' && user.name === `system:serviceaccount:${home}:${name}`
    }
    default:
      return false
  }
}

/** The words of a real server, name before namespace included. */
function sourceText({ name, namespace, roleRef }: Binding, subject: Subject): string {
  const binding =
    namespace === ''
      ? `ClusterRoleBinding ${JSON.stringify(name)}`
      : `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`
  const home = subject.namespace === '' ? namespace : subject.namespace
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${home}` : subject.name
  return `${binding} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject.kind} ${JSON.stringify(who)}`
}
