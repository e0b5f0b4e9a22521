/** Several variants and overlapping experiments through one HTTPRoute, on a local cluster. */
import { expect, test } from 'vitest'
import type { Release } from '#core/api/release.ts'
import type { HttpRoute } from '#core/k8s/gateway-api.ts'
import { kinds } from '#core/k8s/kinds.ts'
import type { Workload } from '#core/k8s/workloads.ts'
import { systemClock } from '#kube/system.ts'
import { startTraffic } from '#local/traffic/traffic.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import {
  found,
  post,
  type Said,
  sharedScene,
  today,
  untilPhase,
  untilRecord,
  writeRoute,
} from './scene.ts'

const scene = sharedScene({
  options: { superpositionRouter: 'gateway-api', superpositionFollowConfig: true },
})
const workspace = 'shop'
const [first, second] = ['7300000000000000001', '7300000000000000002']
const three = { control: 'CONTROL', blue: 'EXPERIMENTAL', red: 'EXPERIMENTAL' } as const

async function say(said: Omit<Said, 'workspace'>): Promise<void> {
  expect(await post(scene().port, today({ ...said, workspace }))).toMatchObject({ status: 200 })
}

const asks = (perSecond: number, limit = Infinity) =>
  startTraffic({
    url: `${scene().stage.local.gateway.url}/hello`,
    host: 'shop.mumbai',
    perSecond,
    limit,
    clock: systemClock(),
  })

async function shares(count = 300): Promise<Record<string, number>> {
  const { versions } = await asks(60, count).done
  return Object.fromEntries(
    Object.entries(versions).map(([version, answers]) => [
      version,
      Math.round((100 * answers) / count),
    ]),
  )
}

async function weights(): Promise<Record<string, number>> {
  const route = await found<HttpRoute>(scene(), kinds.httpRoute, 'mumbai', 'shop-route')
  const refs = route?.spec.rules?.[0]?.backendRefs ?? []
  return Object.fromEntries(refs.map(({ name, weight = 1 }) => [name, weight]))
}

test('MD08, MD09, MD10, S15: two variants and a second experiment share one route; winners follow each other', async () => {
  const variants = [`${first}-blue`, `${first}-red`, `${second}-blue`]
  const image = (tag: string): Record<string, string> => ({
    'container.image': `example/shop:${tag}`,
  })
  scene().superposition.change({
    base: { replicas: 1, ...image('base') },
    overrides: variants.map((id) => ({ when: { variantIds: id }, set: image(id) })),
  })
  await writeRoute(scene().cluster)
  await say({ id: first, event: 'ExperimentStarted', at: 1, traffic: 20, variants: three })
  await untilPhase(scene(), `mumbai/shop-${first}`, 'Running')
  expect(await weights()).toEqual({
    'shop-service': 60,
    [`shop-service-${first}-blue`]: 20,
    [`shop-service-${first}-red`]: 20,
  })
  const traffic = asks(20)
  const split = await shares()
  expect(Math.abs((split[`${first}-blue`] ?? 0) - 20)).toBeLessThan(12)
  expect(Math.abs((split[`${first}-red`] ?? 0) - 20)).toBeLessThan(12)

  await say({ id: second, event: 'ExperimentStarted', at: 2, traffic: 30 })
  await untilPhase(scene(), `mumbai/shop-${second}`, 'Running')
  expect(await weights()).toMatchObject({ 'shop-service': 30, [`shop-service-${second}-blue`]: 30 })

  // Together they would be more than all: whoever came later gives way, and says why.
  await say({ id: second, event: 'ExperimentInprogress', at: 3, traffic: 50 })
  await untilPhase(scene(), `mumbai/shop-${second}`, 'Running')
  await say({ id: first, event: 'ExperimentInprogress', at: 4, traffic: 33, variants: three })
  const refused = await untilPhase(scene(), `mumbai/shop-${second}`, 'Refused')
  expect(refused.status?.error).toMatch(/116 per cent/)
  await untilPhase(scene(), `mumbai/shop-${first}`, 'Running')

  await say({
    id: first,
    event: 'ExperimentConcluded',
    at: 5,
    traffic: 33,
    variants: three,
    chosen: 'red',
  })
  await untilPhase(scene(), `mumbai/shop-${first}`, 'Concluded')
  await untilPhase(scene(), `mumbai/shop-${second}`, 'Running')
  expect(await weights()).toEqual({ 'shop-service': 50, [`shop-service-${second}-blue`]: 50 })
  await say({ id: second, event: 'ExperimentConcluded', at: 6, traffic: 50, chosen: 'blue' })
  await untilPhase(scene(), `mumbai/shop-${second}`, 'Concluded')
  expect(await shares(100)).toEqual({ [`${second}-blue`]: 100 })
  expect(await weights()).toEqual({ 'shop-service': 100 })
  const { items } = await scene().cluster.list<Workload>(kinds.deployment, { namespace: 'mumbai' })
  expect(items.map(({ metadata }) => metadata.name)).toEqual([`shop-dep-${second}-blue`])

  const { dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
}, 90_000)

test('MD14, S08: stable follows the configuration where that is wanted, without a gap', async () => {
  const image = 'example/shop:configured'
  const version = scene().superposition.change({
    base: { replicas: 1, 'container.image': image },
    overrides: [],
  })
  const traffic = asks(20)
  const answer = await post(scene().port, {
    event_info: {
      webhook_event: 'ConfigChanged',
      resource: 'context',
      action: ['Update'],
      workspace_id: workspace,
      organisation_id: 'localorg',
      config_version: version,
    },
    payload: [{ id: 'c' }],
  })
  expect(answer.status).toBe(200)
  const stable = (): Release | undefined => scene().releases.get('mumbai/shop')
  await watchUntil(scene().releases, () => {
    const now = stable()
    return (
      now?.spec.template.spec.containers[0]?.image === image &&
      now.spec.strategy.commanded?.candidates.length === 0 &&
      now.status?.phase === 'Completed' &&
      now.status.observedGeneration === now.metadata.generation
    )
  })
  expect(await shares(60)).toEqual({ configured: 100 })
  const { dropped, drops } = await traffic.stop()
  expect([dropped, drops]).toEqual([0, []])
}, 60_000)

test('decision 27: a Concluded that was lost heals by reading the experiment again', async () => {
  const { startFace } = await import('./scene.ts')
  const id = '7300000000000000009'
  const { face, stop } = await startFace(scene().stage, {
    env: { SUPERPOSITION_URL: scene().superposition.url },
    options: { superpositionRouter: 'gateway-api', superpositionResync: '200ms' },
  })
  await post(
    face.port,
    today({ id, workspace: 'lost', event: 'ExperimentCreated', at: 1, started: false }),
  )
  const { payload } = today({
    id,
    workspace: 'lost',
    event: 'ExperimentDiscarded',
    at: 2,
    started: false,
  }) as {
    payload: Record<string, never>
  }
  scene().superposition.experiments.set(id, payload)
  await untilRecord(scene(), `mumbai/lost-${id}`, ({ spec }) => spec.state === 'DISCARDED')
  await stop()
}, 60_000)
