/**
 * Churn: the cache ends where the server is, whatever happens on the way, and holds on to nothing.
 */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { connectTo } from './connect.ts'
import type { Ports } from './ports.ts'
import { sample } from './testing/objects.ts'
import { randomFrom } from './testing/random.ts'
import { type TinyApi, tinyApi } from './testing/tiny-api.ts'
import { virtualClock } from './virtual-clock.ts'

const collection = '/api/v1/configmaps'

const shown = (
  objects: Iterable<{
    readonly metadata: { readonly name: string; readonly resourceVersion?: string }
  }>,
): string[] =>
  [...objects].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort()

/** One change at the server. */
function churn(api: TinyApi, random: () => number): void {
  const name = `o${Math.floor(random() * 20)}`
  if (random() < 0.3) api.remove(collection, name)
  else {
    const { resourceVersion: _, uid: __, ...metadata } = sample(name, 0).metadata
    api.put(collection, { ...sample(name, 0), metadata })
  }
}

test('ten thousand reconnects: nothing told twice, nothing lost', async () => {
  const [api, time, random] = [tinyApi(), virtualClock(), randomFrom(1)]
  const ports: Ports = { clock: time.clock, random, newId: () => 'id' }
  const cluster = connectTo(api.transport, ports)
  const cache = cluster.watch(kinds.configMap)
  const mirror = new Map<string, string>()
  cache.subscribe((change) => {
    if (change.type === 'gone') {
      assert.equal(mirror.delete(change.key), true, 'gone only once')
      return
    }
    const version = change.now.metadata.resourceVersion ?? ''
    assert.notEqual(mirror.get(change.key), version, 'each version only once')
    mirror.set(change.key, version)
  })
  await time.advance(10)
  for (let round = 0; round < 10_000; round += 1) {
    churn(api, random)
    if (random() < 0.02) api.compact()
    api.dropWatches('end')
    churn(api, random)
    await time.advanceUntil(() => api.watches().length > round + 1, 60_000)
  }
  await time.advance(60_000)
  assert.deepEqual(shown(cache.values()), shown(api.objects(collection)))
  assert.equal(mirror.size, cache.size())
  await cluster.close()
  assert.equal(time.pending(), 0)
}, 60_000)

for (const seed of [2, 3, 4, 5, 6, 7, 8, 9]) {
  test(`faults of every kind, seed ${seed}: the cache ends where the server is`, async () => {
    const [api, time, random] = [tinyApi(), virtualClock(), randomFrom(seed)]
    const ports: Ports = { clock: time.clock, random, newId: () => 'id' }
    const cluster = connectTo(api.transport, ports)
    const cache = cluster.watch(kinds.configMap)
    let bad = 0.4
    api.fault = () => {
      if (random() > bad) return undefined
      const kind = Math.floor(random() * 6)
      if (kind === 0) return { broken: 'reset' }
      if (kind === 1) return 'silence'
      if (kind === 2) return { status: 429, headers: { 'retry-after': '3' } }
      if (kind === 3) return { status: 410 }
      return { status: kind === 4 ? 500 : 503, body: 'sorry' }
    }
    for (let round = 0; round < 300; round += 1) {
      churn(api, random)
      const dice = random()
      if (dice < 0.1) api.dropWatches(dice < 0.05 ? 'end' : 'break')
      if (dice > 0.95) api.compact()
      if (dice > 0.9) api.bookmarkAll()
      await time.advance(random() * 5000)
    }
    bad = 0
    await time.advance(180_000)
    assert.deepEqual(shown(cache.values()), shown(api.objects(collection)))
    assert.equal(cache.trouble(), undefined)
    await cluster.close()
    assert.equal(time.pending(), 0)
  })
}
