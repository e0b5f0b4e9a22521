/** From a request's body to an object of the kind the request is about. */

import { parse as parseYaml } from 'yaml'
import { asString, isObject, type Obj } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { builtinResources } from './builtin/kinds.ts'
import { DecodeError, normalise } from './builtin/normalise.ts'
import { decodeCustom } from './crd/decode.ts'
import { duplicateKeys } from './duplicates.ts'
import { jsonFault, jsonType } from './go-json.ts'
import type { Call } from './machine.ts'
import { apiVersionOf, type Resource, type Stored } from './resource.ts'
import { ApiError, badRequest, invalid, unsupportedMediaType } from './status.ts'
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
  const supported = ['', 'Ignore', 'Strict', 'Warn']
  throw invalid(optionsOf(call), '', [problem.unsupported('fieldValidation', given, supported)])
}

const optionKinds: Readonly<Record<string, string>> = {
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
}

function optionsOf({ method }: Call) {
  const kind = optionKinds[method] ?? 'CreateOptions'
  return { group: 'meta.k8s.io', kind, plural: kind.toLowerCase() }
}

const longestManager = 128

/** Throws a 422 for options of a write that make no sense. */
export function checkWriteOptions(call: Call): void {
  const dryRun = call.query.getAll('dryRun')
  const problems: Problem[] = []
  if (dryRun.some((one) => one !== 'All' && one !== '')) {
    problems.push({
      field: 'dryRun',
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`,
    })
  }
  const isApply = (call.headers['content-type'] ?? '').includes('apply-patch')
  if (call.method === 'PATCH' && !isApply && call.query.has('force')) {
    problems.push(problem.forbidden('force', 'may not be specified for non-apply patch'))
  }
  if ((call.query.get('fieldManager') ?? '').length > longestManager) {
    problems.push(problem.tooLong('fieldManager', longestManager))
  }
  if (problems.length > 0) throw invalid(optionsOf(call), '', problems)
}

/** The body of a create or replace as an object with defaults. Throws a 400, 413 or 415. */
export function decodeBody(call: Call): Stored {
  const { resource, body } = call
  checkSize(body)
  checkWriteOptions(call)
  const raw = parseBody(body, call.headers['content-type'], resource)
  checkKind(raw, resource)
  const strictness = strictnessOf(call)
  const complaints = strictness === 'Ignore' ? undefined : namedTwice(raw, body)
  const object = decodeObject(resource, raw, complaints)
  if (complaints !== undefined && complaints.length > 0) {
    if (strictness === 'Strict') {
      throw unreadable(resource, `strict decoding error: ${complaints.join(', ')}`)
    }
    call.warnings.push(...complaints)
  }
  return object
}

/** A text that reads just as its object is written names nothing twice; only others are looked through. */
function namedTwice(raw: Obj, body: string): string[] {
  return JSON.stringify(raw) === body ? [] : duplicateKeys(body)
}

/**
 * Typed, pruned and defaulted. Unknown fields are named in `complaints`; what `raw` shares with `known`, it may share
 * afterwards. Throws a 400 for a wrong type.
 */
export function decodeObject(
  resource: Resource,
  raw: Obj,
  complaints?: string[],
  known?: Stored,
): Stored {
  try {
    return shapedObject(resource, raw, complaints, known)
  } catch (error) {
    if (error instanceof DecodeError) throw unreadable(resource, error.message)
    throw error
  }
}

/**
 * The same for objects that do not come in a request's body. What `raw` shares with `known`, an object of the kind, it
 * may share afterwards. Throws a DecodeError for a wrong type.
 */
export function shapedObject(
  resource: Resource,
  raw: Obj,
  complaints?: string[],
  known?: Stored,
): Stored {
  const head = { kind: resource.kind, apiVersion: apiVersionOf(resource) }
  const object =
    resource.custom === undefined && resource.schema !== undefined
      ? (normalise(resource.schema, raw, complaints, known) as Stored)
      : decodeCustom(resource, raw, complaints, known)
  Object.assign(object, head)
  // The server has its own to say of metadata.
  object.metadata = isObject(object.metadata) ? { ...object.metadata } : {}
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
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; json parse error: ${jsonFault(body) ?? (error as Error).message} (${summary(body)})`,
    )
  }
  if (isObject(parsed)) return parsed
  if (parsed === null && resource.custom === undefined) return {}
  throw badRequest(
    `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonType(parsed)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (${summary(body)})`,
  )
}

/** The beginning of a body as a refusal shows it. */
function summary(body: string): string {
  if (body === '') return '<empty>'
  const bytes = Buffer.from(body)
  const head = bytes.subarray(0, 30).toString(body.startsWith('{') ? 'utf8' : 'hex')
  return bytes.length > 30 ? `${head} ...` : head
}

function checkKind(raw: Obj, resource: Resource): void {
  const kind = asString(raw.kind) ?? ''
  const apiVersion = asString(raw.apiVersion) ?? ''
  const expected = apiVersionOf(resource)
  if (resource.custom !== undefined && kind === '') {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): Object 'Kind' is missing in '${JSON.stringify(raw)}' (${summary(JSON.stringify(raw))})`,
    )
  }
  if (kind !== '' && kind !== resource.kind) throw anotherKind(kind, apiVersion, resource)
  if (apiVersion !== '' && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    )
  }
}

function anotherKind(kind: string, given: string, resource: Resource): ApiError {
  const apiVersion = given === '' ? apiVersionOf(resource) : given
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1)
  const known = builtinResources().some(
    (one) => one.kind === kind && apiVersionOf(one) === apiVersion,
  )
  const inside = resource.group === '' ? 'core' : resource.group.replace(/\..*$/, '')
  const why = known
    ? `converting (${version}.${kind}) to (${inside}.${resource.kind}): unknown conversion`
    : `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:110"`
  return badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${resource.kind}: ${why}`,
  )
}
