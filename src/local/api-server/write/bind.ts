/** Binding: how a scheduler gives a pod its node. The one way to set `spec.nodeName` after a pod was created. */
import {
  asArray,
  asObject,
  asString,
  child,
  isObject,
  type Obj,
  objectsOf,
} from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { mutated, validated } from '../admission/dispatch.ts'
import { subjectOf } from '../admission/subject.ts'
import { json } from '../answer.ts'
import { seconds } from '../builtin/times.ts'
import { isPromise } from '../crd/forms.ts'
import type { Call } from '../machine.ts'
import { objectOf } from '../output.ts'
import { entryOf } from '../read.ts'
import type { Stored } from '../resource.ts'
import { badRequest, conflict, methodNotAllowed } from '../status.ts'
import { commit } from './commit.ts'

export async function bind(call: Call): Promise<HttpResponse> {
  if (call.method !== 'POST') throw methodNotAllowed()
  const subject = subjectOf(call, 'CREATE', { kind: bindingKind })
  const changed = mutated(call, subject, parsedBinding(call), undefined)
  const binding = isPromise(changed) ? await changed : changed
  const asked = validated(call, subject, { object: binding, old: undefined })
  if (asked !== undefined) await asked
  const { node, annotations } = bindingOf(call, binding)
  const old = entryOf(call)
  const pod = objectOf(call.resource, old)
  const refused = refusalOf(pod)
  if (refused !== undefined) {
    throw conflict({ ...call.resource, plural: 'pods/binding' }, call.name, refused)
  }
  child(pod, 'spec').nodeName = node
  if (Object.keys(annotations).length > 0)
    Object.assign(child(pod.metadata, 'annotations'), annotations)
  markScheduled(pod, seconds(call.machine.ports.clock.now()))
  commit(call, pod, old)
  return json(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
}

const bindingKind = { group: '', version: 'v1', kind: 'Binding' }

function parsedBinding(call: Call): Stored {
  let body: unknown
  try {
    body = JSON.parse(call.body)
  } catch {
    throw badRequest('a Binding was expected')
  }
  const binding = asObject(body) ?? {}
  const metadata = asObject(binding.metadata) ?? {}
  return { ...binding, kind: 'Binding', apiVersion: 'v1', metadata }
}

function bindingOf(call: Call, binding: Stored): { node: string; annotations: Obj } {
  const { metadata } = binding
  const node = asString(asObject(binding.target)?.name) ?? ''
  if ((metadata.name ?? call.name) !== call.name) {
    throw badRequest('name in URL does not match name in Binding object')
  }
  if (node === '') throw badRequest('target.name: Required value')
  return { node, annotations: asObject(metadata.annotations) ?? {} }
}

function refusalOf(pod: Stored): string | undefined {
  const name = String(pod.metadata.name)
  const spec = asObject(pod.spec) ?? {}
  if (pod.metadata.deletionTimestamp !== undefined) {
    return `pod ${name} is being deleted, cannot be assigned to a host`
  }
  if ((spec.nodeName ?? '') !== '') {
    return `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`
  }
  return asArray(spec.schedulingGates).length > 0
    ? `pod ${name} has non-empty .spec.schedulingGates`
    : undefined
}

function markScheduled(pod: Stored, now: string): void {
  const status = child(pod, 'status')
  const conditions = objectsOf(status.conditions).filter(({ type }) => type !== 'PodScheduled')
  const made: Obj = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
  }
  status.conditions = [...conditions, made].filter(isObject)
}
