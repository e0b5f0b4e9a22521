/**
 * Queries with named arguments, `{{name}}`, that cannot inject. Where an argument stands decides how its value is
 * spelt: inside a text literal it is escaped as that literal wants it, and after `=~` or `!~` it is taken word for word
 * besides. Outside of literals only what we make ourselves is put in. Whatever the values are, the query means the same
 * selectors with the same matchers.
 */

type Quote = '"' | "'" | '`'

/** Where an argument stands in a query: `quote` is that of the literal around it, undefined outside of any. */
export type Place = {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly quote: Quote | undefined
  /** Inside the literal of a matcher by regular expression. */
  readonly pattern: boolean
}

const argument = /\{\{(\w+)\}\}/y

/** All arguments of a query, in order. Those in comments are none. */
export function placesOf(text: string): readonly Place[] {
  const places: Place[] = []
  let quote: Quote | undefined
  let pattern = false
  // The last two characters that mean something, to know a matcher by regular expression.
  let before = ''
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string
    argument.lastIndex = at
    const [whole, name] = argument.exec(text) ?? []
    if (whole !== undefined && name !== undefined) {
      places.push({ name, start: at, end: at + whole.length, quote, pattern })
      at += whole.length - 1
    } else if (quote !== undefined) {
      if (character === '\\' && quote !== '`') at += 1
      else if (character === quote) quote = undefined
    } else if (character === '#') {
      const end = text.indexOf('\n', at)
      at = end < 0 ? text.length : end
    } else if (character === '"' || character === "'" || character === '`') {
      quote = character
      pattern = before === '=~' || before === '!~'
    } else if (character.trim() !== '') before = (before + character).slice(-2)
    if (quote === undefined) pattern = false
  }
  return places
}

export type Values = {
  /** Ours, put in as they are: numbers, durations, matchers. */
  readonly own: Readonly<Record<string, string>>
  /** Anybody's, put in as text inside of literals. */
  readonly texts: Readonly<Record<string, string>>
}

/** Puts the values in. What may not stand where it stands is left as it is, so that no server takes the query. */
export function fill(text: string, { own, texts }: Values): string {
  let filled = ''
  let from = 0
  for (const place of placesOf(text)) {
    const value = valueAt(place, { own, texts })
    if (value === undefined) continue
    filled += text.slice(from, place.start) + value
    from = place.end
  }
  return (filled + text.slice(from)).toWellFormed()
}

function valueAt({ name, quote, pattern }: Place, { own, texts }: Values): string | undefined {
  if (quote === undefined) return Object.hasOwn(own, name) ? own[name] : undefined
  const value = Object.hasOwn(texts, name) ? texts[name] : undefined
  return value === undefined ? undefined : escaped(pattern ? literally(value) : value, quote)
}

/** RE2 has no character besides these that means more than itself. */
function literally(value: string): string {
  return value.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&')
}

// PromQL's literals follow Go: JSON's escapes are a subset of what "…" takes; '…' wants its own quote escaped and not
// the other; a raw `…` takes anything but its quote, which no escape can bring in.
function escaped(value: string, quote: Quote): string {
  const whole = value.toWellFormed()
  if (quote === '`') return whole.replaceAll('`', '\ufffd')
  const text = JSON.stringify(whole).slice(1, -1)
  return quote === '"' ? text : text.replaceAll('\\"', '"').replaceAll("'", "\\'")
}

/** A matcher such as `rollout="shop"`. */
export function matcher(name: string, value: string): string {
  return `${name}=${JSON.stringify(value)}`
}
