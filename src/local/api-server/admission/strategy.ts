/** How writes treat webhook configurations: what goes without saying, and what cannot be meant. */
import {
  asArray,
  asNumber,
  asObject,
  asString,
  at,
  equal,
  type Obj,
  objectsOf,
} from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { base, withGeneration } from '../builtin/strategies/base.ts'
import { fill } from '../builtin/strategies/pod-defaults.ts'
import { selectorProblems } from '../label-selector.ts'
import { qualifiedName, subdomainName } from '../names.ts'
import type { Stored } from '../resource.ts'
import type { Strategy } from '../strategy.ts'
import { reviewVersionProblems, reviewVersions } from '../webhook/review-versions.ts'
import { clientProblems } from '../webhook/target.ts'
import { conditionFault } from './conditions.ts'

export const webhookStrategy: Strategy = {
  ...withGeneration(base, ['webhooks']),
  unconditionalUpdate: false,
  defaults: (object) => {
    for (const webhook of objectsOf(object.webhooks)) {
      fill(webhook, 'failurePolicy', 'Fail')
      fill(webhook, 'matchPolicy', 'Equivalent')
      fill(webhook, 'namespaceSelector', {})
      fill(webhook, 'objectSelector', {})
      fill(webhook, 'timeoutSeconds', 10)
      if (object.kind === 'MutatingWebhookConfiguration')
        fill(webhook, 'reinvocationPolicy', 'Never')
      for (const rule of objectsOf(webhook.rules)) fill(rule, 'scope', '*')
      const service = asObject(at(webhook, 'clientConfig', 'service'))
      if (service !== undefined) fill(service, 'port', 443)
    }
  },
  validate: (object) => configurationProblems(object, undefined),
  validateUpdate: (object, old) => configurationProblems(object, old),
}

function configurationProblems(object: Stored, old: Stored | undefined): Problem[] {
  const names = new Set<string>()
  const conditionsKept = old !== undefined && equal(conditionsOf(object), conditionsOf(old))
  return objectsOf(object.webhooks).flatMap((webhook, index) => {
    const field = `webhooks[${index}]`
    const name = asString(webhook.name) ?? ''
    const problems = [
      ...nameProblems(name, `${field}.name`),
      ...objectsOf(webhook.rules).flatMap((rule, at) =>
        ruleProblems(rule, `${field}.rules[${at}]`),
      ),
      ...choiceProblems(webhook, field),
      ...limitProblems(webhook, field),
      ...selectorProblems(asObject(webhook.namespaceSelector) ?? {}, `${field}.namespaceSelector`),
      ...selectorProblems(asObject(webhook.objectSelector) ?? {}, `${field}.objectSelector`),
      ...reinvocationProblems(webhook, field),
      ...clientProblems(asObject(webhook.clientConfig) ?? {}, `${field}.clientConfig`),
      // What an update does not touch is not compiled again.
      ...(conditionsKept ? [] : conditionProblems(webhook, `${field}.matchConditions`)),
      ...reviewVersionProblems(
        asArray(webhook.admissionReviewVersions).map(String),
        `${field}.admissionReviewVersions`,
        `must specify one of ${reviewVersions.join(', ')}`,
      ),
    ]
    if (name !== '' && names.has(name)) problems.push(problem.duplicate(`${field}.name`, name))
    names.add(name)
    return problems
  })
}

function conditionsOf(object: Stored): Obj[][] {
  return objectsOf(object.webhooks).map((webhook) => objectsOf(webhook.matchConditions))
}

function nameProblems(name: string, field: string): Problem[] {
  if (name === '') return [problem.required(field)]
  const faults = subdomainName(name)
  if (faults.length > 0) return [problem.invalid(field, name, faults.join(','))]
  if (name.split('.').length >= 3) return []
  const why = 'should be a domain with at least three segments separated by dots'
  return [problem.invalid(field, name, why)]
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']

function ruleProblems(rule: Obj, field: string): Problem[] {
  const given = asArray(rule.operations).map(String)
  const versions = asArray(rule.apiVersions).map(String)
  const scope = asString(rule.scope)
  return [
    ...wildcardProblems(given, `${field}.operations`, 'operations'),
    ...given.flatMap((operation, index) =>
      operations.includes(operation)
        ? []
        : [problem.unsupported(`${field}.operations[${index}]`, operation, operations)],
    ),
    ...wildcardProblems(asArray(rule.apiGroups).map(String), `${field}.apiGroups`, 'API groups'),
    ...wildcardProblems(versions, `${field}.apiVersions`, 'API versions'),
    ...versions.flatMap((version, index) =>
      version === '' ? [problem.required(`${field}.apiVersions[${index}]`)] : [],
    ),
    ...resourceProblems(asArray(rule.resources).map(String), `${field}.resources`),
    ...(scope === undefined ? [] : oneOf(scope, `${field}.scope`, ['*', 'Cluster', 'Namespaced'])),
  ]
}

function wildcardProblems(values: readonly string[], field: string, what: string): Problem[] {
  if (values.length === 0) return [problem.required(field)]
  if (values.length === 1 || !values.includes('*')) return []
  const why = `if '*' is present, must not specify other ${what}`
  return [problem.invalid(field, [...values], why)]
}

function resourceProblems(resources: readonly string[], field: string): Problem[] {
  if (resources.length === 0) return [problem.required(field)]
  const problems: Problem[] = []
  const wholes = new Set<string>()
  const everywhere = new Set<string>()
  // Kubernetes remembers only whether the last resource without a subresource was a wildcard.
  let plain = false
  resources.forEach((text, index) => {
    const at = `${field}[${index}]`
    const slash = text.indexOf('/')
    if (text === '') problems.push(problem.required(at))
    else if (slash === -1) plain = text !== '*'
    else {
      const [resource, sub] = [text.slice(0, slash), text.slice(slash + 1)]
      const clash = (pattern: string): Problem =>
        problem.invalid(at, text, `if '${pattern}' is present, must not specify ${text}`)
      if (wholes.has(resource)) problems.push(clash(`${resource}/*`))
      if (everywhere.has(sub)) problems.push(clash(`*/${sub}`))
      if (sub === '*') wholes.add(resource)
      if (resource === '*') everywhere.add(sub)
    }
  })
  const whole = (why: string): number => problems.push(problem.invalid(field, [...resources], why))
  if (resources.length > 1 && resources.includes('*/*')) {
    whole("if '*/*' is present, must not specify other resources")
  }
  if (resources.includes('*') && plain) {
    whole("if '*' is present, must not specify other resources without subresources")
  }
  return problems
}

function choiceProblems(webhook: Obj, field: string): Problem[] {
  const sideEffects = asString(webhook.sideEffects)
  const harmless = ['None', 'NoneOnDryRun']
  return [
    ...oneOf(webhook.failurePolicy, `${field}.failurePolicy`, ['Fail', 'Ignore']),
    ...oneOf(webhook.matchPolicy, `${field}.matchPolicy`, ['Equivalent', 'Exact']),
    ...(sideEffects === undefined
      ? [problem.required(`${field}.sideEffects`, `must specify one of ${harmless.join(', ')}`)]
      : oneOf(sideEffects, `${field}.sideEffects`, harmless)),
  ]
}

function oneOf(value: unknown, field: string, allowed: readonly string[]): Problem[] {
  if (value === undefined || allowed.includes(String(value))) return []
  return [problem.unsupported(field, String(value), allowed)]
}

function limitProblems(webhook: Obj, field: string): Problem[] {
  const seconds = asNumber(webhook.timeoutSeconds)
  if (seconds === undefined || (seconds >= 1 && seconds <= 30)) return []
  const why = 'the timeout value must be between 1 and 30 seconds'
  return [problem.invalid(`${field}.timeoutSeconds`, seconds, why)]
}

function reinvocationProblems(webhook: Obj, field: string): Problem[] {
  return oneOf(webhook.reinvocationPolicy, `${field}.reinvocationPolicy`, ['IfNeeded', 'Never'])
}

const conditionsMax = 64

function conditionProblems(webhook: Obj, field: string): Problem[] {
  const conditions = objectsOf(webhook.matchConditions)
  const names = new Set<string>()
  const problems: Problem[] = []
  if (conditions.length > conditionsMax) {
    problems.push(problem.tooMany(field, conditions.length, conditionsMax))
  }
  conditions.forEach((condition, index) => {
    const at = `${field}[${index}]`
    const expression = (asString(condition.expression) ?? '').trim()
    const name = asString(condition.name) ?? ''
    if (expression === '') problems.push(problem.required(`${at}.expression`))
    else problems.push(...expressionProblems(expression, `${at}.expression`))
    if (name === '') problems.push(problem.required(`${at}.name`))
    for (const text of name === '' ? [] : qualifiedName(name)) {
      problems.push(problem.invalid(`${at}.name`, name, text))
    }
    if (name !== '' && names.has(name)) problems.push(problem.duplicate(`${at}.name`, name))
    names.add(name)
  })
  return problems
}

function expressionProblems(expression: string, field: string): Problem[] {
  const found = conditionFault(expression)
  if (found === undefined) return []
  if (!found.stuck) return [problem.invalid(field, expression, found.fault)]
  return [{ field, reason: 'InternalError', message: `Internal error: ${found.fault}` }]
}
