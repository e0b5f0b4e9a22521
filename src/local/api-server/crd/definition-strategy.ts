/** How writes treat custom resource definitions themselves. */
import {
  asArray,
  asNumber,
  asObject,
  asString,
  child,
  equal,
  type Obj,
  objectsOf,
} from '#core/schema/json.ts'
import { assign, base } from '../builtin/strategies/base.ts'
import type { Stored } from '../resource.ts'
import type { Strategy } from '../strategy.ts'
import { definitionProblems, definitionUpdateProblems } from './definition-validate.ts'

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

export const crdStrategy: Strategy = {
  ...base,
  unconditionalUpdate: false,
  defaults: fillDefaults,
  prepareCreate: (object) => {
    object.status = {
      conditions: null,
      acceptedNames: { plural: '', kind: '' },
      storedVersions: null,
    }
    object.metadata.generation = 1
    rememberStoredVersion(object)
  },
  prepareUpdate: (object, old) => {
    assign(object, 'status', old.status)
    if (!equal(object.spec, old.spec)) {
      object.metadata.generation = (asNumber(old.metadata.generation) ?? 0) + 1
    }
    rememberStoredVersion(object)
  },
  prepareStatus: (object, old) => {
    const { status } = object
    assign(object, 'spec', old.spec)
    assign(object, 'status', status)
  },
  validate: definitionProblems,
  validateUpdate: definitionUpdateProblems,
  beginDelete: (object, now) => {
    if (object.metadata.deletionTimestamp !== undefined) return undefined
    object.metadata.deletionTimestamp = now
    const finalizers = asArray(object.metadata.finalizers)
    if (!finalizers.includes(cleanupFinalizer)) {
      object.metadata.finalizers = [...finalizers, cleanupFinalizer]
    }
    const status = child(object, 'status')
    status.conditions = [...objectsOf(status.conditions), { ...pending, lastTransitionTime: now }]
    return 'marked'
  },
}

const pending = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionPending',
  message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
}

function fillDefaults(object: Stored): void {
  const spec = child(object, 'spec')
  const names = child(spec, 'names')
  const kind = asString(names.kind) ?? ''
  names.singular ??= kind.toLowerCase()
  names.listKind ??= kind === '' ? '' : `${kind}List`
  const conversion = child(spec, 'conversion')
  conversion.strategy ??= 'None'
  const webhook = asObject(asObject(conversion.webhook)?.clientConfig)?.service
  const service = asObject(webhook)
  if (service !== undefined) service.port ??= 443
}

function rememberStoredVersion(object: Stored): void {
  const versions = objectsOf((object.spec as Obj | undefined)?.versions)
  const storage = asString(versions.find((version) => version.storage === true)?.name)
  const status = asObject(object.status) ?? {}
  const known = asArray(status.storedVersions)
  if (storage !== undefined && !known.includes(storage)) {
    object.status = { ...status, storedVersions: [...known, storage] }
  }
}
