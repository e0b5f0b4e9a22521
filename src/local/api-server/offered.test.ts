/** What clients ask for beside objects: streams into pods, the scale as a table, health in detail, the binary document. */
import { expect, test } from 'vitest'
import { readFields } from './protobuf/reader.ts'
import { deployment, freshServer } from './testing/ask.ts'

const pods = '/api/v1/namespaces/default/pods'

for (const name of ['exec', 'attach', 'portforward']) {
  test(`${name} is refused in words`, async () => {
    const { ask, post } = await freshServer()
    const containers = [{ name: 'app', image: 'app:1' }]
    await post(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers },
    })
    for (const method of ['GET', 'POST'] as const) {
      const { status, body } = await ask(method, `${pods}/p/${name}?command=ls`)
      expect(status).toBe(501)
      expect(body).toMatchObject({ kind: 'Status', reason: 'NotImplemented', code: 501 })
      expect(body.message).toMatch(
        new RegExp(`^the local cluster does not offer to .* \\(pods/${name}\\); .*logs`),
      )
    }
    expect((await ask('GET', `${pods}/p/nothing`)).status).toBe(404)
  })
}

test('a scale is a table with its own columns', async () => {
  const { get, post } = await freshServer()
  const path = '/apis/apps/v1/namespaces/default/deployments'
  await post(path, deployment('web', { replicas: 3 }))
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
  const { body } = await get(`${path}/web/scale`, { accept })
  expect(body.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
    'Name',
    'Desired',
    'Available',
    'Age',
  ])
  expect(body.rows[0].cells.slice(0, 3)).toEqual(['web', 3, 0])
  expect((await get(`${path}/web/scale`)).body.kind).toBe('Scale')
})

test('health in detail, where it is asked for', async () => {
  const { get } = await freshServer()
  expect((await get('/livez')).body).toBe('ok')
  expect((await get('/readyz?verbose')).body).toBe('[+]ping ok\nreadyz check passed\n')
})

test('the version 2 document has the same definitions in binary form', async () => {
  const { send, get } = await freshServer()
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
  const { status, headers, body } = await send('GET', '/openapi/v2', undefined, { accept })
  expect([status, headers['content-type']]).toEqual([
    200,
    'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
  ])
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(Buffer.from(part))
  const fields = (bytes: Uint8Array | bigint | undefined) =>
    bytes instanceof Uint8Array ? readFields(bytes) : []
  const document = fields(Buffer.concat(parts))
  const one = (list: ReturnType<typeof fields>, number: number) =>
    list.find((field) => field.number === number)?.value
  const text = (value: Uint8Array | bigint | undefined) =>
    Buffer.from(value as Uint8Array).toString()
  expect(text(one(document, 1))).toBe('2.0')
  const entries = fields(one(document, 9)).map(({ value }) => fields(value))
  const names = entries.map((entry) => text(one(entry, 1)))
  expect(names).toEqual(Object.keys((await get('/openapi/v2')).body.definitions))
  const pod = fields(one(entries[names.indexOf('io.k8s.api.core.v1.Pod')] ?? [], 2))
  expect(text(one(pod, 4))).toContain('Pod is a collection of containers')
  expect(fields(one(pod, 25)).map(({ value }) => text(one(fields(value), 1)))).toEqual(
    expect.arrayContaining(['apiVersion', 'kind', 'metadata', 'spec', 'status']),
  )
})
