/** Chance from a seed: the same seed throws the same dice in the same order on every machine. */
import type { Random } from '#kube/ports.ts'

export type Dice = {
  /** A number in [0, 1). */
  readonly next: Random
  /** A whole number in [from, to]. */
  readonly whole: (from: number, to: number) => number
  readonly pick: <T>(from: readonly T[]) => T
  readonly chance: (probability: number) => boolean
}

/** Streams of one seed with different names know nothing of each other. */
export function diceOf(seed: number, stream: string): Dice {
  let state = seed >>> 0
  for (const letter of stream) state = Math.imul(state ^ letter.charCodeAt(0), 0x9e3779b1) >>> 0
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    whole,
    pick: (from) => from[whole(0, from.length - 1)] as (typeof from)[number],
    chance: (probability) => next() < probability,
  }
}

/** Ids in UUID form, counted. */
export function idsOf(prefix: number): () => string {
  let count = 0
  const head = prefix.toString(16).padStart(8, '0')
  return () => {
    count += 1
    return `${head}-0000-4000-8000-${String(count).padStart(12, '0')}`
  }
}
