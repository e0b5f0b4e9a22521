/**
 * The contract that client-go's informers meet, line by line, against a server that misbehaves on
 * purpose.
 */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache, Change, WatchOptions } from './cluster.ts'
import { type ConnectedCluster, connectTo } from './connect.ts'
import type { Clock, Ports } from './ports.ts'
import { bookmark, errorEvent, event, listOf, sample, statusOf } from './testing/objects.ts'
import {
  type Call,
  type Reply,
  type ScriptedApi,
  scriptedApi,
  stream,
} from './testing/scripted-api.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

const minute = 60_000

type Bench = {
  readonly api: ScriptedApi
  readonly time: VirtualClock
  readonly cluster: ConnectedCluster
  readonly cache: Cache<KubeObject>
  /** Changes as `put default/a@5`, `gone default/a`. */
  readonly story: string[]
  readonly problems: string[]
}

function bench(
  answer: (call: Call, clock: Clock) => Reply | Promise<Reply>,
  options: WatchOptions<KubeObject> = {},
): Bench {
  const time = virtualClock()
  const api = scriptedApi((call) => answer(call, time.clock))
  const ports: Ports = { clock: time.clock, random: () => 0.5, newId: () => 'id' }
  const problems: string[] = []
  const onProblem = ({ error }: { readonly error: Error }): number => problems.push(error.message)
  const cluster = connectTo(api.transport, ports, { onProblem })
  const cache = cluster.watch(kinds.configMap, options)
  const story: string[] = []
  cache.subscribe((change) => story.push(told(change)))
  return { api, time, cluster, cache, story, problems }
}

function told(change: Change<KubeObject>): string {
  if (change.type === 'gone') return `gone ${change.key}`
  const was = change.before === undefined ? '' : ` was ${change.before.metadata.resourceVersion}`
  return `put ${change.key}@${change.now.metadata.resourceVersion}${was}`
}

/** A server without WatchList: lists by `list`, then one open stream after another. */
function classic(list: (call: Call) => Reply, watch: (call: Call) => Reply): (call: Call) => Reply {
  return (call) => {
    if (!call.isWatch) return list(call)
    if (call.query.has('sendInitialEvents')) return { status: 422, body: statusOf(422, 'Invalid') }
    return watch(call)
  }
}

const held = (cache: Cache<KubeObject>): string[] =>
  [...cache.values()].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort()

test('the first read is a stream that ends with its own bookmark; nothing shows before', async () => {
  const live = stream()
  const { api, time, cache, story } = bench(() => ({ stream: live }))
  await time.advance(0)
  live.push(event('ADDED', sample('b', 3)), event('ADDED', sample('a', 7)))
  await time.advance(1)
  assert.deepEqual([cache.isSynced(), cache.size(), story], [false, 0, []])
  live.push(bookmark(9, true), event('MODIFIED', sample('a', 10)))
  await time.advance(1)
  assert.deepEqual(story, ['put default/b@3', 'put default/a@7', 'put default/a@10 was 7'])
  assert.equal(cache.resourceVersion(), '10')
  const [call] = api.calls
  assert.equal(call?.query.get('sendInitialEvents'), 'true')
  assert.equal(call?.query.get('resourceVersionMatch'), 'NotOlderThan')
  assert.equal(call?.query.get('allowWatchBookmarks'), 'true')
  assert.equal(call?.query.has('resourceVersion'), false)
  await cache.stop()
})

test('a server that refuses such streams is asked for lists, for good', async () => {
  const streams = [stream(), stream()]
  let opened = 0
  const { api, time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(5, [sample('a', 3)]) }),
      () => ({ stream: streams[opened++] ?? stream() }),
    ),
  )
  await time.advance(20_000)
  assert.deepEqual(held(cache), ['a@3'])
  streams[0]?.push(errorEvent(410, 'Expired'))
  await time.advance(1000)
  const asked = api.calls.map((call) => [call.isWatch, call.query.has('sendInitialEvents')])
  assert.deepEqual(asked, [
    [true, true],
    [false, false],
    [true, false],
    [false, false],
    [true, false],
  ])
  await cache.stop()
})

test('a server that never heard of such streams shows itself by its silence', async () => {
  const { api, time, cache } = bench((call) =>
    call.isWatch ? { stream: stream() } : { status: 200, body: listOf(5, [sample('a', 3)]) },
  )
  await time.advance(11_000)
  assert.deepEqual([held(cache), api.lists().length, cache.trouble()], [['a@3'], 1, undefined])
  await cache.stop()
})

test('a stream that dies before its end bookmark shows nothing of what it brought', async () => {
  const streams = [stream(), stream()]
  let opened = 0
  const { time, cache, story } = bench(() => ({ stream: streams[opened++] ?? stream() }))
  await time.advance(0)
  streams[0]?.push(event('ADDED', sample('ghost', 3)))
  await time.advance(1)
  streams[0]?.breakOff('reset')
  await time.advance(1)
  assert.deepEqual([cache.isSynced(), story], [false, []])
  assert.match(cache.trouble()?.error.message ?? '', /broke off: reset/)
  await time.advance(1000)
  streams[1]?.push(event('ADDED', sample('a', 4)), bookmark(4, true))
  await time.advance(1)
  assert.deepEqual([held(cache), cache.trouble()], [['a@4'], undefined])
  await cache.stop()
})

test('a server that hung for a while is asked for streams again afterwards', async () => {
  let hangs = true
  const { api, time, cache } = bench((call) => {
    if (hangs) return 'silence'
    if (!call.isWatch) return { status: 200, body: listOf(5, []) }
    const live = stream()
    if (call.query.has('sendInitialEvents')) live.push(bookmark(5, true))
    else live.push(errorEvent(410, 'Expired'))
    return { stream: live }
  })
  await time.advance(5 * minute)
  hangs = false
  assert.equal(await time.advanceUntil(cache.isSynced, 2 * minute), true)
  const before = api.calls.length
  await time.advance(minute)
  assert.ok(api.calls.slice(before).some((call) => call.query.has('sendInitialEvents')))
  await cache.stop()
})

test('after three such streams in a row the list comes by page', async () => {
  const { time, cache } = bench((call) => {
    if (!call.isWatch) return { status: 200, body: listOf(5, [sample('a', 3)]) }
    const live = stream()
    if (call.query.has('sendInitialEvents')) live.breakOff('reset')
    return { stream: live }
  })
  assert.equal(await time.advanceUntil(cache.isSynced, 10_000), true)
  await cache.stop()
})

test('streams are asked for five to ten minutes and go on from the last version, bookmarks included', async () => {
  let open = stream()
  const { api, time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(5, []) }),
      () => {
        open = stream()
        return { stream: open }
      },
    ),
  )
  await time.advance(10_000)
  open.push(event('ADDED', sample('a', 6)), bookmark(90))
  await time.advance(10_000)
  open.end()
  await time.advance(1)
  const asked = api
    .watches()
    .slice(1)
    .map((call) => call.query)
  assert.deepEqual(
    asked.map((query) => query.get('resourceVersion')),
    ['5', '90'],
  )
  for (const query of asked) {
    const seconds = Number(query.get('timeoutSeconds'))
    assert.ok(seconds >= 300 && seconds <= 600, `${seconds} s`)
  }
  await cache.stop()
})

for (const [form, gone] of [
  ['as a status', { status: 410, body: statusOf(410, 'Expired') }],
  ['as an event', errorEvent(410, 'Expired')],
  [
    'as a version ahead of the server',
    errorEvent(504, 'Timeout', 'Too large resource version: 90'),
  ],
] as const) {
  test(`a version that is gone, ${form}, leads to one fresh list`, async () => {
    let opened = 0
    const lists = [listOf(5, [sample('a', 3), sample('b', 4)]), listOf(50, [sample('b', 40)])]
    let listed = 0
    const { api, time, cache, story } = bench(
      classic(
        () => ({ status: 200, body: lists[listed++] }),
        () => {
          opened += 1
          const live = stream()
          if (opened !== 2) return { stream: live }
          if ('status' in gone) return gone
          live.push(gone)
          return { stream: live }
        },
      ),
    )
    await time.advance(minute)
    assert.deepEqual([api.lists().length, held(cache), cache.trouble()], [2, ['b@40'], undefined])
    assert.deepEqual(story.slice(2), ['gone default/a', 'put default/b@40 was 4'])
    await cache.stop()
  })
}

test('a list that expires half-way is read again', async () => {
  let expired = false
  const { api, time, cache } = bench(
    classic(
      (call) => {
        if (!call.query.has('continue')) {
          return { status: 200, body: listOf(5, [sample('a', 3)], 'token') }
        }
        if (!expired) {
          expired = true
          return { status: 410, body: statusOf(410, 'Expired') }
        }
        return { status: 200, body: listOf(5, [sample('b', 4)]) }
      },
      () => ({ stream: stream() }),
    ),
  )
  await time.advance(1000)
  assert.deepEqual([held(cache), api.lists().length], [['a@3', 'b@4'], 4])
  await cache.stop()
})

test('a list that always expires half-way is read in one piece', async () => {
  const { api, time, cache } = bench(
    classic(
      (call) => {
        if (call.query.has('continue')) return { status: 410, body: statusOf(410, 'Expired') }
        const whole = !call.query.has('limit')
        return { status: 200, body: whole ? listOf(5, [sample('a', 3)]) : listOf(5, [], 'token') }
      },
      () => ({ stream: stream() }),
    ),
  )
  await time.advance(1000)
  assert.deepEqual([held(cache), api.lists().length], [['a@3'], 5])
  await cache.stop()
})

test('a relist is atomic: every listener sees the whole new content at once', async () => {
  let listed = 0
  let live = stream()
  const lists = [
    [sample('a', 1), sample('b', 2)],
    [sample('b', 2), sample('c', 6), sample('d', 7)],
  ]
  const { time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(10 + listed, lists[listed++] ?? []) }),
      () => {
        live = stream()
        return { stream: live }
      },
    ),
  )
  await time.advance(20_000)
  const seen = new Set<string>()
  cache.subscribe(() => seen.add(held(cache).join(' ')))
  live.push(errorEvent(410, 'Expired'))
  await time.advance(1000)
  assert.deepEqual([...seen], ['b@2 c@6 d@7'])
  await cache.stop()
})

test('429 keeps the content, waits as long as asked, and goes on without a list', async () => {
  let opened = 0
  const { api, time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(5, [sample('a', 3)]) }),
      () => {
        opened += 1
        const busy = { status: 429, headers: { 'retry-after': '60' }, body: '' }
        return opened <= 2 ? busy : { stream: stream() }
      },
    ),
  )
  await time.advance(59_000)
  assert.deepEqual([opened, held(cache)], [1, ['a@3']])
  assert.equal(cache.trouble()?.since, time.clock.now() - 59_000)
  await time.advance(2_000)
  assert.equal(opened, 2)
  await time.advance(61_000)
  assert.deepEqual([opened, api.lists().length, cache.trouble()], [3, 1, undefined])
  await cache.stop()
})

for (const [what, reply] of [
  ['refuses connections', { broken: 'ECONNREFUSED' }],
  ['answers 503', { status: 503 }],
  ['answers 500', { status: 500 }],
  ['fails the TLS handshake', { broken: 'CERT_HAS_EXPIRED' }],
  ['answers 401', { status: 401, body: statusOf(401, 'Unauthorized') }],
  ['answers 403', { status: 403, body: statusOf(403, 'Forbidden') }],
  ['answers 404', { status: 404, body: statusOf(404, 'NotFound') }],
  ['answers 408', { status: 408 }],
  ['answers 429 without asking for patience', { status: 429 }],
  ['answers 502', { status: 502 }],
  ['answers 504', { status: 504 }],
  ['never answers', 'silence'],
  ['closes every stream at once', undefined],
] as const) {
  test(`a server that ${what} for ten minutes gets at most 0.3 requests a second`, async () => {
    const closing = (): Reply => {
      const live = stream()
      live.end()
      return { stream: live }
    }
    const { api, time, cache } = bench(() => reply ?? closing())
    await time.advance(10 * minute)
    assert.ok(api.calls.length <= 180, `${api.calls.length} requests`)
    const least = reply === 'silence' ? 8 : 15
    assert.ok(api.calls.length >= least, `${api.calls.length} requests`)
    await cache.stop()
  })
}

for (const [what, reply] of [
  ['is not served yet', { status: 404, body: statusOf(404, 'NotFound') }],
  ['may not be read', { status: 403, body: statusOf(403, 'Forbidden') }],
  ['cannot be listed for a while', { status: 500 }],
] as const) {
  test(`a kind that ${what} is asked for until it can be, and says so meanwhile`, async () => {
    let ready = false
    const { time, cache } = bench(() => {
      if (!ready) return reply
      const live = stream()
      live.push(event('ADDED', sample('a', 4)), bookmark(5, true))
      return { stream: live }
    })
    await time.advance(10 * minute)
    assert.equal(cache.isSynced(), false)
    assert.ok(cache.trouble() !== undefined)
    ready = true
    assert.equal(await time.advanceUntil(cache.isSynced, 30_000), true)
    assert.deepEqual([held(cache), cache.trouble()], [['a@4'], undefined])
    await cache.stop()
  })
}

test('that there is no such kind is an answer, a server in trouble gives none', async () => {
  for (const [reply, expected] of [
    [{ status: 404, body: statusOf(404, 'NotFound') }, ['answered']],
    [{ status: 500 }, []],
  ] as const) {
    const { time, cache } = bench(() => reply)
    const heard: string[] = []
    void cache.answered().then(
      () => heard.push('answered'),
      () => undefined,
    )
    void cache.synced().then(
      () => heard.push('synced'),
      () => undefined,
    )
    await time.advance(minute)
    assert.deepEqual(heard, expected)
    await cache.stop()
  }
})

test('a paged list that fails in whatever way is read again until it succeeds', async () => {
  const failures: Reply[] = [
    { status: 500 },
    { broken: 'reset' },
    { status: 200, body: '{"kind":"List","items":[' },
    { status: 200, body: { kind: 'Status', status: 'Failure' } },
    { status: 429, headers: { 'retry-after': '1' } },
  ]
  const { time, cache, problems } = bench(
    classic(
      () => failures.shift() ?? { status: 200, body: listOf(5, [sample('a', 3)]) },
      () => ({ stream: stream() }),
    ),
  )
  assert.equal(await time.advanceUntil(cache.isSynced, 2 * minute), true)
  assert.deepEqual([held(cache), problems.length], [['a@3'], 5])
  await cache.stop()
})

test('every first read goes through to the store, never to what a server has cached', async () => {
  let live = stream()
  const { api, time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(5, []) }),
      () => {
        live = stream()
        return { stream: live }
      },
    ),
  )
  await time.advance(20_000)
  live.push(errorEvent(410, 'Expired'))
  await time.advance(20_000)
  const first = api.calls.filter((call) => !call.isWatch || call.query.has('sendInitialEvents'))
  assert.equal(first.length, 3)
  assert.ok(first.every((call) => !call.query.has('resourceVersion')))
  await cache.stop()
})

test('a list of 200,000 objects in one piece overflows nothing', async () => {
  const many = Array.from({ length: 200_000 }, (_, i) => ({
    metadata: { name: `n${i}`, uid: `u${i}`, resourceVersion: '3' },
  }))
  const body = JSON.stringify({ metadata: { resourceVersion: '5' }, items: many })
  let heard = 0
  const { time, cache } = bench(
    classic(
      () => ({ status: 200, body }),
      () => ({ stream: stream() }),
    ),
  )
  cache.subscribe(() => {
    heard += 1
  })
  await time.advance(20_000)
  assert.deepEqual([cache.size(), heard], [200_000, 200_000])
  await cache.stop()
})

test('changes are heard one by one in the order of the server, however they are cut into chunks', async () => {
  const live = stream()
  const { time, cache, story } = bench(() => ({ stream: live }))
  await time.advance(0)
  live.push(bookmark(5, true))
  const names = ['a', 'b', 'c']
  const lines = Array.from({ length: 300 }, (_, i) =>
    JSON.stringify(event('MODIFIED', sample(names[i % 3] ?? '', 6 + i))),
  )
  const bytes = Buffer.from(`${lines.join('\n')}\n`)
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 1009) {
    live.push(bytes.subarray(at, at + size))
  }
  await time.advance(1)
  const versions = story.map((line) => Number(/@(\d+)/.exec(line)?.[1]))
  assert.deepEqual(
    versions,
    lines.map((_, i) => 6 + i),
  )
  await cache.stop()
})

for (const [what, last] of [
  ['closes every live stream at once', undefined],
  ['answers every watch 410', errorEvent(410, 'Expired')],
] as const) {
  test(`a server that lists but ${what} gets at most 0.3 requests a second`, async () => {
    const { api, time, cache } = bench(
      classic(
        () => ({ status: 200, body: listOf(5, [sample('a', 3)]) }),
        () => {
          const live = stream()
          if (last === undefined) live.end()
          else live.push(last)
          return { stream: live }
        },
      ),
    )
    await time.advance(10 * minute)
    assert.ok(api.calls.length <= 180, `${api.calls.length} requests`)
    assert.deepEqual(held(cache), ['a@3'])
    await cache.stop()
  })
}

test('a stream that outlives what was asked for is ended, so that connections spread again', async () => {
  const { api, time, cache } = bench((call, clock) => {
    const live = stream()
    if (call.query.has('sendInitialEvents')) live.push(bookmark(5, true))
    const chatter = (): void => {
      live.push(bookmark(6))
      if (live.isOpen()) clock.after(10_000, chatter)
    }
    clock.after(10_000, chatter)
    return { stream: live }
  })
  await time.advance(11 * minute)
  assert.equal(api.watches().length, 2)
  await cache.stop()
})

test('what a restored server brings back from the dead lives again', async () => {
  let live = stream()
  let listed = 0
  const { time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(listed++ === 0 ? 10 : 4, [sample('a', 3)]) }),
      () => {
        live = stream()
        return { stream: live }
      },
    ),
  )
  await time.advance(20_000)
  live.push(event('DELETED', sample('a', 11)), errorEvent(410, 'Expired'))
  await time.advance(1000)
  live.push(event('MODIFIED', sample('a', 5)))
  await time.advance(1)
  assert.deepEqual(held(cache), ['a@5'])
  await cache.stop()
})

test('a listener taken off, even by another one at the same change, hears nothing more', async () => {
  const live = stream()
  const { time, cache } = bench(() => ({ stream: live }))
  const heard: string[] = []
  let takeOff = (): void => undefined
  cache.subscribe(() => takeOff())
  takeOff = cache.subscribe((change) => heard.push(change.key))
  await time.advance(0)
  live.push(bookmark(5, true), event('ADDED', sample('a', 6)))
  await time.advance(1)
  assert.deepEqual(heard, [])
  await cache.stop()
})

test('after two calm minutes the waits start small again', async () => {
  let down = true
  let live = stream()
  const { time, cache } = bench((call) => {
    if (down) return { broken: 'ECONNREFUSED' }
    live = stream()
    if (call.query.has('sendInitialEvents')) live.push(bookmark(5, true))
    return { stream: live }
  })
  await time.advance(5 * minute)
  down = false
  assert.equal(await time.advanceUntil(cache.isSynced, 31_000), true)
  for (let i = 0; i < 6; i += 1) {
    live.push(bookmark(6 + i))
    await time.advance(30_000)
  }
  const before = live
  live.breakOff('reset')
  assert.equal(await time.advanceUntil(() => live !== before, 800), true)
  await cache.stop()
})

test('a stream that is silent while its socket lives is noticed within 60 s', async () => {
  const { api, time, cache } = bench((call) => {
    const live = stream()
    if (call.query.has('sendInitialEvents')) live.push(bookmark(5, true))
    return { stream: live }
  })
  await time.advance(60_000)
  assert.equal(api.watches().length, 2)
  assert.deepEqual([cache.trouble(), cache.isSynced()], [undefined, true])
  await cache.stop()
})

test('a watch that never gets a head is noticed within 60 s', async () => {
  let opened = 0
  const { time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(5, []) }),
      () => {
        opened += 1
        return 'silence'
      },
    ),
  )
  await time.advance(60_000)
  assert.ok(opened >= 2)
  assert.match(cache.trouble()?.error.message ?? '', /no complete answer within 30 s/)
  await cache.stop()
})

test('after silence, short streams bring the last bookmark, so a quiet kind needs no relist', async () => {
  // As real servers do it: a bookmark once a minute, and two seconds before the end.
  let version = 5
  const { api, time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(version, []) }),
      (call) => {
        const live = stream()
        const seconds = Number(call.query.get('timeoutSeconds'))
        time.clock.after(Math.min(61, seconds - 2) * 1000, () => live.push(bookmark(version)))
        time.clock.after(seconds * 1000, () => live.end())
        const { resourceVersion } = Object.fromEntries(call.query)
        // The server forgets quickly.
        if (Number(resourceVersion) < version - 200) return { status: 410 }
        return { stream: live }
      },
    ),
  )
  for (let i = 0; i < 60; i += 1) {
    version += 10
    await time.advance(10_000)
  }
  assert.equal(api.lists().length, 1)
  assert.ok(api.watches().length <= 16, `${api.watches().length} watches in 10 min`)
  assert.ok(Number(cache.resourceVersion()) > version - 200)
  await cache.stop()
})

test('without bookmarks, compaction costs one relist', async () => {
  let version = 5
  let compacted = 0
  const { api, time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(version, []) }),
      (call) =>
        Number(call.query.get('resourceVersion')) < compacted
          ? { status: 410 }
          : { stream: stream() },
    ),
  )
  await time.advance(5 * minute)
  version = 900
  compacted = 800
  await time.advance(5 * minute)
  const listed = api.lists().filter((call) => call.query.get('limit') !== '1')
  assert.equal(listed.length, 2)
  await cache.stop()
})

test('a server restored from a backup, silent to a watch from the future, does not freeze the cache', async () => {
  let version = 1000
  const content = [sample('a', 990), sample('b', 995)]
  const { time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(version, content) }),
      () => ({ stream: stream() }),
    ),
  )
  await time.advance(20_000)
  version = 400
  content.splice(0, 2, sample('a', 300))
  await time.advance(5 * minute)
  assert.deepEqual([held(cache), cache.resourceVersion()], [['a@300'], '400'])
  await cache.stop()
})

test('a malformed line is counted, and the watch goes on from before it', async () => {
  const streams: ReturnType<typeof stream>[] = []
  const { api, time, cache, cluster, problems } = bench((call) => {
    const live = stream()
    streams.push(live)
    if (call.query.has('sendInitialEvents')) live.push(bookmark(5, true))
    return { stream: live }
  })
  await time.advance(1)
  streams[0]?.push(event('ADDED', sample('a', 6)), '{"type":"MODIFIED","object":{"meta')
  await time.advance(1000)
  assert.equal(cluster.stats().watches.malformed, 1)
  assert.match(problems.at(-1) ?? '', /cannot be read/)
  assert.equal(api.calls[1]?.query.get('resourceVersion'), '6')
  streams[1]?.push(event('MODIFIED', sample('a', 7)))
  await time.advance(1)
  assert.deepEqual(held(cache), ['a@7'])
  await cache.stop()
})

test('a line that stays malformed is got over by a relist', async () => {
  let listed = 0
  const { api, time, cache } = bench(
    classic(
      () => ({ status: 200, body: listOf(listed++ === 0 ? 5 : 9, []) }),
      (call) => {
        const live = stream()
        if (call.query.get('resourceVersion') === '5') live.push('not json')
        return { stream: live }
      },
    ),
  )
  await time.advance(30_000)
  assert.deepEqual([cache.resourceVersion(), api.lists().length], ['9', 2])
  await cache.stop()
})

test('characters and lines split anywhere arrive whole, 5 MiB lines too', async () => {
  const live = stream()
  const { time, cache } = bench(() => ({ stream: live }))
  await time.advance(0)
  live.push(bookmark(5, true))
  const note = 'ä€😀'.repeat(600_000)
  const big = { ...sample('big', 6, { annotations: { note } }) }
  const bytes = Buffer.from(`${JSON.stringify(event('ADDED', big))}\n`)
  assert.ok(bytes.length > 5 * 1024 * 1024)
  for (let at = 0; at < bytes.length; at += 65_537) live.push(bytes.subarray(at, at + 65_537))
  await time.advance(1)
  assert.equal(cache.get('default/big')?.metadata.annotations?.['note'], note)
  await cache.stop()
})

test('a listener that throws hurts no other, nor the watch', async () => {
  const live = stream()
  const { time, cache, cluster, problems } = bench(() => ({ stream: live }))
  const heard: string[] = []
  cache.subscribe(() => {
    throw new Error('a listener stumbled')
  })
  cache.subscribe((change) => heard.push(change.key))
  await time.advance(0)
  live.push(bookmark(5, true), event('ADDED', sample('a', 6)), event('ADDED', sample('b', 7)))
  await time.advance(1)
  assert.deepEqual(heard, ['default/a', 'default/b'])
  assert.deepEqual(problems, ['a listener stumbled', 'a listener stumbled'])
  assert.equal(cluster.stats().watches.listenerErrors, 2)
  await cache.stop()
})

const deletions: readonly [string, readonly object[], readonly string[]][] = [
  [
    'deleted and created anew while we looked: gone, then put',
    [event('DELETED', sample('a', 7)), event('ADDED', sample('a', 8, { uid: 'second' }))],
    ['gone default/a', 'put default/a@8'],
  ],
  [
    'deleted and created anew while nobody looked: gone, then put',
    [event('MODIFIED', sample('a', 8, { uid: 'second' }))],
    ['gone default/a', 'put default/a@8'],
  ],
  ['an older version never replaces a newer one', [event('MODIFIED', sample('a', 5))], []],
  ['the same version again is no change', [event('ADDED', sample('a', 6))], []],
  [
    'versions are numbers, not text',
    [event('MODIFIED', sample('a', 10))],
    ['put default/a@10 was 6'],
  ],
  [
    'a late event does not raise the dead',
    [event('DELETED', sample('a', 9)), event('MODIFIED', sample('a', 8))],
    ['gone default/a'],
  ],
  ['the deletion of an unknown object is nothing', [event('DELETED', sample('x', 9))], []],
  [
    'the late deletion of a former namesake is nothing',
    [event('DELETED', sample('a', 9, { uid: 'former' }))],
    [],
  ],
]

for (const [name, events, expected] of deletions) {
  test(name, async () => {
    const live = stream()
    const { time, cache, story } = bench(() => ({ stream: live }))
    await time.advance(0)
    live.push(event('ADDED', sample('a', 6)), bookmark(6, true))
    live.push(...events)
    await time.advance(1)
    assert.deepEqual(story.slice(1), expected)
    await cache.stop()
  })
}

test('delete and recreate across a relist is gone, then put; what is unchanged stays the same value', async () => {
  let listed = 0
  let live = stream()
  const lists = [
    [sample('a', 1), sample('b', 2)],
    [sample('a', 9, { uid: 'second' }), sample('b', 2)],
  ]
  const { time, cache, story } = bench(
    classic(
      () => ({ status: 200, body: listOf(10, lists[listed++] ?? []) }),
      () => {
        live = stream()
        return { stream: live }
      },
    ),
  )
  await time.advance(20_000)
  const b = cache.get('default/b')
  live.push(errorEvent(410, 'Expired'))
  await time.advance(1000)
  assert.deepEqual(story.slice(2), ['gone default/a', 'put default/a@9'])
  assert.equal(cache.get('default/b'), b)
  await cache.stop()
})

test('what projection leaves out is never held; managedFields go by default', async () => {
  const live = stream()
  const fat = sample('a', 3, { managedFields: [{ manager: 'x' }] })
  const { time, cache, cluster } = bench(() => ({ stream: live }))
  const names = cluster.watch(kinds.configMap, {
    project: ({ metadata: { name, uid = '', resourceVersion = '' } }) => ({
      metadata: { name, uid, resourceVersion },
    }),
  })
  await time.advance(0)
  live.push(event('ADDED', fat), bookmark(4, true))
  await time.advance(1)
  assert.equal('managedFields' in (cache.get('default/a')?.metadata ?? {}), false)
  await Promise.all([cache.stop(), names.stop()])
})

const stops: readonly [string, (call: Call) => Reply][] = [
  ['during the initial list', () => 'silence'],
  ['during back-off', () => ({ broken: 'ECONNREFUSED' })],
  ['inside an initial stream', () => ({ stream: stream() })],
  [
    'inside a live stream',
    (call) => {
      const live = stream()
      if (call.query.has('sendInitialEvents')) live.push(bookmark(5, true))
      return { stream: live }
    },
  ],
]
for (const [when, answer] of stops) {
  test(`stop ${when} ends at once, and nothing opens afterwards`, async () => {
    const { api, time, cache } = bench(answer)
    const synced = cache.synced().then(
      () => 'synced',
      () => 'rejected',
    )
    await time.advance(100)
    const calls = api.calls.length
    await cache.stop()
    await cache.stop()
    await time.advance(10 * minute)
    assert.equal(api.calls.length, calls)
    assert.equal(time.pending(), 0)
    assert.equal(await synced, when === 'inside a live stream' ? 'synced' : 'rejected')
  })
}

test('close stops every watch, then the transport', async () => {
  const { api, time, cluster } = bench(() => ({ stream: stream() }))
  cluster.watch(kinds.pod)
  await time.advance(1)
  await cluster.close()
  assert.deepEqual([api.closed(), time.pending(), cluster.stats().watches.open], [true, 0, 0])
  await assert.rejects(cluster.list(kinds.pod), /the client is closed/)
})
