/** The gateway end to end: objects in, real HTTP out. */
import { Agent as HttpAgent } from 'node:http'
import type { Socket } from 'node:net'
import { expect, test, vi } from 'vitest'
import type { Gateway, HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import {
  ask,
  atEnd,
  counts,
  expectShare,
  pod,
  serves,
  type World,
  world,
} from './testing/running.ts'
import { backends, putRoute, putService } from './testing/world.ts'

const parentsOf = async ({ cluster }: World, name = 'shop') =>
  (await cluster.get<HttpRoute>(kinds.httpRoute, `default/${name}`)).status?.parents ?? []

const conditionOf = async (world: World, type: string, name?: string) =>
  (await parentsOf(world, name))[0]?.conditions?.find((condition) => condition.type === type)

test('splits by weight and counts under the names Envoy has', async () => {
  const { cluster, gateway } = await world()
  for (const name of ['stable', 'canary']) {
    await pod(cluster, name)
    await putService(cluster, name, [name])
  }
  await putRoute(cluster, 'shop', {
    rules: [{ backendRefs: backends({ stable: 80, canary: 20 }) }],
  })
  await serves(gateway, '/', 'stable')
  const before = gateway.metrics()
  expect(before).toMatch(
    /envoy_cluster_upstream_rq_total\{namespace="default",service="stable",route="shop",envoy_cluster_name="default_stable_80"\} \d+/,
  )
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(gateway)))
  expect(answers.filter(({ body }) => body === 'canary').length).toBe(10)
  const scraped = await (await fetch(gateway.metricsUrl)).text()
  expect(scraped).toMatch(
    /envoy_cluster_upstream_rq_xx\{.*service="canary".*envoy_response_code_class="2"\} 10/,
  )
  expect(scraped).toMatch(/envoy_cluster_upstream_rq_time_bucket\{.*le="\+Inf"\}/)
})

test('splits at random within binomial bounds', async () => {
  const { cluster, gateway } = await world({ split: 'random' })
  for (const name of ['stable', 'canary']) {
    await pod(cluster, name)
    await putService(cluster, name, [name])
  }
  await putRoute(cluster, 'shop', {
    rules: [{ backendRefs: backends({ stable: 80, canary: 20 }) }],
  })
  await vi.waitFor(async () => expect((await ask(gateway)).status).toBe(200))
  const found = await counts(gateway, 5000)
  expectShare(found['canary'] ?? 0, 5000, 0.2)
  expect((found['canary'] ?? 0) + (found['stable'] ?? 0)).toBe(5000)
})

test('reports the route first and follows after the delay', async () => {
  const made = await world({ followDelayMs: 100 })
  const { cluster, gateway } = made
  for (const name of ['one', 'two']) {
    await pod(cluster, name)
    await putService(cluster, name, [name])
  }
  await putRoute(cluster, 'shop', { rules: [{ backendRefs: backends({ one: 1 }) }] })
  await serves(gateway, '/', 'one')
  gateway.setFollowDelay(400)
  await putRoute(cluster, 'shop', { rules: [{ backendRefs: backends({ two: 1 }) }] })
  await vi.waitFor(
    async () => expect((await conditionOf(made, 'Accepted'))?.observedGeneration).toBe(2),
    { interval: 5 },
  )
  expect((await ask(gateway)).body).toBe('one')
  await serves(gateway, '/', 'two')
})

test('says so in statuses, writes only on change, and keeps the entries of others', async () => {
  const made = await world()
  const { cluster, gateway } = made
  const foreign = {
    parentRef: { name: 'other' },
    controllerName: 'example.com/other',
    conditions: [
      {
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        message: '',
        lastTransitionTime: '2026-11-21T00:00:00Z',
      },
    ],
  }
  await cluster.put(kinds.httpRoute, {
    metadata: { name: 'shop' },
    spec: { parentRefs: [{ name: 'gateway' }], rules: [{ backendRefs: backends({ app: 1 }) }] },
    status: { parents: [foreign] },
  })
  const parents = () => parentsOf(made)
  await vi.waitFor(async () => expect((await parents()).length).toBe(2))
  expect((await parents())[0]).toMatchObject(foreign)
  const reasons = async () =>
    (await parents())[1]?.conditions?.map(
      ({ type, status, reason }) => `${type} ${status} ${reason}`,
    )
  expect(await reasons()).toEqual(['Accepted True Accepted', 'ResolvedRefs False BackendNotFound'])
  await vi.waitFor(async () => expect((await ask(gateway)).status).toBe(500))

  await putService(cluster, 'app', [])
  await vi.waitFor(async () =>
    expect((await reasons())?.[1]).toBe('ResolvedRefs True ResolvedRefs'),
  )
  expect((await ask(gateway)).status).toBe(503)

  await vi.waitFor(async () => {
    const { status } = await cluster.get<Gateway>(kinds.gateway, 'default/gateway')
    expect(status).toMatchObject({
      addresses: [{ value: '127.0.0.1' }],
      conditions: [{ type: 'Accepted' }, { type: 'Programmed', status: 'True' }],
      listeners: [{ name: 'http', attachedRoutes: 1 }],
    })
  })
  const written = cluster.writes()
  await pod(cluster, 'app')
  await putService(cluster, 'app', ['app'])
  await serves(gateway, '/', 'app')
  expect(cluster.writes()).toBe(written)
})

test('a route that cannot be read hurts no other', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await pod(cluster, 'app')
  await putService(cluster, 'app', ['app'])
  const path = { type: 'RegularExpression', value: '(' }
  await putRoute(cluster, 'bad', {
    rules: [{ matches: [{ path }], backendRefs: backends({ app: 1 }) }],
  })
  await putRoute(cluster, 'shop', { rules: [{ backendRefs: backends({ app: 1 }) }] })
  await serves(gateway, '/', 'app')
  await vi.waitFor(async () =>
    expect(await conditionOf(made, 'Accepted', 'bad')).toMatchObject({
      reason: 'UnsupportedValue',
    }),
  )
})

test('an endpoint that leaves gets nothing new and finishes what it has', async () => {
  const { cluster, gateway } = await world()
  let finish = (): void => undefined
  const sockets = new Set<Socket>()
  const old = await pod(cluster, 'old', (incoming, response) => {
    sockets.add(incoming.socket)
    if (incoming.url === '/slow') finish = () => response.end('slow answer')
    else response.end('old')
  })
  await pod(cluster, 'new')
  await putService(cluster, 'app', ['old'])
  await putRoute(cluster, 'shop', { rules: [{ backendRefs: backends({ app: 1 }) }] })
  await serves(gateway, '/', 'old')
  const slow = ask(gateway, '/slow')
  await vi.waitFor(() => expect(sockets.size).toBeGreaterThan(0))
  await serves(gateway, '/', 'old')
  await putService(cluster, 'app', ['new'])
  await serves(gateway, '/', 'new')
  expect((await ask(gateway)).body).toBe('new')
  finish()
  expect((await slow).body).toBe('slow answer')
  // Its connections are given up, idle and busy ones alike.
  const connections = () =>
    new Promise<number>((resolve) => old.server.getConnections((_, count) => resolve(count)))
  await vi.waitFor(async () => expect(await connections()).toBe(0))
})

test('a refused connection and a stale one are tried once more elsewhere', async () => {
  const { cluster, gateway } = await world()
  const gone = await pod(cluster, 'gone')
  await pod(cluster, 'there')
  gone.close()
  await putService(cluster, 'app', ['gone', 'there'])
  await putRoute(cluster, 'shop', { rules: [{ backendRefs: backends({ app: 1 }) }] })
  await serves(gateway, '/', 'there')
  for (let i = 0; i < 6; i++) expect((await ask(gateway)).body).toBe('there')
  for (let i = 0; i < 4; i++) {
    expect((await ask(gateway, '/', { method: 'POST', body: 'x' })).body).toBe('there')
  }
})

test('an idle connection that the pod closed is not the client’s trouble', async () => {
  const { cluster, gateway } = await world()
  let requests = 0
  await pod(cluster, 'app', (incoming, response) => {
    // Every second request on a connection meets a closed door.
    const seen = ((incoming.socket as Socket & { seen?: number }).seen ?? 0) + 1
    Object.assign(incoming.socket, { seen })
    requests++
    if (seen === 2) incoming.socket.destroy()
    else response.end('app')
  })
  await putService(cluster, 'app', ['app'])
  await putRoute(cluster, 'shop', { rules: [{ backendRefs: backends({ app: 1 }) }] })
  await serves(gateway, '/', 'app')
  for (let i = 0; i < 6; i++) expect((await ask(gateway)).status).toBe(200)
  expect(requests).toBeGreaterThan(7)
  const posts = requests
  for (let i = 0; i < 4; i++) {
    expect((await ask(gateway, '/', { method: 'POST', body: 'x' })).status).toBe(200)
  }
  expect(requests - posts).toBe(4)
})

test('headers, bodies and errors pass as they should', async () => {
  const { cluster, gateway } = await world()
  await pod(cluster, 'app', (incoming, response) => {
    let body = ''
    incoming.on('data', (chunk) => {
      body += chunk
    })
    incoming.on('end', () => {
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      response.setHeader('x-secret', '1')
      response.setHeader('connection', 'x-hop, close')
      response.setHeader('x-hop', '1')
      const { method, url, headers } = incoming
      response.end(JSON.stringify({ method, url, headers, body }))
    })
  })
  await putService(cluster, 'app', ['app'])
  await putRoute(cluster, 'shop', {
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/api' } }],
        filters: [
          {
            type: 'RequestHeaderModifier',
            requestHeaderModifier: {
              set: [{ name: 'x-set', value: 's' }],
              add: [{ name: 'x-add', value: '2' }],
              remove: ['x-remove'],
            },
          },
          { type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['x-secret'] } },
          {
            type: 'URLRewrite',
            urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/v2' } },
          },
        ],
        backendRefs: backends({ app: 1 }),
      },
      {
        matches: [{ path: { type: 'Exact', value: '/old' } }],
        filters: [
          {
            type: 'RequestRedirect',
            requestRedirect: { scheme: 'https', hostname: 'new.example', statusCode: 301 },
          },
        ],
      },
    ],
  })
  const headers = {
    host: 'shop.example',
    connection: 'x-hop',
    'x-hop': '1',
    'x-remove': '1',
    'x-add': '1',
  }
  const options = { method: 'POST', headers, body: 'hello' }
  await vi.waitFor(async () => expect((await ask(gateway, '/api/x?q=1', options)).status).toBe(200))
  const got = await ask(gateway, '/api/x?q=1', options)
  const seen = JSON.parse(got.body)
  expect(seen).toMatchObject({
    method: 'POST',
    url: '/v2/x?q=1',
    body: 'hello',
    headers: {
      host: 'shop.example',
      'x-set': 's',
      'x-add': '1, 2',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'shop.example',
    },
  })
  expect(seen.headers['x-hop'] ?? seen.headers['x-remove']).toBeUndefined()
  expect(got.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  expect(got.headers['x-hop'] ?? got.headers['x-secret']).toBeUndefined()

  const redirect = await ask(gateway, '/old?q=1', { headers: { host: 'shop.example:8088' } })
  expect([redirect.status, redirect.headers.location]).toEqual([301, 'https://new.example/old?q=1'])
  expect((await ask(gateway, '/apix')).status).toBe(404)
})

test('an answer that takes too long is 504, one that breaks off breaks off', async () => {
  const { cluster, gateway } = await world()
  await pod(cluster, 'app', (incoming, response) => {
    if (incoming.url === '/ok') response.end('ok')
    if (incoming.url !== '/broken') return
    response.write('half')
    setImmediate(() => incoming.socket.destroy())
  })
  await putService(cluster, 'app', ['app'])
  await putRoute(cluster, 'shop', {
    rules: [{ timeouts: { request: '80ms' }, backendRefs: backends({ app: 1 }) }],
  })
  await serves(gateway, '/ok', 'ok')
  expect((await ask(gateway, '/never')).status).toBe(504)
  await expect(ask(gateway, '/broken')).rejects.toThrow()
})

test('keep-alive clients stay connected', async () => {
  const { cluster, gateway } = await world()
  await pod(cluster, 'app')
  await putService(cluster, 'app', ['app'])
  await putRoute(cluster, 'shop', { rules: [{ backendRefs: backends({ app: 1 }) }] })
  await serves(gateway, '/', 'app')
  const agent = new HttpAgent({ keepAlive: true, maxSockets: 1 })
  atEnd(() => agent.destroy())
  for (let i = 0; i < 3; i++) expect((await ask(gateway, '/', { agent })).body).toBe('app')
  expect(Object.values(agent.freeSockets).flat().length).toBe(1)
})
