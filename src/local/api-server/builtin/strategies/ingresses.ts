/** Ingresses: every path says how it is matched, and every rule leads somewhere. */
import { asObject, asString, at, isObject, type Obj, objectsOf } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { subdomainName } from '../../names.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { withGeneration, withStatus } from './base.ts'

export const ingressStrategy: Strategy = {
  ...withGeneration(withStatus()),
  validate: ingressProblems,
  validateUpdate: ingressProblems,
}

function ingressProblems(ingress: Stored): Problem[] {
  const spec = asObject(ingress.spec) ?? {}
  const rules = objectsOf(spec.rules)
  const problems: Problem[] = []
  if (rules.length === 0 && spec.defaultBackend === undefined) {
    const rule = 'either `defaultBackend` or `rules` must be specified'
    problems.push(problem.invalid('spec', spec.rules ?? null, rule))
  }
  rules.forEach((rule, index) => {
    problems.push(...hostProblems(asString(rule.host) ?? '', `spec.rules[${index}].host`))
    objectsOf(at(rule, 'http', 'paths')).forEach((path, at) => {
      problems.push(...pathProblems(path, `spec.rules[${index}].http.paths[${at}]`))
    })
  })
  return problems
}

function hostProblems(host: string, field: string): Problem[] {
  if (host === '') return []
  // The rule for wildcards is the common one behind the first label.
  const name = host.startsWith('*.') ? host.slice(2) : host
  return subdomainName(name, false).map((text) => problem.invalid(field, host, text))
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']

function pathProblems(path: Obj, field: string): Problem[] {
  const problems: Problem[] = []
  const type = asString(path.pathType)
  const text = asString(path.path) ?? ''
  if (type === undefined)
    problems.push(problem.required(`${field}.pathType`, 'pathType must be specified'))
  else if (!pathTypes.includes(type))
    problems.push(problem.unsupported(`${field}.pathType`, type, pathTypes))
  else if (type !== 'ImplementationSpecific' && !text.startsWith('/')) {
    problems.push(problem.invalid(`${field}.path`, text, 'must be an absolute path'))
  }
  const backend = asObject(path.backend) ?? {}
  if (!isObject(backend.service) && backend.resource === undefined) {
    problems.push(
      problem.required(`${field}.backend`, 'must specify either a service or resource backend'),
    )
  }
  const service = asObject(backend.service)
  if (service !== undefined && (service.name ?? '') === '') {
    problems.push(problem.required(`${field}.backend.service.name`))
  }
  return problems
}
