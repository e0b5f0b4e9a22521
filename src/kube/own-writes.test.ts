/** A key waits for the echo of its own write, however late, and no longer. */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import { connectTo } from './connect.ts'
import { Ledger, lookAgainWhenBehindMs, OwnWrites } from './own-writes.ts'
import type { Clock, Ports } from './ports.ts'
import { keyOf } from './store.ts'
import { type Sample, sample } from './testing/objects.ts'
import { randomFrom } from './testing/random.ts'
import { tinyApi } from './testing/tiny-api.ts'
import { faultyWatches, type LineFault } from './testing/watch-faults.ts'
import { virtualClock } from './virtual-clock.ts'
import { workQueue } from './work-queue.ts'

type Row = readonly [string, { readonly held?: number; readonly cache: number }, boolean]
const rows: readonly Row[] = [
  ['nothing has come back', { held: 4, cache: 9 }, false],
  ['the very write is held', { held: 10, cache: 10 }, true],
  ['something newer is held', { held: 11, cache: 11 }, true],
  ['it was deleted since, and the cache has passed it', { cache: 12 }, true],
  ['another object moved the cache past it', { held: 4, cache: 100 }, true],
  ['it is not there yet', { cache: 9 }, false],
  ['the server went back to an older state', { held: 3, cache: 5 }, true],
]
for (const [name, now, seen] of rows) {
  test(`${name}: ${seen ? 'go on' : 'wait'}`, () => {
    let state: Row[1] = { held: 4, cache: 8 }
    const cache = {
      get: () => (state.held === undefined ? undefined : sample('a', state.held)),
      resourceVersion: () => String(state.cache),
    }
    const ledger = new Ledger()
    ledger.wrote(cache, sample('a', 9))
    ledger.wrote(cache, sample('a', 10))
    assert.equal(ledger.behind(), true)
    state = now
    assert.equal(ledger.behind(), !seen)
  })
}

const removals: readonly [string, Sample | undefined, boolean][] = [
  ['a deleted object that is still held', sample('a', 4), false],
  ['a deleted object that is gone', undefined, true],
  ['a deleted object that is going', sample('a', 5, { deletionTimestamp: 'now' }), true],
  ['a deleted object that was made anew', sample('a', 9, { uid: 'another' }), true],
]
for (const [name, held, seen] of removals) {
  test(`${name}: ${seen ? 'go on' : 'wait'}`, () => {
    const ledger = new Ledger()
    ledger.removed({ get: () => held, resourceVersion: () => '100' }, sample('a', 4))
    assert.equal(ledger.behind(), !seen)
  })
}

test('keys wait for their own writes alone, and those with patience no longer than that', async () => {
  const { clock, advance } = virtualClock()
  const writes = new OwnWrites(clock)
  const cache = { get: () => undefined, resourceVersion: () => '8' }
  writes.wrote('one', cache, sample('a', 10))
  assert.deepEqual([writes.behind('one'), writes.behind('two')], [true, false])
  await advance(299_999)
  assert.equal(writes.behind('one'), true)
  await advance(1)
  assert.equal(writes.behind('one'), false)
})

const space = '/api/v1/namespaces/default/configmaps'

/** Lines come late, each by another delay, in order. */
function late(clock: Clock, random: () => number, mostMs: number): LineFault {
  let lastAt = 0
  return (line, pass) => {
    lastAt = Math.max(lastAt, clock.monotonic() + random() * mostMs)
    clock.after(lastAt - clock.monotonic(), () => pass(line))
  }
}

for (const seed of [1, 2, 3, 4, 5]) {
  test(`echoes up to a minute late, seed ${seed}: nothing made twice, no step taken twice`, async () => {
    const [api, time, random] = [tinyApi(), virtualClock(), randomFrom(seed)]
    const transport = faultyWatches(api.transport, () => late(time.clock, random, 60_000))
    const ports: Ports = { clock: time.clock, random, newId: () => 'id' }
    const cluster = connectTo(transport, ports)
    const parents = cluster.watch<Sample>(kinds.configMap, { namespace: 'default' })
    const children = cluster.watch<Sample>(kinds.secret, { namespace: 'default' })
    const writes = new OwnWrites(time.clock)
    let made = 0
    let writeCount = 0
    // Makes one child with a name of its own, then counts to five, one step a pass.
    const reconcile = async (key: string): Promise<number | undefined> => {
      if (writes.behind(key)) return lookAgainWhenBehindMs
      const parent = parents.get(key)
      if (parent === undefined) return undefined
      const own = [...children.values()].filter(({ spec }) => spec === key)
      if (own.length === 0) {
        made += 1
        writeCount += 1
        const metadata = { namespace: 'default', name: `child-${made}` }
        const child: Sample = { apiVersion: 'v1', kind: 'Secret', metadata, spec: key }
        writes.wrote(key, children, await cluster.create(kinds.secret, child))
        return undefined
      }
      const step = Number(parent.spec ?? 0)
      if (step === 5) return undefined
      writeCount += 1
      // No precondition: only the ledger keeps a step from being taken twice.
      const { resourceVersion: _, ...metadata } = parent.metadata
      const next: Sample = { ...parent, metadata, spec: step + 1 }
      writes.wrote(key, parents, await cluster.replace(kinds.configMap, next))
      return undefined
    }
    const queue = workQueue({
      clock: time.clock,
      reconcile,
      onError: (_key, error) => assert.fail(String(error)),
    })
    parents.subscribe(({ key }) => queue.add(key))
    children.subscribe((change) => {
      if (change.type === 'put') queue.add(String(change.now.spec))
    })
    for (const name of ['a', 'b', 'c']) {
      const { uid: _, resourceVersion: __, ...metadata } = sample(name, 0).metadata
      api.put(space, { ...sample(name, 0), metadata })
    }
    // Looked at all the time, as a busy cluster makes a controller do.
    for (let second = 0; second < 1200; second += 1) {
      for (const parent of api.objects(space)) queue.add(keyOf(parent))
      await time.advance(1000)
    }
    assert.equal(made, 3)
    assert.deepEqual(
      api.objects(space).map((parent) => (parent as Sample).spec),
      [5, 5, 5],
    )
    assert.equal(writeCount, 3 + 3 * 5)
    await queue.stop()
    await cluster.close()
  })
}
