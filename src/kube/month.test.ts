/**
 * A month in the life of a client: objects come, change and go, streams end and break, the server
 * forgets, refuses and restarts, leaders hand over. Nothing may grow.
 */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { kinds } from '#core/k8s/kinds.ts'
import type { KubeObject } from '#core/k8s/meta.ts'
import type { Cache } from './cluster.ts'
import { type ConnectedCluster, connectTo } from './connect.ts'
import { lead } from './lease.ts'
import { OwnWrites } from './own-writes.ts'
import type { Ports } from './ports.ts'
import { sample } from './testing/objects.ts'
import { randomFrom } from './testing/random.ts'
import type { Reply } from './testing/scripted-api.ts'
import { handles, liveHeapBytes, slopeOf } from './testing/slope.ts'
import { type TinyApi, tinyApi } from './testing/tiny-api.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'
import { type WorkQueue, workQueue } from './work-queue.ts'

const minute = 60_000
const days = 30
const warmUpDays = 5
const mebibyte = 1024 * 1024
const place = '/api/v1/namespaces/default/configmaps'

type World = {
  readonly api: TinyApi
  readonly time: VirtualClock
  readonly random: () => number
  readonly ports: Ports
  readonly cluster: ConnectedCluster
  readonly cache: Cache<KubeObject>
  readonly queue: WorkQueue
}

/** A client with a cache and a controller that writes back, failing now and then. */
function world(): World {
  const [api, time, random] = [tinyApi(), virtualClock(), randomFrom(30)]
  const ports: Ports = { clock: time.clock, random, newId: () => 'id' }
  const cluster = connectTo(api.transport, ports)
  const cache = cluster.watch(kinds.configMap, { namespace: 'default' })
  const writes = new OwnWrites(time.clock)
  const queue = workQueue({
    clock: time.clock,
    onError: () => undefined,
    reconcile: async (key) => {
      const object = cache.get(key)
      if (object === undefined || writes.behind(key)) return undefined
      if (random() < 0.2) throw new Error('by chance')
      const isMarked = object.metadata.annotations?.['seen'] !== undefined
      if (isMarked) return undefined
      const annotations = { ...object.metadata.annotations, seen: 'yes' }
      const marked = { ...object, metadata: { ...object.metadata, annotations } }
      writes.wrote(key, cache, await cluster.replace(kinds.configMap, marked))
      return undefined
    },
  })
  cache.subscribe((change) => {
    if (change.type === 'put') queue.add(change.key)
    else queue.drop(change.key)
  })
  return { api, time, random, ports, cluster, cache, queue }
}

/** Objects of ever new names, about a hundred of them at a time. */
function churn({ api, random }: World, minuteOfMonth: number): void {
  const { resourceVersion: _, uid: __, ...metadata } = sample(`o${minuteOfMonth}`, 0).metadata
  api.put(place, { ...sample('', 0), metadata: { ...metadata, labels: { n: `${random()}` } } })
  const all = api.objects(place)
  const one = all[Math.floor(random() * all.length)]
  if (one === undefined) return
  if (all.length > 100) api.remove(place, one.metadata.name)
  else api.put(place, { ...one, metadata: { ...one.metadata, labels: { n: `${random()}` } } })
}

function trouble({ api, random }: World, minuteOfDay: number): void {
  if (minuteOfDay % 7 === 0) api.dropWatches(random() < 0.8 ? 'end' : 'break')
  if (minuteOfDay % 180 === 5) api.compact()
  // A bad minute every two hours.
  const isBad = minuteOfDay % 120 === 60
  api.fault = isBad ? () => faults[Math.floor(random() * faults.length)] : undefined
}

const faults: readonly (Reply | undefined)[] = [
  undefined,
  { broken: 'reset' },
  'silence',
  { status: 401, body: 'who are you' },
  { status: 410, body: 'gone' },
  { status: 429, headers: { 'retry-after': '2' }, body: 'later' },
  { status: 500, body: 'sorry' },
  { status: 503, body: 'restarting' },
]

/** Two candidates for two hours: one leads and gives back, the other follows and ends. */
async function terms(of: World, day: number, live: () => Promise<void>): Promise<number> {
  let gains = 0
  const candidates = ['a', 'b'].map((name) =>
    lead(of.cluster, {
      namespace: 'headgate',
      name: 'headgate',
      identity: `${name}${day}`,
      onGain: () => {
        gains += 1
      },
    }),
  )
  for (const candidate of candidates) {
    for (let passed = 0; passed < 60; passed += 1) await live()
    const stopped = candidate.stop()
    await live()
    await stopped
  }
  return gains
}

test(`${days} days of churn: heap, handles, keys and timers do not grow`, async () => {
  const of = world()
  const { api, time, random, cluster, cache, queue } = of
  const samples: { heap: number; handles: number; keys: number; timers: number }[] = []
  let gains = 0
  let minutes = 0
  const live = async (): Promise<void> => {
    minutes += 1
    churn(of, minutes)
    trouble(of, minutes % 1440)
    await time.advance(minute / 2)
    // Most of the time; a silent stream is given up.
    if (random() < 0.9) api.bookmarkAll()
    await time.advance(minute / 2)
  }
  for (let day = 0; day < days; day += 1) {
    gains += await terms(of, day, live)
    while (minutes < (day + 1) * 1440) await live()
    api.fault = undefined
    await time.advance(3 * minute)
    assert.equal(cache.size(), api.objects(place).length)
    assert.equal(cache.trouble(), undefined)
    // The server's own records are not what is measured.
    api.forget()
    api.compact()
    samples.push({
      heap: liveHeapBytes() / mebibyte,
      handles: handles(),
      keys: cache.size() + queue.depth(),
      timers: time.pending(),
    })
  }
  const steady = samples.slice(warmUpDays)
  const slope = (what: keyof (typeof samples)[number]): number =>
    slopeOf(steady.map((day) => day[what]))
  const { watches } = cluster.stats()
  console.log(
    `a day: heap ${slope('heap').toFixed(4)} MiB, handles ${slope('handles')}, keys ${slope('keys').toFixed(3)}, timers ${slope('timers').toFixed(4)}; ${minutes} minutes, ${watches.restarts} streams, ${watches.relists} lists, ${gains} terms`,
  )
  assert.ok(slope('heap') <= 0.1, `${slope('heap')} MiB a day`)
  for (const what of ['handles', 'keys', 'timers'] as const) {
    assert.ok(Math.abs(slope(what)) <= 0.1, `${what}: ${slope(what)} a day`)
  }
  assert.ok(watches.restarts > days * 200 && watches.relists > days * 20 && gains >= 2 * days)
  await queue.stop()
  await cluster.close()
  assert.equal(time.pending(), 0)
}, 120_000)
