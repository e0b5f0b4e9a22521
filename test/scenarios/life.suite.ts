/**
 * The life of a release, scenario by scenario as ARCHITECTURE.md letters them: real pods, real requests. Played on the
 * local cluster by scenarios.test.ts and on a real control plane by scenarios.cluster.test.ts.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { systemClock } from '#kube/system.ts'
import { startTraffic, type Traffic } from '#local/traffic/traffic.ts'
import { watchUntil } from '../../src/cli/wait.ts'
import { Actor, type Ground, openStage, type Stage } from './stage.ts'

let stage: Stage
let stopController: () => Promise<void>

const errors = (max: number) => ({
  provider: { prometheus: { address: 'http://prometheus.monitoring.svc:9090' } },
  metrics: [
    {
      name: 'errors',
      template: 'error-rate',
      max,
      interval: '1s',
      window: '10s',
      failures: 2,
      count: 2,
    },
  ],
})

function trafficTo(actor: Actor): Traffic {
  return startTraffic({
    url: `${stage.local.gateway.url}/hello`,
    host: `${actor.name}.example.com`,
    perSecond: 60,
    clock: systemClock(),
  })
}

export function lifeOfARelease(ground: () => Promise<Ground>): void {
  beforeAll(async () => {
    stage = await openStage(ground)
    stopController = stage.startController()
  })
  afterAll(async () => {
    await stopController()
    await stage.stop()
  })

  test('A: the first install goes straight to serving', async () => {
    const shop = new Actor(stage, 'a')
    await shop.install('v1', {})
    await shop.comesTo('Completed')
    expect(await shop.versions()).toEqual(new Set(['v1']))
    expect(shop.pods()).toEqual({ v1: 2 })
  })

  test('B: a good canary takes over step by step, and no request is dropped', async () => {
    const shop = new Actor(stage, 'b')
    await shop.install('v1', {
      strategy: { canary: { steps: [{ weight: 20 }, { pause: '1s' }, { weight: 50 }] } },
      analysis: errors(5),
    })
    await shop.comesTo('Completed')
    const traffic = trafficTo(shop)
    const weights = new Set<number>()
    const end = stage.routes.subscribe(() => weights.add(shop.canaryWeight))
    await shop.ask('v2')
    await shop.comesTo('Completed')
    await shop.untilPods({ v2: 2 })
    end()
    const { dropped, drops, versions } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    expect(Object.keys(versions).sort()).toEqual(['v1', 'v2'])
    expect([...weights].filter((weight) => weight > 0)).toEqual([20, 50, 100])
    expect(await shop.versions()).toEqual(new Set(['v2']))
  })

  test('C: an open pause waits until somebody promotes, once', async () => {
    const shop = new Actor(stage, 'c')
    await shop.install('v1', {
      strategy: {
        canary: { steps: [{ weight: 50 }, { pause: {} }, { weight: 80 }, { pause: {} }] },
      },
    })
    await shop.comesTo('Completed')
    await shop.ask('v2')
    await shop.until(({ status }) => status?.phase === 'Paused' && status.step?.index === 1)
    expect(shop.release?.status?.reason?.type).toBe('WaitingForApproval')
    await shop.command('promote')
    await shop.until(({ status }) => status?.phase === 'Paused' && status.step?.index === 3)
    expect(shop.canaryWeight).toBe(80)
    await shop.until(({ metadata }) => metadata.annotations?.['headgate.dev/action'] === undefined)
    await shop.command('promote')
    await shop.comesTo('Completed')
    const promotions = shop.release?.status?.decisions?.filter(({ action }) => action === 'Promote')
    expect(promotions?.map(({ by, step }) => [by, step])).toEqual([
      ['ann', 1],
      ['ann', 3],
    ])
  })

  test('D: a failing analysis brings all traffic back, then scales down, then says Failed', async () => {
    const shop = new Actor(stage, 'd')
    await shop.install('v1', {
      strategy: { canary: { steps: [{ weight: 50 }, { analysis: ['errors'] }] } },
      analysis: errors(5),
    })
    await shop.comesTo('Completed')
    const traffic = trafficTo(shop)
    await shop.ask('v2-error50')
    await shop.comesTo('Failed')
    await shop.untilPods({ v1: 2 })
    const { dropped, drops, errorsServed } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    expect(errorsServed).toBeGreaterThan(0)
    expect(shop.release?.status?.reason?.type).toBe('AnalysisFailed')
    expect(await shop.versions()).toEqual(new Set(['v1']))
    await shop.ask('v3')
    await shop.until(({ status }) => status?.trials?.[0] !== undefined)
  })

  test('E: an abort during the promotion returns to the old revision', async () => {
    const shop = new Actor(stage, 'e')
    await shop.install('v1', { traffic: { route: 'e', settle: '1s' } })
    await shop.comesTo('Completed')
    const traffic = trafficTo(shop)
    await shop.ask('v2')
    await shop.until(({ status }) => status?.trials?.[0]?.stage === 'promoting')
    await shop.command('abort')
    await shop.comesTo('Failed')
    await shop.untilPods({ v1: 2 })
    const { dropped, drops } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    expect(shop.release?.status?.reason?.type).toBe('Aborted')
    expect(await shop.versions()).toEqual(new Set(['v1']))
  })

  test('F: a new revision midway gives up the one on trial and starts over', async () => {
    const shop = new Actor(stage, 'f')
    await shop.install('v1', { strategy: { canary: { steps: [{ weight: 50 }, { pause: '1s' }] } } })
    await shop.comesTo('Completed')
    await shop.ask('v2')
    await shop.until(({ status }) => status?.phase === 'Paused')
    await shop.ask('v3')
    await shop.comesTo('Completed')
    await shop.untilPods({ v3: 2 })
    const started = shop.release?.status?.decisions?.map(({ action }) => action)
    expect(started).toEqual([
      'Complete',
      'Start',
      'StepAdvance',
      'Retreat',
      'Return',
      'Start',
      'StepAdvance',
      'StepAdvance',
      'Complete',
    ])
  })

  test('G: a controller that restarts midway goes on where the old one stopped', async () => {
    const shop = new Actor(stage, 'g')
    await shop.install('v1', {
      strategy: { canary: { steps: [{ weight: 50 }, { pause: '2s' }, { weight: 80 }] } },
    })
    await shop.comesTo('Completed')
    const traffic = trafficTo(shop)
    await shop.ask('v2')
    await shop.until(({ status }) => status?.phase === 'Paused')
    await stopController()
    stopController = stage.startController()
    await shop.comesTo('Completed')
    const { dropped, drops } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
    const advanced = shop.release?.status?.decisions?.filter(
      ({ action }) => action === 'StepAdvance',
    )
    expect(advanced?.map(({ step }) => step)).toEqual([0, 1, 2])
  })

  test('H: a release deleted midway gives the route back before it goes', async () => {
    const shop = new Actor(stage, 'h')
    await shop.install('v1', { strategy: { canary: { steps: [{ weight: 50 }, { pause: {} }] } } })
    await shop.comesTo('Completed')
    await shop.ask('v2')
    await shop.until(({ status }) => status?.phase === 'Paused')
    await stage.local.cluster.remove(kinds.release, { namespace: 'default', name: 'h' })
    await watchUntil(stage.releases, () => shop.release === undefined)
    expect(shop.canaryWeight).toBe(0)
    await shop.untilPods({})
  })
}
