/** The stand-in answers as Superposition does, so that what works with it works there. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { virtualClock } from '#kube/virtual-clock.ts'
import { readConfiguration, resolved, sampleFor } from './configuration.ts'
import { type LocalSuperposition, startSuperposition } from './start.ts'

const time = virtualClock()
const configuration = readConfiguration({
  base: { replicas: 1, 'container.image': 'a:1' },
  overrides: [
    { when: { namespace: 'mumbai' }, set: { replicas: 3 } },
    { when: { variantIds: 'b' }, set: { 'container.image': 'a:2' } },
  ],
})

let superposition: LocalSuperposition
beforeAll(async () => {
  superposition = await startSuperposition({ clock: time.clock, configuration })
})
afterAll(() => superposition.stop())

const headers = {
  'x-org-id': 'localorg',
  'x-workspace': 'shop',
  'content-type': 'application/json',
}

async function get(query: string, more: Record<string, string> = {}) {
  const answer = await fetch(`${superposition.url}/config/resolve${query}`, {
    headers: { ...headers, ...more },
  })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

const brackets = (dimension: string, value: string): string =>
  `${encodeURIComponent(`dimension[${dimension}]`)}=${encodeURIComponent(value)}`

const rows: readonly [string, string, object][] = [
  [
    'S24: parameters without brackets are no dimensions',
    '?namespace=mumbai&variantIds=b',
    { replicas: 1, 'container.image': 'a:1' },
  ],
  [
    'S24: bracketed ones are',
    `?${brackets('namespace', 'mumbai')}`,
    { replicas: 3, 'container.image': 'a:1' },
  ],
  [
    'S25: a text of variantIds never matches',
    `?${brackets('variantIds', 'b')}`,
    { replicas: 1, 'container.image': 'a:1' },
  ],
  [
    'S25: a list does',
    `?${brackets('variantIds', '["b"]')}`,
    { replicas: 1, 'container.image': 'a:2' },
  ],
]
for (const [name, query, expected] of rows) {
  test(name, async () => expect((await get(query)).body).toEqual(expected))
}

test('S24: a body with context is the same', async () => {
  const answer = await fetch(`${superposition.url}/config/resolve`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ context: { namespace: 'mumbai', variantIds: ['b'] } }),
  })
  expect(await answer.json()).toEqual({ replicas: 3, 'container.image': 'a:2' })
})

test('S26: x-tenant still names the workspace, and no organisation is an error', async () => {
  const tenant = await fetch(`${superposition.url}/config/resolve`, {
    headers: { 'x-org-id': 'localorg', 'x-tenant': 'shop' },
  })
  expect(tenant.status).toBe(200)
  await tenant.body?.cancel()
  const none = await fetch(`${superposition.url}/config/resolve`, {
    headers: { 'x-tenant': 'shop' },
  })
  expect(none.status).toBe(400)
  await none.body?.cancel()
})

test('S28: it tells version and time, and 304 while nothing changed; older versions stay', async () => {
  const first = await get('')
  expect(first.headers.get('x-config-version')).toBe('1')
  const since = { 'if-modified-since': first.headers.get('last-modified') ?? '' }
  expect((await get('', since)).status).toBe(304)
  await time.advance(2000)
  const version = superposition.change({
    ...configuration,
    base: { replicas: 9, 'container.image': 'a:9' },
  })
  expect((await get('', since)).body).toMatchObject({ replicas: 9 })
  expect(version).toBe('2')
  expect((await get('?version=1')).body).toMatchObject({ replicas: 1 })
})

test('without a file each variant is the sample image under its own id', () => {
  const context = { variantIds: ['730-Blue'] }
  expect(sampleFor({ workspace: 'shop', context })).toEqual({
    replicas: 2,
    'container.image': 'example/shop:730-blue',
  })
})

test('the example is understood', () => {
  const text = readFileSync('examples/superposition/configuration.json', 'utf8')
  const context = { namespace: 'delhi', variantIds: ['variant-123'] }
  expect(
    resolved(readConfiguration(JSON.parse(text)), { workspace: 'nginxservice', context }),
  ).toEqual({
    replicas: 1,
    'container.image': 'example/nginxservice:v2',
    'env.GREETING': 'hello',
  })
})

test('a file that makes no sense is refused with the place', () => {
  expect(() => readConfiguration({})).toThrow('base')
  expect(() => readConfiguration({ base: {}, overrides: [{}] })).toThrow('overrides[0]')
})
