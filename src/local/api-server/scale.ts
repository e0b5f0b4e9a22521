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
import { mutated, validated } from './admission/dispatch.ts'
import { subjectOf } from './admission/subject.ts'
import { json } from './answer.ts'
import { builtinSchemas } from './builtin/schemas.ts'
import { isPromise, readableOne } from './crd/forms.ts'
import { decodeObject, parseBody } from './decode.ts'
import { trackScale } from './fields/scale-owners.ts'
import type { Call } from './machine.ts'
import { wantedOf } from './negotiate.ts'
import { objectOf } from './output.ts'
import { entryOf, readableEntryOf } from './read.ts'
import type { Resource, Stored } from './resource.ts'
import { badRequest, invalid, methodNotAllowed } from './status.ts'
import { labelsText, selectorText } from './table/format.ts'
import { select } from './table/json-path.ts'
import { tableOf } from './table/table.ts'
import { patchedObject, patchTypeOf } from './write/patch.ts'
import { unbroken } from './write/torn.ts'
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

const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

export async function scale(call: Call): Promise<HttpResponse> {
  switch (call.method) {
    case 'GET':
      return told(
        call,
        scaleOf(call.resource, objectOf(call.resource, await readableEntryOf(call))),
      )
    case 'PUT':
    case 'PATCH':
      return unbroken(call, () => rescale(call))
    default:
      throw methodNotAllowed()
  }
}

/** A built-in kind's scale has columns of its own where a table is asked for. */
function told({ resource, headers, query, machine }: Call, scaled: Stored): HttpResponse {
  const wanted = wantedOf(headers.accept)
  if (wanted.as !== 'table' || resource.custom !== undefined) return json(200, scaled)
  const include = query.get('includeObject') ?? 'Metadata'
  const now = machine.ports.clock.now()
  const request = { resource: scaleResource(resource), objects: [scaled], meta: {}, columns: true }
  return json(200, tableOf({ ...request, now, include, wanted }))
}

async function rescale(call: Call): Promise<HttpResponse> {
  const { machine, resource } = call
  const read = readableOne(machine, resource, entryOf(call))
  const entry = isPromise(read) ? await read : read
  const object = objectOf(resource, entry)
  const before = scaleOf(resource, object)
  const subject = subjectOf(call, 'UPDATE', { kind: scaleKind })
  const changed = mutated(call, subject, wantedScale(call, before), before)
  setReplicas(call, object, isPromise(changed) ? await changed : changed)
  const written = await updateObject(call, object, entry, {
    track: (one, now, old) => {
      trackScale(one, now, old, replicasPath(resource))
      return undefined
    },
    // Webhooks see the scale, not the object that it belongs to.
    admission: (now, old) =>
      validated(call, subject, { object: scaleOf(resource, now), old: scaleOf(resource, old) }),
  })
  return json(200, scaleOf(resource, objectOf(resource, written)))
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

function replicasPath({ custom }: Resource): readonly string[] {
  return (custom?.scale?.specReplicasPath ?? '.spec.replicas').split('.').slice(1)
}

function setReplicas({ resource }: Call, object: Stored, wanted: Stored): void {
  const replicas = asNumber(asObject(wanted.spec)?.replicas) ?? 0
  const path = [...replicasPath(resource)]
  const last = path.pop() as string
  const holder = path.reduce((parent, field) => child(parent, field), object as Obj)
  holder[last] = replicas
  const version = asString(wanted.metadata.resourceVersion) ?? ''
  if (version !== '') object.metadata.resourceVersion = version
}

function scaleOf(resource: Resource, object: Stored): Stored {
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
