/** Whether a custom resource definition is one that can be served. */
import { asArray, asObject, asString, type Obj, objectsOf, type Value } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { ruleFault } from '../cel.ts'
import { label1035Name, subdomainName } from '../names.ts'
import type { Stored } from '../resource.ts'

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
  return [...problems, ...nameProblems(names), ...versionProblems(objectsOf(spec.versions))]
}

function nameProblems(names: Obj): Problem[] {
  const problems: Problem[] = []
  for (const field of ['plural', 'singular', 'kind', 'listKind']) {
    const value = asString(names[field]) ?? ''
    if (value === '') {
      problems.push(problem.required(`spec.names.${field}`))
      continue
    }
    const texts = label1035Name(value.toLowerCase())
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
  versions.forEach((version, index) => {
    const field = `spec.versions[${index}]`
    const name = asString(version.name) ?? ''
    for (const text of label1035Name(name))
      problems.push(problem.invalid(`${field}.name`, name, text))
    if (seen.has(name)) problems.push(problem.duplicate(`${field}.name`, name))
    seen.add(name)
    const schema = asObject(asObject(version.schema)?.openAPIV3Schema)
    const at = `${field}.schema.openAPIV3Schema`
    if (schema === undefined) problems.push(problem.required(at, 'schemas are required'))
    else problems.push(...structuralProblems(schema, at, true))
  })
  const stored = versions.filter((version) => version.storage === true).length
  if (stored !== 1) {
    const rule = 'must have exactly one version marked as storage version'
    problems.push(problem.invalid('spec.versions', versions as Value[], rule))
  }
  return problems
}

/** The parts of "structural" that people get wrong. */
function structuralProblems(schema: Obj, field: string, root: boolean): Problem[] {
  const problems: Problem[] = []
  const type = asString(schema.type) ?? ''
  if (root && type !== 'object') {
    if (type === '')
      problems.push(problem.required(`${field}.type`, 'must not be empty at the root'))
    else problems.push(problem.invalid(`${field}.type`, type, 'must be object at the root'))
  }
  const loose =
    schema['x-kubernetes-int-or-string'] === true ||
    schema['x-kubernetes-preserve-unknown-fields'] === true
  if (!root && type === '' && !loose) {
    problems.push(
      problem.required(`${field}.type`, 'must not be empty for specified object fields'),
    )
  }
  for (const [name, value] of Object.entries(asObject(schema.properties) ?? {})) {
    problems.push(
      ...structuralProblems(asObject(value) ?? {}, `${field}.properties[${name}]`, false),
    )
  }
  const rest = asObject(schema.additionalProperties)
  if (rest !== undefined)
    problems.push(...structuralProblems(rest, `${field}.additionalProperties`, false))
  problems.push(...ruleFaults(schema, field))
  const items = asObject(schema.items)
  if (items !== undefined) problems.push(...structuralProblems(items, `${field}.items`, false))
  else if (type === 'array') {
    problems.push(problem.required(`${field}.items`, 'must be specified'))
  }
  return problems
}

/** Rules that cannot be read are told when they are written down, not when the first object meets them. */
function ruleFaults(schema: Obj, field: string): Problem[] {
  return objectsOf(schema['x-kubernetes-validations']).flatMap(({ rule }, index) => {
    const text = asString(rule) ?? ''
    const at = `${field}.x-kubernetes-validations[${index}].rule`
    if (text.trim() === '') return [problem.required(at, 'rule is not specified')]
    const fault = ruleFault(text)
    return fault === undefined ? [] : [problem.invalid(at, text, `compilation failed: ${fault}`)]
  })
}

export function definitionUpdateProblems(object: Stored, old: Stored): Problem[] {
  const problems = definitionProblems(object)
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
