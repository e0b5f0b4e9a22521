/**
 * What an experiment's context says: a flat map of dimensions today, JSON-logic in the document and in older senders.
 */
import type { Json } from '#core/k8s/meta.ts'

export type Dimensions = Readonly<Record<string, Json>>

export type Context = {
  readonly dimensions: Dimensions
  /** Of the namespace's dimension; undefined where none is named. */
  readonly namespace: string | undefined
}

/** Reads a context of either form; `dimension` is the one that names the namespace. */
export function readContext(context: unknown, dimension: string): Context {
  if (!isRecord(context)) return { dimensions: {}, namespace: undefined }
  const terms = termsOf(context)
  if (terms !== undefined) return fromTerms(terms, dimension)
  const dimensions = context as Dimensions
  const value = Object.hasOwn(dimensions, dimension) ? dimensions[dimension] : undefined
  return { dimensions, namespace: textOf(value) }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One `{"==": [{"var": NAME}, VALUE]}`, in either order. */
type Term = { readonly name: string | undefined; readonly value: Json | undefined }

/** The terms of a JSON-logic condition; undefined when it is none. */
function termsOf(context: Readonly<Record<string, unknown>>): readonly Term[] | undefined {
  const own = equality(context)
  if (own !== undefined) return [own]
  const { and } = context
  if (!Array.isArray(and) || Object.keys(context).length !== 1) return undefined
  return and.flatMap((part: unknown) => (isRecord(part) ? (equality(part) ?? []) : []))
}

function equality(part: Readonly<Record<string, unknown>>): Term | undefined {
  const operands = part['==']
  if (!Array.isArray(operands) || Object.keys(part).length !== 1) return undefined
  const variable = operands.find((one: unknown) => isRecord(one) && typeof one['var'] === 'string')
  const value: unknown = operands.find((one: unknown) => !isRecord(one))
  return {
    name: isRecord(variable) ? String(variable['var']) : undefined,
    value: value as Json | undefined,
  }
}

function fromTerms(terms: readonly Term[], dimension: string): Context {
  const named = terms.filter(({ name, value }) => name !== undefined && value !== undefined)
  const dimensions = Object.fromEntries(named.map(({ name = '', value = null }) => [name, value]))
  const wanted = named.find(({ name }) => name === dimension)
  // Older receivers took whatever text came first, whichever dimension it was.
  const first = terms.map(({ value }) => textOf(value)).find((text) => text !== undefined)
  return { dimensions, namespace: textOf(wanted?.value) ?? first }
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
