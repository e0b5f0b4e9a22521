/** Experiments: candidates beside stable until statistics, time, a person or a command says which one is best. */
import { describe, expect, test } from 'vitest'
import { plainRoute, release, template } from '#test/gen/release.ts'
import {
  actionsTold,
  command,
  type Measured,
  outage,
  type Pace,
  pass,
  phaseIs,
  reasonIs,
  settle,
  stamped,
  until,
  value,
} from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ExperimentCandidate, ExperimentStrategy } from './api/strategy/experiment.ts'
import type { ReleaseJudge } from './api/strategy/judge.ts'
import { decide } from './decide.ts'
import type { MeasureAsk } from './decision.ts'
import type { Counted } from './model/statistics.ts'
import { labels } from './render/names.ts'
import { writtenHash } from './revision.ts'

const route = plainRoute()

const minute = 60_000
const judge: ReleaseJudge = {
  success: 'sum(increase(orders{ {{labels}} }[{{window}}]))',
  total: 'sum(increase(visits{ {{labels}} }[{{window}}]))',
  direction: 'higher',
}
const analysis = {
  provider: { prometheus: { address: 'http://prometheus.monitoring.svc:9090' } },
  metrics: [],
}
const images = { v1: 'shop:v1', b: 'shop:b', c: 'shop:c' }
const revisions = Object.fromEntries(
  Object.entries(images).map(([name, image]) => [name, writtenHash(template(image))]),
)
const byWeight: readonly ExperimentCandidate[] = [
  { name: 'b', weight: 20, template: template(images.b) },
  { name: 'c', weight: 30, template: template(images.c) },
]
const byMatch: readonly ExperimentCandidate[] = [
  {
    name: 'b',
    match: [{ header: { name: 'x-variant', value: 'b' } }],
    template: template(images.b),
  },
]

type Changes = Partial<ExperimentStrategy>

function experiment(changes: Changes = {}): { strategy: { experiment: ExperimentStrategy } } {
  return { strategy: { experiment: { candidates: byWeight, judge, ...changes } } }
}

function begun(changes: Changes = {}): World {
  const world = new World(release({ ...experiment(changes), analysis }), route)
  until(world, reasonIs('WaitingForJudgement'))
  return world
}

/** What is counted of each role, whatever the time. */
function counts(by: Readonly<Record<string, Counted>>): Pace {
  const text = (count: number): ReturnType<typeof value> => value(String(count))
  const parts = ({ role, companions }: MeasureAsk): Measured | undefined => {
    const [own, stable] = [by[role], by['stable']]
    if (own === undefined || stable === undefined || companions === undefined) return undefined
    return {
      answer: text(own.hits),
      companions: {
        count: text(own.of),
        stable: text(stable.hits),
        stableCount: text(stable.of),
      },
    }
  }
  return { parts }
}

const even = counts({
  stable: { hits: 100, of: 1000 },
  b: { hits: 100, of: 1000 },
  c: { hits: 100, of: 1000 },
})
const forB = counts({
  stable: { hits: 1000, of: 10_000 },
  b: { hits: 1500, of: 10_000 },
  c: { hits: 1000, of: 10_000 },
})

const pods = (world: World, revision: string | undefined): number =>
  [...world.replicaSets.values()].find(
    ({ metadata }) => metadata.labels?.[labels.revision] === revision,
  )?.spec.replicas ?? 0

/** Which Services requests with a header go to. */
const ruled = (world: World): readonly string[] =>
  (world.route?.spec.rules ?? []).flatMap((rule) =>
    (rule.matches ?? []).some(({ headers = [] }) => headers.length > 0)
      ? (rule.backendRefs ?? []).map(({ name }) => name)
      : [],
  )
/** The weights of the rule for everybody. */
const unmatched = (world: World): Record<string, number> => {
  const rule = (world.route?.spec.rules ?? []).find(({ matches = [] }) =>
    matches.every(({ headers = [] }) => headers.length === 0),
  )
  return Object.fromEntries((rule?.backendRefs ?? []).map(({ name, weight = 1 }) => [name, weight]))
}

const phases = (world: World, pace: Pace, end: string): readonly string[] => {
  const seen = new Set<string>()
  until(
    world,
    (now) => {
      seen.add(now.release.status?.phase ?? '')
      return phaseIs(end)(now)
    },
    pace,
  )
  return [...seen]
}

const passFor = (world: World, durationMs: number, pace: Pace = {}): void => {
  const end = world.now + durationMs
  for (let passes = 0; world.now < end && passes < 500; passes += 1) {
    pass(world, pace)
    world.now = Math.min(end, world.now + 1000)
  }
}

describe('an experiment by weight', () => {
  test('gives each candidate its share, stable the rest, and is Experimenting', () => {
    const world = begun()
    expect(unmatched(world)).toEqual({ 'shop-stable': 50, 'shop-b': 20, 'shop-c': 30 })
    expect(world.release.status?.phase).toBe('Experimenting')
    expect(
      [...world.replicaSets.values()]
        .map(({ metadata }) => metadata.labels?.[labels.revision])
        .sort(),
    ).toEqual(Object.values(revisions).sort())
  })

  test('counts candidate and stable over the same stretch of time, its whole life with traffic', () => {
    const world = begun()
    const asked: MeasureAsk[] = []
    const parts = (ask: MeasureAsk): undefined => void asked.push(ask)
    passFor(world, 2 * minute, { parts })
    const first = asked.find(({ role }) => role === 'b')
    expect(first).toBeDefined()
    expect(decodeURIComponent(first?.ask.url ?? '')).toMatch(/orders\{ .*revision="\w+" \}\[30s\]/)
    const window = (url: string | undefined): string | undefined =>
      /%5B(\d+s)%5D/.exec(url ?? '')?.[1]
    const { companions } = first ?? {}
    const urls = [first?.ask.url, ...Object.values(companions ?? {}).map(({ url }) => url)]
    expect(urls).toHaveLength(4)
    expect(new Set(urls.map(window))).toEqual(new Set(['30s']))
    const last = asked.findLast(({ role }) => role === 'b')
    expect(Number.parseInt(window(last?.ask.url) ?? '', 10)).toBeGreaterThanOrEqual(90)
  })

  test('is concluded by the judge; the winner gets everything before the losers scale down', () => {
    const world = begun()
    let emptied: { readonly weight: number | undefined } | undefined
    until(
      world,
      (now) => {
        if (pods(now, revisions['c']) === 0) emptied ??= { weight: unmatched(now)['shop-b'] ?? 0 }
        if (emptied !== undefined && now.release.status?.stable?.revision !== revisions['b'])
          expect(emptied.weight).toBe(100)
        return phaseIs('Completed')(now)
      },
      forB,
    )
    settle(world, forB)
    const { status } = world.release
    expect(status?.concluded).toMatchObject({ winner: 'b', reason: 'DifferenceFound', open: false })
    expect(status?.concluded?.message).toMatch(
      /^b beats stable: 15 % of 10000 against 10 % of 10000, confidence /,
    )
    expect(status?.stable?.revision).toBe(revisions['b'])
    expect(unmatched(world)).toEqual({ 'shop-stable': 100, 'shop-b': 0, 'shop-c': 0 })
    expect(Object.values(revisions).map((one) => pods(world, one))).toEqual([0, 4, 0])
  })

  test('a winner that is slow to come up keeps the losers up, without traffic', () => {
    const world = begun()
    const before = pods(world, revisions['c'])
    command(world, 'promote', { candidate: 'b' })
    const slow: Pace = { broken: revisions['b'] ?? '' }
    until(world, (now) => (unmatched(now)['shop-c'] ?? 0) === 0, slow)
    passFor(world, 2 * minute, slow)
    expect(unmatched(world)['shop-b']).toBe(20)
    expect(pods(world, revisions['c'])).toBe(before)
    until(world, phaseIs('Completed'))
    settle(world)
    expect(pods(world, revisions['c'])).toBe(0)
  })

  test('says what was counted, and how sure the judge is, in status', () => {
    const world = begun()
    until(world, phaseIs('Completed'), forB)
    const looks = world.release.status?.looks ?? []
    expect(looks.find(({ candidate }) => candidate === 'b')).toMatchObject({
      counted: { hits: 1500, of: 10_000, rate: 0.15 },
      stable: { hits: 1000, of: 10_000, rate: 0.1 },
    })
    expect(looks.find(({ candidate }) => candidate === 'b')?.confidence).toBeGreaterThan(0.99)
  })

  test('is Concluded while the winner is promoted', () => {
    expect(phases(begun(), forB, 'Completed')).toEqual(['Experimenting', 'Concluded', 'Completed'])
  })

  test('does not begin again until other templates are asked for', () => {
    const world = begun()
    until(world, phaseIs('Completed'), forB)
    settle(world, forB)
    world.crash()
    settle(world, forB)
    expect(actionsTold(world).filter((one) => one === 'Start')).toHaveLength(2)
    world.ask(experiment({ candidates: byWeight.map((one) => ({ ...one, weight: 10 })) }))
    settle(world, forB)
    expect(world.release.status?.phase).toBe('Completed')
    const other = byWeight.map((one) => ({ ...one, template: template(`${one.name}:next`) }))
    world.ask({ ...experiment({ candidates: other }), template: template(images.b) })
    until(world, phaseIs('Experimenting'))
    expect(world.release.status?.concluded).toBeUndefined()
  })

  test('all return after the longest time: nobody won, nothing failed, even if the controller was down then', () => {
    const world = begun({ maxDuration: '1h' })
    passFor(world, 10 * minute, even)
    expect(world.release.status?.phase).toBe('Experimenting')
    world.crash()
    world.now += 5 * 3_600_000
    until(world, phaseIs('Completed'), even)
    settle(world, even)
    const { status } = world.release
    expect(status?.concluded).toMatchObject({ reason: 'MaxDurationReached' })
    expect([status?.concluded?.winner, status?.failed]).toEqual([undefined, undefined])
    expect(status?.reason).toMatchObject({ type: 'Serving' })
    expect(status?.reason?.message).toMatch(/; nobody won within 1h$/)
    expect(Object.values(revisions).map((one) => pods(world, one))).toEqual([4, 0, 0])
    expect(unmatched(world)).toEqual({ 'shop-stable': 100, 'shop-b': 0, 'shop-c': 0 })
  })

  test('nobody wins before the least time', () => {
    const world = begun({ minDuration: '10m' })
    const begin = world.now
    passFor(world, 9 * minute, forB)
    expect(world.release.status?.phase).toBe('Experimenting')
    until(world, phaseIs('Completed'), forB)
    expect(world.now - begin).toBeGreaterThanOrEqual(10 * minute)
  })

  test('waits longer than the progress deadline without taking it for a failure', () => {
    const world = begun()
    passFor(world, 25 * minute, even)
    expect(world.release.status?.phase).toBe('Experimenting')
  })

  test('stable wins where every candidate is worse', () => {
    const world = begun()
    const worse = { hits: 500, of: 10_000 }
    const pace = counts({ stable: { hits: 1000, of: 10_000 }, b: worse, c: worse })
    until(world, phaseIs('Completed'), pace)
    settle(world, pace)
    expect(world.release.status?.concluded).toMatchObject({ winner: 'stable' })
    expect(world.release.status?.stable?.revision).toBe(revisions['v1'])
  })

  test('one that is worse ends nothing as long as another one may win', () => {
    const world = begun()
    const pace = counts({
      stable: { hits: 1000, of: 10_000 },
      b: { hits: 500, of: 10_000 },
      c: { hits: 1000, of: 10_000 },
    })
    passFor(world, 5 * minute, pace)
    expect(world.release.status?.phase).toBe('Experimenting')
  })

  test('of two that win, the better one takes it', () => {
    const world = begun()
    const pace = counts({
      stable: { hits: 1000, of: 10_000 },
      b: { hits: 1500, of: 10_000 },
      c: { hits: 1700, of: 10_000 },
    })
    until(world, phaseIs('Completed'), pace)
    expect(world.release.status?.concluded?.winner).toBe('c')
  })

  test('a lower share wins where lower is better', () => {
    const world = begun({ judge: { ...judge, direction: 'lower' } })
    const pace = counts({
      stable: { hits: 1000, of: 10_000 },
      b: { hits: 500, of: 10_000 },
      c: { hits: 1000, of: 10_000 },
    })
    until(world, phaseIs('Completed'), pace)
    expect(world.release.status?.concluded?.winner).toBe('b')
  })
})

describe('what says nothing concludes nothing', () => {
  const good = { stable: value('1000'), count: value('10000'), stableCount: value('10000') }
  const none = value('NaN')
  const rows: readonly (readonly [string, Measured | undefined])[] = [
    ['NaN successes', { answer: none, companions: good }],
    ['NaN observations', { answer: value('5000'), companions: { ...good, count: none } }],
    ['NaN of stable', { answer: value('5000'), companions: { ...good, stable: none } }],
    ['no companions', { answer: value('5000'), companions: {} }],
    ['an outage', { answer: outage, companions: good }],
    ['more successes than observations', { answer: value('20000'), companions: good }],
    ['a negative number', { answer: value('-5'), companions: good }],
    ['no observations', { answer: value('0'), companions: { ...good, count: value('0') } }],
    ['too few', { answer: value('20'), companions: { ...good, count: value('29') } }],
    ['no answer at all', undefined],
  ]
  for (const [name, measured] of rows) {
    test(name, () => {
      const world = begun()
      passFor(world, 5 * minute, { parts: () => measured })
      expect(world.release.status?.phase).toBe('Experimenting')
      expect(actionsTold(world)).not.toContain('Conclude')
    })
  }

  test('a last word from before the provider went silent is not acted upon', () => {
    const world = begun({ minDuration: '10m' })
    passFor(world, 5 * minute, forB)
    passFor(world, 20 * minute)
    expect(world.release.status?.phase).toBe('Experimenting')
  })
})

describe('K41: several judges', () => {
  const rows: readonly (readonly [string, number, number, string | undefined])[] = [
    ['agree: there is a winner', 1500, 1500, 'b'],
    ['disagree: nobody has won', 1500, 500, undefined],
    ['one is not sure: the other one decides', 1500, 1000, 'b'],
    ['none is sure: nobody has won', 1000, 1000, undefined],
  ]
  for (const [name, first, second, winner] of rows) {
    test(name, () => {
      const world = begun({ candidates: byWeight.slice(0, 1) })
      const { app, ...rest } = world.observe()
      const judges = (app.plan.experiment?.judges ?? []).flatMap((one) => [
        one,
        { ...one, metric: { ...one.metric, name: 'judge:second' } },
      ])
      const of = stamped(value('10000'), world.now)
      const answers = [first, second].map((hits, index) => ({
        id: String(index),
        role: 'b',
        metric: judges[index]?.metric.name ?? '',
        revision: revisions['b'] ?? '',
        at: world.now,
        returnedAt: world.now,
        answer: stamped(value(String(hits)), world.now),
        companions: { count: of, stable: stamped(value('1000'), world.now), stableCount: of },
      }))
      const experiment = app.plan.experiment && { ...app.plan.experiment, judges }
      const plan = experiment === undefined ? app.plan : { ...app.plan, experiment }
      const { notebook } = decide({ ...rest, app: { ...app, plan }, answers }, world.now)
      expect(notebook.looks).toHaveLength(2)
      expect(notebook.concluded?.winner).toBe(winner)
    })
  }
})

describe('an experiment by match', () => {
  test('has its rule exactly while it runs; everybody else stays with stable', () => {
    const world = new World(release({ ...experiment({ candidates: byMatch }), analysis }), route)
    const seen: string[] = []
    until(
      world,
      (now) => {
        const others = unmatched(now)
        const running = now.release.status?.trials?.some(({ stage }) => stage === 'steps') === true
        if (running) expect(others).toMatchObject({ 'shop-stable': others['shop-stable'] })
        if (running) expect(others['shop-b'] ?? 0).toBe(0)
        seen.push(ruled(now).join())
        return reasonIs('WaitingForJudgement')(now)
      },
      even,
    )
    expect(new Set(seen)).toEqual(new Set(['', 'shop-b']))
    expect(ruled(world)).toEqual(['shop-b'])
    const specific = (world.route?.spec.rules ?? []).findIndex(
      ({ matches = [] }) => matches.length > 0,
    )
    expect(specific).toBe(0)
  })

  for (const verb of ['abort', 'promote'] as const) {
    test(`${verb}: the rule is gone before the variant is scaled down`, () => {
      const world = begun({ candidates: byMatch })
      command(world, verb, { candidate: 'b' })
      const full = pods(world, revisions['b'])
      const end = verb === 'abort' ? 'Failed' : 'Completed'
      until(world, (now) => {
        if (ruled(now).length > 0) expect(pods(now, revisions['b'])).toBeGreaterThanOrEqual(full)
        return phaseIs(end)(now)
      })
      settle(world)
      expect(ruled(world)).toEqual([])
      const winner = verb === 'abort' ? 'v1' : 'b'
      expect(world.release.status?.stable?.revision).toBe(revisions[winner])
      expect(pods(world, revisions[winner === 'b' ? 'v1' : 'b'])).toBe(0)
    })
  }

  test('no rule of a revision that was replaced sends anybody anywhere', () => {
    const world = begun({ candidates: byMatch })
    const [b] = byMatch
    const next = template('shop:b2')
    world.ask(experiment({ candidates: [{ ...b, name: 'b', template: next }] }))
    until(world, (now) => {
      const selected = now.services.get('shop-b')?.spec.selector?.[labels.revision]
      if (ruled(now).length > 0) expect([revisions['b'], writtenHash(next)]).toContain(selected)
      return now.release.status?.trials?.[0]?.revision === writtenHash(next)
    })
    until(world, reasonIs('WaitingForJudgement'))
    expect(world.services.get('shop-b')?.spec.selector?.[labels.revision]).toBe(writtenHash(next))
  })
})

describe('people and commands', () => {
  test('a promoted candidate wins, whatever the statistics say', () => {
    const world = begun()
    command(world, 'promote', { candidate: 'c', revision: revisions['c'] ?? '' })
    until(world, phaseIs('Completed'))
    expect(world.release.status?.concluded).toMatchObject({
      winner: 'c',
      reason: 'ConcludedByHand',
    })
    expect(world.release.status?.concluded?.message).toBe('c was chosen by ann')
  })

  test('an abort sends all home and is a failure with its reason', () => {
    const world = begun()
    command(world, 'abort')
    settle(world)
    expect(world.release.status?.phase).toBe('Failed')
    expect(world.release.status?.reason?.type).toBe('Aborted')
    expect(Object.values(revisions).map((one) => pods(world, one))).toEqual([4, 0, 0])
  })

  test('a pause stops the clock of the longest time', () => {
    const world = begun({ maxDuration: '1h' })
    command(world, 'pause')
    until(world, phaseIs('Paused'))
    world.now += 10 * 3_600_000
    pass(world, even)
    expect(world.release.status?.phase).toBe('Paused')
    command(world, 'resume')
    until(world, phaseIs('Experimenting'), even)
  })

  for (const [name, winner, revision] of [
    ['a winner', 'b', 'b'],
    ['no winner', undefined, 'v1'],
  ] as const) {
    test(`a command from outside ends it with ${name}`, () => {
      const world = begun()
      world.ask(experiment({ conclude: winner === undefined ? {} : { winner } }))
      until(world, phaseIs('Completed'))
      settle(world)
      expect(world.release.status?.concluded?.reason).toBe('ConcludedByHand')
      expect(world.release.status?.stable?.revision).toBe(revisions[revision])
    })
  }

  test('K43: with onConclusion wait the winner keeps its share until somebody promotes', () => {
    const world = begun({ onConclusion: 'wait' })
    until(world, phaseIs('Concluded'), forB)
    settle(world, forB)
    expect(unmatched(world)).toEqual({ 'shop-stable': 80, 'shop-b': 20, 'shop-c': 0 })
    expect(world.release.status?.reason?.type).toBe('WaitingForApproval')
    expect(pods(world, revisions['c'])).toBe(0)
    command(world, 'promote')
    until(world, phaseIs('Completed'))
    expect(world.release.status?.stable?.revision).toBe(revisions['b'])
  })

  test('K43: without a winner it is Concluded until somebody promotes, with everybody back', () => {
    const world = begun({ onConclusion: 'wait', maxDuration: '1h' })
    world.now += 2 * 3_600_000
    until(world, (now) => phaseIs('Concluded')(now) && now.release.status?.trials === undefined)
    settle(world)
    expect(world.release.status?.reason?.type).toBe('WaitingForApproval')
    command(world, 'promote', { step: undefined })
    until(world, phaseIs('Completed'))
    expect(world.release.status?.stable?.revision).toBe(revisions['v1'])
  })

  test('a winner that waits can be aborted, which is a failure', () => {
    const world = begun({ onConclusion: 'wait' })
    until(world, phaseIs('Concluded'), forB)
    settle(world, forB)
    command(world, 'abort')
    settle(world)
    expect(world.release.status?.phase).toBe('Failed')
    expect(Object.values(revisions).map((one) => pods(world, one))).toEqual([4, 0, 0])
  })

  test('a retry after an abort begins it again', () => {
    const world = begun()
    command(world, 'abort')
    settle(world)
    for (const revision of [revisions['b'], revisions['c']]) {
      command(world, 'retry', { revision: revision ?? '', step: undefined })
      pass(world)
      pass(world)
    }
    until(world, reasonIs('WaitingForJudgement'))
    expect(world.release.status?.trials).toHaveLength(2)
  })
})

describe('templates', () => {
  const variant: readonly ExperimentCandidate[] = [{ name: 'b', weight: 50 }]

  test('a candidate without its own runs the template of the release; stable is the last completed', () => {
    const world = new World(release({ ...experiment({ candidates: variant }), analysis }), route)
    until(world, phaseIs('Completed'))
    settle(world)
    world.ask({ template: template(images.b) })
    until(world, reasonIs('WaitingForJudgement'))
    expect(unmatched(world)).toEqual({ 'shop-stable': 50, 'shop-b': 50 })
    until(world, phaseIs('Completed'), forB)
    expect(world.release.status?.stable?.revision).toBe(revisions['b'])
  })

  test('where it does not win, stable stays what it was and the release is at rest', () => {
    const world = new World(
      release({ ...experiment({ candidates: variant, maxDuration: '1h' }), analysis }),
      route,
    )
    until(world, phaseIs('Completed'))
    world.ask({ template: template(images.b) })
    until(world, reasonIs('WaitingForJudgement'))
    world.now += 2 * 3_600_000
    until(world, phaseIs('Completed'))
    settle(world)
    expect(world.release.status?.stable?.revision).toBe(revisions['v1'])
    expect(actionsTold(world).filter((one) => one === 'Start')).toHaveLength(1)
  })

  test("where all have their own, the release's template is stable's: another one comes in at once", () => {
    const world = begun()
    const next = template('shop:v2')
    world.ask({ template: next })
    const turns = new Set<string | undefined>()
    until(world, (now) => {
      turns.add(now.services.get('shop-stable')?.spec.selector?.[labels.revision])
      expect(unmatched(now)).toEqual({ 'shop-stable': 50, 'shop-b': 20, 'shop-c': 30 })
      return now.release.status?.stable?.revision === writtenHash(next)
    })
    until(world, reasonIs('WaitingForJudgement'))
    expect([...turns]).toEqual([revisions['v1'], writtenHash(next)])
    expect(world.release.status?.phase).toBe('Experimenting')
    until(world, () => pods(world, revisions['v1']) === 0)
    until(world, phaseIs('Completed'), forB)
    expect(world.release.status?.stable?.revision).toBe(revisions['b'])
  })
})
