/** A count that may be written as a share, as in Kubernetes' IntOrString: `3` or `25%`. */

/** Pods more and fewer than asked for that bounds allow. */
export function limitsOf(
  {
    maxSurge,
    maxUnavailable,
  }: { readonly maxSurge: number | string; readonly maxUnavailable: number | string },
  replicas: number,
): { readonly surge: number; readonly unavailable: number } {
  const surge = parseShare(maxSurge, replicas, Math.ceil)
  const unavailable = parseShare(maxUnavailable, replicas, Math.floor)
  // With neither, nothing could ever move.
  return surge === 0 && unavailable === 0 ? { surge: 1, unavailable } : { surge, unavailable }
}

/** The count that is meant of a total; 0 where it cannot be read. */
function parseShare(
  given: number | string,
  total: number,
  round: (value: number) => number,
): number {
  if (typeof given === 'number') return given
  const percent = /^(\d+)%$/.exec(given)?.[1]
  return percent === undefined ? 0 : round((Number(percent) * total) / 100)
}
