/**
 * One port for several listeners that are asked for at the same address: each request goes to the one that owns the
 * first part of its path, else to the one that takes the rest.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Clock } from '#kube/ports.ts'
import { type Address, type Listening, listen } from './listen.ts'

/** `owns` are first parts of paths, such as `stream`; left out, all that nobody else owns. */
export type ListenAt = (
  server: Server,
  address: Address,
  owns?: readonly string[],
) => Promise<Listening>

type Tenant = { readonly server: Server; readonly owns: readonly string[] | undefined }

type House = { readonly tenants: Tenant[]; readonly listening: Promise<Listening> }

const keepAliveMs = 75_000

/** Listeners that come to the same host and port share it; a port of 0 is never the same. */
export function sharedPorts(clock: Clock): ListenAt {
  const houses = new Map<string, House>()
  return async (server, address, owns) => {
    const place = `${address.host}:${address.port}`
    const known = houses.get(place)
    const house = known ?? open(address, clock)
    if (known === undefined && address.port !== 0) houses.set(place, house)
    const tenant: Tenant = { server, owns }
    house.tenants.push(tenant)
    let listening: Listening
    try {
      listening = await house.listening
    } catch (error) {
      if (houses.get(place) === house) houses.delete(place)
      throw error
    }
    return {
      port: listening.port,
      stop: async () => {
        const at = house.tenants.indexOf(tenant)
        if (at >= 0) house.tenants.splice(at, 1)
        if (house.tenants.length > 0) return
        if (houses.get(place) === house) houses.delete(place)
        await listening.stop()
      },
    }
  }
}

function open(address: Address, clock: Clock): House {
  const tenants: Tenant[] = []
  const front = createServer()
  // Longer than clients and proxies keep a connection, so that it is not us who close it under a request.
  front.keepAliveTimeout = keepAliveMs
  front.on('request', (request, response) => {
    const server = ownerOf(tenants, request)
    if (server === undefined) response.writeHead(503, { connection: 'close' }).end()
    else server.emit('request', request, response)
  })
  front.on('upgrade', (request, socket, head) => {
    const server = ownerOf(tenants, request)
    if (server === undefined || server.listenerCount('upgrade') === 0) socket.destroy()
    else server.emit('upgrade', request, socket, head)
  })
  return { tenants, listening: listen(front, address, clock) }
}

function ownerOf(tenants: readonly Tenant[], { url = '/' }: IncomingMessage): Server | undefined {
  const [, first = ''] = (url.split('?')[0] ?? '').split('/')
  const owner =
    tenants.find(({ owns }) => owns?.includes(first) === true) ??
    tenants.find(({ owns }) => owns === undefined) ??
    // Alone at its address, it answers all.
    (tenants.length === 1 ? tenants[0] : undefined)
  return owner?.server
}
