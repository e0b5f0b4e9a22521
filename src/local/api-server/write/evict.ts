/** Eviction: a deletion that a disruption budget may refuse. No budget is looked at here. */
import { asObject } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { json } from '../answer.ts'
import type { Call } from '../machine.ts'
import { entryOf } from '../read.ts'
import { badRequest, methodNotAllowed } from '../status.ts'
import { readDeleteOptions } from './delete-options.ts'
import { removeEntry } from './remove.ts'

export function evict(call: Call): HttpResponse {
  if (call.method !== 'POST') throw methodNotAllowed()
  let eviction: unknown
  try {
    eviction = JSON.parse(call.body)
  } catch {
    throw badRequest('an Eviction was expected')
  }
  const options = asObject(asObject(eviction)?.deleteOptions) ?? {}
  const inner = { ...call, body: JSON.stringify(options) }
  removeEntry(inner, entryOf(call), readDeleteOptions(inner))
  return json(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
}
