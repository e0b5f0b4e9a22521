/** Services asked by their own name: every request goes where the selector points now. */
import { expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { putIngress } from './testing/ingresses.ts'
import { ask, counts, pod, podsWithServices, serves, world } from './testing/running.ts'
import { backends, putRoute, putService } from './testing/world.ts'

test('all names of a Service lead to its ready endpoints, and a switch is seen at once', async () => {
  const { cluster, gateway } = await world()
  for (const name of ['blue-1', 'blue-2', 'green']) await pod(cluster, name)
  await putService(cluster, 'shop', ['blue-1', 'blue-2'])
  const names = ['shop.default', 'shop.default.svc', 'SHOP.default.svc.cluster.local:80']
  for (const host of names) {
    expect(await counts(gateway, 10, { host })).toEqual({ 'blue-1': 5, 'blue-2': 5 })
  }
  await putService(cluster, 'shop', ['green'])
  await serves(gateway, '/', 'green', { host: 'shop.default' })
  expect(await counts(gateway, 10, { host: 'shop.default' })).toEqual({ green: 10 })
  await putService(cluster, 'shop', [])
  const empty = await ask(gateway, '/', { host: 'shop.default' })
  expect([empty.status, empty.body]).toEqual([503, 'no ready endpoint of default/shop:80\n'])
})

test('pods count by their number, as kube-proxy spreads', async () => {
  const { cluster, gateway } = await world()
  const all = ['s1', 's2', 's3', 's4', 'c1']
  for (const name of all) await pod(cluster, name)
  await putService(cluster, 'shop', all)
  const found = await counts(gateway, 100, { host: 'shop.default' })
  expect(found).toEqual(Object.fromEntries(all.map((name) => [name, 20])))
})

test('the port that is named is taken, else 80, else the first one', async () => {
  const { cluster, gateway } = await world()
  await podsWithServices(cluster, 'one', 'two')
  const ports = [
    { name: 'a', port: 8081, targetPort: 8080 },
    { name: 'b', port: 8082, targetPort: 8080 },
  ]
  await cluster.put(kinds.service, { metadata: { name: 'shop' }, spec: { ports } })
  for (const [name, target] of [
    ['a', 'one'],
    ['b', 'two'],
  ] as const) {
    await cluster.put(kinds.endpointSlice, {
      metadata: { name: `shop-${name}`, labels: { 'kubernetes.io/service-name': 'shop' } },
      addressType: 'IPv4',
      ports: [{ name, port: 8080, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['10.244.9.9'],
          conditions: { ready: true },
          targetRef: { kind: 'Pod', namespace: 'default', name: target },
        },
      ],
    })
  }
  await serves(gateway, '/', 'one', { host: 'shop.default' })
  await serves(gateway, '/', 'two', { host: 'shop.default:8082' })
  await serves(gateway, '/', 'one', { host: 'shop.default:1' })
})

test('a route of exactly that name goes first, a wildcard does not', async () => {
  const { cluster, gateway } = await world()
  await podsWithServices(cluster, 'shop', 'routed', 'wild')
  await putRoute(cluster, 'wild', { rules: [{ backendRefs: backends({ wild: 1 }) }] })
  await serves(gateway, '/', 'wild')
  await serves(gateway, '/', 'shop', { host: 'shop.default' })
  expect((await ask(gateway, '/', { host: 'none.default' })).body).toBe('wild')
  // Superposition's Ingresses have hosts of this very form.
  await putIngress(cluster, 'shop', { host: 'shop.default', service: 'routed' })
  await serves(gateway, '/', 'routed', { host: 'shop.default' })
  await serves(gateway, '/', 'shop', { host: 'shop.default.svc' })
})
