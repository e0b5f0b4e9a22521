/** replace: PUT to an object or its status; and the common end of everything that changes an object. */
import { asArray, asString } from '#core/schema/json.ts'
import { problem } from '#core/schema/problem.ts'
import type { HttpResponse } from '#kube/http.ts'
import { jsonText } from '../answer.ts'
import { decodeBody } from '../decode.ts'
import { trackUpdate } from '../fields/track.ts'
import { type Call, keyOf } from '../machine.ts'
import { keepOld, metadataProblems, metadataUpdateProblems, settleNamespace } from '../metadata.ts'
import { objectOf } from '../output.ts'
import { renderOf } from '../render.ts'
import type { Stored } from '../resource.ts'
import { conflict, invalid, modified, notFound } from '../status.ts'
import type { Entry } from '../store.ts'
import { strategyOf } from '../strategies.ts'
import type { Strategy } from '../strategy.ts'
import { commit, purge } from './commit.ts'
import { checkNameInBody, createObject } from './create.ts'

export function replace(call: Call): HttpResponse {
  const { machine, resource, namespace, name } = call
  const object = decodeBody(call)
  const render = renderOf(call)
  checkNameInBody(call, object)
  settleNamespace(resource, object, namespace)
  const old = machine.store.get(resource.storage, keyOf(namespace, name))
  if (old === undefined) {
    const creates = strategyOf(resource).createOnUpdate && call.subresource === ''
    if (!creates || (object.metadata.uid ?? '') !== '') throw notFound(resource, name)
    return jsonText(201, `${render.one(createObject(call, object))}\n`)
  }
  const entry = updateObject(call, object, old)
  return jsonText(200, `${render.one(entry)}\n`)
}

/** Writes a decoded object over the one that is there. Throws what a kube-apiserver would answer. */
export function updateObject(
  call: Call,
  object: Stored,
  oldEntry: Entry,
  track = trackUpdate,
): Entry {
  const { resource, subresource } = call
  const strategy = strategyOf(resource)
  const old = objectOf(resource, oldEntry)
  checkPreconditions(call, strategy, object, old)
  track(call, object, old)
  keepOld(object, old)
  const problems =
    subresource === 'status'
      ? prepareStatus(strategy, object, old)
      : prepareMain(call, strategy, object, old)
  if (problems.length > 0) throw invalid(resource, call.name, problems)
  if (subresource !== 'status') call.warnings.push(...strategy.warnings(object, old))
  if (isOver(object, old) && strategy.holds?.(object) !== true) return purge(call, object)
  return commit(call, object, oldEntry)
}

function prepareMain(call: Call, strategy: Strategy, object: Stored, old: Stored) {
  const { machine, resource } = call
  strategy.prepareUpdate(object, old, machine)
  return [
    ...metadataProblems(resource, strategy, object).filter(
      ({ field }) => field !== 'metadata.name' && field !== 'metadata.generateName',
    ),
    ...metadataUpdateProblems(object, old),
    ...strategy.validateUpdate(object, old, machine),
  ]
}

function prepareStatus(strategy: Strategy, object: Stored, old: Stored) {
  strategy.prepareStatus(object, old)
  return [...metadataUpdateProblems(object, old), ...strategy.validateStatus(object, old)]
}

function checkPreconditions(call: Call, strategy: Strategy, object: Stored, old: Stored): void {
  const { resource, name } = call
  const uid = asString(object.metadata.uid) ?? ''
  if (uid !== '' && uid !== old.metadata.uid) {
    const key = registryKey(call)
    const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${String(old.metadata.uid)}`
    throw conflict(resource, name, why)
  }
  const version = asString(object.metadata.resourceVersion) ?? ''
  if (version === '' || version === '0') {
    if (strategy.unconditionalUpdate) return
    const why = 'must be specified for an update'
    throw invalid(resource, name, [problem.invalid('metadata.resourceVersion', 0, why)])
  }
  if (version !== old.metadata.resourceVersion) throw conflict(resource, name, modified)
}

const oddPlaces: Readonly<Record<string, string>> = {
  services: 'services/specs',
  endpoints: 'services/endpoints',
  nodes: 'minions',
  ingresses: 'ingress',
  replicationcontrollers: 'controllers',
}

/** Where etcd would hold the object; it shows in one error message. */
function registryKey({ resource, namespace, name }: Call): string {
  const { group, plural, custom } = resource
  const place = custom === undefined ? (oddPlaces[plural] ?? plural) : `${group}/${plural}`
  return `/registry/${place}/${keyOf(namespace, name)}`
}

/** A deleted object goes with its last finalizer, once nobody has to end it gracefully. */
function isOver({ metadata }: Stored, old: Stored): boolean {
  if (old.metadata.deletionTimestamp === undefined) return false
  if (asArray(metadata.finalizers).length > 0) return false
  return (metadata.deletionGracePeriodSeconds ?? 0) === 0
}
