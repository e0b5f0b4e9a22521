/**
 * Logs as they grow (A36, AD12): over a WebSocket with the original's framing, or as server-sent events. A reader that
 * takes nothing is let go of: what waits for it is bounded.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { type DeploymentRecord, deploymentKind } from '../kinds.ts'
import { found, statusOf } from '../records.ts'
import { type Access, upgradeHeaders } from './access.ts'
import type { House } from './door-http.ts'
import { isLabelName } from './label.ts'
import { queryOf } from './query.ts'
import { Refusal } from './refusal.ts'

/** So many bytes may wait for a reader. */
const mostWaiting = 4 * 1024 * 1024
const mostStreams = 200

export type Streams = {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>
  /** Whether one more would be too many. */
  readonly isFull: () => boolean
  readonly events: (
    at: { readonly namespace: string; readonly id: string },
    request: IncomingMessage,
    response: ServerResponse,
  ) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Where lines go to. `send` is false once the reader is gone or too slow. */
type Sink = {
  readonly send: (text: string) => boolean
  readonly fail: (message: string) => void
  readonly close: () => void
  readonly closed: Promise<void>
}

export function streams(house: House, access: Access, server: WebSocketServer): Streams {
  const open = new Set<Sink>()
  const run = async (at: At, sink: Sink): Promise<void> => {
    open.add(sink)
    try {
      await tail(house, at, sink)
    } catch (error) {
      house.ground.log.warn({ ...at, error: String(error) }, 'a log could not be streamed')
      sink.fail('the log cannot be read now; try again')
    } finally {
      open.delete(sink)
    }
  }
  return {
    upgrade: async (request, socket, head) => {
      const refused = await refusalOf(request, access, open.size)
      if (typeof refused === 'string') return refuse(socket, refused)
      const ready = await new Promise<WebSocket>((resolve) =>
        server.handleUpgrade(request, socket, head, resolve),
      )
      await run(refused, socketSink(ready))
    },
    isFull: () => open.size >= mostStreams,
    events: (at, request, response) => run(at, eventSink(request, response)),
    stop: async () => {
      for (const sink of open) sink.close()
      await Promise.resolve()
    },
  }
}

type At = { readonly namespace: string; readonly id: string }

const path = /^\/stream\/deployments\/([a-z0-9-]{1,63})\/logs\/?$/

/** Where the stream is wanted of; or the status line of the refusal. */
async function refusalOf(
  request: IncomingMessage,
  access: Access,
  count: number,
): Promise<At | string> {
  if (access.hostile(request) !== undefined) return '403 Forbidden'
  if (count >= mostStreams) return '503 Service Unavailable'
  const url = new URL(request.url ?? '/', 'http://here')
  const [, id] = path.exec(url.pathname) ?? []
  if (id === undefined || !isLabelName(id)) return '404 Not Found'
  try {
    const caller = await access.caller(upgradeHeaders(request.headers))
    if (caller === undefined) return '401 Unauthorized'
    const namespace = queryOf(Object.fromEntries(url.searchParams)).namespace()
    const allowed = await caller({ verb: 'get', resource: 'appdeployments', namespace })
    return allowed ? { namespace, id } : '403 Forbidden'
  } catch (error) {
    return error instanceof Refusal ? '400 Bad Request' : '503 Service Unavailable'
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

/** First the whole log, then what comes; it ends with the work, or with the reader. */
async function tail(house: House, at: At, sink: Sink): Promise<void> {
  const { ground, logs } = house
  const key = `${at.namespace}/${at.id}`
  const name = { namespace: at.namespace, name: at.id }
  const record = await found(ground.cluster.get<DeploymentRecord>(deploymentKind, name))
  if (record === undefined) return sink.fail(`deployment ${at.id} was not found`)
  const following = logs.follow({ namespace: at.namespace, deployment: at.id }, (text) => {
    if (!sink.send(text)) sink.close()
  })
  await Promise.race([following.begun, sink.closed])
  await untilAtRest(house, { key, record }, sink)
  await following.catchUp().catch(() => undefined)
  await following.stop()
  sink.close()
}

/** Resolves once the deployment is at rest or gone, or the reader is. */
function untilAtRest(
  { records }: House,
  { key, record }: { readonly key: string; readonly record: DeploymentRecord },
  sink: Sink,
): Promise<void> {
  return new Promise((resolve) => {
    // A cache that has not seen it yet says nothing of it.
    let hasSeen = !isUnderWay(statusOf(record))
    const look = (): void => {
      const held = records.deployments.get(key)
      if (held === undefined ? hasSeen : !isUnderWay(held.status)) done()
      else hasSeen ||= held !== undefined
    }
    const done = (): void => {
      end()
      resolve()
    }
    const end = records.deployments.subscribe(look)
    void sink.closed.then(done)
    look()
  })
}

function isUnderWay(status: string): boolean {
  return status === 'DEPLOYING' || status === 'UNDEPLOYING'
}

function socketSink(socket: WebSocket): Sink {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => socket.terminate())
  return {
    send: (text) => {
      if (socket.readyState !== socket.OPEN) return false
      if (socket.bufferedAmount > mostWaiting) {
        socket.terminate()
        return false
      }
      socket.send(text)
      return true
    },
    fail: (message) => {
      socket.send(`!!error ${message}`)
      socket.close(1000)
    },
    close: () => socket.close(1000),
    closed,
  }
}

function eventSink(request: IncomingMessage, response: ServerResponse): Sink {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  })
  const closed = new Promise<void>((resolve) => request.once('close', () => resolve()))
  const event = (name: string, text: string): string =>
    `event: ${name}\n${text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => `data: ${line}\n`)
      .join('')}\n`
  return {
    send: (text) => {
      if (response.destroyed) return false
      if (response.writableLength > mostWaiting) {
        response.destroy()
        return false
      }
      if (text !== '') response.write(event('log', text))
      return true
    },
    fail: (message) => void response.end(event('error', message)),
    close: () => {
      if (!response.writableEnded) response.end(event('end', ''))
    },
    closed,
  }
}
