/** SubjectAccessReview in its three forms, and SelfSubjectRulesReview: who may what. */
import { asArray, asObject, asString, at, type Obj, objectsOf } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { trackUpdate } from '../fields/track.ts'
import type { Call, User } from '../machine.ts'
import { settleNamespace } from '../metadata.ts'
import type { Stored } from '../resource.ts'
import { badRequest, invalid } from '../status.ts'
import type { Attributes } from './attributes.ts'
import { authorizerOf, missingText } from './authorizer.ts'
import { type Rule, ruleObject } from './rules.ts'

/** Real servers leave out the kind in this one message. */
const named = { group: 'authorization.k8s.io', plural: '', kind: '' }

export function reviewAccess(call: Call, object: Stored): Obj {
  settleNamespace(call.resource, object, call.namespace)
  void trackUpdate(call, object, undefined)
  const problems = problemsOf(call, object)
  if (problems.length > 0) throw invalid(named, '', problems)
  const spec = asObject(object.spec) ?? {}
  const user = object.kind === 'SelfSubjectAccessReview' ? call.context.user : subjectOf(spec)
  const { allowed, reason } = authorizerOf(call.machine).authorize(user, askedIn(spec))
  return { ...object, status: { allowed, ...(reason === '' ? {} : { reason }) } }
}

function subjectOf({ user, uid, groups }: Obj): User {
  return {
    name: asString(user) ?? '',
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
    groups: asArray(groups).map(String),
  }
}

function askedIn(spec: Obj): Attributes {
  const text = (object: Obj, field: string): string => asString(object[field]) ?? ''
  const about = asObject(spec.resourceAttributes)
  if (about === undefined) {
    const path = asObject(spec.nonResourceAttributes) ?? {}
    return { kind: 'path', verb: text(path, 'verb'), path: text(path, 'path') }
  }
  return {
    kind: 'resource',
    verb: text(about, 'verb'),
    group: text(about, 'group'),
    resource: text(about, 'resource'),
    subresource: text(about, 'subresource'),
    namespace: text(about, 'namespace'),
    name: text(about, 'name'),
  }
}

function problemsOf(call: Call, object: Stored): Problem[] {
  const spec = asObject(object.spec) ?? {}
  const local = object.kind === 'LocalSubjectAccessReview'
  return [
    ...attributeProblems(spec),
    ...(object.kind === 'SelfSubjectAccessReview' ? [] : subjectProblems(spec)),
    ...selectorProblems(spec, 'fieldSelector'),
    ...selectorProblems(spec, 'labelSelector'),
    ...metadataProblems(object, local),
    ...(local ? localProblems(call, spec) : []),
  ]
}

function attributeProblems({ resourceAttributes, nonResourceAttributes: path }: Obj): Problem[] {
  const both = 'cannot be specified in combination with resourceAttributes'
  const one = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
  if (asObject(resourceAttributes) === undefined) {
    const none = asObject(path) === undefined
    return none ? [problem.invalid('spec.resourceAttributes', null, one)] : []
  }
  if (asObject(path) === undefined) return []
  return [problem.invalid('spec.nonResourceAttributes', goPath(path as Obj), both)]
}

/** Field names as the server's own type has them, for they show in its messages. */
function goPath({ path, verb }: Obj): Obj {
  return { Path: path ?? '', Verb: verb ?? '' }
}

function subjectProblems({ user, groups }: Obj): Problem[] {
  if ((asString(user) ?? '') !== '' || asArray(groups).length > 0) return []
  return [problem.invalid('spec.user', '', 'at least one of user or group must be specified')]
}

function selectorProblems(spec: Obj, kind: 'fieldSelector' | 'labelSelector'): Problem[] {
  const selector = asObject(at(spec, 'resourceAttributes', kind))
  if (selector === undefined) return []
  const field = `spec.resourceAttributes.${kind}`
  const raw = asString(selector.rawSelector) ?? ''
  const count = objectsOf(selector.requirements).length
  if (raw !== '' && count > 0) {
    const both = 'may not specified at the same time as requirements'
    return [problem.invalid(`${field}.rawSelector`, raw, both)]
  }
  if (raw !== '' || count > 0) return []
  const none = `when ${field} is specified, requirements or rawSelector is required`
  return [problem.required(`${field}.requirements`, none)]
}

function metadataProblems({ metadata }: Stored, local: boolean): Problem[] {
  const said = Object.entries(metadata).filter(
    ([field, value]) =>
      field !== 'managedFields' && !(local && field === 'namespace') && value !== null,
  )
  if (said.length === 0) return []
  const rule = local ? 'must be empty except for namespace' : 'must be empty'
  return [problem.invalid('metadata', metadata, rule)]
}

function localProblems(call: Call, spec: Obj): Problem[] {
  const about = asObject(spec.resourceAttributes)
  const problems: Problem[] = []
  const namespace = asString(about?.namespace) ?? ''
  if (about !== undefined && namespace !== call.namespace) {
    const field = 'spec.resourceAttributes.namespace'
    problems.push(problem.invalid(field, namespace, 'must match metadata.namespace'))
  }
  const path = asObject(spec.nonResourceAttributes)
  if (path !== undefined) {
    const rule = 'disallowed on this kind of request'
    problems.push(problem.invalid('spec.nonResourceAttributes', goPath(path), rule))
  }
  return problems
}

/** Everything that the one who asks may do in a namespace. */
export function reviewRules({ machine, context }: Call, object: Stored): Obj {
  const namespace = asString(at(object, 'spec', 'namespace')) ?? ''
  if (namespace === '') throw badRequest('no namespace on request')
  const { granted, missing } = authorizerOf(machine).grantsOf(context.user, namespace)
  const rules = granted.map(({ rule }) => rule)
  const told = (some: (rule: Rule) => boolean, without: Partial<Rule>): Obj[] =>
    rules.filter(some).map((rule) => ruleObject({ ...rule, ...without }))
  return {
    kind: object.kind ?? '',
    apiVersion: object.apiVersion ?? '',
    metadata: {},
    spec: {},
    status: {
      resourceRules: told(({ resources }) => resources.length > 0, { nonResourceURLs: [] }),
      nonResourceRules: told(({ nonResourceURLs }) => nonResourceURLs.length > 0, {
        apiGroups: [],
        resources: [],
        resourceNames: [],
      }),
      incomplete: false,
      ...(missing.length === 0 ? {} : { evaluationError: missingText(missing) }),
    },
  }
}
