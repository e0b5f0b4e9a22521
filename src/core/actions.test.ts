/** Commands: each verb obeyed and refused, bound to what its author saw, consumed exactly once. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { analysis } from '#test/gen/metric.ts'
import { template } from '#test/gen/release.ts'
import {
  actionsTold,
  command,
  installed,
  outage,
  pass,
  phaseIs,
  reasonIs,
  settle,
  standingCommand,
  until,
} from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { readAction, writeAction } from './api/action.ts'
import type { DecisionStatus } from './api/release.ts'
import { decide } from './decide.ts'
import { verbs } from './model/app.ts'
import { keep } from './model/notebook.ts'

type Spec = Parameters<typeof installed>[0]

/** A release that waits, in the second of three steps, for somebody to promote. */
function waiting(spec: Spec = {}): World {
  const steps = [{ weight: 25 }, { pause: {} }, { weight: 50 }, { pause: {} }]
  const world = installed({ strategy: { canary: { steps } }, ...spec })
  world.ask({ template: template('shop:v2') })
  until(world, reasonIs('WaitingForApproval'))
  return world
}

function failed(): World {
  const world = waiting()
  command(world, 'abort')
  until(world, phaseIs('Failed'))
  settle(world)
  return world
}

function paused(): World {
  const world = waiting()
  command(world, 'pause')
  until(world, reasonIs('Paused'))
  settle(world)
  return world
}

const atRest = (): World => installed()

function lastTold(world: World): DecisionStatus | undefined {
  return world.release.status?.decisions?.at(-1)
}

describe('who changed the template is on record, with the revision and step that they looked at', () => {
  const rows = [
    ['undo', 'undo', 'Undo', 'undone by ann', 'shop:v1'],
    ['restart', 'restart', 'Restart', 'restarted by ann', 'shop:v3'],
    ['set image', 'set-image', 'SetImage', 'image set by ann', 'shop:v3'],
  ] as const
  const now = (world: World): string =>
    world.release.status?.trials?.[0]?.revision ?? world.release.status?.stable?.revision ?? ''
  for (const [name, verb, action, said, image] of rows) {
    test(name, () => {
      const world = waiting()
      const revision = now(world)
      const step = world.release.status?.step?.index
      world.ask({ template: template(image) })
      command(world, verb)
      until(world, () => now(world) !== revision && standingCommand(world) === undefined)
      until(world, image === 'shop:v1' ? phaseIs('Completed') : reasonIs('WaitingForApproval'))
      const told = world.release.status?.decisions?.filter(({ by }) => by === 'ann')
      const message = `${said}: revision ${now(world)} is asked for`
      expect(told).toMatchObject([{ action, reason: 'TemplateChanged', message, revision, step }])
      expect(standingCommand(world)).toBeUndefined()
    })
  }

  test('also where nothing was on trial, and once the controller has begun already', () => {
    const world = installed()
    const first = now(world)
    world.ask({ template: template('shop:v2') })
    until(world, ({ release: { status } }) => (status?.trials ?? []).length > 0)
    command(world, 'set-image', { revision: first, step: undefined })
    settle(world)
    const told = world.release.status?.decisions?.find(({ by }) => by === 'ann')
    expect(told).toMatchObject({ action: 'SetImage', revision: first })
    expect(told?.step).toBeUndefined()
  })
})

describe('a command is obeyed', () => {
  const rows = [
    ['pause holds the release', waiting, 'pause', 'Pause', 'Paused', 25],
    ['resume lets it go on', paused, 'resume', 'Resume', 'WaitingForApproval', 25],
    ['promote ends the present step', waiting, 'promote', 'Promote', 'WaitingForApproval', 50],
    ['promote ends a pause too', paused, 'promote', 'Promote', 'WaitingForApproval', 50],
    ['promote-full goes past all steps', waiting, 'promote-full', 'PromoteFull', 'Serving', 0],
    ['promote-full ends a pause too', paused, 'promote-full', 'PromoteFull', 'Serving', 0],
    ['abort turns back', waiting, 'abort', 'Abort', 'Aborted', 0],
    ['abort turns back what is paused', paused, 'abort', 'Abort', 'Aborted', 0],
    ['retry begins again', failed, 'retry', 'Retry', 'WaitingForApproval', 25],
  ] as const
  for (const [name, begin, verb, told, reason, weight] of rows) {
    test(name, () => {
      const world = begin()
      const held = world.release.status?.paused !== undefined && verb.startsWith('promote')
      const id = command(world, verb)
      settle(world)
      expect(world.release.status?.reason?.type).toBe(reason)
      expect(world.weights()['shop-canary']).toBe(weight)
      const records = world.release.status?.decisions?.filter(({ actionId }) => actionId === id)
      expect(records).toMatchObject([{ action: told, by: 'ann' }])
      // Whoever goes on over somebody's pause is told so.
      expect(records?.[0]?.message.includes('; the pause of ann ends by it')).toBe(held)
      expect(standingCommand(world)).toBeUndefined()
    })
  }

  test('abort is not bound to the step: whoever pulls the brake does not lose a race', () => {
    const world = waiting()
    command(world, 'abort', { step: 0 })
    until(world, phaseIs('Failed'))
    expect(world.release.status?.failed?.[0]?.reason).toBe('Aborted')
  })

  test('promote ends an analysis that brings nothing', () => {
    const steps = [{ weight: 25 }, { analysis: ['errors'] }, { weight: 50 }, { pause: {} }]
    const world = installed({ strategy: { canary: { steps } }, analysis: analysis() })
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForAnalysis'))
    command(world, 'promote')
    until(world, reasonIs('WaitingForApproval'))
    expect(world.weights()['shop-canary']).toBe(50)
  })

  test('promote-full goes through although the metric provider is away', () => {
    const steps = [{ weight: 25 }, { pause: {} }]
    const world = installed({ strategy: { canary: { steps } }, analysis: analysis() })
    const pace = { metrics: () => outage }
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForMetrics'), pace)
    command(world, 'promote-full')
    until(world, phaseIs('Completed'), pace)
    expect(world.release.status?.stable?.revision).not.toBe(
      installed().release.status?.stable?.revision,
    )
  })

  test('a pause stops the clock of a step', () => {
    const steps = [{ weight: 25 }, { pause: '1h' }, { weight: 50 }, { pause: {} }]
    const world = installed({ strategy: { canary: { steps } } })
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForPause'))
    const since = Date.parse(world.release.status?.step?.startedAt ?? '')
    world.now = since + 600_000
    command(world, 'pause')
    until(world, reasonIs('Paused'))
    world.now += 7_200_000
    command(world, 'resume')
    until(world, reasonIs('WaitingForPause'))
    const resumed = world.now
    until(world, reasonIs('WaitingForApproval'))
    expect(world.now - resumed).toBeGreaterThan(49 * 60_000)
    expect(world.now - resumed).toBeLessThan(51 * 60_000)
  })
})

describe('a command is refused, with a reason', () => {
  const rows = [
    [
      'pause with nothing under way',
      atRest,
      'pause',
      {},
      'pause refused: no release is going forward that could pause',
    ],
    ['pause when paused', paused, 'pause', {}, 'pause refused: the release is paused already'],
    ['resume when not paused', waiting, 'resume', {}, 'resume refused: the release is not paused'],
    [
      'promote with nothing under way',
      atRest,
      'promote',
      {},
      'promote refused: no release waits for a promotion',
    ],
    [
      'promote-full with nothing under way',
      atRest,
      'promote-full',
      {},
      'promote-full refused: no release waits for a promotion',
    ],
    ['abort with nothing under way', atRest, 'abort', {}, 'abort refused: no release is under way'],
    ['abort after the end', failed, 'abort', {}, 'abort refused: no release is under way'],
    [
      'retry of what has not failed',
      waiting,
      'retry',
      {},
      'retry refused: this revision has not failed',
    ],
    [
      'retry with nothing under way',
      atRest,
      'retry',
      {},
      'retry refused: this revision has not failed',
    ],
    ['undo', waiting, 'undo', {}, 'undo refused: undo changes the template; use "headgate undo"'],
    [
      'restart',
      waiting,
      'restart',
      {},
      'restart refused: restart changes the template; use "headgate restart"',
    ],
    [
      'set-image',
      waiting,
      'set-image',
      {},
      'set-image refused: set-image changes the template; use "headgate set image"',
    ],
    [
      'a change of a template that nobody knows',
      waiting,
      'undo',
      { revision: 'r0' },
      'it was meant for revision r0; the release is at',
    ],
    [
      'a command for an earlier object',
      waiting,
      'pause',
      { uid: 'gone' },
      'it was meant for an object of this name that is gone',
    ],
    [
      'a command for another revision',
      waiting,
      'promote',
      { revision: 'r0' },
      'it was meant for revision r0; the release is at',
    ],
    [
      'abort for another revision',
      waiting,
      'abort',
      { revision: 'r0' },
      'it was meant for revision r0; the release is at',
    ],
    [
      'promote for another step',
      waiting,
      'promote',
      { step: 0 },
      'it was meant for step 0; the release is at step 1 now',
    ],
    [
      'promote for no step',
      waiting,
      'promote',
      { step: undefined },
      'it was meant for step ?; the release is at step 1 now',
    ],
    [
      'promote-full for another step',
      waiting,
      'promote-full',
      { step: 3 },
      'it was meant for step 3; the release is at step 1 now',
    ],
  ] as const
  for (const [name, begin, verb, changes, message] of rows) {
    test(name, () => {
      const world = begin()
      const { status } = world.release
      const weights = world.weights()
      const before = [status?.phase, status?.trials?.[0]?.revision, status?.step?.index]
      const id = command(world, verb, changes)
      settle(world)
      const told = { action: 'Refuse', reason: 'CommandRefused', actionId: id }
      expect(lastTold(world)).toMatchObject(told)
      expect(lastTold(world)?.message).toContain(message)
      const { status: after } = world.release
      expect([after?.phase, after?.trials?.[0]?.revision, after?.step?.index]).toEqual(before)
      expect(world.weights()).toEqual(weights)
      expect(standingCommand(world)).toBeUndefined()
    })
  }

  test('promote while the step does not wait for anybody', () => {
    const world = installed({ strategy: { canary: { steps: [{ weight: 25 }] } } })
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForPods'), { broken: 'shop' })
    command(world, 'promote')
    pass(world, { broken: 'shop' })
    expect(lastTold(world)?.message).toBe(
      'promote refused: the present step does not wait for anybody',
    )
  })

  test('abort on the way back', () => {
    const world = waiting()
    command(world, 'abort')
    pass(world, { deadGateway: true })
    pass(world, { deadGateway: true })
    command(world, 'abort')
    pass(world, { deadGateway: true })
    expect(lastTold(world)?.message).toBe('abort refused: the release is on its way back already')
  })
})

describe('a text that is no command', () => {
  const whole = { id: 'a', verb: 'pause', uid: 'release-uid', revision: 'r' }
  const rows = [
    ['no JSON', 'pause', 'is not a JSON object'],
    ['a list', '[]', 'is not a JSON object'],
    ['null', 'null', 'is not a JSON object'],
    ['nothing', '', 'is not a JSON object'],
    ['no id', JSON.stringify({ ...whole, id: undefined }), 'has no id of 1 to 64 characters'],
    ['an empty id', JSON.stringify({ ...whole, id: '' }), 'has no id of 1 to 64 characters'],
    [
      'a long id',
      JSON.stringify({ ...whole, id: 'a'.repeat(65) }),
      'has no id of 1 to 64 characters',
    ],
    [
      'an unknown verb',
      JSON.stringify({ ...whole, verb: 'explode' }),
      `has no verb; it is one of ${verbs.join(', ')}`,
    ],
    [
      'no uid',
      JSON.stringify({ ...whole, uid: 1 }),
      'has no uid: that of the object it is meant for',
    ],
    [
      'no revision',
      JSON.stringify({ ...whole, revision: null }),
      'has no revision: the one it is meant for',
    ],
    [
      'a revision longer than any',
      JSON.stringify({ ...whole, revision: 'r'.repeat(64) }),
      'has no revision: the one it is meant for',
    ],
  ] as const
  for (const [name, text, problem] of rows) {
    test(`${name} is refused once and taken off`, () => {
      const world = waiting()
      const before = actionsTold(world).length
      world.command(text)
      settle(world)
      expect(actionsTold(world).length).toBe(before + 1)
      expect(lastTold(world)).toMatchObject({
        action: 'Refuse',
        message: `the annotation headgate.dev/action ${problem}`,
      })
      expect(standingCommand(world)).toBeUndefined()
    })
  }

  test('no text breaks the reader, and what it writes it reads', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(readAction({ 'headgate.dev/action': text })?.text).toBe(text)
      }),
    )
    const action = {
      id: 'a',
      verb: 'promote',
      uid: 'u',
      revision: 'r',
      step: 3,
      by: 'ann',
    } as const
    const text = writeAction(action)
    expect(readAction({ 'headgate.dev/action': text })).toEqual({ kind: 'action', text, action })
    expect(readAction({})).toBeUndefined()
  })

  test('who asked is cut to a length, and somebody where nobody is named', () => {
    const by = (value: unknown): unknown => {
      const read = readAction({ 'headgate.dev/action': JSON.stringify({ ...whole, by: value }) })
      return read?.kind === 'action' ? read.action.by : undefined
    }
    expect([by('a'.repeat(500)), by(''), by(7), by(undefined)]).toEqual([
      'a'.repeat(128),
      'somebody',
      'somebody',
      'somebody',
    ])
  })
})

describe('exactly once', () => {
  test('whatever is lost and whenever it crashes, a promotion moves one step', () => {
    const faults = fc.array(
      fc.record({ lost: fc.nat(7), crash: fc.boolean(), status: fc.boolean() }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(faults, (all) => {
        const world = waiting()
        const id = command(world, 'promote')
        for (const { lost, crash, status } of all) {
          const decision = decide(world.observe(), world.now)
          world.remember(decision)
          for (const [index, write] of decision.writes.entries())
            if (((lost >> index) & 1) === 0) world.write(write)
          if (decision.write && status) world.writeStatus(decision)
          if (crash) world.crash()
          world.moveGateway()
          world.now += 500
        }
        settle(world)
        expect(world.release.status?.step?.index).toBe(3)
        expect(world.weights()['shop-canary']).toBe(50)
        const { decisions = [] } = world.release.status ?? {}
        expect(decisions.filter(({ actionId }) => actionId === id)).toHaveLength(1)
        expect(standingCommand(world)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  test('a command stays on the object until the notebook that records it is stored', () => {
    const world = waiting()
    command(world, 'pause')
    const first = decide(world.observe(), world.now)
    expect(first.writes).toEqual([])
    world.writeStatus(first)
    const second = decide(world.observe(), world.now)
    expect(second.writes.map(({ kind }) => kind)).toEqual(['patch'])
  })

  test('the same command put on again changes nothing', () => {
    const world = waiting()
    command(world, 'promote', { id: 'same' })
    settle(world)
    const weights = world.weights()
    command(world, 'promote', { id: 'same' })
    settle(world)
    expect(world.weights()).toEqual(weights)
    expect(standingCommand(world)).toBeUndefined()
  })

  test('one that cannot be taken off is not obeyed again, however much happens after it', () => {
    const world = waiting()
    const id = command(world, 'pause')
    const noPatches = { refuses: 'Release' }
    until(world, reasonIs('Paused'), noPatches)
    for (let round = 0; round < keep.decisions; round += 1) {
      world.ask({ template: template(`shop:v${3 + (round % 2)}`) })
      pass(world, noPatches)
      until(world, reasonIs('WaitingForApproval'), noPatches)
    }
    world.ask({ template: template('shop:v2') })
    pass(world, noPatches)
    until(world, reasonIs('WaitingForApproval'), noPatches)
    for (let passes = 0; passes < 5; passes += 1) pass(world, noPatches)
    expect(world.release.status?.reason?.type).toBe('WaitingForApproval')
    expect(standingCommand(world)).toBeDefined()
    const { decisions = [] } = world.release.status ?? {}
    expect(decisions.filter(({ actionId }) => actionId === id)).toMatchObject([{ action: 'Pause' }])
    expect(decisions.length).toBeLessThanOrEqual(keep.decisions)
  })
})
