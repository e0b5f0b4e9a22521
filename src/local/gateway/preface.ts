/** One port for HTTP/1.1 and for cleartext HTTP/2 with prior knowledge: the first bytes tell which it is. */
import type { Socket } from 'node:net'

type ConnectionTaker = { readonly emit: (event: 'connection', socket: Socket) => boolean }

// No method of HTTP/1.1 begins like the preface of HTTP/2.
const preface = 'PRI'

/** Hands a fresh connection to one of two servers, once its client has said enough. */
export function byFirstBytes(
  socket: Socket,
  servers: { readonly http1: ConnectionTaker; readonly http2: ConnectionTaker },
): void {
  let held = Buffer.alloc(0)
  const gone = (): void => void socket.destroy()
  const look = (): void => {
    const piece: Buffer | null = socket.read()
    if (piece !== null) held = Buffer.concat([held, piece])
    const start = held.toString('latin1', 0, preface.length)
    if (start.length < preface.length && preface.startsWith(start)) {
      socket.once('readable', look)
      return
    }
    socket.off('end', gone)
    socket.unshift(held)
    const server = start === preface ? servers.http2 : servers.http1
    server.emit('connection', socket)
  }
  socket.once('readable', look)
  socket.once('end', gone)
}
