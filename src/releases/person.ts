/** Whether a release goes on by itself, or only once a person says so. */
import { awaitsApproval } from '#core/steps/gate.ts'
import type { Entry } from './entry.ts'

export function waitsForPerson({ app, book }: Entry): boolean {
  if (book === undefined) return false
  const { reason, trials } = book
  if (reason.type === 'WaitingForApproval') return true
  if (reason.type !== 'WaitingForGate' || app === undefined) return false
  return trials.some((trial) => awaitsApproval(app, trial, book))
}
