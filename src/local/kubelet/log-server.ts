/**
 * Serves container logs over HTTP on loopback, with the parameters the API server's log subresource takes:
 * `/logs/NAMESPACE/POD?container=&follow=&tailLines=&previous=&timestamps=&sinceSeconds=&sinceTime=&limitBytes=`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '#kube/ports.ts'
import type { LogLine, LogRun, Logs } from './logs.ts'

export type LogServer = {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string
  readonly port: number
  readonly close: () => Promise<void>
}

/** @throws Error when no port can be had. */
export async function startLogServer(clock: Clock, logs: Logs): Promise<LogServer> {
  const server = createServer((request, response) => {
    try {
      serve(clock, logs, request, response)
    } catch (error) {
      refuse(response, 500, String(error))
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function serve(clock: Clock, logs: Logs, request: IncomingMessage, response: ServerResponse): void {
  // A web page that made a name of its own point here must get nothing.
  const host = (request.headers.host ?? '').replace(/:\d+$/, '')
  if (host !== '127.0.0.1' && host !== 'localhost') return refuse(response, 403, 'wrong host')
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const [, logsWord, namespace = '', pod = ''] = url.pathname.split('/').map(decodeURIComponent)
  if (logsWord !== 'logs' || request.method !== 'GET') return refuse(response, 404, 'not found')
  const containers = logs.containers(`${namespace}/${pod}`)
  if (containers === undefined) return refuse(response, 404, `no logs of pod ${namespace}/${pod}`)
  const name = url.searchParams.get('container') ?? [...containers.keys()][0] ?? ''
  const container = containers.get(name)
  const previous = isTrue(url, 'previous')
  const run = previous ? container?.previous : container?.current
  if (run === undefined) {
    const which = previous ? 'previous terminated container' : 'container'
    return refuse(response, 400, `${which} "${name}" in pod "${pod}" not found`)
  }
  answer(clock, run, url, response)
}

function answer(clock: Clock, run: LogRun, url: URL, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  const stamped = isTrue(url, 'timestamps')
  const text = ({ at, text: line }: LogLine): string =>
    stamped ? `${new Date(at).toISOString()} ${line}\n` : `${line}\n`
  const limit = numberOf(url, 'limitBytes') ?? Number.POSITIVE_INFINITY
  const body = Buffer.from(chosen(clock, run.lines, url).map(text).join(''))
  response.write(body.subarray(0, Math.min(body.length, limit)))
  if (!isTrue(url, 'follow')) {
    response.end()
    return
  }
  const stop = run.follow(
    (line) => response.write(text(line)),
    () => response.end(),
  )
  response.once('close', stop)
}

function chosen(clock: Clock, lines: readonly LogLine[], url: URL): readonly LogLine[] {
  const tail = numberOf(url, 'tailLines')
  const seconds = numberOf(url, 'sinceSeconds')
  const time = Date.parse(url.searchParams.get('sinceTime') ?? '')
  const since = seconds === undefined ? time : clock.now() - seconds * 1000
  const recent = Number.isNaN(since) ? lines : lines.filter(({ at }) => at >= since)
  return tail === undefined ? recent : tail === 0 ? [] : recent.slice(-tail)
}

function numberOf(url: URL, name: string): number | undefined {
  const text = url.searchParams.get(name)
  if (text === null || text === '') return undefined
  const value = Number(text)
  return Number.isFinite(value) && value >= 0 ? value : undefined
}

function isTrue(url: URL, name: string): boolean {
  return ['true', '1', ''].includes(url.searchParams.get(name) ?? 'false')
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain' })
  response.end(`${message}\n`)
}
