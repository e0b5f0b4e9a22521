/** Which rule a request meets: hosts, matches and the standard's precedence. */
import { expect, test } from 'vitest'
import type { HttpRoute, HttpRouteSpec } from '#core/k8s/gateway-api.ts'
import { buildTable, findEntry, hostWithoutPort } from '../table.ts'
import { httpRouteEntries } from './http-route.ts'

const route = (name: string, spec: HttpRouteSpec, createdAt = '2026-01-01T00:00:00Z') =>
  httpRouteEntries(
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name, namespace: 'default', creationTimestamp: createdAt },
      spec,
    } as HttpRoute,
    (spec.hostnames ?? ['*']).map((host) => ({ host, scheme: 'http' as const })),
    () => true,
  )

const rule = (
  service: string,
  ...matches: NonNullable<HttpRouteSpec['rules']>[number]['matches'] & object
) => ({
  matches,
  backendRefs: [{ name: service, port: 80 }],
})

const table = buildTable([
  ...route('young', { rules: [rule('young', {})] }, '2026-01-02T00:00:00Z'),
  ...route('any', {
    rules: [
      rule('root', {}),
      rule('foo', { path: { type: 'PathPrefix', value: '/foo' } }),
      rule('foo-bar', { path: { type: 'PathPrefix', value: '/foo/bar/' } }),
      rule('foo-exact', { path: { type: 'Exact', value: '/foo' } }),
      rule('regex', { path: { type: 'RegularExpression', value: '/re/[0-9]+' } }),
      rule('post', { method: 'POST' }),
      rule('header', { headers: [{ name: 'X-Variant', value: 'b' }] }),
      rule('two-headers', {
        headers: [
          { name: 'x-variant', value: 'b' },
          { name: 'x-user', type: 'RegularExpression', value: 'a.*' },
        ],
      }),
      rule('query', { queryParams: [{ name: 'v', value: '2' }] }),
    ],
  }),
  ...route('wild', { hostnames: ['*.example.com'], rules: [rule('wild', {})] }),
  ...route('exact', {
    hostnames: ['shop.example.com'],
    rules: [rule('shop', { path: { value: '/shop' } })],
  }),
])

type Asked = {
  readonly host?: string
  readonly method?: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
}

const rows: readonly (readonly [sentence: string, path: string, asked: Asked, service: string])[] =
  [
    ['the older route wins a tie', '/', {}, 'root'],
    ['a prefix takes its own path', '/foo/x', {}, 'foo'],
    ['a prefix counts whole segments', '/foobar', {}, 'root'],
    ['the longer prefix wins', '/foo/bar/x', {}, 'foo-bar'],
    ['a slash at the end of a prefix means nothing', '/foo/bar', {}, 'foo-bar'],
    ['exact beats prefix', '/foo', {}, 'foo-exact'],
    ['a regular expression takes the whole path', '/re/12', {}, 'regex'],
    ['and not a part of it', '/re/12/x', {}, 'root'],
    ['a method beats none', '/', { method: 'POST' }, 'post'],
    ['a path beats a method', '/foo', { method: 'POST' }, 'foo-exact'],
    ['a header beats none', '/', { headers: { 'x-variant': 'b' } }, 'header'],
    ['a method beats headers', '/', { method: 'POST', headers: { 'x-variant': 'b' } }, 'post'],
    ['more headers win', '/', { headers: { 'x-variant': 'b', 'x-user': 'anna' } }, 'two-headers'],
    ['a query parameter beats none', '/', { query: 'v=2' }, 'query'],
    ['a wildcard takes any depth', '/', { host: 'a.b.example.com' }, 'wild'],
    ['but not the bare name', '/', { host: 'example.com' }, 'root'],
    ['an exact host beats the wildcard', '/shop', { host: 'SHOP.example.com:8088' }, 'shop'],
    ['and does not fall back to it', '/', { host: 'shop.example.com' }, 'none'],
  ]

for (const [sentence, path, asked, service] of rows) {
  test(sentence, () => {
    const found = findEntry(table, hostWithoutPort(asked.host ?? 'any.test'), {
      scheme: 'http',
      authority: asked.host ?? 'any.test',
      client: '127.0.0.1',
      method: asked.method ?? 'GET',
      path,
      headers: asked.headers ?? {},
      query: new URLSearchParams(asked.query),
    })
    expect(found?.backends[0]?.service ?? 'none').toBe(service)
  })
}
