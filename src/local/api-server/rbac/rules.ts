/** One rule of a role: what it allows, what it covers, and how it is told. Pure. */
import { asArray, type Obj, objectsOf } from '#core/schema/json.ts'
import type { Attributes } from './attributes.ts'

export type Rule = {
  readonly verbs: readonly string[]
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
  readonly nonResourceURLs: readonly string[]
}

const fields = ['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'] as const

/** The rules of a role, or of anything else that has `rules`. */
export function rulesOf(role: Obj): readonly Rule[] {
  return objectsOf(role.rules).map((rule) => {
    const [verbs, apiGroups, resources, resourceNames, nonResourceURLs] = fields.map((field) =>
      asArray(rule[field]).map(String),
    ) as [string[], string[], string[], string[], string[]]
    return { verbs, apiGroups, resources, resourceNames, nonResourceURLs }
  })
}

/** A rule as the API writes it: lists that say nothing are left out. */
export function ruleObject(rule: Rule): Obj {
  const result: Obj = {}
  for (const field of fields) {
    if (field === 'verbs' || rule[field].length > 0) result[field] = [...rule[field]]
  }
  return result
}

/** Whether a rule allows a request. */
export function allows(rule: Rule, asked: Attributes): boolean {
  if (!hasOrAll(rule.verbs, asked.verb)) return false
  if (asked.kind === 'path') {
    return rule.nonResourceURLs.some((own) => pathCovers(own, asked.path))
  }
  const { group, resource, subresource, name } = asked
  return (
    hasOrAll(rule.apiGroups, group) &&
    resourceMatches(rule.resources, resource, subresource) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  )
}

function hasOrAll(list: readonly string[], wanted: string): boolean {
  return list.includes('*') || list.includes(wanted)
}

/** `pods`, `pods/log`, everything's `log` and `*` are the forms in which a rule names what it is about. */
function resourceMatches(list: readonly string[], resource: string, subresource: string): boolean {
  if (subresource === '') return hasOrAll(list, resource)
  return hasOrAll(list, `${resource}/${subresource}`) || list.includes(`*/${subresource}`)
}

function pathCovers(own: string, path: string): boolean {
  if (own === '*' || own === path) return true
  return own.endsWith('*') && path.startsWith(own.replace(/\*+$/, ''))
}

/** What of `wanted` is not covered by `owned`: rules of one verb, resource and name each. */
export function uncovered(owned: readonly Rule[], wanted: readonly Rule[]): readonly Rule[] {
  return wanted.flatMap(atoms).filter((atom) => !owned.some((rule) => covers(rule, atom)))
}

/** A rule taken apart into rules that are each either covered by one other rule, or not at all. */
function atoms({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: Rule): Rule[] {
  const names = resourceNames.length === 0 ? [[]] : resourceNames.map((name) => [name])
  const result: Rule[] = []
  for (const group of apiGroups) {
    for (const resource of resources) {
      for (const verb of verbs) {
        for (const resourceNames of names) {
          const [apiGroups, resources] = [[group], [resource]]
          result.push({ verbs: [verb], apiGroups, resources, resourceNames, nonResourceURLs: [] })
        }
      }
    }
  }
  for (const url of nonResourceURLs) {
    for (const verb of verbs) result.push({ ...nothing, verbs: [verb], nonResourceURLs: [url] })
  }
  return result
}

const nothing: Rule = {
  verbs: [],
  apiGroups: [],
  resources: [],
  resourceNames: [],
  nonResourceURLs: [],
}

function covers(rule: Rule, atom: Rule): boolean {
  const has = (list: readonly string[], wanted: readonly string[]): boolean =>
    list.includes('*') || wanted.every((one) => list.includes(one))
  return (
    has(rule.verbs, atom.verbs) &&
    has(rule.apiGroups, atom.apiGroups) &&
    atom.resources.every((one) => {
      const [resource = '', ...sub] = one.split('/')
      return resourceMatches(rule.resources, resource, sub.join('/'))
    }) &&
    atom.nonResourceURLs.every((path) =>
      rule.nonResourceURLs.some((own) => pathCovers(own, path)),
    ) &&
    (rule.resourceNames.length === 0 ||
      (atom.resourceNames.length > 0 &&
        atom.resourceNames.every((name) => rule.resourceNames.includes(name))))
  )
}

/** Atoms that differ only in their verb become one rule again. */
export function compact(rules: readonly Rule[]): readonly Rule[] {
  const result = new Map<string, Rule>()
  for (const rule of rules) {
    const { verbs, ...rest } = rule
    // Rules about paths stay apart: that is how a server tells them.
    const key = JSON.stringify(rule.nonResourceURLs.length > 0 ? rule : rest)
    const known = result.get(key)
    result.set(key, known === undefined ? rule : { ...rule, verbs: [...known.verbs, ...verbs] })
  }
  return [...result.values()]
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}` */
export function ruleText(rule: Rule): string {
  const parts: [string, readonly string[]][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ]
  const told = parts.filter(([, list]) => list.length > 0)
  return `{${told.map(([name, list]) => `${name}:${listText(list)}`).join(', ')}}`
}

/** Go's way to print a list of quoted texts. */
export function listText(list: readonly string[]): string {
  return `[${list.map((one) => JSON.stringify(one)).join(' ')}]`
}
