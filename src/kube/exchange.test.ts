/** Deadlines, repetition and the adaptive limit, in virtual time. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { type ConnectedCluster, connectTo } from './connect.ts'
import { isKube, KubeError } from './errors.ts'
import type { Ports } from './ports.ts'
import { listOf, sample, statusOf } from './testing/objects.ts'
import { type Call, type Reply, type ScriptedApi, scriptedApi } from './testing/scripted-api.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

type Bench = {
  readonly api: ScriptedApi
  readonly time: VirtualClock
  readonly cluster: ConnectedCluster
}

function bench(answer: (call: Call, time: VirtualClock) => Reply | Promise<Reply>): Bench {
  const time = virtualClock()
  const api = scriptedApi((call) => answer(call, time))
  const ports: Ports = { clock: time.clock, random: () => 0.5, newId: () => 'id' }
  return { api, time, cluster: connectTo(api.transport, ports) }
}

const found: Reply = { status: 200, body: sample('a', 1) }
const at = { namespace: 'default', name: 'a' }
const busy = (seconds?: number): Reply => ({
  status: 429,
  ...(seconds === undefined ? {} : { headers: { 'retry-after': String(seconds) } }),
  body: statusOf(429, 'TooManyRequests'),
})

/** Whether a promise has settled, and how. */
function watched<T>(promise: Promise<T>): {
  value: T | undefined
  error: unknown
  settled: boolean
} {
  const state: { value: T | undefined; error: unknown; settled: boolean } = {
    value: undefined,
    error: undefined,
    settled: false,
  }
  promise.then(
    (value) => Object.assign(state, { value, settled: true }),
    (error: unknown) => Object.assign(state, { error, settled: true }),
  )
  return state
}

const verbs: readonly [string, (cluster: ConnectedCluster) => Promise<unknown>, boolean][] = [
  ['get', (c) => c.get(kinds.configMap, at), true],
  ['list', (c) => c.list(kinds.configMap), true],
  ['create', (c) => c.create(kinds.configMap, sample('a', '')), false],
  ['replace', (c) => c.replace(kinds.configMap, sample('a', 1)), false],
  ['patch', (c) => c.patch(kinds.configMap, at, 'merge', {}), false],
  ['remove', (c) => c.remove(kinds.configMap, at), false],
]
for (const [verb, ask, isSafe] of verbs) {
  const answer = verb === 'list' ? { status: 200, body: listOf(1, []) } : found
  test(`${verb} answered 429 is repeated, since nothing was done`, async () => {
    const { api, time, cluster } = bench(({ index }) => (index < 2 ? busy(1) : answer))
    const result = watched(ask(cluster))
    await time.advance(1900)
    assert.deepEqual([api.calls.length, result.settled], [2, false])
    await time.advance(1000)
    assert.deepEqual([api.calls.length, result.settled, result.error], [3, true, undefined])
  })
  for (const [what, reply] of [
    ['answered 503', { status: 503 }],
    ['whose connection broke', { broken: 'reset' }],
  ] as const) {
    test(`${verb} ${what} is ${isSafe ? 'repeated' : 'not repeated: it may have happened'}`, async () => {
      const { api, time, cluster } = bench(({ index }) => (index === 0 ? reply : answer))
      const result = watched(ask(cluster))
      await time.advance(5000)
      assert.deepEqual([api.calls.length, result.error === undefined], [isSafe ? 2 : 1, isSafe])
    })
  }
}

test('five attempts are enough; the last answer stands with what the server asked for', async () => {
  const { api, time, cluster } = bench(() => busy())
  const result = watched(cluster.get(kinds.configMap, at))
  await time.advance(60_000)
  assert.equal(api.calls.length, 5)
  assert.ok(isKube(result.error, 'TooManyRequests'))
})

test('a server that asks for more than 30 s of patience is not waited for', async () => {
  const { api, time, cluster } = bench(() => busy(120))
  const result = watched(cluster.get(kinds.configMap, at))
  await time.advance(1)
  assert.ok(result.error instanceof KubeError)
  assert.deepEqual(
    [api.calls.length, result.error.retryAfterMs, result.error.retryable],
    [1, 120_000, true],
  )
})

test('an answer that never comes is an error after 30 s', async () => {
  const { time, cluster } = bench(() => 'silence')
  const result = watched(cluster.get(kinds.configMap, at))
  await time.advance(29_999)
  assert.equal(result.settled, false)
  await time.advance(1)
  assert.ok(isKube(result.error, 'Timeout'))
  assert.match(String(result.error), /GET \/api.* got no complete answer within 30 s/)
  assert.equal(time.pending(), 0)
})

test('raw answers are returned, whatever they are, and never repeated', async () => {
  const { api, time, cluster } = bench(() => busy(1))
  const result = watched(cluster.raw({ path: '/version', timeoutMs: 100 }))
  await time.advance(1)
  assert.deepEqual([result.value?.status, api.calls.length], [429, 1])
})

test('a caller may give up', async () => {
  const { time, cluster } = bench(() => 'silence')
  const giving = new AbortController()
  const result = watched(cluster.raw({ path: '/', signal: giving.signal }))
  await time.advance(1)
  giving.abort(new Error('enough'))
  await time.advance(1)
  assert.match(String(result.error), /enough/)
  assert.deepEqual([time.pending(), cluster.stats().inFlight], [0, 0])
})

const failures: readonly [number, object | string, string, RegExp][] = [
  [
    404,
    statusOf(404, 'NotFound', 'configmaps "a" not found'),
    'NotFound',
    /configmaps "a" not found/,
  ],
  [409, statusOf(409, 'AlreadyExists', 'it exists'), 'AlreadyExists', /it exists/],
  [409, statusOf(409, 'Conflict', 'changed'), 'Conflict', /changed/],
  [403, 'go away', 'Forbidden', /GET .* answered 403: go away/],
  [418, '', 'Unknown', /answered 418$/],
  [422, statusOf(422, 'Invalid', 'spec.x: bad'), 'Invalid', /spec\.x: bad/],
  [500, statusOf(500, 'Peculiar', 'odd'), 'InternalError', /odd/],
]
for (const [status, body, reason, message] of failures) {
  test(`${status} ${JSON.stringify(body).slice(0, 60)} is ${reason}`, async () => {
    const { cluster } = bench(() => ({ status, body }))
    const error = await cluster.get(kinds.configMap, at).catch((caught: unknown) => caught)
    assert.ok(error instanceof KubeError)
    assert.deepEqual([error.reason, error.code], [reason, status])
    assert.match(error.message, message)
  })
}

test('an answer that is not JSON is an error worth another try', async () => {
  const { cluster } = bench(() => ({ status: 200, body: '<html>' }))
  const error = await cluster.get(kinds.configMap, at).catch((caught: unknown) => caught)
  assert.ok(error instanceof KubeError)
  assert.match(error.message, /not JSON: <html>/)
  assert.equal(error.retryable, true)
})

test('a list reads every page, 500 at a time, and gives items their kind', async () => {
  const { api, cluster } = bench(({ query }) => {
    const { kind: _, apiVersion: __, ...bare } = sample(query.get('continue') ?? 'first', 3)
    const next = query.has('continue') ? undefined : 'second'
    return { status: 200, body: listOf(9, [bare as never], next) }
  })
  const list = await cluster.list(kinds.configMap, { namespace: 'default', labelSelector: 'a=b' })
  assert.deepEqual(
    list.items.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    ['ConfigMap first', 'ConfigMap second'],
  )
  assert.equal(list.resourceVersion, '9')
  assert.deepEqual(
    api.calls.map(({ query }) => query.get('limit')),
    ['500', '500'],
  )
  assert.ok(api.calls.every(({ query }) => query.get('labelSelector') === 'a=b'))
})

test('a list reads through to the store unless something older will do', async () => {
  const { api, cluster } = bench(() => ({ status: 200, body: listOf(9, []) }))
  await cluster.list(kinds.configMap)
  await cluster.list(kinds.configMap, { resourceVersion: '0' })
  assert.deepEqual(
    api.calls.map(({ query }) => query.get('resourceVersion')),
    [null, '0'],
  )
})

test('the limit halves under 429, lets the queue through in order, and grows back', async () => {
  let overloaded = true
  const { api, time, cluster } = bench(async (_, { clock }) => {
    await new Promise<void>((resolve) => clock.after(100, resolve))
    return overloaded ? busy(2) : found
  })
  const all = Array.from({ length: 64 }, (_, i) => watched(cluster.raw({ path: `/${i}` })))
  await time.advance(1)
  assert.deepEqual([cluster.stats().inFlight, cluster.stats().waiting], [16, 48])
  await time.advance(5000)
  assert.ok(cluster.stats().limit <= 8, `${cluster.stats().limit}`)
  assert.ok(all.every(({ settled }) => settled))
  assert.deepEqual(
    api.calls.map(({ path }) => path),
    all.map((_, i) => `/${i}`),
  )
  overloaded = false
  for (let i = 0; i < 400; i += 1) {
    const ask = watched(cluster.get(kinds.configMap, at))
    await time.advance(100)
    assert.ok(ask.settled)
  }
  assert.equal(cluster.stats().limit, 16)
})

test('the limit shrinks when answers slow down', async () => {
  let latency = 10
  const { time, cluster } = bench(async (_, { clock }) => {
    await new Promise<void>((resolve) => clock.after(latency, resolve))
    return found
  })
  for (let i = 0; i < 20; i += 1) {
    watched(cluster.get(kinds.configMap, at))
    await time.advance(100)
  }
  latency = 2000
  for (let i = 0; i < 20; i += 1) {
    watched(cluster.get(kinds.configMap, at))
    await time.advance(2000)
  }
  assert.ok(cluster.stats().limit < 8, `${cluster.stats().limit}`)
})

test('what waits in the queue has no deadline of its own', async () => {
  const { time, cluster } = bench(async ({ path }, { clock }) => {
    await new Promise<void>((resolve) => clock.after(path === '/last' ? 1 : 20_000, resolve))
    return found
  })
  for (let i = 0; i < 32; i += 1) watched(cluster.raw({ path: `/${i}` }))
  const last = watched(cluster.raw({ path: '/last' }))
  await time.advance(45_000)
  assert.equal(last.value?.status, 200)
})
