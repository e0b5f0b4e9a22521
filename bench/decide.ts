/** M5, the policy alone: passes of `decide` over a release at rest. */
import { decide } from '#core/decide.ts'
import type { Observed } from '#core/observed.ts'
import { httpRoute, release } from '#test/gen/release.ts'
import { World } from '#test/gen/world.ts'
import { type Row, spread } from './table.ts'

const passes = 20_000
const rounds = 5

export function decideRows(): readonly Row[] {
  const { observed, now } = atRest()
  const perSecond: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const startedAt = performance.now()
    for (let pass = 0; pass < passes; pass += 1) decide(observed, now)
    const rate = (passes * 1000) / (performance.now() - startedAt)
    // The first round only warms the compiler up.
    if (round > 0) perSecond.push(rate)
  }
  const { median, min } = spread(perSecond)
  return [
    {
      id: 'M5',
      what: 'no-op `decide` of a settled release, per second and core',
      value: `median ${Math.round(median).toLocaleString('en')}, slowest round ${Math.round(min).toLocaleString('en')}`,
      target: '',
      met: undefined,
    },
  ]
}

/** A release that was installed and needs nothing. @throws Error when it does not come to rest. */
function atRest(): { readonly observed: Observed; readonly now: number } {
  const world = new World(release(), httpRoute())
  for (let pass = 0; pass < 200; pass += 1) {
    const observed = world.observe()
    const decision = decide(observed, world.now)
    const quiet = decision.writes.length === 0 && !decision.write
    if (quiet && decision.wakeAt === undefined && observed.notebook?.phase === 'Completed')
      return { observed, now: world.now }
    world.remember(decision)
    for (const write of decision.writes) world.write(write)
    if (decision.write) world.writeStatus(decision)
    for (const name of world.replicaSets.keys()) world.movePods(name, 100, false)
    world.moveEndpoints()
    // A gateway that reports anew at each pass would be a change at each pass.
    if (world.acceptedAt === undefined) world.moveGateway()
    world.now = Math.max(world.now + 1, quiet ? (decision.wakeAt ?? world.now) : world.now)
  }
  throw new Error('the release did not come to rest')
}
