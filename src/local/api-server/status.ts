/** The answers that say no: Kubernetes' Status objects, worded exactly as a kube-apiserver words them. */
import type { Obj } from '#core/schema/json.ts'
import type { Problem } from '#core/schema/problem.ts'

/** Thrown anywhere while a request is worked on; the face of the server turns it into the Status it carries. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: number
  readonly status: Obj

  constructor(code: number, reason: string, message: string, details?: Obj, metadata: Obj = {}) {
    super(message)
    this.code = code
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata,
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    }
  }
}

/** Said before anybody looked at what the request is about. */
export class Denied extends ApiError {
  constructor(message: string, details: Obj) {
    super(403, 'Forbidden', message, details)
  }
}

/** What an error message needs to know of a resource. */
export type Named = { readonly group: string; readonly plural: string; readonly kind: string }

const qualified = ({ group, plural }: Named): string =>
  group === '' ? plural : `${plural}.${group}`

const detailsOf = (resource: Named, name: string): Obj => ({
  ...(name === '' ? {} : { name }),
  ...(resource.group === '' ? {} : { group: resource.group }),
  kind: resource.plural,
})

export function notFound(resource: Named, name: string): ApiError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} not found`
  return new ApiError(404, 'NotFound', message, detailsOf(resource, name))
}

/** @param going when the object that is there will be gone, if it is on its way out. */
export function alreadyExists(resource: Named, name: string, going?: unknown): ApiError {
  const hint = going === undefined ? '' : 'object is being deleted: '
  const message = `${hint}${qualified(resource)} ${JSON.stringify(name)} already exists`
  return new ApiError(409, 'AlreadyExists', message, detailsOf(resource, name))
}

export const modified =
  'the object has been modified; please apply your changes to the latest version and try again'

export function conflict(resource: Named, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} ${JSON.stringify(name)}: ${why}`
  return new ApiError(409, 'Conflict', message, detailsOf(resource, name))
}

export function invalid(resource: Named, name: string, problems: readonly Problem[]): ApiError {
  const lines = problems.map(({ field, message }) => `${field}: ${message}`)
  const unique = [...new Set(lines)]
  const text = unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`
  const causes = problems.map(({ field, reason, message }) => ({ reason, message, field }))
  return new ApiError(422, 'Invalid', `${kind} ${JSON.stringify(name)} is invalid: ${text}`, {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    ...(resource.kind === '' ? {} : { kind: resource.kind }),
    causes,
  })
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message)
}

export function forbidden(resource: Named, name: string, why: string): ApiError {
  const message = `${subjectText(resource, name)} is forbidden: ${why}`
  return new ApiError(403, 'Forbidden', message, detailsOf(resource, name))
}

/** By authorization. Without a resource the request is about a path. */
export function denied(resource: Named | undefined, name: string, why: string): Denied {
  if (resource === undefined) return new Denied(`forbidden: ${why}`, {})
  const message = `${subjectText(resource, name)} is forbidden: ${why}`
  return new Denied(message, detailsOf(resource, name))
}

function subjectText(resource: Named, name: string): string {
  return name === '' ? qualified(resource) : `${qualified(resource)} ${JSON.stringify(name)}`
}

export function methodNotAllowed(): ApiError {
  const message = 'the server does not allow this method on the requested resource'
  return new ApiError(405, 'MethodNotAllowed', message, {})
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized')
}

export function expired(message: string, metadata: Obj = {}): ApiError {
  return new ApiError(410, 'Expired', message, undefined, metadata)
}

export function tooLargeVersion(wanted: number, current: number): ApiError {
  return new ApiError(
    504,
    'Timeout',
    `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  )
}

export function unsupportedPatch(): ApiError {
  return new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})
}

export function unsupportedMediaType(allowed: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${allowed.join(', ')}`
  return new ApiError(415, 'UnsupportedMediaType', message)
}

export function notAcceptable(allowed: readonly string[]): ApiError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${allowed.join(', ')}`
  return new ApiError(406, 'NotAcceptable', message, {})
}

export function unavailable(message: string): ApiError {
  return new ApiError(503, 'ServiceUnavailable', message)
}

export function internal(message: string): ApiError {
  return new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ message }],
  })
}
