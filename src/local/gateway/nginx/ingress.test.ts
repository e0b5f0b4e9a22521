/** What Ingresses do beside splitting: paths, redirects, sessions, headers, limits, TLS, and bad ones. */
import { expect, test, vi } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { createAuthority } from '#kube/authority.ts'
import { systemPorts } from '#kube/system.ts'
import { canary, putIngress } from '../testing/ingresses.ts'
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
import { putService } from '../testing/world.ts'

const shop = { host: 'shop.test' } as const

async function ready({ cluster, gateway }: World): Promise<void> {
  await podsWithServices(cluster, 'ready')
  await putIngress(cluster, 'zz-ready', { host: 'ready.test', service: 'ready' })
  await serves(gateway, '/', 'ready', { host: 'ready.test' })
}

async function putTlsSecret({ cluster }: World, name: string, host: string): Promise<void> {
  const { issue } = await createAuthority(systemPorts())
  const { certPem, keyPem } = await issue([host], [])
  const data = {
    'tls.crt': Buffer.from(certPem).toString('base64'),
    'tls.key': Buffer.from(keyPem).toString('base64'),
  }
  await cluster.put(kinds.secret, { metadata: { name }, type: 'kubernetes.io/tls', data })
}

test('the most specific path of the most specific host serves', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await podsWithServices(cluster, 'root', 'foo', 'exact', 'text', 'wild', 'any')
  await putIngress(cluster, 'root', { service: 'root' })
  await putIngress(cluster, 'foo', { service: 'foo', path: '/foo' })
  await putIngress(cluster, 'exact', { service: 'exact', path: '/foo', pathType: 'Exact' })
  const pathType = 'ImplementationSpecific'
  await putIngress(cluster, 'text', { service: 'text', path: '/tex', pathType })
  await putIngress(cluster, 'wild', { service: 'wild', host: '*.test' })
  await putIngress(cluster, 'any', { service: 'any', host: '' })
  // The younger of two for the same host and path is left out.
  await putIngress(cluster, 'usurper', { service: 'any', path: '/foo' })
  await ready(made)
  const rows = [
    ['/', 'shop.test', 'root'],
    ['/foo', 'shop.test', 'exact'],
    ['/foo/bar', 'shop.test', 'foo'],
    ['/foobar', 'shop.test', 'root'],
    ['/text', 'shop.test', 'text'],
    ['/', 'other.test', 'wild'],
    ['/', 'a.other.test', 'any'],
    ['/', 'elsewhere.example', 'any'],
  ] as const
  for (const [path, host, body] of rows) {
    const got = await ask(gateway, path, { host })
    expect([path, host, got.status === 404 ? '404' : got.body]).toEqual([
      path,
      host,
      // A wildcard stands for one label; what it does not take is not looked for elsewhere.
      host === 'a.other.test' ? '404' : body,
    ])
  }
})

test('only classes with the controller of ingress-nginx count', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await podsWithServices(cluster, 'app')
  const other = { metadata: { name: 'other' }, spec: { controller: 'example.com/other' } }
  const ours = { metadata: { name: 'inside' }, spec: { controller: 'k8s.io/ingress-nginx' } }
  await cluster.put(kinds.ingressClass, other)
  await cluster.put(kinds.ingressClass, ours)
  for (const className of ['other', 'inside', 'nobodys']) {
    await putIngress(cluster, className, { service: 'app', host: `${className}.test`, className })
  }
  const backend = { service: { name: 'app', port: { name: 'http' } } }
  await cluster.put(kinds.ingress, {
    metadata: { name: 'old', annotations: { 'kubernetes.io/ingress.class': 'nginx' } },
    spec: {
      rules: [{ host: 'old.test', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  })
  await ready(made)
  const rows = { other: 404, nobodys: 404, inside: 200, old: 200 }
  for (const [name, status] of Object.entries(rows)) {
    expect([name, (await ask(gateway, '/', { host: `${name}.test` })).status]).toEqual([
      name,
      status,
    ])
  }
})

test('A61 redirects', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await podsWithServices(cluster, 'app')
  await putTlsSecret(made, 'own', 'tls.test')
  const to = (name: string, annotations: Readonly<Record<string, string>>, tls: object[] = []) =>
    putIngress(cluster, name, { service: 'app', host: `${name}.test`, annotations, tls })
  await to('www-wanted', { 'from-to-www-redirect': 'true' })
  await to('www.named', { 'from-to-www-redirect': 'true' })
  await to('permanent', { 'permanent-redirect': 'https://new.test/x' })
  await to('coded', {
    'permanent-redirect': 'https://new.test$request_uri',
    'permanent-redirect-code': '308',
  })
  await to('temporal', { 'temporal-redirect': 'https://new.test' })
  await to('nonsense', { 'permanent-redirect': 'javascript:alert(1)' })
  await to('forced', { 'force-ssl-redirect': 'true' })
  await to('tls', {}, [{ hosts: ['tls.test'], secretName: 'own' }])
  await to('open', { 'ssl-redirect': 'false' }, [{ hosts: ['open.test'], secretName: 'own' }])
  await ready(made)
  const port = gateway.httpsPort
  const rows: readonly (readonly [string, number, string | undefined])[] = [
    ['www.www-wanted.test', 308, 'http://www-wanted.test/a?b=1'],
    ['www-wanted.test', 200, undefined],
    ['named.test', 308, 'http://www.named.test/a?b=1'],
    ['permanent.test', 301, 'https://new.test/x'],
    ['coded.test', 308, 'https://new.test/a?b=1'],
    ['temporal.test', 302, 'https://new.test'],
    ['nonsense.test', 200, undefined],
    ['forced.test', 308, 'https://forced.test/a?b=1'],
    ['tls.test', 308, 'https://tls.test/a?b=1'],
    // A client that named our port is sent to our other port.
    ['tls.test:8088', 308, `https://tls.test:${port}/a?b=1`],
    ['open.test', 200, undefined],
  ]
  for (const [host, status, location] of rows) {
    const got = await ask(gateway, '/a?b=1', { host })
    expect([host, got.status, got.headers.location]).toEqual([host, status, location])
  }
})

test('A58 certificates by server name, over HTTP/1.1; another name gets one of nobody', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await podsWithServices(cluster, 'app')
  await putTlsSecret(made, 'one', 'one.test')
  await putTlsSecret(made, 'wild', '*.wild.test')
  await cluster.put(kinds.secret, {
    metadata: { name: 'broken' },
    data: { 'tls.crt': 'bm90aGluZw==', 'tls.key': '' },
  })
  const secure = (name: string, host: string, secretName: string) =>
    putIngress(cluster, name, { service: 'app', host, tls: [{ hosts: [host], secretName }] })
  await secure('one', 'one.test', 'one')
  await secure('wild', '*.wild.test', 'wild')
  await secure('missing', 'missing.test', 'missing')
  await secure('broken', 'broken.test', 'broken')
  await ready(made)
  const namesOf = async (host: string): Promise<string> => {
    let names = ''
    const onCertificate = (found: string): void => void (names = found)
    expect((await ask(gateway, '/', { host, tls: true, onCertificate })).body).toBe('app')
    return names
  }
  expect(await namesOf('one.test')).toBe('DNS:one.test')
  expect(await namesOf('a.wild.test')).toBe('DNS:*.wild.test')
  expect(await namesOf('missing.test')).toContain('DNS:localhost')
  expect(await namesOf('broken.test')).toContain('DNS:localhost')
  expect(made.reports.join('\n')).toMatch(
    /Ingress default\/missing: Secret default\/missing does not exist/,
  )
  // A Secret that comes later is taken up.
  await putTlsSecret(made, 'missing', 'missing.test')
  await vi.waitFor(async () => expect(await namesOf('missing.test')).toBe('DNS:missing.test'))
})

/** The first cookie that an answer sets, as a client sends it back. */
function cookieFrom({ headers }: { headers: { 'set-cookie'?: string[] | undefined } }): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}

test('A62 a session stays with its pod, over weights and canaries, until the pod is gone', async () => {
  const made = await world()
  const { cluster, gateway } = made
  for (const name of ['a', 'b', 'c', 'x', 'y']) await pod(cluster, name)
  await putService(cluster, 'stable', ['a', 'b', 'c'])
  await putService(cluster, 'canary', ['x', 'y'])
  const annotations = {
    affinity: 'cookie',
    'session-cookie-name': 'stick',
    'session-cookie-max-age': '600',
    'session-cookie-samesite': 'Lax',
  }
  await putIngress(cluster, 'shop', { service: 'stable', annotations })
  await putIngress(cluster, 'legacy', {
    service: 'stable',
    host: 'legacy.test',
    annotations: { ...annotations, 'affinity-canary-behavior': 'legacy' },
  })
  const half = canary({ 'canary-weight': '50', 'canary-by-header': 'x-canary' })
  await putIngress(cluster, 'shop-canary', { service: 'canary', annotations: half })
  await putIngress(cluster, 'legacy-canary', {
    service: 'canary',
    host: 'legacy.test',
    annotations: half,
  })
  await ready(made)

  const first = await ask(gateway, '/', shop)
  expect(first.headers['set-cookie']?.[0]).toMatch(
    /^stick=[0-9a-f]{16}\.[0-9a-f]{16}; Path=\/; Max-Age=600; SameSite=Lax; HttpOnly$/,
  )
  const with_ = (cookie: string, more: object = {}): AskOptions => ({
    ...shop,
    headers: { cookie, ...more },
  })
  const forced = await ask(gateway, '/', { ...shop, headers: { 'x-canary': 'always' } })
  for (const { body, ...rest } of [first, forced]) {
    const cookie = cookieFrom(rest)
    expect(await counts(gateway, 60, with_(cookie))).toEqual({ [body]: 60 })
    const again = await ask(gateway, '/', with_(cookie))
    expect(again.headers['set-cookie']).toBeUndefined()
    // Whoever is at home somewhere is not moved by a header either.
    const moved = await ask(gateway, '/', with_(cookie, { 'x-canary': 'always' }))
    expect(moved.body).toBe(body)
  }
  // Weight 0 keeps those who are there, as in the real one.
  await putIngress(cluster, 'shop-canary', {
    service: 'canary',
    annotations: canary({ 'canary-weight': '0' }),
  })
  await vi.waitFor(async () =>
    expect(Object.keys(await counts(gateway, 10, shop))).not.toContain('x'),
  )
  expect((await ask(gateway, '/', with_(cookieFrom(forced)))).body).toBe(forced.body)
  // A pod that is gone gives its sessions to another of its backend.
  const other = forced.body === 'x' ? 'y' : 'x'
  await putService(cluster, 'canary', [other])
  await vi.waitFor(async () =>
    expect((await ask(gateway, '/', with_(cookieFrom(forced)))).body).toBe(other),
  )
  const legacy = await ask(gateway, '/', { host: 'legacy.test', headers: { 'x-canary': 'always' } })
  expect(legacy.headers['set-cookie']).toBeUndefined()
})

test('A60 headers of a ConfigMap stand on every answer; without it nobody is served', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await podsWithServices(cluster, 'app')
  const annotations = {
    'custom-headers': 'default/extra',
    'configuration-snippet': 'more_set_headers "X-Snippet: 1";',
  }
  await putIngress(cluster, 'shop', { service: 'app', annotations })
  await ready(made)
  const without = await ask(gateway, '/', shop)
  expect([without.status, without.body]).toEqual([
    503,
    'ConfigMap default/extra of custom-headers does not exist\n',
  ])
  await cluster.put(kinds.configMap, { metadata: { name: 'extra' }, data: { 'X-Extra': 'yes' } })
  await serves(gateway, '/', 'app', shop)
  const { headers } = await ask(gateway, '/', shop)
  expect([headers['x-extra'], headers['x-snippet']]).toEqual(['yes', undefined])
})

test('rewrites, virtual hosts and time-outs', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await pod(cluster, 'app', (incoming, response) => {
    if (incoming.url === '/never') return
    if (incoming.url === '/halfway') {
      response.write('half')
      return
    }
    const { host, 'x-forwarded-prefix': prefix } = incoming.headers
    response.end(`${incoming.url} ${host} ${prefix ?? ''}`)
  })
  await putService(cluster, 'app', ['app'])
  await putIngress(cluster, 'rewrite', {
    host: 'rewrite.test',
    service: 'app',
    path: '/api(/|$)(.*)',
    pathType: 'ImplementationSpecific',
    annotations: {
      'rewrite-target': '/$2',
      'upstream-vhost': 'inside.test',
      'x-forwarded-prefix': '/api',
    },
  })
  await putIngress(cluster, 'patient', { host: 'patient.test', service: 'app' })
  await putIngress(cluster, 'shop', { service: 'app', annotations: { 'proxy-read-timeout': '1' } })
  await ready(made)
  const rewritten = await ask(gateway, '/API/v1/x?q=1', { host: 'rewrite.test' })
  expect(rewritten.body).toBe('/v1/x?q=1 inside.test /api')
  expect((await ask(gateway, '/other', { host: 'rewrite.test' })).status).toBe(404)
  expect((await ask(gateway, '/never', shop)).status).toBe(504)
  await expect(ask(gateway, '/halfway', shop)).rejects.toThrow()
})

test('a bad Ingress hurts no other, and is told once', async () => {
  const made = await world()
  const { cluster, gateway } = made
  await podsWithServices(cluster, 'app')
  const bad: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['expression', { 'use-regex': 'true' }, '/('],
    ['look-around', { 'use-regex': 'true' }, '/(?=x)'],
    ['protocol', { 'backend-protocol': 'FCGI' }, '/'],
    ['weight', { canary: 'yes', 'canary-weight': 'many' }, '/'],
    ['timeout', { 'proxy-read-timeout': '-1' }, '/'],
    ['missing', {}, '/'],
    ['header', { 'custom-headers': 'default/bad' }, '/'],
    ['address', { 'permanent-redirect': 'https://new.test/\u{1f600}' }, '/'],
    ['host', { 'upstream-vhost': 'a\nb' }, '/'],
  ]
  await cluster.put(kinds.configMap, { metadata: { name: 'bad' }, data: { 'X-Bad': 'a\nb: c' } })
  for (const [name, annotations, path] of bad) {
    await putIngress(cluster, name, {
      service: name === 'missing' ? 'nowhere' : 'app',
      host: `${name}.test`,
      path,
      pathType: 'ImplementationSpecific',
      annotations,
    })
  }
  await cluster.put(kinds.ingress, {
    metadata: { name: 'only-default' },
    spec: {
      ingressClassName: 'nginx',
      defaultBackend: { resource: { apiGroup: 'example.com', kind: 'Bucket', name: 'files' } },
    },
  })
  await putIngress(cluster, 'shop', { service: 'app', annotations: { affinity: 'unknown' } })
  await ready(made)
  expect((await ask(gateway, '/', shop)).body).toBe('app')
  const statuses = {
    expression: 404,
    'look-around': 404,
    protocol: 404,
    weight: 200,
    timeout: 200,
    missing: 503,
    header: 500,
    address: 500,
    host: 500,
  }
  for (const [name, status] of Object.entries(statuses)) {
    expect([name, (await ask(gateway, '/x', { host: `${name}.test` })).status]).toEqual([
      name,
      status,
    ])
  }
  expect(made.reports.filter((report) => report.includes('default/expression'))).toHaveLength(1)
  expect(made.reports.join('\n')).toMatch(
    /default\/look-around, path .*look-around or a back-reference/,
  )
})
