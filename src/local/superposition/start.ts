/**
 * A stand-in for Superposition beside a local cluster: it resolves configurations as Superposition does, by dimensions
 * in a body or in bracketed parameters, by version, and with 304 for what has not changed. It runs no experiments.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Json } from '#core/k8s/meta.ts'
import type { Clock } from '#kube/ports.ts'
import { type Configuration, isMap, resolved, type Settings } from './configuration.ts'

export type SuperpositionOptions = {
  readonly clock: Clock
  /** 0 takes a free one. */
  readonly port?: number
  /** Left out, every variant is the sample image. */
  readonly configuration?: Configuration
  /** The Authorization header that it wants. */
  readonly authorization?: string
}

export type LocalSuperposition = {
  /** Base URL. */
  readonly url: string
  /** A new version of the configuration; the older ones can still be asked for. Returns its name. */
  readonly change: (configuration: Configuration) => string
  /** What `GET /experiments/ID` answers. */
  readonly experiments: Map<string, Settings>
  /** Requests for configurations so far, as they were understood. */
  readonly asked: { readonly context: Settings; readonly version: string | undefined }[]
  /** From now on it answers with this status; undefined serves again. */
  readonly fail: (status: number | undefined) => void
  readonly stop: () => Promise<void>
}

type Version = {
  readonly name: string
  readonly at: number
  readonly configuration: Configuration | undefined
}

const mostBytes = 1024 * 1024

export async function startSuperposition(
  options: SuperpositionOptions,
): Promise<LocalSuperposition> {
  const { clock, port = 0, configuration, authorization } = options
  const versions: Version[] = [{ name: '1', at: clock.now(), configuration }]
  const asked: LocalSuperposition['asked'] = []
  const experiments = new Map<string, Settings>()
  let failure: number | undefined
  const server = createServer((request, response) => {
    const refused = failure ?? (isLetIn(request, authorization) ? undefined : 401)
    if (refused !== undefined) return send(response, refused, { message: 'no' })
    serve({ versions, asked, experiments }, request, response).catch((error: unknown) =>
      send(response, 400, { message: String(error) }),
    )
  })
  const at = await opened(server, port)
  return {
    url: `http://127.0.0.1:${at}`,
    change: (next) => {
      const name = String(versions.length + 1)
      versions.push({ name, at: clock.now(), configuration: next })
      return name
    },
    experiments,
    asked,
    fail: (status) => {
      failure = status
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function opened(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

function isLetIn({ headers }: IncomingMessage, wanted: string | undefined): boolean {
  return wanted === undefined || headers.authorization === wanted
}

type Served = Pick<LocalSuperposition, 'asked' | 'experiments'> & {
  readonly versions: readonly Version[]
}

async function serve(
  { versions, asked, experiments }: Served,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const [, experiment] = /^\/experiments\/([^/]+)$/.exec(url.pathname) ?? []
  if (experiment !== undefined) {
    const found = experiments.get(decodeURIComponent(experiment))
    return send(response, found === undefined ? 404 : 200, found ?? { message: 'unknown' })
  }
  const { headers } = request
  const workspace = headers['x-workspace'] ?? headers['x-tenant']
  if (url.pathname !== '/config/resolve') return send(response, 404, { message: 'not found' })
  if (typeof workspace !== 'string' || headers['x-org-id'] === undefined)
    return send(response, 400, { message: 'x-workspace and x-org-id are required' })
  const context = await contextOf(request, url)
  const wanted = url.searchParams.get('version') ?? undefined
  asked.push({ context, version: wanted })
  const version =
    wanted === undefined ? versions.at(-1) : versions.find(({ name }) => name === wanted)
  // A sender may name versions of its own; the newest stands for those.
  const { name, at, configuration } = version ?? (versions.at(-1) as Version)
  const stamps = { 'x-config-version': name, 'last-modified': new Date(at).toUTCString() }
  const since = Date.parse(headers['if-modified-since'] ?? '')
  if (since >= Math.floor(at / 1000) * 1000) return send(response, 304, undefined, stamps)
  send(response, 200, resolved(configuration, { workspace, context }), stamps)
}

/** A body with `context`; or one bracketed parameter for each dimension, JSON first and else text. */
async function contextOf(request: IncomingMessage, url: URL): Promise<Settings> {
  if (request.method === 'POST') {
    const body: unknown = JSON.parse(await textOf(request))
    const context = isMap(body) ? body['context'] : undefined
    return isMap(context) ? context : {}
  }
  const pairs = [...url.searchParams].flatMap(([key, value]) => {
    const [, dimension] = /^dimension\[(.+)\]$/.exec(key) ?? []
    return dimension === undefined ? [] : [[dimension, jsonOrText(value)] as const]
  })
  return Object.fromEntries(pairs)
}

function jsonOrText(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > mostBytes) throw new Error('the body is too large')
  }
  return text
}

function send(
  response: ServerResponse,
  status: number,
  body: Settings | undefined,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}
