/** The one list of gates, and what is done with all of them alike: asking, taking in answers, judging. */
import type { GateAsk } from '../decision.ts'
import type { GateReply, GateSpec, GateState } from '../model/gate.ts'
import type { GateAnswer } from '../observed.ts'
import { cut } from '../render/text.ts'
import { approvalGate } from './approval.ts'
import type { Gate, GateOutcome, GateView } from './gate.ts'
import { healthGate } from './health.ts'
import { webhookGate } from './webhook.ts'

type Kind = GateSpec['kind']
const gates: { readonly [K in Kind]: Gate<Extract<GateSpec, { kind: K }>> } = {
  health: healthGate,
  webhook: webhookGate,
  approval: approvalGate,
}

/** What the gates of a step want to know now. */
export function gateAsks(specs: readonly GateSpec[], view: GateView): readonly GateAsk[] {
  return specs.flatMap((spec) => of(spec).asks(spec, view))
}

/** What all gates of a step come to: the first that refuses, else the first that waits, else passing. */
export function gatesOutcome(specs: readonly GateSpec[], view: GateView): GateOutcome {
  const outcomes = specs.map((spec) => of(spec).outcome(spec, view))
  const refused = outcomes.find(({ verdict }) => verdict === 'failing')
  const waiting = outcomes.find(({ verdict }) => verdict !== 'passing')
  const found = refused ?? waiting
  if (found === undefined) {
    const by = outcomes.find((outcome) => outcome.by !== undefined)?.by
    const message = outcomes.map((outcome) => outcome.message).join('; ')
    return { verdict: 'passing', message, until: undefined, ...(by === undefined ? {} : { by }) }
  }
  const untils = outcomes.flatMap(({ until }) => until ?? [])
  return { ...found, until: untils.length === 0 ? undefined : Math.min(...untils) }
}

/** Bodies are kept so long at most; a door hands them to their owner. */
const longestBody = 1024
const longestMessage = 160

/**
 * Takes in the answers that belong to this scope. Of each target the newest word counts; what an older question brings
 * late changes nothing. Targets that are gone, and what was answered in another scope, are forgotten.
 */
export function takeReplies(
  specs: readonly GateSpec[],
  view: Pick<GateView, 'scope' | 'pods'>,
  known: GateState | undefined,
  answers: readonly GateAnswer[],
): GateState {
  const targets = new Set(['', ...view.pods.map(({ name }) => name)])
  const before = known?.scope === view.scope ? known.replies : []
  let replies: readonly GateReply[] = before.filter(({ target }) => targets.has(target))
  for (const answer of answers) {
    const spec = specs.find(({ name }) => name === answer.gate)
    if (spec === undefined || answer.scope !== view.scope || !targets.has(answer.target)) continue
    replies = withReply(replies, spec, answer)
  }
  return { scope: view.scope, replies }
}

function withReply(
  replies: readonly GateReply[],
  spec: GateSpec,
  given: GateAnswer,
): readonly GateReply[] {
  const { gate, target, at, method, answer } = given
  const before = replies.find((reply) => reply.gate === gate && reply.target === target)
  if (before !== undefined && before.at > at) return replies
  const { verdict, message } = of(spec).read(spec, given)
  const reply: GateReply = {
    gate,
    target,
    at,
    verdict,
    message: cut(message, longestMessage),
    method,
    errorsInARow: verdict === 'error' ? (before?.errorsInARow ?? 0) + 1 : 0,
    body: answer.kind === 'answer' ? cut(answer.body, longestBody) : '',
  }
  return [...replies.filter((one) => one !== before), reply]
}

// The register pairs each kind with its own gate; the compiler cannot follow that through an index.
function of(spec: GateSpec): Gate<GateSpec> {
  return gates[spec.kind] as Gate<GateSpec>
}
