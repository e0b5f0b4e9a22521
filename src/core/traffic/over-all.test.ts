/** Several routing objects that bear the same weights: they are one route to everybody who asks. */
import { describe, expect, test } from 'vitest'
import { httpRoute } from '#test/gen/release.ts'
import type { HttpRoute } from '../k8s/gateway-api.ts'
import type { KubeObject } from '../k8s/meta.ts'
import { routers } from './register.ts'
import type { RouteObjects, RouteReading, Router } from './router.ts'
import { appOn, written } from './traffic.suite.ts'

const router = routers['gateway-api'] as Router
const app = appOn('gateway-api', { also: ['shop-mesh'] })

const route = (name: string, weight = 0, accepted = true, generation = 1): KubeObject => {
  const plain = httpRoute(100 - weight, weight)
  const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
    type,
    status: 'True' as const,
    observedGeneration: generation,
    lastTransitionTime: '2026-11-21T00:00:00Z',
    reason: type,
    message: '',
  }))
  const parents = [{ parentRef: { name: 'gateway' }, controllerName: 'x', conditions }]
  const metadata = { ...plain.metadata, name, uid: name, resourceVersion: '1', generation }
  return { ...plain, metadata, ...(accepted ? { status: { parents } } : {}) }
}

const both = (one: KubeObject, other?: KubeObject): RouteObjects => ({
  'HTTPRoute/shop': one,
  ...(other === undefined ? {} : { 'HTTPRoute/shop-mesh': other }),
})

const weightsIn = (objects: RouteObjects, name: string): readonly unknown[] => {
  const { spec } = objects[`HTTPRoute/${name}`] as HttpRoute
  return (spec.rules?.[0]?.backendRefs ?? []).map(({ weight }) => weight)
}

function reading(objects: RouteObjects): RouteReading & { kind: 'read' } {
  const found = router.read(app, objects, {})
  if (found.kind !== 'read') throw new Error(found.kind)
  return found
}

describe('routes that go together', () => {
  test('are asked for by name, and claimed, all of them', () => {
    expect(router.objects(app).map(({ name }) => name)).toEqual(['shop', 'shop-mesh'])
  })

  test('are written to, all of them', () => {
    const before = both(route('shop'), route('shop-mesh'))
    const split = { weights: { stable: 70, canary: 30 }, matches: {} }
    const after = written(before, router.render(app, before, split)) ?? {}
    expect([weightsIn(after, 'shop'), weightsIn(after, 'shop-mesh')]).toEqual([
      [70, 30],
      [70, 30],
    ])
    expect(router.render(app, after, split)).toEqual([])
    expect(reading(after)).toMatchObject({ uniform: true, weights: { stable: 70, canary: 30 } })
  })

  test('disagree where one is behind: no single split is true', () => {
    expect(reading(both(route('shop', 30), route('shop-mesh', 10))).uniform).toBe(false)
  })

  test('are accepted when all of them are', () => {
    const kind = (one: KubeObject, other: KubeObject): string =>
      reading(both(one, other)).acceptance.kind
    expect(kind(route('shop'), route('shop-mesh'))).toBe('accepted')
    expect(kind(route('shop'), route('shop-mesh', 0, false))).toBe('waiting')
    expect(kind(route('shop', 0, false), route('shop-mesh'))).toBe('waiting')
  })

  test('have a new name for each state of any of them', () => {
    const token = (generation: number): string => {
      const other = route('shop-mesh', 30, true, generation)
      const { acceptance } = reading(both(route('shop', 30), other))
      return acceptance.kind === 'accepted' ? acceptance.token : ''
    }
    expect(token(1)).not.toBe(token(2))
  })

  test('are missing, or unusable, when one of them is; which one, is told', () => {
    expect(router.read(app, both(route('shop')), {})).toEqual({
      kind: 'missing',
      object: 'HTTPRoute shop-mesh',
    })
    const empty = { ...route('shop-mesh'), spec: { rules: [] } } as KubeObject
    expect(router.read(app, both(route('shop'), empty), {})).toMatchObject({
      kind: 'unusable',
      object: 'HTTPRoute shop-mesh',
    })
  })

  test('are given back, all of them', () => {
    const header = { kind: 'header', name: 'x-variant', value: 'b', regex: false } as const
    const before = both(route('shop'), route('shop-mesh'))
    const split = { weights: { stable: 100, canary: 0 }, matches: { canary: [header] } }
    const after = written(before, router.render(app, before, split)) ?? {}
    expect(JSON.stringify(after['HTTPRoute/shop-mesh'])).toContain('x-variant')
    const home = written(after, router.restore(app, after)) ?? {}
    for (const name of ['shop', 'shop-mesh'])
      expect(JSON.stringify(home[`HTTPRoute/${name}`])).not.toContain('x-variant')
  })
})
