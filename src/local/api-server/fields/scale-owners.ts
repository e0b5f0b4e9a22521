/**
 * Who owns the number of replicas after a write through `scale`. There the owners are those of a Scale, an object of
 * another version, and on the way back updaters are not recognised: they keep the number as an entry of its own, without
 * a time. So it is on a real server, and clients that read managedFields see it.
 */
import { equal, type Obj, objectsOf, type Value } from '#core/schema/json.ts'
import type { Call } from '../machine.ts'
import { apiVersionOf, type Stored } from '../resource.ts'
import { difference, type FieldSet, intersection, isEmptySet } from './field-set.ts'
import { type Manager, readManagers, writeManagers } from './owners.ts'
import { managerName } from './track.ts'

/** @param path to the number, as `['spec', 'replicas']` */
export function trackScale(
  call: Call,
  object: Stored,
  old: Stored | undefined,
  path: readonly string[],
): void {
  delete object.metadata.managedFields
  const known = readManagers(old?.metadata.managedFields)
  if (old === undefined || known === undefined || known.size === 0) return
  const fields = setOf(path)
  const changed = !equal(at(object, path), at(old, path))
  const owned = [...known.values()].some(
    (manager) => !isEmptySet(intersection(manager.fields, fields)),
  )
  const managers = new Map<string, Manager>()
  for (const [key, manager] of known) {
    if (isEmptySet(intersection(manager.fields, fields))) managers.set(key, manager)
    else if (manager.operation === 'Apply' && !changed) managers.set(key, manager)
    else {
      const rest = difference(manager.fields, fields)
      if (!isEmptySet(rest)) managers.set(key, { ...manager, fields: rest })
      if (!changed) managers.set(`${key} scale`, { ...manager, fields, time: undefined })
    }
  }
  // A Scale that nobody owns anything of is not followed, and in a Scale zero is not written down.
  if (changed && owned && at(object, path) !== 0) {
    managers.set('scale', {
      name: managerName(call),
      operation: 'Update',
      apiVersion: apiVersionOf(call.resource),
      subresource: 'scale',
      time: undefined,
      fields,
    })
  }
  const list = writeManagers(managers)
  const before = old.metadata.managedFields
  // A new time alone is no change.
  if (equal(timeless(list), timeless(before))) object.metadata.managedFields = before as Value
  else if (list.length > 0) object.metadata.managedFields = list
}

function setOf(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>((inner, name) => ({ [`f:${name}`]: inner }), {})
}

function at(object: Stored, path: readonly string[]) {
  let value: unknown = object
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[name]
  return value as Stored['spec']
}

/** The entries without their instants, by which alone no two of them differ. */
export function timeless(list: unknown): Obj[] {
  return objectsOf(list as Value).map(({ time: _, ...entry }) => entry)
}
