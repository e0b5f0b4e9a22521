/** Namespaces: a label with their own name, a finalizer in spec, and an end that others bring about. */
import { asArray, asObject, asString, child } from '#core/schema/json.ts'
import { labelName } from '../../names.ts'
import type { Stored } from '../../resource.ts'
import type { Strategy } from '../../strategy.ts'
import { assign, base } from './base.ts'

const ownLabel = 'kubernetes.io/metadata.name'

export const namespaceStrategy: Strategy = {
  ...base,
  returnsDeleted: true,
  checkName: (name, generated) =>
    name.includes('.') ? ['must not contain dots'] : labelName(name, generated),
  defaults: (object) => {
    const name = object.metadata.name
    if (typeof name === 'string' && name !== '') labelOwn(object, name)
    const status = asObject(object.status)
    if (status !== undefined && (status.phase ?? '') === '') status.phase = 'Active'
  },
  prepareCreate: (object) => {
    // A name that was made up is known only now.
    labelOwn(object, asString(object.metadata.name) ?? '')
    object.status = { phase: 'Active' }
    const spec = child(object, 'spec')
    const finalizers = asArray(spec.finalizers)
    if (!finalizers.includes('kubernetes')) spec.finalizers = [...finalizers, 'kubernetes']
  },
  prepareUpdate: (object, old) => {
    const finalizers = asArray(asObject(old.spec)?.finalizers)
    object.spec = { ...asObject(object.spec), finalizers }
    assign(object, 'status', old.status)
  },
  prepareStatus: (object, old) => assign(object, 'spec', old.spec),
  stays: ({ metadata }) =>
    ['default', 'kube-system', 'kube-public'].includes(String(metadata.name)),
  beginDelete: (object, now) => {
    if (object.metadata.deletionTimestamp === undefined) {
      object.metadata.deletionTimestamp = now
      child(object, 'status').phase = 'Terminating'
      return 'marked'
    }
    return holds(object) ? 'waits' : undefined
  },
  holds,
}

/** The namespace controller's own finalizer stands in spec. */
function holds(object: Stored): boolean {
  return asArray(asObject(object.spec)?.finalizers).length > 0
}

function labelOwn({ metadata }: Stored, name: string): void {
  metadata.labels = { ...asObject(metadata.labels), [ownLabel]: name }
}
