/** Many seeds: run, some of them twice with the two journals compared; failures shrunk; counts added up. */
import { addCounts, type Counts, noCounts } from './coverage.ts'
import { drawPlan } from './draw.ts'
import type { Plan } from './plan.ts'
import { type Outcome, runPlan } from './run.ts'
import { shrink } from './shrink.ts'

export type Failure = {
  readonly seed: number
  readonly id: string
  readonly what: string
  readonly plan: Plan
  /** The plan with everything left out that it takes not. */
  readonly smallest: Plan
  readonly story: readonly string[]
}

export type BatchResult = {
  readonly runs: number
  /** Runs that were a second one of a seed, and had to tell the same story to the byte. */
  readonly replays: number
  readonly failures: readonly Failure[]
  readonly counts: Counts
  readonly virtualMs: number
}

export type BatchOptions = {
  readonly seeds: readonly number[]
  /** Runs each so many-th seed again and compares: 1 for all of them, 0 for none. */
  readonly againEvery: number
  /** Stops after so many failures. */
  readonly mostFailures: number
  readonly shrinks: boolean
  readonly progress?: (done: number) => void
}

export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const counts = noCounts()
  const failures: Failure[] = []
  let runs = 0
  let replays = 0
  let virtualMs = 0
  for (const [index, seed] of options.seeds.entries()) {
    const plan = drawPlan(seed)
    const outcome = await runPlan(plan)
    runs += 1
    virtualMs += outcome.virtualMs
    addCounts(counts, outcome.counts)
    // Not by the seed itself: threads have every n-th of them.
    const again = options.againEvery > 0 && index % options.againEvery === 0
    const failure = outcome.violation ?? (again ? await differs(plan, outcome) : undefined)
    if (again) {
      runs += 1
      replays += 1
    }
    if (failure !== undefined) {
      const { id, what } = failure
      const smallest = options.shrinks
        ? await shrink(plan, failure)
        : { plan, story: outcome.story }
      failures.push({ seed, id, what, plan, smallest: smallest.plan, story: smallest.story })
    }
    options.progress?.(runs)
    if (failures.length >= options.mostFailures) break
  }
  return { runs, replays, failures, counts, virtualMs }
}

/** The same plan has to give the same journal, or no failure could ever be replayed. */
async function differs(
  plan: Plan,
  first: Outcome,
): Promise<{ readonly id: string; readonly what: string } | undefined> {
  const second = await runPlan(plan)
  if (second.hash === first.hash) return undefined
  const at = second.story.findIndex((line, index) => line !== first.story[index])
  const what = `two runs of one plan differ: ${first.hash} and ${second.hash}; ${second.story[at] ?? ''}`
  return { id: 'replay', what }
}

export function failureText({ seed, id, what, smallest, story }: Failure): string {
  const { strikes, deeds, setting, instances } = smallest
  return [
    `seed ${seed} fails ${id}: ${what}`,
    `  the smallest plan that does: ${JSON.stringify({ setting, instances, strikes, deeds })}`,
    ...story.slice(-40).map((line) => `  ${line}`),
    `  again: npm run sim -- --from ${seed} --seeds 1 --story`,
  ].join('\n')
}
