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
  'apps/replicasets': ['status.replicas'],
  'batch/jobs': [['status.successful', 'status.succeeded']],
}
const booleans = new Set(['spec.hostNetwork', 'spec.unschedulable'])
const numbers = new Set(['status.replicas', 'status.successful'])

const none = {}

/** The selectable fields of an object and their values; absent ones have Go's zero as text. */
export function selectableFields(
  resource: Resource,
  object: Obj,
): Readonly<Record<string, string>> {
  const pick = byStorage[resource.storage]
  if (pick === undefined && resource.custom === undefined) return none
  const result: Record<string, string> = {}
  for (const field of pick ?? []) {
    const [label, path] = typeof field === 'string' ? [field, field] : field
    result[label] = text(at(object, ...path.split('.')), label)
  }
  if (resource.storage === 'events') {
    result.source = text(at(object, 'source', 'component') ?? at(object, 'reportingComponent'), '')
  }
  for (const path of resource.custom?.selectable ?? []) {
    const label = path.replace(/^\./, '')
    result[label] = text(at(object, ...label.split('.')), label)
  }
  return result
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
