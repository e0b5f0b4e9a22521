/** What match conditions may speak of: the variables and their types. */
import {
  bool,
  dyn,
  int,
  listOf,
  mapOf,
  type ObjectType,
  type Type,
  text,
  unopened,
} from '../cel/types.ts'

function object(name: string, fields: Readonly<Record<string, Type>>): ObjectType {
  return { kind: 'object', name: `kubernetes.${name}`, fields: new Map(Object.entries(fields)) }
}

const kind = object('GroupVersionKind', { group: text, version: text, kind: text })
const resource = object('GroupVersionResource', { group: text, version: text, resource: text })
const userInfo = object('UserInfo', {
  username: text,
  uid: text,
  groups: listOf(text),
  extra: mapOf(text, listOf(text)),
})

const request = object('AdmissionRequest', {
  kind,
  resource,
  subResource: text,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: text,
  name: text,
  namespace: text,
  operation: text,
  userInfo,
  dryRun: bool,
  options: dyn,
})

const instant: Type = { kind: 'timestamp' }
const texts = mapOf(text, text)

const namespace = object('Namespace', {
  metadata: object('NamespaceMetadata', {
    name: text,
    generateName: text,
    namespace: text,
    labels: texts,
    annotations: texts,
    UID: text,
    creationTimestamp: instant,
    deletionGracePeriodSeconds: int,
    deletionTimestamp: instant,
    generation: int,
    resourceVersion: text,
    finalizers: listOf(text),
  }),
  spec: object('NamespaceSpec', { finalizers: listOf(text) }),
  status: object('NamespaceStatus', {
    conditions: listOf(
      object('NamespaceCondition', {
        status: text,
        type: text,
        lastTransitionTime: instant,
        message: text,
        reason: text,
      }),
    ),
    phase: text,
  }),
})

export const conditionVariables: ReadonlyMap<string, Type> = new Map<string, Type>([
  ['object', dyn],
  ['oldObject', dyn],
  ['namespaceObject', namespace],
  ['request', request],
  ['authorizer', unopened('kubernetes.authorization.Authorizer')],
  ['authorizer.requestResource', unopened('kubernetes.authorization.ResourceCheck')],
])
