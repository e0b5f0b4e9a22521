/** A patched object that cannot be read, as the refusal shows it: in the order in which the server writes members. */
import { isObject, type Obj, objectsOf, type Value } from '#core/schema/json.ts'

const metadataOrder = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
]

/** The members of the whole stand in the order of the alphabet, those of metadata in that of their type. */
export function shownPatched(patched: Obj): string {
  const sorted = Object.entries(patched).sort(([a], [b]) => (a < b ? -1 : 1))
  const shown = sorted.map(([key, value]): [string, Value] =>
    key === 'metadata' && isObject(value) ? [key, shownMetadata(value)] : [key, value],
  )
  return JSON.stringify(Object.fromEntries(shown))
}

function shownMetadata(metadata: Obj): Obj {
  const known = metadataOrder.flatMap((key): [string, Value][] => {
    const value = metadata[key]
    if (value === undefined) return []
    return [[key, key === 'managedFields' ? objectsOf(value).map(shownOwner) : value]]
  })
  return { ...Object.fromEntries(known), ...without(metadata, metadataOrder) }
}

function shownOwner(owner: Obj): Obj {
  return owner.fieldsV1 === undefined ? owner : { ...owner, fieldsV1: inOrder(owner.fieldsV1) }
}

function inOrder(value: Value): Value {
  if (!isObject(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, inOrder(item)]))
}

function without(object: Obj, keys: readonly string[]): Obj {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))
}
