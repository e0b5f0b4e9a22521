/** Times as Kubernetes writes them: whole seconds, or six digits for a MicroTime, always UTC. */

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

let latest = { second: Number.NaN, text: '' }

/** The same second is asked for by write after write. */
export function seconds(instant: number): string {
  const second = Math.floor(instant / 1000)
  if (second !== latest.second) {
    latest = { second, text: `${new Date(instant).toISOString().slice(0, 19)}Z` }
  }
  return latest.text
}

/** Canonical already; only days that every month has, so that nothing has to be calculated. */
const plain = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/

/** The canonical text of a time that came in, or undefined when it is none. */
export function canonicalTime(text: string, micro: boolean): string | undefined {
  if (!micro && plain.test(text)) return text
  const match = rfc3339.exec(text)
  const instant = match === null ? Number.NaN : Date.parse(text)
  if (match === null || Number.isNaN(instant)) return undefined
  const whole = seconds(instant)
  if (!micro) return whole
  const fraction = (match[1] ?? '').slice(1, 7).padEnd(6, '0')
  return `${whole.slice(0, -1)}.${fraction}Z`
}

export function timeError(text: string, micro: boolean): string {
  const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00'
  return `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(text)} as "2006"`
}
