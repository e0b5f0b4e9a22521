/**
 * Comparing resourceVersions. They are decimal numbers of any length (a promise of Kubernetes since
 * 1.35).
 */

/**
 * -1, 0 or 1 as `a` is older than, the same as or newer than `b`; undefined where either is no
 * decimal number, since then only equality means anything.
 */
export function compareVersions(a: string, b: string): -1 | 0 | 1 | undefined {
  if (a === b) return 0
  if (!isDecimal(a) || !isDecimal(b)) return undefined
  if (a.length !== b.length) return a.length < b.length ? -1 : 1
  return a < b ? -1 : 1
}

/** True only when `a` is known to be older than `b`. */
export function isOlder(a: string, b: string): boolean {
  return compareVersions(a, b) === -1
}

function isDecimal(text: string): boolean {
  return /^[1-9][0-9]*$|^0$/.test(text)
}
