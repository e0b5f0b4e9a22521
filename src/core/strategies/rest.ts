/** Nothing on trial: one revision serves everything. Also the way back, and the first install. */
import type { App } from '../model/app.ts'
import { stable } from '../model/weights.ts'
import type { Stance } from './strategy.ts'

/** All roles on one revision, all traffic on stable. */
export function restStance(app: App, revision: string): Stance {
  const roles = Object.keys(app.services)
  return {
    revisions: Object.fromEntries(roles.map((role) => [role, revision])),
    weights: Object.fromEntries(roles.map((role) => [role, role === stable ? 100 : 0])),
    replicas: { [revision]: app.replicas },
    hurry: true,
  }
}
