/**
 * Releases that are deleted with their pods left behind (`--cascade=orphan`, as `headgate uninstall` does), in the middle of a
 * trial: stable serves everything, and nothing of it still names an owner that is gone, so that nothing follows it.
 */
import { expect, test } from 'vitest'
import type { ReleaseSpec } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import { watchUntil } from '../../src/cli/wait.ts'
import { Actor, sharedStage } from './stage.ts'

const stage = sharedStage()

const ways: readonly (readonly [string, Partial<ReleaseSpec>])[] = [
  ['by-revision', {}],
  ['by-role', { workloads: { naming: 'role', kind: 'ReplicaSet' } }],
  ['by-deployment', { workloads: { naming: 'role', kind: 'Deployment' } }],
  ['by-nginx', { traffic: { router: 'nginx', route: 'left-by-nginx' } }],
]

test.each(ways)('%s', async (way, spec) => {
  const { local, releases } = stage()
  const { cluster } = local
  const shop = new Actor(stage(), `left-${way}`)
  const strategy = { canary: { steps: [{ weight: 50 }, { pause: {} }] } }
  if (way === 'by-nginx') {
    await cluster.create(kinds.ingress, ingressTo(shop.name))
    await shop.installRelease('v1', { ...spec, strategy })
  } else await shop.install('v1', { ...spec, strategy })
  await shop.comesTo('Completed')
  await shop.ask('v2')
  await shop.until(({ status }) => status?.reason?.type === 'WaitingForApproval')
  await cluster.remove(
    kinds.release,
    { namespace: 'default', name: shop.name },
    { propagation: 'Orphan' },
  )
  await watchUntil(releases, () => shop.release === undefined)
  for (const kind of [kinds.replicaSet, kinds.deployment, kinds.service]) {
    const { items } = await cluster.list<KubeObject>(kind, { namespace: 'default' })
    const own = items.filter(({ metadata }) => metadata.name.startsWith(shop.name))
    const owners = own.flatMap(({ metadata }) => metadata.ownerReferences ?? [])
    expect(owners.filter((owner) => owner.kind === 'Release')).toEqual([])
  }
  expect(Object.values(shop.pods())).toContain(2)
  if (way === 'by-nginx') {
    const { items } = await cluster.list<KubeObject>(kinds.ingress, { namespace: 'default' })
    expect(items.map(({ metadata }) => metadata.name)).toEqual([shop.name])
  } else expect(shop.canaryWeight).toBe(0)
})

function ingressTo(name: string): KubeObject {
  const backend = { service: { name: `${name}-stable`, port: { number: 80 } } }
  const paths = [{ path: '/', pathType: 'Prefix', backend }]
  const ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default' },
    spec: { ingressClassName: 'nginx', rules: [{ host: `${name}.example.com`, http: { paths } }] },
  }
  return ingress
}
