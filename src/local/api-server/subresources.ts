/** What can be asked of a part of an object: its status, its scale, its log, the way to it. */
import { asArray, asObject, child } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { mutated, validated } from './admission/dispatch.ts'
import { subjectOf } from './admission/subject.ts'
import { jsonText } from './answer.ts'
import { requestToken } from './auth/token-request.ts'
import { isPromise } from './crd/forms.ts'
import { decodeBody } from './decode.ts'
import type { Call } from './machine.ts'
import { objectOf } from './output.ts'
import { podLog } from './proxy/logs.ts'
import { proxy } from './proxy/proxy.ts'
import { entryOf, get } from './read.ts'
import { renderOf } from './render.ts'
import type { Stored } from './resource.ts'
import { scale } from './scale.ts'
import { ApiError, methodNotAllowed, notFound } from './status.ts'
import type { Entry } from './store.ts'
import { entryOf as storedEntryOf } from './stored-entry.ts'
import { bind } from './write/bind.ts'
import { commit, purge } from './write/commit.ts'
import { evict } from './write/evict.ts'
import { patch } from './write/patch.ts'
import { unbroken } from './write/torn.ts'
import { replace } from './write/update.ts'

export function subresource(call: Call): HttpResponse | Promise<HttpResponse> {
  const { resource, method } = call
  const declared = resource.subresources.find(({ name }) => name === call.subresource)
  if (declared === undefined) {
    if (resource.storage === 'pods') refuseStream(call)
    if (resource.custom !== undefined) throw notFound(resource, call.name)
    throw new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})
  }
  switch (call.subresource) {
    case 'status':
      if (method === 'GET') return get(call)
      if (method === 'PUT') return replace(call)
      if (method === 'PATCH') return patch(call)
      throw methodNotAllowed()
    case 'scale':
      return scale(call)
    case 'finalize':
      return finalize(call)
    case 'log':
      return podLog(call)
    case 'proxy':
      return proxy(call)
    case 'eviction':
      return evict(call)
    case 'token':
      return requestToken(call)
    case 'binding':
      return bind(call)
    default:
      throw methodNotAllowed()
  }
}

const streams: Readonly<Record<string, string>> = {
  exec: 'run a command in a pod',
  attach: 'attach to a pod',
  portforward: 'forward a port to a pod',
  ephemeralcontainers: 'debug a pod with another container',
  resize: 'resize a running pod',
}
const instead =
  'pods here are processes of this machine: read their logs, or reach their ports at the address in the annotation local.headgate.dev/address'

/** Says of what a real kubelet would do that nothing here does it. @throws ApiError 501 */
function refuseStream({ subresource: name, resource }: Call): void {
  const what = streams[name]
  if (what === undefined) return
  const message = `the local cluster does not offer to ${what} (${resource.plural}/${name}); ${instead}`
  throw new ApiError(501, 'NotImplemented', message, {})
}

/** The namespace controller's way to say that it has done its part. */
async function finalize(call: Call): Promise<HttpResponse> {
  if (call.method !== 'PUT') throw methodNotAllowed()
  return unbroken(call, () => finalizeOnce(call))
}

async function finalizeOnce(call: Call): Promise<HttpResponse> {
  const old = entryOf(call)
  const before = objectOf(call.resource, old)
  const subject = subjectOf(call, 'UPDATE')
  const changed = mutated(call, subject, decodeBody(call), before)
  const wanted = isPromise(changed) ? await changed : changed
  const asked = validated(call, subject, { object: wanted, old: before })
  if (asked !== undefined) await asked
  const object = objectOf(call.resource, old)
  const finalizers = asArray(asObject(wanted.spec)?.finalizers)
  if (finalizers.length > 0) child(object, 'spec').finalizers = finalizers
  else object.spec = {}
  const over =
    object.metadata.deletionTimestamp !== undefined &&
    finalizers.length === 0 &&
    asArray(object.metadata.finalizers).length === 0
  const entry = over ? ended(call, object, old) : commit(call, object, old)
  return jsonText(200, `${renderOf(call).one(entry)}\n`)
}

/** Whoever ends an object sees the version it had. */
function ended(call: Call, object: Stored, old: Entry): Entry {
  purge(call, object)
  return storedEntryOf(old.key, old.revision, object, old.fields)
}
