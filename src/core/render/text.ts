/** Small pieces of sentences that appear in more than one place. */
import type { Weights } from '../model/weights.ts'

/** `stable 80, canary 20`. */
export function formatWeights(weights: Weights): string {
  return Object.entries(weights)
    .map(([role, weight]) => `${role} ${weight}`)
    .join(', ')
}

/** Cuts a text to a length that fits its place, saying so with an ellipsis. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
