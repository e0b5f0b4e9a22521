/** Eviction: a deletion that a disruption budget may refuse. No controller counts for budgets here, so that they all do. */
import { asObject, isObject } from '#core/schema/json.ts'
import type { HttpResponse } from '#kube/http.ts'
import { mutated, validated } from '../admission/dispatch.ts'
import { subjectOf } from '../admission/subject.ts'
import { json } from '../answer.ts'
import { isPromise } from '../crd/forms.ts'
import { selects } from '../label-selector.ts'
import type { Call } from '../machine.ts'
import { entryOf } from '../read.ts'
import type { Stored } from '../resource.ts'
import { ApiError, badRequest, methodNotAllowed } from '../status.ts'
import { readDeleteOptions } from './delete-options.ts'
import { removeEntry } from './remove.ts'

export async function evict(call: Call): Promise<HttpResponse> {
  if (call.method !== 'POST') throw methodNotAllowed()
  const given = evictionOf(call)
  const subject = subjectOf(call, 'CREATE', { kind: evictionKind })
  const changed = mutated(call, subject, given, undefined)
  const eviction = isPromise(changed) ? await changed : changed
  const asked = validated(call, subject, { object: eviction, old: undefined })
  if (asked !== undefined) await asked
  checkBudgets(call)
  const inner = { ...call, body: JSON.stringify(asObject(eviction.deleteOptions) ?? {}) }
  removeEntry(inner, entryOf(call), readDeleteOptions(inner).options)
  return json(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
}

/** A budget that nobody has looked at since it was written refuses, as it does until a controller has counted. */
function checkBudgets(call: Call): void {
  const { machine, namespace } = call
  const { labels } = entryOf(call)
  for (const entry of machine.store.list('policy/poddisruptionbudgets', `${namespace}/`)) {
    const budget = JSON.parse(entry.text) as Stored
    const selector = asObject(asObject(budget.spec)?.selector)
    if (selector === undefined || !selects(selector, labels)) continue
    const seen = Number(asObject(budget.status)?.observedGeneration ?? 0)
    const allowed = Number(asObject(budget.status)?.disruptionsAllowed ?? 0)
    if (seen >= Number(budget.metadata.generation ?? 0) && allowed > 0) continue
    throw overBudget(String(budget.metadata.name))
  }
}

function overBudget(name: string): ApiError {
  const message = `The disruption budget ${name} is still being processed by the server.`
  const details = { causes: [{ reason: 'DisruptionBudget', message }], retryAfterSeconds: 10 }
  const why = "Cannot evict pod as it would violate the pod's disruption budget."
  return new ApiError(429, 'TooManyRequests', why, details)
}

const evictionKind = { group: 'policy', version: 'v1', kind: 'Eviction' }

function evictionOf(call: Call): Stored {
  let parsed: unknown
  try {
    parsed = JSON.parse(call.body)
  } catch {
    parsed = undefined
  }
  if (!isObject(parsed)) throw badRequest('an Eviction was expected')
  const metadata = { ...asObject(parsed.metadata), name: call.name, namespace: call.namespace }
  return { ...parsed, kind: 'Eviction', apiVersion: 'policy/v1', metadata }
}
