/** create: POST to a collection. */
import { asString } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { admitCreate } from '../admission/admit.ts'
import { jsonText } from '../answer.ts'
import { decodeBody } from '../decode.ts'
import { trackUpdate } from '../fields/track.ts'
import { type Call, keyOf } from '../machine.ts'
import { metadataProblems, settleNamespace, stampNew } from '../metadata.ts'
import { renderOf } from '../render.ts'
import type { Stored } from '../resource.ts'
import { ApiError, alreadyExists, badRequest, invalid } from '../status.ts'
import type { Entry } from '../store.ts'
import { strategyOf } from '../strategies.ts'
import { commit, isDryRun } from './commit.ts'

export function create(call: Call): HttpResponse {
  const object = decodeBody(call)
  const render = renderOf(call)
  const entry = createObject(call, object)
  return jsonText(201, `${render.one(entry)}\n`)
}

/** Writes a decoded object that must not be there yet. Throws what a kube-apiserver would answer. */
export function createObject(call: Call, object: Stored, track = trackUpdate): Entry {
  const { machine, resource } = call
  const strategy = strategyOf(resource)
  if ((object.metadata.resourceVersion ?? '') !== '') {
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created')
  }
  settleNamespace(resource, object, call.namespace)
  if ((object.metadata.name ?? '') === '' && (object.metadata.generateName ?? '') === '') {
    // The sentence comes with the other problems of the object, unless there is no kind of name at all.
    object.metadata.name = ''
  }
  admitCreate(call, object)
  stampNew(object, machine.ports)
  track(call, object, undefined)
  strategy.prepareCreate(object, machine, isDryRun(call))
  const problems = [
    ...strategy.validate(object, machine),
    ...metadataProblems(resource, strategy, object),
  ]
  const name = asString(object.metadata.name) ?? ''
  if (problems.length > 0) throw invalid(resource, name, problems)
  call.warnings.push(...strategy.warnings(object, undefined))
  if (machine.store.get(resource.storage, keyOf(call.namespace, name)) !== undefined) {
    throw alreadyExists(resource, name)
  }
  return commit(call, object, undefined)
}

/** A PUT or PATCH names its object in the path; a body that names another is a mistake. */
export function checkNameInBody(call: Call, object: Stored): void {
  const given = asString(object.metadata.name) ?? ''
  if (given === '') object.metadata.name = call.name
  else if (given !== call.name) {
    throw badRequest(
      `the name of the object (${given}) does not match the name on the URL (${call.name})`,
    )
  }
}
