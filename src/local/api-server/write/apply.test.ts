import { beforeEach, expect, test } from 'vitest'
import { type Asker, deployment, freshServer, type Json } from '../testing/ask.ts'

const web = '/apis/apps/v1/namespaces/default/deployments/web'
let api: Asker
beforeEach(async () => {
  api = await freshServer()
})

const owners = (body: { metadata: { managedFields?: { manager: string; operation: string }[] } }) =>
  (body.metadata.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`)

test('the first apply creates, the same again changes nothing', async () => {
  const made = await api.apply(web, 'me', deployment())
  expect([made.status, owners(made.body)]).toEqual([201, ['me Apply']])
  const again = await api.apply(web, 'me', deployment())
  expect(again.status).toBe(200)
  expect(again.body.metadata.resourceVersion).toBe(made.body.metadata.resourceVersion)
})

test('what another owns is not taken without force', async () => {
  await api.apply(web, 'me', deployment('web', { replicas: 2 }))
  const refused = await api.apply(web, 'you', deployment('web', { replicas: 3 }))
  expect(refused.status).toBe(409)
  expect(refused.body.message).toBe(
    'Apply failed with 1 conflict: conflict with "me": .spec.replicas',
  )
  expect(refused.body.details.causes).toEqual([
    { reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.spec.replicas' },
  ])
  const forced = await api.apply(web, 'you', deployment('web', { replicas: 3 }), true)
  expect(forced.body.spec.replicas).toBe(3)
  const back = await api.apply(web, 'me', deployment('web', { replicas: 2 }))
  expect(back.status).toBe(409)
})

test('several conflicts are listed by manager', async () => {
  await api.ask(
    'POST',
    '/apis/apps/v1/namespaces/default/deployments?fieldManager=old',
    deployment(),
  )
  const { body } = await api.apply(
    web,
    'me',
    deployment('web', { replicas: 7, paused: true, revisionHistoryLimit: 3 }),
  )
  expect(body.message).toBe(
    `Apply failed with 2 conflicts: conflicts with "old" using apps/v1:\n- .spec.replicas\n- .spec.revisionHistoryLimit`,
  )
})

test('the same value is shared without a conflict', async () => {
  await api.apply(web, 'me', deployment('web', { replicas: 2 }))
  const shared = await api.apply(web, 'you', deployment('web', { replicas: 2 }))
  // Who changed nothing has no time, and comes first.
  expect(owners(shared.body)).toEqual(['you Apply', 'me Apply'])
  const left = await api.apply(web, 'me', deployment())
  expect(left.body.spec.replicas).toBe(2)
  const alone = await api.apply(web, 'you', deployment())
  expect(alone.body.spec.replicas).toBe(1)
})

test('what is no longer applied goes, and its defaults come back', async () => {
  const labels = (more: Json) => ({ ...deployment(), metadata: { name: 'web', labels: more } })
  await api.apply(web, 'me', labels({ a: '1', b: '2' }))
  await api.patch(web, 'merge', { metadata: { labels: { c: '3' } } })
  const { body } = await api.apply(web, 'me', labels({ a: '1' }))
  expect(body.metadata.labels).toEqual({ a: '1', c: '3' })
})

test('items of a list belong to whoever applied them', async () => {
  const withContainers = (...names: string[]) =>
    deployment('web', {
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: names.map((name) => ({ name, image: `${name}:1` })) },
      },
    })
  await api.apply(web, 'me', withContainers('app'))
  await api.apply(web, 'you', withContainers('side'))
  const both = await api.get(web)
  expect(both.body.spec.template.spec.containers.map((one: Json) => one.name)).toEqual([
    'app',
    'side',
  ])
  const { body } = await api.apply(web, 'me', withContainers('app', 'third'))
  expect(body.spec.template.spec.containers.map((one: Json) => one.name)).toEqual([
    'app',
    'side',
    'third',
  ])
  const gone = await api.apply(web, 'you', deployment())
  expect(gone.body.spec.template.spec.containers.map((one: Json) => one.name)).toEqual([
    'app',
    'third',
  ])
})

test('an update takes over what it changes', async () => {
  await api.apply(web, 'me', deployment('web', { replicas: 2 }))
  await api.ask(
    'PATCH',
    `${web}?fieldManager=scaler`,
    { spec: { replicas: 5 } },
    { 'content-type': 'application/merge-patch+json' },
  )
  const refused = await api.apply(web, 'me', deployment('web', { replicas: 2 }))
  expect(refused.body.details.causes[0].message).toMatch(/^conflict with "scaler" using apps\/v1$/)
})

test('status belongs to its own door', async () => {
  await api.apply(web, 'me', { ...deployment(), status: { replicas: 9 } })
  const status = await api.apply(`${web}/status`, 'controller', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    status: { replicas: 3 },
  })
  expect(status.body.status.replicas).toBe(3)
  const entry = status.body.metadata.managedFields.find((one: Json) => one.manager === 'controller')
  expect(entry).toMatchObject({
    subresource: 'status',
    fieldsV1: { 'f:status': { 'f:replicas': {} } },
  })
})

const refused: [string, string, unknown, number, string][] = [
  [
    'no manager',
    '',
    deployment(),
    422,
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  ],
  [
    'managedFields',
    'me',
    { ...deployment(), metadata: { name: 'web', managedFields: [] } },
    400,
    'metadata.managedFields must be nil',
  ],
  [
    'another name',
    'me',
    deployment('other'),
    400,
    'the name of the object (other) does not match the name on the URL (web)',
  ],
  [
    'an unknown field',
    'me',
    deployment('web', { what: 1 }),
    500,
    'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.what: field not declared in schema',
  ],
]
for (const [name, manager, body, status, message] of refused) {
  test(`refuses ${name}`, async () => {
    const answer = await api.apply(web, manager, body)
    expect([answer.status, answer.body.message]).toEqual([status, message])
  })
}
