/** The HTTP face of the query API: GET with a query, POST with a form, health. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Clock } from '#kube/ports.ts'
import { type ApiAnswer, answerApi, failure } from './api.ts'
import type { SeriesSource } from './store.ts'

const maxForm = 10 * 1024 * 1024

export function prometheusHandler(
  source: SeriesSource,
  clock: Clock,
  isReady: () => boolean,
): RequestListener {
  return (request, response) => {
    handle(source, clock, isReady, request, response).catch((error: unknown) => {
      send(
        response,
        failure(500, 'internal', error instanceof Error ? error.message : String(error)),
      )
    })
  }
}

async function handle(
  source: SeriesSource,
  clock: Clock,
  isReady: () => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '/', query = ''] = splitOnce(request.url ?? '/')
  if (path === '/-/healthy') return text(response, 200, 'Prometheus Server is Healthy.\n')
  if (path === '/-/ready') {
    return isReady()
      ? text(response, 200, 'Prometheus Server is Ready.\n')
      : text(response, 503, 'Service Unavailable')
  }
  if (request.method !== 'GET' && request.method !== 'POST') {
    response.setHeader('allow', 'GET, POST')
    return text(response, 405, 'Method Not Allowed\n')
  }
  const parameters = new URLSearchParams(query)
  if (request.method === 'POST') {
    const form = await readForm(request)
    if (form === undefined)
      return send(response, failure(400, 'bad_data', 'form body is too large'))
    for (const [name, value] of new URLSearchParams(form)) parameters.append(name, value)
  }
  const answer = answerApi(source, path, parameters, clock.now())
  if (answer === undefined) return text(response, 404, '404 page not found\n')
  send(response, answer)
}

async function readForm(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxForm) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, { status, body }: ApiAnswer): void {
  if (response.headersSent) return
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(body)
}

function splitOnce(url: string): readonly string[] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url] : [url.slice(0, mark), url.slice(mark + 1)]
}
