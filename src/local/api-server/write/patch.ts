/** patch: merge, JSON, strategic and apply; each makes an object that then goes the way of a replace. */

import { parse as parseYaml } from 'yaml'
import { asObject, isObject, type Obj, type Value } from '#core/schema/json.ts'
import { problem } from '#core/schema/problem.ts'
import type { HttpResponse } from '#kube/http.ts'
import { jsonText } from '../answer.ts'
import { DecodeError } from '../builtin/normalise.ts'
import { isPromise, readableOne } from '../crd/forms.ts'
import { checkSize, checkWriteOptions, shapedObject, strictnessOf } from '../decode.ts'
import { jsonFault, jsonType } from '../go-json.ts'
import { type Call, keyOf } from '../machine.ts'
import { settleNamespace } from '../metadata.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { mergePatch } from '../patch/merge.ts'
import { shownPatched } from '../patch/shown.ts'
import { strategicPatch } from '../patch/strategic.ts'
import { renderOf } from '../render.ts'
import type { Stored } from '../resource.ts'
import {
  ApiError,
  badRequest,
  invalid,
  notFound,
  unsupportedMediaType,
  unsupportedPatch,
} from '../status.ts'
import { apply } from './apply.ts'
import { checkNameInBody } from './create.ts'
import { unbroken } from './torn.ts'
import { updateObject } from './update.ts'

const builtinTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]
const customTypes = builtinTypes.filter((type) => !type.includes('strategic'))

export async function patch(call: Call): Promise<HttpResponse> {
  const type = patchTypeOf(call)
  checkWriteOptions(call)
  return unbroken(call, () =>
    type === 'application/apply-patch+yaml' ? apply(call) : patchOnce(call, type),
  )
}

async function patchOnce(call: Call, type: string): Promise<HttpResponse> {
  const { machine, resource, namespace, name } = call
  const render = renderOf(call)
  const stored = machine.store.get(resource.storage, keyOf(namespace, name))
  if (stored === undefined) throw notFound(resource, name)
  const read = readableOne(machine, resource, stored)
  const old = isPromise(read) ? await read : read
  const current = machine.views.of(resource, old)
  const patched = patchedObject(call, type, current)
  const object = decodePatched(call, patched, current)
  checkNameInBody(call, object)
  settleNamespace(resource, object, namespace)
  return jsonText(200, `${render.one(await updateObject(call, object, old))}\n`)
}

/** The content type of a patch. Throws a 415 for one that the kind does not take, a 413 for a body too large. */
export function patchTypeOf({ headers, resource, body }: Call): string {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
  const allowed = resource.custom === undefined ? builtinTypes : customTypes
  // To merge by the types of Go is known in principle, only not here.
  if (!allowed.includes(type) && builtinTypes.includes(type)) throw unsupportedMediaType(allowed)
  if (!allowed.includes(type)) throw unsupportedPatch()
  checkSize(body)
  return type
}

/** The object as a patch makes it, not yet decoded; it may share parts with `current`, which stays as it is. */
export function patchedObject(call: Call, type: string, current: Stored): Obj {
  const body = parsePatch(call.body)
  if (type === 'application/json-patch+json') return jsonPatched(call, body, current)
  if (!isObject(body)) {
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonType(body)} into Go value of type map[string]interface {}`,
    )
  }
  if (type === 'application/merge-patch+json') return mergePatch(current, body) as Obj
  return strategicPatch(call.resource.schema ?? {}, current, body)
}

function jsonPatched(call: Call, body: Value, current: Stored): Obj {
  if (body === null) return current
  const nested = Array.isArray(body)
  const wrong = nested ? body.find((one) => one !== null && !isObject(one)) : body
  if (!nested || wrong !== undefined) {
    const type = nested ? 'handlers.jsonPatchOp' : '[]handlers.jsonPatchOp'
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonType(wrong)} into Go value of type ${type}`,
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
    throw badRequest(`error decoding patch: ${jsonFault(body) ?? (error as Error).message}`)
  }
}

function decodePatched(call: Call, patched: Obj, current: Stored): Stored {
  const strictness = strictnessOf(call)
  const complaints: string[] | undefined = strictness === 'Ignore' ? undefined : []
  const object = shaped(call, patched, current, complaints)
  if (complaints === undefined || complaints.length === 0) return object
  if (strictness === 'Warn') {
    call.warnings.push(...complaints)
    return object
  }
  const why = `strict decoding error: ${complaints.join(', ')}`
  const strategic = (call.headers['content-type'] ?? '').includes('strategic')
  const shown = strategic ? call.body : shownPatched(patched)
  throw invalid(nothing, '', [problem.invalid('patch', shown, why)])
}

const nothing = { group: '', kind: '', plural: '' }

/** Throws a 422 when the patched object has values of the wrong type. */
function shaped(
  { resource }: Call,
  patched: Obj,
  current: Stored,
  complaints: string[] | undefined,
): Stored {
  try {
    return shapedObject(resource, patched, complaints, current)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    const shown = problem.invalid('patch', shownPatched(patched), error.message)
    throw invalid(nothing, '', [shown])
  }
}
