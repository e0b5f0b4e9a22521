/** JSON Schemas of our resources, for editors and for checks of manifests, from the definitions themselves. */
import { definitions } from '#doors/definitions.ts'

/** By path, as checkers look them up: `GROUP/KIND_VERSION.json`, in small letters. */
export function jsonSchemas(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    definitions.flatMap(({ spec: { group, names, versions } }) =>
      versions.map(({ name, schema }) => {
        const said = schemaOf(schema.openAPIV3Schema, { group, kind: names.kind, version: name })
        const path = `${group}/${names.kind.toLowerCase()}_${name}.json`
        return [path, `${JSON.stringify(said, null, 1)}\n`] as const
      }),
    ),
  )
}

type Spoken = { readonly group: string; readonly kind: string; readonly version: string }

function schemaOf(schema: object, { group, kind, version }: Spoken): object {
  const plain = inJsonSchema(schema) as { readonly properties?: object }
  const metadata = { type: 'object' }
  const said = { apiVersion: { const: `${group}/${version}` }, kind: { const: kind }, metadata }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `${kind} (${group}/${version})`,
    ...plain,
    properties: { ...plain.properties, ...said },
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
  }
}

/** What OpenAPI says and JSON Schema says otherwise; what only an API server understands is left out. */
function inJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inJsonSchema)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const isOpen = entries.some(([key]) => key === 'x-kubernetes-preserve-unknown-fields')
  const isIntOrString = entries.some(([key]) => key === 'x-kubernetes-int-or-string')
  if (isIntOrString) return { type: ['integer', 'string'] }
  const kept = entries
    .filter(([key]) => !key.startsWith('x-kubernetes-') && key !== 'nullable')
    .map(([key, part]) => [key, inJsonSchema(part)] as const)
  const plain = Object.fromEntries(kept)
  const isClosed = 'properties' in plain && !isOpen && !('additionalProperties' in plain)
  return isClosed && plain['type'] === 'object' ? { ...plain, additionalProperties: false } : plain
}
