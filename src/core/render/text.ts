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

/** Labels or annotations with their words put in: `{revision}` and the like in the values. */
export function filled(
  given: Readonly<Record<string, string>> = {},
  words: Readonly<Record<string, string>>,
): Record<string, string> {
  const put = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => words[name] ?? whole)
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, put(value)]))
}
