/** One request in, one answer out: authorization, routing and the shape of refusals. No sockets. */
import type { HttpRequest, HttpResponse } from '#kube/http.ts'
import { json, pageNotFound, plain, refusal } from './answer.ts'
import { actingUser, ImpersonationError } from './auth/impersonate.ts'
import { openIdAnswer, openIdPaths } from './auth/openid.ts'
import { discovery, serverVersion } from './discovery.ts'
import { flag, readListOptions } from './list-options.ts'
import type { Call, Machine, RequestContext } from './machine.ts'
import { openApi } from './openapi/documents.ts'
import { parsePath } from './parse-path.ts'
import { authorizeRequest } from './rbac/enforce.ts'
import { get, list } from './read.ts'
import { review } from './reviews.ts'
import { ApiError, badRequest, internal, methodNotAllowed } from './status.ts'
import { subresource } from './subresources.ts'
import { watch } from './watch.ts'
import { create } from './write/create.ts'
import { patch } from './write/patch.ts'
import { remove, removeCollection } from './write/remove.ts'
import { replace } from './write/update.ts'

export type Handle = (request: HttpRequest, context: RequestContext) => Promise<HttpResponse>

/** The server as a function. It never rejects: a mistake of its own is answered 500. */
export function createHandle(machine: Machine): Handle {
  return async (request, context) => {
    const warnings: string[] = []
    try {
      return withHeaders(await route(machine, request, context, warnings), warnings)
    } catch (error) {
      if (error instanceof ApiError) return withHeaders(refusal(error), warnings)
      if (error instanceof ImpersonationError) {
        const where = JSON.stringify(request.path)
        const text = `Internal Server Error: ${where}: ${error.message}\n`
        return withHeaders(plain(500, text), warnings)
      }
      return refusal(internal(error instanceof Error ? (error.stack ?? '') : String(error)))
    }
  }
}

function withHeaders(response: HttpResponse, warnings: readonly string[]): HttpResponse {
  const headers: Record<string, string> = { 'cache-control': 'no-cache, private' }
  if (warnings.length > 0) {
    headers.warning = [...new Set(warnings)]
      .map((text) => `299 - ${JSON.stringify(text)}`)
      .join(', ')
  }
  return { ...response, headers: { ...headers, ...response.headers } }
}

async function route(
  machine: Machine,
  request: HttpRequest,
  context: RequestContext,
  warnings: string[],
): Promise<HttpResponse> {
  const question = request.path.indexOf('?')
  const path = question === -1 ? request.path : request.path.slice(0, question)
  const query = new URLSearchParams(question === -1 ? '' : request.path.slice(question + 1))
  const user = actingUser(machine, context.user, request.headers)
  authorizeRequest(machine, user, { method: request.method, path, query })
  const fixed = fixedAnswer(machine, path, request)
  if (fixed !== undefined) return fixed
  const found = parsePath(machine.registry, path)
  if (found === undefined) return unknownPath(machine, path)
  if (found.resource.storage === 'endpoints') warnings.push(endpointsDeprecated)
  if (found.watch) query.set('watch', 'true')
  const { method, headers, body = '' } = request
  const acting = user === context.user ? context : { ...context, user }
  const call: Call = {
    ...found,
    machine,
    context: acting,
    method,
    query,
    headers,
    body,
    warnings,
  }
  return answer(call)
}

const endpointsDeprecated =
  'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'

/** A version of Kubernetes' own that is served says so even of kinds that it does not have. */
function unknownPath(machine: Machine, path: string): HttpResponse {
  const [, first, group = '', version = ''] = path.split('/')
  const apiVersion = first === 'api' ? group : first === 'apis' ? `${group}/${version}` : ''
  const known = machine.registry.inVersion(apiVersion)
  if (first !== 'api' && known.every(({ custom }) => custom !== undefined)) return pageNotFound()
  throw new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})
}

function fixedAnswer(
  machine: Machine,
  path: string,
  request: HttpRequest,
): HttpResponse | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
  const [, first = '', second = ''] = path.split('/')
  switch (first) {
    case '':
      return json(200, {
        paths: [
          openIdPaths[0],
          '/api',
          '/api/v1',
          '/apis',
          '/healthz',
          '/livez',
          '/openapi/v2',
          '/openapi/v3',
          openIdPaths[1],
          '/readyz',
          '/version',
        ],
      })
    case 'version':
      return json(200, serverVersion)
    case 'healthz':
    case 'livez':
    case 'readyz':
      return plain(200, healthText(first, request.path))
    case '.well-known':
    case 'openid':
      return openIdAnswer(machine, path, request.headers.host)
    case 'openapi':
      return openApi(machine, second, path, request.headers)
    default:
      return discovery(machine, path, request.headers.accept)
  }
}

function healthText(name: string, path: string): string {
  const query = new URLSearchParams(path.split('?')[1])
  return query.has('verbose') ? `[+]ping ok\n${name} check passed\n` : 'ok'
}

function answer(call: Call): HttpResponse | Promise<HttpResponse> {
  const { method, resource, name, query } = call
  if (call.subresource !== '') return subresource(call)
  const verb = verbOf(call)
  if (resource.namespaced && call.namespace === '' && name !== '')
    throw badRequest('namespace required')
  if (!resource.verbs.includes(verb)) throw methodNotAllowed()
  switch (verb) {
    case 'get':
      return get(call)
    case 'list':
      return list(call)
    case 'watch':
      return watch(call, readListOptions(query, resource))
    case 'create':
      if (!resource.verbs.includes('get')) return review(call)
      if (resource.namespaced && call.namespace === '') throw methodNotAllowed()
      return create(call)
    case 'update':
      return replace(call)
    case 'patch':
      return patch(call)
    case 'delete':
      return remove(call)
    case 'deletecollection':
      return removeCollection(call)
    default:
      throw new ApiError(405, 'MethodNotAllowed', `${method} is not supported`, {})
  }
}

function verbOf({ method, name, query }: Call): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (flag(query.get('watch'))) return 'watch'
      return name === '' ? 'list' : 'get'
    case 'POST':
      return name === '' ? 'create' : 'none'
    case 'PUT':
      return name === '' ? 'none' : 'update'
    case 'PATCH':
      return name === '' ? 'none' : 'patch'
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete'
    default:
      return 'none'
  }
}
