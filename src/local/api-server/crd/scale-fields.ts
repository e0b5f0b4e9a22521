/** Whether the fields that a custom kind's scale reads and writes can be read and written so. */
import { isObject, type Obj, type Value } from '#core/schema/json.ts'
import { type Problem, problem } from '#core/schema/problem.ts'
import type { CustomFacts } from '../resource.ts'

const largest = 2 ** 31 - 1

/** `statusOnly` for a write through the door of the status, which leaves the wish alone. */
export function scaleProblems({ scale }: CustomFacts, object: Obj, statusOnly: boolean): Problem[] {
  if (scale === undefined) return []
  return [
    ...(statusOnly ? [] : countProblems(object, scale.specReplicasPath)),
    ...countProblems(object, scale.statusReplicasPath),
    ...(scale.labelSelectorPath === undefined
      ? []
      : selectorProblems(object, scale.labelSelectorPath)),
  ]
}

function countProblems(object: Obj, path: string): Problem[] {
  const found = nested(object, path, 'int64')
  if ('fault' in found) return [problem.invalid(path, 0, found.fault)]
  const count = typeof found.value === 'number' ? found.value : 0
  if (count < 0) return [problem.invalid(path, count, 'should be a non-negative integer')]
  if (count <= largest) return []
  return [problem.invalid(path, count, `should be less than or equal to ${largest}`)]
}

function selectorProblems(object: Obj, path: string): Problem[] {
  const found = nested(object, path, 'string')
  return 'fault' in found ? [problem.invalid(path, '', found.fault)] : []
}

const stringMap = 'map[string]interface {}'

/** What is at a path such as `.spec.replicas`; undefined where there is nothing. */
function nested(
  object: Obj,
  path: string,
  type: 'int64' | 'string',
): { readonly value: Value | undefined } | { readonly fault: string } {
  const fields = path.replace(/^\./, '').split('.')
  let value: Value = object
  for (const [index, field] of fields.entries()) {
    if (value === null) return { value: undefined }
    if (!isObject(value)) {
      return { fault: fault(fields.slice(0, index + 1), value, stringMap.replace(' ', '')) }
    }
    const next: Value | undefined = value[field]
    if (next === undefined) return { value: undefined }
    value = next
  }
  return goType(value) === type ? { value } : { fault: fault(fields, value, type) }
}

function fault(fields: readonly string[], value: Value, wanted: string): string {
  const found = `${goText(value)} is of the type ${goType(value)}`
  return `.${fields.join('.')} accessor error: ${found}, expected ${wanted}`
}

function goType(value: Value): string {
  if (value === null) return '<nil>'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  return Array.isArray(value) ? '[]interface {}' : stringMap
}

/** A value as Go prints it without further instruction. */
function goText(value: Value): string {
  if (value === null) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (!isObject(value)) return String(value)
  const keys = Object.keys(value).sort()
  return `map[${keys.map((key) => `${key}:${goText(value[key] ?? null)}`).join(' ')}]`
}
