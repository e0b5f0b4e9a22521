/** Events: one for each transition that is recorded, by an id that repeats with it. */
import { describe, expect, test } from 'vitest'
import { template } from '#test/gen/release.ts'
import { command, installed, pass, phaseIs, reasonIs, settle } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { decide } from './decide.ts'
import type { ReleaseEvent } from './model/event.ts'

/** A release that goes forward, is aborted and turned back, and all events that were recorded in a stored notebook. */
function told(): readonly ReleaseEvent[] {
  const world = installed({ strategy: { canary: { steps: [{ weight: 25 }, { pause: {} }] } } })
  const events: ReleaseEvent[] = []
  const collect = (done: (world: World) => boolean): void => {
    while (!done(world)) {
      const decision = pass(world)
      if (decision.write) events.push(...decision.events)
    }
  }
  world.ask({ template: template('shop:v2') })
  collect(reasonIs('WaitingForApproval'))
  command(world, 'resume')
  pass(world)
  command(world, 'abort')
  collect(phaseIs('Failed'))
  return events
}

describe('events', () => {
  test('tell transitions, with all that a sentence about them needs', () => {
    const seen = told().map(({ action, reason, role, image }) => [action, reason, role, image])
    expect(seen).toEqual([
      ['Start', 'StepCompleted', 'canary', 'shop:v2'],
      ['StepAdvance', 'StepCompleted', 'canary', 'shop:v2'],
      ['Abort', 'Aborted', 'canary', 'shop:v2'],
      ['Return', 'Aborted', 'canary', 'shop:v2'],
    ])
  })

  test('have ids that differ from each other', () => {
    const ids = told().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/)
  })

  test('are told again, with the same id, until the notebook that knows of them is stored; then no more', () => {
    const world = installed()
    world.ask({ template: template('shop:v2') })
    const first = decide(world.observe(), world.now)
    expect(first.events.map(({ action }) => action)).toEqual(['Start'])
    expect(decide(world.observe(), world.now).events).toEqual(first.events)
    world.writeStatus(first)
    expect(decide(world.observe(), world.now).events).toEqual([])
  })

  test('are none at rest', () => {
    const world = installed()
    expect(settle(world).events).toEqual([])
  })
})
