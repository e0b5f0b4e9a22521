/** Health checks over real sockets: what a pod answers, and what is made of it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { listen } from '#http/listen.ts'
import { strictRules } from '#kube/address-guard.ts'
import { connectTo } from '#kube/connect.ts'
import { reachThrough } from '#kube/reach.ts'
import { systemPorts } from '#kube/system.ts'
import { sendDirect } from '#kube/transport.ts'
import type { Descriptor } from './descriptor.ts'
import { askPods } from './health.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function asked(handler: Handler, more: Partial<Descriptor>, port?: (own: number) => object) {
  const ports = systemPorts()
  const server = await listen(createServer(handler), { host: '127.0.0.1', port: 0 }, ports.clock)
  ends.push(server.stop)
  const transport = { send: () => Promise.reject(new Error('not asked')), close: async () => {} }
  const reach = reachThrough({
    cluster: connectTo(transport, ports),
    way: 'direct',
    rules: { ...strictRules, loopback: true },
    direct: sendDirect,
  })
  const given = port?.(server.port) ?? { healthCheckPort: server.port }
  const descriptor: Descriptor = {
    namespace: 'default',
    appName: 'shop',
    newVersion: '#',
    deploymentType: 'blue-green',
    replicas: 1,
    podspec: { containers: [{ name: 'a', image: 'a' }] },
    ...more,
    ...given,
  }
  const [answer] = await askPods(reach, descriptor, [
    { metadata: { name: 'shop-1-x', namespace: 'default' }, ip: '127.0.0.1' },
  ])
  return answer
}

const says =
  (status: number, body = ''): Handler =>
  (_request, response) =>
    void response.writeHead(status).end(body)

const rows: readonly [string, Partial<Descriptor>, Handler, boolean, string][] = [
  [
    'a probe wants "healthy": true',
    {},
    says(200, '{"healthy":true,"more":1}'),
    true,
    '{"healthy":true,"more":1}',
  ],
  [
    'a probe is not content with false',
    {},
    says(200, '{"healthy":false}'),
    false,
    '{"healthy":false}',
  ],
  ['nor with a text', {}, says(200, '{"healthy":"true"}'), false, '{"healthy":"true"}'],
  [
    'nor with true and another status',
    {},
    says(503, '{"healthy":true}'),
    false,
    '{"healthy":true}',
  ],
  ['nor with no JSON, which is kept as it is', {}, says(200, '<b>"\n'), false, '<b>"\n'],
  ['an unknown type is a probe', { healthCheckType: '' }, says(204), false, ''],
  ['a simple one is content with any 2xx', { healthCheckType: 'simple' }, says(204), true, ''],
  ['a simple one is not with 302', { healthCheckType: 'simple' }, says(302), false, ''],
  [
    'who takes POST alone is asked by POST, after GET',
    {},
    ({ method }, response) =>
      void (method === 'POST' ? response.end('{"healthy":true}') : response.writeHead(405).end()),
    true,
    '{"healthy":true}',
  ],
  [
    'the path is health where none is given',
    { healthCheckType: 'simple' },
    ({ url }, response) => void response.writeHead(url === '/health' ? 200 : 500).end(),
    true,
    '',
  ],
  [
    'a path goes with or without its slash',
    { healthCheckType: 'simple', healthCheckPath: 'a/b?c=d' },
    ({ url }, response) => void response.writeHead(url === '/a/b?c=d' ? 200 : 500).end(),
    true,
    '',
  ],
  [
    'an answer without an end is cut, and is not healthy',
    {},
    (_request, response) => void response.write('a'.repeat(100_000)),
    false,
    '',
  ],
]
for (const [name, more, handler, isHealthy, value] of rows) {
  test(name, async () => {
    expect(await asked(handler, more)).toMatchObject({ podName: 'shop-1-x', isHealthy, value })
  })
}

test('a pod that hangs is given up after three seconds', async () => {
  const started = performance.now()
  expect(await asked(() => {}, {})).toMatchObject({ isHealthy: false })
  expect(performance.now() - started).toBeLessThan(4500)
})

const fine = says(200, '{"healthy":true}')
const container = (...ports: readonly object[]) => ({
  podspec: { containers: [{ name: 'a', image: 'a', ports }] } as unknown as Descriptor['podspec'],
})
const portRows: readonly [string, (own: number) => object][] = [
  [
    'healthCheckPort has the first word',
    (own) => ({ ...container({ containerPort: 1 }), healthCheckPort: own }),
  ],
  ['else the only port', (own) => container({ containerPort: own })],
  [
    'of several the one named healthcheck',
    (own) => container({ containerPort: 1 }, { containerPort: own, name: 'healthcheck' }),
  ],
  [
    'of several without that name the first',
    (own) => container({ containerPort: own }, { containerPort: 1 }),
  ],
]
for (const [name, port] of portRows) {
  test(name, async () => {
    expect(await asked(fine, {}, port)).toMatchObject({ isHealthy: true })
  })
}
