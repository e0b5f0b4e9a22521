/** The server without any socket: a handle, and a transport around it for clients in the same thread. */
import { KubeError } from '#kube/errors.ts'
import type { HttpRequest, HttpResponse, SendOptions, Transport } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { startHooks } from './admission/hooks.ts'
import { type Credentials, createAuthentication, identify } from './auth/authenticate.ts'
import { bootstrap, type Empty } from './bootstrap.ts'
import { startDefinitions } from './crd/controller.ts'
import { createHandle, type Handle } from './handle.ts'
import type { Machine, User } from './machine.ts'
import { startAggregation } from './rbac/aggregate.ts'
import { createRegistry, type Registry } from './registry.ts'
import { Store, type StoreOptions } from './store.ts'
import { createViews } from './views.ts'
import { callOverTls } from './webhook/call.ts'
import type { CallWebhook } from './webhook/post.ts'

export const admin: User = {
  name: 'kubernetes-admin',
  groups: ['system:masters', 'system:authenticated'],
}

export type ApiServer = {
  readonly handle: Handle
  readonly store: Store
  /** Bearer tokens and whose they are; whoever adds one lets its bearer in. */
  readonly tokens: Map<string, User>
  /** Who has sent a request with these credentials. Throws a 401. */
  readonly identify: (credentials: Credentials) => User
  /** A client's way in without sockets, as the given user; by default as the admin. */
  readonly transport: (user?: User) => Transport
}

export type ApiServerOptions = StoreOptions & {
  /** The way to webhooks; by default over TLS to loopback addresses. In virtual time they are called in process. */
  readonly callWebhook?: CallWebhook
  /** Default true; false for simulations in which nobody applies, so that nobody asks who wrote which field. */
  readonly tracksOwners?: boolean
  /** For tests: whoever changes what is only to be looked at is thrown at. */
  readonly frozenViews?: boolean
}

/** A fresh cluster's API server. */
export async function createApiServer(
  ports: Ports,
  options: ApiServerOptions = {},
): Promise<ApiServer> {
  const empty = assemble(ports, options, new Store(options), createRegistry())
  const another = (): Empty => assemble(standingStill, {}, new Store(), createRegistry())
  await bootstrap(empty, another)
  return serverOf(empty)
}

/**
 * A server that begins with what another one holds now, its clock and ids apart; from then on they know nothing of each
 * other. A thousandth of the cost of a fresh one with the same definitions. `ports.newId` must make other ids.
 */
export function copyApiServer(
  original: ApiServer,
  ports: Ports,
  options: Omit<ApiServerOptions, keyof StoreOptions> = {},
): ApiServer {
  const { store, registry } = originals.get(original) as Machine
  return serverOf(assemble(ports, options, store.copy(), createRegistry(registry.custom())))
}

const originals = new WeakMap<ApiServer, Machine>()

function serverOf({ machine, handle }: Empty): ApiServer {
  const server: ApiServer = {
    handle,
    store: machine.store,
    tokens: machine.auth.tokens,
    identify: (credentials) => identify(machine, credentials),
    transport: (user = admin) => inMemoryTransport(handle, user),
  }
  originals.set(server, machine)
  return server
}

function assemble(
  ports: Ports,
  options: ApiServerOptions,
  store: Store,
  registry: Registry,
): Empty {
  const machine: Machine = {
    ports,
    store,
    registry,
    views: createViews(options.frozenViews === true),
    callWebhook: options.callWebhook ?? callOverTls({ ports, store }),
    auth: createAuthentication(),
    tracksOwners: options.tracksOwners !== false,
    hooks: { written: [] },
  }
  startDefinitions(machine)
  startHooks(machine)
  startAggregation(machine)
  return { machine, handle: createHandle(machine) }
}

/** For a server whose objects are only ever copied. */
const standingStill: Ports = {
  clock: { now: () => 0, monotonic: () => 0, after: () => () => {} },
  random: () => 0,
  newId: () => '',
}

/** Requests go straight to the handle; closing ends every watch that is open. */
function inMemoryTransport(handle: Handle, user: User): Transport {
  const closing = new AbortController()
  const send = async (request: HttpRequest, options: SendOptions = {}): Promise<HttpResponse> => {
    const signal =
      options.signal === undefined
        ? closing.signal
        : AbortSignal.any([closing.signal, options.signal])
    if (signal.aborted) {
      throw new KubeError({ reason: 'Unreachable', code: 0, message: 'the request was given up' })
    }
    return handle(request, { user, signal })
  }
  return {
    send,
    close: async () => closing.abort(),
  }
}
