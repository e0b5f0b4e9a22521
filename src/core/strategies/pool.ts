/**
 * Several revisions behind one Service, which selects the pods of all: traffic goes by their number. So does a rolling
 * update, and a canary where nothing can split traffic by weight.
 */

import { type Facts, listedReady } from '../facts.ts'
import type { App } from '../model/app.ts'
import type { Trial } from '../model/notebook.ts'
import { limitsOf } from '../model/share.ts'
import { stable } from '../model/weights.ts'
import type { PodsWanted, Stance } from './strategy.ts'

/**
 * Pods of stable and of a candidate that come nearest to a weight from below, with never fewer than `replicas` in all:
 * up to half by more candidates, beyond that by fewer of stable.
 */
export function podsByRatio(
  replicas: number,
  weight: number,
): { readonly stable: number; readonly candidate: number } {
  if (weight <= 0) return { stable: replicas, candidate: 0 }
  if (weight >= 100) return { stable: 0, candidate: replicas }
  if (weight > 50)
    return { stable: Math.ceil((replicas * (100 - weight)) / weight), candidate: replicas }
  // One pod is the least there is, also where it is more than the weight says.
  const candidate = Math.max(1, Math.floor((replicas * weight) / (100 - weight)))
  return { stable: replicas, candidate: Math.min(candidate, replicas) }
}

/** The stance of a canary by number of pods. */
export function ratioStance(app: App, stance: Stance, trial: Trial, weight: number): Stance {
  const pods = podsByRatio(app.replicas, weight)
  return {
    ...stance,
    pooled: weight > 0,
    pods: [
      ...stance.pods.map((one) => (one.role === stable ? { ...one, replicas: pods.stable } : one)),
      { role: trial.role, revision: trial.revision, replicas: pods.candidate },
    ],
  }
}

/**
 * How far a rolling update may go now: never more pods in all than the surge allows, never fewer ready ones than may be
 * unavailable. It ends with the Service on the new revision alone.
 */
export function rollingStance(app: App, stance: Stance, trial: Trial, facts: Facts): Stance {
  const { surge, unavailable } = limitsOf(app.plan.promotion, app.replicas)
  const old = stance.pods.find(({ role }) => role === stable)
  const [before, after] = [old?.revision ?? '', trial.revision].map((revision) => ({
    pods: facts.workload(revision)?.replicas ?? 0,
    ready: listedReady(facts, stable, revision),
  }))
  const most = app.replicas + surge
  const least = app.replicas - unavailable
  const coming = Math.max(after?.pods ?? 0, Math.min(app.replicas, most - (before?.pods ?? 0)))
  const staying = Math.min(before?.pods ?? 0, Math.max(0, least - (after?.ready ?? 0)))
  const done = (after?.ready ?? 0) >= app.replicas
  const wanted: readonly PodsWanted[] = [
    ...stance.pods.map((one) => (one.role === stable ? { ...one, replicas: staying } : one)),
    { role: trial.role, revision: trial.revision, replicas: Math.max(0, coming) },
  ]
  return {
    ...stance,
    pooled: !done,
    revisions: done ? { ...stance.revisions, [stable]: trial.revision } : stance.revisions,
    pods: wanted,
  }
}
