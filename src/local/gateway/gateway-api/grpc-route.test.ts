/** Calls of gRPC over cleartext HTTP/2, through the gateway to pods that speak it. */
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, test, vi } from 'vitest'
import type { RouteParentStatus } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { addressAnnotation } from '../addresses.ts'
import type { LocalGateway } from '../start.ts'
import { ask, atEnd, expectShare, pod, type World, world } from '../testing/running.ts'
import { backends, putService } from '../testing/world.ts'
import { type GrpcRoute, grpcRouteKind } from './wire.ts'

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void

/** Answers a call as gRPC servers do: a head, a message, and the status behind it. */
function replying(name: string): Handler {
  return (stream, headers) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'x-te': headers.te ?? '' },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-name': name }))
    stream.pipe(stream)
  }
}

async function grpcPod({ cluster }: World, name: string, handler = replying(name)) {
  const server = createServer()
  const sessions = new Set<{ destroy: () => void }>()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.close()
    for (const session of sessions) session.destroy()
  }
  atEnd(close)
  const { port } = server.address() as AddressInfo
  const annotations = { [addressAnnotation]: JSON.stringify({ 8080: `127.0.0.1:${port}` }) }
  await cluster.put(kinds.pod, {
    metadata: { name, annotations },
    spec: { containers: [{ name: 'app', image: 'app:v1', ports: [{ containerPort: 8080 }] }] },
    status: { phase: 'Running', podIP: '10.244.1.1' },
  })
  return close
}

type Called = {
  readonly head: IncomingHttpHeaders & { ':status'?: number | undefined }
  readonly trailers: Readonly<Record<string, unknown>>
  readonly body: string
}

function client({ port }: LocalGateway): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  atEnd(() => session.destroy())
  return session
}

function call(
  session: ClientHttp2Session,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  message = 'hello',
): Promise<Called> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      ':authority': 'shop.test',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    let head: Called['head'] = {}
    let trailers: Called['trailers'] = {}
    let body = ''
    stream.on('response', (given) => {
      head = given
    })
    stream.on('trailers', (given) => {
      trailers = given
    })
    stream.on('data', (piece) => {
      body += piece
    })
    stream.on('error', reject)
    stream.on('close', () => resolve({ head, trailers, body }))
    // A GET has ended with its head.
    if (message !== '') stream.end(message)
  })
}

const nameOf = ({ trailers, head }: Called): string =>
  String(trailers['x-name'] ?? `status ${trailers['grpc-status'] ?? head['grpc-status']}`)

const putGrpcRoute = ({ cluster }: World, name: string, spec: object): Promise<void> =>
  cluster.put(grpcRouteKind, {
    metadata: { name },
    spec: { parentRefs: [{ name: 'gateway' }], hostnames: ['shop.test'], ...spec },
  })

test('splits 2,000 calls on one connection within binomial bounds, with messages and trailers', async () => {
  const made = await world({ split: 'random' })
  for (const name of ['stable', 'canary']) {
    await grpcPod(made, name)
    await putService(made.cluster, name, [name])
  }
  await putGrpcRoute(made, 'shop', {
    rules: [{ backendRefs: backends({ stable: 80, canary: 20 }) }],
  })
  const session = client(made.gateway)
  await vi.waitFor(async () =>
    expect((await call(session, '/s/m')).trailers['grpc-status']).toBe('0'),
  )
  const one = await call(session, '/shop.Shop/Buy', {}, 'a message')
  expect([one.body, one.head[':status'], one.head['x-te']]).toEqual(['a message', 200, 'trailers'])
  const found: Record<string, number> = {}
  for (let round = 0; round < 40; round++) {
    const names = await Promise.all(
      Array.from({ length: 50 }, async () => nameOf(await call(session, '/shop.Shop/Buy'))),
    )
    for (const name of names) found[name] = (found[name] ?? 0) + 1
  }
  expectShare(found['canary'] ?? 0, 2000, 0.2)
  expect((found['canary'] ?? 0) + (found['stable'] ?? 0)).toBe(2000)
  const { status } = await made.cluster.get<GrpcRoute>(grpcRouteKind, 'default/shop')
  const reasons = (parent: RouteParentStatus | undefined) =>
    parent?.conditions?.map(({ reason }) => reason)
  expect(reasons(status?.parents?.[0])).toEqual(['Accepted', 'ResolvedRefs'])
})

test('matches by service, method and headers, the closer one first', async () => {
  const made = await world()
  const names = ['all', 'shop', 'buy', 'method', 'pattern', 'header']
  for (const name of names) {
    await grpcPod(made, name)
    await putService(made.cluster, name, [name])
  }
  const rule = (name: string, ...matches: object[]) => ({
    matches,
    backendRefs: backends({ [name]: 1 }),
  })
  await putGrpcRoute(made, 'shop', {
    rules: [
      { backendRefs: backends({ all: 1 }) },
      rule('shop', { method: { service: 'shop.Shop' } }),
      rule('buy', { method: { service: 'shop.Shop', method: 'Buy' } }),
      rule('method', { method: { method: 'Only' } }),
      rule('pattern', { method: { type: 'RegularExpression', service: 'v[0-9]+\\.Api' } }),
      rule('header', { headers: [{ name: 'X-Variant', value: 'b' }] }),
    ],
  })
  const session = client(made.gateway)
  await vi.waitFor(async () => expect(nameOf(await call(session, '/x.X/Y'))).toBe('all'))
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['/shop.Shop/Buy', {}, 'buy'],
    ['/shop.Shop/Sell', {}, 'shop'],
    ['/shop.Shopper/Sell', {}, 'all'],
    ['/other.Other/Only', {}, 'method'],
    ['/v12.Api/List', {}, 'pattern'],
    ['/v12.Apis/List', {}, 'all'],
    ['/x.X/Y', { 'x-variant': 'b' }, 'header'],
    ['/shop.Shop/Buy', { 'x-variant': 'b' }, 'buy'],
  ]
  for (const [path, headers, name] of rows) {
    expect([path, headers, nameOf(await call(session, path, headers))]).toEqual([
      path,
      headers,
      name,
    ])
  }
})

test('refuses in the manner of gRPC, and HTTP/1.1 with a clear status', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await pod(cluster, 'old')
  await putService(cluster, 'old', ['old'])
  await putService(cluster, 'empty', [])
  const rule = (service: string, name: string) => ({
    matches: [{ method: { service } }],
    backendRefs: backends({ [name]: 1 }),
  })
  await putGrpcRoute(made, 'shop', {
    rules: [rule('old', 'old'), rule('empty', 'empty'), rule('missing', 'missing')],
  })
  const session = client(gateway)
  await vi.waitFor(async () => expect(nameOf(await call(session, '/empty/x'))).toBe('status 14'))
  const rows = {
    '/old/x': ['14', /does it speak cleartext HTTP|gave no answer/],
    '/empty/x': ['14', /no ready endpoint of default\/empty:80/],
    '/missing/x': ['2', /Service default\/missing does not exist/],
    '/none/x': ['12', /no route for shop\.test\/none\/x/],
  } as const
  for (const [path, [status, message]] of Object.entries(rows)) {
    const { head, trailers } = await call(session, path)
    const all = { ...head, ...trailers } as Readonly<Record<string, unknown>>
    expect([path, head[':status'], all['grpc-status']]).toEqual([path, 200, status])
    expect(decodeURIComponent(String(all['grpc-message']))).toMatch(message)
  }
  const headers = { 'content-type': 'application/grpc' }
  const got = await ask(gateway, '/empty/x', { method: 'POST', host: 'shop.test', headers })
  expect([got.status, got.headers.upgrade]).toEqual([426, 'h2c'])
  expect(got.body).toMatch(/gRPC needs HTTP\/2/)
})

test('a pod that goes is replaced without a lost call; streams in flight end in peace', async () => {
  const made = await world()
  const { cluster, gateway } = made
  let finish = (): void => undefined
  const closeOld = await grpcPod(made, 'old', (stream, headers) => {
    if (headers[':path'] !== '/s/slow') return replying('old')(stream, headers)
    stream.resume()
    finish = () => replying('old')(stream, headers)
  })
  await grpcPod(made, 'new')
  await putService(cluster, 'app', ['old'])
  await putGrpcRoute(made, 'shop', { rules: [{ backendRefs: backends({ app: 1 }) }] })
  const session = client(gateway)
  await vi.waitFor(async () => expect(nameOf(await call(session, '/s/m'))).toBe('old'))
  const slow = call(session, '/s/slow')
  await vi.waitFor(() => expect(finish.toString()).toContain('replying'))
  await putService(cluster, 'app', ['new'])
  await vi.waitFor(async () => expect(nameOf(await call(session, '/s/m'))).toBe('new'))
  finish()
  expect(nameOf(await slow)).toBe('old')
  // Gone, but still listed: the call is tried elsewhere.
  closeOld()
  await putService(cluster, 'app', ['old', 'new'])
  for (let i = 0; i < 6; i++) expect(nameOf(await call(session, '/s/m'))).toBe('new')
})

test('plain requests over HTTP/2 reach pods of HTTP/1.1, and a Service may say that it speaks HTTP/2', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await pod(cluster, 'plain', (incoming, response) => {
    let body = ''
    incoming.on('data', (piece) => {
      body += piece
    })
    incoming.on('end', () => {
      const { cookie, host } = incoming.headers
      response.statusCode = Number(incoming.url?.slice(1)) || 200
      response.end(
        `${incoming.httpVersion} ${incoming.method} ${incoming.url} ${host} ${cookie} ${body}`,
      )
    })
  })
  await putService(cluster, 'plain', ['plain'])
  await grpcPod(made, 'modern')
  await putService(cluster, 'modern', ['modern'])
  await cluster.put(kinds.service, {
    metadata: { name: 'modern' },
    spec: {
      ports: [{ name: 'http', port: 80, targetPort: 8080, appProtocol: 'kubernetes.io/h2c' }],
    },
  })
  const session = client(gateway)
  const asked = { ':authority': 'plain.default', 'content-type': 'text/plain', cookie: 'a=1' }
  await vi.waitFor(async () =>
    expect((await call(session, '/x?q', asked)).head[':status']).toBe(200),
  )
  const { body } = await call(session, '/x?q', asked, 'hello')
  expect(body).toBe('1.1 POST /x?q plain.default a=1 hello')
  for (const [method, path, status] of [
    ['HEAD', '/', 200],
    ['GET', '/204', 204],
    ['GET', '/304', 304],
    ['GET', '/404', 404],
  ] as const) {
    const { head } = await call(session, path, { ...asked, ':method': method }, '')
    expect([method, path, head[':status']]).toEqual([method, path, status])
  }
  await vi.waitFor(async () => {
    const got = await ask(gateway, '/', { method: 'POST', host: 'modern.default', body: 'echo' })
    expect([got.status, got.body]).toEqual([200, 'echo'])
  })
})
