/** `strategy.simple`: one ReplicaSet under the Rollout's own name; a new version comes up beside it and takes its name. */
import { plainPromotion, type Step } from '#core/model/app.ts'
import { readAnalysis } from './analysis.ts'
import type { Part, Reading } from './part.ts'
import { labels, type SimpleStrategy } from './rollout.ts'

const path = 'spec.strategy.simple'
const role = 'canary'

export function readSimple(
  given: SimpleStrategy,
  { notes, name, replicas, address }: Reading,
): Part {
  const asking = { path: `${path}.analysis`, address, mayBeIdle: false }
  const analysis = readAnalysis(given.analysis, asking, notes)
  const metrics = analysis?.metrics.map((metric) => metric.name) ?? []
  const steps: readonly Step[] = [
    { kind: 'replicas', replicas },
    ...(metrics.length === 0 ? [] : [{ kind: 'analysis', metrics } as const]),
  ]
  const type = { [labels.type]: 'simple' }
  return {
    plan: {
      strategy: 'canary',
      candidates: [{ role, own: undefined, steps, command: undefined }],
      promotion: plainPromotion,
    },
    services: {},
    seats: {
      stable: { name, labels: { ...type, revision: 'stable' } },
      [role]: { name: `${name}-{revision}`, labels: { ...type, revision: role } },
    },
    port: undefined,
    route: undefined,
    analysis,
    path,
  }
}
