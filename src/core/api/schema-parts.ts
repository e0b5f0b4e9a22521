/** Words that the schemas of our resources are written in. */

/** One node of a structural OpenAPI v3 schema. */
export type Schema = { readonly [keyword: string]: unknown }

export const text = (description: string, more: Schema = {}): Schema => ({
  type: 'string',
  maxLength: 253,
  description,
  ...more,
})
export const list = (items: Schema, more: Schema = {}): Schema => ({
  type: 'array',
  items,
  ...more,
})
export const object = (
  properties: Readonly<Record<string, Schema>>,
  more: Schema = {},
): Schema => ({ type: 'object', properties, ...more })
/** A rule of the API server's own (CEL). */
export const rule = (expression: string, message: string, more: Schema = {}): Schema => ({
  rule: expression,
  message,
  ...more,
})
export const rules = (...found: readonly Schema[]): Schema => ({
  'x-kubernetes-validations': found,
})

export const name = (description: string): Schema =>
  text(description, { minLength: 1, maxLength: 63 })
export const count = (description: string, minimum: number, more: Schema = {}): Schema => ({
  type: 'integer',
  format: 'int32',
  minimum,
  description,
  ...more,
})
export const duration = (description: string, more: Schema = {}): Schema =>
  text(description, {
    maxLength: 32,
    ...rules(
      rule("self.matches('^(0|([0-9]+(ms|s|m|h|d))+)$')", 'write a duration like 30s, 5m or 1h30m'),
    ),
    ...more,
  })
/** One of a few words. */
export const oneOf = (
  words: readonly string[],
  description: string,
  fallback: string | undefined,
): Schema => ({
  type: 'string',
  enum: [...words],
  ...(fallback === undefined ? {} : { default: fallback }),
  description,
})
/** A map of short texts. */
export const texts = (description: string, maxLength: number, most = 16): Schema => ({
  type: 'object',
  maxProperties: most,
  additionalProperties: { type: 'string', maxLength },
  description,
})
