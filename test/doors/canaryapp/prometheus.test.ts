/** Prometheus during a test: gone, with both settings; errors of others; and a query that tells versions apart. */
import { describe, expect, test } from 'vitest'
import { image } from './sample.ts'
import { Actor, sharedStage } from './stage.ts'

const stage = sharedStage()

const quick = {
  deploymentReadyWaitTime: 0,
  trafficShiftUpdateInterval: 5,
  prometheusScrapeInterval: 2,
}
const away = 'http://nobody.default.svc:9090'

describe('C19: Prometheus goes away in mid-test', () => {
  test('and failWhenPrometheusFails: the image is rolled back, MetricsMissing, with 0 dropped', async () => {
    const app = new Actor(stage(), 'gone-fails')
    await app.install(quick)
    const traffic = app.traffic()
    await app.patch({ image: image('v2') })
    await app.untilWeight(20)
    await app.patch({ prometheusURL: away })
    await app.until(({ status }) => status?.lastFailedTag === image('v2'))
    await app.serves(image('v1'))
    expect(app.app?.status?.failedImages).toMatchObject([{ reason: 'MetricsMissing' }])
    const { dropped, drops } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
  }, 60_000)

  test('and not failWhenPrometheusFails: the shift goes on, no faster than it would, with 0 dropped', async () => {
    const app = new Actor(stage(), 'gone-ignored')
    await app.install({ ...quick, failWhenPrometheusFails: false })
    const traffic = app.traffic()
    await app.patch({ image: image('v2') })
    await app.untilWeight(20)
    await app.patch({ prometheusURL: away })
    const startedAt = performance.now()
    await app.serves(image('v2'))
    // Three more intervals at least, by a clock that runs ten times as fast.
    expect(performance.now() - startedAt).toBeGreaterThan((3 * 5000) / 10)
    expect(app.weights).toEqual([0, 10, 20, 30, 40, 50, 0])
    const { dropped, drops } = await traffic.stop()
    expect([dropped, drops]).toEqual([0, []])
  }, 60_000)
})

describe('what the query sees', () => {
  test('CD08: errors from before the test do not fail it', async () => {
    const app = new Actor(stage(), 'errors-before')
    await app.install({ ...quick, trafficShiftUpdateInterval: 30 })
    const failing = app.traffic('/nothello', 20)
    await app.patch({ deploymentReadyTimeout: 601 })
    const { prometheusQuery = '' } = app.app?.spec ?? {}
    const seen = (): string => JSON.stringify(stage().local.prometheus?.query(prometheusQuery))
    await expect.poll(seen, { timeout: 10_000 }).toContain('destination_service_name')
    await failing.stop()
    await app.patch({ image: image('v2') })
    await app.serves(image('v2'))
    expect(app.app?.status?.lastFailedTag).toBe('')
  }, 60_000)

  test('CD09: with "{{deployment}}" only the errors of the image on trial count', async () => {
    const prometheusQuery =
      'increase(istio_requests_total{destination_workload="{{deployment}}",destination_workload_namespace="{{namespace}}",response_code=~"5.*"}[20s]) > 2'
    const app = new Actor(stage(), 'by-version')
    await app.install({ ...quick, prometheusQuery })
    const traffic = app.traffic('/hello', 30)
    await app.patch({ image: image('v2-error100') })
    await app.until(({ status }) => status?.lastFailedTag === image('v2-error100'))
    await app.serves(image('v1'))
    await traffic.stop()
  }, 60_000)
})
