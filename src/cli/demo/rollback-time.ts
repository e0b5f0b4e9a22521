/** How long a bad sample takes to have its effect, read from the decision log. */
import type { Decision } from '#core/decision.ts'
import type { Observed } from '#core/observed.ts'

type Line = { readonly now: number; readonly observed: Observed; readonly decision: Decision }

/**
 * Milliseconds from the return of the sample that turned the last release back to `zeroAt`, when the route was seen at
 * zero. @throws Error when the log tells of no release that was turned back.
 */
export function rollbackTime(log: string, zeroAt: number): number {
  const lines = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
  const turned = lines.findLast(
    ({ observed, decision }) => isRetreat(decision) && !isRetreat(observed),
  )
  const returned = turned?.observed.answers.map(({ returnedAt }) => returnedAt) ?? []
  if (turned === undefined || returned.length === 0)
    throw new Error('no release was turned back by a sample')
  return Math.max(0, zeroAt - Math.max(...returned))
}

function isRetreat({ notebook }: Pick<Observed, 'notebook'>): boolean {
  return notebook?.trials.some(({ stage }) => stage.kind === 'retreating') === true
}
