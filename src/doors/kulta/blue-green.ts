/** `strategy.blueGreen`: the new version at full size beside the old, then all traffic by one write of the route. */
import { plainPromotion, type Step } from '#core/model/app.ts'
import { readAnalysis } from './analysis.ts'
import { named } from './noted.ts'
import { type Part, type Reading, seats } from './part.ts'
import type { BlueGreenStrategy } from './rollout.ts'

const path = 'spec.strategy.blueGreen'
const role = 'preview'

export function readBlueGreen(given: BlueGreenStrategy, reading: Reading): Part {
  const { notes, name, replicas, address } = reading
  const stable = named(notes, `${path}.activeService`, given.activeService)
  const preview = named(notes, `${path}.previewService`, given.previewService)
  if (stable === preview)
    notes.add(path, 'activeService and previewService must be two different Services')
  const asking = { path: `${path}.analysis`, address, mayBeIdle: true }
  const analysis = readAnalysis(given.analysis, asking, notes)
  const steps: readonly Step[] = [
    { kind: 'replicas', replicas },
    { kind: 'pause', durationMs: waitMs(given) },
  ]
  return {
    plan: {
      strategy: 'blueGreen',
      candidates: [{ role, own: undefined, steps, command: undefined }],
      promotion: { ...plainPromotion, late: true },
      firstInstall: 'steps',
    },
    services: { stable, [role]: preview },
    seats: seats({ stable: 'active', [role]: 'preview' }, name),
    port: given.port ?? 80,
    route: given.trafficRouting?.gatewayAPI?.httpRoute,
    analysis,
    path,
  }
}

/** Undefined waits for somebody. */
function waitMs({ autoPromotionEnabled, autoPromotionSeconds = 0 }: BlueGreenStrategy) {
  return autoPromotionEnabled === true ? autoPromotionSeconds * 1000 : undefined
}
