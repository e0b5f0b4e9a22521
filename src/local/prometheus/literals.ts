/** Numbers, durations, strings and times as PromQL and its HTTP API write them. */

const unitMs = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
} as const

const durationPattern = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/

/** Milliseconds of `1h30m`, or undefined where the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (text === '' || !durationPattern.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[ywdhms])/g)) {
    total += Number(count) * unitMs[unit as keyof typeof unitMs]
  }
  return total
}

/** A number, in any of Go's forms, or a duration in seconds; undefined where the text is neither. */
export function parseNumber(text: string): number | undefined {
  const plain = text.replace(/_/g, '')
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(plain)
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity
  if (/^[+-]?nan$/i.test(plain)) return Number.NaN
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(plain)) return Number(plain)
  if (/^0x[0-9a-f]+$/i.test(plain)) return Number(plain)
  const duration = parseDuration(plain)
  return duration === undefined ? undefined : duration / 1000
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

/** The text of a quoted string; undefined where it holds an escape that does not exist. */
export function unquote(quoted: string): string | undefined {
  const inner = quoted.slice(1, -1)
  if (quoted.startsWith('`')) return inner
  let bad = false
  const text = inner.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]))/g,
    (_, hex?: string, short?: string, long?: string, octal?: string, single?: string) => {
      const digits = hex ?? short ?? long
      if (digits !== undefined)
        return String.fromCodePoint(Math.min(0x10ffff, parseInt(digits, 16)))
      if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8))
      const known = escapes[single ?? '']
      if (known === undefined) bad = true
      return known ?? ''
    },
  )
  return bad ? undefined : text
}

/** Milliseconds since the epoch from seconds or RFC 3339; undefined where the text is neither. */
export function parseTime(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return Math.round(Number(text) * 1000)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}

/** A value as the API writes it: Go's shortest form, an exponent of two digits below 1e-6 and from 1e21. */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2')
}
