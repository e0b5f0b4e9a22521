/**
 * The transport over real sockets on loopback: connections, TLS, proxies, credentials that rotate.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect as connectTcp, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterEach, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { type ClusterConfig, plainConfig } from './cluster-config.ts'
import { type ConnectedCluster, connectTo } from './connect.ts'
import { systemClock, systemPorts } from './system.ts'
import { authority } from './testing/certificates.ts'
import { bookmark, event, listOf, sample } from './testing/objects.ts'
import { socketTransport } from './transport.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function listening(server: Server): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

function connected(server: string, changes: Partial<ClusterConfig> = {}): ConnectedCluster {
  const ports = systemPorts()
  const cluster = connectTo(socketTransport(plainConfig(server, changes), ports), ports)
  endings.push(() => cluster.close())
  return cluster
}

const emptyList: Handler = (_, response) => response.end(JSON.stringify(listOf(5, [])))
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

test('two hundred requests at once share at most sixteen connections, and keep them', async () => {
  const { port, sockets } = await listening(createServer(emptyList))
  const cluster = connected(`http://127.0.0.1:${port}`)
  await Promise.all(Array.from({ length: 200 }, () => cluster.list(kinds.pod)))
  for (let i = 0; i < 20; i += 1) await cluster.list(kinds.pod)
  assert.ok(sockets.size <= 16, `${sockets.size} connections`)
})

test('a watch has a connection of its own, and gives it back when stopped', async () => {
  const watching: Socket[] = []
  const { port } = await listening(
    createServer((request, response) => {
      watching.push(request.socket)
      response.write(`${JSON.stringify(event('ADDED', sample('a', 3)))}\n`)
      response.write(`${JSON.stringify(bookmark(5, true))}\n`)
    }),
  )
  const cluster = connected(`http://127.0.0.1:${port}`)
  const caches = [cluster.watch(kinds.pod), cluster.watch(kinds.service)]
  await Promise.all(caches.map((cache) => cache.synced()))
  assert.equal(new Set(watching).size, 2)
  assert.deepEqual([...(caches[0]?.keys() ?? [])], ['default/a'])
  await Promise.all(caches.map((cache) => cache.stop()))
  await until(() => watching.every((socket) => socket.destroyed))
})

test('a connection that a proxy forgot without a word is given up within 60 s, and the watch goes on', async () => {
  const watching: Socket[] = []
  const { port } = await listening(
    createServer((request, response) => {
      watching.push(request.socket)
      if (watching.length === 1) {
        // Says all it has, and then nothing, while the socket stays open on both sides.
        response.write(`${JSON.stringify(bookmark(5, true))}\n`)
      } else {
        response.write(`${JSON.stringify(event('ADDED', sample('missed', 6)))}\n`)
      }
    }),
  )
  // A minute passes in three seconds.
  const ports = { ...systemPorts(), clock: systemClock({ speed: 20 }) }
  const cluster = connectTo(socketTransport(plainConfig(`http://127.0.0.1:${port}`), ports), ports)
  endings.push(() => cluster.close())
  const cache = cluster.watch(kinds.pod)
  await cache.synced()
  const since = ports.clock.monotonic()
  await until(() => cache.size() === 1)
  // The machine may be busy, so somewhat more than a minute; the minute itself is proven in virtual time.
  assert.ok(ports.clock.monotonic() - since <= 80_000)
  await until(() => watching[0]?.destroyed === true)
})

test('the lease never waits behind requests that hang', async () => {
  const { port } = await listening(
    createServer((request, response) => {
      if (request.url === '/lease') response.end('here')
    }),
  )
  const cluster = connected(`http://127.0.0.1:${port}`)
  const stuck = Array.from({ length: 40 }, () => cluster.get(kinds.node, { name: 'n' }))
  const outcomes = Promise.allSettled(stuck)
  const answer = await cluster.raw({ path: '/lease', lane: 'lease' })
  assert.equal(answer.body, 'here')
  assert.deepEqual([cluster.stats().inFlight, cluster.stats().waiting], [16, 24])
  await cluster.close()
  const kinds_ = (await outcomes).map(({ status }) => status)
  assert.deepEqual(new Set(kinds_), new Set(['rejected']))
})

test('a server that is not there is one sentence', async () => {
  const { port } = await listening(createServer(emptyList))
  await endings.pop()?.()
  const cluster = connected(`http://127.0.0.1:${port}`, { source: 'context x in /k' })
  const why = new RegExp(
    `the API server http://127.0.0.1:${port} \\(from context x in /k\\) cannot be reached: .*ECONNREFUSED`,
  )
  await assert.rejects(cluster.list(kinds.pod), why)
})

test('TLS: the authority, the client certificate and the server name count', async () => {
  const ca = await authority()
  const server = createTlsServer(
    { ...(await ca.server('api.example')), ca: ca.ca, requestCert: true },
    (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate()
      response.setHeader('x-user', String(subject?.CN))
      response.setHeader('x-protocol', String((request.socket as TLSSocket).alpnProtocol))
      response.end('{}')
    },
  )
  const { port } = await listening(server)
  const tls = {
    ca: ca.ca,
    insecure: false,
    serverName: 'api.example',
    certificate: await ca.client('ann'),
  }
  const url = `https://127.0.0.1:${port}`
  const { headers } = await connected(url, { tls }).raw({ path: '/' })
  assert.deepEqual([headers['x-user'], headers['x-protocol']], ['ann', 'http/1.1'])
  const wrongName = connected(url, { tls: { ...tls, serverName: undefined } })
  await assert.rejects(wrongName.raw({ path: '/' }), /cannot be reached: .*(altnames|IP)/)
  const noAuthority = connected(url, { tls: { ...tls, ca: undefined } })
  await assert.rejects(noAuthority.raw({ path: '/' }), /cannot be reached: .*certificate/)
  const trusting = connected(url, { tls: { ...tls, ca: undefined, insecure: true } })
  assert.equal((await trusting.raw({ path: '/' })).status, 200)
})

test('a proxy is used for requests and watches', async () => {
  const ca = await authority()
  const api = createTlsServer(await ca.server('api.example'), (request, response) => {
    if (!request.url?.includes('watch')) return response.end(JSON.stringify(listOf(5, [])))
    response.write(`${JSON.stringify(bookmark(5, true))}\n`)
  })
  const { port } = await listening(api)
  const tunnels: string[] = []
  const proxy = createServer()
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    tunnels.push(String(request.url))
    const upstream = connectTcp(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    for (const end of [upstream, socket]) end.on('error', () => upstream.destroy())
  })
  const { port: proxyPort } = await listening(proxy)
  const cluster = connected('https://api.example', {
    proxyUrl: `http://127.0.0.1:${proxyPort}`,
    tls: { ca: ca.ca, insecure: false, serverName: undefined, certificate: undefined },
  })
  await cluster.list(kinds.pod)
  await cluster.watch(kinds.pod).synced()
  assert.deepEqual(tunnels, ['api.example:443', 'api.example:443'])
})

test('a token file that rotates is read again when the old token is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-'))
  endings.push(() => rm(folder, { recursive: true }))
  const path = join(folder, 'token')
  await writeFile(path, 'old\n')
  const seen: string[] = []
  const { port } = await listening(
    createServer((request, response) => {
      seen.push(String(request.headers.authorization))
      response.statusCode = request.headers.authorization === 'Bearer new' ? 200 : 401
      response.end('{}')
    }),
  )
  const cluster = connected(`http://127.0.0.1:${port}`, {
    credentials: { kind: 'tokenFile', path },
  })
  assert.equal((await cluster.raw({ path: '/' })).status, 401)
  await writeFile(path, 'new\n')
  assert.equal((await cluster.raw({ path: '/' })).status, 200)
  assert.deepEqual(seen.slice(2), ['Bearer old', 'Bearer new'])
})

test('basic credentials, impersonation and a path before every path are sent', async () => {
  let seen: IncomingMessage | undefined
  const { port } = await listening(
    createServer((request, response) => {
      seen = request
      response.end('{}')
    }),
  )
  const cluster = connected(`http://127.0.0.1:${port}/clusters/c1/`, {
    credentials: { kind: 'basic', username: 'ann', password: 'pä:ss' },
    impersonation: { 'impersonate-user': 'bob', 'impersonate-group': ['a', 'b'] },
  })
  await cluster.raw({ path: '/version' })
  assert.equal(seen?.url, '/clusters/c1/version')
  assert.equal(seen?.headers.authorization, `Basic ${Buffer.from('ann:pä:ss').toString('base64')}`)
  const groups = seen?.rawHeaders.filter(
    (_, i, all) => all[i - 1]?.toLowerCase() === 'impersonate-group',
  )
  assert.deepEqual(groups, ['a', 'b'])
})

test('a body that breaks off half-way is an error with the path in it', async () => {
  const { port } = await listening(
    createServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"kind"')
      setImmediate(() => response.destroy())
    }),
  )
  const cluster = connected(`http://127.0.0.1:${port}`)
  await assert.rejects(cluster.list(kinds.pod), /GET \/api\/v1\/pods.* got no answer/)
})

test('an answer beyond the limit is cut with an error', async () => {
  const { port } = await listening(createServer((_, response) => response.end('x'.repeat(5000))))
  const cluster = connected(`http://127.0.0.1:${port}`)
  await assert.rejects(cluster.raw({ path: '/', maxBytes: 4000 }), /larger than 4000 bytes/)
})
