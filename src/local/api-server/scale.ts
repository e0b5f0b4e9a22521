/** The scale of a workload: how many replicas there are and shall be, whatever the kind. */
import {
  asNumber,
  asObject,
  asString,
  at,
  child,
  clone,
  isObject,
  type Obj,
  type Value,
} from '#core/schema/json.ts'
import { problem } from '#core/schema/problem.ts'
import type { HttpResponse } from '#kube/http.ts'
import { json } from './answer.ts'
import { builtinSchemas } from './builtin/schemas.ts'
import { decodeObject, parseBody } from './decode.ts'
import type { Call } from './machine.ts'
import { objectOf } from './output.ts'
import { entryOf } from './read.ts'
import type { Resource, Stored } from './resource.ts'
import { badRequest, invalid, methodNotAllowed } from './status.ts'
import { labelsText, selectorText } from './table/format.ts'
import { select } from './table/json-path.ts'
import { patchedObject, patchTypeOf } from './write/patch.ts'
import { updateObject } from './write/update.ts'

/** The Scale kind as far as decoding one needs it. */
const scaleResource = (resource: Resource): Resource => ({
  ...resource,
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  storage: 'autoscaling/scales',
  schema: builtinSchemas().get('io.k8s.api.autoscaling.v1.Scale'),
  schemaName: 'io.k8s.api.autoscaling.v1.Scale',
  subresources: [],
})

export function scale(call: Call): HttpResponse {
  const entry = entryOf(call)
  const object = objectOf(call.resource, entry)
  switch (call.method) {
    case 'GET':
      return json(200, scaleOf(call.resource, object))
    case 'PUT':
    case 'PATCH': {
      const wanted = wantedScale(call, scaleOf(call.resource, object))
      setReplicas(call, object, wanted)
      const written = updateObject(call, object, entry)
      return json(200, scaleOf(call.resource, objectOf(call.resource, written)))
    }
    default:
      throw methodNotAllowed()
  }
}

function wantedScale(call: Call, current: Obj): Stored {
  const { custom: _, ...resource } = scaleResource(call.resource)
  const inner: Call = { ...call, resource }
  const raw =
    call.method === 'PUT'
      ? parseBody(call.body, call.headers['content-type'], resource)
      : patchedObject(inner, patchTypeOf(inner), clone(current) as Stored)
  const wanted = decodeObject(resource, raw)
  if ((wanted.metadata.name ?? call.name) !== call.name) {
    throw badRequest(
      `the name of the object (${String(wanted.metadata.name)}) does not match the name on the URL (${call.name})`,
    )
  }
  const replicas = asNumber(asObject(wanted.spec)?.replicas) ?? 0
  if (replicas < 0) {
    const rule = 'must be greater than or equal to 0'
    throw invalid(resource, call.name, [problem.invalid('spec.replicas', replicas, rule)])
  }
  return wanted
}

function setReplicas({ resource }: Call, object: Stored, wanted: Stored): void {
  const replicas = asNumber(asObject(wanted.spec)?.replicas) ?? 0
  const path = (resource.custom?.scale?.specReplicasPath ?? '.spec.replicas').split('.').slice(1)
  const last = path.pop() as string
  const holder = path.reduce((parent, field) => child(parent, field), object as Obj)
  holder[last] = replicas
  const version = asString(wanted.metadata.resourceVersion) ?? ''
  if (version !== '') object.metadata.resourceVersion = version
}

function scaleOf(resource: Resource, object: Stored): Obj {
  const facts = resource.custom?.scale
  const one = (path: string): Value | undefined => select(path, object)?.[0]
  const replicas = asNumber(one(facts?.specReplicasPath ?? '.spec.replicas')) ?? 0
  const now = asNumber(one(facts?.statusReplicasPath ?? '.status.replicas')) ?? 0
  const selector =
    facts === undefined
      ? builtinSelector(object)
      : String((facts.labelSelectorPath === undefined ? '' : one(facts.labelSelectorPath)) ?? '')
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const metadata: Obj = {}
  for (const [key, value] of Object.entries({
    name,
    namespace,
    uid,
    resourceVersion,
    creationTimestamp,
  })) {
    if (value !== undefined) metadata[key] = value
  }
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata,
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: now, ...(selector === '' ? {} : { selector }) },
  }
}

function builtinSelector(object: Stored): string {
  const selector = at(object, 'spec', 'selector')
  const isMap =
    isObject(selector) &&
    !isObject(selector.matchLabels) &&
    !Array.isArray(selector.matchExpressions)
  const text = isMap ? labelsText(selector) : selectorText(selector)
  return text === '<none>' ? '' : text
}
