/**
 * Promotion by selector: a candidate takes the stable role without starting a pod twice (scenario B in ARCHITECTURE.md).
 *
 * By shift:
 *   1. the candidate's Service carries everything that is not some other candidate's;
 *   2. the stable Service, which nobody uses now, is pointed at the candidate's pods;
 *   3. the weight goes back to the stable Service, to the very same pods.
 * By switch, the stable Service is turned to the candidate's pods at once, all of them ready; the same write takes it back.
 * Then the candidate is stable and the old revision is scaled down.
 */

import { unreachable } from '../assert.ts'
import { type Facts, isQuiet } from '../facts.ts'
import { type App, candidateOf } from '../model/app.ts'
import type { Trial } from '../model/notebook.ts'
import { stable, weightOf } from '../model/weights.ts'
import type { Instant } from '../time.ts'
import { isAtHome, promotionByRole } from './by-role.ts'
import { rollingStance } from './pool.ts'
import type { Stance } from './strategy.ts'

/** Which part of the promotion is next: it follows from what is seen, so that a crash anywhere goes on from there. */
export function promotionPart(
  app: App,
  stance: Stance,
  trial: Trial,
  facts: Facts,
  now: Instant,
): Stance {
  if (app.workloads.layout.by === 'role') return promotionByRole(app, stance, trial, facts, now)
  const how = candidateOf(app, trial.role)?.how ?? app.plan.promotion.how
  switch (how) {
    case 'roll':
      return rollingStance(app, stance, trial, facts)
    case 'switch':
      return switched(app, stance, trial)
    case 'shift':
      return facts.router.capabilities.by === 'pods'
        ? switched(app, stance, trial)
        : shifted(app, stance, trial, facts, now)
    default:
      return unreachable(how)
  }
}

/** All pods of both, and the stable Service on the candidate's. */
export function switched(app: App, stance: Stance, { role, revision }: Trial): Stance {
  return {
    ...stance,
    revisions: {
      ...stance.revisions,
      [stable]: revision,
      ...(stance.revisions[role] === undefined ? {} : { [role]: revision }),
    },
    pods: [...stance.pods, { role, revision, replicas: app.replicas }],
  }
}

function shifted(
  app: App,
  stance: Stance,
  { role, revision }: Trial,
  facts: Facts,
  now: Instant,
): Stance {
  const rest = weightOf(stance.weights, stable)
  const taken = facts.selected(stable) === revision
  const moves = taken || isQuiet(facts, stable, now)
  return {
    ...stance,
    revisions: {
      ...stance.revisions,
      ...(moves ? { [stable]: revision } : {}),
      [role]: revision,
    },
    weights: { ...stance.weights, [stable]: taken ? rest : 0, [role]: taken ? 0 : rest },
    pods: [...stance.pods, { role, revision, replicas: app.replicas }],
  }
}

/** True when the promotion's last part is in place, given that its stance is reached. */
export function isPromoted(trial: Trial, facts: Facts): boolean {
  const { role, revision } = trial
  if (facts.app.workloads.layout.by === 'role') return isAtHome(facts.app, trial, facts)
  return (
    facts.selected(stable) === revision &&
    facts.weights !== undefined &&
    (facts.router.capabilities.by === 'pods' || weightOf(facts.weights, role) === 0)
  )
}
