/**
 * A Prometheus that is there and answers badly, on a real server: each manner is told in the status, the release stands
 * where it is, and goes on by itself once the answers are good.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MeasurementStatus } from '#core/api/release.ts'
import { type FakePrometheus, fakePrometheus, type MannerName } from './fake-prometheus.ts'
import { Actor, sharedStage } from './stage.ts'

const faults: readonly (readonly [MannerName, string, RegExp])[] = [
  ['unavailable', 'error', /^Prometheus answered 503$/],
  ['errorStatus', 'error', /^Prometheus answered 422 \(execution\)$/],
  ['noJson', 'error', /^Prometheus answered 200$/],
  ['notANumber', 'noData', /not a number \(NaN\): nothing to divide by/],
  ['errorWithSuccessCode', 'error', /^Prometheus answered 200 \(timeout\)$/],
  ['down', 'error', /./],
  ['infinite', 'error', /not a finite number/],
  ['minusInfinite', 'error', /not a finite number/],
  ['text', 'error', /not a finite number/],
  ['missingValue', 'error', /^Prometheus answered without a value$/],
  ['stale', 'noData', /^the sample is stale: it is off the time asked for by 5m/],
  ['severalSeries', 'error', /matched 2 series; aggregate them to one, for example with sum\(\)/],
  ['noSeries', 'noData', /matched no series/],
  ['aString', 'error', /did not answer with a vector or a scalar/],
  ['huge', 'error', /larger than|more than|too large/],
  ['gzipBomb', 'error', /./],
]

const stage = sharedStage()
let prometheus: FakePrometheus
let shop: Actor

beforeAll(async () => {
  prometheus = await fakePrometheus()
  await prometheus.serveAs(stage().local.cluster, 'fake')
  shop = new Actor(stage(), 'bad-prometheus')
  const metrics = faults.map(([name]) => ({
    name: name.toLowerCase(),
    query: name,
    max: 5,
    interval: '1s',
  }))
  await shop.install('v1', {
    replicas: 1,
    strategy: {
      canary: { steps: [{ weight: 50 }, { analysis: metrics.map(({ name }) => name) }] },
    },
    analysis: { provider: { prometheus: { address: 'http://fake.default.svc:9090' } }, metrics },
  })
  await shop.comesTo('Completed')
  for (const [name] of faults) prometheus.answers.set(name, name)
  await shop.ask('v2')
})
afterAll(() => prometheus.stop())

function measurement(name: string): MeasurementStatus | undefined {
  return shop.release?.status?.measurements?.find(({ metric }) => metric === name.toLowerCase())
}

function goodSamples(name: string): number {
  return measurement(name)?.good ?? 0
}

test.each(faults)('%s: the sample is told as %s', async (name, verdict, sentence) => {
  await shop.until(() => (measurement(name)?.samples ?? []).length > 0)
  const sample = measurement(name)?.samples?.at(-1)
  expect(sample?.verdict).toBe(verdict)
  expect(sample?.message).toMatch(sentence)
  expect(sample?.message).not.toMatch(/secret|xxx/)
})

test('none of them moves the release', async () => {
  await shop.until(() => shop.reason.type === 'WaitingForMetrics')
  expect(shop.canaryWeight).toBe(50)
  expect(shop.release?.status?.step?.index).toBe(1)
})

test('a single one that is left holds it still', async () => {
  for (const [name] of faults) if (name !== 'huge') prometheus.answers.delete(name)
  await shop.until(() => faults.every(([name]) => name === 'huge' || goodSamples(name) > 0))
  expect(shop.reason.type).toBe('WaitingForMetrics')
  expect(shop.canaryWeight).toBe(50)
})

test('the release goes on by itself once all answers are good', async () => {
  prometheus.answers.clear()
  await shop.comesTo('Completed')
  await shop.untilPods({ v2: 1 })
})
