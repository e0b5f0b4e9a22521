/** Gates in a release: pods, a program or a person decide whether the next step comes. */
import { describe, expect, test } from 'vitest'
import { template } from '#test/gen/release.ts'
import {
  actionsTold,
  command,
  installed,
  type Pace,
  pass,
  phaseIs,
  reasonIs,
  settle,
  until,
} from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import type { ReleaseGate } from './api/read-gate.ts'
import type { GateAsk } from './decision.ts'
import type { HttpAnswer } from './http-ask.ts'

function gated(gate: ReleaseGate): World {
  const steps = [{ weight: 50 }, { gate }, { weight: 100 }]
  const world = installed({ strategy: { canary: { steps } }, progressDeadline: '1m' })
  world.ask({ template: template('shop:v2') })
  until(world, reasonIs('WaitingForGate'))
  return world
}

const answer = (body: unknown, status = 200): HttpAnswer => ({
  kind: 'answer',
  status,
  body: JSON.stringify(body),
})
const always = (given: HttpAnswer): Pace => ({ gates: () => given })
const minute = 60_000

function passFor(world: World, durationMs: number, pace: Pace = {}): readonly GateAsk[] {
  const asked: GateAsk[] = []
  const gates = (ask: GateAsk): HttpAnswer | undefined => {
    asked.push(ask)
    return pace.gates?.(ask)
  }
  const end = world.now + durationMs
  for (let passes = 0; world.now < end && passes < 500; passes += 1) {
    pass(world, { ...pace, gates })
    world.now = Math.max(world.now, Math.min(end, world.now + 500))
  }
  return asked
}

const kinds: readonly (readonly [string, ReleaseGate, HttpAnswer, HttpAnswer])[] = [
  ['the health of each pod', { health: { path: '/healthz' } }, answer({}), answer({}, 503)],
  [
    'a probe that wants to read healthy',
    { health: { path: '/check', type: 'probe' } },
    answer({ healthy: true }),
    answer({ healthy: false }),
  ],
  [
    'a program',
    { webhook: { url: 'http://gate.team.svc:8080/check' } },
    answer({ verdict: 'pass' }),
    answer({ verdict: 'hold' }),
  ],
]

for (const [name, gate, good, bad] of kinds) {
  describe(`a gate by ${name}`, () => {
    test('lets pass when it is content', () => {
      const world = gated(gate)
      until(world, phaseIs('Completed'), always(good))
    })

    test('holds the weight as long as it is not, without any deadline', () => {
      const world = gated(gate)
      passFor(world, 30 * minute, always(bad))
      expect(world.release.status?.reason?.type).toBe('WaitingForGate')
      expect(world.weights()).toMatchObject({ 'shop-canary': 50 })
      until(world, phaseIs('Completed'), always(good))
    })

    test('an outage is no leave', () => {
      const world = gated(gate)
      passFor(world, 10 * minute, always({ kind: 'failed', message: 'connection refused' }))
      expect(world.release.status?.reason?.type).toBe('WaitingForGate')
    })

    test('a crash only makes it ask again', () => {
      const world = gated(gate)
      const before = passFor(world, 1, always(bad))
      world.crash()
      expect(before.length).toBeGreaterThan(0)
      until(world, phaseIs('Completed'), always(good))
    })

    test('somebody may hold it: then nobody is asked, and no time runs out', () => {
      const limited =
        gate.health === undefined
          ? { webhook: { url: '', ...gate.webhook, limit: '5m' } }
          : { health: { ...gate.health, limit: '5m' } }
      const world = gated(limited)
      command(world, 'pause')
      until(world, phaseIs('Paused'))
      expect(passFor(world, 20 * minute, always(bad))).toEqual([])
      expect(world.release.status?.phase).toBe('Paused')
      command(world, 'resume')
      until(world, phaseIs('Completed'), always(good))
    })

    test('a limit that runs out turns the release back', () => {
      const limited =
        gate.health === undefined
          ? { webhook: { url: '', ...gate.webhook, limit: '5m' } }
          : { health: { ...gate.health, limit: '5m' } }
      const world = gated(limited)
      const started = world.now
      until(world, phaseIs('Failed'), always(bad))
      expect(world.now - started).toBeGreaterThanOrEqual(5 * minute)
      expect(world.release.status?.reason?.type).toBe('GateRefused')
      settle(world)
      expect(world.weights()).toMatchObject({ 'shop-stable': 100, 'shop-canary': 0 })
    })
  })
}

test('each pod of the revision on trial is asked, by name and address', () => {
  const world = gated({ health: { path: 'healthz' } })
  const asked = passFor(world, 1, always(answer({})))
  const [canary] = (world.release.status?.trials ?? []).map(({ revision }) => revision)
  expect(asked.map(({ target }) => target).sort()).toEqual([`shop-${canary}-0`, `shop-${canary}-1`])
  expect(asked[0]?.ask).toMatchObject({
    kind: 'pod',
    method: 'GET',
    pod: { namespace: 'default', port: 8080, path: '/healthz' },
  })
})

test('one pod that is ill is enough to wait', () => {
  const world = gated({ health: { path: '/healthz' } })
  const one: Pace = { gates: ({ target }) => answer({}, target.endsWith('-0') ? 200 : 500) }
  passFor(world, 10 * minute, one)
  expect(pass(world, one).reason.message).toMatch(
    /^gate health: 1 of 2 pods are healthy; pod shop-\w+-1 answered 500$/,
  )
})

test('a program is told where the release stands', () => {
  const world = gated({ webhook: { url: 'http://gate.team.svc:8080/check' }, name: 'team' })
  const [asked] = passFor(world, 1, always(answer({ verdict: 'hold' })))
  const body: unknown = JSON.parse(asked?.ask.body ?? '')
  expect(body).toMatchObject({
    gate: 'team',
    namespace: 'default',
    release: 'shop',
    strategy: 'canary',
    role: 'canary',
    step: 1,
    weight: 50,
  })
})

test('a program that refuses turns the release back', () => {
  const world = gated({ webhook: { url: 'http://gate.team.svc:8080/check' } })
  until(world, phaseIs('Failed'), always(answer({ verdict: 'fail' })))
  expect(world.release.status?.reason?.message).toMatch(/gate webhook refuses it$/)
})

for (const [policy, phase] of [
  ['continue', 'Completed'],
  ['rollback', 'Failed'],
] as const) {
  test(`onError ${policy} applies from so many errors in a row`, () => {
    const url = 'http://gate.team.svc:8080/check'
    const world = gated({ webhook: { url, onError: policy, consecutiveErrors: 3 } })
    passFor(world, 15_000, always(answer({}, 500)))
    expect(world.release.status?.reason?.type).toBe('WaitingForGate')
    until(world, phaseIs(phase), always(answer({}, 500)))
  })
}

test('an approval passes once a person promotes, and says who', () => {
  const world = gated({ approval: {} })
  expect(passFor(world, 30 * minute)).toEqual([])
  expect(world.release.status?.reason?.type).toBe('WaitingForGate')
  command(world, 'promote', { by: 'bea' })
  until(world, phaseIs('Completed'))
  expect(actionsTold(world)).toContain('Approve')
  const approval = world.release.status?.decisions?.find(({ action }) => action === 'Approve')
  expect(approval).toMatchObject({ by: 'bea', step: 1, message: 'step 2 approved by bea' })
})

test('the approval of one step is none of the next', () => {
  const steps = [
    { weight: 50 },
    { gate: { approval: {} } },
    { gate: { approval: {}, name: 'second' } },
  ]
  const world = installed({ strategy: { canary: { steps } } })
  world.ask({ template: template('shop:v2') })
  until(world, reasonIs('WaitingForGate'))
  command(world, 'promote')
  until(world, (now) => now.release.status?.step?.index === 2)
  passFor(world, 30 * minute)
  expect(world.release.status?.reason?.message).toBe('gate second waits until somebody promotes')
})
