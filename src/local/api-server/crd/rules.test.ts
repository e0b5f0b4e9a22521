import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { type Asker, freshServer, type Json } from '../testing/ask.ts'

/**
 * What kube-apiserver v1.34.4 answered to each of these, word for word: `ok`, the refusal of an object, or what is wrong
 * with the definition.
 */
type Recorded = {
  readonly rules: readonly (Json & {
    readonly rule: string
    readonly given?: Json
    readonly old?: Json
    readonly answer: string | readonly string[]
  })[]
  readonly definitions: readonly {
    readonly name: string
    readonly schema: Json
    readonly answer: string
  }[]
  readonly lookups: readonly { readonly rule: string; readonly answer: string }[]
  readonly schema: Json
}
const file = new URL('./testing/recorded-rules.json', import.meta.url)
const recorded = JSON.parse(readFileSync(file, 'utf8')) as Recorded

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const group = 'example.com'
let api: Asker
beforeAll(async () => {
  api = await freshServer()
})

let count = 0
function definition(openAPIV3Schema: Json) {
  count += 1
  const [plural, kind] = [`t${count}s`, `T${count}`]
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  }
  return { body, kind, path: `/apis/${group}/v1/namespaces/default/${plural}` }
}

const withoutSubject = (message: string): string => message.replace(/^.*? is invalid: /s, '')

/** Defines a kind of this schema and makes an object of it, or has an old one replaced. */
async function answerTo(schema: Json, given: Json = {}, old?: Json): Promise<string | string[]> {
  const { body, kind, path } = definition(schema)
  const defined = await api.post(crds, body)
  if (defined.status !== 201) {
    const causes = defined.body.details.causes as { field: string; message: string }[]
    const at = /^.*openAPIV3Schema\.(properties\[spec\]\.x-kubernetes-validations\[0\]\.)?/
    return causes.map(({ field, message }) => `${field.replace(at, '')}: ${message}`)
  }
  const apiVersion = `${group}/v1`
  let answer = await api.post(path, {
    apiVersion,
    kind,
    metadata: { name: 'x' },
    spec: old ?? given,
  })
  if (old !== undefined && answer.status === 201) {
    const { resourceVersion } = answer.body.metadata
    const metadata = { name: 'x', resourceVersion }
    answer = await api.put(`${path}/x`, { apiVersion, kind, metadata, spec: given })
  }
  return answer.status < 300 ? 'ok' : withoutSubject(answer.body.message)
}

const ruled = (schema: Json, rule: Json): Json => ({
  type: 'object',
  properties: { spec: { ...schema, 'x-kubernetes-validations': [rule] } },
})

for (const { rule, given, old, answer, ...more } of recorded.rules) {
  const about = [given, old, more].map((part) => (part === undefined ? '' : JSON.stringify(part)))
  test(`${rule} of ${about.join(' ')}`, async () => {
    expect(await answerTo(ruled(recorded.schema, { rule, ...more }), given, old)).toEqual(answer)
  })
}

const lookupSchema = {
  type: 'object',
  properties: {
    ios: { 'x-kubernetes-int-or-string': true, maxLength: 10 },
    m: { type: 'object', maxProperties: 5, additionalProperties: { type: 'string', maxLength: 9 } },
    l: { type: 'array', maxItems: 5, items: { type: 'string', maxLength: 9 } },
    o: { type: 'object', properties: { x: { type: 'integer' } } },
  },
}
for (const { rule, answer } of recorded.lookups) {
  test(`looking into values: ${rule}`, async () => {
    const given = { ios: 1, m: { x: 'y' }, l: ['a'], o: { x: 1 } }
    const found = await answerTo(ruled(lookupSchema, { rule }), given)
    const text = typeof found === 'string' ? found : found.join()
    expect(answer.endsWith(text.replace(/^rule: /, '')), `${text} is not ${answer}`).toBe(true)
  })
}

for (const { name, schema, answer } of recorded.definitions) {
  test(`what expressions may cost, and may speak of: ${name}`, async () => {
    const { status, body } = await api.post(crds, definition(schema).body)
    expect(status === 201 ? 'ok' : withoutSubject(body.message)).toBe(answer)
  })
}
