/** A schema of Kubernetes: OpenAPI v3 as structural schemas and built-in kinds use it, references already followed. */
import type { Value } from './json.ts'

export type Rule = {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

export type Schema = {
  readonly type?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly default?: Value
  readonly enum?: readonly Value[]
  readonly nullable?: boolean
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly not?: Schema
  readonly description?: string
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular'
  readonly 'x-kubernetes-patch-strategy'?: string
  readonly 'x-kubernetes-patch-merge-key'?: string
  readonly 'x-kubernetes-validations'?: readonly Rule[]
  /** Built-in kinds only: what Go's encoder does with a zero value. Nothing said: a pointer, kept as it is. */
  readonly 'x-zero'?: 'drop' | 'keep' | 'null'
  /** Built-in kinds only: the name of the definition. */
  readonly 'x-name'?: string
  /** The Go type of a field where it has a name of its own, as messages give it. */
  readonly 'x-go'?: string
}

/** The schema of a field, and whether it was declared by name. */
export function fieldSchema(schema: Schema | undefined, field: string): Schema | undefined {
  const declared = declaredField(schema, field)
  if (declared !== undefined) return declared
  const rest = schema?.additionalProperties
  return typeof rest === 'object' ? rest : undefined
}

export function declaredField(schema: Schema | undefined, field: string): Schema | undefined {
  const properties = schema?.properties
  return properties !== undefined && Object.hasOwn(properties, field)
    ? properties[field]
    : undefined
}
