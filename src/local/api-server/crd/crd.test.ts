import { beforeEach, expect, test } from 'vitest'
import { type Asker, freshServer, type Json } from '../testing/ask.ts'

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const widgets = '/apis/example.com/v1/namespaces/default/widgets'
let api: Asker

const spec: Json = {
  type: 'object',
  required: ['size'],
  'x-kubernetes-validations': [
    {
      rule: 'self.size <= 10 || has(self.big)',
      messageExpression: "self.size > 20 ? 'far too big' : 'too big without big'",
      fieldPath: '.size',
    },
    {
      rule: 'self.color == oldSelf.color',
      message: 'color cannot change',
      reason: 'FieldValueForbidden',
    },
    { rule: 'self.ratio * 2.0 <= 2.0', message: 'ratio is at most one' },
  ],
  properties: {
    size: { type: 'integer', minimum: 0 },
    big: { type: 'boolean' },
    color: { type: 'string', enum: ['red', 'blue'], default: 'red' },
    ratio: { type: 'number', default: 0 },
    name: { type: 'string', maxLength: 5, pattern: '^[a-z]*$' },
    at: { type: 'string', format: 'date-time' },
    share: { 'x-kubernetes-int-or-string': true },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    tags: {
      type: 'array',
      maxItems: 2,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string' },
    },
    parts: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, count: { type: 'integer' } },
      },
    },
  },
}

const version = (name: string, storage: boolean): Json => ({
  name,
  served: true,
  storage,
  subresources: {
    status: {},
    scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
  },
  additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec, status: { type: 'object', properties: { size: { type: 'integer' } } } },
    },
  },
})

const definition = (changes: Json = {}): Json => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
    versions: [version('v1', true), version('v1beta1', false)],
    ...changes,
  },
})

const widget = (fields: Json, metadata: Json = {}): Json => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w', ...metadata },
  spec: fields,
})

beforeEach(async () => {
  api = await freshServer()
  await api.post(crds, definition())
})

test('a definition is established and served in all its versions', async () => {
  const { status } = (await api.get(`${crds}/widgets.example.com`)).body
  expect(status.conditions.map((one: Json) => `${one.type} ${one.status}`)).toEqual([
    'NamesAccepted True',
    'Established True',
  ])
  expect(status.acceptedNames).toMatchObject({ singular: 'widget', listKind: 'WidgetList' })
  await api.post(widgets, widget({ size: 1 }))
  const other = await api.get(widgets.replace('/v1/', '/v1beta1/'))
  expect(other.body.items[0]).toMatchObject({
    apiVersion: 'example.com/v1beta1',
    spec: { size: 1 },
  })
})

const blocked =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'
const faults: [string, Json, string][] = [
  [
    'a type',
    { size: 'x' },
    `[spec.size: Invalid value: "string": spec.size in body must be of type integer: "string", .spec.size: Invalid value: 0: .spec.size accessor error: x is of the type string, expected int64, ${blocked}]`,
  ],
  ['a missing field', {}, `[spec.size: Required value, ${blocked}]`],
  [
    'an enum',
    { size: 1, color: 'green' },
    `[spec.color: Unsupported value: "green": supported values: "red", "blue", ${blocked}]`,
  ],
  [
    'a minimum',
    { size: -1 },
    '[spec.size: Invalid value: -1: spec.size in body should be greater than or equal to 0, .spec.size: Invalid value: -1: should be a non-negative integer]',
  ],
  [
    'a pattern',
    { size: 1, name: 'A' },
    'spec.name: Invalid value: "A": spec.name in body should match \'^[a-z]*$\'',
  ],
  [
    'a length',
    { size: 1, name: 'aaaaaa' },
    `[spec.name: Too long: may not be more than 5 bytes, ${blocked}]`,
  ],
  [
    'a format',
    { size: 1, at: 'noon' },
    `[spec.at: Invalid value: "noon": spec.at in body must be of type date-time: "noon", ${blocked}]`,
  ],
  [
    'a number of items',
    { size: 1, tags: ['a', 'b', 'c'] },
    `[spec.tags: Too many: 3: must have at most 2 items, ${blocked}]`,
  ],
  ['a set', { size: 1, tags: ['a', 'a'] }, 'spec.tags[1]: Duplicate value: "a"'],
  [
    'a map',
    { size: 1, parts: [{ name: 'a' }, { name: 'a' }] },
    'spec.parts[1]: Duplicate value: {"name":"a"}',
  ],
  [
    'an int or string',
    { size: 1, share: 1.5 },
    `[spec.share: Invalid value: "number": spec.share in body must be of type integer,string: "number", ${blocked}]`,
  ],
  ['a rule', { size: 30 }, 'spec.size: Invalid value: "object": far too big'],
  [
    'a rule on doubles',
    { size: 1, ratio: 2 },
    'spec: Invalid value: "object": ratio is at most one',
  ],
]
for (const [name, fields, message] of faults) {
  test(`refuses what breaks ${name}`, async () => {
    const { status, body } = await api.post(widgets, widget(fields))
    expect([status, body.message]).toEqual([422, `Widget.example.com "w" is invalid: ${message}`])
  })
}

test('unknown fields are pruned, defaults filled in, free fields kept', async () => {
  const { body } = await api.post(
    widgets,
    widget({ size: 1, what: 2, free: { any: [1, { b: null }] } }),
  )
  expect(body.spec).toEqual({ size: 1, color: 'red', ratio: 0, free: { any: [1, { b: null }] } })
})

test('a transition rule looks at the old value', async () => {
  await api.post(widgets, widget({ size: 1 }))
  const { body } = await api.patch(`${widgets}/w`, 'merge', { spec: { color: 'blue' } })
  expect(body.message).toBe(
    'Widget.example.com "w" is invalid: spec: Forbidden: color cannot change',
  )
})

test('what an update does not touch is not held against it', async () => {
  await api.post(widgets, widget({ size: 9 }))
  const stricter = definition()
  const text = JSON.stringify(stricter).replaceAll('"minimum":0', '"maximum":5')
  const current = (await api.get(`${crds}/widgets.example.com`)).body
  const { resourceVersion } = current.metadata
  await api.put(`${crds}/widgets.example.com`, {
    ...JSON.parse(text),
    metadata: { name: 'widgets.example.com', resourceVersion },
  })
  const touched = await api.patch(`${widgets}/w`, 'merge', { spec: { name: 'abc' } })
  expect(touched.status).toBe(200)
  expect((await api.patch(`${widgets}/w`, 'merge', { spec: { size: 8 } })).status).toBe(422)
})

test('status and scale are doors of their own', async () => {
  await api.post(widgets, { ...widget({ size: 1 }), status: { size: 9 } })
  const status = await api.patch(`${widgets}/w/status`, 'merge', {
    spec: { size: 5 },
    status: { size: 3 },
    metadata: { labels: { a: 'b' } },
  })
  expect(status.body).toMatchObject({ spec: { size: 1 }, status: { size: 3 } })
  expect([status.body.metadata.labels, status.body.metadata.generation]).toEqual([undefined, 1])
  const scaled = await api.patch(`${widgets}/w/scale`, 'merge', { spec: { replicas: 4 } })
  expect(scaled.body).toMatchObject({
    kind: 'Scale',
    spec: { replicas: 4 },
    status: { replicas: 3 },
  })
  const after = await api.get(`${widgets}/w`)
  expect([after.body.spec.size, after.body.metadata.generation]).toEqual([4, 2])
})

test('a table has the columns of the definition', async () => {
  await api.post(widgets, widget({ size: 3 }))
  const { body } = await api.get(widgets, {
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  })
  expect(body.columnDefinitions.map((one: Json) => one.name)).toEqual(['Name', 'Size'])
  expect(body.rows[0].cells).toEqual(['w', 3])
})

test('a deleted definition takes its objects along, finalizers first', async () => {
  await api.post(widgets, widget({ size: 1 }, { finalizers: ['example.com/hold'] }))
  await api.remove(`${crds}/widgets.example.com`)
  const terminating = (await api.get(`${crds}/widgets.example.com`)).body
  expect(terminating.status.conditions.map((one: Json) => one.type)).toContain('Terminating')
  await api.patch(`${widgets}/w`, 'merge', { metadata: { finalizers: null } })
  expect((await api.get(`${crds}/widgets.example.com`)).status).toBe(404)
  expect((await api.get(widgets)).status).toBe(404)
})

const badDefinitions: [string, Json, string][] = [
  [
    'two storage versions',
    { versions: [version('v1', true), version('v2', true)] },
    'must have exactly one version marked as storage version',
  ],
  [
    'a name that does not fit',
    { group: 'other.com' },
    'metadata.name: Invalid value: "widgets.example.com": must be spec.names.plural+"."+spec.group',
  ],
  [
    'a field without type',
    {
      versions: [
        {
          ...version('v1', true),
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } },
        },
      ],
    },
    'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
  ],
  [
    'a rule that is no expression',
    {
      versions: [
        {
          ...version('v1', true),
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.(' }] },
          },
        },
      ],
    },
    'spec.validation.openAPIV3Schema.x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.(","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:6: Syntax error: no viable alternative at input \'.(\'\n | self.(\n | .....^',
  ],
  [
    'no schema',
    { versions: [{ name: 'v1', served: true, storage: true }] },
    'spec.versions[0].schema.openAPIV3Schema: Required value',
  ],
]
for (const [name, changes, message] of badDefinitions) {
  test(`refuses a definition with ${name}`, async () => {
    await api.remove(`${crds}/widgets.example.com`)
    const { status, body } = await api.post(crds, definition(changes))
    expect(status).toBe(422)
    expect(body.message).toContain(message)
  })
}
