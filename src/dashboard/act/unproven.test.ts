/** What is said of a candidate that somebody promotes before its experiment has an end. */
import { expect, test } from 'vitest'
import type { ExperimentStrategy } from '#core/api/strategy/experiment.ts'
import type { ReleaseJudge } from '#core/api/strategy/judge.ts'
import { plainRoute, release, template } from '#test/gen/release.ts'
import { installed, type Pace, pass, reasonIs, until, value } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import { unproven } from './unproven.ts'

const judge: ReleaseJudge = {
  success: 'sum(increase(orders{ {{labels}} }[{{window}}]))',
  total: 'sum(increase(visits{ {{labels}} }[{{window}}]))',
  direction: 'higher',
}
const route = plainRoute()
const analysis = {
  provider: { prometheus: { address: 'http://prometheus.monitoring.svc:9090' } },
  metrics: [],
}

function begun(more: Partial<ExperimentStrategy> = {}, pace: Pace = {}): World {
  const candidates = [{ name: 'b', weight: 20, template: template('shop:b') }]
  const strategy = { experiment: { candidates, judge, ...more } }
  const world = new World(release({ strategy, analysis }), route)
  until(world, reasonIs('WaitingForJudgement'), pace)
  return world
}

/** As many of all that is counted, of everybody. */
const alike: Pace = {
  parts: () => {
    const [hits, all] = [value('100'), value('1000')]
    return { answer: hits, companions: { count: all, stable: hits, stableCount: all } }
  },
}

function told(
  world: World,
  verb: 'promote' | 'abort' = 'promote',
  revision = world.release.status?.trials?.[0]?.revision ?? '',
): readonly string[] {
  return unproven(world.observe(), { verb, revision }, world.now)
}

test('nothing was compared yet, and its least duration is not over', () => {
  const world = begun({ minDuration: '1h' })
  world.now = Date.parse(world.release.status?.step?.startedAt ?? '') + 20 * 60_000 + 1
  expect(told(world)).toEqual([
    'nobody has won so far: b has not been compared with stable yet',
    'its least duration of 1h is not over: 40m are left',
  ])
})

test('compared without a difference: how sure it is', () => {
  const world = begun({ minDuration: '1m' }, alike)
  const since = Date.parse(world.release.status?.step?.startedAt ?? '')
  for (let passes = 0; passes < 100 && world.now < since + 60_000; passes += 1) pass(world, alike)
  expect(told(world)).toEqual([
    expect.stringMatching(
      /^nobody has won so far: b differs from stable with a confidence of \S+ %, after 1000 against 1000 observations$/,
    ),
  ])
})

test('whoever stops it, or promotes what is no experiment, is told nothing of it', () => {
  const running = begun()
  expect(told(running, 'abort')).toEqual([])
  running.ask({ template: template('shop:v2') })
  until(running, ({ release: { status } }) => (status?.trials ?? []).length > 1)
  const baseline = running.observe().notebook?.trials.find(({ role }) => role !== 'b')
  expect(baseline).toBeDefined()
  expect(told(running, 'promote', baseline?.revision)).toEqual([])
  const world = installed()
  world.ask({ template: template('shop:v2') })
  until(world, ({ release: { status } }) => (status?.trials ?? []).length > 0)
  expect(told(world)).toEqual([])
})
