/**
 * Who has won. Each candidate is compared with stable, and the confidence asked for holds for all comparisons together
 * (Holm's method): the surest of n has to be wrong at most once in n times as many cases, the next of the n − 1 that are
 * left, and so on. With the sequential test that is true however often is looked; with the fixed one for a single look.
 */
import type { Judge, Look } from '../model/experiment.ts'
import { type Judged, judgeProportions } from '../model/statistics.ts'
import { type RoleName, stable } from '../model/weights.ts'

export type Verdict = {
  /** The best of those that beat stable; stable where every candidate is worse; undefined as long as neither is sure. */
  readonly winner: RoleName | undefined
  readonly message: string
}

type Compared = { readonly look: Look; readonly judged: Judged }

/**
 * @param looks the newest look at each candidate that is still in the experiment
 * @param candidates how many there were to begin with
 */
export function verdictOf(judge: Judge, looks: readonly Look[], candidates: number): Verdict {
  const sure = significant(judge, looks, Math.max(candidates, looks.length))
  const better = sure
    .filter(({ judged }) => judged.winner === 'b')
    .toSorted((one, other) => advantage(judge, other) - advantage(judge, one))
  const [best] = better
  if (best !== undefined) return { winner: best.look.role, message: describe(best, 'beats') }
  const worse = sure.filter(({ judged }) => judged.winner === 'a')
  const [first] = worse
  if (first !== undefined && worse.length === looks.length)
    return { winner: stable, message: describe(first, 'is worse than') }
  return { winner: undefined, message: 'no candidate differs from stable by more than chance' }
}

function significant(
  { options }: Judge,
  looks: readonly Look[],
  candidates: number,
): readonly Compared[] {
  const ranked = looks
    .filter(({ message }) => message === undefined)
    .toSorted((one, other) => (other.confidence ?? 0) - (one.confidence ?? 0))
  const found: Compared[] = []
  for (const look of ranked) {
    if (look.candidate === undefined || look.stable === undefined) continue
    const confidence = 1 - (1 - options.confidence) / (candidates - found.length)
    const judged = judgeProportions(look.stable, look.candidate, { ...options, confidence })
    // Too few observations of one say nothing of the others; too little of a difference ends the row.
    if (judged === undefined || !judged.significant) continue
    found.push({ look, judged })
  }
  return found
}

function advantage({ options }: Judge, { judged }: Compared): number {
  return options.direction === 'higher' ? judged.rateB : -judged.rateB
}

function describe({ look, judged }: Compared, how: string): string {
  const rates = `${percent(judged.rateB)} of ${Math.round(look.candidate?.of ?? 0)} against ${percent(judged.rateA)} of ${Math.round(look.stable?.of ?? 0)}`
  return `${look.role} ${how} stable: ${rates}, confidence ${percent(judged.confidence)}`
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`
}
