/** Sizes and costs of which only a least and a most are known. They never grow beyond what 64 bits hold. */

export type Span = { readonly min: number; readonly max: number }

export const most = 2 ** 64

export const fixed = (value: number): Span => ({ min: value, max: value })
export const unknown: Span = { min: 0, max: most }
export const nothing: Span = fixed(0)

const capped = (value: number): number => (value > most ? most : value)

export function plus(...spans: readonly Span[]): Span {
  return spans.reduce(
    (sum, one) => ({ min: capped(sum.min + one.min), max: capped(sum.max + one.max) }),
    nothing,
  )
}

export function times(a: Span, b: Span): Span {
  return { min: capped(a.min * b.min), max: capped(a.max * b.max) }
}

/** Rounded up. */
export function scaled({ min, max }: Span, factor: number): Span {
  return { min: capped(Math.ceil(min * factor)), max: capped(Math.ceil(max * factor)) }
}

export function either(a: Span, b: Span): Span {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }
}
