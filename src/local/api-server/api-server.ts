/** The server without any socket: a handle, and a transport around it for clients in the same thread. */
import { KubeError } from '#kube/errors.ts'
import type { HttpRequest, HttpResponse, SendOptions, Transport } from '#kube/http.ts'
import type { Ports } from '#kube/ports.ts'
import { bootstrap } from './bootstrap.ts'
import { startDefinitions } from './crd/controller.ts'
import { createHandle, type Handle } from './handle.ts'
import type { Machine, User } from './machine.ts'
import { createRegistry } from './registry.ts'
import { Store, type StoreOptions } from './store.ts'

export const admin: User = {
  name: 'kubernetes-admin',
  groups: ['system:masters', 'system:authenticated'],
}

export type ApiServer = {
  readonly handle: Handle
  readonly store: Store
  /** A client's way in without sockets, as the given user. */
  readonly transport: (user?: User) => Transport
}

/** A fresh cluster's API server. */
export async function createApiServer(ports: Ports, options?: StoreOptions): Promise<ApiServer> {
  const store = new Store(options)
  const machine: Machine = { ports, store, registry: createRegistry(), hooks: { written: [] } }
  startDefinitions(machine)
  const handle = createHandle(machine)
  await bootstrap(handle)
  return { handle, store, transport: (user = admin) => inMemoryTransport(handle, user) }
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
