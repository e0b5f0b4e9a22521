/** What is left of an experiment after its end: for as long as was asked for, and no longer. */
import { expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import { systemClock } from '#kube/system.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import { post, sharedScene, today, untilPhase, writeRoute } from './scene.ts'

const graceMs = 4000
const scene = sharedScene({
  options: { superpositionRouter: 'gateway-api', superpositionGrace: `${graceMs}ms` },
})
const workspace = 'shop'
const id = '7300000000000000000'
const variants = { control: 'CONTROL', blue: 'EXPERIMENTAL', red: 'EXPERIMENTAL' } as const

test('MD15: losers go after the promotion, the previous stable stays for the grace and goes then', async () => {
  const { cluster, stage, releases, port } = scene()
  const clock = systemClock()
  await writeRoute(cluster)
  const said = { id, workspace, variants, traffic: 20 }
  await post(port, today({ ...said, event: 'ExperimentStarted', at: 1 }))
  await untilPhase(scene(), `mumbai/${workspace}-${id}`, 'Running')

  const deployments = cluster.watch<Workload>(kinds.deployment, {
    namespace: 'mumbai',
    project: (object) => object as Workload,
  })
  await deployments.synced()
  const goneAt: Record<string, number> = {}
  deployments.subscribe((change) => {
    if (change.type === 'gone') goneAt[change.before.metadata.name] = clock.now()
  })
  const named = (variant: string): string => `${workspace}-dep-${id}-${variant}`
  const stable = (): Release | undefined => releases.get(`mumbai/${workspace}`)
  const traffic = startTraffic({
    url: `${stage.local.gateway.url}/hello`,
    host: 'shop.mumbai',
    perSecond: 40,
    clock,
  })
  await post(port, today({ ...said, event: 'ExperimentConcluded', at: 2, chosen: 'blue' }))
  await watchUntil(releases, () => stable()?.status?.stable?.revision === `${id}-blue`)
  const promotedAt = clock.now()
  expect(deployments.get(`mumbai/${named('control')}`)?.spec.replicas).toBe(2)
  await watchUntil(deployments, () => deployments.size() === 1)
  expect([...deployments.keys()]).toEqual([`mumbai/${named('blue')}`])
  expect(goneAt[named('red')]).toBeGreaterThan(promotedAt)
  expect(goneAt[named('control')]).toBeGreaterThan(promotedAt + graceMs - 500)
  await untilPhase(scene(), `mumbai/${workspace}-${id}`, 'Concluded')
  const { dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
  await deployments.stop()
}, 60_000)
