/** How values look in tables: ages, selectors, lists that are cut. */
import { asArray, asObject, asString, type Obj, objectsOf, type Value } from '#core/schema/json.ts'

/** Kubernetes' short form of a duration: `45s`, `3m12s`, `5h`, `2d4h`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(minutes / 60)
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(hours / 24)
  if (days < 8) return pair(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.trunc(days / 365)
  return years < 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smallUnit}`
}

export function since(time: Value | undefined, now: number): string {
  const then = Date.parse(asString(time) ?? '')
  return Number.isNaN(then) ? '<unknown>' : humanDuration(now - then)
}

export function orNone(value: Value | undefined): string {
  const text = asString(value) ?? ''
  return text === '' ? '<none>' : text
}

/** Labels as `a=b,c=d`. */
export function labelsText(labels: Value | undefined): string {
  const entries = Object.entries(asObject(labels) ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0
    ? '<none>'
    : entries.map(([key, value]) => `${key}=${value}`).join(',')
}

const operators: Readonly<Record<string, string>> = { In: ' in ', NotIn: ' notin ' }

/** A LabelSelector in the words of a query. */
export function selectorText(selector: Value | undefined): string {
  const { matchLabels, matchExpressions } = asObject(selector) ?? {}
  const terms = [
    ...Object.entries(asObject(matchLabels) ?? {}).map(([key, value]) => [key, `${key}=${value}`]),
    ...objectsOf(matchExpressions).map((term) => [String(term.key), expressionText(term)]),
  ].sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
  return terms.length === 0 ? '<none>' : terms.map(([, text]) => text).join(',')
}

function expressionText({ key, operator, values }: Obj): string {
  if (operator === 'Exists') return String(key)
  if (operator === 'DoesNotExist') return `!${key}`
  return `${key}${operators[String(operator)]}(${asArray(values).map(String).sort().join(',')})`
}

/** The first three of a list, and how many more there are. */
export function firstThree(items: readonly string[], empty: string): string {
  const shown = items.slice(0, 3).join(',')
  if (items.length > 3) return `${shown} + ${items.length - 3} more...`
  return shown === '' ? empty : shown
}
