/** create: POST to a collection. */
import { asString } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { admitCreate } from '../admission/admit.ts'
import { mutated, validated } from '../admission/dispatch.ts'
import { admitPriority } from '../admission/priority.ts'
import { subjectOf } from '../admission/subject.ts'
import { jsonText } from '../answer.ts'
import { admitAccount } from '../auth/account-admission.ts'
import { isPromise } from '../crd/forms.ts'
import { decodeBody } from '../decode.ts'
import { trackUpdate } from '../fields/track.ts'
import { type Call, keyOf } from '../machine.ts'
import { metadataProblems, oneOwnerEach, settleNamespace, stampNew } from '../metadata.ts'
import { objectOf } from '../output.ts'
import { authorize } from '../rbac/enforce.ts'
import { checkEscalation } from '../rbac/escalation.ts'
import { renderOf } from '../render.ts'
import type { Stored } from '../resource.ts'
import { ApiError, alreadyExists, badRequest, invalid } from '../status.ts'
import type { Entry } from '../store.ts'
import { strategyOf } from '../strategies.ts'
import { commitAny, isDryRun } from './commit.ts'
import { Torn, unbroken } from './torn.ts'

export async function create(call: Call): Promise<HttpResponse> {
  const render = renderOf(call)
  const entry = await unbroken(call, () => createObject(call, decodeBody(call)))
  return jsonText(201, `${render.one(entry)}\n`)
}

/** Writes a decoded object that must not be there yet. Rejects with what a kube-apiserver would answer. */
export async function createObject(call: Call, given: Stored, track = trackUpdate): Promise<Entry> {
  const { machine, resource } = call
  prepare(call, given)
  oneOwnerEach(call, given)
  const tracked = track(call, given, undefined)
  if (tracked !== undefined) await tracked
  admitAccount(call, given)
  admitPriority(call, given)
  const name = asString(given.metadata.name) ?? ''
  const subject = subjectOf(call, 'CREATE', { name })
  const changed = mutated(call, subject, given, undefined)
  const object = isPromise(changed) ? await changed : changed
  checkEscalation(call, object, undefined)
  const named = checked(call, object)
  checkMayCreate(call)
  const asked = validated(call, { ...subject, name: named }, { object, old: undefined })
  if (asked !== undefined) {
    await asked
    // An address that was free before may have been handed out meanwhile.
    if (strategyOf(resource).validate(object, machine).length > 0) throw new Torn()
  }
  const there = machine.store.get(resource.storage, keyOf(call.namespace, named))
  if (there !== undefined) {
    throw alreadyExists(resource, named, objectOf(resource, there).metadata.deletionTimestamp)
  }
  return commitAny(call, object, undefined)
}

/** A PUT or PATCH that creates is allowed only to those who may create. */
function checkMayCreate({ machine, context, resource, method, namespace, name }: Call): void {
  if (method === 'POST') return
  const { group, plural } = resource
  const place = { group, resource: plural, subresource: '', namespace, name }
  authorize(machine, context.user, { kind: 'resource', verb: 'create', ...place })
}

/** What has to be so before anybody else sees the object. */
function prepare(call: Call, object: Stored): void {
  if ((object.metadata.resourceVersion ?? '') !== '') {
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created')
  }
  settleNamespace(call.resource, object, call.namespace)
  if ((object.metadata.name ?? '') === '' && (object.metadata.generateName ?? '') === '') {
    // The sentence comes with the other problems of the object, unless there is no kind of name at all.
    object.metadata.name = ''
  }
  admitCreate(call, object)
}

/** The object stamped, completed and found good. Returns its name. */
function checked(call: Call, object: Stored): string {
  const { machine, resource } = call
  const strategy = strategyOf(resource)
  // A webhook may have moved it.
  settleNamespace(resource, object, call.namespace)
  stampNew(object, machine.ports)
  strategy.prepareCreate(object, machine, isDryRun(call))
  const problems = [
    ...metadataProblems(resource, strategy, object),
    ...strategy.validate(object, machine),
  ]
  const name = asString(object.metadata.name) ?? ''
  if (problems.length > 0) throw invalid(resource, name, problems)
  call.warnings.push(...strategy.warnings(object, undefined))
  return name
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
