/** Bad input: refused with a sentence that helps, or named in the status with a safe stance, and recovered from. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Release, ReleaseSpec } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { systemClock } from '#kube/system.ts'
import { release } from '../gen/release.ts'
import { Actor, openStage, type Stage } from './stage.ts'

let stage: Stage
let stopController: () => Promise<void>

beforeAll(async () => {
  stage = await openStage()
  stopController = stage.startController()
})
afterAll(async () => {
  await stopController()
  await stage.stop()
})

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
      await expect(stage.local.cluster.create(kinds.release, object)).rejects.toThrow(sentence)
    })
  }
})

describe('named in the status, and recovered from', () => {
  test('a missing HTTPRoute holds the release until it exists', async () => {
    const shop = new Actor(stage, 'no-route')
    await shop.install('v1', { traffic: { route: 'later' } })
    await shop.until(({ status }) => status?.reason?.type === 'RouteMissing')
    expect(shop.release?.status?.reason?.message).toMatch(
      /HTTPRoute later does not exist.*backendRefs to no-route-stable and no-route-canary/,
    )
    const route = stage.routes.get('default/no-route')
    await stage.local.cluster.create(kinds.httpRoute, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'later', namespace: 'default' },
      spec: route?.spec,
    } as never)
    await shop.comesTo('Completed')
  })

  test('a route without backends for the release says what to add', async () => {
    const shop = new Actor(stage, 'half-route')
    await shop.install('v1', { services: { stable: 'half-route-stable', candidate: 'elsewhere' } })
    await shop.until(({ status }) => status?.reason?.type === 'RouteUnusable')
    expect(shop.release?.status?.reason?.message).toMatch(/add them to the rule/)
    expect(shop.release?.status?.conditions?.map(({ type }) => type)).toContain('Stalled')
  })

  test('a second release on the same route is told who has it, and the first goes on', async () => {
    const first = new Actor(stage, 'rival')
    await first.install('v1', {})
    await first.comesTo('Completed')
    await nextSecond()
    const second = new Actor(stage, 'latecomer')
    await second.install('v1', { traffic: { route: 'rival' } })
    await second.until(({ status }) => status?.reason?.type === 'RivalRelease')
    expect(second.release?.status?.reason?.message).toMatch(
      /headgate\/default\/rival governs HTTPRoute rival already/,
    )
    expect(second.pods()).toEqual({})
    await first.ask('v2')
    await first.comesTo('Completed')
    await stage.local.cluster.remove(kinds.release, { namespace: 'default', name: 'rival' })
    await second.until(({ status }) => status?.reason?.type !== 'RivalRelease')
  })

  test('a template that the server refuses is named with the words of the server, and mended by another', async () => {
    const shop = new Actor(stage, 'bad-template')
    await shop.install('v1', {})
    await shop.comesTo('Completed')
    const template = {
      metadata: { labels: { app: 'bad-template' } },
      spec: { containers: [{ name: 'UPPER', image: 'x:v2' }] },
    }
    await stage.local.cluster.patch(
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

  test('a Prometheus that is not there holds the release, and it goes on when it answers', async () => {
    const answers = { status: 503, body: 'no' }
    const server = await serve(answers)
    const shop = new Actor(stage, 'no-metrics')
    await shop.install('v1', {
      strategy: { canary: { steps: [{ weight: 50 }, { analysis: ['errors'] }] } },
      analysis: {
        provider: { prometheus: { address: 'http://fake.default.svc:9090' } },
        metrics: [{ name: 'errors', template: 'error-rate', max: 5, interval: '1s' }],
      },
    })
    await shop.comesTo('Completed')
    await shop.ask('v2')
    await shop.until(({ status }) => status?.reason?.type === 'WaitingForMetrics')
    await proxyTo(server)
    await shop.until(
      ({ status }) =>
        (status?.measurements?.[0]?.errors ?? 0) >= 1 &&
        status?.reason?.type === 'WaitingForMetrics',
    )
    expect(shop.canaryWeight).toBe(50)
    answers.status = 200
    answers.body =
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1.5,"0"]}]}}'
    await shop.comesTo('Completed')
    await new Promise((resolve) => server.close(resolve))
  })
})

function serve(answers: { status: number; body: string }): Promise<Server> {
  const server = createServer((_request, response) => {
    response.writeHead(answers.status, { 'content-type': 'application/json' }).end(answers.body)
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

/** A Service `fake` that leads to a server of this process. */
async function proxyTo(server: Server): Promise<void> {
  const address = { '9090': `127.0.0.1:${(server.address() as AddressInfo).port}` }
  await stage.local.cluster.create(kinds.service, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'fake',
      namespace: 'default',
      annotations: { 'local.headgate.dev/address': JSON.stringify(address) },
    },
    spec: { ports: [{ name: 'http', port: 9090 }] },
  } as never)
}

/** Who came first is told by creation times, which Kubernetes keeps in whole seconds. */
function nextSecond(): Promise<void> {
  const clock = systemClock()
  return new Promise((resolve) => clock.after(1000 - (clock.now() % 1000), resolve))
}
