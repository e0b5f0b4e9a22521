/** Whether a custom resource definition is one that can be served. */
import {
  asArray,
  asObject,
  asString,
  equal,
  type Obj,
  objectsOf,
  type Value,
} from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { label1035Name, subdomainName } from '../names.ts'
import type { Stored } from '../resource.ts'
import { reviewVersionProblems } from '../webhook/review-versions.ts'
import { clientProblems } from '../webhook/target.ts'
import { listKeyProblems } from './list-keys.ts'
import { ruleCostProblems, ruleFormProblems } from './rule-definitions.ts'
import { defaultProblems } from './schema-defaults.ts'
import { structuralProblems } from './structural.ts'

export function definitionProblems(object: Stored): Problem[] {
  const spec = asObject(object.spec) ?? {}
  const names = asObject(spec.names) ?? {}
  const group = asString(spec.group) ?? ''
  const plural = asString(names.plural) ?? ''
  const problems: Problem[] = []
  if (object.metadata.name !== `${plural}.${group}`) {
    const rule = 'must be spec.names.plural+"."+spec.group'
    problems.push(problem.invalid('metadata.name', object.metadata.name ?? '', rule))
  }
  if (group === '') problems.push(problem.required('spec.group'))
  else if (!group.includes('.')) {
    problems.push(problem.invalid('spec.group', group, 'should be a domain with at least one dot'))
  } else {
    for (const text of subdomainName(group))
      problems.push(problem.invalid('spec.group', group, text))
  }
  if (!['Cluster', 'Namespaced'].includes(asString(spec.scope) ?? '')) {
    const shown = asString(spec.scope) ?? ''
    problems.push(
      shown === ''
        ? problem.required('spec.scope')
        : problem.unsupported('spec.scope', shown, ['Cluster', 'Namespaced']),
    )
  }
  return [
    ...problems,
    ...nameProblems(names),
    ...versionProblems(objectsOf(spec.versions)),
    ...conversionProblems(asObject(spec.conversion) ?? {}),
    ...(spec.preserveUnknownFields === true
      ? [problem.invalid('spec.preserveUnknownFields', true, preserveRule)]
      : []),
    ...approvalProblems(object, group),
    ...(asArray(asObject(object.status)?.storedVersions).length === 0
      ? [problem.invalid('status.storedVersions', null, 'must have at least one stored version')]
      : []),
  ]
}

const approval = 'api-approved.kubernetes.io'

/** Groups of Kubernetes itself are only for what its community approved of. */
function approvalProblems({ metadata }: Stored, group: string): Problem[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return []
  const field = `metadata.annotations[${approval}]`
  const given = asString(asObject(metadata.annotations)?.[approval]) ?? ''
  if (given === '') {
    const why = `protected groups must have approval annotation "${approval}", see https://github.com/kubernetes/enhancements/pull/1111`
    return [problem.required(field, why)]
  }
  if (/^https?:\/\/[^/]+/.test(given) || given.startsWith('unapproved')) return []
  const rule = `protected groups must have approval annotation "${approval}" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`
  return [problem.invalid(field, given, rule)]
}

const preserveRule =
  'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'

function conversionProblems({ strategy, webhook }: Obj): Problem[] {
  const field = 'spec.conversion'
  // Both stand inside of `webhook`, but are named as they were before that was there.
  const [clientField, versionsField] = [
    `${field}.webhookClientConfig`,
    `${field}.conversionReviewVersions`,
  ]
  const given = asObject(webhook) ?? {}
  const client = asObject(given.clientConfig)
  const versions = asArray(given.conversionReviewVersions).map(String)
  if (strategy === 'Webhook') {
    const why = 'required when strategy is set to Webhook'
    return [
      ...(client === undefined
        ? [problem.required(clientField, why)]
        : clientProblems(client, clientField)),
      ...reviewVersionProblems(versions, versionsField),
    ]
  }
  if (strategy !== 'None') {
    const shown = asString(strategy) ?? ''
    return [problem.unsupported(`${field}.strategy`, shown, ['None', 'Webhook'])]
  }
  const unwanted = 'should not be set when strategy is not set to Webhook'
  return [
    ...(client === undefined ? [] : [problem.forbidden(clientField, unwanted)]),
    ...(versions.length === 0 ? [] : [problem.forbidden(versionsField, unwanted)]),
  ]
}

function nameProblems(names: Obj): Problem[] {
  const problems: Problem[] = []
  for (const field of ['plural', 'singular', 'kind', 'listKind']) {
    const value = asString(names[field]) ?? ''
    if (value === '') {
      problems.push(problem.required(`spec.names.${field}`))
      continue
    }
    const isKind = field === 'kind' || field === 'listKind'
    const texts = label1035Name(isKind ? value.toLowerCase() : value)
    for (const text of texts) problems.push(problem.invalid(`spec.names.${field}`, value, text))
  }
  asArray(names.shortNames).forEach((value, index) => {
    for (const text of label1035Name(String(value))) {
      problems.push(problem.invalid(`spec.names.shortNames[${index}]`, value, text))
    }
  })
  return problems
}

function versionProblems(versions: readonly Obj[]): Problem[] {
  const problems: Problem[] = []
  const seen = new Set<Value>()
  const shared = sharedSchema(versions)
  versions.forEach((version, index) => {
    const field = `spec.versions[${index}]`
    const name = asString(version.name) ?? ''
    for (const text of label1035Name(name))
      problems.push(problem.invalid(`${field}.name`, name, text))
    if (seen.has(name)) problems.push(problem.duplicate(`${field}.name`, name))
    seen.add(name)
    const schema = schemaOf(version)
    const at = `${field}.schema.openAPIV3Schema`
    if (schema === undefined) problems.push(problem.required(at))
    else if (shared === undefined) problems.push(...schemaProblems(schema, at))
  })
  if (shared !== undefined) {
    problems.push(...schemaProblems(shared, 'spec.validation.openAPIV3Schema'))
  }
  const stored = versions.filter((version) => version.storage === true).length
  if (stored !== 1) {
    const rule = 'must have exactly one version marked as storage version'
    problems.push(problem.invalid('spec.versions', versions as Value[], rule))
  }
  return problems
}

function schemaOf(version: Obj): Obj | undefined {
  return asObject(asObject(version.schema)?.openAPIV3Schema)
}

/** The schema of all versions, when they have one and the same; a server keeps it in a place of its own. */
function sharedSchema(versions: readonly Obj[]): Obj | undefined {
  const [first] = versions
  const schema = first === undefined ? undefined : schemaOf(first)
  return versions.every((version) => equal(schemaOf(version), schema)) ? schema : undefined
}

/** Expressions are read only when the schema they speak of is good; their errors would make no sense otherwise. */
function schemaProblems(schema: Obj, field: string): Problem[] {
  const structural = structuralProblems(schema, field)
  const problems = [
    ...structural,
    ...(structural.length > 0 ? [] : defaultProblems(schema, field)),
    ...listKeyProblems(schema, field),
    ...ruleFormProblems(schema, field),
  ]
  return problems.length > 0 ? problems : ruleCostProblems(schema, field)
}

export function definitionUpdateProblems(object: Stored, old: Stored): Problem[] {
  // A name and a group that part are told of as the change they are.
  const problems = definitionProblems(object).filter(({ field }) => field !== 'metadata.name')
  const was = asObject(old.spec) ?? {}
  const is = asObject(object.spec) ?? {}
  for (const field of ['group', 'scope']) {
    if (is[field] === was[field]) continue
    problems.push(problem.invalid(`spec.${field}`, is[field] ?? '', 'field is immutable'))
  }
  for (const field of ['plural', 'kind']) {
    const value = asObject(is.names)?.[field]
    if (value === asObject(was.names)?.[field]) continue
    problems.push(problem.invalid(`spec.names.${field}`, value ?? '', 'field is immutable'))
  }
  return problems
}
