/** K42, K43, KD10: an experiment that somebody ends by a bare command waits; a promotion then names nobody, or a candidate. */
import { describe, expect, test } from 'vitest'
import { httpRoute, release, template } from '#test/gen/release.ts'
import { SeatWorld } from '#test/gen/seat-world.ts'
import { actionsTold, phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'
import type { App } from './model/app.ts'
import { labels } from './render/names.ts'
import { writtenHash } from './revision.ts'

const [v1, v2] = ['shop:v1', 'shop:v2'].map((image) => writtenHash(template(image)))
const keys = { conclude: 'example.dev/conclude', promote: 'example.dev/promote' } as const

const match = [{ header: { name: 'x-variant', value: 'b' } }]
const spec: Partial<ReleaseSpec> = {
  services: { stable: 'shop-stable', candidates: { b: 'shop-canary' } },
  strategy: { experiment: { candidates: [{ name: 'b', match }], onConclusion: 'wait' } },
}

/** Any value of one ends it; the other promotes, b where it says so. */
function commanded(app: App, annotations: Readonly<Record<string, string>>): App {
  for (const verb of ['conclude', 'promote'] as const) {
    const [annotation, text] = [keys[verb], annotations[keys[verb]]]
    if (text === undefined) continue
    const named = text === 'b' ? { candidate: 'b' } : {}
    return { ...app, action: { kind: 'bare', annotation, text, verb, by: 'ann', ...named } }
  }
  return app
}

const layouts = [
  ['by revision', false, false],
  ['by role, handed over', true, false],
  ['by role, staying where they were judged', true, true],
] as const

describe.each(layouts)('workloads %s', (_name, byRole, late) => {
  function concluded(): World {
    const given = release({ ...spec, ...(byRole ? { workloads: { naming: 'role' } } : {}) })
    const world = byRole ? new SeatWorld(given, httpRoute()) : new World(given, httpRoute())
    if (world instanceof SeatWorld) world.late = late
    world.door = (app, { metadata }) => commanded(app, metadata.annotations ?? {})
    until(world, phaseIs('Completed'))
    settle(world)
    world.ask({ template: template('shop:v2') })
    until(world, reasonIs('WaitingForJudgement'))
    settle(world)
    say(world, 'conclude', 'now')
    until(world, phaseIs('Concluded'))
    settle(world)
    return world
  }

  function say(world: World, verb: keyof typeof keys, text: string): void {
    const { metadata } = world.release
    const annotations = { ...metadata.annotations, [keys[verb]]: text }
    world.release = { ...world.release, metadata: { ...metadata, annotations } }
  }

  const isAnnotated = ({ release: { metadata } }: World): boolean =>
    Object.values(keys).some((key) => metadata.annotations?.[key] !== undefined)
  const isRuled = (world: World): boolean => JSON.stringify(world.route).includes('x-variant')
  const served = (world: World, revision: string | undefined): boolean => {
    const total = Object.entries(world.weights()).filter(([, weight]) => weight > 0)
    return total.every(([service]) => {
      const selector = world.services.get(service)?.spec.selector ?? {}
      if (world instanceof SeatWorld)
        return [...world.pods.values()].every(
          (pod) =>
            pod.labels[labels.revision] === revision ||
            !Object.entries(selector).every(([key, value]) => pod.labels[key] === value),
        )
      return selector[labels.revision] === revision
    })
  }

  test('is concluded without a winner, its rule gone, and waits', () => {
    const world = concluded()
    expect([isAnnotated(world), isRuled(world), served(world, v1)]).toEqual([false, false, true])
    expect(world.release.status?.concluded).toMatchObject({
      open: true,
      reason: 'ConcludedByHand',
      message: 'concluded by ann, without a winner',
    })
    expect(world.release.status?.reason?.type).toBe('WaitingForApproval')
  })

  test('a promotion that names nobody leaves all traffic with stable', () => {
    const world = concluded()
    say(world, 'promote', 'true')
    until(world, phaseIs('Completed'))
    settle(world)
    expect([isAnnotated(world), served(world, v1)]).toEqual([false, true])
    expect(world.release.status?.stable?.revision).toBe(v1)
  })

  test('a promotion that names the candidate gives it all traffic nevertheless', () => {
    const world = concluded()
    say(world, 'promote', 'b')
    until(world, phaseIs('Completed'))
    settle(world)
    expect([isAnnotated(world), isRuled(world), served(world, v2)]).toEqual([false, false, true])
    expect(world.release.status?.stable?.revision).toBe(v2)
    expect(world.release.status?.concluded).toMatchObject({ winner: 'b', open: false })
  })

  test('the same templates are not compared again; others are', () => {
    const world = concluded()
    say(world, 'promote', 'true')
    until(world, phaseIs('Completed'))
    settle(world)
    expect(actionsTold(world).filter((action) => action === 'Start').length).toBe(1)
    world.ask({ template: template('shop:v3') })
    until(world, reasonIs('WaitingForJudgement'))
  })
})

test('who concludes where nothing is compared is told so', () => {
  const world = new World(release(spec), httpRoute())
  world.door = (app, { metadata }) => commanded(app, metadata.annotations ?? {})
  until(world, phaseIs('Completed'))
  const { metadata } = world.release
  world.release = {
    ...world.release,
    metadata: { ...metadata, annotations: { [keys.conclude]: '' } },
  }
  settle(world)
  expect(world.release.status?.decisions?.at(-1)?.message).toBe(
    'conclude refused: no experiment is under way',
  )
})
