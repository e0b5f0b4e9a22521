/** Conversion webhooks: an object of one version of a custom kind is asked for in another. */
import { asArray, asObject, asString, clone, isObject, type Obj } from '#core/schema/json.ts'
import { jsonType } from '../go-json.ts'
import type { Machine } from '../machine.ts'
import { labelProblems } from '../metadata.ts'
import { apiVersionOf, type Conversion, type Resource, type Stored } from '../resource.ts'
import { ApiError } from '../status.ts'
import { post, WebhookFailure } from '../webhook/post.ts'
import { commonVersion } from '../webhook/review-versions.ts'

type Webhook = Extract<Conversion, { kind: 'webhook' }>

/** As long as a kube-apiserver waits. */
const limitSeconds = 30

/** The object as its webhook converts it. Rejects with a 500 in a kube-apiserver's words. */
export async function converted(
  machine: Machine,
  webhook: Webhook,
  object: Stored,
  to: Resource,
): Promise<Stored> {
  const { ports, callWebhook } = machine
  const subject = `conversion webhook for ${String(object.apiVersion)}, Kind=${String(object.kind)}`
  const version = commonVersion(webhook.reviewVersions)
  if (version === undefined) throw failed('no supported conversion review versions')
  const uid = ports.newId()
  const review = {
    kind: 'ConversionReview',
    apiVersion: `apiextensions.k8s.io/${version}`,
    request: { uid, desiredAPIVersion: apiVersionOf(to), objects: [unversioned(object)] },
    response: { uid: '', convertedObjects: null, result: { metadata: {} } },
  }
  let answer: Obj
  try {
    answer = await post(ports, callWebhook, {
      kind: 'ConversionReview',
      client: webhook.client,
      body: JSON.stringify(review),
      limitSeconds,
      signal: undefined,
    })
  } catch (error) {
    if (error instanceof WebhookFailure) throw failed(`${subject} failed: ${error.message}`)
    throw error
  }
  try {
    return accepted(objectsIn(answer, uid, version), object, to)
  } catch (error) {
    if (error instanceof Fault) throw failed(`${subject} ${error.message}`)
    throw error
  }
}

/** The version of an object is the store's affair; it is not yet there, or no longer, when forms change. */
function unversioned(object: Stored): Obj {
  const { resourceVersion: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** Continues the sentence that begins with the webhook's name. */
class Fault extends Error {}

function failed(message: string): ApiError {
  return new ApiError(500, '', message)
}

function objectsIn(review: Obj, uid: string, version: string): unknown[] {
  const wrong = (why: string): Fault => new Fault(`failed: ${why}`)
  const expected = `apiextensions.k8s.io/${version}`
  const named = review.kind === 'ConversionReview' && review.apiVersion === expected
  if (version === 'v1' && !named) {
    const given = `${slashed(String(review.apiVersion ?? ''))}, Kind=${String(review.kind ?? '')}`
    throw wrong(`expected webhook response of ${expected}, Kind=ConversionReview, got ${given}`)
  }
  const response = asObject(review.response)
  if (response === undefined) throw wrong('no response provided')
  const given = asString(response.uid) ?? ''
  if (version === 'v1' && given !== uid) {
    throw wrong(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(given)}`)
  }
  const result = asObject(response.result)
  if (result?.status !== 'Success') {
    const message = asString(result?.message) ?? ''
    const status = asString(result?.status) ?? ''
    throw wrong(message !== '' ? message : `response.result.status was '${status}', not 'Success'`)
  }
  return asArray(response.convertedObjects)
}

function slashed(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion : `/${apiVersion}`
}

function accepted(objects: readonly unknown[], before: Stored, to: Resource): Stored {
  const wrong = (why: string): Fault => new Fault(`returned invalid object at index 0: ${why}`)
  if (objects.length !== 1) throw new Fault(`returned ${objects.length} objects, expected 1`)
  const [object] = objects
  if (!isObject(object)) {
    const why = `cannot unmarshal ${jsonType(object)} into Go value of type map[string]interface {}`
    throw failed(`json: ${why}`)
  }
  const version = String(object.apiVersion ?? '')
  if (version !== apiVersionOf(to)) {
    const why = `invalid groupVersion (expected ${apiVersionOf(to)}, received ${version})`
    throw wrong(why)
  }
  if (object.kind !== before.kind) {
    throw wrong(`invalid kind (expected ${String(before.kind)}, received ${String(object.kind)})`)
  }
  checkIdentity(before, object)
  return { ...object, metadata: restoredMetadata(before.metadata, object) }
}

const identity = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['uid', 'UID'],
] as const

function checkIdentity(before: Stored, object: Obj): void {
  const after = asObject(object.metadata) ?? {}
  for (const [field, word] of identity) {
    const [was, is] = [asString(before.metadata[field]) ?? '', asString(after[field]) ?? '']
    if (was !== is) {
      throw new Fault(`returned invalid object: must have the same ${word}: ${was} != ${is}`)
    }
  }
}

/** Only labels and annotations are the webhook's to change. */
function restoredMetadata(before: Obj, { metadata }: Obj): Obj {
  const wrong = (why: string): Fault => new Fault(`returned invalid metadata: ${why}`)
  if (metadata === undefined) throw wrong('missing metadata in converted object')
  const after = asObject(metadata)
  if (after === undefined) {
    throw wrong(`invalid metadata of type ${goType(metadata)} in converted object`)
  }
  const restored = clone(before)
  for (const field of ['labels', 'annotations']) {
    const given = after[field]
    delete restored[field]
    if (given === undefined || given === null) continue
    if (!isObject(given)) {
      throw wrong(`invalid metadata.${field} of type ${goType(given)} in converted object`)
    }
    for (const [key, value] of Object.entries(given)) {
      if (typeof value === 'string') continue
      const type = goType(value)
      throw wrong(`metadata.${field}[${key}] must be a string, but is ${type} in converted object`)
    }
    const faults = field === 'labels' ? labelProblems(given, 'metadata.labels') : []
    if (faults.length > 0) {
      const texts = faults.map((fault) => `${fault.field}: ${fault.message}`)
      throw wrong(texts.length === 1 ? (texts[0] as string) : `[${texts.join(', ')}]`)
    }
    restored[field] = given
  }
  return restored
}

function goType(value: unknown): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
