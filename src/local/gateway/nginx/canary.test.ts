/** Canary Ingresses with real traffic: shares, precedence, and who is the first. */
import { describe, expect, test, vi } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { canary, putIngress } from '../testing/ingresses.ts'
import {
  type AskOptions,
  ask,
  counts,
  expectShare,
  podsWithServices,
  serves,
  type World,
  world,
} from '../testing/running.ts'
import { putService } from '../testing/world.ts'
import type { Ingress } from './wire.ts'

const shop = { host: 'shop.test' } as const

async function shopWith(
  annotations: Readonly<Record<string, string>>,
  split: 'random' | 'exact' = 'exact',
): Promise<World> {
  const made = await world({ split })
  const { cluster, gateway } = made
  await podsWithServices(cluster, 'stable', 'canary')
  await putIngress(cluster, 'shop', { service: 'stable' })
  await serves(gateway, '/', 'stable', shop)
  await putIngress(cluster, 'shop-canary', { service: 'canary', annotations })
  return made
}

/** Waits until everything that was put before is served: readings come in order. */
async function settled({ cluster, gateway }: World): Promise<void> {
  await putIngress(cluster, 'marker', { host: 'marker.test', service: 'stable' })
  await serves(gateway, '/', 'stable', { host: 'marker.test' })
}

describe('the split is within binomial bounds', () => {
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, number, number])[] = [
    ['20 of 100, of 5,000 requests', { 'canary-weight': '20' }, 0.2, 5000],
    [
      '5 of 1000 by the total',
      { 'canary-weight': '5', 'canary-weight-total': '1000' },
      0.005,
      3000,
    ],
    [
      'a total below 100 is not heeded',
      { 'canary-weight': '30', 'canary-weight-total': '60' },
      0.3,
      2000,
    ],
    ['0 is nobody', { 'canary-weight': '0' }, 0, 500],
    ['100 is everybody', { 'canary-weight': '100' }, 1, 500],
  ]
  for (const [name, annotations, share, requests] of rows) {
    test(`M26 ${name}`, async () => {
      const made = await shopWith(canary(annotations), 'random')
      await settled(made)
      const found = await counts(made.gateway, requests, shop)
      expectShare(found['canary'] ?? 0, requests, share)
      expect((found['canary'] ?? 0) + (found['stable'] ?? 0)).toBe(requests)
    })
  }
})

test('header before cookie before weight', async () => {
  const byAll = canary({
    'canary-by-header': 'X-Canary',
    'canary-by-cookie': 'canary',
    'canary-weight': '100',
  })
  const none = canary({ 'canary-by-header': 'X-Canary', 'canary-by-cookie': 'canary' })
  const value = canary({
    'canary-by-header': 'X-Region',
    'canary-by-header-value': 'north',
    'canary-by-cookie': 'canary',
  })
  const pattern = canary({ 'canary-by-header': 'X-Region', 'canary-by-header-pattern': 'no?rth' })
  const both = canary({
    'canary-by-header': 'X-Region',
    'canary-by-header-value': 'south',
    'canary-by-header-pattern': 'north',
  })
  const unreadable = canary({
    'canary-by-header': 'X-Region',
    'canary-by-header-pattern': '(',
    'canary-weight': '100',
  })
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, object, string])[] = [
    ['always is always', none, { 'x-canary': 'always' }, 'canary'],
    ['never is never', byAll, { 'x-canary': 'never' }, 'stable'],
    [
      'never wins over the cookie',
      byAll,
      { 'x-canary': 'never', cookie: 'canary=always' },
      'stable',
    ],
    [
      'always wins over the cookie',
      none,
      { 'x-canary': 'always', cookie: 'canary=never' },
      'canary',
    ],
    [
      'another word leaves it to the cookie',
      none,
      { 'x-canary': 'maybe', cookie: 'a=1; canary=always' },
      'canary',
    ],
    ['the cookie wins over the weight', byAll, { cookie: 'canary=never' }, 'stable'],
    ['another cookie leaves it to the weight', byAll, { cookie: 'canary=1' }, 'canary'],
    ['nothing is the weight', byAll, {}, 'canary'],
    ['without a weight nobody', none, {}, 'stable'],
    ['a value is to be met', value, { 'x-region': 'north' }, 'canary'],
    ['then always is just another value', value, { 'x-region': 'always' }, 'stable'],
    [
      'and another one leaves it to the cookie',
      value,
      { 'x-region': 'south', cookie: 'canary=always' },
      'canary',
    ],
    ['a pattern may be met anywhere', pattern, { 'x-region': 'far-nrth-west' }, 'canary'],
    ['or not', pattern, { 'x-region': 'south' }, 'stable'],
    ['a value makes a pattern void', both, { 'x-region': 'north' }, 'stable'],
    [
      'a pattern that cannot be read keeps the header on stable',
      unreadable,
      { 'x-region': 'x' },
      'stable',
    ],
    ['and touches nobody else', unreadable, {}, 'canary'],
  ]
  const made = await world()
  const { cluster, gateway } = made
  await podsWithServices(cluster, 'stable', 'canary')
  for (const [index, [, annotations]] of rows.entries()) {
    const host = `row${index}.test`
    await putIngress(cluster, `main-${index}`, { host, service: 'stable' })
    await putIngress(cluster, `canary-${index}`, { host, service: 'canary', annotations })
  }
  await settled(made)
  for (const [index, [name, , headers, body]] of rows.entries()) {
    const options = { host: `row${index}.test`, headers } as AskOptions
    expect([name, (await ask(gateway, '/', options)).body]).toEqual([name, body])
  }
})

test('MD08 only the first canary of a host and path counts', async () => {
  const { cluster, gateway } = await world()
  await podsWithServices(cluster, 'stable', 'one', 'two')
  await putIngress(cluster, 'shop', { service: 'stable' })
  const all = canary({ 'canary-weight': '100' })
  // Of one second they go by name, of different ones by age.
  await putIngress(cluster, 'a-canary', {
    service: 'one',
    annotations: canary({ 'canary-weight': '50' }),
  })
  await putIngress(cluster, 'b-canary', { service: 'two', annotations: all })
  await serves(gateway, '/', 'one', shop)
  const found = await counts(gateway, 100, shop)
  expect(found).toEqual({ stable: 50, one: 50 })
})

test('a canary without its main Ingress serves nobody', async () => {
  const { cluster, gateway } = await world()
  await podsWithServices(cluster, 'stable', 'canary')
  const annotations = canary({ 'canary-weight': '100' })
  await putIngress(cluster, 'canary', { service: 'canary', annotations })
  await putIngress(cluster, 'other-path', { service: 'stable', path: '/other' })
  await serves(gateway, '/other', 'stable', shop)
  expect((await ask(gateway, '/', shop)).status).toBe(404)
})

test('a canary without a ready pod leaves its share to the main backend', async () => {
  const made = await shopWith(canary({ 'canary-weight': '100' }))
  const { cluster, gateway } = made
  await serves(gateway, '/', 'canary', shop)
  await putService(cluster, 'canary', [])
  await serves(gateway, '/', 'stable', shop)
})

test('M28 a new weight follows after the delay, and nothing tells', async () => {
  const { cluster, gateway } = await shopWith(canary({ 'canary-weight': '0' }))
  gateway.setFollowDelay(300)
  const before = await cluster.get<Ingress>(kinds.ingress, 'default/shop-canary')
  await putIngress(cluster, 'shop-canary', {
    service: 'canary',
    annotations: canary({ 'canary-weight': '100' }),
  })
  expect((await ask(gateway, '/', shop)).body).toBe('stable')
  await serves(gateway, '/', 'canary', shop)
  const after = await cluster.get<Ingress>(kinds.ingress, 'default/shop-canary')
  expect(after.status).toEqual(before.status ?? after.status)
  await vi.waitFor(async () => {
    const { status } = await cluster.get<Ingress>(kinds.ingress, 'default/shop')
    expect(status?.loadBalancer?.ingress).toEqual([{ ip: '127.0.0.1' }])
  })
})

test('counts as ingress-nginx does: the canary under the main Ingress, told apart by one label', async () => {
  const { gateway } = await shopWith(canary({ 'canary-by-header': 'x-canary' }))
  await serves(gateway, '/', 'canary', { ...shop, headers: { 'x-canary': 'always' } })
  await counts(gateway, 10, shop)
  const text = gateway.metrics()
  const labels = (rest: string) =>
    `nginx_ingress_controller_requests{controller_class="k8s.io/ingress-nginx",controller_namespace="ingress-nginx",controller_pod="ingress-nginx-controller",namespace="default",ingress="shop",service="stable",canary="${rest}",host="shop.test",path="/",method="GET",status="200"}`
  expect(text).toContain(`${labels('')} `)
  expect(text).toContain(`${labels('default-canary-80')} `)
  expect(text).toMatch(
    /nginx_ingress_controller_request_duration_seconds_bucket\{.*canary="default-canary-80".*le="\+Inf"\} \d+/,
  )
})
