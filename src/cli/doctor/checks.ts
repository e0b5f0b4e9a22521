/** The one list of checks, in the order in which trouble hides what comes after it. */
import { controllerRuns } from './controller.ts'
import { definitions } from './definitions.ts'
import type { Check } from './finding.ts'
import { formers } from './formers.ts'
import { metrics } from './metrics.ts'
import { releases } from './releases.ts'
import { rights } from './rights.ts'
import { routes } from './routes.ts'
import { webhooks } from './webhooks.ts'

export const checks: readonly Check[] = [
  definitions,
  controllerRuns,
  rights,
  webhooks,
  formers,
  routes,
  metrics,
  releases,
]
