/** The routes of this door, and what every request goes through before them: who asks, and whether they may. */
import { createServer, type Server } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { onlyRoutesOf } from '#http/authorization.ts'
import { CannotTell } from '#http/sign-in.ts'
import { KubeError } from '#kube/errors.ts'
import { listJson } from '../wire.ts'
import type { Access, Deed } from './access.ts'
import { deployments } from './deployments.ts'
import { descriptors } from './descriptors.ts'
import { docsPage } from './docs.ts'
import { askedOf, etagOf, type House, json, place, plain } from './door-http.ts'
import { isLabelName } from './label.ts'
import { badRequest, notFound, Refusal } from './refusal.ts'
import { docsRoutes, routes } from './routes.ts'
import { type Streams, streams } from './streams.ts'

export type DoorServer = {
  readonly server: Server
  readonly stop: () => Promise<void>
}

const bodyLimit = 1024 * 1024
const keepAliveMs = 75_000

export async function doorServer(house: House, access: Access): Promise<DoorServer> {
  const [{ fastify }, { default: swagger }, { WebSocketServer }] = await Promise.all([
    import('fastify'),
    import('@fastify/swagger'),
    import('ws'),
  ])
  let server: Server | undefined
  const app: FastifyInstance = fastify({
    bodyLimit,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    serverFactory: (handler) => {
      server = createServer(handler)
      // Longer than clients and proxies keep a connection, so that it is not us who close it under a request.
      server.keepAliveTimeout = keepAliveMs
      return server
    },
  })
  await app.register(swagger, { openapi })
  takeBodies(app)
  app.setErrorHandler((error, request, reply) => refused(house, error, request, reply))
  app.setNotFoundHandler((_request, reply) => reply.code(404).send())
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024 })
  const following = streams(house, access, sockets)
  addRoutes(app, house, access, following)
  await app.ready()
  if (server === undefined) throw new Error('the listener was not made; this is our mistake')
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    following.upgrade(request, socket, head).catch((error: unknown) => {
      house.ground.log.warn({ error: String(error) }, 'a log could not be streamed')
      socket.destroy()
    })
  })
  return {
    server,
    stop: async () => {
      await following.stop()
      sockets.close()
    },
  }
}

const openapi = {
  openapi: '3.1.0' as const,
  info: {
    title: 'Headgate deployer',
    version: 'v1',
    description:
      'Descriptors and blue-green deployments, as scripts of the Amdatu deployer know them.',
  },
}

/** Scripts send JSON as whatever their client calls a body; what matters is what is in it. */
function takeBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit }, (_request, body, done) => {
    const text = String(body)
    if (text.trim() === '') return done(null, undefined)
    try {
      done(null, JSON.parse(text, plainKeys))
    } catch {
      done(badRequest('the body is not JSON'))
    }
  })
  // What requests say is checked where it is used, all problems together.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (value) => String(value))
}

function plainKeys(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value
}

type Handle = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

function addRoutes(app: FastifyInstance, house: House, access: Access, following: Streams): void {
  onlyRoutesOf(app, [...routes, ...docsRoutes])
  const handlers = handlersOf(house, following)
  for (const { id, method, url, deed, schema } of routes) {
    const handle = handlers[id]
    app.route({
      method,
      url,
      // A stream would go on for somebody who wants its head alone.
      exposeHeadRoute: id !== 'streamLogs',
      schema: { ...schema, operationId: id },
      // Before any of the body is read.
      onRequest: (request) => admit(request, access, deed),
      handler: async (request, reply) =>
        handle === undefined ? reply.code(404).send() : handle(request, reply),
    })
  }
  const docs = docsPage(app)
  app.get('/docs', { schema: { hide: true } }, (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(docs.html()),
  )
  app.get('/docs/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(docs.document()),
  )
}

async function admit(
  request: FastifyRequest,
  access: Access,
  deed: Omit<Deed, 'namespace'>,
): Promise<void> {
  const why = access.hostile(request.raw)
  if (why !== undefined) throw new Refusal(403, why)
  const caller = await access.caller(request.headers)
  if (caller === undefined) throw new Refusal(401, 'not authenticated')
  const { id, query } = askedOf(request)
  if (id !== '' && !isLabelName(id)) throw notFound()
  const namespace = query.namespace()
  if (!(await caller({ ...deed, namespace })))
    throw new Refusal(403, `no access to namespace ${namespace}`)
}

function handlersOf(house: House, following: Streams): Readonly<Record<string, Handle>> {
  return { ...descriptorHandlers(house), ...deploymentHandlers(house, following) }
}

function descriptorHandlers(house: House): Record<string, Handle> {
  const of = descriptors(house)
  return {
    createDescriptor: async (request, reply) => {
      const asked = askedOf(request)
      const id = await of.create(asked)
      return reply
        .code(201)
        .header('location', place('descriptors', id, asked.query.namespace()))
        .send()
    },
    listDescriptors: async (request, reply) => listed(request, reply, of.list(askedOf(request))),
    getDescriptor: async (request, reply) => {
      const held = await of.get(askedOf(request))
      return json(reply.header('etag', etagOf(held.metadata)), `${held.json}\n`)
    },
    updateDescriptor: async (request, reply) => {
      const etag = await of.update(askedOf(request))
      return reply.code(204).header('etag', etag).send()
    },
    deleteDescriptor: async (request, reply) => {
      await of.remove(askedOf(request))
      return reply.code(204).send()
    },
    deleteDescriptors: async (request, reply) => {
      await of.removeAll(askedOf(request))
      return reply.code(204).send()
    },
    validateDescriptor: async (request, reply) => {
      of.validate(askedOf(request))
      return reply.code(204).send()
    },
  }
}

function deploymentHandlers(house: House, following: Streams): Record<string, Handle> {
  const of = deployments(house)
  const accepted = (request: FastifyRequest, reply: FastifyReply, id: string): FastifyReply => {
    const location = place('deployments', id, askedOf(request).query.namespace())
    return reply.code(202).header('location', location).send()
  }
  return {
    deploy: async (request, reply) => accepted(request, reply, await of.deploy(askedOf(request))),
    redeploy: async (request, reply) =>
      accepted(request, reply, await of.redeploy(askedOf(request))),
    listDeployments: async (request, reply) => listed(request, reply, of.list(askedOf(request))),
    getDeployment: async (request, reply) => {
      const held = await of.get(askedOf(request))
      return json(reply.header('etag', etagOf(held.metadata)), `${held.json}\n`)
    },
    getLogs: async (request, reply) => plain(reply, 200, await of.logs(askedOf(request))),
    getHealth: async (request, reply) =>
      json(reply, `${JSON.stringify(await of.health(askedOf(request)), null, 2)}\n`),
    undeploy: async (request, reply) => {
      const asked = askedOf(request)
      await of.undeploy(asked)
      return accepted(request, reply, asked.id)
    },
    undeployAll: async (request, reply) => {
      await of.undeployAll(askedOf(request))
      return reply.code(202).send()
    },
    streamLogs: async (request, reply) => {
      const { id, query } = askedOf(request)
      await of.get(askedOf(request))
      if (following.isFull()) throw new Refusal(503, 'too many streams; try again')
      reply.hijack()
      await following.events({ namespace: query.namespace(), id }, request.raw, reply.raw)
    },
  }
}

type Listed = {
  readonly items: readonly { readonly json: string }[]
  readonly next: string | undefined
}

/** AD01: an empty list is a list. */
function listed(
  request: FastifyRequest,
  reply: FastifyReply,
  { items, next }: Listed,
): FastifyReply {
  if (next !== undefined) {
    const url = new URL(request.url, 'http://here')
    url.searchParams.set('after', next)
    reply.header('link', `<${url.pathname}${url.search}>; rel="next"`)
  }
  return json(reply, listJson(items))
}

/** A37. What went wrong inside is told to the log, not to the caller. */
function refused(
  { ground }: House,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, message } = refusalOf(error)
  if (status >= 500)
    ground.log.warn({ error: String(error), url: request.routeOptions.url }, 'a request failed')
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (status === 413) reply.header('connection', 'close')
  return message === '' ? reply.code(status).send() : plain(reply, status, `${message}\n`)
}

function refusalOf(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof Refusal) return error
  if (error instanceof CannotTell) return { status: 503, message: error.message }
  if (error instanceof KubeError) {
    if (error.reason === 'NotFound') return { status: 404, message: '' }
    if (error.reason === 'Invalid' || error.reason === 'BadRequest')
      return { status: 400, message: error.message }
    if (error.reason === 'Conflict' || error.reason === 'AlreadyExists')
      return { status: 409, message: error.message }
    if (error.reason === 'Forbidden')
      return { status: 503, message: `the deployer lacks a right: ${error.message}` }
    return { status: 503, message: 'the cluster cannot be asked now; try again' }
  }
  const { statusCode, message } = error as {
    readonly statusCode?: number
    readonly message?: string
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return { status: statusCode, message: message ?? 'the request makes no sense' }
  return { status: 500, message: 'something went wrong here; the log of the deployer says what' }
}
