/** What each route answers, once its caller was let in. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../access.ts'
import { actionViews } from '../act/available.ts'
import { performed } from '../act/perform.ts'
import { previewOf } from '../act/preview.ts'
import type { Looked } from '../live/one.ts'
import { type Readers, readersMemory } from '../live/readers.ts'
import { openStream, type Stream } from '../live/stream.ts'
import { mayAll, resourceOf, type Sight, sightOf } from '../rights.ts'
import type { RouteId } from '../table.ts'
import { detailOf } from '../view/detail.ts'
import type {
  ActionRequest,
  ActionVerb,
  Me,
  OidcExchange,
  ReleaseDetail,
  ReleaseId,
} from '../wire.ts'
import type { House } from './house.ts'
import { notFound, Refusal } from './refusal.ts'

/** Handlers of a request that was let in; `caller` is undefined only where anybody is let in. */
type Handle = (
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller | undefined,
) => Promise<unknown>

export type Handlers = {
  readonly handle: Readonly<Record<RouteId, Handle>>
  /** Ends every stream. */
  readonly stop: () => Promise<void>
}

/** More streams than this are not opened. */
const mostStreams = 500

export function handlersOf(house: House, document: () => unknown): Handlers {
  const streams = new Set<Stream>()
  const readers = readersMemory(house.cluster.ports)
  return {
    handle: {
      page: async (request, reply) => house.pages.page(request, reply),
      asset: async (request, reply) => {
        const { file = '' } = request.params as { readonly file?: string }
        return house.pages.asset(request, reply, file)
      },
      me: (request) => me(house, request),
      openapi: async (_request, reply) =>
        reply
          .type('application/json; charset=utf-8')
          .serializer((value) => JSON.stringify(value))
          .send(document()),
      exchange: (request) => exchange(house, request.body as OidcExchange),
      list: async (_request, _reply, caller) => {
        await listed(house)
        const sight = await seenBy(house, known(caller))
        return [...house.list.lines()]
          .filter((line) => sight.sees(line) === true)
          .map(({ row }) => row)
      },
      detail: (request, _reply, caller) => detail(house, idIn(request.params), known(caller)),
      preview: (request) => {
        const { candidate } = request.query as { readonly candidate?: string }
        return previewOf(house, idIn(request.params), verbIn(request.params), candidate)
      },
      act: (request, _reply, caller) => {
        if (house.readOnly)
          throw new Refusal(403, 'this dashboard only shows; it was started read-only')
        return performed(house, {
          id: idIn(request.params),
          verb: verbIn(request.params),
          request: request.body as ActionRequest,
          by: known(caller).by,
        })
      },
      stream: async (request, reply, caller) => {
        if (streams.size >= mostStreams) throw new Refusal(503, 'too many streams; try again')
        await stream({ ...house, streams, readers }, request, reply, known(caller))
      },
    },
    stop: async () => {
      for (const one of streams) one.close()
      await Promise.all([...streams].map(({ closed }) => closed))
    },
  }
}

function known(caller: Caller | undefined): Caller {
  if (caller === undefined) throw new Refusal(401, 'sign in first')
  return caller
}

function idIn(params: unknown): ReleaseId {
  const { door = '', namespace = '', name = '' } = params as Partial<ReleaseId>
  return { door, namespace, name }
}

function verbIn(params: unknown): ActionVerb {
  return (params as { readonly verb: ActionVerb }).verb
}

/** Whoever sends a token wants to know whether it is any good; whoever sends none, how to sign in. */
async function me({ access, readOnly, version }: House, { headers }: FastifyRequest): Promise<Me> {
  const common = { signIn: access.kind, readOnly, version }
  if (headers.authorization === undefined) {
    const { audience } = access
    const oidc = await access.oidc?.invitation()
    return {
      ...common,
      ...(audience === undefined ? {} : { audience }),
      ...(oidc === undefined ? {} : { oidc }),
    }
  }
  const caller = await access.caller(headers)
  if (caller === undefined) throw new Refusal(401, 'this token is not valid here')
  return caller.user === undefined ? common : { ...common, user: caller.user }
}

async function exchange({ access }: House, asked: OidcExchange): Promise<{ token: string }> {
  if (access.oidc === undefined) throw notFound('sign-in is not by OIDC here')
  const token = await access.oidc.exchange(asked)
  if (token === undefined) throw new Refusal(401, 'the issuer gives no token for this code')
  return { token }
}

/** Whoever asks hears why there is nothing, where nothing can be listed. */
async function listed({ list }: House): Promise<void> {
  await list.synced()
  const trouble = list.trouble()
  if (trouble !== undefined) throw trouble
}

async function seenBy({ list }: House, caller: Caller): Promise<Sight> {
  const sight = sightOf(caller)
  await sight.learn(list.lines())
  return sight
}

async function detail(house: House, id: ReleaseId, caller: Caller): Promise<ReleaseDetail> {
  const resource = resourceOf(id.door)
  if (resource === undefined) throw notFound(`there is no door ${id.door}`)
  const look = house.lookAt(id, resource, () => {})
  try {
    const looked = await look.now()
    if (looked === undefined)
      throw notFound(`there is no release ${id.door}/${id.name} in namespace ${id.namespace}`)
    return await detailFor(house, looked, caller)
  } finally {
    look.end()
  }
}

async function detailFor(
  house: House,
  { entry, revisions }: Looked,
  caller: Caller,
): Promise<ReleaseDetail> {
  const actions = await actionViews(house, { entry, revisions }, caller)
  return { ...detailOf(entry, revisions), actions }
}

/** The one release that is looked at closely, if the query names one. */
async function askedClosely(
  request: FastifyRequest,
  caller: Caller,
): Promise<ReleaseId | undefined> {
  const { door, namespace, name } = request.query as Partial<ReleaseId>
  if (door === undefined || namespace === undefined || name === undefined) return undefined
  const id = { door, namespace, name }
  const resource = resourceOf(door)
  if (resource === undefined) throw notFound(`there is no door ${door}`)
  if (await mayAll(caller, id, resource, ['get'])) return id
  throw new Refusal(403, `you may not get ${door}/${name} in namespace ${namespace}`)
}

async function stream(
  house: House & { readonly streams: Set<Stream>; readonly readers: Readers },
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller,
): Promise<void> {
  const { list, access, cluster, streams, readers } = house
  const id = await askedClosely(request, caller)
  await listed(house)
  const sight = await seenBy(house, caller)
  let opened: Stream | undefined
  const resource = id === undefined ? undefined : resourceOf(id.door)
  const look =
    id === undefined || resource === undefined
      ? undefined
      : house.lookAt(id, resource, () => opened?.detailChanged())
  reply.hijack()
  // Headers that were set for every answer stand on the reply, which is not used from here on.
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value)
  const last = request.headers['last-event-id']
  opened = openStream(reply.raw, {
    list,
    sight,
    heard: readers.heard(Array.isArray(last) ? last[0] : last, caller.user),
    reading: readers.begin(caller.user),
    clock: cluster.ports.clock,
    now: house.clock.now,
    detail:
      id === undefined || look === undefined
        ? undefined
        : {
            id,
            now: async () => {
              const looked = await look.now()
              return looked === undefined ? undefined : detailFor(house, looked, caller)
            },
            end: look.end,
          },
    renew: async () => {
      const again = await access.caller(request.headers)
      if (again === undefined) return undefined
      if (
        id !== undefined &&
        resource !== undefined &&
        !(await mayAll(again, id, resource, ['get']))
      )
        return undefined
      return seenBy(house, again)
    },
  })
  streams.add(opened)
  void opened.closed.then(() => streams.delete(opened))
}
