/** What is special to each router: objects of ours beside the route, rules without names, and what Istio says. */
import { describe, expect, test } from 'vitest'
import type { HttpRoute } from '../k8s/gateway-api.ts'
import type { KubeObject } from '../k8s/meta.ts'
import type { App, Match } from '../model/app.ts'
import { gatewayApi as http, objects } from './gateway-api.suite.ts'
import { istio, virtualService, virtuals } from './istio.suite.ts'
import { nginx } from './nginx.suite.ts'
import { routers } from './register.ts'
import type { RouteObjects, Router } from './router.ts'
import { appOn, type RouterFixture, written } from './traffic.suite.ts'

const matches: Readonly<Record<string, readonly Match[]>> = {
  canary: [
    { kind: 'header', name: 'x-variant', value: 'b', regex: false },
    { kind: 'cookie', name: 'variant', value: 'b' },
  ],
}

function previewed(app: App, previewHost: string): App {
  return { ...app, plan: { ...app.plan, promotion: { ...app.plan.promotion, previewHost } } }
}

function spec(object: KubeObject | undefined): unknown {
  return (object as (KubeObject & { spec: unknown }) | undefined)?.spec
}

describe('the host of a preview', () => {
  const rows: readonly (readonly [string, RouterFixture, unknown])[] = [
    [
      'gateway-api',
      http,
      {
        parentRefs: [{ name: 'gateway' }],
        hostnames: ['preview.example.com'],
        rules: [{ backendRefs: [{ name: 'shop-canary', port: 80, weight: 1 }] }],
      },
    ],
    [
      'nginx',
      nginx,
      {
        ingressClassName: 'nginx',
        rules: [
          {
            host: 'preview.example.com',
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 'shop-canary', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    ],
    [
      'istio',
      istio,
      {
        hosts: ['preview.example.com'],
        gateways: ['front'],
        http: [
          { route: [{ destination: { host: 'shop-canary', port: { number: 80 } }, weight: 100 }] },
        ],
      },
    ],
  ]
  for (const [name, fixture, wanted] of rows) {
    test(`${name} has an object of its own for it, which goes at the end`, () => {
      const router = routers[name] as Router
      const app = previewed(fixture.app, 'preview.example.com')
      const [made] = router.companions(app, fixture.plain)
      expect(spec(made)).toEqual(wanted)
      expect(made?.metadata.ownerReferences).toEqual([app.owner])
      const after = written(
        fixture.plain,
        made === undefined ? [] : [{ kind: 'create', object: made }],
      )
      expect(written(after ?? {}, router.restore(app, after ?? {}))).toEqual(fixture.plain)
      expect(router.companions(fixture.app, fixture.plain)).toEqual([])
    })
  }
})

test('A61: another host leads to this one by an object of its own', () => {
  const redirect = { from: 'www.shop.example.com', to: 'shop.example.com' }
  const made = [http, nginx, istio].map((fixture) => {
    const app = { ...fixture.app, traffic: { ...fixture.app.traffic, extras: { redirect } } }
    return (routers[app.traffic.router] as Router).companions(app, fixture.plain)[0]
  })
  expect(made.map((one) => one?.metadata.name)).toEqual(Array(3).fill('shop-www-redirect'))
  for (const one of made) {
    expect(JSON.stringify(one)).toContain('www.shop.example.com')
    expect(JSON.stringify(one)).toMatch(/https/)
  }
})

describe('rules by match in an HTTPRoute', () => {
  const { render, read } = routers['gateway-api'] as Router
  const asked = { weights: { stable: 80, canary: 20 }, matches }

  test('K39: one for each alternative, in order, before the rule that is split', () => {
    const after = written(http.plain, render(http.app, http.plain, asked)) ?? {}
    const rules = (after['HTTPRoute/shop'] as HttpRoute).spec.rules ?? []
    expect(rules.map(({ name }) => name)).toEqual([
      'headgate-canary',
      'headgate-canary-2',
      undefined,
    ])
    expect(rules.slice(0, 2).map(({ backendRefs }) => backendRefs)).toEqual(
      Array(2).fill([{ name: 'shop-canary', port: 80, weight: 100 }]),
    )
    expect(rules[0]?.matches).toEqual([
      { headers: [{ type: 'Exact', name: 'x-variant', value: 'b' }] },
    ])
    expect(rules[1]?.matches?.[0]?.headers?.[0]?.name).toBe('Cookie')
  })

  test('K39: a door may give the names', () => {
    const names = { canary: ['variant-b', 'variant-b-cookie'] }
    const app = appOn('gateway-api', { matchNames: names })
    const after = written(http.plain, render(app, http.plain, asked)) ?? {}
    const rules = (after['HTTPRoute/shop'] as HttpRoute).spec.rules ?? []
    expect(rules.map(({ name }) => name)).toEqual([...names.canary, undefined])
    expect(read(app, after, {})).toMatchObject({ uniform: true, matches })
  })

  test('are known again where the server drops their names', () => {
    const after = written(http.plain, render(http.app, http.plain, asked)) ?? {}
    const one = after['HTTPRoute/shop'] as HttpRoute
    const rules = (one.spec.rules ?? []).map(({ name: _dropped, ...rule }) => rule)
    const dropped: RouteObjects = objects({ ...one, spec: { ...one.spec, rules } })
    expect(read(http.app, dropped, {})).toMatchObject({ uniform: true, matches })
    expect(render(http.app, dropped, asked)).toEqual([])
    const gone = written(dropped, render(http.app, dropped, { ...asked, matches: {} })) ?? {}
    expect((gone['HTTPRoute/shop'] as HttpRoute).spec.rules).toHaveLength(1)
  })

  test('that are not what we would write any more are no single split', () => {
    const after = written(http.plain, render(http.app, http.plain, asked)) ?? {}
    const one = after['HTTPRoute/shop'] as HttpRoute
    const rules = (one.spec.rules ?? []).map((rule, index) =>
      index === 2 ? { ...rule, timeouts: { request: '3s' } } : rule,
    )
    const edited = objects({ ...one, spec: { ...one.spec, rules } })
    expect(read(http.app, edited, {})).toMatchObject({ uniform: false, matches })
    const again = written(edited, render(http.app, edited, asked)) ?? {}
    expect(read(http.app, again, {})).toMatchObject({ uniform: true, matches })
  })
})

describe('what Istio says of a VirtualService', () => {
  const { read } = routers['istio'] as Router
  const error = { level: 'ERROR', type: { name: 'ReferencedResourceNotFound', code: 'IST0101' } }
  const rows = [
    ['nothing', undefined, 'accepted', ''],
    ['an error', { validationMessages: [error] }, 'refused', 'IST0101 ReferencedResourceNotFound'],
    ['a warning', { validationMessages: [{ ...error, level: 'WARNING' }] }, 'accepted', ''],
    [
      'an error about an older one',
      { observedGeneration: 2, validationMessages: [error] },
      'accepted',
      '',
    ],
  ] as const
  for (const [name, status, kind, words] of rows) {
    test(`${name}: ${kind}`, () => {
      const found = read(istio.app, virtuals(virtualService(undefined, status)), {})
      if (found.kind !== 'read') throw new Error(found.kind)
      expect(found.acceptance.kind).toBe(kind)
      if (found.acceptance.kind !== 'accepted') expect(found.acceptance.message).toContain(words)
    })
  }

  test('roles may be subsets of one host, in any version', () => {
    const subsets = { host: 'shop', of: { stable: 'primary', canary: 'secondary' } }
    const app = appOn('istio', { subsets, apiVersion: 'networking.istio.io/v1beta1' })
    const route = ['primary', 'secondary'].map((subset, index) => ({
      destination: { host: 'shop', subset },
      weight: index === 0 ? 100 : 0,
    }))
    const given = virtuals({
      ...virtualService([{ route }]),
      apiVersion: 'networking.istio.io/v1beta1',
    })
    const router = routers['istio'] as Router
    const split = { weights: { stable: 70, canary: 30 }, matches: {} }
    const after = written(given, router.render(app, given, split)) ?? {}
    expect(router.read(app, after, {})).toMatchObject({ weights: split.weights, uniform: true })
    expect(router.objects(app)[0]?.apiVersion).toBe('networking.istio.io/v1beta1')
  })
})
