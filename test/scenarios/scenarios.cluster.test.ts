/**
 * Releases on a real control plane: kube-apiserver, etcd and kube-controller-manager, our pods and gateway. The controller
 * is a ServiceAccount with the rules that it ships; the audit log says at the end that they suffice and that none is idle.
 */
import { afterAll, describe, expect, test } from 'vitest'
import type { ReleaseSpec } from '#core/api/release.ts'
import type { ReleaseWorkloads } from '#core/api/workloads.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { apiVersionOf, kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Door } from '#doors/door.ts'
import { doors } from '#doors/register.ts'
import type { Cluster } from '#kube/cluster.ts'
import { type AccountGround, accountGround } from '#test/cluster/account.ts'
import { startControllerProcess } from '#test/cluster/controller-process.ts'
import { refused, unusedRules } from '#test/cluster/used-rules.ts'
import { controllerRules } from '../../src/cli/rbac.ts'
import { watchUntil } from '../../src/cli/wait.ts'
import { lifeOfARelease } from './life.suite.ts'
import { own, type RouteCase, routeCases } from './routes.ts'
import { Actor, type Ground, openStage, type Stage, sharedStage } from './stage.ts'

let opened: Promise<AccountGround> | undefined

/** One control plane for all of the file. */
async function ground(): Promise<Ground> {
  opened ??= accountGround()
  return { ...(await opened), stop: async () => undefined }
}
afterAll(async () => {
  await (await opened)?.stop()
})

describe('the life of a release on a real control plane', () => lifeOfARelease(ground))

/** Installed, one version promoted, the next one aborted, deleted. */
async function wholeLife(stage: Stage, shop: Actor, spec: Partial<ReleaseSpec>): Promise<void> {
  if (spec.traffic === undefined) await shop.install('v1', spec)
  else await shop.installRelease('v1', spec)
  await shop.comesTo('Completed')
  await shop.ask('v2')
  await approved(shop)
  if (spec.traffic?.extras !== undefined) await changeCookie(stage, shop)
  await shop.command('promote')
  await shop.comesTo('Completed')
  await shop.ask('v3')
  await approved(shop)
  await shop.command('abort')
  await shop.comesTo('Failed')
  await stage.local.cluster.remove(kinds.release, own(shop.name))
  await shop.untilGone()
}

/** Objects of ours beside the route follow. */
async function changeCookie(stage: Stage, { name }: Actor): Promise<void> {
  const extras = { sticky: { cookie: 'place' } }
  await stage.local.cluster.patch(kinds.release, own(name), 'merge', {
    spec: { traffic: { extras } },
  })
}

function approved(shop: Actor): Promise<void> {
  return shop.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
}

const strategy = { canary: { steps: [{ weight: 50 }, { pause: {} }] } } as const

describe('releases of all kinds on a real control plane', () => {
  const stage = sharedStage(ground)

  test.each(Object.keys(routeCases))('a canary by the router %s', async (router) => {
    const shop = new Actor(stage(), `r-${router}`)
    const { objects } = routeCases[router] as RouteCase
    for (const [kind, object] of objects(shop.name))
      await stage().local.cluster.create(kind, object)
    const route = router === 'service' ? {} : { route: shop.name, settle: '100ms' }
    const extras = router === 'istio' ? { extras: { sticky: { cookie: 'seat' } } } : {}
    await wholeLife(stage(), shop, { traffic: { router, ...route, ...extras }, strategy })
  })

  test.each(['gateway-api', 'grpc', 'istio'])('a preview host by the router %s', async (router) => {
    const shop = new Actor(stage(), `p-${router}`)
    const { objects } = routeCases[router] as RouteCase
    for (const [kind, object] of objects(shop.name))
      await stage().local.cluster.create(kind, object)
    const blueGreen = { previewHost: `${shop.name}-preview.example.com`, scaleDownDelay: '0s' }
    const traffic = { router, route: shop.name, settle: '100ms' }
    await wholeLife(stage(), shop, { traffic, strategy: { blueGreen } })
  })

  const topologies: readonly (readonly [string, ReleaseWorkloads])[] = [
    ['role-deployments', { naming: 'role', kind: 'Deployment' }],
    ['role-sets', { naming: 'role', kind: 'ReplicaSet' }],
    ['role-rcs', { naming: 'role', kind: 'ReplicationController', promotion: 'handover' }],
    ['deployments', { kind: 'Deployment', history: 0 }],
  ]
  test.each(topologies)('promotion of %s', async (name, workloads) => {
    const shop = new Actor(stage(), name)
    await wholeLife(stage(), shop, { workloads, replicas: 3, strategy })
  })
})

test('a commanded candidate comes, and goes with its Service', async () => {
  const at = await ground()
  const stage = await openStage(async () => at)
  const stop = stage.startController()
  const { cluster } = at
  const shop = new Actor(stage, 'commanded')
  const command = (candidates: readonly object[]): Promise<unknown> =>
    cluster.patch(kinds.release, own(shop.name), 'merge', {
      spec: { strategy: { commanded: { candidates } } },
    })
  const backendRefs = [{ name: 'commanded-stable', port: 80 }]
  await cluster.create<HttpRoute>(kinds.httpRoute, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: own(shop.name),
    spec: { parentRefs: [{ name: 'gateway' }], rules: [{ backendRefs }] },
  })
  await shop.installRelease('v1', {
    services: { stable: 'commanded-stable' },
    strategy: { commanded: { candidates: [] } },
  })
  await shop.comesTo('Completed')
  const labels = { app: shop.name }
  const containers = [{ name: 'app', image: 'example/commanded:v2' }]
  const template = { metadata: { labels }, spec: { containers } }
  await command([{ name: 'b', version: 1, weight: 20, template }])
  await shop.until(({ status }) => status?.reason?.type === 'WaitingForCommand')
  await command([])
  await shop.comesTo('Completed')
  const services = cluster.watch(kinds.service, { labelSelector: 'headgate.dev/release=commanded' })
  await watchUntil(services, () => services.isSynced() && [...services.keys()].length === 1)
  await services.stop()
  await stop()
})

/** The least that each further door can be given. */
const samples: Readonly<Record<string, object>> = {
  kulta: {
    replicas: 1,
    selector: { matchLabels: { app: 'by-kulta' } },
    template: {
      metadata: { labels: { app: 'by-kulta' } },
      spec: { containers: [{ name: 'app', image: 'example/by-kulta:v1' }] },
    },
    strategy: { simple: {} },
  },
  canaryapp: {
    image: 'example/by-canaryapp:v1',
    imageListenPort: 8080,
    replicas: 1,
    testReplicas: 1,
    prometheusQuery: 'vector(0) > 1',
    prometheusURL: 'http://prometheus.istio-system.svc:9090',
  },
}

test('a controller process leads by its leases, serves every door and reads the Secret of an analysis', async () => {
  const at = await ground()
  const { cluster } = at
  const stage = await openStage(async () => at)
  const controller = await startControllerProcess(at.apiServer.kubeconfig())
  await controller.leads
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: own('metrics') }
  await cluster.create(kinds.secret, { ...secret, stringData: { token: 'none' } } as KubeObject)
  const others = doors.filter(({ kind }) => kind !== kinds.release)
  await Promise.all(others.map((door) => served(cluster, door)))
  const shop = new Actor(stage, 'secret')
  const address = 'http://prometheus.monitoring.svc:9090'
  await shop.install('v1', {
    strategy: { canary: { steps: [{ weight: 50 }, { pause: '3s' }] } },
    analysis: {
      provider: { prometheus: { address, secretRef: { name: 'metrics' } } },
      metrics: [
        { name: 'errors', template: 'error-rate', max: 5, interval: '1s', onError: 'continue' },
      ],
    },
  })
  await shop.comesTo('Completed')
  await shop.ask('v2')
  await shop.comesTo('Completed')
  await controller.stop()
})

/** A sample of the door's resource is made, and the controller has said something about it. */
async function served(cluster: Cluster, { name, kind }: Door): Promise<void> {
  const spec = samples[name]
  if (spec === undefined) throw new Error(`add a sample of the door ${name} to this file`)
  const object = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: own(`by-${name}`) }
  await cluster.create(kind, { ...object, spec } as KubeObject)
  type WithStatus = KubeObject & { readonly status?: object }
  const cache = cluster.watch<WithStatus>(kind, { project: (one) => one as WithStatus })
  await watchUntil(cache, () => cache.get(`default/by-${name}`)?.status !== undefined)
  await cache.stop()
  const { canaryapp } = samples
  if (spec !== canaryapp) return
  await cluster.patch(kind, own(`by-${name}`), 'merge', { spec: { hosts: ['by.example.com'] } })
  const gateways = { ...kinds.virtualService, kind: 'Gateway', plural: 'gateways' }
  await expect
    .poll(async () => JSON.stringify(await cluster.get(gateways, own(`by-${name}`))))
    .toContain('by.example.com')
}

test('nothing was refused to the controller, and no rule of it is idle', async () => {
  const requests = (await opened)?.requests() ?? []
  expect(requests.length).toBeGreaterThan(100)
  expect(refused(requests)).toEqual([])
  expect(unusedRules(controllerRules(doors), requests)).toEqual([])
})
