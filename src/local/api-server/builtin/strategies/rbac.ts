/** Roles and bindings: what they must say, and that a binding never turns to another role. */
import { asArray, asObject, asString, equal, type Obj, objectsOf } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { selectorProblems } from '../../label-selector.ts'
import { pathSegmentName, subdomainName } from '../../names.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { base } from './base.ts'
import { fill } from './pod-defaults.ts'

const rbacGroup = 'rbac.authorization.k8s.io'

const common: Strategy = { ...base, createOnUpdate: true, checkName: pathSegmentName }

function roleStrategy(namespaced: boolean): Strategy {
  const validate = (role: Stored): Problem[] => [
    ...objectsOf(role.rules).flatMap((rule, index) =>
      ruleProblems(rule, `rules[${index}]`, namespaced),
    ),
    ...aggregationProblems(role),
  ]
  return {
    ...common,
    prepareCreate: writeNone,
    prepareUpdate: writeNone,
    validate,
    validateUpdate: validate,
  }
}

/** Once stored, no rules and an empty list of rules are the same. */
function writeNone(role: Stored): void {
  if (asArray(role.rules).length === 0) role.rules = null
}

export const namespacedRoleStrategy = roleStrategy(true)
export const clusterRoleStrategy = roleStrategy(false)

function ruleProblems(rule: Obj, field: string, namespaced: boolean): Problem[] {
  const size = (name: string): number => asArray(rule[name]).length
  const problems: Problem[] = []
  if (size('verbs') === 0) {
    problems.push(problem.required(`${field}.verbs`, 'verbs must contain at least one value'))
  }
  if (size('nonResourceURLs') > 0) {
    const urls = asArray(rule.nonResourceURLs)
    const refuse = (why: string) => problem.invalid(`${field}.nonResourceURLs`, urls, why)
    if (namespaced) problems.push(refuse('namespaced rules cannot apply to non-resource URLs'))
    if (size('apiGroups') + size('resources') + size('resourceNames') > 0) {
      problems.push(refuse('rules cannot apply to both regular resources and non-resource URLs'))
    }
    return problems
  }
  if (size('apiGroups') === 0) {
    const why = 'resource rules must supply at least one api group'
    problems.push(problem.required(`${field}.apiGroups`, why))
  }
  if (size('resources') === 0) {
    const why = 'resource rules must supply at least one resource'
    problems.push(problem.required(`${field}.resources`, why))
  }
  return problems
}

function aggregationProblems({ aggregationRule }: Stored): Problem[] {
  const rule = asObject(aggregationRule)
  if (rule === undefined) return []
  const field = 'aggregationRule.clusterRoleSelectors'
  const selectors = objectsOf(rule.clusterRoleSelectors)
  if (selectors.length === 0) {
    const why = 'at least one clusterRoleSelector required if aggregationRule is non-nil'
    return [problem.required(field, why)]
  }
  return selectors.flatMap((selector, index) => {
    const at = `${field}[${index}]`
    const problems = selectorProblems(selector, at)
    if (problems.length === 0) return []
    return [...problems, problem.invalid(at, null, 'invalid label selector.')]
  })
}

function bindingStrategy(namespaced: boolean): Strategy {
  const validate = (binding: Stored): Problem[] => [
    ...roleRefProblems(asObject(binding.roleRef) ?? {}, namespaced),
    ...objectsOf(binding.subjects).flatMap((subject, index) =>
      subjectProblems(subject, `subjects[${index}]`, namespaced),
    ),
  ]
  return {
    ...common,
    defaults: fillGroups,
    validate,
    validateUpdate: (binding, old) => [
      ...validate(binding),
      ...(equal(binding.roleRef, old.roleRef) ? [] : [turned(asObject(binding.roleRef) ?? {})]),
    ],
  }
}

export const roleBindingStrategy = bindingStrategy(true)
export const clusterRoleBindingStrategy = bindingStrategy(false)

function fillGroups(binding: Stored): void {
  const role = asObject(binding.roleRef)
  if (role !== undefined) fill(role, 'apiGroup', rbacGroup)
  for (const subject of objectsOf(binding.subjects)) {
    if (subject.kind === 'User' || subject.kind === 'Group') fill(subject, 'apiGroup', rbacGroup)
  }
}

/** The message shows the server's own type, whose fields are spelt so. */
function turned({ apiGroup, kind, name }: Obj): Problem {
  const shown = { APIGroup: apiGroup ?? '', Kind: kind ?? '', Name: name ?? '' }
  return problem.invalid('roleRef', shown, 'cannot change roleRef')
}

function roleRefProblems(ref: Obj, namespaced: boolean): Problem[] {
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
  const [group, kind, name] = [ref.apiGroup, ref.kind, ref.name].map((one) => asString(one) ?? '')
  const problems: Problem[] = []
  if (group !== rbacGroup) {
    problems.push(problem.unsupported('roleRef.apiGroup', group ?? '', [rbacGroup]))
  }
  if (!kinds.includes(kind ?? '')) {
    problems.push(problem.unsupported('roleRef.kind', kind ?? '', kinds))
  }
  if (name === undefined || name === '') return [...problems, problem.required('roleRef.name')]
  const faults = pathSegmentName(name).map((text) => problem.invalid('roleRef.name', name, text))
  return [...problems, ...faults]
}

function subjectProblems(subject: Obj, field: string, namespaced: boolean): Problem[] {
  const text = (name: string): string => asString(subject[name]) ?? ''
  const [kind, name, group] = [text('kind'), text('name'), text('apiGroup')]
  const problems = name === '' ? [problem.required(`${field}.name`)] : []
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') {
        const faults = subdomainName(name)
        problems.push(...faults.map((why) => problem.invalid(`${field}.name`, name, why)))
      }
      if (group !== '') problems.push(problem.unsupported(`${field}.apiGroup`, group, ['']))
      if (!namespaced && text('namespace') === '') {
        problems.push(problem.required(`${field}.namespace`))
      }
      return problems
    case 'User':
    case 'Group':
      if (group === rbacGroup) return problems
      return [...problems, problem.unsupported(`${field}.apiGroup`, group, [rbacGroup])]
    default: {
      const kinds = ['ServiceAccount', 'User', 'Group']
      return [...problems, problem.unsupported(`${field}.kind`, kind, kinds)]
    }
  }
}
