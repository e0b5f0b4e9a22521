/** Performs the questions that a decision asked, each once, and hands the answers to the next pass. */
import type { Decision, MeasureAsk } from '#core/decision.ts'
import type { HttpAnswer, HttpAsk } from '#core/metrics/provider.ts'
import type { KeyState } from './state.ts'

/** Performs an HTTP request within its time and size; what goes wrong is an answer too. */
export type Ask = (ask: HttpAsk) => Promise<HttpAnswer>

export function measure(
  { ask, now }: { readonly ask: Ask; readonly now: () => number },
  state: KeyState,
  decision: Decision,
  done: () => void,
): void {
  for (const question of decision.measure) {
    if (state.asked.has(question.id)) continue
    state.asked.add(question.id)
    void answer(ask, question).then((found) => {
      state.asked.delete(question.id)
      const { id, metric, revision, at } = question
      state.answers = [
        ...state.answers,
        { id, metric, revision, at, returnedAt: now(), answer: found },
      ]
      done()
    })
  }
}

async function answer(ask: Ask, question: MeasureAsk): Promise<HttpAnswer> {
  try {
    return await ask(question.ask)
  } catch (error) {
    return {
      kind: 'failed',
      message: error instanceof Error ? error.message : 'the request failed',
    }
  }
}
