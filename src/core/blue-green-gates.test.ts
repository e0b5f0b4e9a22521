/** Gates around the switch of a blue-green: before it they keep everybody on the old pods, after it they take it back. */
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { release, template } from '#test/gen/release.ts'
import {
  command,
  installed,
  type Pace,
  phaseIs,
  reasonIs,
  settle,
  until,
  value,
} from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { readRelease } from './api/read.ts'
import type { ReleaseGate } from './api/read-gate.ts'
import type { BlueGreenStrategy } from './api/strategy/blue-green.ts'
import type { HttpAnswer } from './http-ask.ts'
import { labels } from './render/names.ts'
import { writtenHash } from './revision.ts'

const [v1, v2] = ['shop:v1', 'shop:v2'].map((image) => writtenHash(template(image)))
const active = (world: World): string | undefined =>
  world.services.get('shop-stable')?.spec.selector?.[labels.revision]

const answer = (body: unknown, status = 200): HttpAnswer => ({
  kind: 'answer',
  status,
  body: JSON.stringify(body),
})

function asked(blueGreen: BlueGreenStrategy, more: object = {}): World {
  const world = installed({ strategy: { blueGreen }, ...more })
  world.ask({ template: template('shop:v2') })
  return world
}

const health: ReleaseGate = { health: { path: '/healthz', limit: '60s' } }
const program: ReleaseGate = { webhook: { url: 'http://gate.team.svc:8080/check' } }

const kinds: readonly (readonly [string, ReleaseGate, HttpAnswer, HttpAnswer])[] = [
  ['the health of its pods', health, answer({}), answer({}, 503)],
  ['a program', program, answer({ verdict: 'pass' }), answer({ verdict: 'fail' })],
]

describe.each(kinds)('before the switch, %s', (_name, gate, good, bad) => {
  const begun = (): World => asked({ autoPromoteAfter: '0s', prePromotion: { gates: [gate] } })

  test('lets it come', () => {
    const world = begun()
    until(world, reasonIs('WaitingForGate'))
    expect([world.release.status?.phase, active(world)]).toEqual(['Preview', v1])
    until(world, (now) => active(now) === v2, { gates: () => good })
    until(world, phaseIs('Completed'), { gates: () => good })
  })

  test('refuses it: nobody ever saw the new revision', () => {
    const world = begun()
    const seen = new Set<string | undefined>()
    const pace: Pace = { gates: () => bad }
    until(
      world,
      (now) => {
        seen.add(active(now))
        return phaseIs('Failed')(now)
      },
      pace,
    )
    settle(world)
    expect([...seen]).toEqual([v1])
    expect(world.release.status?.failed?.[0]?.reason).toBe('GateRefused')
  })
})

describe('before the switch', () => {
  test('all gates have to pass, after the analysis', () => {
    const gates = [{ ...health, name: 'pods' }, program]
    const world = asked(
      { autoPromoteAfter: '0s', prePromotion: { analysis: ['errors'], gates } },
      { analysis: analysis() },
    )
    until(world, reasonIs('WaitingForAnalysis'))
    const metrics = (): HttpAnswer => value('0')
    until(world, reasonIs('WaitingForGate'), { metrics })
    const some: Pace = { metrics, gates: ({ gate }) => (gate === 'pods' ? answer({}) : undefined) }
    for (let passes = 0; passes < 5; passes += 1) until(world, reasonIs('WaitingForGate'), some)
    expect(active(world)).toBe(v1)
    const all: Pace = { metrics, gates: () => answer({ verdict: 'pass' }) }
    until(world, (now) => active(now) === v2, all)
  })

  test('an approval is the promotion; nobody has to say it twice', () => {
    const world = asked({ prePromotion: { gates: [{ approval: {} }] } })
    until(world, reasonIs('WaitingForGate'))
    command(world, 'promote', { by: 'ann' })
    until(world, phaseIs('Completed'))
    expect(active(world)).toBe(v2)
    expect(world.release.status?.decisions).toContainEqual(
      expect.objectContaining({ action: 'Approve', by: 'ann' }),
    )
  })
})

describe.each(kinds)('after the switch, %s', (_name, gate, good, bad) => {
  const begun = (): World =>
    asked({ autoPromoteAfter: '0s', scaleDownDelay: '0s', postPromotion: { gates: [gate] } })

  test('completes it; until then the old pods stay', () => {
    const world = begun()
    until(world, reasonIs('WaitingForGate'))
    expect(active(world)).toBe(v2)
    expect(world.replicaSets.get(`shop-${v1}`)?.spec.replicas).toBe(4)
    until(world, phaseIs('Completed'), { gates: () => good })
    settle(world)
    expect(world.replicaSets.get(`shop-${v1}`)?.spec.replicas).toBe(0)
  })

  test('takes it back, to pods that are all there', () => {
    const world = begun()
    until(world, reasonIs('WaitingForGate'))
    until(world, phaseIs('Failed'), { gates: () => bad })
    settle(world)
    expect([active(world), world.reachable('shop-stable')]).toEqual([v1, 4])
    expect(world.release.status?.failed?.[0]?.reason).toBe('GateRefused')
  })
})

describe('after the switch', () => {
  test('somebody has to approve, by whose word it is complete', () => {
    const world = asked({
      autoPromoteAfter: '0s',
      postPromotion: { gates: [{ name: 'look', approval: {} }] },
    })
    until(world, reasonIs('WaitingForGate'))
    settle(world)
    expect([active(world), world.release.status?.reason?.message]).toEqual([
      v2,
      'gate look waits until somebody promotes',
    ])
    command(world, 'promote', { by: 'bob' })
    until(world, phaseIs('Completed'))
  })

  test('an abort takes it back as long as it is not proven', () => {
    const world = asked({ autoPromoteAfter: '0s', postPromotion: { gates: [{ approval: {} }] } })
    until(world, reasonIs('WaitingForGate'))
    command(world, 'abort')
    until(world, phaseIs('Failed'))
    settle(world)
    expect(active(world)).toBe(v1)
  })
})

describe('gates that cannot be', () => {
  const problems = (blueGreen: BlueGreenStrategy, more: object = {}): readonly string[] => {
    const read = readRelease(release({ strategy: { blueGreen }, ...more }))
    return read.kind === 'app'
      ? []
      : read.problems.map(({ path, message }) => `${path}: ${message}`)
  }

  test('are told where they stand', () => {
    expect(problems({ prePromotion: { gates: [health, health] } })).toEqual([
      'spec.strategy.blueGreen.prePromotion.gates: two gates are called health; give each a name',
    ])
    expect(problems({ postPromotion: { gates: [{ webhook: { url: 'ftp://x' } }] } })[0]).toContain(
      'spec.strategy.blueGreen.postPromotion.gates[0].webhook.url: "ftp://x" is no http',
    )
    const late = { workloads: { naming: 'role' } }
    const found = problems({ scaleDownDelay: '0s', postPromotion: { gates: [health] } }, late)
    expect(found[0]).toContain('so that nothing could turn back after it')
  })
})
