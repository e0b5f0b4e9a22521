/** A count that may be written as a share, as in Kubernetes' IntOrString: `3` or `25%`. */

/** The count that is meant of a total; 0 where it cannot be read. */
export function parseShare(
  given: number | string,
  total: number,
  round: (value: number) => number,
): number {
  if (typeof given === 'number') return given
  const percent = /^(\d+)%$/.exec(given)?.[1]
  return percent === undefined ? 0 : round((Number(percent) * total) / 100)
}
