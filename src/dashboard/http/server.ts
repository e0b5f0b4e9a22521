/** The listener: every request is judged by the row of its route before anything of it is read, then handled. */
import { createServer, type Server } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { onlyRoutesOf, type RouteRow } from '#http/authorization.ts'
import type { Caller } from '../access.ts'
import { mayAll, resourceOf, rightFor } from '../rights.ts'
import { type DashboardAccess, type RouteId, table } from '../table.ts'
import type { ApiError } from '../wire.ts'
import { handlersOf } from './handlers.ts'
import type { House } from './house.ts'
import { operations } from './operations.ts'
import { notFound, Refusal, refusalOf } from './refusal.ts'
import { actionVerbs } from './schemas.ts'

export type DashboardServer = {
  readonly server: Server
  readonly stop: () => Promise<void>
}

const bodyLimit = 16 * 1024

export async function dashboardServer(house: House): Promise<DashboardServer> {
  const [{ fastify }, { default: swagger }] = await Promise.all([
    import('fastify'),
    import('@fastify/swagger'),
  ])
  let server: Server | undefined
  const app: FastifyInstance = fastify({
    bodyLimit,
    routerOptions: { maxParamLength: 256 },
    // What comes is taken as it is or refused; nothing is guessed.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    serverFactory: (handler) => {
      server = createServer(handler)
      return server
    },
  })
  await app.register(swagger, { openapi: document(house.version) })
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(safety)
    const why = house.access.hostile(request.raw)
    if (why !== undefined) throw new Refusal(403, why)
  })
  app.setErrorHandler((error, request, reply) => refused(house, error, request, reply))
  app.setNotFoundHandler(() => {
    throw notFound('there is nothing here')
  })
  onlyRoutesOf(app, table)
  const handlers = handlersOf(house, () => app.swagger())
  const callers = new WeakMap<FastifyRequest, Caller>()
  for (const row of table) {
    const { id, method, url } = row
    app.route({
      method,
      url,
      // A stream would go on for somebody who wants its head alone.
      exposeHeadRoute: id === 'page' || id === 'asset',
      schema: { ...operations[id], operationId: id },
      onRequest: async (request) => {
        const caller = await admitted(house, row, request)
        if (caller !== undefined) callers.set(request, caller)
      },
      handler: (request, reply) => handlers.handle[id](request, reply, callers.get(request)),
    })
  }
  await app.ready()
  if (server === undefined) throw new Error('the listener was not made; this is our mistake')
  return { server, stop: handlers.stop }
}

/** For every answer; a page can load from nowhere else, run nothing that stands in it, and be framed by nobody. */
const safety = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

function document(version: string) {
  return {
    openapi: '3.1.0' as const,
    info: {
      title: 'Headgate dashboard',
      version,
      description: 'Releases of all doors: see what happens, and act.',
    },
    components: { securitySchemes: { bearer: { type: 'http' as const, scheme: 'bearer' } } },
  }
}

/** Who asks, once the row of the route lets them in. */
async function admitted(
  house: House,
  { access }: RouteRow<DashboardAccess> & { readonly id: RouteId },
  request: FastifyRequest,
): Promise<Caller | undefined> {
  if (access.kind === 'anybody') return undefined
  const caller = await house.access.caller(request.headers)
  if (caller === undefined) throw new Refusal(401, 'sign in first: no token, or none that is valid')
  if (access.kind === 'list') return caller
  const { door, namespace, name, verb } = request.params as Readonly<Record<string, string>>
  const resource = resourceOf(door ?? '')
  const isNamed = isName(namespace) && isName(name)
  const isVerb = verb === undefined || actionVerbs.some((known) => known === verb)
  if (resource === undefined || !isNamed || !isVerb) throw notFound('there is nothing here')
  const verbs = access.verbs.map((asked) => (asked === 'action' ? rightFor(verb ?? '') : asked))
  const id = { door: door ?? '', namespace, name }
  if (await mayAll(caller, id, resource, verbs)) return caller
  const { plural, group } = resource.kind
  throw new Refusal(
    403,
    `${caller.user ?? 'you'} may not ${verbs.join(' and ')} ${plural}.${group} ${name} in namespace ${namespace}`,
  )
}

function isName(text: string | undefined): text is string {
  return text !== undefined && text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)
}

function refused(
  { log }: House,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { code, message } = refusalOf(error)
  if (code >= 500)
    log.warn({ error: String(error), url: request.routeOptions.url }, 'a request failed')
  if (code === 401) reply.header('www-authenticate', 'Bearer')
  if (code === 413) reply.header('connection', 'close')
  const body: ApiError = { error: { code, message } }
  return reply
    .code(code)
    .type('application/json; charset=utf-8')
    .serializer((value) => JSON.stringify(value))
    .send(body)
}
