/** Whether the share of requests that somebody got is the one that was asked for, as far as chance allows. */
import { expect } from 'vitest'

/** Standard deviations: chance goes further once in 16,000 times. */
const bound = 4

export type Share = {
  /** Requests that it got, of how many. */
  readonly got: number
  readonly of: number
  readonly percent: number
}

/** @throws where it is further off than that. */
export function expectShare({ got, of, percent }: Share): void {
  const share = percent / 100
  const most = bound * Math.sqrt(of * share * (1 - share))
  const told = `${got} of ${of} requests at ${percent} %, with ${Math.round(most)} more or less`
  expect(Math.abs(got - of * share), told).toBeLessThanOrEqual(most)
}
