/** What HTTPRoutes do beside splitting: sessions, mirrors, grants, TLS listeners, redirects and rewrites by table. */
import { expect, test, vi } from 'vitest'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { createAuthority } from '#kube/authority.ts'
import { systemPorts } from '#kube/system.ts'
import {
  type AskOptions,
  ask,
  counts,
  pod,
  podsWithServices,
  serves,
  type World,
  world,
} from '../testing/running.ts'
import { backends, putRoute, putService } from '../testing/world.ts'
import { referenceGrantKind } from './wire.ts'

const cookieFrom = (headers: { 'set-cookie'?: string[] | undefined }): string =>
  headers['set-cookie']?.[0]?.split(';')[0] ?? ''

test('a session keeps its backend and pod, even at weight 0', async () => {
  const { cluster, gateway } = await world()
  for (const name of ['s1', 's2', 'c1', 'c2']) await pod(cluster, name)
  await putService(cluster, 'stable', ['s1', 's2'])
  await putService(cluster, 'canary', ['c1', 'c2'])
  const rules = (stable: number, canary: number) => [
    {
      sessionPersistence: {
        sessionName: 'visit',
        absoluteTimeout: '1h',
        cookieConfig: { lifetimeType: 'Permanent' },
      },
      backendRefs: backends({ stable, canary }),
    },
  ]
  await putRoute(cluster, 'shop', { rules: rules(0, 100) })
  await vi.waitFor(async () => expect((await ask(gateway)).body).toMatch(/^c/))
  const first = await ask(gateway)
  expect(first.headers['set-cookie']?.[0]).toMatch(
    /^visit=[0-9a-f.]+; Path=\/; Max-Age=3600; HttpOnly$/,
  )
  const again: AskOptions = { headers: { cookie: `a=1; ${cookieFrom(first.headers)}` } }
  expect(await counts(gateway, 20, again)).toEqual({ [first.body]: 20 })
  await putRoute(cluster, 'shop', { rules: rules(100, 0) })
  await vi.waitFor(async () => expect((await ask(gateway)).body).toMatch(/^s/))
  expect(await counts(gateway, 20, again)).toEqual({ [first.body]: 20 })
  // A backend that left the route takes its sessions with it.
  await putRoute(cluster, 'shop', {
    rules: [{ ...rules(1, 1)[0], backendRefs: backends({ stable: 1 }) }],
  })
  await vi.waitFor(async () => expect((await ask(gateway, '/', again)).body).toMatch(/^s/))
})

test('mirrors a share, body and all, and waits for nobody', async () => {
  const { cluster, gateway } = await world()
  const copies: string[] = []
  await pod(cluster, 'app', (incoming, response) => {
    incoming.resume().once('end', () => response.end('app'))
  })
  await putService(cluster, 'app', ['app'])
  await pod(cluster, 'copy', (incoming) => {
    let body = ''
    incoming.on('data', (piece) => {
      body += piece
    })
    // Never answers.
    incoming.on('end', () => copies.push(`${incoming.method} ${body}`))
  })
  await putService(cluster, 'copy', ['copy'])
  const filters = [
    { type: 'RequestMirror', requestMirror: { backendRef: { name: 'copy', port: 80 } } },
    { type: 'RequestMirror', requestMirror: { backendRef: { name: 'nowhere', port: 80 } } },
    {
      type: 'RequestMirror',
      requestMirror: { backendRef: { name: 'copy', port: 80 }, percent: 0 },
    },
  ]
  await putRoute(cluster, 'shop', { rules: [{ filters, backendRefs: backends({ app: 1 }) }] })
  await serves(gateway, '/', 'app')
  copies.length = 0
  await ask(gateway, '/', { method: 'POST', body: 'hello' })
  await vi.waitFor(() => expect(copies).toEqual(['POST hello']))
  const large = 'x'.repeat(2 * 1024 * 1024)
  expect((await ask(gateway, '/', { method: 'POST', body: large })).body).toBe('app')
})

const reasonOf = async ({ cluster }: World, name: string) => {
  const { status } = await cluster.get<HttpRoute>(kinds.httpRoute, `default/${name}`)
  return status?.parents?.[0]?.conditions?.find(({ type }) => type === 'ResolvedRefs')?.reason
}

test('a Service of another namespace needs a grant there', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await podsWithServices(cluster, 'app')
  await cluster.put(kinds.namespace, { metadata: { name: 'other' } })
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }]
  await cluster.put(kinds.service, {
    metadata: { name: 'app', namespace: 'other' },
    spec: { ports },
  })
  await cluster.put(kinds.endpointSlice, {
    metadata: {
      name: 'app-1',
      namespace: 'other',
      labels: { 'kubernetes.io/service-name': 'app' },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: ['10.244.9.9'],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', namespace: 'default', name: 'app' },
      },
    ],
  })
  const backendRefs = [{ name: 'app', namespace: 'other', port: 80 }]
  await putRoute(cluster, 'shop', { rules: [{ backendRefs }] })
  await vi.waitFor(async () => expect(await reasonOf(made, 'shop')).toBe('RefNotPermitted'))
  expect((await ask(gateway)).status).toBe(500)
  const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default' }
  const grant = (name: string) =>
    cluster.put(referenceGrantKind, {
      metadata: { name: 'shop', namespace: 'other' },
      spec: { from: [from], to: [{ group: '', kind: 'Service', name }] },
    })
  await grant('another')
  expect((await ask(gateway)).status).toBe(500)
  await grant('app')
  await serves(gateway, '/', 'app')
  await vi.waitFor(async () => expect(await reasonOf(made, 'shop')).toBe('ResolvedRefs'))
})

test('an HTTPS listener serves what attaches to it, with its certificate', async () => {
  const { cluster, gateway } = await world()
  await podsWithServices(cluster, 'open', 'secure')
  const { issue } = await createAuthority(systemPorts())
  const { certPem, keyPem } = await issue(['*.secure.test'], [])
  const encoded = (text: string) => Buffer.from(text).toString('base64')
  const allowedRoutes = { namespaces: { from: 'All' } }
  const hostname = '*.secure.test'
  const tls = { certificateRefs: [{ name: 'wild' }] }
  await cluster.put(kinds.gateway, {
    metadata: { name: 'gateway' },
    spec: {
      gatewayClassName: 'headgate',
      listeners: [
        { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes },
        { name: 'https', port: 443, protocol: 'HTTPS', hostname, tls, allowedRoutes },
        { name: 'raw', port: 5432, protocol: 'TCP' },
      ],
    },
  })
  const listeners = async () =>
    Object.fromEntries(
      (
        (await cluster.get(kinds.gateway, 'default/gateway')) as unknown as {
          status: {
            listeners: { name: string; conditions: { type: string; reason: string }[] }[]
          }
        }
      ).status.listeners.map(({ name, conditions }) => [
        name,
        conditions.map(({ reason }) => reason).join(' '),
      ]),
    )
  await vi.waitFor(async () =>
    expect(await listeners()).toEqual({
      http: 'Accepted Programmed ResolvedRefs',
      https: 'Accepted Programmed InvalidCertificateRef',
      raw: 'UnsupportedProtocol Invalid ResolvedRefs',
    }),
  )
  const data = { 'tls.crt': encoded(certPem), 'tls.key': encoded(keyPem) }
  await cluster.put(kinds.secret, { metadata: { name: 'wild' }, type: 'kubernetes.io/tls', data })
  const to = (name: string, sectionName: string) =>
    putRoute(cluster, name, {
      parentRefs: [{ name: 'gateway', sectionName }],
      hostnames: ['a.secure.test'],
      rules: [{ backendRefs: backends({ [name]: 1 }) }],
    })
  await to('open', 'http')
  await to('secure', 'https')
  let names = ''
  const options = {
    host: 'a.secure.test',
    tls: true,
    onCertificate: (found: string): void => void (names = found),
  }
  await vi.waitFor(async () => {
    await ask(gateway, '/', options)
    expect(names).toBe('DNS:*.secure.test')
  })
  await serves(gateway, '/', 'secure', options)
  await serves(gateway, '/', 'open', { host: 'a.secure.test' })
  expect((await listeners())['https']).toBe('Accepted Programmed ResolvedRefs')
})

test('redirects and rewrites by table', async () => {
  const { cluster, gateway } = await world()
  await pod(cluster, 'app', (incoming, response) => {
    response.end(`${incoming.headers.host} ${incoming.url}`)
  })
  await putService(cluster, 'app', ['app'])
  const redirect = (requestRedirect: object) => ({ type: 'RequestRedirect', requestRedirect })
  const rewrite = (urlRewrite: object) => ({ type: 'URLRewrite', urlRewrite })
  const prefix = (replacePrefixMatch: string) => ({
    type: 'ReplacePrefixMatch',
    replacePrefixMatch,
  })
  const full = (replaceFullPath: string) => ({ type: 'ReplaceFullPath', replaceFullPath })
  const rows: readonly (readonly [string, object, string, string])[] = [
    ['/a', redirect({ scheme: 'https' }), '/a/x?q', '302 https://shop.test/a/x?q'],
    ['/b', redirect({ hostname: 'new.test', port: 8080 }), '/b', '302 http://new.test:8080/b'],
    [
      '/c',
      redirect({ path: prefix('/new'), statusCode: 301 }),
      '/c/x',
      '301 http://shop.test/new/x',
    ],
    ['/d', redirect({ path: full('/home') }), '/d/x?q=1', '302 http://shop.test/home?q=1'],
    ['/e', rewrite({ path: prefix('/') }), '/e/x', '200 shop.test /x'],
    ['/f', rewrite({ path: full('/one'), hostname: 'in.test' }), '/f/x', '200 in.test /one'],
    ['/g', { type: 'CORS', cors: {} }, '/g', '500 the filter CORS is not served here'],
  ]
  await putRoute(cluster, 'shop', {
    hostnames: ['shop.test'],
    rules: rows.map(([value, filter]) => ({
      matches: [{ path: { type: 'PathPrefix', value } }],
      filters: [filter],
      ...(JSON.stringify(filter).includes('Redirect') ? {} : { backendRefs: backends({ app: 1 }) }),
    })),
  })
  await vi.waitFor(async () =>
    expect((await ask(gateway, '/a', { host: 'shop.test' })).status).toBe(302),
  )
  for (const [, , path, expected] of rows) {
    const { status, body, headers } = await ask(gateway, path, { host: 'shop.test' })
    expect(`${status} ${(headers.location ?? body).trim()}`).toBe(expected)
  }
})
