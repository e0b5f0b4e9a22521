/**
 * Canary: the candidate gets weight step by step; at the end it takes over the stable role.
 *
 * The promotion, when all steps are done (scenario B in ARCHITECTURE.md):
 *   1. the candidate's Service carries everything;
 *   2. the stable Service, which nobody uses now, is pointed at the candidate's pods;
 *   3. the weight goes back to the stable Service, to the very same pods.
 * Then the candidate is stable and the old revision is scaled down. No pod is started twice.
 */

import type { Facts } from '../facts.ts'
import { isQuiet } from '../facts.ts'
import type { App } from '../model/app.ts'
import type { Trial } from '../model/notebook.ts'
import { podsFor, stable } from '../model/weights.ts'
import { positionAt } from '../steps/step.ts'
import type { Instant } from '../time.ts'
import type { Stance } from './strategy.ts'

/** What the candidate's present step asks for. */
export function stepStance(app: App, stableRevision: string, trial: Trial): Stance {
  const { weight, replicas } = positionAt(app.plan.steps, trial.step)
  const pods = replicas ?? podsFor(app.replicas, weight)
  const { candidate } = app.plan
  return {
    // Without pods there is nothing to point at: the candidate's Service stays where it is, and gets no traffic.
    revisions:
      pods === 0 && weight === 0
        ? { [stable]: stableRevision }
        : { [stable]: stableRevision, [candidate]: trial.revision },
    weights: { [stable]: 100 - weight, [candidate]: weight },
    replicas: { [stableRevision]: app.replicas, [trial.revision]: pods },
    hurry: false,
  }
}

/** Which part of the promotion is next: it follows from what is seen, so that a crash anywhere goes on from there. */
export function promotionStance(
  app: App,
  stableRevision: string,
  trial: Trial,
  facts: Facts,
  now: Instant,
): Stance {
  const { candidate } = app.plan
  const taken = facts.selected(stable) === trial.revision
  const quiet = isQuiet(facts, stable, now)
  return {
    revisions: {
      [stable]: taken || quiet ? trial.revision : stableRevision,
      [candidate]: trial.revision,
    },
    weights: taken ? { [stable]: 100, [candidate]: 0 } : { [stable]: 0, [candidate]: 100 },
    replicas: { [stableRevision]: app.replicas, [trial.revision]: app.replicas },
    hurry: false,
  }
}

/** True when the promotion's last part is in place, given that its stance is reached. */
export function isPromoted(app: App, trial: Trial, facts: Facts): boolean {
  return (
    facts.selected(stable) === trial.revision &&
    facts.weights?.[stable] === 100 &&
    app.services[stable] !== undefined
  )
}
