/** What turns a Rollout back or holds it: its built-in metrics, its policies, its deadline, its people. */
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { CanaryStrategy, Rollout, RolloutSpec } from '#doors/kulta/rollout.ts'
import { watchUntil } from '../../../src/cli/wait.ts'
import { kultaStage, Player } from './kulta-stage.ts'

const stage = kultaStage({ speed: 20 })

const steps = [{ setWeight: 50, pause: {} }] as const
const thresholds = {
  warmupDuration: '10s',
  metrics: [
    { name: 'error-rate', threshold: 5, interval: '5s' },
    { name: 'latency-p95', threshold: 500, interval: '5s' },
  ],
}

/** The example, installed and at rest, with these steps and this analysis from then on. */
async function installed(
  namespace: string,
  canary: Partial<CanaryStrategy> = {},
  then: Partial<RolloutSpec> = {},
): Promise<Player> {
  const app = new Player(stage(), namespace)
  await app.open()
  await app.apply('examples/kulta/canary/gateway.yaml')
  await app.apply('examples/kulta/canary/rollout.yaml', (object: KubeObject) => {
    const rollout = object as Rollout
    const { analysis: _, ...given } = rollout.spec.strategy.canary as CanaryStrategy
    const strategy = { canary: { ...given, steps: [{ setWeight: 100 }] } }
    return { ...rollout, spec: { ...rollout.spec, replicas: 2, strategy } } as KubeObject
  })
  await app.comesTo('Completed')
  await app.patch({ spec: { ...then, strategy: { canary: { steps, ...canary } } } })
  return app
}

/** Where weights and pods are at the moment the status says Failed. */
async function whenFailed(app: Player) {
  let seen: { weights: unknown; pods: unknown } | undefined
  await watchUntil(stage().rollouts, () => {
    if (app.status.phase !== 'Failed') return false
    seen ??= { weights: app.weights(), pods: app.replicas() }
    return true
  })
  return seen
}

describe('metrics', () => {
  const rows = [
    ['error-rate', 'v2.1.0-error50'],
    ['latency-p95', 'v2.1.0-slow800'],
  ] as const
  for (const [metric, version] of rows) {
    test(`${metric} beyond its threshold: traffic goes home, the pods go, then it is Failed`, async () => {
      const app = await installed(metric, { analysis: thresholds })
      const traffic = app.traffic(20)
      await app.image(version)
      const { weights, pods } = (await whenFailed(app)) ?? {}
      expect([weights, pods]).toEqual([
        { 'my-app-stable': 100, 'my-app-canary': 0 },
        { 'my-app-stable': 2 },
      ])
      const { dropped } = await traffic.stop()
      expect(dropped).toBe(0)
      expect(app.status.message).toMatch(new RegExp(`thresholds: metric ${metric}`))
      expect(await app.versions()).toEqual(new Set(['v2.0.0']))
      const rollback = app.status.decisions?.findLast(({ action }) => action === 'Rollback')
      expect(rollback).toMatchObject({ reason: 'AnalysisFailed', fromStep: 0 })
      expect(rollback?.metrics?.[metric]).toMatchObject({ passed: false })
      expect(rollback?.metrics?.[metric]?.value).toBeGreaterThan(5)
    })
  }

  test('nothing is judged before the warm-up is over, counted from the beginning of the step', async () => {
    const app = await installed('warm-up', { analysis: { ...thresholds, warmupDuration: '60s' } })
    const traffic = app.traffic(20)
    await app.image('v2.1.0-error50')
    await app.comesTo('Failed')
    await traffic.stop()
    const { decisions = [] } = app.status
    const at = (action: string): number =>
      Date.parse(decisions.findLast((one) => one.action === action)?.timestamp ?? '')
    expect(at('Rollback') - at('Initialize')).toBeGreaterThan(60_000)
  })
})

describe('where Prometheus cannot be asked', () => {
  const analysisOf = (failurePolicy: 'Pause' | 'Continue' | 'Rollback') => ({
    ...thresholds,
    failurePolicy,
    prometheus: { address: 'http://nobody.nowhere.svc:9090' },
  })

  test('Pause holds it, Continue goes on', async () => {
    const app = await installed('policy-pause', {
      analysis: analysisOf('Pause'),
      steps: [{ setWeight: 50 }, { setWeight: 80 }],
    })
    await app.image('v2.1.0')
    await app.comesTo('Paused', ({ message }) => /error-rate/.test(message ?? ''))
    expect(app.weights()['my-app-canary']).toBeGreaterThan(0)
    await app.patch({ spec: { strategy: { canary: { analysis: analysisOf('Continue') } } } })
    await app.comesTo('Completed')
    expect(await app.versions()).toEqual(new Set(['v2.1.0']))
  })

  test('Rollback turns it back', async () => {
    const app = await installed('policy-rollback', { analysis: analysisOf('Rollback') })
    await app.image('v2.1.0')
    await app.comesTo('Failed')
    expect(app.weights()).toEqual({ 'my-app-stable': 100, 'my-app-canary': 0 })
  })
})

describe('the deadline', () => {
  test('fails what makes no progress', async () => {
    const app = await installed('deadline', {}, { progressDeadlineSeconds: 40 })
    await app.image('v2.1.0-neverready')
    await app.comesTo('Failed', ({ message }) => /deadline exceeded/.test(message ?? ''))
    expect(app.status.decisions?.at(-1)).toMatchObject({ action: 'Rollback', reason: 'Timeout' })
  })

  test('does not count pauses', async () => {
    const longer = [{ setWeight: 50, pause: { duration: '200s' } }]
    const app = await installed('patience', { steps: longer }, { progressDeadlineSeconds: 160 })
    await app.image('v2.1.0')
    await app.comesTo('Paused')
    await app.comesTo('Completed')
  })
})

test('people pause it, go on, abort it and try again, each by an annotation that is used once', async () => {
  const app = await installed('people', {
    steps: [
      { setWeight: 20, pause: { duration: '20s' } },
      { setWeight: 50, pause: {} },
    ],
  })
  await app.image('v2.1.0')
  await app.comesTo('Paused')
  await app.annotate('kulta.io/pause', 'true')
  await app.until(({ status }) => status?.decisions?.at(-1)?.action === 'Pause')
  await app.until(({ metadata }) => metadata.annotations?.['kulta.io/pause'] === undefined)
  expect(app.status.phase).toBe('Paused')
  await app.annotate('kulta.io/pause', 'false')
  await app.comesTo('Paused', ({ currentStepIndex }) => currentStepIndex === 1)
  expect(app.annotation('kulta.io/pause')).toBeUndefined()
  await app.annotate('kulta.io/abort', 'true')
  await app.comesTo('Failed')
  expect(app.annotation('kulta.io/abort')).toBeUndefined()
  expect(app.status.decisions?.at(-1)).toMatchObject({
    action: 'Rollback',
    reason: 'ManualRollback',
  })
  expect(app.replicas()).toEqual({ 'my-app-stable': 2 })
  await app.annotate('kulta.io/retry', 'true')
  await app.comesTo('Paused', ({ currentStepIndex }) => currentStepIndex === 1)
  await app.annotate('kulta.io/promote', 'true')
  await app.comesTo('Completed')
  expect(app.sets()['my-app-stable']).toMatchObject({ image: 'v2.1.0' })
})

test('a promotion that nothing waits for is taken off with a warning, and promotes nothing later', async () => {
  const app = await installed('early')
  await app.annotate('kulta.io/promote', 'true')
  await app.until(({ metadata }) => metadata.annotations?.['kulta.io/promote'] === undefined)
  await app.image('v2.1.0')
  await app.comesTo('Paused')
  expect(app.status.headgate?.decisions?.some(({ action }) => action === 'Refuse')).toBe(true)
})
