/** replace: PUT to an object or its status; and the common end of everything that changes an object. */
import { asArray, asString } from '#core/schema/json.ts'
import { problem } from '#core/schema/problem.ts'
import type { HttpResponse } from '#kube/http.ts'
import { mutated, validated } from '../admission/dispatch.ts'
import { subjectOf } from '../admission/subject.ts'
import { jsonText } from '../answer.ts'
import { isPromise, readableOne } from '../crd/forms.ts'
import { decodeBody } from '../decode.ts'
import { trackUpdate } from '../fields/track.ts'
import { type Call, keyOf } from '../machine.ts'
import {
  keepOld,
  metadataProblems,
  metadataUpdateProblems,
  oneOwnerEach,
  settleNamespace,
} from '../metadata.ts'
import { objectOf } from '../output.ts'
import { checkEscalation } from '../rbac/escalation.ts'
import { renderOf } from '../render.ts'
import type { Stored } from '../resource.ts'
import { ApiError, conflict, invalid, modified, notFound } from '../status.ts'
import type { Entry } from '../store.ts'
import { strategyOf } from '../strategies.ts'
import type { Strategy } from '../strategy.ts'
import { commitAny, purgeAny } from './commit.ts'
import { checkNameInBody, createObject } from './create.ts'
import { unbroken } from './torn.ts'

export function replace(call: Call): Promise<HttpResponse> {
  return unbroken(call, () => replaceOnce(call))
}

async function replaceOnce(call: Call): Promise<HttpResponse> {
  const { machine, resource, namespace, name } = call
  const object = decodeBody(call)
  const render = renderOf(call)
  checkNameInBody(call, object)
  settleNamespace(resource, object, namespace)
  const stored = machine.store.get(resource.storage, keyOf(namespace, name))
  if (stored === undefined) {
    const creates = strategyOf(resource).createOnUpdate && call.subresource === ''
    if (!creates || (object.metadata.uid ?? '') !== '') throw notFound(resource, name)
    // A version of what is not there means nothing.
    delete object.metadata.resourceVersion
    return jsonText(201, `${render.one(await createObject(call, object))}\n`)
  }
  const read = readableOne(machine, resource, stored)
  const old = isPromise(read) ? await read : read
  const entry = await updateObject(call, object, old)
  return jsonText(200, `${render.one(entry)}\n`)
}

/** How an update differs from the common one. */
export type UpdateWays = {
  /** Who owns which field afterwards. */
  readonly track?: typeof trackUpdate
  /** What webhooks are asked about when it is not the object itself. */
  readonly admission?: (object: Stored, old: Stored) => Promise<void> | undefined
}

/**
 * Writes a decoded object over the one that is there, `oldEntry`, which is in the form of the request's version. Rejects
 * with what a kube-apiserver would answer, and with `Torn` when the object changed meanwhile.
 */
export async function updateObject(
  call: Call,
  given: Stored,
  oldEntry: Entry,
  { track = trackUpdate, admission }: UpdateWays = {},
): Promise<Entry> {
  const { resource } = call
  const strategy = strategyOf(resource)
  const old = call.machine.views.of(resource, oldEntry)
  oneOwnerEach(call, given)
  checkPreconditions(call, strategy, given, old)
  const tracked = track(call, given, old)
  if (tracked !== undefined) await tracked
  const subject = subjectOf(call, 'UPDATE')
  const changed = admission === undefined ? mutated(call, subject, given, old) : given
  const object = isPromise(changed) ? await changed : changed
  checkEscalation(call, object, old)
  check(call, strategy, object, old)
  const asked =
    admission === undefined ? validated(call, subject, { object, old }) : admission(object, old)
  if (asked !== undefined) await asked
  if (isOver(object, old) && strategy.holds?.(object) !== true) {
    const last = await purgeAny(call, object, oldEntry)
    // Whoever took the last finalizer away sees the version it had, watches that of its end.
    const seen = objectOf(resource, last)
    const { resourceVersion } = old.metadata
    if (resourceVersion !== undefined) seen.metadata.resourceVersion = resourceVersion
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = seen
    return { ...last, revision: oldEntry.revision, text: JSON.stringify(rest) }
  }
  return commitAny(call, object, oldEntry)
}

/** Throws a 422 when the object cannot follow the old one. */
function check(call: Call, strategy: Strategy, object: Stored, old: Stored): void {
  settleNamespace(call.resource, object, call.namespace)
  keepOld(object, old)
  const { resourceVersion } = old.metadata
  if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion
  const ofStatus = call.subresource === 'status'
  const problems = ofStatus
    ? prepareStatus(call, strategy, object, old)
    : prepareMain(call, strategy, object, old)
  if (problems.length > 0) throw invalid(call.resource, call.name, problems)
  if (!ofStatus) call.warnings.push(...strategy.warnings(object, old))
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

function prepareStatus({ machine }: Call, strategy: Strategy, object: Stored, old: Stored) {
  strategy.prepareStatus(object, old, machine)
  return [...metadataUpdateProblems(object, old), ...strategy.validateStatus(object, old, machine)]
}

function checkPreconditions(call: Call, strategy: Strategy, object: Stored, old: Stored): void {
  const { resource, name } = call
  const uid = asString(object.metadata.uid) ?? ''
  // A patch is held to be about what is there, so that the uid is an immutable field of it.
  if (call.method !== 'PATCH' && uid !== '' && uid !== old.metadata.uid) {
    const key = registryKey(call)
    const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${String(old.metadata.uid)}`
    throw conflict(resource, name, why)
  }
  const version = asString(object.metadata.resourceVersion) ?? ''
  if (version === '' || version === '0') {
    if (strategy.unconditionalUpdate) return
    const why = 'must be specified for an update'
    const plural = { ...resource, kind: resource.plural }
    throw invalid(plural, name, [problem.invalid('metadata.resourceVersion', 0, why)])
  }
  checkRevision(version)
  if (version !== old.metadata.resourceVersion) throw conflict(resource, name, modified)
}

function checkRevision(version: string): void {
  if (/^\d+$/.test(version)) return
  const why = `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`
  throw new ApiError(500, '', why)
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
