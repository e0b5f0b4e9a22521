import { beforeEach, expect, test } from 'vitest'
import { type Asker, configMap, deployment, freshServer, type Json } from '../testing/ask.ts'

const cms = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
let api: Asker
beforeEach(async () => {
  api = await freshServer()
})

const jsonPatches: [string, Json[], Json | number][] = [
  ['adds', [{ op: 'add', path: '/data/b', value: '2' }], { a: '1', b: '2' }],
  ['replaces', [{ op: 'replace', path: '/data/a', value: '2' }], { a: '2' }],
  ['moves', [{ op: 'move', from: '/data/a', path: '/data/b' }], { b: '1' }],
  ['copies', [{ op: 'copy', from: '/data/a', path: '/data/b' }], { a: '1', b: '1' }],
  [
    'tests and goes on',
    [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'add', path: '/data/c~1d', value: 'x' },
    ],
    422,
  ],
  ['tests and stops', [{ op: 'test', path: '/data/a', value: '9' }], 422],
  ['removes nothing that is not there', [{ op: 'remove', path: '/data/z' }], 422],
  [
    'replaces what is not there, too',
    [{ op: 'replace', path: '/data/z', value: '1' }],
    { a: '1', z: '1' },
  ],
  [
    'replaces nothing in what is not there',
    [{ op: 'replace', path: '/binaryData/z', value: 'MQ==' }],
    422,
  ],
]
for (const [name, operations, wanted] of jsonPatches) {
  test(`a JSON patch ${name}`, async () => {
    await api.post(cms, configMap('a', { a: '1' }))
    const { status, body } = await api.patch(`${cms}/a`, 'json', operations)
    expect(typeof wanted === 'number' ? status : body.data).toEqual(wanted)
  })
}

test('a JSON patch can hold on to the version it was made for', async () => {
  const made = await api.post(cms, configMap('a', { a: '1' }))
  const version = made.body.metadata.resourceVersion
  const stale = [{ op: 'test', path: '/metadata/resourceVersion', value: '1' }]
  expect((await api.patch(`${cms}/a`, 'json', stale)).status).toBe(422)
  const good = [
    { op: 'test', path: '/metadata/resourceVersion', value: version },
    { op: 'replace', path: '/data/a', value: '2' },
  ]
  expect((await api.patch(`${cms}/a`, 'json', good)).body.data).toEqual({ a: '2' })
})

test('a merge patch takes away what is null', async () => {
  await api.post(cms, configMap('a', { a: '1', b: '2' }))
  const { body } = await api.patch(`${cms}/a`, 'merge', { data: { a: null, c: '3' } })
  expect(body.data).toEqual({ b: '2', c: '3' })
})

const container = (name: string, rest: Json = {}): Json => ({ name, image: `${name}:1`, ...rest })
const withContainers = (...containers: Json[]): Json =>
  deployment('web', {
    template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
  })
const patchOf = (spec: Json): Json => ({ spec: { template: { spec } } })

const strategic: [string, Json, string[]][] = [
  ['merges items by name', { containers: [{ name: 'b', image: 'b:2' }] }, ['a:1', 'b:2']],
  ['adds an item', { containers: [container('c')] }, ['c:1', 'a:1', 'b:1']],
  ['deletes an item', { containers: [{ name: 'a', $patch: 'delete' }] }, ['b:1']],
  ['replaces a list', { containers: [{ $patch: 'replace' }, container('z')] }, ['z:1']],
  [
    'orders items',
    { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
    ['b:1', 'a:1'],
  ],
]
for (const [name, spec, images] of strategic) {
  test(`a strategic patch ${name}`, async () => {
    await api.post(deployments, withContainers(container('a'), container('b')))
    const { body } = await api.patch(`${deployments}/web`, 'strategic', patchOf(spec))
    expect(body.spec.template.spec.containers.map((one: Json) => one.image)).toEqual(images)
  })
}

test('a strategic patch keeps only the keys it retains', async () => {
  await api.post(deployments, deployment())
  const { body } = await api.patch(`${deployments}/web`, 'strategic', {
    spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
  })
  expect(body.spec.strategy).toEqual({ type: 'Recreate' })
})

test('a strategic patch takes items out of a list of texts', async () => {
  await api.post(cms, configMap('a', {}, { finalizers: ['x.io/a', 'x.io/b'] }))
  const { body } = await api.patch(`${cms}/a`, 'strategic', {
    metadata: { '$deleteFromPrimitiveList/finalizers': ['x.io/a'] },
  })
  expect(body.metadata.finalizers).toEqual(['x.io/b'])
})

test('a patch of a kind that is not known is refused', async () => {
  await api.post(cms, configMap('a'))
  const { status } = await api.ask('PATCH', `${cms}/a`, {}, { 'content-type': 'text/plain' })
  expect(status).toBe(415)
})
