/** What a changed target means: a trial begins, is given up, or nothing at all. */
import { describe, expect, test } from 'vitest'
import { template } from '#test/gen/release.ts'
import {
  actionsTold,
  command,
  installed,
  pass,
  phaseIs,
  reasonIs,
  settle,
  until,
} from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { decide } from './decide.ts'

const steps = [{ weight: 25 }, { pause: {} }]

function serving(): World {
  return installed({ strategy: { canary: { steps } } })
}

function onTrial(image = 'shop:v2'): World {
  const world = serving()
  world.ask({ template: template(image) })
  until(world, reasonIs('WaitingForApproval'))
  return world
}

function failed(): World {
  const world = onTrial()
  command(world, 'abort')
  until(world, phaseIs('Failed'))
  settle(world)
  return world
}

/** The image on trial, or of stable where nothing is. */
function imageAt(world: World): string | undefined {
  const { trials: [trial] = [], stable } = world.release.status ?? {}
  const revision = trial?.revision ?? stable?.revision
  return [...world.replicaSets.values()].find(
    ({ metadata }) => metadata.labels?.['headgate.dev/revision'] === revision,
  )?.spec.template.spec.containers[0]?.image
}

describe('a target', () => {
  test('that is stable starts nothing', () => {
    const world = serving()
    world.ask({ template: template('shop:v1') })
    settle(world)
    expect([actionsTold(world), world.release.status?.reason?.type]).toEqual([
      ['Complete'],
      'Serving',
    ])
    expect(world.release.status?.observedGeneration).toBe(2)
  })

  test('that is new goes on trial beside stable', () => {
    const world = onTrial()
    expect(imageAt(world)).toBe('shop:v2')
    expect(actionsTold(world)).toEqual(['Complete', 'Start', 'StepAdvance'])
  })

  test('that is on trial changes nothing', () => {
    const world = onTrial()
    const { trials: [trial] = [], step } = world.release.status ?? {}
    world.ask({ template: template('shop:v2') })
    settle(world)
    expect([world.release.status?.trials?.[0], world.release.status?.step]).toEqual([trial, step])
  })

  test('that is stable again gives the trial up, without a failure', () => {
    const world = onTrial()
    world.ask({ template: template('shop:v1') })
    settle(world)
    const { status } = world.release
    expect([status?.phase, status?.failed, world.weights()['shop-canary']]).toEqual([
      'Completed',
      undefined,
      0,
    ])
    expect(status?.decisions?.slice(-2)).toMatchObject([
      { action: 'Retreat', reason: 'ReturnedToStable' },
      { action: 'Return', reason: 'ReturnedToStable' },
    ])
  })

  test('that is a third one gives the trial up and goes on trial itself, from the first step', () => {
    const world = onTrial()
    world.ask({ template: template('shop:v3') })
    const weights: number[] = []
    until(world, (now) => {
      weights.push(now.weights()['shop-canary'] ?? 0)
      return reasonIs('WaitingForApproval')(now) && imageAt(now) === 'shop:v3'
    })
    expect(weights).toContain(0)
    expect(actionsTold(world).slice(-4)).toEqual(['Retreat', 'Return', 'Start', 'StepAdvance'])
    expect(world.release.status?.failed).toBeUndefined()
  })

  test('that is a third one while the way back is under way is taken up after it', () => {
    const world = onTrial()
    command(world, 'abort')
    pass(world, { deadGateway: true })
    world.ask({ template: template('shop:v3') })
    until(world, (now) => reasonIs('WaitingForApproval')(now) && imageAt(now) === 'shop:v3')
    expect(actionsTold(world).filter((one) => one === 'Retreat')).toEqual([])
  })

  test('that is a third one in the middle of a promotion is not promoted in its place', () => {
    const world = onTrial()
    command(world, 'promote')
    until(world, reasonIs('Promoting'))
    pass(world)
    world.ask({ template: template('shop:v3') })
    until(world, (now) => reasonIs('WaitingForApproval')(now) && imageAt(now) === 'shop:v3')
    expect(world.weights()).toEqual({ 'shop-stable': 75, 'shop-canary': 25 })
  })

  test('changed before the first one served is the first one', () => {
    const world = serving()
    world.release = { ...world.release, status: {} }
    world.ask({ template: template('shop:v2') })
    settle(world)
    expect([imageAt(world), world.release.status?.phase]).toEqual(['shop:v2', 'Completed'])
  })
})

describe('a revision that failed', () => {
  test('stays failed, whatever else of the spec changes', () => {
    const world = failed()
    world.ask({ replicas: 3 })
    settle(world)
    world.ask({ strategy: { canary: { steps: [{ weight: 1 }] } } })
    settle(world)
    world.crash()
    settle(world)
    expect([world.release.status?.phase, world.release.status?.trials?.[0]]).toEqual([
      'Failed',
      undefined,
    ])
  })

  test('is asked for again after stable was: that is a new wish', () => {
    const world = failed()
    world.ask({ template: template('shop:v1') })
    settle(world)
    expect(world.release.status?.failed).toBeUndefined()
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForApproval'))
  })

  test('gives way to another one', () => {
    const world = failed()
    world.ask({ template: template('shop:v3') })
    until(world, reasonIs('WaitingForApproval'))
    expect([imageAt(world), world.release.status?.failed]).toEqual(['shop:v3', undefined])
  })

  test('does not come back because somebody deletes its workload', () => {
    const world = failed()
    for (const name of world.replicaSets.keys()) {
      if (world.ready.get(name) === 0) world.replicaSets.delete(name)
    }
    settle(world)
    expect([world.release.status?.phase, world.release.status?.trials?.[0]]).toEqual([
      'Failed',
      undefined,
    ])
  })

  test('does not come back while its workload is being deleted', () => {
    const world = failed()
    const observed = world.observe()
    const workloads = observed.workloads.map((one) => ({ ...one, deleting: one.replicas === 0 }))
    const { notebook } = decide({ ...observed, workloads }, world.now)
    expect([notebook.phase, notebook.trials]).toEqual(['Failed', []])
  })
})

test('a stable workload that is being deleted is made anew: it is no other revision', () => {
  const world = serving()
  const observed = world.observe()
  const workloads = observed.workloads.map((one) => ({ ...one, deleting: true }))
  const { notebook, writes } = decide({ ...observed, workloads }, world.now)
  expect([notebook.phase, notebook.trials]).toEqual(['Completed', []])
  expect(writes).toMatchObject([
    { kind: 'create', object: { metadata: { name: observed.workloads[0]?.name } } },
  ])
})
