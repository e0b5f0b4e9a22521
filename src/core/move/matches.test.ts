/** Laws of rules by match, after every single write: pods before the rule, and nobody at a revision it was not written for. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { release, template } from '#test/gen/release.ts'
import { installed } from '#test/gen/story.ts'
import type { World } from '#test/gen/world.ts'
import { decide } from '../decide.ts'
import type { HttpRoute } from '../k8s/gateway-api.ts'

const header = { name: 'x-variant', value: 'b' }
const spec = release({
  strategy: {
    canary: { steps: [{ match: [{ header }] }, { pause: '5s' }, { weight: 50 }, { match: [] }] },
  },
}).spec

function ruled(route: HttpRoute | undefined): boolean {
  return (route?.spec.rules ?? []).some(({ name }) => name === 'headgate-canary')
}

function selected(world: World): string {
  return world.services.get('shop-canary')?.spec.selector?.['headgate.dev/revision'] ?? ''
}

function listed(world: World): number {
  const counts = world.endpoints.get('shop-canary') ?? new Map<string, number>()
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

const happening = fc.record({
  what: fc.constantFrom('pods', 'pods', 'endpoints', 'gateway', 'wait', 'crash', 'template'),
  lost: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(31) }),
  pick: fc.nat(2),
})

test('S3, S5: a rule comes to pods that are ready, goes before they do, and never sees its Service turn', () => {
  let rules = 0
  fc.assert(
    fc.property(fc.array(happening, { minLength: 15, maxLength: 45 }), (events) => {
      const world = installed(spec)
      world.ask({ template: template('shop:v2') })
      for (const { what, lost, pick } of events) {
        happen(world, what, pick)
        const decision = decide(world.observe(), world.now)
        world.remember(decision)
        for (const [index, write] of decision.writes.entries()) {
          if ((lost & (1 << index)) !== 0) continue
          const before = { ruled: ruled(world.route), selected: selected(world) }
          const ready = listed(world)
          world.write(write)
          if (!before.ruled && ruled(world.route)) {
            rules += 1
            expect(ready).toBeGreaterThanOrEqual(spec.replicas ?? 1)
          }
          if (before.ruled) expect(selected(world)).toBe(before.selected)
          const target = [...world.replicaSets.values()].find(
            ({ metadata }) => metadata.labels?.['headgate.dev/revision'] === before.selected,
          )
          if (before.ruled) expect(target?.spec.replicas ?? 0).toBeGreaterThan(0)
        }
        if (decision.write) world.writeStatus(decision)
        world.now += 1
      }
    }),
    { numRuns: Number(process.env['RUNS'] ?? 400) },
  )
  expect(rules).toBeGreaterThan(0)
})

/** What the world does meanwhile, of itself or by somebody's hand. */
function happen(world: World, what: string, pick: number): void {
  switch (what) {
    case 'pods':
      for (const name of world.replicaSets.keys()) world.movePods(name, pick + 1, false)
      return
    case 'endpoints':
      return world.moveEndpoints()
    case 'gateway':
      return world.moveGateway()
    case 'wait':
      world.now += 10 ** (pick + 2)
      return
    case 'crash':
      return world.crash()
    default:
      world.ask({ template: template(`shop:v${pick + 1}`) })
  }
}
