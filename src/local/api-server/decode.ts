/** From a request's body to an object of the kind the request is about. */

import { parse as parseYaml } from 'yaml'
import { asString, isObject, type Obj } from '#core/schema/json.ts'
import { DecodeError, normalise } from './builtin/normalise.ts'
import { decodeCustom } from './crd/decode.ts'
import { duplicateKeys } from './duplicates.ts'
import type { Call } from './machine.ts'
import { apiVersionOf, type Resource, type Stored } from './resource.ts'
import { ApiError, badRequest, unsupportedMediaType } from './status.ts'
import { strategyOf } from './strategies.ts'

const bodyLimit = 3 * 1024 * 1024
const mediaTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** Throws a 413 when a body is larger than a kube-apiserver reads. */
export function checkSize(body: string): void {
  if (body.length > bodyLimit) {
    const message = `Request entity too large: limit is ${bodyLimit}`
    throw new ApiError(413, 'RequestEntityTooLarge', message)
  }
}

export type Strictness = 'Ignore' | 'Warn' | 'Strict'

export function strictnessOf(call: Call): Strictness {
  const given = call.query.get('fieldValidation') ?? ''
  if (given === '') return 'Warn'
  if (given === 'Ignore' || given === 'Warn' || given === 'Strict') return given
  throw new ApiError(
    422,
    'Invalid',
    `CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Invalid value: ${JSON.stringify(given)}: must be one of Strict, Warn, Ignore`,
    { group: 'meta.k8s.io', kind: 'CreateOptions', causes: [] },
  )
}

/** The body of a create or replace as an object with defaults. Throws a 400, 413 or 415. */
export function decodeBody(call: Call): Stored {
  const { resource, body } = call
  checkSize(body)
  const raw = parseBody(body, call.headers['content-type'], resource)
  checkKind(raw, resource)
  const strictness = strictnessOf(call)
  const complaints = strictness === 'Ignore' ? undefined : duplicateKeys(body)
  const object = decodeObject(resource, raw, complaints)
  if (complaints !== undefined && complaints.length > 0) {
    if (strictness === 'Strict') {
      throw unreadable(resource, `strict decoding error: ${complaints.join(', ')}`)
    }
    call.warnings.push(...complaints)
  }
  return object
}

/** Typed, pruned and defaulted. Unknown fields are named in `complaints`. Throws a 400 for a wrong type. */
export function decodeObject(resource: Resource, raw: Obj, complaints?: string[]): Stored {
  const head = { kind: resource.kind, apiVersion: apiVersionOf(resource) }
  let object: Stored
  try {
    object =
      resource.custom === undefined && resource.schema !== undefined
        ? (normalise(resource.schema, raw, complaints) as Stored)
        : decodeCustom(resource, raw, complaints)
  } catch (error) {
    if (error instanceof DecodeError) throw unreadable(resource, error.message)
    throw error
  }
  Object.assign(object, head)
  if (!isObject(object.metadata)) object.metadata = {}
  strategyOf(resource).defaults(object)
  return object
}

function unreadable({ kind, version }: Resource, why: string): ApiError {
  return badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`,
  )
}

/** The body as a JSON object, whether it came as JSON or YAML. */
export function parseBody(body: string, contentType: string | undefined, resource: Resource): Obj {
  const type = (contentType ?? 'application/json').split(';')[0]?.trim() ?? ''
  const yaml = type.includes('yaml')
  if (!yaml && type !== 'application/json' && type !== '*/*' && type !== '') {
    throw unsupportedMediaType(mediaTypes)
  }
  let parsed: unknown
  try {
    parsed =
      yaml && !body.trimStart().startsWith('{')
        ? parseYaml(body, { version: '1.1' })
        : JSON.parse(body)
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; json parse error: ${(error as Error).message} (${hexHead(body)})`,
    )
  }
  if (isObject(parsed)) return parsed
  throw badRequest(
    `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(parsed) ? 'array' : typeof parsed} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (${hexHead(body)})`,
  )
}

function hexHead(body: string): string {
  const bytes = Buffer.from(body)
  const hex = bytes.subarray(0, 30).toString('hex')
  return bytes.length > 30 ? `${hex} ...` : hex
}

function checkKind(raw: Obj, resource: Resource): void {
  const kind = asString(raw.kind) ?? ''
  const apiVersion = asString(raw.apiVersion) ?? ''
  const expected = apiVersionOf(resource)
  if (resource.custom !== undefined && kind === '') {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): Object 'Kind' is missing in '${JSON.stringify(raw)}' (${hexHead(JSON.stringify(raw))})`,
    )
  }
  if (apiVersion !== '' && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    )
  }
  if (kind !== '' && kind !== resource.kind) {
    const [group, version] = [resource.group, resource.version]
    throw badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${resource.kind}: converting (${group === '' ? '' : `${group}/`}${version}.${kind}) to (${group === '' ? 'core' : group}.${resource.kind}): unknown conversion`,
    )
  }
}
