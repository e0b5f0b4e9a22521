/** A release's object as people may see it: what they wrote and its status, without anything secret or of the server's own. */
import { stringify } from 'yaml'
import type { KubeObject } from '#core/k8s/meta.ts'
import { isObject, type Obj } from '#core/schema/json.ts'

const hidden = '(hidden)'

/** A copy of the whole manifest as kubectl applied it, values included. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

export function manifestOf(object: KubeObject): string {
  const { apiVersion, kind, metadata, ...rest } = object as KubeObject & Obj
  const { managedFields: _server, ...own } = metadata as KubeObject['metadata'] & Obj
  return stringify(shownIn({ apiVersion, kind, metadata: own, ...rest }))
}

/** Everything of it but values of variables and headers, and copies of manifests. */
function shownIn(value: unknown, key = ''): unknown {
  if (Array.isArray(value))
    return value.map((item) => (key === 'env' ? withoutValue(item) : shownIn(item)))
  if (!isObject(value)) return value
  const entries = Object.entries(value)
    .filter(([name]) => name !== lastApplied)
    .map(([name, one]) => [name, key === 'headers' ? hiddenText(one) : shownIn(one, name)])
  return Object.fromEntries(entries)
}

function withoutValue(variable: unknown): unknown {
  if (!isObject(variable)) return hidden
  return 'value' in variable ? { ...variable, value: hidden } : variable
}

/** Headers that a gate or a metric provider is sent may be its password. */
function hiddenText(value: unknown): unknown {
  return typeof value === 'string' ? hidden : shownIn(value)
}
