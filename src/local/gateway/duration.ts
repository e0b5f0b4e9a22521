/** Durations of the Gateway API (GEP-2257): up to four numbers with unit, such as `1h30m` or `500ms`. */

const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const

/** Milliseconds, or undefined where the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^([0-9]{1,5}(h|m|s|ms)){1,4}$/.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    total += Number(count) * units[unit as keyof typeof units]
  }
  return total
}
