/** What can be asked of a part of an object: its status, its scale, its log, the way to it. */
import { asArray, asObject, child } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { jsonText, pageNotFound } from './answer.ts'
import { decodeBody } from './decode.ts'
import type { Call } from './machine.ts'
import { objectOf } from './output.ts'
import { podLog } from './proxy/logs.ts'
import { proxy } from './proxy/proxy.ts'
import { entryOf, get } from './read.ts'
import { renderOf } from './render.ts'
import { scale } from './scale.ts'
import { methodNotAllowed } from './status.ts'
import { bind } from './write/bind.ts'
import { commit, purge } from './write/commit.ts'
import { evict } from './write/evict.ts'
import { patch } from './write/patch.ts'
import { replace } from './write/update.ts'

export function subresource(call: Call): HttpResponse | Promise<HttpResponse> {
  const { resource, method } = call
  const declared = resource.subresources.find(({ name }) => name === call.subresource)
  if (declared === undefined) return pageNotFound()
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
    case 'binding':
      return bind(call)
    default:
      throw methodNotAllowed()
  }
}

/** The namespace controller's way to say that it has done its part. */
function finalize(call: Call): HttpResponse {
  if (call.method !== 'PUT') throw methodNotAllowed()
  const wanted = decodeBody(call)
  const old = entryOf(call)
  const object = objectOf(call.resource, old)
  const finalizers = asArray(asObject(wanted.spec)?.finalizers)
  if (finalizers.length > 0) child(object, 'spec').finalizers = finalizers
  else object.spec = {}
  const over =
    object.metadata.deletionTimestamp !== undefined &&
    finalizers.length === 0 &&
    asArray(object.metadata.finalizers).length === 0
  const entry = over ? purge(call, object) : commit(call, object, old)
  return jsonText(200, `${renderOf(call).one(entry)}\n`)
}
