/** How long ago, as kubectl says it: the one or two largest units, shorter the older. */

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** `12s`, `5m30s`, `45m`, `3h12m`, `2d4h`, `30d`. What lies ahead is `0s`. */
export function age(ms: number): string {
  const past = Math.max(0, ms)
  if (past < 2 * minute) return `${Math.floor(past / second)}s`
  if (past < 10 * minute) return two(past, minute, 'm', second, 's')
  if (past < 3 * hour) return `${Math.floor(past / minute)}m`
  if (past < 8 * hour) return two(past, hour, 'h', minute, 'm')
  if (past < 2 * day) return `${Math.floor(past / hour)}h`
  if (past < 8 * day) return two(past, day, 'd', hour, 'h')
  return `${Math.floor(past / day)}d`
}

function two(ms: number, large: number, name: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small)
  return `${Math.floor(ms / large)}${name}${rest === 0 ? '' : `${rest}${smallName}`}`
}

/** The same of an instant as objects hold it; `-` where there is none. */
export function ageOf(at: number | undefined, now: number): string {
  return at === undefined ? '-' : age(now - at)
}
