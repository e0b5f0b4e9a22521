import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Asker, type Deep, freshServer, type Json, take } from '../testing/ask.ts'
import { startWebhook, type TestWebhook } from '../testing/webhook.ts'

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const at = (version: string, rest = ''): string =>
  `/apis/example.com/${version}/namespaces/default/foos${rest}`

let api: Asker
let webhook: TestWebhook
beforeAll(async () => {
  webhook = await startWebhook()
})
afterAll(() => webhook.close())
beforeEach(async () => {
  api = await freshServer()
  webhook.answer(good)
})

const text: Json = { type: 'string' }

function version(name: string, storage: boolean, properties: Json): Json {
  const spec = { type: 'object', properties }
  const openAPIV3Schema = { type: 'object', properties: { spec } }
  const column = Object.keys(properties).at(-1) as string
  return {
    name,
    served: true,
    storage,
    subresources: { status: {} },
    schema: { openAPIV3Schema },
    additionalPrinterColumns: [{ name: column, type: 'string', jsonPath: `.spec.${column}` }],
  }
}

function definition(conversion: Json, versions = [v1, v2]): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'foos.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'foos', kind: 'Foo' },
      versions,
      conversion,
    },
  }
}

const v1 = version('v1', true, { host: text })
const v2 = version('v2', false, { name: text, port: text })
const byWebhook = (): Json => ({
  strategy: 'Webhook',
  webhook: { conversionReviewVersions: ['v1'], clientConfig: webhook.client('/convert') },
})

/** `host: "a:1"` in v1 is `name: a, port: "1"` in v2. */
function convertOne(object: Deep, to: string): Deep {
  const { spec } = object
  if (to === 'example.com/v1')
    return { ...object, apiVersion: to, spec: { host: `${spec.name}:${spec.port}` } }
  const [name, port] = spec.host.split(':')
  return { ...object, apiVersion: to, spec: { name, port } }
}

const converting = (convert: (object: Deep, to: string) => Deep) => (review: Deep) => ({
  result: { status: 'Success' },
  convertedObjects: review.request.objects.map((object: Deep) =>
    convert(object, review.request.desiredAPIVersion),
  ),
})
const good = converting(convertOne)

const foo = (version: string, name: string, spec: Json): Json => ({
  apiVersion: `example.com/${version}`,
  kind: 'Foo',
  metadata: { name },
  spec,
})

test('an object is read and written in either version', async () => {
  await api.post(crds, definition(byWebhook()))
  await api.post(at('v1'), foo('v1', 'a', { host: 'h:1' }))
  const made = await api.post(at('v2'), foo('v2', 'b', { name: 'x', port: '2' }))
  expect([made.body.apiVersion, made.body.spec]).toEqual([
    'example.com/v2',
    { name: 'x', port: '2' },
  ])
  expect((await api.get(at('v2', '/a'))).body.spec).toEqual({ name: 'h', port: '1' })
  expect((await api.get(at('v1', '/b'))).body.spec).toEqual({ host: 'x:2' })
  const patched = await api.patch(at('v2', '/b'), 'merge', { spec: { port: '3' } })
  expect([patched.body.spec, patched.body.metadata.generation]).toEqual([
    { name: 'x', port: '3' },
    2,
  ])
  const applied = await api.apply(at('v2', '/c'), 'me', foo('v2', 'c', { name: 'q', port: '9' }))
  expect(applied.body.spec).toEqual({ name: 'q', port: '9' })
  const list = (await api.get(at('v2'))).body.items
  expect(list.map(({ apiVersion, spec }: Deep) => [apiVersion, spec.port])).toEqual([
    ['example.com/v2', '1'],
    ['example.com/v2', '3'],
    ['example.com/v2', '9'],
  ])
  const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
  expect((await api.get(at('v1'), table)).body.rows.map((row: Deep) => row.cells[1])).toEqual([
    'h:1',
    'x:3',
    'q:9',
  ])
  expect((await api.remove(at('v2', '/c'))).body.status).toBe('Success')
})

test('the webhook is asked as a kube-apiserver asks', async () => {
  await api.post(crds, definition(byWebhook()))
  await api.post(at('v1'), foo('v1', 'a', { host: 'h:1' }))
  await api.get(at('v2', '/a'))
  await api.get(at('v2', '/a'))
  // The second reader has what the first one asked for.
  expect(webhook.seen.map(({ path }) => path)).toEqual(['/convert?timeout=30s'])
  expect(webhook.seen[0]?.review).toMatchObject({
    kind: 'ConversionReview',
    apiVersion: 'apiextensions.k8s.io/v1',
    request: {
      uid: expect.any(String),
      desiredAPIVersion: 'example.com/v2',
      objects: [{ apiVersion: 'example.com/v1', kind: 'Foo', spec: { host: 'h:1' } }],
    },
  })
  expect(webhook.seen[0]?.review.request.objects[0].metadata.resourceVersion).toBeUndefined()
})

test('a watch tells every event in its version, in order', async () => {
  await api.post(crds, definition(byWebhook()))
  await api.post(at('v1'), foo('v1', 'a', { host: 'h:1' }))
  const watch = api.watch(
    at(
      'v2',
      '?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
    ),
  )
  expect((await take(watch.events, 1))[0]?.object.spec).toEqual({ name: 'h', port: '1' })
  await api.patch(at('v1', '/a'), 'merge', { spec: { host: 'h:2' } })
  await api.remove(at('v1', '/a'))
  const events = await take(watch.events, 3)
  expect(events.map(({ type, object }) => [type, object.spec?.port])).toEqual([
    ['BOOKMARK', undefined],
    ['MODIFIED', '2'],
    ['DELETED', '2'],
  ])
  watch.stop()
})

test('a watch that cannot be told ends with the reason', async () => {
  await api.post(crds, definition(byWebhook()))
  await api.post(at('v1'), foo('v1', 'a', { host: 'h:1' }))
  webhook.answer(() => ({ result: { status: 'Failure', message: 'cannot' } }))
  const watch = api.watch(at('v2', '?watch=1'))
  const [event] = await take(watch.events, 2)
  expect([event?.type, event?.object.message]).toEqual([
    'ERROR',
    'conversion webhook for example.com/v1, Kind=Foo failed: cannot',
  ])
})

const failures: [string, Parameters<TestWebhook['answer']>[0], string][] = [
  ['refuses', () => ({ result: { status: 'Failure', message: 'cannot' } }), 'failed: cannot'],
  ['says nothing of success', () => ({}), "failed: response.result.status was '', not 'Success'"],
  [
    'answers 500',
    () => ({ status: 500, text: 'boom' }),
    'failed: an error on the server ("boom") has prevented the request from succeeding',
  ],
  [
    'returns too little',
    () => ({ result: { status: 'Success' }, convertedObjects: [] }),
    'returned 0 objects, expected 1',
  ],
  [
    'does not convert',
    converting((object) => object),
    'returned invalid object at index 0: invalid groupVersion (expected example.com/v1, received example.com/v2)',
  ],
  [
    'renames',
    converting((object, to) => ({
      ...convertOne(object, to),
      metadata: { ...object.metadata, name: 'z' },
    })),
    'returned invalid object: must have the same name: a != z',
  ],
  [
    'gives labels that are none',
    converting((object, to) => ({
      ...convertOne(object, to),
      metadata: { ...object.metadata, labels: { a: 5 } },
    })),
    'returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object',
  ],
]
for (const [name, reply, words] of failures) {
  test(`a webhook that ${name} fails the request`, async () => {
    await api.post(crds, definition(byWebhook()))
    webhook.answer(reply)
    const { status, body } = await api.post(at('v2'), foo('v2', 'a', { name: 'x', port: '2' }))
    const message = `conversion webhook for example.com/v2, Kind=Foo ${words}`
    expect([status, body.message, body.reason]).toEqual([500, message, undefined])
    expect((await api.get(at('v1'))).body.items).toEqual([])
  })
}

async function change(edit: (spec: Deep) => void): Promise<void> {
  const current = (await api.get(`${crds}/foos.example.com`)).body
  edit(current.spec)
  expect((await api.put(`${crds}/foos.example.com`, current)).status).toBe(200)
}

test('when another version is stored, old objects are converted as they are read', async () => {
  await api.post(crds, definition(byWebhook()))
  await api.post(at('v1'), foo('v1', 'a', { host: 'h:1' }))
  await change((spec) => {
    spec.versions[0].storage = false
    spec.versions[1].storage = true
  })
  const { status } = (await api.get(`${crds}/foos.example.com`)).body
  expect(status.storedVersions).toEqual(['v1', 'v2'])
  expect((await api.get(at('v1', '/a'))).body.spec).toEqual({ host: 'h:1' })
  expect((await api.get(at('v2', '/a'))).body.spec).toEqual({ name: 'h', port: '1' })
  await api.patch(at('v1', '/a'), 'merge', { spec: { host: 'k:7' } })
  expect((await api.get(at('v2', '/a'))).body.spec).toEqual({ name: 'k', port: '7' })
  expect((await api.remove(at('v1', '/a'))).status).toBe(200)
})

const wide = version('v1', true, { a: text, b: text })
const narrow = version('v2', false, { a: text })

test('without conversion a version shows what it has, and keeps nothing else', async () => {
  await api.post(crds, definition({ strategy: 'None' }, [wide, narrow]))
  await api.post(at('v1'), foo('v1', 'x', { a: '1', b: '2' }))
  expect((await api.get(at('v2', '/x'))).body.spec).toEqual({ a: '1' })
  await api.patch(at('v2', '/x'), 'merge', { spec: { a: '9' } })
  expect((await api.get(at('v1', '/x'))).body.spec).toEqual({ a: '9' })
})

test('objects are read under the definition as it is now', async () => {
  await api.post(crds, definition({ strategy: 'None' }, [wide, narrow]))
  await api.post(at('v1'), foo('v1', 'x', { a: '1', b: '2' }))
  await change((spec) => {
    const { properties } = spec.versions[0].schema.openAPIV3Schema.properties.spec
    properties.d = { type: 'string', default: 'dd' }
    delete properties.b
  })
  expect((await api.get(at('v1', '/x'))).body.spec).toEqual({ a: '1', d: 'dd' })
  await api.post(at('v2'), foo('v2', 'y', { a: '1' }))
  expect((await api.get(at('v1', '/y'))).body.spec).toEqual({ a: '1', d: 'dd' })
})

const webhookField = 'spec.conversion.webhookClientConfig'
const versionsField = 'spec.conversion.conversionReviewVersions'
const bad: [string, Json, string][] = [
  [
    'a strategy nobody knows',
    { strategy: 'Guess' },
    'spec.conversion.strategy: Unsupported value: "Guess": supported values: "None", "Webhook"',
  ],
  [
    'a webhook that is not there',
    { strategy: 'Webhook' },
    `[${webhookField}: Required value: required when strategy is set to Webhook, ${versionsField}: Required value]`,
  ],
  [
    'a webhook in the open',
    {
      strategy: 'Webhook',
      webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'http://x' } },
    },
    `${webhookField}.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
  ],
  [
    'a webhook for nothing',
    { strategy: 'None', webhook: { conversionReviewVersions: ['v1'] } },
    `${versionsField}: Forbidden: should not be set when strategy is not set to Webhook`,
  ],
]
for (const [name, conversion, words] of bad) {
  test(`refuses a definition with ${name}`, async () => {
    const { body } = await api.post(crds, definition(conversion))
    const subject = 'CustomResourceDefinition.apiextensions.k8s.io "foos.example.com" is invalid'
    expect(body.message).toBe(`${subject}: ${words}`)
  })
}
