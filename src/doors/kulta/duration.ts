/** Durations as KULTA reads them: one whole number and one unit, never zero, each unit with a limit; and days besides. */

const units = {
  s: { ms: 1000, most: 86_400 },
  m: { ms: 60_000, most: 1440 },
  h: { ms: 3_600_000, most: 168 },
  d: { ms: 86_400_000, most: 365 },
} as const

/** Milliseconds; or what is wrong, as a sentence. */
export function readDuration(text: string): number | string {
  const match = /^(\d{1,9})(s|m|h|d)$/.exec(text.trim())
  const unit = match?.[2] as keyof typeof units | undefined
  if (match === null || unit === undefined)
    return `${JSON.stringify(text.slice(0, 40))} is no duration; write a whole number with s, m, h or d, like 30s or 5m`
  const amount = Number(match[1])
  if (amount === 0)
    return `${JSON.stringify(text)} is no time at all; write 1s or more, or leave it out`
  const { ms, most } = units[unit]
  if (amount > most) return `${JSON.stringify(text)} is longer than ${most}${unit}; write less`
  return amount * ms
}
