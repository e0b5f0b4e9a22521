/**
 * Whether one object says nothing that another does not say too. It is how what somebody wrote is recognised in what a
 * server made of it: servers add defaults and respell quantities, they take nothing away.
 */

/**
 * True when every member of `part` stands in `whole` with the same meaning. Absent, null, `{}` and `[]` mean the same;
 * lists are compared by position; quantities (`0.5` and `500m`) by amount.
 */
export function contained(part: unknown, whole: unknown): boolean {
  if (isEmpty(part)) return true
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) &&
      part.length === whole.length &&
      part.every((item, index) => contained(item, whole[index]))
    )
  }
  if (typeof part === 'object' && part !== null) {
    if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return false
    const other = whole as Readonly<Record<string, unknown>>
    return Object.entries(part).every(([key, value]) =>
      Object.hasOwn(other, key) ? contained(value, other[key]) : isEmpty(value),
    )
  }
  return part === whole || sameQuantity(part, whole)
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

/** The amount of a Kubernetes quantity, or undefined when the value is not one. */
export function quantity(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  const match = /^([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(n|u|m|k|M|G|T|P|E|[KMGTPE]i)?$/.exec(value)
  if (match === null) return undefined
  return Number(match[1]) * (suffixes[match[2] ?? ''] as number)
}

// Only where the spelling differs by more than a plain number would: the texts "1.10" and "1.1" are two versions, not
// one amount, so at least one side must be a number or carry a suffix.
function sameQuantity(one: unknown, other: unknown): boolean {
  const spelt = (value: unknown): boolean =>
    typeof value === 'number' || /[a-zA-Z]$/.test(String(value))
  if (!spelt(one) && !spelt(other)) return false
  const amount = quantity(one)
  return amount !== undefined && amount === quantity(other)
}
