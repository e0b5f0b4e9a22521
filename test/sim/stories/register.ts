/** The strategies by name, and every combination that stories are about. */
import type { Strategy } from '#core/model/app.ts'
import { combinations, refusal } from '#test/scenarios/combinations.ts'
import { blueGreen } from './blue-green.ts'
import { canary } from './canary.ts'
import { commanded } from './commanded.ts'
import { experiment } from './experiment.ts'
import { rolling } from './rolling.ts'
import type { Course, Setting } from './story.ts'

const list: readonly Course[] = [canary, blueGreen, experiment, rolling, commanded]

export const courses = Object.fromEntries(
  list.map((course) => [course.strategy, course]),
) as Readonly<Record<Strategy, Course>>

export type Told = Pick<Setting, 'strategy' | 'router' | 'topology'>

/** Pods that were an existing Deployment's: `workloadRef`. */
export const takenOver = 'ReplicaSets by revision, of a Deployment'

/** Where the template is the release's own, so that it can be a Deployment's as well. */
const referring: readonly Strategy[] = ['canary', 'blueGreen', 'rolling']

/** Every combination that the engine allows. */
export const allowed: readonly Told[] = combinations
  .filter((combination) => refusal(combination) === undefined)
  .flatMap(({ strategy, router, topology }): readonly Told[] =>
    topology === 'ReplicaSets by revision' && referring.includes(strategy)
      ? [
          { strategy, router, topology },
          { strategy, router, topology: takenOver },
        ]
      : [{ strategy, router, topology }],
  )

/** The name of a story in tables. */
export function nameOf({ strategy, router, topology }: Told): string {
  return `${strategy} × ${router} × ${topology}`
}
