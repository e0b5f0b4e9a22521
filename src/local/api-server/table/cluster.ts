/** The columns of everything else that is built in. */
import { asNumber, asObject, asString, at, objectsOf } from '#core/schema/json.ts'
import type { Stored } from '../resource.ts'
import { ageColumn, type Column, column, count, nameColumn, text, wide } from './column.ts'
import { since } from './format.ts'

export function namespaceColumns(): Column[] {
  return [
    nameColumn(),
    column('Status', 'string', 'The status of the namespace', text('status', 'phase')),
    ageColumn(),
  ]
}

export function nodeColumns(): Column[] {
  const info = (name: string, field: string): Column =>
    wide(name, 'string', `core:NodeSystemInfo:${field}`, (object) =>
      String(at(object, 'status', 'nodeInfo', field) || '<unknown>'),
    )
  const address = (name: string, type: string): Column =>
    wide(name, 'string', 'core:NodeStatus:addresses', (object) =>
      String(
        objectsOf(at(object, 'status', 'addresses')).find((one) => one.type === type)?.address ??
          '<none>',
      ),
    )
  return [
    nameColumn(),
    column('Status', 'string', 'The status of the node', nodeStatus),
    column('Roles', 'string', 'The roles of the node', nodeRoles),
    ageColumn(),
    column(
      'Version',
      'string',
      'core:NodeSystemInfo:kubeletVersion',
      text('status', 'nodeInfo', 'kubeletVersion'),
    ),
    address('Internal-IP', 'InternalIP'),
    address('External-IP', 'ExternalIP'),
    info('OS-Image', 'osImage'),
    info('Kernel-Version', 'kernelVersion'),
    info('Container-Runtime', 'containerRuntimeVersion'),
  ]
}

function nodeStatus(node: Stored): string {
  const ready = objectsOf(at(node, 'status', 'conditions')).find(({ type }) => type === 'Ready')
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady']
  if (at(node, 'spec', 'unschedulable') === true) words.push('SchedulingDisabled')
  return words.join(',')
}

const rolePrefix = 'node-role.kubernetes.io/'

function nodeRoles({ metadata }: Stored): string {
  const roles = Object.entries(asObject(metadata.labels) ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix)) return [key.slice(rolePrefix.length)]
    return key === 'kubernetes.io/role' ? [String(value)] : []
  })
  const named = [...new Set(roles.filter((role) => role !== ''))].sort()
  return named.length === 0 ? '<none>' : named.join(',')
}

export function eventColumns(): Column[] {
  return [
    column('Last Seen', 'string', 'core:Event:lastTimestamp', lastSeen),
    column('Type', 'string', 'core:Event:type', text('type')),
    column('Reason', 'string', 'core:Event:reason', text('reason')),
    column('Object', 'string', 'core:Event:involvedObject', (event) => {
      const about = asObject(event.involvedObject ?? event.regarding) ?? {}
      const kind = String(about.kind ?? '').toLowerCase()
      return (about.name ?? '') === '' ? kind : `${kind}/${String(about.name)}`
    }),
    wide('Subobject', 'string', 'core:ObjectReference:fieldPath', (event) =>
      String(at(event, 'involvedObject', 'fieldPath') ?? at(event, 'regarding', 'fieldPath') ?? ''),
    ),
    wide('Source', 'string', 'core:Event:source', eventSource),
    column('Message', 'string', 'core:Event:message', (event) =>
      String(event.message ?? event.note ?? '').trim(),
    ),
    wide('First Seen', 'string', 'core:Event:firstTimestamp', firstSeen),
    wide('Count', 'string', 'core:Event:count', (event) => {
      const series = asNumber(at(event, 'series', 'count'))
      return series ?? (asNumber(event.count ?? event.deprecatedCount) || 1)
    }),
    nameColumn(1),
  ]
}

function firstSeen(event: Stored, now: number): string {
  return since(event.firstTimestamp ?? event.deprecatedFirstTimestamp ?? event.eventTime, now)
}

function lastSeen(event: Stored, now: number): string {
  const series = at(event, 'series', 'lastObservedTime')
  if (series !== undefined) return since(series, now)
  const last = event.lastTimestamp ?? event.deprecatedLastTimestamp
  return last === undefined || last === null ? firstSeen(event, now) : since(last, now)
}

function eventSource(event: Stored): string {
  const source = asObject(event.source ?? event.deprecatedSource) ?? {}
  const component = asString(source.component) ?? ''
  const host = asString(source.host) ?? ''
  const controller = String(event.reportingComponent ?? event.reportingController ?? '')
  const instance = asString(event.reportingInstance) ?? ''
  const [name, place] = component === '' ? [controller, instance] : [component, host]
  return place === '' ? name : `${name}, ${place}`
}

export function secretColumns(): Column[] {
  return [
    nameColumn(),
    column('Type', 'string', 'core:Secret:type', text('type')),
    column('Data', 'string', 'core:Secret:data', (object) => size(object.data)),
    ageColumn(),
  ]
}

export function configMapColumns(): Column[] {
  return [
    nameColumn(),
    column(
      'Data',
      'string',
      'core:ConfigMap:data',
      (object) => size(object.data) + size(object.binaryData),
    ),
    ageColumn(),
  ]
}

const size = (value: unknown): number => Object.keys(asObject(value) ?? {}).length

export function serviceAccountColumns(): Column[] {
  return [
    nameColumn(),
    column(
      'Secrets',
      'string',
      'core:ServiceAccount:secrets',
      (object) => objectsOf(object.secrets).length,
    ),
    ageColumn(),
  ]
}

export function leaseColumns(): Column[] {
  return [
    nameColumn(),
    column(
      'Holder',
      'string',
      'coordination:LeaseSpec:holderIdentity',
      text('spec', 'holderIdentity'),
    ),
    ageColumn(),
  ]
}

const roleReference = {
  RoleBinding:
    'RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.',
  ClusterRoleBinding:
    'RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.',
}

export function bindingColumns(kind: 'RoleBinding' | 'ClusterRoleBinding'): Column[] {
  const who = `${kind[0]?.toLowerCase()}${kind.slice(1)}`
  const subjects = (name: string, type: string): Column =>
    wide(name, 'string', `${name} in the ${who}`, (object) =>
      objectsOf(object.subjects)
        .filter((subject) => subject.kind === type)
        .map((subject) =>
          type === 'ServiceAccount'
            ? `${String(subject.namespace ?? '')}/${String(subject.name)}`
            : String(subject.name),
        )
        .join(', '),
    )
  return [
    nameColumn(),
    column(
      'Role',
      'string',
      roleReference[kind],
      (object) =>
        `${String(at(object, 'roleRef', 'kind'))}/${String(at(object, 'roleRef', 'name'))}`,
    ),
    ageColumn(),
    subjects('Users', 'User'),
    subjects('Groups', 'Group'),
    subjects('ServiceAccounts', 'ServiceAccount'),
  ]
}

/** Roles and other kinds without a printer of their own: the server's fallback. */
export function fallbackColumns(): Column[] {
  return [
    nameColumn(),
    column('Created At', 'date', 'meta:ObjectMeta:creationTimestamp', (object) =>
      String(object.metadata.creationTimestamp ?? ''),
    ),
  ]
}

export function webhookColumns(): Column[] {
  const about = 'Webhooks indicates the number of webhooks registered in this configuration'
  return [
    nameColumn(),
    column('Webhooks', 'integer', about, (object) => objectsOf(object.webhooks).length),
    ageColumn(),
  ]
}

export function disruptionBudgetColumns(): Column[] {
  const limit = (field: string) => (object: Stored) => String(at(object, 'spec', field) ?? 'N/A')
  return [
    nameColumn(),
    column(
      'Min Available',
      'string',
      'The minimum number of pods that must be available.',
      limit('minAvailable'),
    ),
    column(
      'Max Unavailable',
      'string',
      'The maximum number of pods that may be unavailable.',
      limit('maxUnavailable'),
    ),
    column(
      'Allowed Disruptions',
      'integer',
      'Calculated number of pods that may be disrupted at this time.',
      count('status', 'disruptionsAllowed'),
    ),
    ageColumn(),
  ]
}

export function priorityClassColumns(): Column[] {
  const about = (field: string): string => `scheduling:PriorityClass:${field}`
  return [
    nameColumn(),
    column('Value', 'integer', about('value'), count('value')),
    column('Global-Default', 'boolean', about('globalDefault'), ({ globalDefault }) =>
      globalDefault === true ? true : false,
    ),
    ageColumn(),
    column('PreemptionPolicy', 'string', about('preemptionPolicy'), text('preemptionPolicy')),
  ]
}
