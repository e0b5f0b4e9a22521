/** Performs the questions that a decision asked, each once, and hands the answers to the next pass. */
import type { Companions, Decision, GateAsk, MeasureAsk } from '#core/decision.ts'
import type { HttpAnswer, HttpAsk, UrlAsk } from '#core/http-ask.ts'
import type { GateAnswer, MetricAnswer } from '#core/observed.ts'
import type { Ask } from './ask.ts'
import type { KeyState } from './state.ts'
import { spanned } from './traces.ts'

export type Asking = { readonly ask: Ask; readonly now: () => number }

export function measure(
  asking: Asking,
  state: KeyState,
  decision: Decision,
  done: () => void,
): void {
  for (const question of decision.measure)
    once(state, question.id, done, async () => {
      const { metric, role } = question
      const answer = await spanned(
        'headgate.measure',
        { 'headgate.metric': metric, 'headgate.role': role },
        () => measured(asking, question),
      )
      state.answers = [...state.answers, answer]
    })
  for (const question of decision.asks)
    once(state, question.id, done, async () => {
      const reply = await spanned('headgate.ask', { 'headgate.gate': question.gate }, () =>
        replied(asking, question),
      )
      state.replies = [...state.replies, reply]
    })
}

/** Ids are those of the instant a question is due: one that is under way is not asked again. */
function once(state: KeyState, id: string, done: () => void, task: () => Promise<void>): void {
  if (state.asked.has(id)) return
  state.asked.set(id, true)
  void task().finally(() => {
    state.asked.delete(id)
    done()
  })
}

/** A value and its companions count together or not at all. */
async function measured(asking: Asking, question: MeasureAsk): Promise<MetricAnswer> {
  const { id, role, metric, revision, at, companions } = question
  const [answer, others] = await Promise.all([
    perform(asking, question.ask),
    companions === undefined ? undefined : accompanied(asking, companions),
  ])
  const taken = { id, role, metric, revision, at, returnedAt: asking.now(), answer }
  return others === undefined ? taken : { ...taken, companions: others }
}

async function accompanied(
  asking: Asking,
  companions: Companions<UrlAsk>,
): Promise<Companions<HttpAnswer>> {
  const answers = Object.entries(companions).map(
    async ([name, ask]) => [name, await perform(asking, ask)] as const,
  )
  return Object.fromEntries(await Promise.all(answers))
}

async function replied(asking: Asking, { ask, ...question }: GateAsk): Promise<GateAnswer> {
  const answer = await perform(asking, ask)
  return { ...question, returnedAt: asking.now(), answer }
}

async function perform({ ask }: Asking, question: HttpAsk): Promise<HttpAnswer> {
  try {
    return await ask(question)
  } catch {
    return { kind: 'failed', message: 'the request failed' }
  }
}
