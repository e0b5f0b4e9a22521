/** The outbox: what is pending, for how long, and what an acknowledgement costs. */
import { describe, expect, test } from 'vitest'
import { template } from '#test/gen/release.ts'
import { command, installed, pass, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { decide } from '../decide.ts'
import { keep } from '../model/notebook.ts'
import { rideMs } from './outbox.ts'

function pending(world: World): readonly string[] {
  return (world.release.status?.outbox?.pending ?? []).map(({ action }) => action)
}

function acknowledge(world: World): void {
  const ids = (world.release.status?.outbox?.pending ?? []).map(({ id }) => id)
  world.acknowledged = ids.map((id) => ({ id, at: world.now }))
}

/** At rest, with the outbox empty and somebody who tells events. */
function telling(): World {
  const world = installed({ strategy: { canary: { steps: [{ weight: 25 }, { pause: {} }] } } })
  world.acknowledged = []
  return world
}

describe('the outbox', () => {
  test('keeps a transition from the write that records it until it is acknowledged', () => {
    const world = telling()
    world.ask({ template: template('shop:v2') })
    pass(world)
    expect(pending(world)).toEqual(['Start'])
    until(world, reasonIs('WaitingForApproval'))
    expect(pending(world)).toEqual(['Start', 'StepAdvance'])
    acknowledge(world)
    command(world, 'abort')
    pass(world)
    expect(pending(world)).toEqual(['Abort'])
  })

  test('keeps nothing where nobody tells events', () => {
    const world = installed()
    expect(world.release.status?.outbox).toBeUndefined()
  })

  test('lets an acknowledgement ride along with the next write, and writes it alone after ten seconds', () => {
    const world = telling()
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    acknowledge(world)
    const at = world.now
    const soon = decide(world.observe(), at)
    expect([soon.write, soon.wakeAt]).toEqual([false, at + rideMs])
    world.now = at + rideMs
    const late = decide(world.observe(), world.now)
    expect(late.write).toBe(true)
    world.writeStatus(late)
    expect(world.release.status?.outbox).toBeUndefined()
    expect(decide(world.observe(), world.now).write).toBe(false)
  })

  test('gives up the oldest of too many, and counts them', () => {
    const world = telling()
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    for (let turn = 0; turn < keep.events; turn += 1) {
      command(world, 'resume')
      settle(world)
    }
    expect(pending(world)).toHaveLength(keep.events)
    expect(pending(world)).not.toContain('Start')
    expect(world.release.status?.outbox?.dropped).toBe(2)
  })

  test('holds a deletion until its last events are told', () => {
    const world = telling()
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    world.remove()
    until(world, () => pending(world).includes('Return'))
    pass(world)
    expect(world.gone).toBe(false)
    acknowledge(world)
    until(world, () => world.gone)
  })

  test('holds a deletion no longer than ten seconds after the last event', () => {
    const world = telling()
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    world.remove()
    const at = world.now
    until(world, () => world.gone)
    expect(world.now - at).toBeLessThan(11_000)
  })

  test('stays away from the reason and the phase', () => {
    const world = telling()
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
    command(world, 'promote')
    until(world, phaseIs('Completed'))
    expect(pending(world).at(-1)).toBe('Complete')
    expect(decide(world.observe(), world.now).wakeAt).toBeUndefined()
  })
})
