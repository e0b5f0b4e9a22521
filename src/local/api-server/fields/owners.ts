/** managedFields as they are worked with: who owns what, and how that is written into an object. */
import { asArray, asObject, asString, type Obj, type Value } from '#core/schema/json.ts'
import { type FieldSet, isEmptySet } from './field-set.ts'

export type Manager = {
  readonly name: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string | undefined
  readonly fields: FieldSet
}

export type Managers = ReadonlyMap<string, Manager>

/** Two entries of the same key are the same manager. Appliers are the same whatever version they used. */
export function managerKey({
  name,
  operation,
  apiVersion,
  subresource,
}: Omit<Manager, 'fields' | 'time'>): string {
  const version = operation === 'Apply' ? '' : apiVersion
  return JSON.stringify([name, operation, version, subresource])
}

/** The entries that can be read; undefined when one of them cannot. */
export function readManagers(value: Value | undefined): Managers | undefined {
  const managers = new Map<string, Manager>()
  for (const item of asArray(value)) {
    const entry = asObject(item) ?? {}
    const fields = asObject(entry.fieldsV1)
    const operation = entry.operation
    if (operation !== 'Apply' && operation !== 'Update') return undefined
    if (fields === undefined && entry.fieldsType !== 'FieldsV1') return undefined
    const manager: Manager = {
      name: asString(entry.manager) ?? '',
      operation,
      apiVersion: asString(entry.apiVersion) ?? '',
      subresource: asString(entry.subresource) ?? '',
      time: asString(entry.time),
      fields: (fields ?? {}) as FieldSet,
    }
    managers.set(managerKey(manager), manager)
  }
  return managers
}

/** The list as it stands in an object: appliers first, then by time and name. */
export function writeManagers(managers: Managers): Obj[] {
  return [...managers.values()]
    .filter(({ fields }) => !isEmptySet(fields))
    .sort(order)
    .map(({ name, operation, apiVersion, subresource, time, fields }) => ({
      manager: name,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: fields as unknown as Obj,
      ...(subresource === '' ? {} : { subresource }),
    }))
}

function order(a: Manager, b: Manager): number {
  const keys = (m: Manager): string[] => [
    m.operation,
    m.time ?? '',
    m.name,
    m.apiVersion,
    m.subresource,
  ]
  const [left, right] = [keys(a), keys(b)]
  for (const [index, one] of left.entries()) {
    const other = right[index] as string
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}

/** Fields the server itself sees to; nobody is their owner. */
const unowned = [
  ['f:apiVersion'],
  ['f:kind'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((field) => ['f:metadata', `f:${field}`]),
]

export function stripMeta(fields: FieldSet): FieldSet {
  const result: { [element: string]: FieldSet } = { ...fields }
  for (const path of unowned) {
    const [first, second] = path as [string, string?]
    if (second === undefined) delete result[first]
    else if (result[first] !== undefined) {
      const { [second]: _, ...rest } = result[first]
      result[first] = rest
    }
  }
  const meta = result['f:metadata']
  if (meta === undefined) return result
  const { '.': _, ...rest } = meta
  if (isEmptySet(rest)) delete result['f:metadata']
  else result['f:metadata'] = rest
  return result
}
