/** Instants and durations: read, shown and taken apart. */
import type { Bodies } from '../functions.ts'
import { Duration, EvalError, Timestamp, type Value } from '../values.ts'
import { asDuration, asTimestamp } from './arithmetic.ts'

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y

/** As Go writes durations: `1h30m`, `1.5s`. Throws an EvalError. */
export function parseDuration(text: string): Duration {
  const bad = (why: string): EvalError =>
    new EvalError(`time: ${why} duration ${JSON.stringify(text)}`)
  const negative = text.startsWith('-')
  const body = text.replace(/^[+-]/, '')
  if (body === '0') return new Duration(0n)
  let total = 0n
  part.lastIndex = 0
  for (let at = 0; at < body.length; at = part.lastIndex) {
    part.lastIndex = at
    const match = part.exec(body)
    if (match === null) throw bad(/\d$/.test(body.slice(at)) ? 'missing unit in' : 'invalid')
    const [whole = '', fraction = ''] = (match[1] as string).split('.')
    const unit = units[match[2] as string] as bigint
    total += BigInt(whole === '' ? '0' : whole) * unit
    if (fraction !== '') total += (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length)
  }
  if (body === '') throw bad('invalid')
  return asDuration(negative ? -total : total)
}

const instant = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:\d\d)$/

/** RFC 3339. Throws an EvalError. */
export function parseTimestamp(text: string): Timestamp {
  const match = instant.exec(text)
  const bad = (): EvalError =>
    new EvalError(
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`,
    )
  if (match === null) throw bad()
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match
  const millis = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}${zone.toUpperCase()}`,
  )
  if (Number.isNaN(millis) || Number(day) > daysIn(Number(year), Number(month))) throw bad()
  const nanos = BigInt(fraction.padEnd(9, '0').slice(0, 9))
  return asTimestamp(BigInt(millis) * 1_000_000n + nanos)
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** In seconds: `90s`, `1.5s`. */
export function shownDuration({ nanos }: Duration): string {
  const negative = nanos < 0n
  const value = negative ? -nanos : nanos
  const fraction = String(value % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  const whole = `${negative ? '-' : ''}${value / 1_000_000_000n}`
  return `${whole}${fraction === '' ? '' : `.${fraction}`}s`
}

export function shownTimestamp({ nanos }: Timestamp): string {
  const below = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const seconds = new Date(Number((nanos - below) / 1_000_000n)).toISOString().slice(0, 19)
  const fraction = String(below).padStart(9, '0').replace(/0+$/, '')
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`
}

/** An instant as a calendar shows it in a zone. Its parts are read as if they were UTC. */
function calendar([value, zone]: readonly Value[]): Date {
  const millis = Number((value as Timestamp).nanos / 1_000_000n)
  return new Date(millis + (zone === undefined ? 0 : offsetOf(zone as string, millis)))
}

/** Milliseconds that a zone is ahead of UTC. Throws an EvalError for a zone nobody knows. */
function offsetOf(zone: string, millis: number): number {
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (fixed !== null) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3])
    return (fixed[1] === '-' ? -minutes : minutes) * 60_000
  }
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(new Date(millis))
    const of = (type: string): number => Number(parts.find((one) => one.type === type)?.value)
    const shown = Date.UTC(
      of('year'),
      of('month') - 1,
      of('day'),
      of('hour'),
      of('minute'),
      of('second'),
    )
    return shown - Math.floor(millis / 1000) * 1000
  } catch {
    throw new EvalError(`unknown time zone ${zone}`)
  }
}

const dayMs = 86_400_000

function dayOfYear(args: readonly Value[]): Value {
  const date = calendar(args)
  return BigInt(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMs))
}

/** A part of the calendar, with and without a zone. */
function both(
  id: string,
  of: (args: readonly Value[]) => Value,
  withZone = `${id}_with_tz`,
): Bodies {
  return { [id]: of, [withZone]: of }
}

const nanosOf = ([value]: readonly Value[]): bigint => (value as Duration).nanos

export const timeFunctions: Bodies = {
  ...both('timestamp_to_year', (args) => BigInt(calendar(args).getUTCFullYear())),
  ...both('timestamp_to_month', (args) => BigInt(calendar(args).getUTCMonth())),
  ...both('timestamp_to_day_of_year', dayOfYear),
  ...both('timestamp_to_day_of_month', (args) => BigInt(calendar(args).getUTCDate() - 1)),
  ...both('timestamp_to_day_of_month_1_based', (args) => BigInt(calendar(args).getUTCDate())),
  ...both('timestamp_to_day_of_week', (args) => BigInt(calendar(args).getUTCDay())),
  ...both('timestamp_to_hours', (args) => BigInt(calendar(args).getUTCHours())),
  ...both('timestamp_to_minutes', (args) => BigInt(calendar(args).getUTCMinutes())),
  ...both(
    'timestamp_to_seconds',
    (args) => BigInt(calendar(args).getUTCSeconds()),
    'timestamp_to_seconds_tz',
  ),
  ...both('timestamp_to_milliseconds', (args) => BigInt(calendar(args).getUTCMilliseconds())),
  duration_to_hours: (args) => nanosOf(args) / 3_600_000_000_000n,
  duration_to_minutes: (args) => nanosOf(args) / 60_000_000_000n,
  duration_to_seconds: (args) => nanosOf(args) / 1_000_000_000n,
  duration_to_milliseconds: (args) => (nanosOf(args) / 1_000_000n) % 1000n,
}
