/** Durations as routes write them. */

const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const

/** Of the Gateway API (GEP-2257), up to four numbers with unit: milliseconds, or undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  if (!/^([0-9]{1,5}(h|m|s|ms)){1,4}$/.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    total += Number(count) * units[unit as keyof typeof units]
  }
  return total
}

/** As Go writes them, such as `1.5s`: milliseconds, or undefined for any other text. */
export function parseGoDuration(text: string): number | undefined {
  if (!/^([0-9]+(\.[0-9]+)?(h|m|s|ms|us|µs|ns))+$/.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/([0-9.]+)(ms|us|µs|ns|h|m|s)/g)) {
    total += Number(count) * (units[unit as keyof typeof units] ?? 0)
  }
  return total
}
