import { beforeEach, expect, test } from 'vitest'
import { type Asker, configMap, type Deep, freshServer, take } from './testing/ask.ts'

const cms = '/api/v1/namespaces/default/configmaps'
let api: Asker
beforeEach(async () => {
  api = await freshServer({ historyLimit: 100 })
})

const told = (events: { type: string; object: { metadata: { name: string } } }[]) =>
  events.map(({ type, object }) => `${type} ${object.metadata.name}`)

test('a list in pages shows one moment, however much is written meanwhile', async () => {
  for (const name of ['a', 'b', 'c', 'd']) await api.post(cms, configMap(name))
  const first = (await api.get(`${cms}?limit=2`)).body
  expect([first.items.length, first.metadata.remainingItemCount]).toEqual([2, 2])
  await api.remove(`${cms}/c`)
  await api.post(cms, configMap('e'))
  const rest = (await api.get(`${cms}?limit=2&continue=${first.metadata.continue}`)).body
  expect(rest.items.map((item: Deep) => item.metadata.name)).toEqual(['c', 'd'])
  expect(rest.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
})

test('a list cannot be continued over a compaction', async () => {
  for (const name of ['a', 'b', 'c']) await api.post(cms, configMap(name))
  const first = (await api.get(`${cms}?limit=1`)).body
  await api.post(cms, configMap('d'))
  api.server.store.compact()
  const rest = await api.get(`${cms}?limit=1&continue=${first.metadata.continue}`)
  expect([rest.status, rest.body.reason]).toEqual([410, 'Expired'])
})

test('an exact list shows the past', async () => {
  const made = await api.post(cms, configMap('a', { x: '1' }))
  await api.patch(`${cms}/a`, 'merge', { data: { x: '2' } })
  const version = made.body.metadata.resourceVersion
  const past = (await api.get(`${cms}?resourceVersion=${version}&resourceVersionMatch=Exact`)).body
  expect(past.items[0]?.data.x).toBe('1')
})

test('a watch goes on where a list ended', async () => {
  await api.post(cms, configMap('a'))
  const { resourceVersion } = (await api.get(cms)).body.metadata
  await api.patch(`${cms}/a`, 'merge', { data: { x: '1' } })
  const { events, stop } = api.watch(`${cms}?watch=1&resourceVersion=${resourceVersion}`)
  await api.post(cms, configMap('b'))
  await api.remove(`${cms}/a`)
  expect(told(await take(events, 3))).toEqual(['MODIFIED a', 'ADDED b', 'DELETED a'])
  stop()
  expect((await events.next()).done).toBe(true)
})

test('a selector makes objects come and go', async () => {
  const { events, stop } = api.watch(`${cms}?watch=1&labelSelector=on%3Dyes&resourceVersion=0`)
  await api.post(cms, configMap('a'))
  await api.patch(`${cms}/a`, 'merge', { metadata: { labels: { on: 'yes' } } })
  await api.patch(`${cms}/a`, 'merge', { data: { x: '1' } })
  const off = await api.patch(`${cms}/a`, 'merge', { metadata: { labels: { on: 'no' } } })
  const seen = await take(events, 3)
  expect(told(seen)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a'])
  expect(seen[2]?.object.metadata.labels.on).toBe('yes')
  expect(seen[2]?.object.metadata.resourceVersion).toBe(off.body.metadata.resourceVersion)
  stop()
})

test('a watch from before the history is told that it is too late', async () => {
  await api.post(cms, configMap('a'))
  api.server.store.compact()
  const { events } = api.watch(`${cms}?watch=1&resourceVersion=3`)
  const [event] = await take(events, 2)
  expect(event).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })
  expect((await events.next()).done).toBe(true)
})

test('sendInitialEvents lists first and says when that is over', async () => {
  await api.post(cms, configMap('a'))
  const query =
    'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const { events, stop } = api.watch(`${cms}?${query}`)
  const [added, bookmark] = await take(events, 2)
  expect(added?.type).toBe('ADDED')
  expect(bookmark?.type).toBe('BOOKMARK')
  expect(bookmark?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
  stop()
})

test('sendInitialEvents without its match is refused', async () => {
  const { status, body } = await api.get(`${cms}?watch=1&sendInitialEvents=true`)
  expect([status, body.message]).toEqual([
    422,
    'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
  ])
})

const selections: [string, string[]][] = [
  ['a=1', ['x']],
  ['a!=1', ['y', 'z']],
  ['a in (1,2)', ['x', 'y']],
  ['a notin (1)', ['y', 'z']],
  ['a', ['x', 'y']],
  ['!a', ['z']],
  ['a=1,b=2', []],
  ['a>1', ['y']],
]
for (const [selector, names] of selections) {
  test(`selects by ${selector}`, async () => {
    await api.post(cms, configMap('x', {}, { labels: { a: '1' } }))
    await api.post(cms, configMap('y', {}, { labels: { a: '2', b: '1' } }))
    await api.post(cms, configMap('z'))
    const { body } = await api.get(`${cms}?labelSelector=${encodeURIComponent(selector)}`)
    expect(body.items.map((item: Deep) => item.metadata.name)).toEqual(names)
  })
}
