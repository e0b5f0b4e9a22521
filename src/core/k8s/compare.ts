/**
 * Whether one object says nothing that another does not say too. It is how what somebody wrote is recognised in what a
 * server made of it: servers add defaults and respell quantities, they take nothing away.
 */

/**
 * True when every member of `part` stands in `whole` with the same meaning. Absent, null, `{}` and `[]` mean the same;
 * lists are compared by position; quantities (`0.5` and `500m`) by amount where Kubernetes takes them as such.
 */
export function contained(part: unknown, whole: unknown): boolean {
  return holds(part, whole, { amounts: false, dropped: isEmpty })
}

/** As `contained`, but false, zero and the empty text may be missing too: Go's encoder drops some of them. */
export function nearlyContained(part: unknown, whole: unknown): boolean {
  return holds(part, whole, { amounts: false, dropped: (value) => isEmpty(value) || isZero(value) })
}

/** A value without those of its zeroes (false, 0, the empty text) that a server dropped when it served it. */
export function withoutDropped(value: unknown, served: unknown): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = Array.isArray(served) ? served : []
    return value.map((item, index) => withoutDropped(item, items[index]))
  }
  if (typeof value !== 'object' || value === null) return value
  const other = (typeof served === 'object' ? (served ?? {}) : {}) as Readonly<
    Record<string, unknown>
  >
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => !isZero(member) || Object.hasOwn(other, key))
      .map(([key, member]) => [
        key,
        withoutDropped(member, Object.hasOwn(other, key) ? other[key] : undefined),
      ]),
  )
}

type Manner = {
  /** Whether texts here are quantities. Elsewhere `1k` and `1000` are two texts: an environment may tell them apart. */
  readonly amounts: boolean
  /** Values that may be missing in the whole. */
  readonly dropped: (value: unknown) => boolean
}

function holds(part: unknown, whole: unknown, manner: Manner): boolean {
  if (isEmpty(part)) return true
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) &&
      part.length === whole.length &&
      part.every((item, index) => holds(item, whole[index], manner))
    )
  }
  if (typeof part === 'object' && part !== null) {
    if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return false
    const other = whole as Readonly<Record<string, unknown>>
    return Object.entries(part).every(([key, value]) => {
      if (!Object.hasOwn(other, key)) return manner.dropped(value) && !selectsAll(key, value)
      return holds(value, other[key], amountKeys.has(key) ? { ...manner, amounts: true } : manner)
    })
  }
  return part === whole || (manner.amounts && sameQuantity(part, whole))
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

function isZero(value: unknown): boolean {
  return value === false || value === 0 || value === ''
}

// An empty selector selects everything, an absent one nothing: here `{}` says something.
function selectsAll(key: string, value: unknown): boolean {
  return typeof value === 'object' && (key === 'labelSelector' || key === 'namespaceSelector')
}

/** Fields of pod templates that hold quantities, or maps of them. */
const amountKeys: ReadonlySet<string> = new Set([
  'limits',
  'requests',
  'sizeLimit',
  'divisor',
  'storage',
  'overhead',
])

/** As fractions, because a thousandth times a number is not the number's thousandth in binary. */
const suffixes: Readonly<Record<string, readonly [times: number, over: number]>> = {
  n: [1, 1e9],
  u: [1, 1e6],
  m: [1, 1e3],
  '': [1, 1],
  k: [1e3, 1],
  M: [1e6, 1],
  G: [1e9, 1],
  T: [1e12, 1],
  P: [1e15, 1],
  E: [1e18, 1],
  Ki: [2 ** 10, 1],
  Mi: [2 ** 20, 1],
  Gi: [2 ** 30, 1],
  Ti: [2 ** 40, 1],
  Pi: [2 ** 50, 1],
  Ei: [2 ** 60, 1],
}

/** The amount of a Kubernetes quantity, or undefined when the value is not one. */
export function quantity(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  const match =
    /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(n|u|m|k|M|G|T|P|E|[KMGTPE]i)?$/.exec(value)
  if (match === null) return undefined
  const [times, over] = suffixes[match[2] ?? ''] ?? [1, 1]
  return (Number(match[1]) * times) / over
}

function sameQuantity(one: unknown, other: unknown): boolean {
  const amount = quantity(one)
  return amount !== undefined && amount === quantity(other)
}
