/** The fields that a field selector may name, for each kind that has any beyond name and namespace. */
import { asArray, at, type Obj, type Value } from '#core/schema/json.ts'
import type { Resource } from '../resource.ts'

type Pick = readonly (string | readonly [label: string, path: string])[]

const eventFields: Pick = [
  ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
    (name) => `involvedObject.${name}`,
  ),
  'reason',
  'reportingComponent',
  'type',
]

const byStorage: Readonly<Record<string, Pick>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  events: eventFields,
  secrets: ['type'],
  namespaces: ['status.phase'],
  nodes: ['spec.unschedulable'],
  services: ['spec.clusterIP', 'spec.type'],
  replicationcontrollers: ['status.replicas'],
  'batch/jobs': [['status.successful', 'status.succeeded']],
}
const booleans = new Set(['spec.hostNetwork', 'spec.unschedulable'])
const numbers = new Set(['status.replicas', 'status.successful'])

type Fields = Readonly<Record<string, string>>
const none: Fields = {}

/** The selectable fields of an object and their values; absent ones have Go's zero as text. */
export function selectableFields(resource: Resource, object: Obj): Fields {
  const picks = picksOf(resource)
  if (picks.length === 0) return none
  const values = picks.map(({ label, path }) => text(at(object, ...path), label))
  if (resource.storage === 'events') {
    values.push(text(at(object, 'source', 'component') ?? at(object, 'reportingComponent'), ''))
  }
  return sharedFields(resource, values)
}

type Picked = { readonly label: string; readonly path: readonly string[] }
const picked = new WeakMap<Resource, readonly Picked[]>()

function picksOf(resource: Resource): readonly Picked[] {
  let picks = picked.get(resource)
  if (picks === undefined) {
    const own = (resource.custom?.selectable ?? []).map((path) => path.replace(/^\./, ''))
    picks = [...(byStorage[resource.storage] ?? []), ...own].map((field) => {
      const [label, path] = typeof field === 'string' ? [field, field] : field
      return { label, path: path.split('.') }
    })
    picked.set(resource, picks)
  }
  return picks
}

const known = new WeakMap<Resource, Map<string, Fields>>()
/** Beyond these all are forgotten. Whoever has one keeps it; only later objects get others. */
const keptFields = 2000

/** Many objects of a kind have the same values: they have one and the same record of them. */
function sharedFields(resource: Resource, values: readonly string[]): Fields {
  const records = known.get(resource) ?? new Map<string, Fields>()
  known.set(resource, records)
  const labels = [...picksOf(resource).map(({ label }) => label), 'source']
  const key = values.join('\n')
  let found = records.get(key) ?? none
  // Texts with line breaks of their own could look like others.
  if (!values.every((value, index) => found[labels[index] as string] === value)) {
    found = Object.fromEntries(values.map((value, index) => [labels[index] as string, value]))
    if (records.size >= keptFields) records.clear()
    records.set(key, found)
  }
  return found
}

/** What is said to a selector that names another field. */
export function unknownField({ storage, custom }: Resource, label: string): string {
  const some = byStorage[storage] !== undefined || (custom?.selectable ?? []).length > 0
  if (some) return `field label not supported: ${label}`
  return `${JSON.stringify(label)} is not a known field selector: only "metadata.name", "metadata.namespace"`
}

/** Whether a field selector may name this field of the kind. */
export function isSelectable(resource: Resource, label: string): boolean {
  if (label === 'metadata.name') return true
  if (label === 'metadata.namespace') return true
  if (resource.storage === 'events' && label === 'source') return true
  const pick = byStorage[resource.storage] ?? []
  if (pick.some((field) => (typeof field === 'string' ? field : field[0]) === label)) return true
  return (resource.custom?.selectable ?? []).some((path) => path.replace(/^\./, '') === label)
}

function text(value: Value | undefined, label: string): string {
  if (value !== undefined && value !== null && asArray(value).length === 0) return String(value)
  if (booleans.has(label)) return 'false'
  return numbers.has(label) ? '0' : ''
}
