/** The progress deadline: only time in which something should move and does not counts. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { httpRoute, release, template } from '#test/gen/release.ts'
import {
  command,
  installed,
  noSeries,
  outage,
  pass,
  phaseIs,
  reasonIs,
  settle,
  until,
  value,
} from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import { decide } from './decide.ts'

const minute = 60_000
const steps = [{ weight: 25 }, { pause: {} }, { weight: 50 }]
const spec = { strategy: { canary: { steps } }, progressDeadline: '5m' }

/** A trial whose pods do not come up. */
function stuck(): { readonly world: World; readonly pace: { readonly broken: string } } {
  const world = installed(spec)
  const [first = ''] = world.replicaSets.keys()
  world.ask({ template: template('shop:v2') })
  until(world, (now) => now.replicaSets.size === 2, { broken: 'shop' })
  const broken = [...world.replicaSets.keys()].find((name) => name !== first) ?? ''
  until(world, reasonIs('WaitingForPods'), { broken })
  return { world, pace: { broken } }
}

describe('a trial', () => {
  test('that does not move for so long is turned back, on the dot', () => {
    const { world, pace } = stuck()
    const since = Date.parse(world.release.status?.trials?.[0]?.startedAt ?? '')
    until(world, phaseIs('Failed'), pace)
    const { reason, failed: [failed] = [] } = world.release.status ?? {}
    expect(reason?.type).toBe('ProgressDeadlineExceeded')
    expect(failed?.message).toMatch(/^nothing moved for 5m: 0 of 1 pods of revision \w+ are ready$/)
    expect(Date.parse(failed?.at ?? '') - since).toBeLessThan(5 * minute + 1000)
    expect(Date.parse(failed?.at ?? '') - since).toBeGreaterThanOrEqual(5 * minute)
  })

  test('is woken for it, although nothing happens', () => {
    const { world } = stuck()
    const { wakeAt } = decide(world.observe(), world.now)
    expect(wakeAt).toBeGreaterThan(world.now)
    expect(wakeAt).toBeLessThanOrEqual(world.now + 5 * minute)
  })

  test('has all its time again whenever a pod comes up', () => {
    const world = installed({
      ...spec,
      replicas: 10,
      strategy: { canary: { steps: [{ weight: 50 }] } },
    })
    world.ask({ template: template('shop:v2') })
    until(world, (now) => now.replicaSets.size === 2, { broken: 'shop' })
    const candidate = [...world.replicaSets.keys()].at(-1) ?? ''
    for (let pods = 0; pods < 4; pods += 1) {
      world.now += 4 * minute
      world.movePods(candidate, 1, false)
      pass(world, { broken: 'shop' })
    }
    expect(world.release.status?.phase).toBe('Progressing')
  })

  test('has all its time again after a crash: nobody knows since when nothing moved', () => {
    const { world, pace } = stuck()
    world.now += 4 * minute
    world.crash()
    pass(world, pace)
    world.now += 4 * minute
    pass(world, pace)
    expect(world.release.status?.phase).toBe('Progressing')
  })
})

describe('deliberate waits do not count', () => {
  test('an approval may take days', () => {
    const world = installed(spec)
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    const { wakeAt } = settle(world)
    expect(wakeAt).toBeUndefined()
    world.now += 3 * 24 * 60 * minute
    pass(world)
    expect(world.release.status?.reason?.type).toBe('WaitingForApproval')
    command(world, 'promote')
    until(world, phaseIs('Completed'))
  })

  test('a timed pause may be longer than the deadline', () => {
    const world = installed({
      ...spec,
      strategy: { canary: { steps: [{ weight: 25 }, { pause: '1h' }] } },
    })
    world.ask({ template: template('shop:v2') })
    until(world, phaseIs('Completed'))
    until(world, (now) => now.release.status?.observedGeneration === 2 && phaseIs('Completed')(now))
    expect(world.release.status?.failed).toBeUndefined()
  })

  test('a person may hold it, and there is all the time again when it goes on', () => {
    const { world, pace } = stuck()
    command(world, 'pause')
    until(world, reasonIs('Paused'), pace)
    world.now += 60 * minute
    pass(world, pace)
    world.now += 60 * minute
    command(world, 'resume')
    pass(world, pace)
    pass(world, pace)
    expect(world.release.status?.phase).toBe('Progressing')
    world.now += 4 * minute
    pass(world, pace)
    expect(world.release.status?.failed).toBeUndefined()
    until(world, phaseIs('Failed'), pace)
  })

  for (const [name, answer] of [
    ['is away', outage],
    ['has nothing to say', noSeries],
  ] as const) {
    test(`a provider that ${name} may take hours, and there is all the time again after it`, () => {
      const world = installed({
        ...spec,
        strategy: { canary: { steps: [{ weight: 25 }, { analysis: ['errors'] }, { weight: 75 }] } },
        analysis: analysis(),
      })
      world.ask({ template: template('shop:v2') })
      until(world, reasonIs('WaitingForMetrics'), { metrics: () => answer })
      for (let passes = 0; passes < 100; passes += 1) pass(world, { metrics: () => answer })
      world.now += 60 * minute
      pass(world, { metrics: () => answer })
      until(
        world,
        (now) => phaseIs('Completed')(now) && now.release.status?.trials?.[0] === undefined,
        {
          metrics: () => value('0'),
        },
      )
      expect(world.release.status?.failed).toBeUndefined()
    })
  }

  test('a rival may stay for hours, and there is all the time again when it goes', () => {
    const { world, pace } = stuck()
    world.rivals = [{ claim: 'HTTPRoute shop', by: 'Release other' }]
    pass(world, pace)
    world.now += 60 * minute
    world.rivals = []
    pass(world, pace)
    pass(world, pace)
    expect(world.release.status?.failed).toBeUndefined()
  })
})

describe('where there is no way back', () => {
  test('a first install that does not come up is Failed and Stalled, goes on trying, and recovers by itself', () => {
    const world = new World(release(spec), httpRoute())
    until(world, phaseIs('Failed'), { broken: 'shop' })
    const { reason, conditions } = world.release.status ?? {}
    expect(reason?.type).toBe('WaitingForPods')
    expect(conditions?.map(({ type, status }) => [type, status])).toEqual([
      ['Ready', 'False'],
      ['Stalled', 'True'],
    ])
    until(world, phaseIs('Completed'))
  })

  test('a way back behind a dead gateway is Failed and Stalled, keeps the pods up, and ends when the gateway is back', () => {
    const world = installed(spec)
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'abort')
    until(world, phaseIs('Failed'), { deadGateway: true })
    const { reason, trials: [trial] = [], conditions } = world.release.status ?? {}
    expect([reason?.type, trial?.stage]).toEqual(['Retreating', 'retreating'])
    expect(conditions?.map(({ type }) => type)).toContain('Stalled')
    for (let passes = 0; passes < 5; passes += 1) pass(world, { deadGateway: true })
    expect([...world.replicaSets.values()].map(({ spec: { replicas } }) => replicas)).toEqual([
      4, 1,
    ])
    until(world, (now) => now.release.status?.trials?.[0] === undefined)
    settle(world)
    expect([...world.replicaSets.values()].map(({ spec: { replicas } }) => replicas)).toEqual([
      4, 0,
    ])
    expect(world.release.status?.reason?.type).toBe('Aborted')
  })

  test('a release at rest has no deadline', () => {
    const world = installed(spec)
    world.now += 24 * 60 * minute
    expect(pass(world).wakeAt).toBeUndefined()
    expect(world.release.status?.phase).toBe('Completed')
  })
})
