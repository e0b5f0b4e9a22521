/** What is wrong with a field, worded as Kubernetes words it. Problems are data: nothing here throws. */
import type { Value } from './json.ts'

export type Problem = {
  readonly field: string
  /** Kubernetes' machine-readable cause, e.g. `FieldValueRequired`. */
  readonly reason: string
  readonly message: string
}

type Words = { readonly reason: string; readonly words: string }
const required: Words = { reason: 'FieldValueRequired', words: 'Required value' }
const invalidValue: Words = { reason: 'FieldValueInvalid', words: 'Invalid value' }
const typeInvalid: Words = { reason: 'FieldValueTypeInvalid', words: 'Invalid value' }
const duplicate: Words = { reason: 'FieldValueDuplicate', words: 'Duplicate value' }
const unsupported: Words = { reason: 'FieldValueNotSupported', words: 'Unsupported value' }
const missing: Words = { reason: 'FieldValueNotFound', words: 'Not found' }

export const problem = {
  required: (field: string, detail = ''): Problem => make(field, required, undefined, detail),
  invalid: (field: string, value: Value, detail = ''): Problem =>
    make(field, invalidValue, show(value), detail),
  wrongType: (field: string, value: Value, detail = ''): Problem =>
    make(field, typeInvalid, show(value), detail),
  duplicate: (field: string, value: Value): Problem => make(field, duplicate, show(value), ''),
  notFound: (field: string, value: Value): Problem => make(field, missing, show(value), ''),
  unsupported: (field: string, value: Value, allowed: readonly string[]): Problem =>
    make(
      field,
      unsupported,
      show(value),
      allowed.length === 0 ? '' : `supported values: ${allowed.map(quoted).join(', ')}`,
    ),
  forbidden: (field: string, detail: string): Problem => ({
    field,
    reason: 'FieldValueForbidden',
    message: `Forbidden: ${detail}`,
  }),
  tooLong: (field: string, max: number): Problem => ({
    field,
    reason: 'FieldValueTooLong',
    message: `Too long: may not be more than ${max} ${max === 1 ? 'byte' : 'bytes'}`,
  }),
  tooMany: (field: string, actual: number, max: number): Problem => ({
    field,
    reason: 'FieldValueTooMany',
    message: `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
  }),
}

function make(field: string, kind: Words, shown: string | undefined, detail: string): Problem {
  const parts = [kind.words, ...(shown === undefined ? [] : [shown])]
  const message = `${parts.join(': ')}${detail === '' ? '' : `: ${detail}`}`
  return { field, reason: kind.reason, message }
}

/** Go's %q for the texts that occur here. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}

/** A value as an error message shows it: texts quoted, everything else as JSON. */
function show(value: Value): string {
  return JSON.stringify(value)
}
