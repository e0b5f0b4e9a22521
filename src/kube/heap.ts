/** A binary heap: the least value first, in logarithmic time. */

export type Heap<T> = {
  readonly push: (value: T) => void
  /** The least value, left in place. */
  readonly peek: () => T | undefined
  readonly pop: () => T | undefined
  readonly clear: () => void
}

/** `isLess` must be a strict order; values that are equal under it come out in any order. */
export function heap<T>(isLess: (a: T, b: T) => boolean): Heap<T> {
  const values: T[] = []

  const rise = (value: T): void => {
    let at = values.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = values[parent] as T
      if (!isLess(value, above)) break
      values[at] = above
      at = parent
    }
    values[at] = value
  }
  /** Puts a value in the place of the first. */
  const sink = (value: T): void => {
    let at = 0
    while (true) {
      let child = 2 * at + 1
      if (child >= values.length) break
      if (child + 1 < values.length && isLess(values[child + 1] as T, values[child] as T))
        child += 1
      const below = values[child] as T
      if (!isLess(below, value)) break
      values[at] = below
      at = child
    }
    values[at] = value
  }

  return {
    push: rise,
    peek: () => values[0],
    pop: () => {
      const first = values[0]
      const last = values.pop()
      if (values.length > 0) sink(last as T)
      return first
    },
    clear: () => {
      values.length = 0
    },
  }
}
