/**
 * The external command gate: a program is told where the release stands, by POST, and answers
 * `{"verdict": "pass" | "hold" | "fail"}`. Nothing else of its answer is looked at, so that nothing of it gets anywhere.
 */
import type { GateAsk } from '../decision.ts'
import { askLimits, type UrlAsk } from '../http-ask.ts'
import type { GateReply, WebhookGate } from '../model/gate.ts'
import {
  type Answered,
  dueAt,
  type Gate,
  type GateOutcome,
  type GateView,
  outOfTime,
  replyOf,
  sooner,
  type Understood,
} from './gate.ts'

export const webhookGate: Gate<WebhookGate> = { asks, read, outcome }

function asks(spec: WebhookGate, view: GateView): readonly GateAsk[] {
  const reply = replyOf(view, spec.name, '')
  const due = dueAt(view, reply, spec.intervalMs)
  // What it passed once in a step stays passed: a second word could only contradict the first.
  if (due > view.now || reply?.verdict === 'passing' || reply?.verdict === 'failing') return []
  const id = `${view.scope}/${spec.name}/${due}`
  const ask = askOf(spec, view)
  return [{ id, gate: spec.name, target: '', scope: view.scope, method: 'POST', at: view.now, ask }]
}

function askOf({ name, url, headers, secret, caBundle }: WebhookGate, view: GateView): UrlAsk {
  const { namespace } = view.subject
  // The id is the same as long as the same is asked, so that a receiver may answer once and repeat itself.
  const body = JSON.stringify({ id: view.scope, gate: name, ...view.subject })
  return {
    kind: 'url',
    method: 'POST',
    url,
    headers: { ...headers, accept: 'application/json', 'content-type': 'application/json' },
    body,
    secret: secret === undefined ? undefined : { namespace, name: secret },
    caBundle,
    ...askLimits,
  }
}

const words = new Map<unknown, Understood>([
  ['pass', { verdict: 'passing', message: 'lets it pass' }],
  ['hold', { verdict: 'needMoreData', message: 'wants it to wait' }],
  ['fail', { verdict: 'failing', message: 'refuses it' }],
])

function read(_spec: WebhookGate, { answer }: Answered): Understood {
  if (answer.kind === 'failed') return { verdict: 'error', message: answer.message }
  if (answer.status < 200 || answer.status > 299)
    return { verdict: 'error', message: `answered ${answer.status}` }
  return (
    words.get(verdictIn(answer.body)) ?? {
      verdict: 'error',
      message: 'answered without a verdict of pass, hold or fail',
    }
  )
}

function verdictIn(body: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null && 'verdict' in parsed
      ? parsed.verdict
      : undefined
  } catch {
    return undefined
  }
}

function outcome(spec: WebhookGate, view: GateView): GateOutcome {
  const reply = replyOf(view, spec.name, '')
  const said = reply === undefined ? 'has not answered yet' : reply.message
  const message = `gate ${spec.name} ${said}`
  if (reply?.verdict === 'passing') return { verdict: 'passing', message, until: undefined }
  if (reply?.verdict === 'failing') return { verdict: 'failing', message, until: undefined }
  if (reply?.verdict === 'error' && reply.errorsInARow >= spec.consecutiveErrors) {
    if (spec.onError === 'continue') return { verdict: 'passing', message, until: undefined }
    if (spec.onError === 'rollback') return { verdict: 'failing', message, until: undefined }
  }
  return outOfTime(spec, view) ?? { ...waiting(spec, view, reply), message }
}

function waiting(
  spec: WebhookGate,
  view: GateView,
  reply: GateReply | undefined,
): Pick<GateOutcome, 'verdict' | 'until'> {
  const due = dueAt(view, reply, spec.intervalMs)
  const end = spec.limitMs === undefined ? undefined : view.since + spec.limitMs
  const until = sooner(end, due > view.now ? due : undefined)
  return { verdict: reply?.verdict === 'error' ? 'error' : 'needMoreData', until }
}
