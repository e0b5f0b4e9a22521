/** Metrics of releases: there while they are read, and never more of them than releases. */
import { expect, test } from 'vitest'
import { emptyNotebook } from '#core/pass.ts'
import { telemetry } from './telemetry.ts'

const shop = { door: 'headgate', namespace: 'default', name: 'shop' }

function notebook(confirmed: number) {
  const role = { revision: 'r1', replicas: 1, ready: 1, wanted: confirmed }
  return {
    ...emptyNotebook(1, 0),
    phase: 'Completed',
    roles: [
      { ...role, role: 'stable', confirmed },
      { ...role, role: 'canary', confirmed: 100 - confirmed },
    ],
  } as const
}

async function linesOf(
  of: ReturnType<typeof telemetry>,
  metric: string,
): Promise<readonly string[]> {
  const text = await of.registry.metrics()
  return text.split('\n').filter((line) => line.startsWith(`headgate_release_${metric}`))
}

test('a release shows its phase and weights as they were decided last', async () => {
  const metrics = telemetry('1')
  metrics.decided(shop, { notebook: notebook(100) })
  metrics.decided(shop, { notebook: notebook(80) })
  const labels = 'door="headgate",namespace="default",release="shop"'
  expect(await linesOf(metrics, 'phase')).toEqual([
    `headgate_release_phase{${labels},phase="Completed"} 1`,
  ])
  expect(await linesOf(metrics, 'weight')).toEqual([
    `headgate_release_weight{${labels},role="stable"} 80`,
    `headgate_release_weight{${labels},role="canary"} 20`,
  ])
})

test('a release that is gone is shown no more, whoever read it before', async () => {
  const metrics = telemetry('1')
  metrics.decided(shop, { notebook: notebook(100) })
  expect(await linesOf(metrics, 'phase')).toHaveLength(1)
  metrics.forgotten(shop)
  expect(await linesOf(metrics, 'phase')).toEqual([])
})

test('the depth of the queue is that of the queue in use, also when leadership comes back', async () => {
  const metrics = telemetry('1')
  metrics.queueDepth(() => 3)
  metrics.queueDepth(() => 5)
  expect(await metrics.registry.metrics()).toMatch(/^headgate_queue_depth 5$/m)
})
