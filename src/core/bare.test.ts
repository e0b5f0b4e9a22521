/** Commands by an annotation of a door's own, which says nothing but what to do: bound to what is there, consumed once. */
import { describe, expect, test } from 'vitest'
import { template } from '#test/gen/release.ts'
import { actionsTold, installed, pass, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { decide } from './decide.ts'
import type { Action } from './model/app.ts'

const annotation = 'example.dev/promote'

/** A release whose door takes a bare annotation for a verb. */
function waiting(verb: Action['verb'] = 'promote'): World {
  const steps = [{ weight: 25 }, { pause: {} }, { weight: 50 }, { pause: {} }]
  const world = installed({ strategy: { canary: { steps } } })
  world.door = (app, { metadata }) => {
    const text = metadata.annotations?.[annotation]
    return text === undefined
      ? app
      : { ...app, action: { kind: 'bare', annotation, text, verb, by: 'an annotation' } }
  }
  world.ask({ template: template('shop:v2') })
  until(world, reasonIs('WaitingForApproval'))
  return world
}

function annotate(world: World, text = 'true'): void {
  const { metadata } = world.release
  const annotations = { ...metadata.annotations, [annotation]: text }
  world.release = { ...world.release, metadata: { ...metadata, annotations } }
}

const standing = (world: World): string | undefined =>
  world.release.metadata.annotations?.[annotation]

const stepOf = (world: World): number | undefined => world.release.status?.step?.index

describe('a bare command', () => {
  test('promotes the step it is seen at first, no other, and is taken off', () => {
    const world = waiting()
    annotate(world)
    until(world, (now) => standing(now) === undefined)
    settle(world)
    expect([stepOf(world), world.release.status?.reason?.type]).toEqual([3, 'WaitingForApproval'])
    expect(actionsTold(world).filter((action) => action === 'Promote')).toEqual(['Promote'])
  })

  test('may be given again, in the very same words', () => {
    const world = waiting()
    for (const _step of [1, 3]) {
      annotate(world)
      until(world, (now) => standing(now) === undefined)
      settle(world)
    }
    expect(world.release.status?.phase).toBe('Completed')
    expect(actionsTold(world).filter((action) => action === 'Promote').length).toBe(2)
  })

  test.each([1, 2, 3, 4])('has one effect, whatever crash comes after pass %i', (passes) => {
    const world = waiting()
    annotate(world)
    for (let count = 0; count < passes; count += 1) pass(world)
    world.crash()
    settle(world)
    expect([stepOf(world), standing(world)]).toEqual([3, undefined])
  })

  test('is not obeyed anew when the record of it is stored and its annotation still stands', () => {
    const world = waiting()
    annotate(world)
    pass(world)
    annotate(world)
    settle(world)
    expect([stepOf(world), standing(world)]).toEqual([3, undefined])
  })

  test('is given again before nothing of it is written: the status that was lost changes nothing', () => {
    const world = waiting()
    annotate(world)
    const lost = decide(world.observe(), world.now)
    expect(lost.notebook.trials[0]?.step).toBe(2)
    world.crash()
    settle(world)
    expect(stepOf(world)).toBe(3)
  })

  test('says so and goes where nothing waits for it', () => {
    const world = installed()
    world.door = waiting().door
    annotate(world)
    settle(world)
    expect(standing(world)).toBeUndefined()
    const { action, message } = world.release.status?.decisions?.at(-1) ?? {}
    expect([action, message]).toEqual([
      'Refuse',
      'promote refused: no release waits for a promotion',
    ])
  })

  test('aborts what is on trial; retries what has failed', () => {
    const world = waiting('abort')
    annotate(world)
    until(world, phaseIs('Failed'))
    settle(world)
    world.door = waiting('retry').door
    annotate(world)
    until(world, reasonIs('WaitingForApproval'))
    expect([stepOf(world), standing(world)]).toEqual([1, undefined])
  })
})

describe('a release that somebody else commands', () => {
  test('refuses what people may not ask for, and names whom to ask', () => {
    const world = waiting('promote')
    const { door } = world
    world.door = (app, release) => ({
      ...door(app, release),
      actions: { takes: ['abort'], instead: 'Superposition' },
    })
    annotate(world)
    settle(world)
    expect([stepOf(world), standing(world)]).toEqual([1, undefined])
    expect(world.release.status?.decisions?.at(-1)?.message).toBe(
      'promote refused: Superposition commands this release; ask there',
    )
  })
})
