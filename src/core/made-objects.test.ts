/**
 * A door whose objects are all ours: routing objects that are made, a second one with the same weights, one Service for
 * all roles whose subsets tell pods apart. People's own routing objects are used as they are.
 */
import { describe, expect, test } from 'vitest'
import { release, template } from '#test/gen/release.ts'
import { SeatWorld } from '#test/gen/seat-world.ts'
import { command, pass, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import type { VirtualService } from './k8s/istio.ts'
import type { KubeObject } from './k8s/meta.ts'
import type { App } from './model/app.ts'
import { podsFor } from './model/weights.ts'

const istio = 'networking.istio.io/v1'

const to = (port: number) =>
  [
    ['primary', 100],
    ['secondary', 0],
  ].map(([subset, weight]) => ({
    destination: { host: 'shop', subset, port: { number: port } },
    weight,
  }))

function objects(port: number): readonly KubeObject[] {
  const made = (kind: string, name: string, spec: object): KubeObject =>
    ({ apiVersion: istio, kind, metadata: { name }, spec }) as KubeObject
  const subsets = ['primary', 'secondary'].map((name) => ({ name, labels: { service: name } }))
  return [
    made('VirtualService', 'shop', {
      hosts: ['*'],
      gateways: ['shop'],
      http: [{ route: to(port) }],
    }),
    made('VirtualService', 'shop-mesh', { hosts: ['shop'], http: [{ route: to(port) }] }),
    made('DestinationRule', 'shop', { host: 'shop', subsets }),
    made('Gateway', 'shop', { servers: [{ hosts: ['*'] }] }),
  ]
}

function meshed(app: App, port: number): App {
  const seat = (name: string) => ({ name: `shop-${name}`, labels: { service: name } })
  return {
    ...app,
    services: { stable: 'shop', canary: 'shop' },
    workloads: {
      kind: 'Deployment',
      layout: {
        by: 'role',
        roles: { stable: seat('primary'), canary: seat('secondary') },
        promotion: 'replace',
        idle: 'delete',
      },
    },
    traffic: {
      router: 'istio',
      route: 'shop',
      also: ['shop-mesh'],
      settleMs: undefined,
      subsets: { host: 'shop', of: { stable: 'primary', canary: 'secondary' } },
    },
    made: { service: { ports: [{ name: 'http', port }] }, objects: objects(port) },
  }
}

function world(): SeatWorld & { port: number } {
  const steps = [{ weight: 10, replicas: 1 }, { pause: {} }]
  const spec = {
    strategy: { canary: { steps } },
    services: { stable: 'shop', candidate: 'unused' },
  }
  const made = Object.assign(new SeatWorld(release(spec), undefined), { port: 80 })
  made.door = (app) => meshed(app, made.port)
  return made
}

function serving(): ReturnType<typeof world> {
  const made = world()
  until(made, phaseIs('Completed'))
  settle(made)
  return made
}

function weightsIn(one: SeatWorld, name = 'shop'): readonly unknown[] {
  const { spec } = one.objects.get(`VirtualService/${name}`) as VirtualService
  return (spec?.http?.[0]?.route ?? []).map(({ destination, weight }) => [
    destination.subset,
    weight,
  ])
}

const podsOf = (one: SeatWorld, service: string): number =>
  [...one.pods.values()].filter((pod) => pod.ready && pod.labels['service'] === service).length

/** Each subset has the pods for its weight, at every moment. */
function checkCapacity(one: SeatWorld): void {
  for (const name of ['shop', 'shop-mesh'])
    for (const [subset, weight] of weightsIn(one, name) as [string, number][])
      if (weight > 0 && weight < 100)
        expect(podsOf(one, subset), `${weight} % at ${subset}`).toBeGreaterThan(0)
      else if (weight === 100)
        expect(podsOf(one, subset), subset).toBeGreaterThanOrEqual(podsFor(4, 100))
}

describe('objects that a door asks for', () => {
  test('are made, and are ours', () => {
    const one = serving()
    expect([...one.objects.keys()]).toEqual([
      'VirtualService/shop',
      'VirtualService/shop-mesh',
      'DestinationRule/shop',
      'Gateway/shop',
    ])
    for (const { metadata } of one.objects.values())
      expect(metadata.ownerReferences?.[0]?.uid).toBe('release-uid')
    expect(one.services.get('shop')?.spec).toEqual({
      selector: { app: 'shop' },
      ports: [{ name: 'http', port: 80 }],
    })
    expect([...one.services.keys()]).toEqual(['shop'])
  })

  test('come back when somebody deletes them; the route with the weights of the moment', () => {
    const one = serving()
    one.ask({ template: template('shop:v2') })
    until(one, reasonIs('WaitingForApproval'))
    one.objects.delete('DestinationRule/shop')
    one.objects.delete('VirtualService/shop-mesh')
    settle(one)
    expect(one.objects.has('DestinationRule/shop')).toBe(true)
    expect(weightsIn(one, 'shop-mesh')).toEqual([
      ['primary', 90],
      ['secondary', 10],
    ])
  })

  test('are repaired where they differ, and follow what is asked for, also midway', () => {
    const one = serving()
    one.ask({ template: template('shop:v2') })
    until(one, reasonIs('WaitingForApproval'))
    one.port = 8081
    const gateway = one.objects.get('Gateway/shop') as KubeObject
    one.objects.set('Gateway/shop', { ...gateway, spec: { servers: [] } } as KubeObject)
    until(one, (now) => {
      checkCapacity(now as SeatWorld)
      return now.objects.get('Gateway/shop') !== gateway && pass(now).writes.length === 0
    })
    expect((one.objects.get('Gateway/shop') as KubeObject & { spec: unknown }).spec).toEqual({
      servers: [{ hosts: ['*'] }],
    })
    for (const name of ['shop', 'shop-mesh']) {
      const { spec } = one.objects.get(`VirtualService/${name}`) as VirtualService
      expect(spec?.http?.[0]?.route?.map(({ destination }) => destination.port?.number)).toEqual([
        8081, 8081,
      ])
      expect(weightsIn(one, name)).toEqual([
        ['primary', 90],
        ['secondary', 10],
      ])
    }
  })

  test('a routing object that people wrote is used as it is; another object of theirs is in the way', () => {
    const one = world()
    const [theirs, , rule] = objects(80) as [KubeObject, KubeObject, KubeObject]
    const spec = { hosts: ['shop.example.com'], http: [{ timeout: '3s', route: to(80) }] }
    one.objects.set('VirtualService/shop', { ...theirs, spec } as KubeObject)
    until(one, phaseIs('Completed'))
    const { spec: kept } = one.objects.get('VirtualService/shop') as VirtualService
    expect([kept?.hosts, kept?.http?.[0]?.timeout]).toEqual([['shop.example.com'], '3s'])
    const other = world()
    other.objects.set('DestinationRule/shop', rule)
    for (let passes = 0; passes < 10; passes += 1) pass(other)
    const { type, message } = other.release.status?.reason ?? {}
    expect([type, message]).toEqual([
      'RouteUnusable',
      'DestinationRule shop exists and was not made for this release; rename it, or delete it',
    ])
    expect(other.objects.get('DestinationRule/shop')).toBe(rule)
  })
})

describe('two routes and one Service', () => {
  test('bear the same weights at every step; subsets have the pods for them through a promotion', () => {
    const one = serving()
    one.ask({ template: template('shop:v2') })
    until(one, reasonIs('WaitingForApproval'))
    for (const name of ['shop', 'shop-mesh'])
      expect(weightsIn(one, name)).toEqual([
        ['primary', 90],
        ['secondary', 10],
      ])
    command(one, 'promote')
    until(one, (now) => {
      checkCapacity(now as SeatWorld)
      return phaseIs('Completed')(now)
    })
    settle(one)
    expect(weightsIn(one)).toEqual([
      ['primary', 100],
      ['secondary', 0],
    ])
    expect([...one.replicaSets.keys()]).toEqual(['shop-primary'])
    expect([podsOf(one, 'primary'), podsOf(one, 'secondary')]).toEqual([4, 0])
  })

  test('go back together', () => {
    const one = serving()
    one.ask({ template: template('shop:v2') })
    until(one, reasonIs('WaitingForApproval'))
    command(one, 'abort')
    until(one, phaseIs('Failed'))
    settle(one)
    for (const name of ['shop', 'shop-mesh'])
      expect(weightsIn(one, name)[0]).toEqual(['primary', 100])
    expect([...one.services.keys()]).toEqual(['shop'])
  })
})

describe('a cluster that does not serve them yet', () => {
  test('gets the workloads and the Service; the reason names what is missing; it goes on by itself', () => {
    const one = world()
    one.absent = ['VirtualService', 'DestinationRule', 'Gateway']
    for (let passes = 0; passes < 20; passes += 1) pass(one)
    expect(podsOf(one, 'primary')).toBe(4)
    expect(one.services.has('shop')).toBe(true)
    const { type, message } = one.release.status?.reason ?? {}
    expect(type).toBe('RouteMissing')
    expect(message).toBe(
      'the cluster does not serve VirtualService, which the router istio writes to; install its CustomResourceDefinitions, and this goes on by itself',
    )
    expect(one.objects.size).toBe(0)
    one.absent = []
    until(one, phaseIs('Completed'))
    settle(one)
    expect(one.objects.size).toBe(4)
  })
})
