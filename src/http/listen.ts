/** A listener that can be stopped: what is under way may finish, but nobody holds us up for long. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Clock, sleep } from '#kube/ports.ts'

export type Listening = {
  readonly port: number
  /** Takes no more connections and gives requests under way two seconds to finish. May be called again. */
  readonly stop: () => Promise<void>
}

export type Address = {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Where somebody has that port, any other will do. */
  readonly orAny?: boolean
  /** The option by which it was asked for, to name where it cannot be had. */
  readonly option?: string
}

const graceMs = 2000

/** @throws Error when the address cannot be had, saying which it was. */
export async function listen(server: Server, at: Address, clock: Clock): Promise<Listening> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const answers = new Set<ServerResponse>()
  server.on('request', (_: IncomingMessage, response: ServerResponse) => {
    answers.add(response)
    response.once('close', () => answers.delete(response))
  })
  await bind(server, at)
  let stopping: Promise<void> | undefined
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      // Nobody is to keep a connection for a next request.
      for (const answer of answers) answer.shouldKeepAlive = false
      stopping ??= stop(server, sockets, clock)
      return stopping
    },
  }
}

/** Takes the address. @throws Error when it cannot be had, saying which it was. */
export function bind(server: Server, at: Address): Promise<void> {
  const { host, port, orAny = false, option } = at
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void => {
      // Nobody can say before whether a port is free: only who takes it knows.
      if (orAny && 'code' in cause && cause.code === 'EADDRINUSE')
        return void bind(server, { host, port: 0 }).then(resolve, reject)
      const where = `${host}:${port}`
      const isTaken = 'code' in cause && cause.code === 'EADDRINUSE'
      const why = isTaken ? 'something else listens there' : cause.message
      const how = option === undefined ? '' : ` by ${option}, such as ${host}:${besides(port)}`
      reject(new Error(`cannot listen on ${where}: ${why}; name another address${how}`, { cause }))
    }
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

/** One that may be free. */
function besides(port: number): number {
  return port < 65_535 ? port + 1 : port - 1
}

async function stop(server: Server, sockets: ReadonlySet<Socket>, clock: Clock): Promise<void> {
  const patience = new AbortController()
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  await Promise.race([closed, sleep(clock, graceMs, patience.signal)])
  patience.abort()
  // Sockets that were upgraded are none of the server's any more.
  for (const socket of sockets) socket.destroy()
  await closed
}
