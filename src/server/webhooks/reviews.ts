/** Conversion and admission, `v1`: what the API server asks, and what the doors say to it. Pure. */
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door } from '#doors/door.ts'

type Conversions = readonly Door[]

type ConversionRequest = {
  readonly uid?: unknown
  readonly desiredAPIVersion?: unknown
  readonly objects?: unknown
}

/** Thrown for a body that is no review at all: there is nothing to answer with. */
export class NoReview extends Error {
  override readonly name = 'NoReview'
}

/** A ConversionReview with its response. One object that cannot be converted fails all, as the API server wants it. */
export function convertReview(body: unknown, doors: Conversions): unknown {
  const { apiVersion, request } = reviewOf(body, 'ConversionReview', 'apiextensions.k8s.io/v1')
  const { uid, desiredAPIVersion, objects } = request as ConversionRequest
  const wanted = String(desiredAPIVersion ?? '')
  const answer = convertAll(Array.isArray(objects) ? objects : undefined, wanted, doors)
  return { apiVersion, kind: 'ConversionReview', response: { uid: String(uid ?? ''), ...answer } }
}

function convertAll(
  objects: readonly unknown[] | undefined,
  wanted: string,
  doors: Conversions,
): object {
  if (objects === undefined) return failed('the request has no objects')
  const converted: KubeObject[] = []
  for (const object of objects) {
    if (!isObject(object)) return failed('an object of the request is none of Kubernetes')
    const door = doorOf(doors, object.apiVersion, object.kind)
    if (door?.conversion === undefined)
      return failed(`no door here converts ${object.kind} of ${object.apiVersion}`)
    const result = door.conversion(object, wanted)
    if (result.kind === 'problem') return failed(result.message)
    converted.push(result.object)
  }
  return { convertedObjects: converted, result: { status: 'Success' } }
}

function failed(message: string): object {
  return { convertedObjects: [], result: { status: 'Failed', message } }
}

type AdmissionRequest = {
  readonly uid?: unknown
  readonly operation?: unknown
  readonly object?: unknown
  readonly oldObject?: unknown
}

/** An AdmissionReview with its response. Kinds that no door validates are allowed. */
export function admissionReview(body: unknown, doors: readonly Door[]): unknown {
  const { apiVersion, request } = reviewOf(body, 'AdmissionReview', 'admission.k8s.io/v1')
  const { uid, object, oldObject } = request as AdmissionRequest
  const message = refusal(object, oldObject, doors)
  const verdict =
    message === undefined ? { allowed: true } : { allowed: false, status: { code: 400, message } }
  return { apiVersion, kind: 'AdmissionReview', response: { uid: String(uid ?? ''), ...verdict } }
}

/** What is stored already may be labelled, annotated and deleted, whatever its spec says. */
function refusal(object: unknown, oldObject: unknown, doors: readonly Door[]): string | undefined {
  if (!isObject(object)) return undefined
  const door = doorOf(doors, object.apiVersion, object.kind)
  if (door?.validation === undefined || object.metadata.deletionTimestamp !== undefined)
    return undefined
  if (isObject(oldObject) && specText(oldObject) === specText(object)) return undefined
  const problems = door.validation.problems(object)
  if (problems.length === 0) return undefined
  return problems.map(({ path, message }) => `${path}: ${message}`).join('; ')
}

function specText(object: KubeObject): string {
  return JSON.stringify((object as KubeObject & { readonly spec?: unknown }).spec)
}

function doorOf(doors: readonly Door[], apiVersion: string, kind: string): Door | undefined {
  const [group] = apiVersion.split('/')
  return doors.find((door) => door.kind.group === group && door.kind.kind === kind)
}

function isObject(value: unknown): value is KubeObject {
  const { apiVersion, kind, metadata } = (value ?? {}) as Partial<KubeObject>
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata === 'object'
}

/** @throws NoReview */
function reviewOf(
  body: unknown,
  kind: string,
  apiVersion: string,
): { readonly apiVersion: string; readonly request: object } {
  const review = (body ?? {}) as { kind?: unknown; apiVersion?: unknown; request?: unknown }
  if (review.kind !== kind || review.apiVersion !== apiVersion)
    throw new NoReview(`the body is no ${kind} of ${apiVersion}`)
  if (typeof review.request !== 'object' || review.request === null)
    throw new NoReview(`the ${kind} has no request`)
  return { apiVersion, request: review.request }
}
