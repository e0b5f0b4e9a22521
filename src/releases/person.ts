/** Whether a release goes on by itself, or only once a person says so. */
import { approvalOf } from '#core/gates/approval.ts'
import { type App, stepsOf } from '#core/model/app.ts'
import type { Trial } from '#core/model/notebook.ts'
import type { Entry } from './entry.ts'

export function waitsForPerson({ app, book }: Entry): boolean {
  if (book === undefined) return false
  const { reason, trials, decisions } = book
  if (reason.type === 'WaitingForApproval') return true
  if (reason.type !== 'WaitingForGate' || app === undefined) return false
  return trials.some(
    (trial) =>
      isApprovalAsked(app, trial) &&
      approvalOf(decisions, { ...trial, since: trial.stepStartedAt }) === undefined,
  )
}

/** Whether a gate of the present step asks a person; others ask programs, and go on by themselves. */
function isApprovalAsked(app: App, { stage, step, role }: Trial): boolean {
  const now = stage.kind === 'steps' ? stepsOf(app, role)[step] : undefined
  const atStep = now?.kind === 'gate' ? now.gates : []
  const gates = stage.kind === 'verifying' ? (app.plan.promotion.gates ?? []) : atStep
  return gates.some(({ kind }) => kind === 'approval')
}
