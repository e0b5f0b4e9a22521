/** Opens servers on loopback ports, the wanted one or, where that is taken, a free one. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'

export type Listening = {
  readonly server: Server
  readonly port: number
  readonly close: () => Promise<void>
}

/** @param port the wanted port, 0 for any free one */
export async function listenOnLoopback(
  listener: RequestListener,
  port: number,
): Promise<Listening> {
  const server = createServer({ keepAliveTimeout: 3_600_000, requestTimeout: 0 }, listener)
  // A client may reuse a connection at any time; closing idle ones early would drop its request.
  server.headersTimeout = 60_000
  return { server, port: await bind(server, port), close: () => closed(server) }
}

/** Lets a server listen on loopback and tells the port it got. */
export async function bind(server: NetServer, port: number): Promise<number> {
  try {
    await listening(server, port)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    await listening(server, 0)
  }
  return (server.address() as AddressInfo).port
}

function listening(server: NetServer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
