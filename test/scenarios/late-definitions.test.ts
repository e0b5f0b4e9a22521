/**
 * Istio's definitions come late, or in an old version only: what is missing is told by name, everything else works, and
 * releases go on by themselves once they are there.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { VirtualService } from '#core/k8s/istio.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { systemClock } from '#kube/system.ts'
import { istioCrds } from '#local/crds/istio.ts'
import { established } from '#local/definitions.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { own, type RouteCase, routeCases } from './routes.ts'
import { Actor, openStage, type Stage } from './stage.ts'

type Definition = KubeObject & {
  readonly spec: { readonly versions: readonly { readonly name: string }[] }
}

let stage: Stage
let stopController: () => Promise<void>

beforeAll(async () => {
  stage = await openStage()
  await withoutIstio()
  stopController = stage.startController()
})
afterAll(async () => {
  await stopController()
  await stage.stop()
})

const served = async (): Promise<readonly string[]> => {
  const { status, body } = await stage.local.cluster.raw({ path: '/apis/networking.istio.io' })
  if (status === 404) return []
  const { versions } = JSON.parse(body) as { versions: readonly { version: string }[] }
  return versions.map(({ version }) => version)
}

async function comesTo(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()))
    await new Promise<void>((resolve) => void systemClock().after(20, resolve))
}

async function withoutIstio(): Promise<void> {
  for (const { metadata } of istioCrds())
    await stage.local.cluster.remove(kinds.customResourceDefinition, { name: metadata.name })
  await comesTo(async () => (await served()).length === 0)
}

/** Istio's definitions with these versions alone, the first of them stored. */
async function withIstio(names: readonly string[]): Promise<void> {
  const { cluster } = stage.local
  const crds = (istioCrds() as readonly Definition[]).map((crd) => ({
    ...crd,
    spec: {
      ...crd.spec,
      versions: crd.spec.versions
        .filter(({ name }) => names.includes(name))
        .map((version) => ({ ...version, storage: version.name === names[0] })),
    },
  }))
  for (const crd of crds) await cluster.create(kinds.customResourceDefinition, crd)
  await established(
    cluster,
    crds.map(({ metadata }) => metadata.name),
  )
}

/** A release whose Services can be made without a route, which would name their ports. */
async function begun(name: string): Promise<Actor> {
  const actor = new Actor(stage, name)
  await actor.installRelease('v1', {
    services: {
      stable: `${name}-stable`,
      candidate: `${name}-canary`,
      make: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    traffic: { router: 'istio', route: name, settle: '200ms' },
    strategy: { canary: { steps: [{ weight: 50 }, { pause: {} }] } },
  })
  return actor
}

async function routed(name: string, version: string): Promise<void> {
  const { objects } = routeCases['istio'] as RouteCase
  for (const [kind, object] of objects(name)) {
    const apiVersion = object.apiVersion.replace(/\/.*/, `/${version}`)
    await stage.local.cluster.create({ ...kind, version }, { ...object, apiVersion })
  }
}

async function weights(name: string, version: string): Promise<readonly unknown[]> {
  const kind = { ...kinds.virtualService, version }
  const { spec } = await stage.local.cluster.get<VirtualService>(kind, own(name))
  return (spec?.http?.[0]?.route ?? []).map(({ weight }) => weight)
}

describe('a cluster without the definitions of Istio', () => {
  test('gets pods and Services; the release names what is missing; others are not held up', async () => {
    const late = await begun('late')
    await late.until(({ status }) => status?.reason?.type === 'RouteMissing')
    expect(late.reason.message).toBe(
      'the cluster does not serve VirtualService, which the router istio writes to; install its CustomResourceDefinitions, and this goes on by itself',
    )
    await late.untilPods({ v1: 2 })
    const ready = async (service: string): Promise<boolean> =>
      (await stage.local.cluster.list(kinds.service)).items.some(
        ({ metadata }) => metadata.name === service,
      )
    await comesTo(() => ready('late-stable'))

    const other = new Actor(stage, 'other')
    await other.install('v1', { strategy: { canary: { steps: [{ weight: 50 }] } } })
    await other.comesTo('Completed')
    await other.ask('v2')
    await other.untilPods({ v2: 2 })
    await other.comesTo('Completed')
    expect(late.release?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', status: 'False', reason: 'RouteMissing' }),
    )
  }, 30_000)

  test('goes on by itself once they are there, with real traffic and nobody dropped', async () => {
    await withIstio(['v1', 'v1beta1', 'v1alpha3'])
    await routed('late', 'v1')
    const late = new Actor(stage, 'late')
    await late.comesTo('Completed')
    const { host } = routeCases['istio'] as RouteCase
    const url = `${stage.local.gateway.url}/hello`
    const { request } = await import('undici')
    await comesTo(async () => {
      const { statusCode, body } = await request(url, { headers: { host: host('late') } })
      await body.dump()
      return statusCode === 200
    })
    const traffic = startTraffic({ url, host: host('late'), perSecond: 20, clock: systemClock() })
    await late.ask('v2')
    await late.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
    expect(await weights('late', 'v1')).toEqual([50, 50])
    await late.command('promote')
    await late.untilPods({ v2: 2 })
    await late.comesTo('Completed')
    const { dropped, drops, versions } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    expect(Object.keys(versions).sort()).toEqual(['v1', 'v2'])
  }, 40_000)
})

describe.each([
  ['v1alpha3', ['v1alpha3']],
  ['v1beta1', ['v1beta1', 'v1alpha3']],
])('a cluster that serves Istio in %s at best', (version, names) => {
  let older: Stage
  let stopOlder: () => Promise<void>
  const first = (): Stage => stage

  beforeAll(async () => {
    older = await openStage()
    const before = first()
    stage = older
    await withoutIstio()
    await withIstio(names)
    stopOlder = older.startController()
    return () => {
      stage = before
    }
  })
  afterAll(async () => {
    await stopOlder()
    await older.stop()
  })

  test('is spoken to in it, through a whole release', async () => {
    expect((await served()).toSorted()).toEqual(names.toSorted())
    await routed('older', version)
    const actor = await begun('older')
    await actor.comesTo('Completed')
    await actor.ask('v2')
    await actor.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
    expect(await weights('older', version)).toEqual([50, 50])
    await actor.command('promote')
    await actor.untilPods({ v2: 2 })
    await actor.comesTo('Completed')
    expect(await weights('older', version)).toEqual([100, 0])
  }, 30_000)
})
