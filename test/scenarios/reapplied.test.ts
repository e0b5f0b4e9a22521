/**
 * Somebody's tool applies its manifests again in the middle of a release: the route as it is in Git, with all weight at
 * stable, and the Release without what we wrote onto it. The weight that was reached comes back, and the release goes on.
 */
import { expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import { watchUntil } from '../../src/cli/wait.ts'
import { Actor, sharedStage } from './stage.ts'

const stage = sharedStage()
const tool = { fieldManager: 'gitops', force: true }

const ways = ['apply', 'merge', 'replace'] as const

test.each(ways)('the same manifests by %s, at weight 50', async (way) => {
  const { local, routes } = stage()
  const { cluster } = local
  const shop = new Actor(stage(), `again-${way}`)
  const at = { namespace: 'default', name: shop.name }
  await shop.install('v1', {
    strategy: { canary: { steps: [{ weight: 50 }, { pause: {} }, { weight: 80 }] } },
  })
  const route = manifest(routes.get(`default/${shop.name}`) as HttpRoute)
  await shop.comesTo('Completed')
  await shop.ask('v2')
  await shop.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
  const release = manifest(shop.release as Release)
  const { finalizers: _, ...metadata } = release.metadata
  const seen: number[] = []
  const looking = routes.subscribe(({ key }) => {
    if (key === `default/${shop.name}`) seen.push(shop.canaryWeight)
  })
  if (way === 'replace') {
    const { resourceVersion } = (await cluster.get<HttpRoute>(kinds.httpRoute, at)).metadata
    await cluster.replace(kinds.httpRoute, {
      ...route,
      metadata: { ...route.metadata, resourceVersion },
    } as HttpRoute)
    const found = await cluster.get<Release>(kinds.release, at)
    await cluster.replace(kinds.release, {
      ...release,
      metadata: { ...metadata, resourceVersion: found.metadata.resourceVersion },
    } as Release)
  } else {
    await cluster.patch(kinds.httpRoute, at, way, route, way === 'apply' ? tool : {})
    await cluster.patch(
      kinds.release,
      at,
      way,
      { ...release, metadata },
      way === 'apply' ? tool : {},
    )
  }
  await watchUntil(routes, () => seen.length > 0 && shop.canaryWeight === 50)
  looking()
  // Nothing but what Git says and what was reached; and it is told what became of it.
  expect(seen.every((weight) => weight === 0 || weight === 50)).toBe(true)
  await shop.until(
    (one) =>
      one.status?.reason?.type === 'WaitingForApproval' && one.metadata.finalizers !== undefined,
  )
  expect(shop.release?.status?.trials).toHaveLength(1)
  await shop.command('promote')
  await shop.comesTo('Completed')
  await watchUntil(stage().sets, () => JSON.stringify(shop.pods()) === '{"v2":2}')
})

/** As it lies in Git: without what the server adds. */
function manifest<T extends HttpRoute | Release>(object: T): T {
  const { status: _status, metadata, ...rest } = object as T & { readonly status?: unknown }
  const { name, namespace, labels, annotations } = metadata
  const kept = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  }
  return { ...rest, metadata: kept } as unknown as T
}
