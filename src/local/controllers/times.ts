/** Instants as Kubernetes writes them: whole seconds in objects, microseconds in leases. */

/** `2026-11-21T03:00:00Z`; fractions of a second are cut, as the API server does. */
export function timestamp(atMs: number): string {
  return `${new Date(Math.floor(atMs / 1000) * 1000).toISOString().slice(0, 19)}Z`
}

/** `2026-11-21T03:00:00.123000Z`. */
export function microTimestamp(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 23)}000Z`
}

/** Milliseconds since the epoch; undefined when absent or not a time. */
export function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}
