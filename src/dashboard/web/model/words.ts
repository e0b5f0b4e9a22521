/** Numbers and instants as people read them. */

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** `8 s`, `3 min 20 s`, `5 h 10 min`, `3 d 4 h`; never below zero. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const of = (big: number, bigUnit: string, small: number, smallUnit: string): string => {
    const rest = Math.floor((seconds * 1000 - big * unit(bigUnit)) / small)
    return rest === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${rest} ${smallUnit}`
  }
  const whole = seconds * 1000
  if (whole < minute) return `${seconds} s`
  if (whole < hour) return of(Math.floor(whole / minute), 'min', 1000, 's')
  if (whole < day) return of(Math.floor(whole / hour), 'h', minute, 'min')
  return of(Math.floor(whole / day), 'd', hour, 'h')
}

function unit(name: string): number {
  return name === 'min' ? minute : name === 'h' ? hour : day
}

/** One unit only, for narrow columns: `8s`, `3m`, `5h`, `3d`. */
export function age(ms: number): string {
  const whole = Math.max(0, ms)
  if (whole < minute) return `${Math.floor(whole / 1000)}s`
  if (whole < hour) return `${Math.floor(whole / minute)}m`
  if (whole < day) return `${Math.floor(whole / hour)}h`
  return `${Math.floor(whole / day)}d`
}

const timeOnly = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const withDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** In the viewer's zone; the day only where it is not today. */
export function localTime(at: number, now: number): string {
  const today = new Date(at).toDateString() === new Date(now).toDateString()
  return (today ? timeOnly : withDay).format(at)
}

/** `2026-11-21 14:03:27 UTC`, for comparing with logs. */
export function utcTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** At most four digits that count: `0.4213`, `12,300`. */
export function amount(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 4 }).format(value)
}

/** A part of one as a percentage: `8.25 %`. */
export function share(of: number): string {
  return `${new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(of * 100)} %`
}

export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** Verdicts in words: what a sample says, or why it says nothing. */
const verdicts: Readonly<Record<string, string>> = {
  passing: 'passing',
  failing: 'failing',
  needMoreData: 'needs more data',
  noData: 'no data',
  error: 'error',
}

export function verdictWords(verdict: string): string {
  return verdicts[verdict] ?? verdict
}
