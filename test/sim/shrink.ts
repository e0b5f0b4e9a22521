/** A failing plan, smaller: what can be left out while the same law is broken is left out, one by one. */
import type { Plan } from './plan.ts'
import { runPlan } from './run.ts'

const mostRuns = 60
/** A run that never settles takes seconds; whoever waits for a lane wants to hear of it first. */
const mostMs = 20_000

export async function shrink(
  plan: Plan,
  violation: Broken,
): Promise<{ readonly plan: Plan; readonly story: readonly string[] }> {
  let best = plan
  let story: readonly string[] = (await runPlan(plan)).story
  let runs = 0
  const startedAt = performance.now()
  const isEnough = (): boolean => runs >= mostRuns || performance.now() - startedAt > mostMs
  const fails = async (candidate: Plan): Promise<boolean> => {
    runs += 1
    const outcome = await runPlan(candidate)
    if (kindOf(outcome.violation) !== kindOf(violation)) return false
    story = outcome.story
    return true
  }
  for (let smaller = true; smaller && !isEnough(); ) {
    smaller = false
    for (const candidate of simpler(best)) {
      if (isEnough()) break
      if (!(await fails(candidate))) continue
      best = candidate
      smaller = true
      break
    }
  }
  return { plan: best, story }
}

type Broken = { readonly id: string; readonly what: string }

/** The law, and the reason that the release tells for not being done. */
function kindOf(broken: Broken | undefined): string | undefined {
  return broken === undefined
    ? undefined
    : `${broken.id} ${/\((\w+):/.exec(broken.what)?.[1] ?? ''}`
}

/** Plans with one thing less. */
export function* simpler(plan: Plan): Generator<Plan> {
  for (const index of plan.strikes.keys())
    yield { ...plan, strikes: plan.strikes.toSpliced(index, 1) }
  for (const index of plan.deeds.keys()) yield { ...plan, deeds: plan.deeds.toSpliced(index, 1) }
  if (plan.instances === 2) yield { ...plan, instances: 1 }
  if (plan.farewell) yield { ...plan, farewell: false }
  if (plan.latencyMs > 0) yield { ...plan, latencyMs: 0 }
  const { setting } = plan
  if (setting.replicas > 1) yield { ...plan, setting: { ...setting, replicas: 1 } }
  if (setting.ownServices)
    yield { ...plan, setting: { ...setting, ownServices: false, wideServices: false } }
  const { steps } = setting.form.canary ?? { steps: [] }
  for (const index of steps.keys()) {
    // The first step gives the candidate its traffic.
    if (index === 0) continue
    const form = { canary: { steps: steps.toSpliced(index, 1) } }
    yield { ...plan, setting: { ...setting, form } }
  }
}
