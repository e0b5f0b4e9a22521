/** Reaching pods and services: the way is chosen, answers are bounded, and no name leads astray. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, test } from 'vitest'
import { type AddressRules, strictRules } from './address-guard.ts'
import { connectTo } from './connect.ts'
import { type Reach, reachThrough, routeToPod, routeToUrl, type Way } from './reach.ts'
import { systemPorts } from './system.ts'
import { type Reply, scriptedApi } from './testing/scripted-api.ts'
import { sendDirect } from './transport.ts'

const routes: readonly [string, Way, string][] = [
  [
    'http://prometheus.monitoring.svc:9090/api/v1/query?query=up%7B%7D',
    'proxy',
    '/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query?query=up%7B%7D',
  ],
  ['http://a.b.svc.cluster.local', 'proxy', '/api/v1/namespaces/b/services/a:80/proxy/'],
  [
    'http://prometheus.monitoring.svc:9090/x?y',
    'direct',
    'http://prometheus.monitoring.svc:9090/x?y',
  ],
]
for (const [url, way, expected] of routes) {
  test(`${url} by ${way} is ${expected}`, () => {
    const route = routeToUrl(url, way)
    assert.equal(
      route.kind === 'proxy' ? route.path : route.kind === 'direct' ? route.url : '',
      expected,
    )
  })
}

test('other hosts go directly even from a laptop, if they are allowed at all', () => {
  const rules = { ...strictRules, allow: ['prom.example'] }
  assert.equal(routeToUrl('https://prom.example/x', 'proxy', rules).kind, 'direct')
  assert.equal(routeToUrl('https://prom.example/x', 'proxy').kind, 'refused')
  assert.equal(routeToUrl('http://kubernetes.default.svc', 'proxy').kind, 'refused')
})

test('pods are reached by address in a cluster, by name through the proxy', () => {
  const pod = { namespace: 'shop', name: 'p-1', ip: '10.2.0.7', port: 8080, path: '/health?x=1' }
  assert.deepEqual(routeToPod(pod, 'direct'), {
    kind: 'direct',
    url: 'http://10.2.0.7:8080/health?x=1',
  })
  assert.deepEqual(routeToPod({ ...pod, ip: 'fd00::7' }, 'direct'), {
    kind: 'direct',
    url: 'http://[fd00::7]:8080/health?x=1',
  })
  assert.deepEqual(routeToPod(pod, 'proxy'), {
    kind: 'proxy',
    path: '/api/v1/namespaces/shop/pods/p-1:8080/proxy/health?x=1',
  })
  assert.equal(routeToPod({ ...pod, ip: undefined }, 'direct').kind, 'refused')
  assert.equal(routeToPod({ ...pod, ip: '127.0.0.1' }, 'direct').kind, 'refused')
})

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

async function serving(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

function reach(way: Way, rules: AddressRules, reply: Reply = { status: 500 }): Reach {
  const cluster = connectTo(scriptedApi(() => reply).transport, systemPorts())
  return reachThrough({ cluster, way, rules, direct: sendDirect })
}
const local: AddressRules = { ...strictRules, loopback: true }

test('a direct answer comes with status and body; redirects are not followed', async () => {
  const url = await serving((request, response) => {
    response.writeHead(302, { location: 'http://169.254.169.254/' })
    response.end(`${request.method} ${request.url}`)
  })
  const answer = await reach('direct', local).url(`${url}/a?b`)
  assert.deepEqual([answer.status, answer.body], [302, 'GET /a?b'])
})

test('a name that leads to a forbidden address is caught when connecting', async () => {
  let asked = 0
  const url = await serving((_, response) => {
    asked += 1
    response.end()
  })
  // Allowed by name, as an administrator may by mistake; where it leads is another matter.
  const rules = { ...strictRules, allow: ['localhost'] }
  const { port } = new URL(url)
  const direct = sendDirect({
    url,
    method: 'GET',
    headers: {},
    signal: AbortSignal.timeout(5000),
    refuse: (address) =>
      address === '127.0.0.1' || address === '::1' ? 'it is this very host' : undefined,
  })
  await assert.rejects(direct, /it is this very host/)
  await assert.rejects(reach('direct', rules).url(`http://localhost:${port}`), /this very host/)
  assert.equal(asked, 0)
})

test('an answer is cut at its limit, also when a bomb unfolds', async () => {
  const big = 'x'.repeat(30 * 1024 * 1024)
  const bomb = gzipSync(big)
  const url = await serving((request, response) => {
    if (request.url === '/small') {
      response.setHeader('content-encoding', 'gzip')
      return response.end(gzipSync('fine'))
    }
    if (request.url === '/odd') {
      response.setHeader('content-encoding', 'zstd')
      return response.end('?')
    }
    if (request.url !== '/bomb') return response.end(big)
    response.setHeader('content-encoding', 'gzip')
    response.end(bomb)
  })
  assert.ok(bomb.length < 1024 * 1024)
  const { url: ask } = reach('direct', local)
  assert.equal((await ask(`${url}/small`)).body, 'fine')
  await assert.rejects(ask(`${url}/bomb`), /larger than 1048576 bytes/)
  await assert.rejects(ask(`${url}/plain`), /larger than 1048576 bytes/)
  await assert.rejects(ask(`${url}/odd`), /encoding zstd is not understood/)
})

test('an answer that drips is cut at its deadline', async () => {
  const url = await serving((_, response) => {
    const drip = setInterval(() => response.write('.'), 10)
    response.on('close', () => clearInterval(drip))
  })
  const asked = reach('direct', local).url(url, { timeoutMs: 100 })
  await assert.rejects(asked, /gave no complete answer within 0.1 s/)
})

test('through the proxy the same limits hold', async () => {
  const target = 'http://a.b.svc'
  const small = reach('proxy', strictRules, { status: 200, body: 'fine' })
  assert.equal((await small.url(target)).body, 'fine')
  const big = reach('proxy', strictRules, { status: 200, body: 'x'.repeat(2_000_000) })
  await assert.rejects(big.url(target), /larger than 1048576 bytes/)
  const packed = reach('proxy', strictRules, {
    status: 200,
    headers: { 'content-encoding': 'gzip' },
    body: '?',
  })
  await assert.rejects(packed.url(target), /although none was asked for/)
  await assert.rejects(small.url('http://10.0.0.1'), /is not allowed/)
})
