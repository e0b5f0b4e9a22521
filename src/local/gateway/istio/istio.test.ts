/** VirtualServices, DestinationRules and Gateways of Istio with real traffic. */
import { expect, test, vi } from 'vitest'
import type { Kind } from '#core/k8s/kinds.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { createAuthority } from '#kube/authority.ts'
import { systemPorts } from '#kube/system.ts'
import {
  type AskOptions,
  ask,
  counts,
  expectShare,
  pod,
  podsWithServices,
  serves,
  type World,
  world,
} from '../testing/running.ts'
import type { TestCluster } from '../testing/test-cluster.ts'
import { putService } from '../testing/world.ts'
import { destinationRuleKind, istioGatewayKind, virtualServiceKind } from './wire.ts'

const inMesh = { host: 'shop.default' } as const
const servers = [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }]

const putVirtual = ({ put }: TestCluster, name: string, spec: object) =>
  put(virtualServiceKind, { metadata: { name }, spec })
const putRule = ({ put }: TestCluster, name: string, spec: object) =>
  put(destinationRuleKind, { metadata: { name }, spec })
const putIstioGateway = ({ put }: TestCluster, name: string, spec: object) =>
  put(istioGatewayKind, {
    metadata: { name },
    spec: { selector: { istio: 'ingressgateway' }, ...spec },
  })

/** One Service with pods of two kinds, told apart by a label. */
async function twoSubsets({ cluster }: World, policy: object = {}): Promise<void> {
  const names = ['p1', 'p2', 'p3', 's1', 's2']
  for (const name of names) {
    const service = name.startsWith('p') ? 'primary' : 'secondary'
    await pod(cluster, name, (_, response) => response.end(service), { app: 'shop', service })
  }
  await putService(cluster, 'shop', names)
  await putRule(cluster, 'shop', {
    host: 'shop',
    ...policy,
    subsets: ['primary', 'secondary'].map((name) => ({
      name,
      labels: { app: 'shop', service: name },
    })),
  })
}

const weighted = (primary: number, secondary: number) => [
  { destination: { host: 'shop', subset: 'primary', port: { number: 80 } }, weight: primary },
  { destination: { host: 'shop', subset: 'secondary', port: { number: 80 } }, weight: secondary },
]

test('C07 C08 C09 subsets split 5,000 requests within binomial bounds, in every API version', async () => {
  const made = await world({ split: 'random' })
  const { cluster, gateway } = made
  await twoSubsets(made)
  const alpha: Kind = { ...istioGatewayKind, version: 'v1alpha3' }
  await cluster.put(alpha, {
    metadata: { name: 'shop' },
    spec: { selector: { istio: 'ingressgateway' }, servers },
  })
  const spec = {
    hosts: ['*'],
    gateways: ['shop'],
    http: [{ match: [{}], route: weighted(100, 0) }],
  }
  await cluster.put(
    { ...virtualServiceKind, version: 'v1alpha3' },
    { metadata: { name: 'shop' }, spec },
  )
  await serves(gateway, '/', 'primary')
  expect(await counts(gateway, 50)).toEqual({ primary: 50 })
  const beta: Kind = { ...virtualServiceKind, version: 'v1beta1' }
  const http = [{ match: [{}], route: weighted(80, 20) }]
  await cluster.put(beta, { metadata: { name: 'shop' }, spec: { ...spec, http } })
  await vi.waitFor(async () => expect((await ask(gateway)).body).toBe('secondary'), { interval: 1 })
  const found = await counts(gateway, 5000)
  expectShare(found['secondary'] ?? 0, 5000, 0.2)
  expect((found['primary'] ?? 0) + (found['secondary'] ?? 0)).toBe(5000)
})

test('pods follow their labels at once', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await twoSubsets(made)
  await putVirtual(cluster, 'shop', { hosts: ['shop'], http: [{ route: weighted(0, 100) }] })
  await serves(gateway, '/', 'secondary', inMesh)
  for (const name of ['s1', 's2']) {
    const metadata = { labels: { service: 'primary' } }
    await cluster.cluster.patch(kinds.pod, { namespace: 'default', name }, 'merge', { metadata })
  }
  await vi.waitFor(async () => expect((await ask(gateway, '/', inMesh)).status).toBe(503))
})

test('the first rule that matches serves', async () => {
  const { cluster, gateway } = await world()
  const all = [
    'exact',
    'prefix',
    'regex',
    'folded',
    'header',
    'there',
    'cookie',
    'without',
    'query',
    'method',
    'rest',
  ]
  await podsWithServices(cluster, 'shop', ...all)
  const rule = (host: string, ...match: object[]) => ({ match, route: [{ destination: { host } }] })
  await putVirtual(cluster, 'shop', {
    hosts: ['shop'],
    http: [
      rule('exact', { uri: { exact: '/exact' } }),
      rule('prefix', { uri: { prefix: '/pre' } }),
      rule('regex', { uri: { regex: '/re/[0-9]+' } }),
      rule('folded', { uri: { exact: '/Folded' }, ignoreUriCase: true }),
      rule(
        'header',
        { headers: { 'x-variant': { exact: 'b' } } },
        { headers: { 'x-user': { prefix: 'an' } } },
      ),
      rule('there', { headers: { 'x-any': {} } }),
      rule('cookie', { headers: { cookie: { regex: '^(.*?;\\s*)?(variant=b)(;.*)?$' } } }),
      rule('query', { queryParams: { v: { exact: '2' } } }),
      rule('method', { method: { exact: 'POST' } }),
      rule('without', { uri: { prefix: '/w' }, withoutHeaders: { 'x-skip': {} } }),
      rule('rest', { sourceLabels: { app: 'other' }, uri: { prefix: '/' } }),
      { route: [{ destination: { host: 'rest' } }] },
    ],
  })
  await serves(gateway, '/', 'rest', inMesh)
  const rows: readonly (readonly [string, AskOptions, string])[] = [
    ['/exact', {}, 'exact'],
    ['/exact/', {}, 'rest'],
    ['/prefixed', {}, 'prefix'],
    ['/re/12', {}, 'regex'],
    ['/re/12/x', {}, 'rest'],
    ['/fOLDED', {}, 'folded'],
    ['/', { headers: { 'x-variant': 'b' } }, 'header'],
    ['/', { headers: { 'x-user': 'anna' } }, 'header'],
    ['/', { headers: { 'x-any': '' } }, 'there'],
    ['/', { headers: { cookie: 'a=1; variant=b; c=2' } }, 'cookie'],
    ['/', { headers: { cookie: 'variant=bb' } }, 'rest'],
    ['/?v=2', {}, 'query'],
    ['/', { method: 'POST' }, 'method'],
    ['/w', {}, 'without'],
    ['/w', { headers: { 'x-skip': '1' } }, 'rest'],
  ]
  for (const [path, options, body] of rows) {
    const got = await ask(gateway, path, { ...inMesh, ...options })
    expect([path, options, got.body]).toEqual([path, options, body])
  }
})

test('hosts: gateways and mesh, names short and full, Gateways that are not there', async () => {
  const { cluster, gateway } = await world()
  await podsWithServices(cluster, 'shop', 'routed', 'inside')
  await putIstioGateway(cluster, 'edge', {
    servers: [{ ...servers[0], hosts: ['*.example.com', 'other/only.test', './own.test'] }],
  })
  const to = (host: string, gateways?: string[]) => ({
    ...(gateways === undefined ? {} : { match: [{ gateways }] }),
    route: [{ destination: { host } }],
  })
  await putVirtual(cluster, 'edge', {
    hosts: ['shop.example.com', 'only.test', 'own.test', 'elsewhere.test'],
    gateways: ['edge', 'default/edge'],
    http: [to('routed')],
  })
  await putVirtual(cluster, 'unbound', {
    hosts: ['unbound.test'],
    gateways: ['none'],
    http: [to('routed')],
  })
  await putVirtual(cluster, 'both', {
    hosts: ['shop', 'both.example.com'],
    gateways: ['mesh', 'edge'],
    http: [to('inside', ['mesh']), to('routed', ['edge'])],
  })
  await serves(gateway, '/', 'inside', inMesh)
  const rows = {
    'shop.example.com': 'routed',
    'own.test': 'routed',
    'only.test': '404',
    'elsewhere.test': '404',
    'unbound.test': '404',
    'both.example.com': 'routed',
    shop: 'inside',
    'shop.default.svc': 'inside',
    'shop.default.svc.cluster.local:80': 'inside',
    'routed.default': 'routed',
  }
  for (const [host, body] of Object.entries(rows)) {
    const got = await ask(gateway, '/', { host })
    expect([host, got.status === 404 ? '404' : got.body]).toEqual([host, body])
  }
})

test('rewrites, redirects, headers, time-outs, mirrors and answers of its own', async () => {
  const { cluster, gateway } = await world()
  const mirrored: string[] = []
  await pod(cluster, 'shop', (incoming, response) => {
    if (incoming.url === '/never') return
    const { host, 'x-set': set, 'x-gone': gone } = incoming.headers
    response.setHeader('x-secret', '1')
    response.end([incoming.url, host, set, gone].join(' '))
  })
  await pod(cluster, 'copy', (incoming, response) => {
    let body = ''
    incoming.on('data', (piece) => {
      body += piece
    })
    incoming.on('end', () => {
      mirrored.push(`${incoming.method} ${incoming.url} ${body}`)
      response.writeHead(500).end()
    })
  })
  await putService(cluster, 'shop', ['shop'])
  await putService(cluster, 'copy', ['copy'])
  const route = [{ destination: { host: 'shop' } }]
  const prefix = (path: string) => [{ uri: { prefix: path } }]
  await putVirtual(cluster, 'shop', {
    hosts: ['shop'],
    http: [
      { match: prefix('/api'), rewrite: { uri: '/v2', authority: 'inside.test' }, route },
      {
        match: prefix('/places'),
        rewrite: { uriRegexRewrite: { match: '/places/([^/]+)/(.*)', rewrite: '/\\2/\\1' } },
        route,
      },
      {
        match: prefix('/old'),
        redirect: { uri: '/new', authority: 'new.test', scheme: 'https', redirectCode: 302 },
      },
      { match: prefix('/direct'), directResponse: { status: 418, body: { string: 'teapot' } } },
      { match: prefix('/slow'), rewrite: { uri: '/never' }, timeout: '0.1s', route },
      {
        match: prefix('/fault'),
        fault: { abort: { httpStatus: 400, percentage: { value: 100 } } },
        route,
      },
      {
        match: prefix('/mirror'),
        mirrors: [
          { destination: { host: 'copy' }, percentage: { value: 100 } },
          { destination: { host: 'copy' }, percentage: { value: 0 } },
        ],
        route,
      },
      {
        headers: {
          request: { set: { 'x-set': 'yes' }, remove: ['X-Gone'] },
          response: { remove: ['x-secret'], add: { 'x-added': 'here' } },
        },
        route,
      },
    ],
  })
  await serves(gateway, '/x', '/x shop.default yes ', inMesh)
  const get = (path: string, options: AskOptions = {}) =>
    ask(gateway, path, { ...inMesh, ...options })
  const plain = await get('/x', { headers: { 'x-gone': '1' } })
  expect([plain.body, plain.headers['x-secret'], plain.headers['x-added']]).toEqual([
    '/x shop.default yes ',
    undefined,
    'here',
  ])
  expect((await get('/api/x?q=1')).body).toBe('/v2/x?q=1 inside.test  ')
  expect((await get('/places/a/b/c')).body).toBe('/b/c/a shop.default  ')
  const moved = await get('/old?q=1')
  expect([moved.status, moved.headers.location]).toEqual([302, 'https://new.test/new?q=1'])
  expect(await get('/direct')).toMatchObject({ status: 418, body: 'teapot\n' })
  expect((await get('/slow')).status).toBe(504)
  expect(await get('/fault')).toMatchObject({
    status: 500,
    body: 'fault injection is not served here\n',
  })
  expect((await get('/mirror', { method: 'POST', body: 'hello' })).status).toBe(200)
  await vi.waitFor(() => expect(mirrored).toEqual(['POST /mirror hello']))
})

test('what is missing is 503, and a bad object hurts no other', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await podsWithServices(cluster, 'shop', 'good')
  const to = (host: string, more: object = {}) => [{ route: [{ destination: { host, ...more } }] }]
  await putVirtual(cluster, 'a-bad', {
    hosts: ['bad.test'],
    http: [{ match: [{ uri: { regex: '(' } }], route: [{ destination: { host: 'shop' } }] }],
  })
  await putVirtual(cluster, 'subset', {
    hosts: ['subset.test'],
    http: to('shop', { subset: 'none' }),
  })
  await putVirtual(cluster, 'half', { hosts: ['half.test'], http: to('shop.default') })
  await putVirtual(cluster, 'nobody', { hosts: ['nobody.test'], http: to('nobody') })
  await putVirtual(cluster, 'port', {
    hosts: ['port.test'],
    http: to('shop', { port: { number: 9 } }),
  })
  await putVirtual(cluster, 'good', { hosts: ['good.test'], http: to('good') })
  await serves(gateway, '/', 'good', { host: 'good.test' })
  const rows = {
    'bad.test': [404, /no route/],
    'subset.test': [
      503,
      /no DestinationRule has subset none of shop\.default\.svc\.cluster\.local/,
    ],
    'half.test': [503, /destination shop\.default is no Service: write its full name/],
    'nobody.test': [503, /Service default\/nobody does not exist/],
    'port.test': [503, /Service default\/shop has no port 9/],
  } as const
  for (const [host, [status, text]] of Object.entries(rows)) {
    const got = await ask(gateway, '/', { host })
    expect([host, got.status]).toEqual([host, status])
    expect(got.body).toMatch(text)
  }
  expect(made.reports).toEqual([
    expect.stringMatching(/VirtualService default\/a-bad: .*regular expression/i),
  ])
})

test('hashing by cookie, header and query binds to one pod and spreads over all', async () => {
  const made = await world()
  const { cluster, gateway } = made
  const names = ['a', 'b', 'c', 'd']
  for (const name of names) await pod(cluster, name)
  const by = {
    cookie: { httpCookie: { name: 'user', ttl: '60s', path: '/' } },
    given: { httpCookie: { name: 'user' } },
    header: { httpHeaderName: 'X-User' },
    query: { httpQueryParameterName: 'user' },
    client: { useSourceIp: true },
  }
  for (const [name, consistentHash] of Object.entries(by)) {
    await putService(cluster, name, names)
    await putRule(cluster, name, {
      host: name,
      trafficPolicy: { loadBalancer: { consistentHash } },
    })
    await putVirtual(cluster, name, {
      hosts: [name],
      http: [{ route: [{ destination: { host: name } }] }],
    })
  }
  await vi.waitFor(async () => {
    const { headers } = await ask(gateway, '/', { host: 'cookie.default' })
    expect(headers['set-cookie']?.[0]).toMatch(/^user=[0-9a-f]+; Path=\/; Max-Age=60; HttpOnly$/)
  })
  const seen = new Map<string, Set<string>>()
  for (let user = 0; user < 60; user++) {
    const asks: readonly (readonly [string, AskOptions, string])[] = [
      ['cookie', { headers: { cookie: `user=${user}` } }, '/'],
      ['given', { headers: { cookie: `user=${user}` } }, '/'],
      ['header', { headers: { 'x-user': `${user}` } }, '/'],
      ['query', {}, `/?user=${user}`],
      ['client', {}, '/'],
    ]
    for (const [name, options, path] of asks) {
      const host = `${name}.default`
      const [first, second] = [
        await ask(gateway, path, { ...options, host }),
        await ask(gateway, path, { ...options, host }),
      ]
      expect([name, user, second.body]).toEqual([name, user, first.body])
      expect(first.headers['set-cookie']).toBeUndefined()
      seen.set(name, (seen.get(name) ?? new Set()).add(first.body))
    }
  }
  expect(Object.fromEntries([...seen].map(([name, pods]) => [name, pods.size]))).toEqual({
    cookie: 4,
    given: 4,
    header: 4,
    query: 4,
    client: 1,
  })
})

test('a Gateway with TLS: certificates by host, and everybody else is sent there', async () => {
  const { cluster, gateway } = await world()
  await podsWithServices(cluster, 'shop')
  const { issue } = await createAuthority(systemPorts())
  const { certPem, keyPem } = await issue(['shop.test'], [])
  const encoded = (text: string) => Buffer.from(text).toString('base64')
  const data = { 'tls.crt': encoded(certPem), 'tls.key': encoded(keyPem) }
  await cluster.put(kinds.namespace, { metadata: { name: 'istio-system' } })
  await cluster.put(kinds.secret, { metadata: { name: 'shop', namespace: 'istio-system' }, data })
  await putIstioGateway(cluster, 'edge', {
    servers: [
      { ...servers[0], hosts: ['shop.test'], tls: { httpsRedirect: true } },
      {
        port: { number: 443, name: 'https', protocol: 'HTTPS' },
        hosts: ['shop.test'],
        tls: { mode: 'SIMPLE', credentialName: 'shop' },
      },
    ],
  })
  const http = [{ route: [{ destination: { host: 'shop' } }] }]
  await putVirtual(cluster, 'shop', { hosts: ['shop.test'], gateways: ['edge'], http })
  let names = ''
  const onCertificate = (found: string): void => void (names = found)
  await serves(gateway, '/', 'shop', { host: 'shop.test', tls: true, onCertificate })
  await vi.waitFor(async () => {
    await ask(gateway, '/', { host: 'shop.test', tls: true, onCertificate })
    expect(names).toBe('DNS:shop.test')
  })
  const moved = await ask(gateway, '/x', { host: 'shop.test' })
  expect([moved.status, moved.headers.location]).toEqual([301, 'https://shop.test/x'])
})

test('C20 counts as Istio does, at both ends', async () => {
  const { cluster, gateway } = await world()
  const labels = { app: 'shop', version: 'v2', 'pod-template-hash': 'abc' }
  await pod(cluster, 'shop-1', (_, response) => response.writeHead(503).end(), labels)
  await putService(cluster, 'shop', ['shop-1'])
  const http = [{ route: [{ destination: { host: 'shop' } }] }]
  await putVirtual(cluster, 'shop', { hosts: ['shop.test'], http })
  await vi.waitFor(async () =>
    expect((await ask(gateway, '/', { host: 'shop.test' })).status).toBe(503),
  )
  const line = (reporter: string, flags: string) =>
    gateway
      .metrics()
      .split('\n')
      .find(
        (text) =>
          text.startsWith('istio_requests_total{') &&
          text.includes(`reporter="${reporter}"`) &&
          text.includes(`response_flags="${flags}"`),
      )
  for (const reporter of ['source', 'destination']) {
    for (const label of [
      'destination_service="shop.default.svc.cluster.local"',
      'destination_service_name="shop"',
      'destination_service_namespace="default"',
      'destination_workload="shop-1"',
      'destination_version="v2"',
      'response_code="503"',
      'request_protocol="http"',
    ]) {
      expect(line(reporter, '-')).toContain(label)
    }
  }
  await putService(cluster, 'shop', [])
  await vi.waitFor(async () =>
    expect((await ask(gateway, '/', { host: 'shop.test' })).body).toMatch(/no ready endpoint/),
  )
  expect(line('source', 'UH')).toContain('destination_workload="unknown"')
  expect(line('destination', 'UH')).toBeUndefined()
  expect(gateway.metrics()).toMatch(
    /istio_request_duration_milliseconds_bucket\{.*reporter="source".*le="\+Inf"\}/,
  )
})
