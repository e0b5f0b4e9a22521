/** Nobody hands out rights that they do not have: the check of roles and bindings before they are written. */
import { asArray, asObject, equal, type Obj } from '#core/schema/json.ts'
import type { Call } from '../machine.ts'
import type { Stored } from '../resource.ts'
import { ApiError, forbidden, notFound } from '../status.ts'
import { authorizerOf, isMaster, missingText } from './authorizer.ts'
import { rbacGroup, roleRefOf } from './objects.ts'
import { compact, listText, type Rule, rulesOf, ruleText, uncovered } from './rules.ts'

const anything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [] }
const fullAuthority: readonly Rule[] = [
  { ...anything, nonResourceURLs: [] },
  { ...anything, apiGroups: [], resources: [], nonResourceURLs: ['*'] },
]

/**
 * Does nothing for objects of other kinds.
 * @throws ApiError 403 when the writer would hand out more than he has, 404 for a binding to a role that is not there.
 */
export function checkEscalation(call: Call, object: Stored, old: Stored | undefined): void {
  const { resource, context } = call
  if (resource.group !== rbacGroup || isMaster(context.user)) return
  const isRole = resource.plural === 'roles' || resource.plural === 'clusterroles'
  if (isRole && may(call, 'escalate', resource.plural, call.name)) return
  if (old !== undefined && isGarbageCollection(object, old)) return
  if (isRole) checkRole(call, object, old)
  else checkBinding(call, object)
}

function may({ machine, context, namespace }: Call, verb: string, resource: string, name: string) {
  const place = { group: rbacGroup, resource, subresource: '', namespace, name }
  return authorizerOf(machine).authorize(context.user, { kind: 'resource', verb, ...place }).allowed
}

function checkRole(call: Call, object: Stored, old: Stored | undefined): void {
  const lacking = lackOf(call, rulesOf(object))
  if (lacking !== undefined) throw refused(call, object, lacking)
  if (call.resource.plural === 'roles') return
  // An aggregation rule gathers whatever carries a label.
  const gathers = isAggregated(object) || (old !== undefined && isAggregated(old))
  if (gathers && lackOf(call, fullAuthority) !== undefined) {
    const why = 'must have cluster-admin privileges to use the aggregationRule'
    throw refused(call, object, why)
  }
}

export function isAggregated(role: Obj): boolean {
  return asArray(asObject(role.aggregationRule)?.clusterRoleSelectors).length > 0
}

function checkBinding(call: Call, object: Stored): void {
  const { machine, resource, namespace } = call
  const ref = roleRefOf(object)
  const plurals: Readonly<Record<string, string>> = { Role: 'roles', ClusterRole: 'clusterroles' }
  const plural = plurals[ref.kind]
  if (plural === undefined) {
    const kind = JSON.stringify(ref.kind)
    throw new ApiError(500, '', `unsupported role reference kind: ${kind}`)
  }
  if (may(call, 'bind', plural, ref.name)) return
  const rules = authorizerOf(machine).rulesOf(ref, namespace)
  // A real server calls the role by the name of the resource that the request is about.
  if (rules === undefined) throw notFound(resource, ref.name)
  const lacking = lackOf(call, rules)
  if (lacking !== undefined) throw refused(call, object, lacking)
}

function refused({ resource }: Call, { metadata }: Stored, why: string): ApiError {
  return forbidden(resource, String(metadata.name ?? ''), why)
}

/** What the writer himself may not do of these rules, as a sentence; undefined when he may all. */
function lackOf(call: Call, rules: readonly Rule[]): string | undefined {
  const { context, machine, namespace, resource } = call
  const { user } = context
  const { granted, missing } = authorizerOf(machine).grantsOf(user, namespace)
  const owned = granted.map(({ rule }) => rule)
  const lacking = compact(uncovered(owned, rules))
  if (lacking.length === 0) return undefined
  const lines = [...new Set(lacking.map(ruleText))].sort()
  const who = `user ${JSON.stringify(user.name)} (groups=${listText(user.groups)})`
  const trouble =
    missing.length === 0 ? '' : `; resolution errors: [${missingText(missing, resource.plural)}]`
  return `${who} is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${trouble}`
}

/** Whether an update changes nothing but what garbage collection needs. */
function isGarbageCollection(object: Stored, old: Stored): boolean {
  const bare = ({ metadata, ...rest }: Stored): Obj => {
    const { ownerReferences: _o, finalizers: _f, managedFields: _m, ...meta } = metadata
    return { ...rest, metadata: meta }
  }
  return equal(bare(object), bare(old))
}
