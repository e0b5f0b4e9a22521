/** What we make may look as somebody else's users know it: names, labels, annotations, ports and selectors. */
import { describe, expect, test } from 'vitest'
import { plainRoute, release, template } from '#test/gen/release.ts'
import { phaseIs, reasonIs, settle, until } from '#test/gen/story.ts'
import { World } from '#test/gen/world.ts'
import type { ReleaseSpec } from './api/release.ts'
import type { CommandedCandidate } from './api/strategy/commanded.ts'
import { bareTemplate } from './revision.ts'

const route = plainRoute('shop-service')

const bare = { metadata: { labels: { team: 'web' } }, spec: template('shop:v1').spec }

const spec: Partial<ReleaseSpec> = {
  revision: 'base',
  selector: { matchLabels: { team: 'web' } },
  template: bare,
  workloads: {
    kind: 'Deployment',
    prefix: 'shop-dep',
    telling: { app: 'shop-dep-{revision}' },
    labels: { part: '{release}-{revision}' },
    annotations: { 'example.dev/id': 'run-7-{revision}' },
    history: 0,
  },
  services: {
    stable: 'shop-service',
    candidates: { b: 'shop-service-b', c: 'shop-service-c' },
    make: {
      labels: { app: '{service}' },
      selector: { app: 'shop-dep-{revision}' },
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    },
  },
}

function serving(more: Partial<ReleaseSpec> = {}, isNamed = true): World {
  const strategy = { commanded: { candidates: [] } }
  const { revision: _name, ...unnamed } = spec
  const given = { ...(isNamed ? spec : unnamed), strategy, ...more }
  const world = new World(release(given), route)
  until(world, phaseIs('Completed'))
  settle(world)
  return world
}

function say(world: World, ...candidates: readonly CommandedCandidate[]): void {
  world.ask({ strategy: { commanded: { candidates } } })
  settle(world)
}

const words = (name: string, more: Partial<CommandedCandidate>): CommandedCandidate => ({
  name,
  revision: name,
  template: bare,
  version: 1,
  weight: 20,
  ...more,
})

describe('objects of ours', () => {
  test('bear the names, labels and annotations they are asked to bear', () => {
    const world = serving()
    const [made] = [...world.replicaSets.values()]
    expect(made?.metadata).toMatchObject({
      name: 'shop-dep-base',
      labels: { app: 'shop-dep-base', part: 'shop-base', team: 'web' },
      annotations: { 'example.dev/id': 'run-7-base' },
    })
    expect(made?.spec.template.metadata?.labels).toMatchObject({
      app: 'shop-dep-base',
      part: 'shop-base',
    })
    expect(made?.spec.selector).toEqual({
      matchLabels: { app: 'shop-dep-base', part: 'shop-base', team: 'web' },
    })
    const service = world.services.get('shop-service')
    expect(service?.metadata.labels).toMatchObject({ app: 'shop-service' })
    expect(service?.spec).toEqual({
      selector: { app: 'shop-dep-base' },
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    })
  })

  test('are no part of the template that its author wrote', () => {
    const world = serving()
    const [made] = [...world.replicaSets.values()]
    const { app } = world.observe()
    expect(bareTemplate(app, made?.spec.template ?? bare)).toEqual(bare)
  })
})

describe('revisions that their author names', () => {
  test('are two, though their templates are one', () => {
    const world = serving()
    say(world, words('b', {}), words('c', { weight: 30 }))
    expect(world.weights()).toEqual({
      'shop-service': 50,
      'shop-service-b': 20,
      'shop-service-c': 30,
    })
    expect([...world.replicaSets.keys()].sort()).toEqual([
      'shop-dep-b',
      'shop-dep-base',
      'shop-dep-c',
    ])
  })

  test('one that is promoted keeps its workload; the main Service turns to it; the others go', () => {
    const world = serving()
    say(world, words('b', {}), words('c', { weight: 30 }))
    say(world, words('b', { version: 2, promote: true }), words('c', { weight: 30 }))
    say(world)
    expect(world.weights()).toEqual({ 'shop-service': 100 })
    expect(world.services.get('shop-service')?.spec.selector).toEqual({ app: 'shop-dep-b' })
    expect([...world.services.keys()]).toEqual(['shop-service'])
    expect([...world.replicaSets.keys()]).toEqual(['shop-dep-b'])
  })

  test('the old ones stay for a while where the plan says so', () => {
    const world = serving()
    say(world, words('b', {}))
    const candidates = [words('b', { version: 2, promote: true })]
    world.ask({ strategy: { commanded: { candidates, scaleDownDelay: '1m' } } })
    until(world, ({ release: { status } }) => status?.stable?.revision === 'b')
    expect(world.replicaSets.get('shop-dep-base')?.spec.replicas).toBe(4)
    settle(world)
    expect(world.replicaSets.has('shop-dep-base')).toBe(false)
  })

  test('another template under the same name is another revision, with a number', () => {
    const world = serving({ strategy: { canary: { steps: [{ weight: 50 }, { pause: {} }] } } })
    world.ask({ template: { ...bare, spec: template('shop:v2').spec } })
    until(world, reasonIs('WaitingForApproval'))
    expect([...world.replicaSets.keys()].sort()).toEqual(['shop-dep-base', 'shop-dep-base-2'])
  })
})

describe('a commanded candidate that was turned back', () => {
  test('stays so until its next word', () => {
    const world = serving()
    say(world, words('b', {}))
    world.command(
      JSON.stringify({ id: '1', verb: 'abort', uid: 'release-uid', revision: 'b', by: 'ann' }),
    )
    settle(world)
    expect(world.weights()).toMatchObject({ 'shop-service': 100 })
    expect(world.release.status?.failed?.[0]).toMatchObject({ revision: 'b', command: 1 })
    say(world, words('b', {}))
    expect(world.weights()).toMatchObject({ 'shop-service': 100 })
    say(world, words('b', { version: 2, weight: 40 }))
    expect(world.weights()).toEqual({ 'shop-service': 60, 'shop-service-b': 40 })
  })
})

describe('failures', () => {
  test('are remembered as many as the plan says, until one succeeds', () => {
    const steps = [{ weight: 50 }, { pause: {} }]
    const world = serving({ strategy: { canary: { steps } } }, false)
    world.door = (app) => ({ ...app, plan: { ...app.plan, keepFailures: 2 } })
    const ask = (image: string): void =>
      world.ask({ template: { ...bare, spec: template(image).spec } })
    const fail = (image: string): void => {
      ask(image)
      until(world, reasonIs('WaitingForApproval'))
      const { revision = '' } = world.release.status?.trials?.[0] ?? {}
      const id = `abort ${image}`
      world.command(JSON.stringify({ id, verb: 'abort', uid: 'release-uid', revision, by: 'ann' }))
      settle(world)
    }
    const failed = (): number | undefined => world.release.status?.failed?.length
    fail('shop:bad')
    fail('shop:worse')
    expect(failed()).toBe(2)
    ask('shop:bad')
    settle(world)
    expect([world.release.status?.phase, world.release.status?.reason?.type]).toEqual([
      'Failed',
      'Aborted',
    ])
    fail('shop:worst')
    expect(failed()).toBe(2)
    ask('shop:bad')
    until(world, reasonIs('WaitingForApproval'))
    const { revision = '', step } = world.release.status?.trials?.[0] ?? {}
    const asked = { id: 'go', verb: 'promote', uid: 'release-uid', revision, step, by: 'ann' }
    world.command(JSON.stringify(asked))
    settle(world)
    expect([world.release.status?.phase, failed()]).toEqual(['Completed', undefined])
  })
})
