/** Small forwarders: a connection taken here goes on there, byte by byte. Unix sockets pass through network namespaces. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A path is a Unix socket. */
export type Place = string | { readonly host: string; readonly port: number }

export type Forwarder = { readonly port: number; readonly close: () => Promise<void> }

/** @throws Error when the place to listen at is taken. */
export async function forward(from: Place, to: Place): Promise<Forwarder> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = typeof to === 'string' ? connect(to) : connect(to.port, to.host)
    for (const [socket, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      open.add(socket)
      socket.setNoDelay(true)
      socket.once('close', () => {
        open.delete(socket)
        other.destroy()
      })
      // One that breaks takes the other along, by its close.
      socket.on('error', () => undefined)
      socket.pipe(other)
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    if (typeof from === 'string') server.listen(from, resolve)
    else server.listen(from.port, from.host, resolve)
  })
  const address = server.address()
  return {
    port: typeof from === 'string' ? 0 : (address as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}
