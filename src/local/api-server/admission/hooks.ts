/** The webhooks that the configurations name, read once and again only when a configuration changes. */
import { asArray, asNumber, asObject, asString, type Obj, objectsOf } from '#core/schema/json.ts'
import type { Machine } from '../machine.ts'
import { clientOf, type WebhookClient } from '../webhook/target.ts'

export type HookRule = {
  readonly operations: readonly string[]
  readonly apiGroups: readonly string[]
  readonly apiVersions: readonly string[]
  /** `pods`, `pods/status`, `pods/*`, `*`, … */
  readonly resources: readonly string[]
  readonly scope: string
}

export type Hook = {
  /** Unlike the name, different for every webhook of the cluster. */
  readonly id: string
  readonly name: string
  readonly client: WebhookClient
  readonly rules: readonly HookRule[]
  readonly ignoresFailure: boolean
  readonly equivalent: boolean
  readonly namespaceSelector: Obj
  readonly objectSelector: Obj
  /** Expressions that all have to hold. */
  readonly conditions: readonly string[]
  readonly timeoutSeconds: number
  readonly sideEffects: string
  readonly reviewVersions: readonly string[]
  /** Whether it is called again when a later webhook changed the object. Only ever true for mutating ones. */
  readonly again: boolean
}

export type HookLists = { readonly mutating: readonly Hook[]; readonly validating: readonly Hook[] }

const group = 'admissionregistration.k8s.io'
const mutating = `${group}/mutatingwebhookconfigurations`
const validating = `${group}/validatingwebhookconfigurations`

const lists = new WeakMap<Machine, HookLists>()

/** The webhooks in the order in which they are asked: configurations by name, and as written within one. */
export function hooksOf(machine: Machine): HookLists {
  let known = lists.get(machine)
  if (known === undefined) {
    known = { mutating: read(machine, mutating), validating: read(machine, validating) }
    lists.set(machine, known)
  }
  return known
}

/** Whether there is any webhook that could be asked. */
export function hasHooks(machine: Machine): boolean {
  const { mutating, validating } = hooksOf(machine)
  return mutating.length > 0 || validating.length > 0
}

/** From now on a changed configuration takes effect with the next request. */
export function startHooks(machine: Machine): void {
  machine.hooks.written.push(({ storage }) => {
    if (storage === mutating || storage === validating) lists.delete(machine)
  })
}

function read({ store }: Machine, storage: string): Hook[] {
  return store
    .list(storage)
    .flatMap(({ key, text }) =>
      objectsOf((JSON.parse(text) as Obj).webhooks).map((webhook) => hookOf(webhook, key)),
    )
}

function hookOf(webhook: Obj, configuration: string): Hook {
  const name = String(webhook.name)
  return {
    id: `${configuration}/${name}`,
    name,
    client: clientOf(asObject(webhook.clientConfig) ?? {}),
    rules: objectsOf(webhook.rules).map(ruleOf),
    ignoresFailure: webhook.failurePolicy === 'Ignore',
    equivalent: webhook.matchPolicy !== 'Exact',
    namespaceSelector: asObject(webhook.namespaceSelector) ?? {},
    objectSelector: asObject(webhook.objectSelector) ?? {},
    conditions: objectsOf(webhook.matchConditions).map(({ expression }) => String(expression)),
    timeoutSeconds: asNumber(webhook.timeoutSeconds) ?? 10,
    sideEffects: asString(webhook.sideEffects) ?? '',
    reviewVersions: asArray(webhook.admissionReviewVersions).map(String),
    again: webhook.reinvocationPolicy === 'IfNeeded',
  }
}

function ruleOf(rule: Obj): HookRule {
  const texts = (field: string): string[] => asArray(rule[field]).map(String)
  return {
    operations: texts('operations'),
    apiGroups: texts('apiGroups'),
    apiVersions: texts('apiVersions'),
    resources: texts('resources'),
    scope: asString(rule.scope) ?? '*',
  }
}
