/** patch: merge, JSON, strategic and apply; each makes an object that then goes the way of a replace. */

import { parse as parseYaml } from 'yaml'
import { asObject, isObject, type Obj, type Value } from '#core/schema/json.ts'
import { problem } from '#core/schema/problem.ts'
import type { HttpResponse } from '#kube/http.ts'
import { jsonText } from '../answer.ts'
import { checkSize, decodeObject, strictnessOf } from '../decode.ts'
import { type Call, keyOf } from '../machine.ts'
import { settleNamespace } from '../metadata.ts'
import { objectOf } from '../output.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { mergePatch } from '../patch/merge.ts'
import { strategicPatch } from '../patch/strategic.ts'
import { renderOf } from '../render.ts'
import type { Stored } from '../resource.ts'
import { ApiError, badRequest, invalid, notFound, unsupportedMediaType } from '../status.ts'
import { apply } from './apply.ts'
import { checkNameInBody } from './create.ts'
import { updateObject } from './update.ts'

const builtinTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]
const customTypes = builtinTypes.filter((type) => !type.includes('strategic'))

export function patch(call: Call): HttpResponse {
  const { machine, resource, namespace, name } = call
  const type = patchTypeOf(call)
  if (type === 'application/apply-patch+yaml') return apply(call)
  const render = renderOf(call)
  const old = machine.store.get(resource.storage, keyOf(namespace, name))
  if (old === undefined) throw notFound(resource, name)
  const current = objectOf(resource, old)
  const patched = patchedObject(call, type, current)
  const object = decodePatched(call, patched)
  checkNameInBody(call, object)
  settleNamespace(resource, object, namespace)
  return jsonText(200, `${render.one(updateObject(call, object, old))}\n`)
}

/** The content type of a patch. Throws a 415 for one that the kind does not take, a 413 for a body too large. */
export function patchTypeOf({ headers, resource, body }: Call): string {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
  const allowed = resource.custom === undefined ? builtinTypes : customTypes
  if (!allowed.includes(type)) throw unsupportedMediaType(allowed)
  checkSize(body)
  return type
}

/** The object as a patch makes it, not yet decoded. */
export function patchedObject(call: Call, type: string, current: Stored): Obj {
  const body = parsePatch(call.body)
  if (type === 'application/json-patch+json') return jsonPatched(call, body, current)
  if (!isObject(body)) {
    throw badRequest(
      `json: cannot unmarshal ${Array.isArray(body) ? 'array' : typeof body} into Go value of type map[string]interface {}`,
    )
  }
  if (type === 'application/merge-patch+json') return mergePatch(current, body) as Obj
  return strategicPatch(call.resource.schema ?? {}, current, body)
}

function jsonPatched(call: Call, body: Value, current: Stored): Obj {
  if (!Array.isArray(body)) {
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    )
  }
  if (body.length > 10_000) {
    const why = `The allowed maximum operations in a JSON patch is 10000, got ${body.length}`
    throw new ApiError(413, 'RequestEntityTooLarge', why)
  }
  const outcome = applyJsonPatch(current, body)
  if (outcome.kind === 'done') {
    const object = asObject(outcome.value)
    if (object !== undefined) return object
  }
  // A kube-apiserver does not say which operation failed, or why.
  throw new ApiError(
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
    {},
  )
}

function parsePatch(body: string): Value {
  try {
    return body.trimStart().startsWith('{') || body.trimStart().startsWith('[')
      ? (JSON.parse(body) as Value)
      : (parseYaml(body, { version: '1.1' }) as Value)
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`)
  }
}

function decodePatched(call: Call, patched: Obj): Stored {
  const strictness = strictnessOf(call)
  const complaints: string[] | undefined = strictness === 'Ignore' ? undefined : []
  const object = decodeObject(call.resource, patched, complaints)
  if (complaints === undefined || complaints.length === 0) return object
  if (strictness === 'Warn') {
    call.warnings.push(...complaints)
    return object
  }
  const why = `strict decoding error: ${complaints.join(', ')}`
  throw invalid({ group: '', kind: '', plural: '' }, '', [problem.invalid('patch', call.body, why)])
}
