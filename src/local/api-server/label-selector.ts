/** Label selectors as objects of the API carry them: whether one is well formed, and what it selects. */
import { asArray, asObject, asString, type Obj, objectsOf } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import { labelProblems } from './metadata.ts'
import { labelValue, qualifiedName } from './names.ts'

/** True for a selector that says nothing; it selects everything. */
export function isEmptySelector({ matchLabels, matchExpressions }: Obj): boolean {
  return (
    Object.keys(asObject(matchLabels) ?? {}).length === 0 &&
    objectsOf(matchExpressions).length === 0
  )
}

/** Whether a selector selects these labels. */
export function selects(selector: Obj, labels: Obj): boolean {
  const all = Object.entries(asObject(selector.matchLabels) ?? {})
  if (!all.every(([key, value]) => labels[key] === value)) return false
  return objectsOf(selector.matchExpressions).every(({ key, operator, values }) => {
    const value = labels[String(key)]
    const listed = Array.isArray(values) && value !== undefined && values.includes(value)
    switch (operator) {
      case 'In':
        return listed
      case 'NotIn':
        return !listed
      case 'Exists':
        return value !== undefined
      default:
        return value === undefined
    }
  })
}

export function selectorProblems(selector: Obj, field: string): Problem[] {
  return [
    ...labelProblems(asObject(selector.matchLabels) ?? {}, `${field}.matchLabels`),
    ...objectsOf(selector.matchExpressions).flatMap((expression, index) =>
      expressionProblems(expression, `${field}.matchExpressions[${index}]`),
    ),
  ]
}

function expressionProblems({ key, operator, values }: Obj, field: string): Problem[] {
  const given = asArray(values).map(String)
  const name = asString(key) ?? ''
  return [
    ...operatorProblems(asString(operator) ?? '', given.length, field),
    ...qualifiedName(name).map((text) => problem.invalid(`${field}.key`, name, text)),
    ...given.flatMap((value, index) =>
      labelValue(value).map((text) => problem.invalid(`${field}.values[${index}]`, value, text)),
    ),
  ]
}

function operatorProblems(operator: string, count: number, field: string): Problem[] {
  switch (operator) {
    case 'In':
    case 'NotIn': {
      const why = "must be specified when `operator` is 'In' or 'NotIn'"
      return count === 0 ? [problem.required(`${field}.values`, why)] : []
    }
    case 'Exists':
    case 'DoesNotExist': {
      const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
      return count > 0 ? [problem.forbidden(`${field}.values`, why)] : []
    }
    default:
      return [problem.invalid(`${field}.operator`, operator, 'not a valid selector operator')]
  }
}
