/** One run: safety phase, then all faults heal, then liveness phase. The same plan gives the same journal. */

import type { Counts } from './coverage.ts'
import { shop } from './invariants/invariant.ts'
import { checkLiveness } from './liveness.ts'
import type { Plan, State, When } from './plan.ts'
import { missingRejections } from './rejections.ts'
import { stateOf } from './states.ts'
import { catalogue } from './strikes.ts'
import { createWorld, type Violation, type World } from './world.ts'

export type Outcome = {
  readonly seed: number
  readonly hash: string
  readonly violation: Violation | undefined
  readonly story: readonly string[]
  readonly counts: Counts
  readonly virtualMs: number
}

/** However long what was planned takes to come about. */
const safetyMs = 90_000
/** What waits for a state that nothing leads to any more waits no longer than this; longer than a lease runs. */
const stillMs = 17_000

export async function runPlan(plan: Plan): Promise<Outcome> {
  const world = await createWorld(plan)
  const rejections = missingRejections((error) =>
    world.violate('L2', `a promise failed unheard: ${error}`),
  )
  try {
    await safety(world)
    if (world.violation() === undefined) await heal(world)
    if (world.violation() === undefined) {
      const fault = await checkLiveness(world)
      if (fault !== undefined) world.violate(fault.id, fault.what)
    }
    await world.cluster.time.advance(0)
  } finally {
    rejections.stop()
    for (const instance of world.instances) await instance.stop()
    await world.cluster.end()
  }
  const { journal, coverage, cluster } = world
  return {
    seed: plan.seed,
    hash: journal.hash(),
    violation: world.violation(),
    story: journal.story(),
    counts: {
      cells: Object.fromEntries(coverage.cells()),
      points: Object.fromEntries(coverage.points()),
      stories: Object.fromEntries(coverage.stories()),
    },
    virtualMs: cluster.time.clock.monotonic(),
  }
}

async function safety(world: World): Promise<void> {
  const { cluster, instances, plan } = world
  const { clock } = cluster.time
  let waiting = plan.strikes.length + plan.deeds.length
  const over = { yet: false }
  const entered = new Set<State>()
  const byState = new Map<State, (() => void)[]>()
  const arrange = (when: When, act: () => void): void => {
    const run = (): void => {
      waiting -= 1
      if (!over.yet) act()
    }
    if (when.kind === 'at') {
      clock.after(when.ms, run)
      return
    }
    const list = byState.get(when.state) ?? []
    byState.set(when.state, [...list, () => clock.after(when.afterMs, run)])
  }
  for (const strike of plan.strikes) arrange(strike.when, () => begin(world, strike))
  for (const deed of plan.deeds) {
    arrange(deed.when, () => {
      world.journal.tell(`somebody: ${deed.verb} ${deed.value}`)
      world.people.act(deed)
    })
  }
  const enter = (state: State | undefined): void => {
    if (state === undefined || entered.has(state)) return
    entered.add(state)
    for (const go of byState.get(state) ?? []) go()
  }
  cluster.onWrite(({ shelf, key, is }) => {
    if (shelf === 'releases' && key === shop) enter(stateOf(is.releases.get(shop)))
  })
  world.weather.listen((strike, phase) => {
    if (phase === 'begins') return
    world.journal.tell(`${strike.instance} no longer ${catalogue[strike.fault].says}`)
    effect(world, strike, 'ends')
  })
  enter(stateOf(cluster.truth().releases.get(shop)))
  for (const instance of instances) instance.start()
  let stirred = { writes: 0, waiting, at: 0 }
  const isStill = (): boolean => {
    const writes = world.ownWrites()
    const now = clock.monotonic()
    if (writes !== stirred.writes || waiting !== stirred.waiting)
      stirred = { writes, waiting, at: now }
    return now - stirred.at > stillMs
  }
  const done = (): boolean =>
    world.look() || (world.weather.isCalm() && (waiting === 0 || isStill()))
  await cluster.time.advanceUntil(done, safetyMs)
  // What did not come about by now never does.
  over.yet = true
}

function begin(world: World, strike: World['struck'][number]): void {
  const { cluster, plan } = world
  const own = plan.instances === 1 ? { ...strike, instance: 'A' as const } : strike
  const state = stateOf(cluster.truth().releases.get(shop))
  if (state !== undefined) world.coverage.cell(state, own.fault)
  world.struck.push(own)
  world.journal.tell(
    `${own.instance} ${catalogue[own.fault].says} (${own.fault} ${own.variant % 97}, ${own.forMs} ms, ${state})`,
  )
  world.weather.begin(own)
  effect(world, own, 'begins')
}

function effect(world: World, strike: World['struck'][number], phase: 'begins' | 'ends'): void {
  const own = world.instances.find(({ name }) => name === strike.instance)
  if (own !== undefined) catalogue[strike.fault][phase]?.(world, own, strike)
}

/** Nothing goes wrong any more, and what people wrote stands where they wrote it. */
async function heal(world: World): Promise<void> {
  const { instances, weather, people, monkey, cluster, journal } = world
  journal.tell('— all faults heal —')
  weather.heal()
  for (const instance of instances) instance.setClock(0, 1)
  // A clock that ran at another rate is only right again in a new process.
  for (const { fault, instance: name } of world.struck) {
    if (fault === 'clock') instances.find((one) => one.name === name)?.crash()
  }
  await Promise.all([people.tidyUp(), monkey.leave(), cluster.time.advance(1000)])
}
