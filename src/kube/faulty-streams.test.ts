/**
 * Streams that lie: changes that never come, come twice or in another order, lines cut in two. The
 * cache ends where the server is, within the hour at the latest, and nobody hears nonsense.
 */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache } from './cluster.ts'
import { type ConnectedCluster, connectTo } from './connect.ts'
import type { Transport } from './http.ts'
import type { Ports } from './ports.ts'
import { bookmark, event, sample, statusOf } from './testing/objects.ts'
import { randomFrom } from './testing/random.ts'
import { type Call, type Reply, stream } from './testing/scripted-api.ts'
import { type TinyApi, tinyApi } from './testing/tiny-api.ts'
import { faultyWatches, type LineFault } from './testing/watch-faults.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

const minute = 60_000
const collection = '/api/v1/configmaps'

type Bench = {
  readonly api: TinyApi
  readonly time: VirtualClock
  readonly cluster: ConnectedCluster
  readonly cache: Cache<KubeObject>
  readonly story: string[]
  readonly problems: string[]
}

type Conditions = {
  readonly through?: (transport: Transport) => Transport
  readonly fault?: TinyApi['fault']
  readonly random?: () => number
}

function bench({ through = (same) => same, fault, random = randomFrom(1) }: Conditions): Bench {
  const [api, time] = [tinyApi(), virtualClock()]
  api.fault = fault
  const ports: Ports = { clock: time.clock, random, newId: () => 'id' }
  const problems: string[] = []
  const cluster = connectTo(through(api.transport), ports, {
    onProblem: ({ error }) => problems.push(error.message),
  })
  const cache = cluster.watch(kinds.configMap)
  const story: string[] = []
  cache.subscribe((change) => story.push(`${change.type} ${change.key}`))
  return { api, time, cluster, cache, story, problems }
}

function put(api: TinyApi, name: string): void {
  const { resourceVersion: _, uid: __, ...metadata } = sample(name, 0).metadata
  api.put(collection, { ...sample(name, 0), metadata })
}

const shown = (objects: Iterable<KubeObject>): string[] =>
  [...objects].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort()

/** A server that ends streams as real ones do, while something else keeps them from being silent. */
async function serve({ api, time }: Bench, minutes: number): Promise<void> {
  for (let passed = 0; passed < minutes; passed += 1) {
    api.bookmarkAll()
    if (passed % 7 === 6) api.dropWatches('end')
    await time.advance(minute / 2)
    api.bookmarkAll()
    await time.advance(minute / 2)
  }
}

for (const [what, isLost, change] of [
  ['a creation', /"ADDED".*"lost"/, (api: TinyApi) => put(api, 'lost')],
  ['a change', /"MODIFIED".*"known"/, (api: TinyApi) => put(api, 'known')],
  ['a deletion', /"DELETED".*"known"/, (api: TinyApi) => api.remove(collection, 'known')],
] as const) {
  test(`${what} that was left out of a healthy stream is found within the hour, at no request more`, async () => {
    const requests: number[] = []
    for (const isFaulty of [false, true]) {
      const drop: LineFault = (line, pass) => {
        if (!isFaulty || !isLost.test(line) || line.includes('initial')) pass(line)
      }
      // The initial list itself arrives whole: only what follows its end is left out.
      const afterList = (): LineFault => {
        let listed = false
        return (line, pass) => {
          if (listed) drop(line, pass)
          else pass(line)
          listed ||= line.includes('initial-events-end') || !line.includes('"ADDED"')
        }
      }
      const made = bench({ through: (transport) => faultyWatches(transport, afterList) })
      put(made.api, 'known')
      await serve(made, 1)
      change(made.api)
      await serve(made, 1)
      const right = shown(made.api.objects(collection))
      if (isFaulty) assert.notDeepEqual(shown(made.cache.values()), right)
      await serve(made, 70)
      assert.deepEqual(shown(made.cache.values()), right)
      assert.equal(made.story.length, 2)
      const found = isFaulty && what !== 'a deletion' ? 1 : 0
      assert.equal(made.cluster.stats().watches.lost, found)
      assert.equal(made.problems.filter((text) => /lost on the way/.test(text)).length, found)
      requests.push(made.api.calls.length)
      await made.cluster.close()
    }
    assert.equal(requests[0], requests[1])
  })
}

test('where lists are asked for, that costs one list an hour', async () => {
  const made = bench({
    fault: (call): Reply | undefined =>
      call.query.has('sendInitialEvents')
        ? { status: 400, body: statusOf(400, 'BadRequest') }
        : undefined,
  })
  put(made.api, 'a')
  await serve(made, 10 * 60)
  const lists = made.api.lists().length
  assert.ok(lists >= 9 && lists <= 11, `${lists} lists in ten hours`)
  await made.cluster.close()
})

/** Drops, repeats and swaps lines by chance, bookmarks included. */
function noisy(random: () => number, isOver: () => boolean): LineFault {
  let kept: string | undefined
  return (line, pass) => {
    const dice = isOver() || line.includes('initial-events-end') ? 1 : random()
    if (dice < 0.1) return
    if (dice < 0.2 && kept === undefined) {
      kept = line
      return
    }
    pass(line)
    if (dice < 0.3) pass(line)
    if (kept !== undefined) pass(kept)
    kept = undefined
  }
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`changes dropped, repeated and reordered, seed ${seed}: right within the hour, and nobody heard nonsense`, async () => {
    const random = randomFrom(seed)
    let over = false
    const made = bench({
      through: (transport) => faultyWatches(transport, () => noisy(random, () => over)),
      random,
    })
    const { api, cache, cluster, time } = made
    const mirror = new Map<string, KubeObject>()
    cache.subscribe((change) => {
      const before = mirror.get(change.key)
      assert.equal(change.before, before, 'each change begins where the last one ended')
      if (change.type === 'gone') mirror.delete(change.key)
      else mirror.set(change.key, change.now)
    })
    for (let round = 0; round < 400; round += 1) {
      const name = `o${Math.floor(random() * 12)}`
      if (random() < 0.35) api.remove(collection, name)
      else put(api, name)
      if (random() < 0.05) api.dropWatches(random() < 0.5 ? 'end' : 'break')
      if (random() < 0.01) api.compact()
      await time.advance(random() * 3000)
    }
    over = true
    await serve(made, 75)
    assert.deepEqual(shown(cache.values()), shown(api.objects(collection)))
    assert.deepEqual(shown(mirror.values()), shown(cache.values()))
    assert.equal(cluster.stats().watches.listenerErrors, 0)
    await cluster.close()
  })
}

/** A server whose first stream is given, and which then sends what lies after the version asked for. */
function scripted(first: (live: ReturnType<typeof stream>) => void): Bench {
  const fault = (call: Call): Reply => {
    const live = stream()
    if (call.query.has('sendInitialEvents')) {
      live.push(event('ADDED', sample('a', 3)), bookmark(5, true))
      first(live)
    } else if (call.query.get('resourceVersion') === '5') {
      live.push(event('MODIFIED', sample('a', 6)))
    }
    return { stream: live }
  }
  return bench({ fault })
}

const line = Buffer.from(`${JSON.stringify(event('MODIFIED', sample('a', 6)))}\n`)
const cuts: readonly [string, (live: ReturnType<typeof stream>) => void][] = [
  [
    'ends in the middle of a line',
    (live) => {
      live.push(line.subarray(0, 40))
      live.end()
    },
  ],
  [
    'breaks in the middle of a line',
    (live) => {
      live.push(line.subarray(0, 40))
      live.breakOff('reset')
    },
  ],
  ['brings a line of over 16 MiB', (live) => live.push(Buffer.alloc(17 * 1024 * 1024, 'x'))],
  ['brings an event without a version', (live) => live.push({ type: 'ADDED', object: {} })],
]
for (const [what, first] of cuts) {
  test(`a stream that ${what} is taken up from before it`, async () => {
    const made = scripted(first)
    await made.time.advance(2000)
    assert.deepEqual(shown(made.cache.values()), ['a@6'])
    assert.deepEqual(made.story, ['put default/a', 'put default/a'])
    assert.equal(made.api.watches()[1]?.query.get('resourceVersion'), '5')
    assert.equal(made.problems.length, 1)
    await made.cluster.close()
  })
}

test('a line that ends with the stream instead of a newline counts', async () => {
  const made = scripted((live) => {
    live.push(line.subarray(0, -1))
    live.end()
  })
  await made.time.advance(1)
  assert.deepEqual([shown(made.cache.values()), made.problems], [['a@6'], []])
  await made.cluster.close()
})
