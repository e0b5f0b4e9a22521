/** What people change while an image is tested, and what somebody else takes away. */
import { beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Service } from '#core/k8s/workloads.ts'
import { retryAnnotation } from '#doors/canaryapp/canary-app.ts'
import { image } from './sample.ts'
import { Actor, sharedStage } from './stage.ts'

const stage = sharedStage()
const istioGateway = { ...kinds.virtualService, kind: 'Gateway', plural: 'gateways' }

/** One quick step, and nobody is asked. */
const quick = {
  prometheusQuery: '',
  prometheusURL: '',
  deploymentReadyWaitTime: 0,
  trafficShiftUpdateInterval: 1,
  trafficShiftStep: 50,
} as const
/** Each step lasts until the test is over. */
const slow = { ...quick, trafficShiftUpdateInterval: 600, trafficShiftStep: 10 } as const

let shop: Actor
beforeAll(async () => {
  shop = new Actor(stage(), 'changing')
  await shop.install(slow)
})

describe('the image', () => {
  test('CD04: changed during a test, the test begins anew with the newest, and only that one is promoted', async () => {
    await shop.patch({ image: image('v2') })
    await shop.untilWeight(10)
    await shop.patch({ image: image('v3'), ...quick })
    await shop.until(({ status }) => status?.testedImage === image('v3'))
    await shop.serves(image('v3'))
    expect(shop.weights).toEqual([0, 10, 0, 50, 0])
    expect(shop.app?.status).toMatchObject({ lastFailedTag: '', successfulRelease: true })
  }, 60_000)

  test('CD05: set back during a test, the test ends and nothing failed', async () => {
    await shop.patch({ image: image('v4'), ...slow })
    await shop.untilWeight(10)
    await shop.patch({ image: image('v3') })
    await shop.serves(image('v3'))
    expect(shop.weightOf()).toBe(0)
    expect(shop.app?.status).toMatchObject({
      lastFailedTag: '',
      successfulRelease: true,
      testRunning: false,
    })
  }, 60_000)

  test('CD18, C14: without a query time alone decides', async () => {
    await shop.patch({ image: image('v5'), ...quick })
    await shop.serves(image('v5'))
    expect(shop.app?.status?.headgate?.measurements).toBeUndefined()
  }, 60_000)

  test('CD07, weakness 2: one that never gets ready gets no traffic and fails within its time', async () => {
    const seen = shop.weights.length
    await shop.patch({ image: image('v6-neverready'), deploymentReadyTimeout: 30 })
    await shop.until(({ status }) => status?.lastFailedTag === image('v6-neverready'))
    await shop.serves(image('v5'))
    expect(shop.weights.slice(seen)).toEqual([])
    expect(shop.app?.status?.failedImages).toMatchObject([{ reason: 'ProgressDeadlineExceeded' }])
  }, 60_000)

  test('C17: it is not tried again while nothing but its surroundings change', async () => {
    await shop.patch({ replicas: 3 })
    await shop.untilDeployments(() => shop.deployment('primary')?.spec.replicas === 3)
    expect(shop.deployment('secondary')).toBeUndefined()
    expect(shop.app?.status?.successfulRelease).toBe(false)
  })

  test('CD10: set back and asked for again it stays failed; the annotation has it tried again, once', async () => {
    await shop.patch({ image: image('v5') })
    await shop.until(({ status }) => status?.phase === 'Completed')
    await shop.patch({ image: image('v6-neverready') })
    await shop.until(({ status }) => status?.phase === 'Failed')
    expect(shop.deployment('secondary')).toBeUndefined()
    await shop.annotate(retryAnnotation, 'true')
    await shop.untilDeployments(() => shop.imageOf('secondary') === image('v6-neverready'))
    await shop.until(({ metadata }) => metadata.annotations?.[retryAnnotation] === undefined)
    expect(shop.app?.status?.failedImages).toBeUndefined()
  }, 60_000)

  test('CD10: another one that succeeds clears the list', async () => {
    await shop.until(({ status }) => status?.lastFailedTag === image('v6-neverready'))
    await shop.patch({ image: image('v7') })
    await shop.serves(image('v7'))
    expect(shop.app?.status).toMatchObject({ lastFailedTag: '', successfulRelease: true })
    expect(shop.app?.status?.failedImages).toBeUndefined()
  }, 60_000)
})

describe('CD15, weakness 4: what somebody deletes is made again', () => {
  const kindsOfAll = [kinds.service, kinds.virtualService, kinds.destinationRule, istioGateway]
  for (const kind of kindsOfAll)
    test(`the ${kind.kind}`, async () => {
      const before = await shop.cluster.get<KubeObject>(kind, shop.at)
      await shop.cluster.remove(kind, shop.at)
      await expect
        .poll(async () => {
          const found = await shop.cluster.get<KubeObject>(kind, shop.at).catch(() => undefined)
          return found !== undefined && found.metadata.uid !== before.metadata.uid
        })
        .toBe(true)
    })

  test('the VirtualService of the mesh', async () => {
    const uid = shop.mesh?.metadata.uid
    await shop.cluster.remove(kinds.virtualService, { ...shop.at, name: `${shop.name}-mesh` })
    await shop.untilRoutes(() => shop.mesh !== undefined && shop.mesh.metadata.uid !== uid)
  })

  test('the primary Deployment, with the image that serves', async () => {
    const { uid } = shop.deployment('primary')?.metadata ?? {}
    await shop.cluster.remove(kinds.deployment, { ...shop.at, name: `${shop.name}-primary` })
    await shop.untilDeployments(() => {
      const now = shop.deployment('primary')
      return now !== undefined && now.metadata.uid !== uid
    })
    expect(shop.imageOf('primary')).toBe(image('v7'))
    await expect
      .poll(() => shop.ask('/hello'), { timeout: 10_000 })
      .toEqual({ status: 200, body: 'Hello! v7' })
  })

  test('and what somebody writes into them is written back', async () => {
    await shop.cluster.patch(kinds.virtualService, shop.at, 'merge', {
      spec: { hosts: ['else.example.com'] },
    })
    await shop.untilRoutes(() => shop.route?.spec?.hosts?.[0] === shop.host)
    await shop.cluster.patch(kinds.destinationRule, shop.at, 'merge', { spec: { subsets: [] } })
    await expect
      .poll(() => shop.ask('/hello'), { timeout: 10_000 })
      .toEqual({ status: 200, body: 'Hello! v7' })
  })
})

describe('CD06: all fields are followed', () => {
  test('replicas, up and down', async () => {
    for (const replicas of [4, 2]) {
      await shop.patch({ replicas })
      await shop.untilDeployments(() => shop.deployment('primary')?.spec.replicas === replicas)
    }
  })

  test('hosts: Gateway and VirtualService', async () => {
    await shop.patch({ hosts: [shop.host, 'other.example.com'] })
    await shop.untilRoutes(() => shop.route?.spec?.hosts?.length === 2)
    await expect.poll(() => shop.ask('/hello', 'other.example.com')).toMatchObject({ status: 200 })
  })

  test('the query and its time, during a test', async () => {
    await shop.patch({ image: image('v8'), ...slow })
    await shop.untilWeight(10)
    await shop.patch(quick)
    await shop.serves(image('v8'))
  }, 60_000)

  test('the template: another one is tested like another image', async () => {
    const env = [{ name: 'GREETING', value: 'hello' }]
    await shop.patch({ template: { spec: { containers: [{ name: shop.name, env }] } } })
    await shop.until(({ status }) => status?.testRunning === true)
    await shop.until(({ status }) => status?.phase === 'Completed')
    const [main] = shop.deployment('primary')?.spec.template.spec.containers ?? []
    expect(main?.['env']).toEqual(env)
  }, 60_000)

  test('CD02: the port: pods, Service and routes follow, with 0 dropped', async () => {
    const traffic = shop.traffic()
    await shop.patch({ imageListenPort: 9090 })
    await shop.until(({ status }) => status?.testRunning === true)
    await shop.until(({ status }) => status?.phase === 'Completed')
    await expect
      .poll(async () => {
        const { spec } = await shop.cluster.get<Service>(kinds.service, shop.at)
        return spec.ports?.map(({ port }) => port)
      })
      .toEqual([9090])
    expect(shop.route?.spec?.http?.[0]?.route?.map(({ destination }) => destination.port)).toEqual([
      { number: 9090 },
      { number: 9090 },
    ])
    const { dropped, drops } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
  }, 60_000)
})

test('CD14: of two for one host the later one is told so, until one of them has another', async () => {
  const twin = new Actor(stage(), 'twin')
  await twin.install({ ...quick, hosts: [shop.host] })
  const conflict = (one: Actor) =>
    one.app?.status?.conditions?.find(({ type }) => type === 'HostConflict')
  await twin.until(() => conflict(twin)?.status === 'True')
  expect(conflict(twin)?.message).toContain(`canaryapp/default/${shop.name}`)
  expect(conflict(shop)).toBeUndefined()
  await twin.patch({ hosts: [twin.host] })
  await twin.until(() => conflict(twin) === undefined)
})

describe('CD13: callers inside the mesh', () => {
  test('ask for the Service by its name, and are split like everybody', async () => {
    await expect
      .poll(() => shop.ask('/hello', `${shop.name}.default.svc.cluster.local`), { timeout: 10_000 })
      .toMatchObject({ status: 200 })
    const weightsOf = (route: typeof shop.route) =>
      route?.spec?.http?.[0]?.route?.map(({ weight }) => weight)
    await shop.patch({ image: image('v10'), ...slow })
    await shop.untilWeight(10)
    await shop.untilRoutes(() => JSON.stringify(weightsOf(shop.mesh)) === '[90,10]')
    await shop.patch({ image: shop.app?.status?.primaryImage ?? '' })
    await shop.untilRoutes(() => JSON.stringify(weightsOf(shop.mesh)) === '[100,0]')
    await shop.until(({ status }) => status?.phase === 'Completed')
  }, 60_000)
})

test('weakness 8: deleted in mid-test, traffic is back at the primary before anything goes', async () => {
  await shop.patch({ image: image('v9'), ...slow })
  await shop.untilWeight(10)
  const seen = shop.weights.length
  await shop.cluster.remove(kinds.canaryApp, shop.at)
  await shop.untilRoutes(() => shop.route === undefined)
  await shop.untilDeployments(() => shop.deployment('primary') === undefined)
  expect(shop.weights.slice(seen)).toEqual([0])
}, 60_000)
