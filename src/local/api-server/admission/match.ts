/** Whether a webhook is concerned by a request: its rules, its selectors, and kinds that are the same in another form. */
import { asObject, type Obj } from '#core/schema/json.ts'
import { isEmptySelector, selects } from '../label-selector.ts'
import type { Machine } from '../machine.ts'
import type { Resource, Stored } from '../resource.ts'
import { notFound } from '../status.ts'
import type { Hook, HookRule } from './hooks.ts'
import type { ObjectKind, Pair, Subject } from './subject.ts'

/** A webhook that shall be called, and the form in which it wants the object. */
export type Invocation = {
  readonly hook: Hook
  readonly resource: Resource
  readonly kind: ObjectKind
}

/** The webhooks whose rules speak of the request, whatever the object is like. */
export function concerned(
  machine: Machine,
  hooks: readonly Hook[],
  subject: Subject,
): readonly Invocation[] {
  if (hooks.length === 0 || isExempt(subject)) return []
  return hooks.flatMap((hook) => {
    const found = invocationOf(machine, hook, subject)
    return found === undefined ? [] : [found]
  })
}

/** Webhooks are not asked about the configurations that name them; nobody could repair a bad one otherwise. */
function isExempt({ kind: { group, kind } }: Subject): boolean {
  if (group !== 'admissionregistration.k8s.io') return false
  return /^(Validating|Mutating)(WebhookConfiguration|AdmissionPolicy(Binding)?)$/.test(kind)
}

function invocationOf(machine: Machine, hook: Hook, subject: Subject): Invocation | undefined {
  const { resource, kind } = subject
  if (hook.rules.some((rule) => fits(rule, subject, resource))) return { hook, resource, kind }
  if (!hook.equivalent) return undefined
  const others = equivalents(machine, subject)
  for (const rule of hook.rules) {
    const other = others.find((one) => fits(rule, subject, one))
    if (other !== undefined) return { hook, resource: other, kind: kindIn(other, subject) }
  }
  return undefined
}

/** The same objects under another group or version, as far as they have the subresource as well. */
function equivalents({ registry }: Machine, { resource, subresource }: Subject): Resource[] {
  return registry
    .all()
    .filter(
      (one) =>
        one !== resource &&
        one.storage === resource.storage &&
        (subresource === '' || one.subresources.some(({ name }) => name === subresource)),
    )
}

function kindIn(other: Resource, { kind, resource }: Subject): ObjectKind {
  return kind.kind === resource.kind ? other : kind
}

function fits(rule: HookRule, subject: Subject, resource: Resource): boolean {
  const holds = (values: readonly string[], wanted: string): boolean =>
    values.includes('*') || values.includes(wanted)
  return (
    inScope(rule.scope, subject) &&
    holds(rule.operations, subject.operation) &&
    holds(rule.apiGroups, resource.group) &&
    holds(rule.apiVersions, resource.version) &&
    rule.resources.some((pattern) => namesResource(pattern, resource.plural, subject.subresource))
  )
}

function inScope(scope: string, { resource, namespace }: Subject): boolean {
  if (scope === '*') return true
  const inNamespace = resource.storage !== 'namespaces' && namespace !== ''
  return inNamespace === (scope === 'Namespaced')
}

function namesResource(pattern: string, plural: string, subresource: string): boolean {
  const [resource = '', sub = ''] = pattern.split(/\/(.*)/s)
  return (resource === '*' || resource === plural) && (sub === '*' || sub === subresource)
}

/** Whether the selectors choose the request. Throws a 404 when its namespace is not there. */
export function isSelected(machine: Machine, hook: Hook, subject: Subject, pair: Pair): boolean {
  return inSelectedNamespace(machine, hook, subject, pair) && isObjectSelected(hook, pair)
}

function inSelectedNamespace(
  machine: Machine,
  { namespaceSelector }: Hook,
  { namespace, resource, subresource, operation }: Subject,
  { object }: Pair,
): boolean {
  if (isEmptySelector(namespaceSelector)) return true
  const isNamespace = resource.plural === 'namespaces'
  if (namespace === '' && !isNamespace) return true
  // A namespace on its way in has labels that nobody has stored yet.
  if (isNamespace && subresource === '' && operation !== 'DELETE' && object !== undefined) {
    return selects(namespaceSelector, labelsOf(object))
  }
  const entry = machine.store.get('namespaces', namespace)
  if (entry === undefined) {
    throw notFound({ group: '', plural: 'namespaces', kind: 'Namespace' }, namespace)
  }
  return selects(namespaceSelector, entry.labels)
}

function isObjectSelected({ objectSelector }: Hook, { object, old }: Pair): boolean {
  if (isEmptySelector(objectSelector)) return true
  return [object, old].some((one) => one !== undefined && selects(objectSelector, labelsOf(one)))
}

function labelsOf({ metadata }: Stored): Obj {
  return asObject(metadata.labels) ?? {}
}
