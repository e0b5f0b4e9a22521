/** Label selectors as predicates. */
import type { LabelSelector, Labels } from '#core/k8s/meta.ts'

export type Matches = (labels: Labels | undefined) => boolean

/** An empty selector matches everything, as in Kubernetes; an unknown operator matches nothing. */
export function matcher(selector: LabelSelector | undefined): Matches {
  if (selector === undefined) return () => false
  const wanted = Object.entries(selector.matchLabels ?? {})
  const expressions = selector.matchExpressions ?? []
  return (labels = {}) =>
    wanted.every(([key, value]) => labels[key] === value) &&
    expressions.every((expression) => holds(expression, labels))
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

function holds({ key, operator, values = [] }: Expression, labels: Labels): boolean {
  const value = labels[key]
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return false
  }
}

/** True for a selector that names nothing, and so would match every object. */
export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  return (
    Object.keys(selector?.matchLabels ?? {}).length === 0 &&
    (selector?.matchExpressions ?? []).length === 0
  )
}
