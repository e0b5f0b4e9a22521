/** AdmissionReview: the question a webhook is asked, and what may be made of its answer. */
import { asArray, asObject, asString, isObject, type Obj } from '#core/schema/json.ts'
import type { User } from '../machine.ts'
import { ApiError } from '../status.ts'
import type { Invocation } from './match.ts'
import type { ObjectKind, Pair, Subject } from './subject.ts'

/** The question; `pair` is in the form the webhook wants. */
export function reviewOf(
  uid: string,
  version: string,
  subject: Subject,
  { resource, kind }: Invocation,
  { object, old }: Pair,
): Obj {
  const { subresource, name, namespace } = subject
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      kind: kindOf(kind),
      resource: resourceOf(resource),
      ...(subresource === '' ? {} : { subResource: subresource }),
      requestKind: kindOf(subject.kind),
      requestResource: resourceOf(subject.resource),
      ...(subresource === '' ? {} : { requestSubResource: subresource }),
      ...(name === '' ? {} : { name }),
      ...(namespace === '' ? {} : { namespace }),
      operation: subject.operation,
      userInfo: userInfo(subject.user),
      object: object ?? null,
      oldObject: old ?? null,
      dryRun: subject.dryRun,
      options: subject.operation === 'CONNECT' ? null : subject.options,
    },
  }
}

function kindOf({ group, version, kind }: ObjectKind): Obj {
  return { group, version, kind }
}

function resourceOf({ group, version, plural }: Invocation['resource']): Obj {
  return { group, version, resource: plural }
}

/** Who asks, as reviews write it. */
export function userInfo({ name, uid, groups, extra }: User): Obj {
  return {
    username: name,
    ...(uid === undefined || uid === '' ? {} : { uid }),
    groups: [...groups],
    ...(extra === undefined || Object.keys(extra).length === 0
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([k, v]) => [k, [...v]])) }),
  }
}

export type Patch = {
  readonly text: string
  /** `JSONPatch`, unless the webhook speaks a language that admission does not. */
  readonly type: string
}

export type Verdict = {
  readonly allowed: boolean
  readonly warnings: readonly string[]
  /** Undefined when there is none. */
  readonly patch: Patch | undefined
  /** What the webhook says of its refusal. */
  readonly result: Obj | undefined
}

/** The answer cannot be taken for one. */
export class BadAnswer extends Error {}

export type Asked = {
  readonly uid: string
  readonly version: string
  readonly mutating: boolean
}

/** Reads an answer. Throws a BadAnswer when it breaks the rules of the conversation. */
export function verdictOf(review: Obj, asked: Asked): Verdict {
  checkHead(review, asked)
  const response = asObject(review.response)
  if (response === undefined) throw new BadAnswer('webhook response was absent')
  if (asked.version === 'v1') checkResponse(response, asked)
  return {
    allowed: response.allowed === true,
    warnings: asArray(response.warnings).map(String),
    patch: asked.mutating ? patchOf(response, asked) : undefined,
    result: asObject(response.status),
  }
}

function checkHead({ kind, apiVersion }: Obj, { version }: Asked): void {
  if (version !== 'v1') return
  if (kind === 'AdmissionReview' && apiVersion === 'admission.k8s.io/v1') return
  const [group, given] = String(apiVersion ?? '').includes('/')
    ? String(apiVersion).split('/', 2)
    : ['', String(apiVersion ?? '')]
  throw new BadAnswer(
    `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${group}/${given}, Kind=${String(kind ?? '')}`,
  )
}

function checkResponse(response: Obj, { uid, mutating }: Asked): void {
  const given = asString(response.uid) ?? ''
  if (given !== uid) throw new BadAnswer(`expected response.uid=${quote(uid)}, got ${quote(given)}`)
  const patch = asString(response.patch) ?? ''
  const type = response.patchType
  if (!mutating) {
    if (patch !== '') throw new BadAnswer('validating webhook may not return response.patch')
    if (isSaid(type)) throw new BadAnswer('validating webhook may not return response.patchType')
    return
  }
  if (patch !== '' && !isSaid(type)) {
    throw new BadAnswer('webhook returned response.patch but not response.patchType')
  }
  if (patch === '' && isSaid(type)) {
    throw new BadAnswer('webhook returned response.patchType but not response.patch')
  }
  if (type === '') throw new BadAnswer('webhook returned invalid response.patchType of ""')
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null
}

const quote = (text: string): string => JSON.stringify(text)

function patchOf(response: Obj, { version }: Asked): Patch | undefined {
  const patch = asString(response.patch) ?? ''
  if (patch === '') return undefined
  const type = version === 'v1' ? String(response.patchType) : 'JSONPatch'
  return { text: Buffer.from(patch, 'base64').toString('utf8'), type }
}

/** The refusal of a request that a webhook denied. */
export function denialOf(name: string, result: Obj | undefined): ApiError {
  const denied = `admission webhook ${quote(name)} denied the request`
  const said = asString(result?.message) ?? ''
  const reason = asString(result?.reason) ?? ''
  const code = typeof result?.code === 'number' && result.code >= 400 ? result.code : 400
  const words = said !== '' ? said : reason
  const message = words === '' ? `${denied} without explanation` : `${denied}: ${words}`
  const details = isObject(result?.details) ? result.details : undefined
  const metadata = isObject(result?.metadata) ? result.metadata : {}
  return new ApiError(code, reason, message, details, metadata)
}
