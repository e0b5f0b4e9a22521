/** Manual approval: it asks nobody by HTTP, and passes once a person's promotion of this very step is on record. */
import type { ApprovalGate } from '../model/gate.ts'
import type { DecisionRecord } from '../model/notebook.ts'
import type { Instant } from '../time.ts'
import type { Gate, GateOutcome, GateView, Understood } from './gate.ts'

export const approvalGate: Gate<ApprovalGate> = { asks: () => [], read: nothing, outcome }

/** What a decision is called that approves; see actions.ts. */
const approvals: readonly string[] = ['Promote', 'PromoteFull', 'Approve']

function nothing(): Understood {
  return { verdict: 'error', message: 'nobody was asked' }
}

/** The word by which somebody approved this step of this revision, if anybody has since it began. */
export function approvalOf(
  decisions: readonly DecisionRecord[],
  {
    revision,
    step,
    since,
  }: { readonly revision: string; readonly step: number; readonly since: Instant },
): DecisionRecord | undefined {
  return decisions.findLast(
    (one) =>
      approvals.includes(one.action) &&
      one.revision === revision &&
      one.step === step &&
      one.at >= since,
  )
}

function outcome({ name }: ApprovalGate, { subject, decisions, since }: GateView): GateOutcome {
  const record = approvalOf(decisions, { ...subject, since })
  if (record === undefined)
    return {
      verdict: 'needMoreData',
      message: `gate ${name} waits until somebody promotes`,
      until: undefined,
    }
  const by = record.by ?? 'somebody'
  return { verdict: 'passing', message: `approved by ${by}`, until: undefined, by }
}
