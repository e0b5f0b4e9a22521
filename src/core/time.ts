/** Instants and durations as numbers, and their text forms. Core has no Date, so the calendar is computed here. */

/** Milliseconds since the Unix epoch. Handed in by the shell; core never reads a clock. */
export type Instant = number

const dayMs = 86_400_000
const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: dayMs,
}
const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$/

/** Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant's days_from_civil). */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  }
}

/** Reads RFC 3339 text; undefined when it is not that. Fractions beyond milliseconds are cut. */
export function parseInstant(text: string | undefined): Instant | undefined {
  const match = text === undefined ? null : rfc3339.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', , sign, offHour, offMinute] =
    match
  // Second 60 is a leap second, which RFC 3339 allows; it is counted as the next one.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined
  if (Number(offHour ?? 0) > 23 || Number(offMinute ?? 0) > 59) return undefined
  const days = daysFromCivil(Number(year), Number(month), Number(day))
  const back = civilFromDays(days)
  if (back.month !== Number(month) || back.day !== Number(day)) return undefined
  const clock = (Number(hour) * 60 + Number(minute)) * 60_000 + Number(second) * 1000
  const offset = sign === undefined ? 0 : (Number(offHour) * 60 + Number(offMinute)) * 60_000
  const millis = Number(fraction.slice(0, 3).padEnd(3, '0'))
  return days * dayMs + clock + millis - (sign === '-' ? -offset : offset)
}

/** RFC 3339 with milliseconds, in UTC. */
export function formatInstant(instant: Instant): string {
  const days = Math.floor(instant / dayMs)
  const rest = Math.floor(instant - days * dayMs)
  const { year, month, day } = civilFromDays(days)
  const two = (value: number): string => String(value).padStart(2, '0')
  const clock = [rest / 3_600_000, (rest / 60_000) % 60, (rest / 1000) % 60]
    .map((value) => two(Math.floor(value)))
    .join(':')
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
  return `${date}T${clock}.${String(rest % 1000).padStart(3, '0')}Z`
}

/** RFC 3339 with microseconds, as Kubernetes' MicroTime wants it. */
export function formatMicroTime(instant: Instant): string {
  return formatInstant(instant).replace('Z', '000Z')
}

/**
 * Reads a duration such as `30s`, `5m`, `1h30m`, `500ms` or `7d` in milliseconds; undefined when it is not one.
 * A bare `0` is taken; negative, fractional and larger than ten years are not.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(\d+(ms|s|m|h|d))+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (unitsMs[unit as string] as number)
  }
  return total <= 3650 * dayMs ? total : undefined
}

/** The shortest text for a duration in milliseconds: `1h30m`, `500ms`, `0s`. */
export function formatDuration(durationMs: number): string {
  let rest = Math.max(0, Math.round(durationMs))
  if (rest === 0) return '0s'
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = unitsMs[unit] as number
    const amount = Math.floor(rest / size)
    if (amount > 0) text += `${amount}${unit}`
    rest -= amount * size
  }
  return text
}
