/** Bad input: refused with a sentence that helps, or named in the status with a safe stance, and recovered from. */
import { describe, expect, test } from 'vitest'
import type { Release, ReleaseSpec } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { systemClock } from '#kube/system.ts'
import { release } from '../gen/release.ts'
import { fakePrometheus } from './fake-prometheus.ts'
import { Actor, sharedStage } from './stage.ts'

const stage = sharedStage()

describe('refused at admission', () => {
  const weight = (value: number) => ({ canary: { steps: [{ weight: value }] } })
  const analysis = (metric: object) => ({
    provider: { prometheus: { address: 'http://p.m.svc' } },
    metrics: [{ name: 'errors', ...metric }],
  })
  const rows: readonly (readonly [string, object, RegExp])[] = [
    [
      'a weight above 100',
      { strategy: weight(130) },
      /steps\[0\]\.weight.*less than or equal to 100/,
    ],
    ['no steps', { strategy: { canary: { steps: [] } } }, /steps.*at least 1 item/],
    [
      'an unknown router',
      { traffic: { router: 'carrier-pigeon', route: 'shop' } },
      /router.*Unsupported value: "carrier-pigeon".*gateway-api/,
    ],
    [
      'one Service for both roles',
      { services: { stable: 'shop', candidate: 'shop' } },
      /two different Services/,
    ],
    [
      'a selector the template does not have',
      { selector: { matchLabels: { app: 'other' } } },
      /must have all labels of spec\.selector/,
    ],
    ['a time that is none', { progressDeadline: 'soon' }, /write a duration like 30s, 5m or 1h30m/],
    [
      'an analysis step without its metric',
      { strategy: { canary: { steps: [{ analysis: ['errors'] }] } } },
      /spec\.analysis\.metrics does not define/,
    ],
    [
      'a metric without limits',
      { analysis: analysis({ template: 'error-rate' }) },
      /max, min or both/,
    ],
    [
      'a metric with two questions',
      { analysis: analysis({ template: 'error-rate', query: 'up', max: 1 }) },
      /either template or query/,
    ],
    [
      'two things in one step',
      { strategy: { canary: { steps: [{ weight: 10, analysis: ['errors'] }] } } },
      /one of weight, replicas, pause, analysis/,
    ],
  ]
  for (const [name, spec, sentence] of rows) {
    test(name, async () => {
      const { metadata, ...rest } = release(spec as Partial<ReleaseSpec>)
      const object = {
        ...rest,
        metadata: { name: 'refused', namespace: metadata.namespace ?? 'default' },
      } as Release
      await expect(stage().local.cluster.create(kinds.release, object)).rejects.toThrow(sentence)
    })
  }
})

describe('named in the status, and recovered from', () => {
  test('a missing HTTPRoute holds the release until it exists', async () => {
    const shop = new Actor(stage(), 'no-route')
    await shop.install('v1', { traffic: { route: 'later' } })
    await shop.until(({ status }) => status?.reason?.type === 'RouteMissing')
    expect(shop.release?.status?.reason?.message).toMatch(
      /HTTPRoute later does not exist.*backendRefs to no-route-stable and no-route-canary/,
    )
    const route = stage().routes.get('default/no-route')
    await stage().local.cluster.create(kinds.httpRoute, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'later', namespace: 'default' },
      spec: route?.spec,
    } as never)
    await shop.comesTo('Completed')
  })

  test('a route without backends for the release says what to add', async () => {
    const shop = new Actor(stage(), 'half-route')
    await shop.install('v1', { services: { stable: 'elsewhere', candidate: 'nowhere' } })
    await shop.until(({ status }) => status?.reason?.type === 'RouteUnusable')
    expect(shop.release?.status?.reason?.message).toMatch(
      /add one to the rule whose traffic is to be split/,
    )
    expect(shop.release?.status?.conditions?.map(({ type }) => type)).toContain('Stalled')
  })

  test('a second release on the same route is told who has it, and the first goes on', async () => {
    const first = new Actor(stage(), 'rival')
    await first.install('v1', {})
    await first.comesTo('Completed')
    await nextSecond()
    const second = new Actor(stage(), 'latecomer')
    await second.install('v1', { traffic: { route: 'rival' } })
    await second.until(({ status }) => status?.reason?.type === 'RivalRelease')
    expect(second.release?.status?.reason?.message).toMatch(
      /headgate\/default\/rival governs HTTPRoute rival already/,
    )
    expect(second.pods()).toEqual({})
    await first.ask('v2')
    await first.comesTo('Completed')
    await stage().local.cluster.remove(kinds.release, { namespace: 'default', name: 'rival' })
    await second.until(({ status }) => status?.reason?.type !== 'RivalRelease')
  })

  test('a template that the server refuses is named with the words of the server, and mended by another', async () => {
    const shop = new Actor(stage(), 'bad-template')
    await shop.install('v1', {})
    await shop.comesTo('Completed')
    const template = {
      metadata: { labels: { app: 'bad-template' } },
      spec: { containers: [{ name: 'UPPER', image: 'x:v2' }] },
    }
    await stage().local.cluster.patch(
      kinds.release,
      { namespace: 'default', name: 'bad-template' },
      'merge',
      { spec: { template } },
    )
    await shop.until(({ status }) => status?.reason?.type === 'WorkloadRefused')
    expect(shop.canaryWeight).toBe(0)
    await shop.ask('v3')
    await shop.comesTo('Completed')
  })

  test('a release whose pods another one selects waits until that one is gone', async () => {
    const first = new Actor(stage(), 'pods-first')
    await first.install('v1', { replicas: 1 })
    await first.comesTo('Completed')
    await nextSecond()
    const second = new Actor(stage(), 'pods-second')
    const { selector, template } = (first.release as Release).spec
    await second.install('v1', { replicas: 1, selector, template })
    await second.until(() => second.reason.type === 'RivalRelease')
    expect(second.reason.message).toMatch(
      /headgate\/default\/pods-first governs Pods app=pods-first already/,
    )
    expect(second.pods()).toEqual({})
    expect(first.pods()).toEqual({ v1: 1 })
    await stage().local.cluster.remove(kinds.release, { namespace: 'default', name: first.name })
    await second.comesTo('Completed')
  })

  test('a Service that selects nothing gets no traffic, and the release goes on when it is mended', async () => {
    const { cluster } = stage().local
    const shop = new Actor(stage(), 'astray')
    await cluster.create(kinds.service, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'astray-canary', namespace: 'default' },
      spec: { selector: { app: 'nobody' }, ports: [{ port: 80, targetPort: 8080 }] },
    } as never)
    await shop.install('v1', { replicas: 1 })
    await shop.comesTo('Completed')
    await shop.ask('v2')
    await shop.until(() => /astray-canary has 0 of the 1 ready endpoints/.test(shop.reason.message))
    expect(shop.reason.type).toBe('WaitingForEndpoints')
    expect(shop.canaryWeight).toBe(0)
    const mended = { spec: { selector: { app: shop.name } } }
    const at = { namespace: 'default', name: 'astray-canary' }
    await cluster.patch(kinds.service, at, 'merge', mended)
    await shop.comesTo('Completed')
    expect(await shop.versions()).toEqual(new Set(['v2']))
  })

  test('a Prometheus that is not there holds the release, and it goes on when it answers', async () => {
    const prometheus = await fakePrometheus()
    const shop = new Actor(stage(), 'no-metrics')
    await shop.install('v1', {
      strategy: { canary: { steps: [{ weight: 50 }, { analysis: ['errors'] }] } },
      analysis: {
        provider: { prometheus: { address: 'http://fake.default.svc:9090' } },
        metrics: [{ name: 'errors', query: 'errors', max: 5, interval: '1s' }],
      },
    })
    await shop.comesTo('Completed')
    await shop.ask('v2')
    await shop.until(() => shop.reason.type === 'WaitingForMetrics')
    expect(shop.canaryWeight).toBe(50)
    await prometheus.serveAs(stage().local.cluster, 'fake')
    await shop.comesTo('Completed')
    await prometheus.stop()
  })
})

/** Who came first is told by creation times, which Kubernetes keeps in whole seconds. */
function nextSecond(): Promise<void> {
  const clock = systemClock()
  return new Promise((resolve) => clock.after(1000 - (clock.now() % 1000), resolve))
}
