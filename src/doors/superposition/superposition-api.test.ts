/** How Superposition is asked, against its stand-in over sockets: what is sent, what is understood, what is tried again. */
import { afterEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '#core/k8s/meta.ts'
import { KubeError } from '#kube/errors.ts'
import type { Reach } from '#kube/reach.ts'
import { systemClock } from '#kube/system.ts'
import { virtualClock } from '#kube/virtual-clock.ts'
import { readConfiguration } from '#local/superposition/configuration.ts'
import { type LocalSuperposition, startSuperposition } from '#local/superposition/start.ts'
import type { Source } from './plan.ts'
import { superpositionApi } from './superposition-api.ts'

const source: Source = {
  organisation: 'localorg',
  workspace: 'nginxservice',
  id: 'variant-123',
  name: 'variant-123',
  context: { namespace: 'mumbai' },
  variantIds: ['variant-123'],
}

const configuration = readConfiguration({
  base: { replicas: 1, 'container.image': 'nginx:1' },
  overrides: [
    { when: { variantIds: 'variant-123' }, set: { 'container.image': 'nginx:2' } },
    { when: { namespace: 'mumbai' }, set: { replicas: 3 } },
  ],
})

let running: LocalSuperposition | undefined
afterEach(() => running?.stop())

type Seen = { readonly url: string; readonly options: NonNullable<Parameters<Reach['url']>[1]> }

/** The door's client of a stand-in, and the requests that it sends. */
async function connected(
  authorization?: string,
  data: Record<string, string> = {},
  agoMs = 60_000,
) {
  running = await startSuperposition({
    clock: systemClock({ startAt: Date.now() - agoMs }),
    configuration,
    ...(authorization === undefined ? {} : { authorization }),
  })
  const seen: Seen[] = []
  const secret = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  )
  const api = superpositionApi({
    settings: {
      url: running.url,
      credentials:
        Object.keys(data).length === 0 ? undefined : { namespace: 'tools', name: 'superposition' },
    },
    ask: async (url, options = {}) => {
      seen.push({ url, options })
      const { method = 'GET', headers = {}, body } = options
      const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: await answer.text(),
      }
    },
    cluster: { get: async <T extends KubeObject>() => ({ data: secret }) as unknown as T },
    clock: systemClock({ speed: 100 }),
  })
  return { api, seen, superposition: running }
}

test('M19, M20, MD05, S25: by POST with the context, the variant as a list, so that it matches', async () => {
  const { api, seen, superposition } = await connected()
  expect(await api.resolve(source)).toEqual({ replicas: 3, 'container.image': 'nginx:2' })
  expect(seen[0]?.options.method).toBe('POST')
  expect(superposition.asked).toEqual([
    { context: { namespace: 'mumbai', variantIds: ['variant-123'] }, version: undefined },
  ])
})

test('M21, S26: with the organisation and both names of the workspace', async () => {
  const { api, seen } = await connected()
  await api.resolve(source)
  expect(seen[0]?.options.headers).toMatchObject({
    'x-org-id': 'localorg',
    'x-tenant': 'nginxservice',
    'x-workspace': 'nginxservice',
  })
})

test('MD05, S27: at the version that the event named, so that a retry resolves the same', async () => {
  const { api, seen, superposition } = await connected()
  superposition.change({ ...configuration, base: { replicas: 9, 'container.image': 'nginx:9' } })
  const { variantIds: _variants, ...base } = source
  const old = await api.resolve({ ...base, variantIds: [], context: {}, configVersion: '1' })
  expect(old).toEqual({ replicas: 1, 'container.image': 'nginx:1' })
  expect(seen[0]?.url).toMatch(/\/config\/resolve\?version=1$/)
})

test('S28: what has not changed is not sent again (304)', async () => {
  const { api, seen } = await connected()
  const first = await api.resolve(source)
  expect(await api.resolve(source)).toEqual(first)
  expect(seen[1]?.options.headers).toHaveProperty('if-modified-since')
})

test('what changed within this very second may have changed again: it is asked for anew', async () => {
  const { api, superposition } = await connected(undefined, {}, 0)
  await api.resolve(source)
  superposition.change({ base: { replicas: 5 }, overrides: [] })
  expect(await api.resolve(source)).toEqual({ replicas: 5 })
})

describe('S29: credentials come from a Secret', () => {
  const rows: readonly [string, string, Record<string, string>][] = [
    ['a token as bearer', 'Bearer abc', { token: 'abc\n' }],
    [
      'username and password as basic',
      `Basic ${Buffer.from('ann:pw').toString('base64')}`,
      { username: 'ann', password: 'pw' },
    ],
  ]
  for (const [name, authorization, data] of rows) {
    test(name, async () => {
      const { api, seen } = await connected(authorization, data)
      expect(await api.resolve(source)).toMatchObject({ replicas: 3 })
      expect(seen[0]?.options.confidential).toBe(true)
    })
  }

  test('a wrong one is told without being shown', async () => {
    const { api } = await connected('Bearer right', { token: 'wrong-secret' })
    const why = await api.resolve(source).catch((error: Error) => error.message)
    expect(why).toMatch(/answered 401.*--superposition-credentials/)
    expect(why).not.toContain('wrong-secret')
  })
})

describe('trouble', () => {
  const asking = (answers: readonly (Error | { status: number; body: string })[]) => {
    const time = virtualClock()
    let count = 0
    const api = superpositionApi({
      settings: { url: 'http://superposition', credentials: undefined },
      ask: async () => {
        const next = answers[Math.min(count, answers.length - 1)] as
          | Error
          | { status: number; body: string }
        count += 1
        if (next instanceof Error) throw next
        return { ...next, headers: {} }
      },
      cluster: { get: () => Promise.reject(new Error('no')) },
      clock: time.clock,
    })
    return { time, asked: () => count, answer: api.resolve(source).catch((error: Error) => error) }
  }
  const gone = new KubeError({ reason: 'Unreachable', code: 0, message: 'nobody there' })
  const fine = { status: 200, body: '{"replicas":1}' }

  test('it is tried three times, with pauses', async () => {
    const { time, asked, answer } = asking([gone, { status: 503, body: '' }, fine])
    await time.advance(199)
    expect(asked()).toBe(1)
    await time.advance(1001)
    expect(await answer).toEqual({ replicas: 1 })
    expect(asked()).toBe(3)
  })

  const rows: readonly [string, Error | { status: number; body: string }, RegExp][] = [
    ['nobody there', gone, /cannot be asked: .*tried again/],
    ['503', { status: 503, body: 'secret' }, /answered 503; it is tried again/],
    ['an unknown workspace', { status: 404, body: '' }, /knows no such workspace/],
    ['no map', { status: 200, body: '[1]' }, /with no map/],
    ['no JSON', { status: 200, body: '<html>' }, /with no map/],
    ['a redirect', { status: 302, body: '' }, /answered 302/],
  ]
  for (const [name, answer, why] of rows) {
    test(`${name} is told as a sentence`, async () => {
      const asked = asking([answer])
      await asked.time.advance(5000)
      const error = (await asked.answer) as Error
      expect(error.message).toMatch(why)
      expect(error.message).not.toContain('secret')
    })
  }
})
